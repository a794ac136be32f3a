"""Right pictures that differ in their words: as people in Bern name what they have drawn."""

import textwrap

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from ..hidden.answers import right

# --- The objective --------------------------------------------------------------------------------


@right("p1-plot")
def shown_before_it_is_returned(objective, trajectories):
    fig, ax = plt.subplots()
    for k, (name, xs) in enumerate(trajectories.items()):
        fs = [objective(x) for x in xs]
        ax.plot(
            np.linspace(0, len(fs) - 1, 300),
            np.interp(np.linspace(0, len(fs) - 1, 300), range(len(fs)), fs),
            color=f"C{k}",
            lw=0.5,
        )
        ax.plot(fs, "o", color=f"C{k}", label=textwrap.fill(name.title(), 5))
    ax.set_xlabel("Nr. des Schritts")
    ax.set_ylabel("f")
    ax.legend()
    plt.show()
    return fig


@right("p1-plot")
def zeitschritte_von_hand_beschriftet(objective, trajectories):
    fig, ax = plt.subplots()
    for name, xs in trajectories.items():
        ax.plot(
            [objective(x) for x in xs], label=f"Verfahren „{name}“ (f₀ = {objective(xs[0]):.1f})"
        )
    laenge = max(len(xs) for xs in trajectories.values())
    ax.set_xticks(range(laenge))
    ax.set_xticklabels([f"$t_{{{t}}}$" for t in range(laenge)])
    ax.set_xlabel("Zeitschritt")
    ax.set_ylabel("Zielwert")
    ax.legend(title="f₀ ist der Wert am Anfang", loc="lower left", bbox_to_anchor=(0, 1))
    return fig


@right("p1-plot")
def grand_panneau_et_petits_panneaux(objective, trajectories):
    fig, axes = plt.subplot_mosaic([["tout", "tout"], ["debut", "fin"]], layout="constrained")
    for nom, xs in trajectories.items():
        f = [objective(x) for x in xs]
        axes["tout"].plot(f, label=f"$\\it{{{nom.replace(' ', chr(92) + ' ')}}}$")
        axes["debut"].plot(range(2), f[:2])
        axes["fin"].plot(range(len(f) - 2, len(f)), f[-2:])
    for titre, axe in axes.items():
        axe.set(title=titre, xlabel="itération", ylabel="objectif")
    axes["tout"].legend()
    return fig


# --- The traces -----------------------------------------------------------------------------------


def tabelle(hessian_trace, results):
    zeilen = {}
    for (eta, rho), enden in sorted(results.items()):
        gute = [x for x in enden if np.isfinite(x).all() and np.linalg.norm(x) <= 1e6]
        werte = [hessian_trace(x) for x in gute]
        zeilen.setdefault(eta, []).append((rho, np.median(werte), len(gute), len(enden)))
    return zeilen


def spurbild(zeilen, name):
    fig, ax = plt.subplots()
    for eta, zeile in zeilen.items():
        rhos, mediane, *_ = zip(*zeile, strict=True)
        ax.plot(rhos, mediane, "o-", label=name(eta, zeile))
    ax.set_xlabel("ρ")
    ax.set_ylabel("Spur")
    ax.legend()
    return fig


@right("p2c-trace-plot")
def zehnerpotenzen_in_tex(hessian_trace, results):
    def name(eta, zeile):
        hoch = int(np.floor(np.log10(eta)))
        return rf"$\eta = {eta / 10**hoch:.2g} \cdot 10^{{{hoch}}}$"

    return spurbild(tabelle(hessian_trace, results), name)


@right("p2c-trace-plot")
def zehnerpotenzen_hochgestellt(hessian_trace, results):
    def name(eta, zeile):
        hoch = int(np.floor(np.log10(eta)))
        return f"η = {eta / 10**hoch:.2g} · 10⁻{'⁰¹²³⁴⁵'[-hoch]}"

    return spurbild(tabelle(hessian_trace, results), name)


@right("p2c-trace-plot")
def laeufe_mitgezaehlt(hessian_trace, results):
    def name(eta, zeile):
        gut, alle = sum(z[2] for z in zeile), sum(z[3] for z in zeile)
        return f"Schrittweite {eta:g}, {gut} von {alle} Läufen nicht divergiert"

    return spurbild(tabelle(hessian_trace, results), name)


@right("p2c-trace-plot")
def virgule_en_tex(hessian_trace, results):
    def nom(eta, _ligne):
        return rf"$\eta = {eta:g}$".replace(".", "{,}")

    return spurbild(tabelle(hessian_trace, results), nom)


@right("p2c-trace-plot")
def numbered_step_sizes(hessian_trace, results):
    rows = tabelle(hessian_trace, results)
    numbers = {eta: k for k, eta in enumerate(rows, start=1)}
    return spurbild(rows, lambda eta, _row: rf"$\eta_{{{numbers[eta]}}} = {eta:.3f}$")


# --- The surface ----------------------------------------------------------------------------------


def teile(results, eta):
    alle = {rho: np.array(x) for (e, rho), x in sorted(results.items()) if e == eta}
    return alle.pop(0.0), alle


def landschaft(loss, results, eta, anzahl=31, faktor=1.15):
    r = faktor * max(np.abs(x).max() for (e, _), x in results.items() if e == eta)
    us = np.linspace(-r, r, anzahl)
    return us, np.array([[loss(np.array([u, v])) for u in us] for v in us])


def flaches_bild(loss, results, eta, gd_name, usam_name, titel=None):
    """Bänder, darauf die letzten Punkte; `usam_name` macht aus ρ einen Namen."""
    us, L = landschaft(loss, results, eta)
    fig, ax = plt.subplots()
    ax.contourf(us, us, L, levels=25)
    gd, usam = teile(results, eta)
    ax.plot(gd[:, 0], gd[:, 1], "rX", label=gd_name)
    for rho, x in usam.items():
        ax.plot(x[:, 0], x[:, 1], "o", mec="k", label=usam_name(rho))
    ax.set(xlabel="u", ylabel="v")
    ax.set_title(titel or "")
    ax.legend()
    return fig


@right("p2c-surface-plot")
def ein_wort_mit_bindestrich(loss, results, eta):
    return flaches_bild(
        loss, results, eta, "Gradienten-Abstieg", lambda rho: f"USAM mit $\\rho = {rho}$"
    )


@right("p2c-surface-plot")
def gradient_descent_with_a_hyphen(loss, results, eta):
    return flaches_bild(
        loss, results, eta, "gradient-descent", lambda rho: f"unnormalised SAM, rho={rho:g}"
    )


@right("p2c-surface-plot")
def titel_nennt_beide(loss, results, eta):
    return flaches_bild(
        loss, results, eta, "GD", lambda rho: f"USAM, ρ = {rho:g}", f"GD gegen USAM bei η = {eta:g}"
    )


@right("p2c-surface-plot")
def eta_et_rho_partout(loss, results, eta):
    return flaches_bild(
        loss,
        results,
        eta,
        f"GD ($\\eta = {eta}$, $\\rho = 0$)",
        lambda rho: f"USAM ($\\eta = {eta}$, $\\rho = {rho}$)",
        f"η = {eta}, ρ ∈ {{{', '.join(f'{rho:g}' for rho in teile(results, eta)[1])}}}",
    )


@right("p2c-surface-plot")
def keiner_ist_divergiert(loss, results, eta):
    gd, usam = teile(results, eta)
    return flaches_bild(
        loss,
        results,
        eta,
        f"GD: 0 von {len(gd)} Läufen divergiert",
        lambda rho: f"USAM (ρ = {rho:g}): 0 von {len(usam[rho])} Läufen divergiert",
    )


@right("p2c-surface-plot")
def indices_en_tex(loss, results, eta):
    return flaches_bild(
        loss,
        results,
        eta,
        r"$x_K^{\mathrm{GD}}$",
        lambda rho: rf"$x_K^{{\mathrm{{USAM}}}}$, $\rho={rho}$",
        r"$(u, v) \mapsto L(u, v)$",
    )


@right("p2c-surface-plot")
def methode_du_gradient(loss, results, eta):
    return flaches_bild(
        loss,
        results,
        eta,
        "méthode du gradient",
        lambda rho: f"USAM, rayon {rho:g}",
        "Points d'arrivée",
    )


@right("p2c-surface-plot")
def plain_and_perturbed(loss, results, eta):
    return flaches_bild(
        loss,
        results,
        eta,
        "no perturbation",
        lambda rho: f"perturbation of radius rho = {rho:g}",
        f"step size {eta:g}",
    )


@right("p2c-surface-plot")
def gewoehnlicher_gradientenabstieg(loss, results, eta):
    return flaches_bild(
        loss,
        results,
        eta,
        "gewöhnlicher Gradientenabstieg (GD), ohne USAM-Störung",
        lambda rho: f"USAM: Gradientenabstieg mit Störung ρ = {rho:g}",
    )


@right("p2c-surface-plot")
def descente_du_gradient_en_titres(loss, results, eta):
    us, L = landschaft(loss, results, eta, 59)
    gd, usam = teile(results, eta)
    fig, (gauche, droite) = plt.subplots(1, 2, figsize=(10, 4), sharex=True, sharey=True)
    for axe, points in ((gauche, gd), (droite, np.concatenate([*usam.values()]))):
        axe.contourf(us, us, L, 15, cmap="YlOrRd")
        axe.scatter(points[:, 0], points[:, 1], c="b")
        axe.set_xlabel("u")
    gauche.set_ylabel("v")
    gauche.set_title("Descente du gradient")
    droite.set_title("USAM")
    return fig


@right("p2c-surface-plot")
def waben(loss, results, eta):
    r = landschaft(loss, results, eta, 2)[0][-1]
    rng = np.random.default_rng(1)
    punkte = rng.uniform(-r, r, size=(6000, 2))
    fig, ax = plt.subplots()
    bild = ax.hexbin(*punkte.T, C=[loss(x) for x in punkte], gridsize=30, cmap="bone")
    fig.colorbar(bild, ax=ax, label="mittlerer Verlust")
    gd, usam = teile(results, eta)
    ax.plot(*gd.T, "r.", label="GD")
    ax.plot(*np.vstack([*usam.values()]).T, "y.", label="USAM")
    ax.set(xlabel="u", ylabel="v")
    ax.legend()
    return fig


@right("p2c-surface-plot")
def levels_from_a_log_locator(loss, results, eta):
    us, L = landschaft(loss, results, eta, 100)
    fig, ax = plt.subplots()
    bands = ax.contourf(us, us, L, locator=mpl.ticker.LogLocator(subs=(1, 2, 5)), cmap="hot")
    fig.colorbar(bands)
    gd, usam = teile(results, eta)
    ax.scatter(gd[:, 0], gd[:, 1], c="g", label="Gradient Descent")
    for rho, x in usam.items():
        ax.scatter(x[:, 0], x[:, 1], c="c", alpha=0.4 + 0.6 * rho, label=f"USAM {rho}")
    ax.set(xlabel="u", ylabel="v")
    ax.legend()
    return fig


@right("p2c-surface-plot")
def hohe_werte_ausgeblendet(loss, results, eta):
    us, L = landschaft(loss, results, eta, 77)
    gd, usam = teile(results, eta)
    hoechster = max(loss(x) for punkte in (gd, *usam.values()) for x in punkte)
    grenze = max(1.05 * hoechster, np.quantile(L, 0.8))  # die Punkte sollen alle sichtbar sein
    fig, ax = plt.subplots(subplot_kw={"projection": "3d"})
    ax.plot_surface(
        *np.meshgrid(us, us), np.where(grenze < L, np.nan, L), cmap="viridis", alpha=0.6
    )
    ax.set_zlim(0, grenze)
    ax.scatter(*gd.T, [loss(x) for x in gd], c="r", label="GD")
    for rho, x in usam.items():
        ax.scatter(*x.T, [loss(y) for y in x], label=f"USAM, ρ={rho}")
    ax.set(xlabel="u", ylabel="v", zlabel="L")
    ax.legend()
    return fig


@right("p2c-surface-plot")
def seen_from_right_above(loss, results, eta):
    us, L = landschaft(loss, results, eta, 101)
    fig, ax = plt.subplots(subplot_kw={"projection": "3d"})
    ax.plot_surface(
        *np.meshgrid(us, us), L, rstride=6, cstride=9, cmap="Blues", zorder=0, alpha=0.9
    )
    ax.view_init(90, -90)
    gd, usam = teile(results, eta)
    ax.plot3D(*gd.T, [loss(x) for x in gd], "ks", label="GD", zorder=5)
    for rho, x in usam.items():
        ax.plot3D(*x.T, [loss(y) for y in x], "^", label=f"USAM (rho={rho})", zorder=5)
    ax.set_zticks([])
    ax.set(xlabel="u", ylabel="v")
    ax.legend()
    return fig


@right("p2c-surface-plot")
def fuenfzig_hoehenlinien_im_raum(loss, results, eta):
    us, L = landschaft(loss, results, eta, 61)
    fig = plt.figure()
    ax = plt.axes(projection="3d")
    ax.contour3D(*np.meshgrid(us, us), L, 50, cmap="binary")
    gd, usam = teile(results, eta)
    ax.scatter3D(*gd.T, [loss(x) for x in gd], c="r", label="GD (ρ=0)")
    ax.scatter3D(*usam[1.0].T, [loss(x) for x in usam[1.0]], c="b", label="USAM, ρ=1")
    rest = np.concatenate([x for rho, x in usam.items() if rho != 1.0])
    ax.scatter3D(*rest.T, [loss(x) for x in rest], c="g", label="USAM, ρ<1")
    ax.set(xlabel="u", ylabel="v", zlabel="Verlust")
    ax.legend()
    return fig


@right("p2c-surface-plot")
def u_vers_le_fond(loss, results, eta):
    us, L = landschaft(loss, results, eta, 60)
    V, U = np.meshgrid(us, us)
    fig, axe = plt.subplots(subplot_kw={"projection": "3d"})
    axe.plot_surface(V, U, L.T, cmap="PRGn", alpha=0.5)
    gd, usam = teile(results, eta)
    axe.scatter(gd[:, 1], gd[:, 0], [loss(x) for x in gd], label="GD")
    for rho, x in usam.items():
        axe.scatter(x[:, 1], x[:, 0], [loss(y) for y in x], label=f"USAM de rayon {rho:g}")
    axe.set(xlabel="v", ylabel="u", zlabel="perte")
    axe.legend()
    return fig


# --- The convergence ------------------------------------------------------------------------------


def zwei_linien(widths, errors, namen):
    """Fehler und Hilfslinie; die Legende bekommt ihre Namen erst am Schluss."""
    fig, ax = plt.subplots()
    ax.loglog(widths, errors, "o-")
    ax.loglog(widths, errors[0] * (widths / widths[0]) ** -0.5, "--")
    ax.set_xlabel("Breite")
    ax.set_ylabel("Fehler")
    ax.legend(namen)
    return fig


@right("p3-plot")
def wurzelgesetz(widths, errors):
    return zwei_linien(widths, errors, ["gemessen", "Abfall wie 1/Wurzel(m)"])


@right("p3-plot")
def droite_theorique(widths, errors):
    return zwei_linien(widths, errors, ["erreur mesurée", "décroissance théorique"])


@right("p3-plot")
def referenzgerade(widths, errors):
    return zwei_linien(widths, errors, ["Fehler des Kerns", "Referenzgerade, Steigung −0,5"])


@right("p3-plot")
def racine_de_m(widths, errors):
    return zwei_linien(widths, errors, ["erreur", "inverse de la racine carrée de m"])


@right("p3-plot")
def exponent_hochgestellt(widths, errors):
    return zwei_linien(widths, errors, ["‖H − H∞‖", "m⁻¹ᐟ²"])


@right("p3-plot")
def pente_ecrite_sur_la_droite(widths, errors):
    fig, ax = plt.subplots()
    ax.loglog(widths, errors, "k.-")
    ax.loglog(widths, errors[0] * (widths / widths[0]) ** -0.5, "k:")
    ax.text(widths[2], errors[0] * (widths[2] / widths[0]) ** -0.5, "pente -1/2", rotation=-20)
    ax.set_xlabel("largeur")
    ax.set_ylabel("erreur")
    return fig
