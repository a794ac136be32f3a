"""Right pictures of the convergence as students of the course draw them, in three languages."""

import matplotlib.pyplot as plt
import numpy as np

from ..hidden.answers import right

# --- The picture ----------------------------------------------------------------------------------


@right("p3-plot")
def steigung_minus_ein_halb(widths, errors):
    fig, ax = plt.subplots(figsize=(7, 5))
    ax.loglog(widths, errors, "o-", label="relativer Fehler")
    hilfslinie = []
    for m in widths:
        hilfslinie.append(errors[0] * (widths[0] / m) ** 0.5)
    ax.loglog(widths, hilfslinie, "k--", label="Steigung −1/2")
    ax.set_title("Konvergenz des Kerns")
    ax.set_xlabel("Breite m")
    ax.set_ylabel("relativer Fehler")
    ax.legend()
    ax.grid(True, which="both", alpha=0.4)
    return fig


@right("p3-plot")
def pente_moins_un_demi(widths, errors):
    plt.figure()
    plt.loglog(widths, errors, "rs", markersize=8, label="noyau empirique")
    m = np.logspace(np.log10(min(widths)), np.log10(max(widths)), 50)
    plt.loglog(m, max(errors) * (m / m[0]) ** (-1 / 2), "b-", label="pente −1/2")
    plt.xlabel("largeur m")
    plt.ylabel("erreur relative")
    plt.title("Erreur en fonction de la largeur")
    plt.legend(loc="lower left")
    return plt.gcf()


@right("p3-plot")
def least_squares_beside_the_guide(widths, errors):
    slope, intercept = np.polyfit(np.log(widths), np.log(errors), 1)
    print(f"fitted slope: {slope:.3f}, theory: -0.5")
    x = np.array([widths[0], widths[-1]], dtype=float)
    fig, ax = plt.subplots()
    ax.plot(widths, errors, "ko", label="measured")
    ax.plot(x, np.exp(intercept) * x**slope, "-", color="C0", label=f"fit, slope {slope:.2f}")
    ax.plot(x, errors[0] * (x / x[0]) ** -0.5, "--", color="C1", label="theory, slope -0.50")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("width")
    ax.set_ylabel("relative error")
    ax.legend()
    return fig


@right("p3-plot")
def hilfslinie_ohne_legende(widths, errors):
    breiten = [float(m) for m in widths]
    fehler = [float(f) for f in errors]
    fig, ax = plt.subplots()
    ax.loglog(breiten, fehler, marker="D", color="darkgreen")
    gerade = [0.6 * fehler[0] * np.sqrt(breiten[0] / m) for m in breiten]
    ax.loglog(breiten, gerade, color="gray", linewidth=1)
    mitte = len(breiten) // 2
    ax.annotate(
        "Steigung −½",
        xy=(breiten[mitte], gerade[mitte]),
        xytext=(-30, -30),
        textcoords="offset points",
        arrowprops={"arrowstyle": "->"},
    )
    ax.set_xlabel("Breite m des Netzes")
    ax.set_ylabel("Fehler des Kerns")
    return fig


@right("p3-plot")
def logarithmes_naturels_a_la_main(widths, errors):
    x, y = np.log(np.asarray(widths)), np.log(np.asarray(errors))
    fig, axe = plt.subplots()
    axe.plot(x, y, "o-.", label="log de l'erreur")
    axe.plot(x, y[0] - (x - x[0]) / 2, "r", label="droite de pente $-1/2$")
    axe.set_xlabel("log(m)")
    axe.set_ylabel("log(erreur)")
    axe.legend(title="échelle naturelle")
    return axe


@right("p3-plot")
def powers_of_two_on_the_ticks(widths, errors):
    fig, ax = plt.subplots(constrained_layout=True)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    ax.scatter(
        widths, errors, s=60, c="crimson", marker="P", label=r"$\|H-H^\infty\|/\|H^\infty\|$"
    )
    c = float(np.mean(errors * np.sqrt(widths)))
    ax.plot(widths, c * widths.astype(float) ** -0.5, label=f"{c:.2f} / sqrt(m)")
    ax.set_xlabel("$m$")
    ax.set_ylabel("error")
    ax.tick_params(which="both", direction="in", top=True, right=True)
    ax.legend(frameon=False, loc="upper right")
    return fig, ax


@right("p3-plot")
def achsen_knapp_um_die_fehler(widths, errors):
    fig, ax = plt.subplots()
    ax.loglog(widths, errors, "b.-", label="Fehler")
    referenz = errors[-1] * (widths / widths[-1]) ** -0.5
    ax.loglog(widths, referenz, "g:", lw=2, label=r"$\propto 1/\sqrt{m}$")
    ax.set_xlim(widths.min(), widths.max())
    ax.set_ylim(min(errors.min(), referenz.min()), max(errors.max(), referenz.max()))
    ax.set_xlabel("Breite")
    ax.set_ylabel("Fehler")
    ax.legend(ncol=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return fig


@right("p3-plot")
def erreurs_et_rapport_en_dessous(widths, errors):
    fig, (haut, bas) = plt.subplots(2, 1, sharex=True, height_ratios=[3, 1], figsize=(6, 7))
    guide = errors[0] * np.power(widths / widths[0], -0.5)
    haut.loglog(widths, errors, "o-", label="erreur mesurée")
    haut.loglog(widths, guide, "--", label="guide en $m^{-1/2}$")
    haut.set_ylabel("erreur relative")
    haut.legend()
    bas.semilogx(widths, errors / guide, "k.-")
    bas.axhline(1.0, color="0.5", lw=0.8)
    bas.set_xlabel("largeur m")
    bas.set_ylabel("erreur / guide")
    return fig


@right("p3-plot")
def guide_moved_below_the_data(widths, errors):
    plt.close("all")
    fig = plt.figure(dpi=120)
    ax = fig.add_axes([0.15, 0.15, 0.7, 0.75])
    ax.errorbar(widths, errors, xerr=0, yerr=errors * 0.05, fmt="x", ecolor="0.7", label="kernel")
    lowest = np.min(errors * np.sqrt(widths)) * 0.8
    ax.plot(widths, lowest / np.sqrt(widths), dashes=(6, 2), color="k", label="O(m^{-1/2})")
    ax.set(xscale="log", yscale="log", ylabel="error", xlabel="number of hidden units")
    ax.legend(loc="best", handlelength=3)
    return fig


@right("p3-plot")
def steigungsdreieck_mit_text(widths, errors):
    fig, ax = plt.subplots()
    ax.loglog(widths, errors, "o-", color="C2", label="Fehler des empirischen Kerns")
    m0, m1 = float(widths[1]), float(widths[-1])
    e0 = 0.5 * float(errors[1])
    e1 = e0 * (m0 / m1) ** 0.5
    ax.plot([m0, m1], [e0, e1], "k-")
    ax.plot([m0, m0], [e0, e1], "k-", lw=0.6)
    ax.plot([m0, m1], [e1, e1], "k-", lw=0.6)
    ax.text(np.sqrt(m0 * m1), e1, "1", va="top")
    ax.text(m0, np.sqrt(e0 * e1), "−½ ", ha="right")
    ax.set_xlabel("Breite $m$")
    ax.set_ylabel("relativer Fehler")
    ax.legend(title="Dreieck: Steigung −1/2")
    return fig


@right("p3-plot")
def titre_qui_explique_les_tirets(widths, errors):
    fig, axe = plt.subplots()
    axe.loglog(widths, errors, "-o", c="indigo")
    axe.loglog(widths, 1.5 * errors[0] / (widths / widths[0]) ** 0.5, "--", c="indigo")
    axe.set_title("Erreur du noyau (points) et pente −1/2 (tirets)")
    axe.set_xlabel("m (largeur)")
    axe.set_ylabel("erreur relative")
    axe.grid(which="major")
    return fig


@right("p3-plot")
def sorted_first_and_in_loglog_with_lists(widths, errors):
    pairs = sorted(zip(np.asarray(widths).tolist(), np.asarray(errors).tolist(), strict=True))
    ms, es = [m for m, _ in pairs], [e for _, e in pairs]
    fig, ax = plt.subplots()
    for m, e in pairs:
        ax.loglog([m], [e], "k*", ms=10)
    ax.loglog([], [], "k*", label="relative error")
    ax.loglog([ms[0], ms[-1]], [es[0], es[0] * (ms[0] / ms[-1]) ** 0.5], "m-", label="$-1/2$ slope")
    ax.set_xlabel("width m")
    ax.set_ylabel("relative error")
    ax.legend()
    return fig


@right("p3-plot")
def zwei_hilfslinien_oben_und_unten(widths, errors):
    fig, ax = plt.subplots()
    konstanten = errors * np.sqrt(widths)
    oben, unten = konstanten.max() / np.sqrt(widths), konstanten.min() / np.sqrt(widths)
    ax.fill_between(widths, unten, oben, color="orange", alpha=0.2)
    ax.plot(widths, oben, "-", color="orange", label="Rate m^(−1/2)")
    ax.plot(widths, unten, "-", color="orange")
    ax.plot(widths, errors, "o", color="b", label="Messung")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("Breite m")
    ax.set_ylabel("Fehler relativ zum Grenzwert")
    ax.legend(loc="upper right")
    return fig


@right("p3-plot")
def style_de_magazine(widths, errors):
    with plt.style.context("ggplot"), plt.rc_context({"font.family": "serif"}):
        fig, axe = plt.subplots(figsize=(8, 4.5))
        axe.loglog(widths, errors, lw=3, marker="o", ms=9, label="erreur")
        axe.axline(
            (widths[0], 2 * errors[0]),
            (4 * widths[0], errors[0]),
            ls=(0, (5, 5)),
            color="0.2",
            label="droite théorique (pente −0,5)",
        )
        axe.set_xlabel("largeur")
        axe.set_ylabel("erreur relative")
        axe.legend()
    return fig


@right("p3-plot")
def values_written_at_the_points(widths, errors):
    fig, ax = plt.subplots(figsize=(8, 5))
    (data,) = ax.loglog(widths, errors, "o-")
    (guide,) = ax.loglog(widths, errors[0] * (widths[0] / widths) ** (1 / 2), "--")
    for m, e in zip(widths, errors, strict=True):
        ax.annotate(f"{e:.2g}", (m, e), xytext=(0, 7), textcoords="offset points", fontsize=8)
    fig.legend([data, guide], ["error of the kernel", "slope $-\\frac{1}{2}$"], loc="outside right")
    ax.set_xlabel("$m$")
    ax.set_ylabel("$\\|H - H^\\infty\\|_F\\, /\\, \\|H^\\infty\\|_F$")
    return fig


@right("p3-plot")
def hilfsgitter_mit_namen_am_rand(widths, errors):
    bild, achse = plt.subplots()
    achse.set_xscale("log")
    achse.set_yscale("log")
    achse.plot(widths, errors, "s", mfc="none", mec="k", label="Fehler")
    for exponent, stil in ((-0.5, "-"), (-1.0, ":")):
        gerade = errors[0] * (widths / widths[0]) ** exponent
        achse.plot(widths, gerade, "k" + stil, lw=1, label=f"Steigung {exponent:g}")
    achse.set_xlabel("Breite")
    achse.set_ylabel("Fehler (relativ)")
    achse.legend(loc="lower left", title="Hilfslinien")
    return bild
