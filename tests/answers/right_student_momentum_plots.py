"""Right pictures of the objective as students of the course draw them, in three languages."""

import matplotlib.pyplot as plt
import numpy as np

from ..hidden.answers import right

# --- The picture ----------------------------------------------------------------------------------


@right("p1-plot")
def zielfunktion_mit_legende_unten(objective, trajectories):
    fig, ax = plt.subplots(figsize=(8, 5))
    for name, pfad in trajectories.items():
        werte = []
        for x in pfad:
            werte.append(float(objective(x)))
        ax.semilogy(range(len(werte)), werte, linewidth=2, label=name)
    ax.set_title("Zielfunktion entlang der drei Verfahren")
    ax.set_xlabel("Schritt t")
    ax.set_ylabel("Zielfunktion f(xᵗ), logarithmisch")
    ax.grid(True, which="both", linestyle=":")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncol=3)
    fig.tight_layout()
    return fig


@right("p1-plot")
def deux_panneaux_lineaire_et_log(objective, trajectories):
    fig, (gauche, droite) = plt.subplots(1, 2, figsize=(11, 4))
    for etiquette in trajectories:
        valeurs = np.array([objective(x) for x in trajectories[etiquette]])
        gauche.plot(valeurs, label=etiquette)
        droite.plot(valeurs)
    droite.set_yscale("log")
    gauche.set_title("échelle linéaire")
    droite.set_title("échelle logarithmique")
    for axe in (gauche, droite):
        axe.set_xlabel("itération t")
        axe.set_ylabel("valeur de l'objectif")
    gauche.legend(title="méthode")
    return fig


@right("p1-plot")
def one_table_filled_up_with_nan(objective, trajectories):
    names = list(trajectories.keys())
    longest = max([len(trajectories[name]) for name in names])
    table = np.nan * np.zeros((longest, len(names)))
    for j in range(len(names)):
        print(f"evaluating {names[j]} ({j + 1}/{len(names)}) ...")
        for t in range(len(trajectories[names[j]])):
            table[t, j] = objective(trajectories[names[j]][t])
    plt.figure(figsize=(6, 6))
    plt.plot(table, marker=".", label=names)
    plt.yscale("log")
    plt.xlabel("number of steps")
    plt.ylabel("objective value")
    plt.legend(loc=0, framealpha=0.5)
    return plt.gcf()


@right("p1-plot")
def norm_auf_der_rechten_achse(objective, trajectories):
    fig, links = plt.subplots()
    rechts = links.twinx()
    farben = ["tab:red", "tab:blue", "tab:green", "tab:purple"]
    for farbe, (name, pfad) in zip(farben, trajectories.items(), strict=False):
        links.plot([objective(x) for x in pfad], color=farbe, label=name)
        rechts.plot(np.linalg.norm(pfad, axis=1), color=farbe, linestyle=":", alpha=0.4)
    links.set_xlabel("t")
    links.set_ylabel("f(x^t) (ausgezogen)")
    rechts.set_ylabel("Norm von x^t (gepunktet)")
    links.legend(loc="upper right")
    return fig


@right("p1-plot")
def colours_out_of_a_map_in_large_letters(objective, trajectories):
    with plt.rc_context({"font.size": 15, "axes.grid": True, "lines.linewidth": 3}):
        fig = plt.figure(figsize=(10, 7))
        ax = fig.add_subplot(111)
        colours = plt.cm.plasma(np.linspace(0, 0.8, len(trajectories)))
        for c, key in zip(colours, sorted(trajectories), strict=True):
            f = np.apply_along_axis(objective, 1, np.asarray(trajectories[key]))
            ax.plot(np.arange(f.size), f, c=c, label="run: " + key, marker="o", markevery=2)
        ax.set_ylabel(r"$f(x^{(t)})$")
        ax.set_xlabel(r"$t$")
        fig.legend(loc="upper center", ncol=len(trajectories), bbox_to_anchor=(0.5, 1.0))
    return fig


@right("p1-plot")
def noms_a_cote_des_courbes(objective, trajectories):
    figure, axe = plt.subplots()
    for nom, x in trajectories.items():
        f = [objective(x[t]) for t in range(len(x))]
        (courbe,) = axe.plot(f, "-s", markersize=4)
        axe.annotate(
            f"« {nom} »",
            xy=(len(f) - 1, f[-1]),
            xytext=(8, 4),
            textcoords="offset points",
            color=courbe.get_color(),
        )
    axe.set_xlim(-0.5, 1.4 * max(len(x) for x in trajectories.values()))
    axe.set_xlabel("nombre de pas")
    axe.set_ylabel("fonction objectif")
    return figure


@right("p1-plot")
def punkte_und_linien_getrennt(objective, trajectories):
    plt.close("all")
    fig, achse = plt.subplots(1, 1, constrained_layout=True)
    zeichen = "osD^v"
    for nr, (name, bahn) in enumerate(trajectories.items()):
        hoehe = list(map(objective, bahn))
        zeit = np.linspace(0, len(hoehe) - 1, len(hoehe))
        achse.plot(zeit, hoehe, "-", color="0.6", lw=0.7)
        achse.plot(zeit, hoehe, zeichen[nr % 5], mfc="none", color=f"C{nr}", label=name)
    achse.set(xlabel="Iteration", ylabel="Verlust", title="Verlauf")
    achse.legend(title="Methode", loc="center left", bbox_to_anchor=(1.01, 0.5))
    return fig


@right("p1-plot")
def last_values_as_bars_beside(objective, trajectories):
    fig = plt.figure(figsize=(9, 4))
    grid = fig.add_gridspec(1, 4)
    main, small = fig.add_subplot(grid[0, :3]), fig.add_subplot(grid[0, 3])
    finals = []
    for label, xs in trajectories.items():
        fs = np.zeros(len(xs), dtype=np.float32)
        for t, x in enumerate(xs):
            fs[t] = objective(x)
        finals.append(fs[-1])
        main.plot(fs, label=label)
    small.bar(list(trajectories), finals, color=["C0", "C1", "C2"][: len(finals)])
    small.tick_params(axis="x", rotation=60)
    small.set_ylabel("final value")
    small.set_xlabel("run")
    main.set_xlabel("step $t$")
    main.set_ylabel("objective")
    main.legend()
    return fig, (main, small)


@right("p1-plot")
def achsen_knapp_um_die_daten(objective, trajectories):
    fig, ax = plt.subplots()
    alle = {}
    for name in trajectories:
        alle[name] = np.array([objective(x) for x in trajectories[name]]).reshape(-1)
        ax.plot(alle[name], label=f"{name} (T = {len(alle[name]) - 1})")
    kleinster = min(werte.min() for werte in alle.values())
    groesster = max(werte.max() for werte in alle.values())
    ax.set_xlim(0, max(len(werte) for werte in alle.values()) - 1)
    ax.set_ylim(0.999 * kleinster, 1.001 * groesster)
    ax.set_xlabel("Schritt")
    ax.set_ylabel("Wert der Zielfunktion")
    plt.legend(fontsize=8)
    return ax


@right("p1-plot")
def temps_en_symlog(objective, trajectories):
    plt.figure()
    for k, (nom, chemin) in enumerate(trajectories.items()):
        y = np.squeeze([objective(np.asarray(point)) for point in chemin])
        x = np.arange(0, y.shape[0], 1)
        plt.plot(x, y, ["-", "--", "-.", ":"][k % 4], c="k", label=nom, lw=1 + k)
    plt.xscale("symlog", linthresh=1)
    plt.yscale("symlog")
    plt.xlabel("t (échelle symlog)")
    plt.ylabel("f")
    plt.legend(frameon=False)
    plt.title("Les trois méthodes")
    return plt.gcf()


@right("p1-plot")
def names_set_as_formulas(objective, trajectories):
    fig, ax = plt.subplots(figsize=(5, 3), dpi=150)
    for label, iterates in trajectories.items():
        tex = label.replace(" ", r"\ ")
        ys = [objective(it) for it in iterates]
        ax.step(range(len(ys)), ys, where="mid", label=rf"$\mathrm{{{tex}}}$")
        ax.plot(range(len(ys)), ys, "k.", ms=3)
    ax.set(xlabel=r"$t \in \{0, \dots, T\}$", ylabel=r"$\frac{1}{n}\sum_i f_i(\mathbf{x}^t)$")
    ax.legend(loc="lower left", ncol=2)
    return fig


@right("p1-plot")
def nummerierte_legende_mit_minimum(objective, trajectories):
    bild, achse = plt.subplots()
    for nummer, (name, punkte) in enumerate(trajectories.items(), start=1):
        y = np.empty(len(punkte))
        for t in range(len(punkte)):
            y[t] = objective(punkte[t])
        achse.plot(y, color=plt.cm.tab10(nummer), label=f"{nummer}) {name}")
        achse.scatter([y.argmin()], [y.min()], marker="*", s=120, color=plt.cm.tab10(nummer))
    achse.set_xlabel("Anzahl Schritte")
    achse.set_ylabel("Zielfunktion (Stern: kleinster Wert)")
    achse.legend()
    return bild


@right("p1-plot")
def un_panneau_par_methode(objective, trajectories):
    nombre = len(trajectories)
    fig, axes = plt.subplots(nombre, 1, sharex=True, figsize=(6, 2.5 * nombre), squeeze=False)
    for ligne, nom in enumerate(trajectories):
        axe = axes[ligne, 0]
        axe.fill_between(
            range(len(trajectories[nom])), [objective(x) for x in trajectories[nom]], alpha=0.3
        )
        axe.plot([objective(x) for x in trajectories[nom]], "b-o")
        axe.text(0.97, 0.9, nom, transform=axe.transAxes, ha="right", va="top", bbox={"fc": "w"})
        axe.set_ylabel("objectif")
    axes[-1, 0].set_xlabel("itération")
    fig.suptitle("Objectif le long des trajectoires")
    return fig


def zeichne_eine_linie(axes, name, werte, dicke):
    axes.plot(np.arange(len(werte)), werte, label=name, lw=dicke, solid_capstyle="round")


@right("p1-plot")
def thick_lines_below_thin_ones(objective, trajectories):
    # the three runs coincide in the experiment, so the first one has to be the thickest
    fig, ax = plt.subplots()
    width = 9.0
    for label, xs in trajectories.items():
        zeichne_eine_linie(ax, label, [objective(x) for x in xs], width)
        width = width / 2
    ax.set_yscale("log", base=2)
    ax.yaxis.tick_right()
    ax.yaxis.set_label_position("right")
    ax.set_xlabel("steps")
    ax.set_ylabel("objective, base 2")
    ax.legend(draggable=False, shadow=True)
    return fig
