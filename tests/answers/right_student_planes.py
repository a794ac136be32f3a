"""Right flat pictures of the loss as students of the course draw them, at awkward sizes."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from ..hidden.answers import right

# --- The surface, seen from above -----------------------------------------------------------------


def komma(zahl):
    return f"{zahl:g}".replace(".", ",")


def auswahl(results, eta):
    gd, usam = None, {}
    for (e, rho), enden in results.items():
        if e != eta:
            continue
        if rho == 0:
            gd = np.array(enden)
        else:
            usam[rho] = np.array(enden)
    return gd, usam


def groesse(results, eta, rand=1.1):
    return rand * max(np.abs(np.asarray(x)).max() for (e, _), x in results.items() if e == eta)


def hoehen(loss, us, vs):
    L = np.zeros((len(vs), len(us)))
    for i in range(len(vs)):
        for j in range(len(us)):
            L[i, j] = loss(np.array([us[j], vs[i]]))
    return L


@right("p2c-surface-plot")
def gradientenabstieg_und_dezimalkomma(loss, results, eta):
    r = groesse(results, eta)
    gitter = np.linspace(-r, r, 59)
    U, V = np.meshgrid(gitter, gitter)
    L = np.zeros_like(U)
    for i in range(U.shape[0]):
        for j in range(U.shape[1]):
            L[i, j] = loss(np.array([U[i, j], V[i, j]]))
    fig, ax = plt.subplots(figsize=(8, 6))
    bild = ax.contourf(U, V, L, levels=50, cmap="viridis")
    fig.colorbar(bild, ax=ax, label="Verlust L(u, v)")
    gd, usam = auswahl(results, eta)
    ax.scatter(gd[:, 0], gd[:, 1], color="red", marker="x", label="Gradientenabstieg")
    for rho in usam:
        ax.scatter(usam[rho][:, 0], usam[rho][:, 1], s=25, label=f"USAM, ρ = {komma(rho)}")
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.set_title(f"Letzte Iterierte, Schrittweite η = {komma(eta)}")
    ax.legend(loc="upper right")
    return fig


@right("p2c-surface-plot")
def peu_de_niveaux_avec_valeurs(loss, results, eta):
    bord = np.ceil(10 * groesse(results, eta, 1.0)) / 10 + 0.1
    u = np.arange(-bord, bord + 0.01, bord / 30)
    Z = np.array([[loss(np.array([a, b])) for a in u] for b in u])
    plt.figure(figsize=(7, 7))
    niveaux = plt.contour(u, u, Z, 7, colors="gray")
    plt.clabel(niveaux, inline=True, fontsize=8, fmt="%.1f")
    gd, usam = auswahl(results, eta)
    plt.plot(gd[:, 0], gd[:, 1], "ro", label="descente de gradient")
    plt.plot(*np.vstack(list(usam.values())).T, "b+", label="USAM (avec perturbation)")
    plt.xlabel("u")
    plt.ylabel("v")
    plt.title(f"Dernières itérées, pas η = {eta}")
    plt.legend()
    plt.axis("equal")
    return plt.gcf()


@right("p2c-surface-plot")
def log_norm_on_a_narrow_mesh(loss, results, eta):
    from matplotlib.colors import LogNorm

    gd, usam = auswahl(results, eta)
    everything = np.concatenate([gd, *usam.values()])
    (u0, v0), (u1, v1) = everything.min(axis=0), everything.max(axis=0)
    us, vs = np.linspace(u0 - 0.05, u1 + 0.05, 77), np.linspace(v0 - 0.05, v1 + 0.05, 60)
    fig, ax = plt.subplots()
    mesh = ax.pcolormesh(us, vs, hoehen(loss, us, vs), norm=LogNorm(), cmap="cividis")
    plt.colorbar(mesh, ax=ax, label="loss (log scale)")
    ax.scatter(*gd.T, c="white", edgecolors="black", label="GD (ρ = 0)")
    for (rho, ends), marker in zip(sorted(usam.items()), "^v<>", strict=False):
        ax.scatter(*ends.T, c="orange", edgecolors="black", marker=marker, label=f"ρ = {rho}")
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.legend(title=f"η = {eta}", loc="best")
    return fig


@right("p2c-surface-plot")
def bild_mit_mehr_spalten_als_zeilen(loss, results, eta):
    r = groesse(results, eta, 1.2)
    us, vs = np.linspace(-r, r, 100), np.linspace(-r, r, 60)
    fig, ax = plt.subplots()
    ax.imshow(
        hoehen(loss, us, vs),
        origin="lower",
        extent=[-r, r, -r, r],
        interpolation="bilinear",
        cmap="terrain",
        aspect="auto",
    )
    gd, usam = auswahl(results, eta)
    ax.plot(gd[:, 0], gd[:, 1], "r*", ms=12, label="Gradientenverfahren")
    for rho, enden in usam.items():
        ax.plot(enden[:, 0], enden[:, 1], "o", mfc="none", label=f"USAM mit Radius {rho:g}")
    ax.set(xlabel="$u$", ylabel="$v$", title=f"Schrittweite {eta:g}")
    ax.legend(bbox_to_anchor=(1.02, 1), loc="upper left", borderaxespad=0)
    fig.tight_layout()
    return fig


@right("p2c-surface-plot")
def ombrage_de_gouraud(loss, results, eta):
    r = 1.05 * groesse(results, eta, 1.0)
    u = np.linspace(-r, r, 61)
    fig, axe = plt.subplots()
    surface = axe.pcolormesh(u, u, hoehen(loss, u, u), shading="gouraud", vmin=0, cmap="bone")
    fig.colorbar(surface, ax=axe, orientation="horizontal", label="perte")
    gd, usam = auswahl(results, eta)
    axe.scatter(gd[:, 0], gd[:, 1], color="yellow", label="sans perturbation (ρ = 0)")
    toutes = np.concatenate(list(usam.values()))
    axe.scatter(toutes[:, 0], toutes[:, 1], color="cyan", marker="D", s=15, label="USAM")
    axe.set_xlabel("u")
    axe.set_ylabel("v")
    axe.legend(facecolor="gray")
    return fig


@right("p2c-surface-plot")
def cells_with_edges_and_middles(loss, results, eta):
    r = groesse(results, eta)
    edges = np.linspace(-r, r, 102)
    middles = (edges[1:] + edges[:-1]) / 2  # 101 of them
    values = hoehen(loss, middles, middles)
    fig, ax = plt.subplots(figsize=(5, 5))
    ax.pcolormesh(edges, edges, values, shading="flat", cmap="Greys", rasterized=True)
    gd, usam = auswahl(results, eta)
    ax.plot(gd[:, 0], gd[:, 1], "s", color="C0", label="GD")
    for k, (rho, x) in enumerate(usam.items()):
        ax.plot(x[:, 0], x[:, 1], "d", color=f"C{k + 1}", label=rf"USAM $\rho={rho}$")
    ax.set_xlim(-r, r)
    ax.set_ylim(-r, r)
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.legend(ncol=3, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.1))
    return fig


@right("p2c-surface-plot")
def zufaellige_dreiecke(loss, results, eta):
    r = groesse(results, eta, 1.15)
    zufall = np.random.default_rng(2024)
    punkte = zufall.uniform(-r, r, size=(1501, 2))
    kante = np.linspace(-r, r, 61)
    for fest in (np.full(61, -r), np.full(61, r)):  # der Rand soll glatt sein
        punkte = np.concatenate([punkte, np.c_[fest, kante], np.c_[kante[1:-1], fest[1:-1]]])
    z = [loss(p) for p in punkte]
    fig, ax = plt.subplots()
    bild = ax.tricontourf(punkte[:, 0], punkte[:, 1], z, levels=25, cmap="RdYlBu_r")
    fig.colorbar(bild)
    gd, usam = auswahl(results, eta)
    ax.plot(*gd.T, "kx", mew=2, label="ohne Störung (ρ = 0)")
    for rho, x in usam.items():
        ax.plot(*x.T, "k.", alpha=0.5 + 0.5 * rho, label=f"mit Störung (ρ = {rho})")
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.legend()
    return fig


@right("p2c-surface-plot")
def triangles_reguliers_lisses(loss, results, eta):
    r = groesse(results, eta)
    u, v = np.meshgrid(np.linspace(-r, r, 60), np.linspace(-r, r, 59))
    L = np.array([loss(np.array(p)) for p in zip(u.ravel(), v.ravel(), strict=True)])
    fig, axe = plt.subplots()
    couleurs = axe.tripcolor(u.ravel(), v.ravel(), L, shading="gouraud", cmap="PuBu")
    fig.colorbar(couleurs, ax=axe).set_label("L")
    gd, usam = auswahl(results, eta)
    axe.scatter(*gd.T, s=60, c="r", label="GD : descente de gradient")
    for rho in sorted(usam):
        axe.scatter(*usam[rho].T, s=20, label="USAM : ρ = " + str(rho))
    axe.set(xlabel="u", ylabel="v", xlim=(-r, r), ylim=(-r, r))
    axe.legend(loc="best", fontsize="small")
    return fig


@right("p2c-surface-plot")
def arrows_of_the_negative_gradient(loss, results, eta):
    r = groesse(results, eta)
    u = np.linspace(-r, r, 150)
    L = hoehen(loss, u, u)
    dv, du = np.gradient(L, u, u)
    fig, ax = plt.subplots(figsize=(7, 6))
    ax.contourf(u, u, L, levels=np.linspace(L.min(), L.max(), 31), cmap="YlGn")
    length = np.hypot(du, dv) + 1e-12
    pick = (slice(None, None, 10), slice(None, None, 10))
    U, V = np.meshgrid(u, u)
    ax.quiver(U[pick], V[pick], (-du / length)[pick], (-dv / length)[pick], color="0.4", width=2e-3)
    gd, usam = auswahl(results, eta)
    ax.plot(gd[:, 0], gd[:, 1], "ro", ms=9, label="gradient method")
    for rho, x in usam.items():
        ax.plot(x[:, 0], x[:, 1], "bo", ms=5, label=f"USAM, rho={rho:.2f}")
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.legend()
    return fig


@right("p2c-surface-plot")
def pfeile_von_gd_zu_usam(loss, results, eta):
    r = groesse(results, eta, 1.25)
    us = np.linspace(-r, r, 120)
    fig, ax = plt.subplots()
    farben = ax.contourf(us, us, np.log10(hoehen(loss, us, us)), 12, cmap="magma")
    fig.colorbar(farben, ax=ax, label="log₁₀ L(u, v)")
    gd, usam = auswahl(results, eta)
    weitestes = usam[max(usam)]
    for start, ziel in zip(gd, weitestes, strict=True):
        ax.annotate("", xy=ziel, xytext=start, arrowprops={"arrowstyle": "->", "color": "w"})
    ax.scatter(gd[:, 0], gd[:, 1], c="lime", zorder=5, label="GD")
    for rho, x in usam.items():
        ax.scatter(
            x[:, 0], x[:, 1], c=[[1 - rho, rho, 1]], zorder=5, label=f"USAM (ρ={komma(rho)})"
        )
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.set_title("Die Pfeile zeigen, wohin USAM die Punkte verschiebt")
    ax.legend(framealpha=1)
    return fig


@right("p2c-surface-plot")
def niveaux_en_echelle_logarithmique(loss, results, eta):
    r = groesse(results, eta)
    u, v = np.linspace(-r, r, 101), np.linspace(-r, r, 100)
    L = hoehen(loss, u, v)
    niveaux = np.logspace(np.log10(L.min()), np.log10(L.max()), 18)
    fig, axe = plt.subplots()
    remplis = axe.contourf(u, v, L, levels=niveaux, norm=mpl.colors.LogNorm(), cmap="Spectral")
    axe.contour(u, v, L, levels=niveaux, colors="k", linewidths=0.2)
    fig.colorbar(remplis, ax=axe, format="%.2g")
    gd, usam = auswahl(results, eta)
    poignees = [axe.scatter(*gd.T, marker="P", c="k")]
    noms = ["descente de gradient"]
    for rho, x in sorted(usam.items()):
        poignees.append(axe.scatter(*x.T, marker="o", edgecolors="w"))
        noms.append(f"USAM, $\\rho = {rho}$")
    axe.legend(poignees, noms, loc="upper left", bbox_to_anchor=(1.25, 1))
    axe.set_xlabel("$u$")
    axe.set_ylabel("$v$")
    return fig


@right("p2c-surface-plot")
def four_panels(loss, results, eta):
    gd, usam = auswahl(results, eta)
    panels = {"GD": [gd], **{f"USAM, rho = {rho:g}": [x] for rho, x in sorted(usam.items())}}
    panels["GD against USAM"] = []
    r = groesse(results, eta)
    u = np.linspace(-r, r, 60)
    L = hoehen(loss, u, u)
    fig, axs = plt.subplots(2, 2, figsize=(8, 8), sharex=True, sharey=True)
    for ax, (title, groups) in zip(axs.ravel(), panels.items(), strict=False):
        ax.contourf(u, u, np.sqrt(L), levels=16)
        for x in groups:
            ax.plot(x[:, 0], x[:, 1], "wo", mec="k")
        ax.set_title(title)
    axs[1, 1].plot(gd[:, 0], gd[:, 1], "rx", label="GD")
    axs[1, 1].plot(*np.concatenate(list(usam.values())).T, "w.", label="USAM")
    axs[1, 1].legend()
    for ax in axs[1]:
        ax.set_xlabel("u")
    for ax in axs[:, 0]:
        ax.set_ylabel("v")
    fig.suptitle(f"eta = {eta:g}")
    return fig


@right("p2c-surface-plot")
def talboden_eingezeichnet(loss, results, eta):
    r = groesse(results, eta)
    us, vs = np.linspace(-r, r, 60), np.linspace(-r, r, 77)
    fig, ax = plt.subplots()
    ax.contourf(us, vs, hoehen(loss, us, vs), levels=9, cmap="Oranges", extend="both")
    ax.axhline(0, color="k", ls="--", lw=0.7, label="v = 0")
    ax.axvline(0, color="k", ls=":", lw=0.7, label="u = 0")
    gd, usam = auswahl(results, eta)
    ax.plot(gd[:, 0], gd[:, 1], "v", color="darkred", label="GD (Gradient Descent)")
    for rho, x in usam.items():
        ax.plot(x[:, 0], x[:, 1], "^", label=f"USAM ρ={rho:g}")
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), title=f"η = {komma(eta)}")
    return fig, ax


@right("p2c-surface-plot")
def rayon_par_la_couleur(loss, results, eta):
    r = groesse(results, eta)
    u = np.linspace(-r, r, 100)
    fig, axe = plt.subplots(figsize=(9, 6))
    axe.contour(u, u, hoehen(loss, u, u), levels=20, cmap="gray", linewidths=0.8)
    gd, usam = auswahl(results, eta)
    x = np.concatenate([usam[rho] for rho in sorted(usam)])
    rayons = np.concatenate([[rho] * len(usam[rho]) for rho in sorted(usam)])
    points = axe.scatter(x[:, 0], x[:, 1], c=rayons, cmap="autumn", label="USAM")
    fig.colorbar(points, ax=axe, label="rayon ρ")
    axe.scatter(gd[:, 0], gd[:, 1], c="b", marker="x", label="GD")
    axe.set_xlabel("u")
    axe.set_ylabel("v")
    axe.legend()
    return fig


@right("p2c-surface-plot")
def image_cut_at_a_quantile(loss, results, eta):
    r = groesse(results, eta, 1.05)
    us = np.linspace(-r, r, 200)
    values = np.array([[loss(np.array([u, v])) for u in us] for v in us], dtype=np.float32)
    fig = plt.figure()
    ax = fig.gca()
    im = ax.imshow(
        values,
        extent=(us[0], us[-1], us[0], us[-1]),
        origin="lower",
        vmax=np.quantile(values, 0.9),
        interpolation="bicubic",
    )
    fig.colorbar(im, extend="max")
    gd, usam = auswahl(results, eta)
    ax.scatter(gd[:, 0], gd[:, 1], facecolors="none", edgecolors="red", s=80, label="GD")
    for rho, x in usam.items():
        ax.scatter(x[:, 0], x[:, 1], marker="+", s=60, label=f"USAM {rho}")
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.legend()
    return fig


@right("p2c-surface-plot")
def gitter_feiner_in_der_mitte(loss, results, eta):
    r = groesse(results, eta)
    s = np.linspace(-1, 1, 64)
    us = r * np.sign(s) * np.abs(s) ** 1.3
    vs = np.linspace(-r, r, 33)
    fig, ax = plt.subplots(layout="constrained")
    netz = ax.pcolormesh(us, vs, hoehen(loss, us, vs), shading="nearest", cmap="summer")
    fig.colorbar(netz, ax=ax, label="Verlust")
    gd, usam = auswahl(results, eta)
    ax.plot(gd[:, 0], gd[:, 1], "kX", ms=8)
    ax.plot(*np.concatenate(list(usam.values())).T, "m.", ms=8)
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    ax.legend(["GD", "USAM, alle ρ > 0"])
    return fig


@right("p2c-surface-plot")
def grille_indexee_ij(loss, results, eta):
    r = groesse(results, eta)
    U, V = np.meshgrid(np.linspace(-r, r, 61), np.linspace(-r, r, 77), indexing="ij")
    L = np.empty(U.shape)
    for index in np.ndindex(*U.shape):
        L[index] = loss(np.array([U[index], V[index]]))
    fig, axe = plt.subplots()
    axe.pcolor(U, V, L, cmap="Blues", shading="auto")
    axe.contour(U, V, L, levels=10, colors="navy", linewidths=0.5)
    gd, usam = auswahl(results, eta)
    for k in range(len(gd)):
        axe.plot(gd[k, 0], gd[k, 1], "ro", label="GD" if k == 0 else "")
    for rho, x in usam.items():
        for k in range(len(x)):
            axe.plot(x[k, 0], x[k, 1], "g^", label=f"USAM, ρ = {rho}" if k == 0 else "")
    axe.set_xlabel("u")
    axe.set_ylabel("v")
    axe.legend()
    return fig


@right("p2c-surface-plot")
def names_written_beside_the_points(loss, results, eta):
    r = groesse(results, eta, 1.3)
    us = np.linspace(-r, r, 59)
    fig, ax = plt.subplots()
    cs = ax.contourf(us, us, hoehen(loss, us, us), levels=14, cmap="coolwarm", alpha=0.8)
    ax.clabel(ax.contour(cs, colors="k", linewidths=0.4), fontsize=6)
    gd, usam = auswahl(results, eta)
    ax.plot(gd[:, 0], gd[:, 1], "ks")
    for x in gd:
        ax.text(x[0], x[1], " GD", fontsize=8)
    for rho, ends in usam.items():
        ax.plot(ends[:, 0], ends[:, 1], "wo", mec="k")
        for x in ends:
            ax.text(x[0], x[1], f" USAM {rho:g}", fontsize=6)
    ax.set_xlabel("u")
    ax.set_ylabel("v")
    return fig


@right("p2c-surface-plot")
def steilster_abstieg(loss, results, eta):
    r = groesse(results, eta)
    us = np.linspace(-r, r, 77)
    L = hoehen(loss, us, us)
    fig, ax = plt.subplots()
    stufen = np.quantile(L, np.linspace(0, 1, 12))
    bild = ax.contourf(us, us, L, levels=stufen, cmap="Purples")
    fig.colorbar(bild, ax=ax, ticks=stufen, format="%.1f")
    gd, usam = auswahl(results, eta)
    ax.errorbar(gd[:, 0], gd[:, 1], fmt="D", color="k", label="steepest descent")
    ax.errorbar(
        *np.concatenate(list(usam.values())).T,
        fmt="o",
        color="tab:orange",
        label="sharpness-aware (ungenormt)",
    )
    ax.set(xlabel="u", ylabel="v", title=f"Vergleich bei $\\eta = {eta}$")
    ax.legend(loc="lower right")
    return fig


@right("p2c-surface-plot")
def plan_tourne_avec_v_en_abscisse(loss, results, eta):
    r = groesse(results, eta)
    u, v = np.linspace(-r, r, 60), np.linspace(-r, r, 100)
    L = np.array([[loss(np.array([a, b])) for b in v] for a in u])
    fig, axe = plt.subplots()
    axe.contourf(v, u, L, levels=22, cmap="pink")
    gd, usam = auswahl(results, eta)
    axe.scatter(gd[:, 1], gd[:, 0], c="b", label="descente de gradient (GD)")
    for rho, x in usam.items():
        axe.scatter(x[:, 1], x[:, 0], label=f"USAM avec ρ = {komma(rho)}")
    axe.set_xlabel("v")
    axe.set_ylabel("u")
    axe.legend(title=f"pas η = {komma(eta)}")
    return fig
