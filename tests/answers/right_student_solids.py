"""Right pictures of the loss in space as students draw them, ragged against the strides."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from ..hidden.answers import right

# --- The surface, in space ------------------------------------------------------------------------


def komma(zahl):
    return f"{zahl:g}".replace(".", ",")


def nur_dieses_eta(results, eta):
    return {rho: np.asarray(x, dtype=float) for (e, rho), x in sorted(results.items()) if e == eta}


def rand(results, eta, faktor=1.1):
    return faktor * max(np.max(np.abs(x)) for x in nur_dieses_eta(results, eta).values())


def flaeche(loss, us, vs):
    U, V = np.meshgrid(us, vs)
    L = np.array([loss(np.array([a, b])) for a, b in zip(U.ravel(), V.ravel(), strict=True)])
    return U, V, L.reshape(U.shape)


def hoehe(loss, punkte):
    return np.array([loss(x) for x in punkte])


@right("p2c-surface-plot")
def neunundfuenfzig_mit_zwei_farben(loss, results, eta):
    g = np.linspace(-rand(results, eta), rand(results, eta), 59)
    U, V, L = flaeche(loss, g, g)
    fig = plt.figure(figsize=(9, 7))
    ax = fig.add_subplot(111, projection="3d")
    ax.plot_surface(U, V, L, cmap="viridis", alpha=0.6)
    for rho, x in nur_dieses_eta(results, eta).items():
        if rho == 0:
            ax.scatter(x[:, 0], x[:, 1], hoehe(loss, x), color="red", label="Gradientenabstieg")
        else:
            ax.scatter(x[:, 0], x[:, 1], hoehe(loss, x), color="blue", label=f"USAM ρ={rho}")
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.set_zlabel("L(u, v)")
    ax.set_title(f"Verlustfläche, η = {eta}")
    ax.legend()
    return fig


@right("p2c-surface-plot")
def soixante_points_par_cote(loss, results, eta):
    bord = rand(results, eta)
    U, V, L = flaeche(loss, np.linspace(-bord, bord, 60), np.linspace(-bord, bord, 60))
    fig, axe = plt.subplots(subplot_kw={"projection": "3d"}, figsize=(8, 8))
    surface = axe.plot_surface(U, V, L, cmap=plt.cm.coolwarm, lw=0, antialiased=False, alpha=0.5)
    fig.colorbar(surface, shrink=0.5, aspect=10)
    points = nur_dieses_eta(results, eta)
    gd = points.pop(0.0)
    axe.scatter(*gd.T, hoehe(loss, gd), c="k", s=40, label="descente de gradient")
    for rho, x in points.items():
        axe.scatter(*x.T, hoehe(loss, x), s=40, marker="^", label=f"USAM, ρ = {komma(rho)}")
    axe.set(xlabel="u", ylabel="v", zlabel="perte")
    axe.view_init(elev=50, azim=-120)
    axe.legend(loc="upper left", title=f"pas η = {komma(eta)}")
    return fig


@right("p2c-surface-plot")
def nicht_quadratisches_gitter(loss, results, eta):
    r = rand(results, eta)
    us, vs = np.linspace(-r, r, 77), np.linspace(-r, r, 60)
    U, V = np.meshgrid(us, vs, indexing="ij")
    L = np.zeros(U.shape)
    for i in range(77):
        for j in range(60):
            L[i, j] = loss(np.array([us[i], vs[j]]))
    fig = plt.figure(figsize=(10, 6))
    ax = fig.add_subplot(projection="3d", computed_zorder=False)
    ax.plot_surface(U, V, L, cmap="plasma", zorder=1)
    for rho, x in nur_dieses_eta(results, eta).items():
        farbe, name = ("w", "GD (ρ = 0)") if rho == 0 else (str(0.5 * rho), f"USAM (ρ = {rho})")
        ax.scatter(x[:, 0], x[:, 1], hoehe(loss, x), c=farbe, edgecolors="k", zorder=2, label=name)
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.set_zlabel("Verlust")
    ax.legend(bbox_to_anchor=(1.1, 1))
    return fig


@right("p2c-surface-plot")
def cent_points_et_une_ombre(loss, results, eta):
    r = rand(results, eta, 1.2)
    g = np.linspace(-r, r, 100)
    U, V, L = flaeche(loss, g, g)
    lumiere = mpl.colors.LightSource(270, 45)
    rgb = lumiere.shade(L, cmap=plt.cm.gist_earth, vert_exag=0.1, blend_mode="soft")
    fig, axe = plt.subplots(subplot_kw={"projection": "3d"})
    axe.plot_surface(U, V, L, facecolors=rgb, linewidth=0, shade=False)
    for rho, x in nur_dieses_eta(results, eta).items():
        if rho:
            axe.scatter(*x.T, hoehe(loss, x), c="m", marker="s", label=f"avec perturbation ρ={rho}")
        else:
            axe.scatter(*x.T, hoehe(loss, x), c="r", marker="o", label="sans perturbation")
    axe.set_xlabel("u")
    axe.set_ylabel("v")
    axe.set_zlabel("L")
    axe.legend()
    return fig


@right("p2c-surface-plot")
def fewer_rows_than_columns(loss, results, eta):
    r = rand(results, eta)
    U, V, L = flaeche(loss, np.linspace(-r, r, 101), np.linspace(-r, r, 101))
    fig = plt.figure()
    ax = fig.add_subplot(1, 1, 1, projection="3d")
    ax.plot_surface(U, V, L, rcount=30, ccount=22, cmap="jet", alpha=0.4)
    ends = nur_dieses_eta(results, eta)
    usam = np.concatenate([x for rho, x in ends.items() if rho > 0])
    ax.scatter(*ends[0.0].T, hoehe(loss, ends[0.0]), color="black", label="gradient descent")
    ax.scatter(*usam.T, hoehe(loss, usam), color="magenta", label="USAM")
    ax.set_xlabel("$u$")
    ax.set_ylabel("$v$")
    ax.set_zlabel("$L(u,v)$")
    ax.set_title("eta = " + str(eta))
    ax.legend(fontsize=9)
    return fig


@right("p2c-surface-plot")
def drahtgitter_mit_hundertzwanzig(loss, results, eta):
    r = rand(results, eta)
    g = np.linspace(-r, r, 120)
    U, V, L = flaeche(loss, g, g)
    fig, ax = plt.subplots(subplot_kw={"projection": "3d"})
    ax.plot_wireframe(U, V, L, rstride=7, cstride=7, color="steelblue", linewidth=0.4)
    for rho, x in nur_dieses_eta(results, eta).items():
        z = hoehe(loss, x)
        if rho == 0:
            ax.scatter(x[:, 0], x[:, 1], z, s=50, color="r", label="GD")
        else:
            ax.scatter(x[:, 0], x[:, 1], z, s=50, label="USAM, Radius " + komma(rho))
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.set_zlabel("Verlust")
    ax.legend()
    return fig


@right("p2c-surface-plot")
def hauteur_en_logarithme(loss, results, eta):
    r = rand(results, eta)
    U, V, L = flaeche(loss, np.linspace(-r, r, 150), np.linspace(-r, r, 150))
    fig = plt.figure(figsize=(7, 6), layout="constrained")
    axe = fig.add_subplot(projection="3d")
    axe.plot_surface(U, V, np.log(L), cmap="cubehelix", alpha=0.4)
    for rho, x in nur_dieses_eta(results, eta).items():
        nom = f"USAM, ρ = {rho}" if rho > 0 else "GD"
        axe.plot(x[:, 0], x[:, 1], np.log(hoehe(loss, x)), ".", ms=12, label=nom)
    axe.set_xlabel("u")
    axe.set_ylabel("v")
    axe.set_zlabel("log L")
    axe.legend()
    return fig


@right("p2c-surface-plot")
def two_hundred_a_side(loss, results, eta):
    r = rand(results, eta, 1.05)
    g = np.linspace(-r, r, 200)
    U, V = np.meshgrid(g, g)
    L = np.zeros_like(U)
    for i in range(200):
        for j in range(200):
            L[i, j] = loss([g[j], g[i]])
    fig = plt.figure()
    ax = fig.add_subplot(projection="3d")
    ax.plot_surface(U, V, L, cmap="viridis", edgecolor="none", alpha=0.7)
    ax.set_xlim(-r, r)
    ax.set_ylim(-r, r)
    for rho, x in nur_dieses_eta(results, eta).items():
        label = rf"USAM, $\rho = {rho}$" if rho else "GD"
        ax.scatter(*x.T, hoehe(loss, x) + 0.05, depthshade=False, label=label)
    ax.set(xlabel="u", ylabel="v", zlabel="L", title=rf"$\eta = {eta}$")
    ax.legend()
    return fig


@right("p2c-surface-plot")
def schatten_am_boden(loss, results, eta):
    r = rand(results, eta)
    g = np.linspace(-r, r, 60)
    U, V, L = flaeche(loss, g, g)
    fig, ax = plt.subplots(subplot_kw={"projection": "3d"})
    ax.plot_surface(U, V, L, cmap="viridis", alpha=0.5, rstride=1, cstride=1)
    tief = -0.3 * L.max()
    ax.contourf(U, V, L, zdir="z", offset=tief, levels=15, cmap="viridis", alpha=0.4)
    ax.set_zlim(tief, L.max())
    for rho, x in nur_dieses_eta(results, eta).items():
        marke, name = ("x", "GD") if rho == 0 else ("o", f"USAM, ρ = {rho:g}")
        ax.scatter(x[:, 0], x[:, 1], hoehe(loss, x), marker=marke, s=35, label=name)
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.set_zlabel("L")
    ax.legend(loc="upper right")
    return fig


@right("p2c-surface-plot")
def rayons_et_angles(loss, results, eta):
    rayon = np.sqrt(2) * rand(results, eta)
    R, T = np.meshgrid(np.linspace(0, rayon, 60), np.linspace(0, 2 * np.pi, 77))
    U, V = R * np.cos(T), R * np.sin(T)
    L = np.reshape([loss(np.array(p)) for p in np.c_[U.ravel(), V.ravel()]], U.shape)
    fig = plt.figure()
    axe = fig.add_subplot(projection="3d")
    axe.plot_surface(U, V, L, cmap="YlOrBr", alpha=0.6)
    for rho, x in nur_dieses_eta(results, eta).items():
        nom = "descente de gradient" if rho == 0 else f"USAM ($\\rho = {rho}$)"
        axe.scatter(*x.T, hoehe(loss, x), label=nom)
    axe.set_xlabel("u")
    axe.set_ylabel("v")
    axe.set_zlabel("L")
    axe.legend()
    return fig


@right("p2c-surface-plot")
def one_solid_for_each_method(loss, results, eta):
    r = rand(results, eta)
    U, V, L = flaeche(loss, np.linspace(-r, r, 101), np.linspace(-r, r, 60))
    fig, axs = plt.subplots(1, 2, figsize=(12, 5), subplot_kw={"projection": "3d"})
    ends = nur_dieses_eta(results, eta)
    usam = np.vstack([x for rho, x in ends.items() if rho > 0])
    for ax, title, x in zip(axs, ("GD", "USAM"), (ends[0.0], usam), strict=True):
        ax.plot_surface(U, V, L, cmap="Greens", alpha=0.5)
        ax.scatter(x[:, 0], x[:, 1], hoehe(loss, x), color="k")
        ax.set_title(title)
        ax.set_xlabel("u")
        ax.set_ylabel("v")
        ax.set_zlabel("loss")
    fig.suptitle(f"eta = {eta}")
    return fig


@right("p2c-surface-plot")
def fest_und_flach_nebeneinander(loss, results, eta):
    r = rand(results, eta)
    g = np.linspace(-r, r, 59)
    U, V, L = flaeche(loss, g, g)
    fig = plt.figure(figsize=(13, 5))
    fest = fig.add_subplot(121, projection="3d")
    flach = fig.add_subplot(122)
    fest.plot_surface(U, V, L, cmap="viridis")
    flach.contourf(U, V, L, levels=40, cmap="viridis")
    for rho, x in nur_dieses_eta(results, eta).items():
        name = "Gradientenabstieg (GD)" if rho == 0 else f"USAM mit ρ = {rho}"
        fest.scatter(x[:, 0], x[:, 1], hoehe(loss, x), label=name)
        flach.scatter(x[:, 0], x[:, 1], label=name)
    for ax in (fest, flach):
        ax.set_xlabel("u")
        ax.set_ylabel("v")
    fest.set_zlabel("L")
    flach.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return fig


@right("p2c-surface-plot")
def pas_serres_pres_de_zero(loss, results, eta):
    r = rand(results, eta)
    demi = np.logspace(-2, np.log10(r), 25)
    g = np.concatenate([-demi[::-1], demi])  # 50 valeurs, sans zéro
    U, V, L = flaeche(loss, g, g)
    fig, axe = plt.subplots(subplot_kw={"projection": "3d"})
    axe.plot_surface(U, V, L, rstride=3, cstride=3, color="c", alpha=0.4)
    for rho, x in nur_dieses_eta(results, eta).items():
        nom = f"USAM ρ={komma(rho)}" if rho else "GD ρ=0"
        axe.scatter(*x.T, hoehe(loss, x), s=30, label=nom)
    axe.set_xlabel("u")
    axe.set_ylabel("v")
    axe.set_zlabel("perte")
    axe.legend(title=f"η={komma(eta)}")
    return fig


@right("p2c-surface-plot")
def stems_up_to_the_surface(loss, results, eta):
    r = rand(results, eta)
    U, V, L = flaeche(loss, np.linspace(-r, r, 61), np.linspace(-r, r, 61))
    fig, ax = plt.subplots(subplot_kw={"projection": "3d"})
    ax.plot_surface(U, V, L, cmap="gray", alpha=0.3, rcount=61, ccount=61)
    for color, (rho, x) in zip("rgbm", nur_dieses_eta(results, eta).items(), strict=False):
        z = hoehe(loss, x)
        for (u, v), top in zip(x, z, strict=True):
            ax.plot([u, u], [v, v], [0, top], color=color, lw=0.8)
        ax.scatter(x[:, 0], x[:, 1], z, color=color, label=f"USAM rho={rho}" if rho else "GD")
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.set_zlabel("loss")
    ax.legend()
    return fig


@right("p2c-surface-plot")
def dreiecke_im_raum(loss, results, eta):
    r = rand(results, eta)
    U, V, L = flaeche(loss, np.linspace(-r, r, 60), np.linspace(-r, r, 31))
    fig = plt.figure()
    ax = fig.add_subplot(projection="3d")
    ax.plot_trisurf(U.flatten(), V.flatten(), L.flatten(), cmap="inferno", linewidth=0, alpha=0.7)
    for rho, x in nur_dieses_eta(results, eta).items():
        name = "USAM, ρ = " + komma(rho) if rho > 0 else "Gradientenverfahren"
        ax.scatter(x[:, 0], x[:, 1], hoehe(loss, x), c="lime" if rho else "k", label=name)
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.set_zlabel("Verlust")
    ax.legend(labelcolor="navy", edgecolor="navy")
    return fig


@right("p2c-surface-plot")
def two_different_strides(loss, results, eta):
    g = np.linspace(-rand(results, eta), rand(results, eta), 61)
    U, V, L = flaeche(loss, g, g)
    fig = plt.figure()
    ax = plt.axes(projection="3d")
    ax.plot_surface(U, V, L, rstride=4, cstride=7, color="lightgray", edgecolor="gray", alpha=0.5)
    for rho, x in nur_dieses_eta(results, eta).items():
        name = "GD" if rho == 0 else f"USAM (rho = {rho:g})"
        ax.plot(x[:, 0], x[:, 1], hoehe(loss, x), "o", label=name)
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.set_zlabel("loss")
    fig.legend(loc="lower center", ncol=3)
    return fig
