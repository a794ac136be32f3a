"""Right pictures of the traces as students of the course draw them, in three languages."""

import fractions

import matplotlib.pyplot as plt
import numpy as np

from ..hidden.answers import right

# --- The picture ----------------------------------------------------------------------------------


def ist_divergiert(x):
    return (not np.all(np.isfinite(x))) or np.linalg.norm(x) > 1e6


def median_von_hand(werte):
    werte = sorted(werte)
    n = len(werte)
    if n == 0:
        return float("nan")
    if n % 2 == 1:
        return werte[n // 2]
    return (werte[n // 2 - 1] + werte[n // 2]) / 2


def komma(zahl):
    return f"{zahl:g}".replace(".", ",")


@right("p2c-trace-plot")
def schrittweite_mit_dezimalkomma(hessian_trace, results):
    etas = []
    for eta, _rho in results:
        if eta not in etas:
            etas.append(eta)
    fig, ax = plt.subplots(figsize=(7, 5))
    for eta in sorted(etas):
        rhos = sorted([rho for e, rho in results if e == eta])
        spuren = []
        for rho in rhos:
            gute = [x for x in results[(eta, rho)] if not ist_divergiert(x)]
            spuren.append(median_von_hand([hessian_trace(x) for x in gute]))
        ax.plot(rhos, spuren, "o-", label=f"Schrittweite η = {komma(eta)}")
    ax.set_title("Spur der Hesse-Matrix am letzten Punkt")
    ax.set_xlabel("Radius ρ (ρ = 0 ist Gradientenabstieg)")
    ax.set_ylabel("Spur (Median)")
    ax.legend()
    ax.grid()
    return fig


@right("p2c-trace-plot")
def legende_avec_virgules(hessian_trace, results):
    courbes = {}
    for (eta, rho), fins in results.items():
        fins = np.asarray(fins)
        with np.errstate(all="ignore"):
            bons = fins[np.linalg.norm(fins, axis=1) < 1e6]
        courbes.setdefault(eta, {})[rho] = np.median([hessian_trace(x) for x in bons])
    plt.figure()
    for eta in sorted(courbes, reverse=True):
        rayons = sorted(courbes[eta])
        plt.plot(rayons, [courbes[eta][r] for r in rayons], marker="d", label=komma(eta))
    plt.legend(title="pas η")
    plt.xlabel("rayon ρ de la perturbation")
    plt.ylabel("trace de la hessienne, médiane")
    plt.title("Trace finale : descente de gradient (ρ = 0) et USAM")
    return plt.gcf()


@right("p2c-trace-plot")
def matrix_with_nan(hessian_trace, results):
    etas = sorted({k[0] for k in results})
    rhos = sorted({k[1] for k in results})
    runs = max(len(ends) for ends in results.values())
    table = np.full((len(etas), len(rhos), runs), np.nan)
    for a, eta in enumerate(etas):
        for b, rho in enumerate(rhos):
            for r, x in enumerate(results[eta, rho]):
                if np.isfinite(x).all() and np.sqrt(np.sum(x**2)) <= 10**6:
                    table[a, b, r] = hessian_trace(x)
    medians = np.nanmedian(table, axis=2)
    fig, ax = plt.subplots()
    ax.plot(rhos, medians.T, ".-", label=[f"$\\eta = {eta}$" for eta in etas])
    ax.set_xlabel("$\\rho$")
    ax.set_ylabel("median of tr(Hessian)")
    ax.set_yscale("log")
    ax.legend(loc="best")
    return fig


@right("p2c-trace-plot")
def anzahl_divergierter_laeufe_rechts(hessian_trace, results):
    fig, links = plt.subplots(layout="constrained")
    rechts = links.twinx()
    for k, eta in enumerate(dict.fromkeys(eta for eta, _ in results)):
        rhos = [rho for e, rho in results if e == eta]
        med, weg = [], []
        for rho in rhos:
            maske = np.array([ist_divergiert(x) for x in results[eta, rho]])
            weg.append(int(maske.sum()))
            gut = np.asarray(results[eta, rho])[~maske]
            med.append(np.median(np.array([hessian_trace(x) for x in gut])))
        links.plot(rhos, med, color=f"C{k}", marker="o", label=f"η={eta:.2f}")
        rechts.plot(rhos, weg, color=f"C{k}", ls=":", lw=1)
    rechts.set_ylabel("divergierte Läufe (gepunktet)")
    rechts.set_ylim(0, 20)
    links.set_xlabel("ρ")
    links.set_ylabel("Median der Spur")
    links.legend(loc="upper left")
    return fig


@right("p2c-trace-plot")
def trois_panneaux_cote_a_cote(hessian_trace, results):
    pas = sorted({eta for eta, _ in results})
    fig, panneaux = plt.subplots(1, len(pas), figsize=(12, 3.5), sharey=True, sharex=True)
    for panneau, eta in zip(panneaux, pas, strict=True):
        x, y = [], []
        for rho in sorted(r for e, r in results if e == eta):
            traces = [hessian_trace(p) for p in results[eta, rho] if not ist_divergiert(p)]
            x.append(rho)
            y.append(np.percentile(traces, 50))
        panneau.plot(x, y, "ks--", markerfacecolor="w")
        panneau.set_title(f"pas $\\eta = {eta:g}$")
        panneau.set_xlabel("rayon $\\rho$")
    panneaux[0].set_ylabel("trace médiane")
    fig.suptitle("Trace de la hessienne en fonction du rayon")
    return fig


@right("p2c-trace-plot")
def quartiles_as_error_bars(hessian_trace, results):
    fig, ax = plt.subplots(figsize=(6, 4))
    for eta in sorted({eta for eta, _ in results}):
        rhos = np.array(sorted(rho for e, rho in results if e == eta))
        q = np.zeros((3, len(rhos)))
        for j, rho in enumerate(rhos):
            ok = [x for x in results[(eta, rho)] if np.linalg.norm(x) <= 1e6]
            q[:, j] = np.quantile([hessian_trace(x) for x in ok], [0.25, 0.5, 0.75])
        bars = [q[1] - q[0], q[2] - q[1]]
        ax.errorbar(rhos, q[1], yerr=bars, capsize=4, elinewidth=0.8, label=f"eta: {eta:.3f}")
    ax.set_xlabel("rho")
    ax.set_ylabel("trace (median and quartiles)")
    ax.legend(loc="lower right", fontsize="x-small", ncol=3)
    return fig, ax


@right("p2c-trace-plot")
def werte_neben_den_linien(hessian_trace, results):
    fig, ax = plt.subplots()
    groesstes_rho = max(rho for _, rho in results)
    for eta in sorted({eta for eta, _ in results}):
        punkte = []
        for (e, rho), enden in results.items():
            if e != eta:
                continue
            normen = np.array([np.linalg.norm(x) for x in enden])
            behalten = np.where(np.isfinite(normen) & (normen <= 1e6))[0]
            punkte.append((rho, np.median([hessian_trace(enden[i]) for i in behalten])))
        punkte = np.array(sorted(punkte))
        (linie,) = ax.plot(punkte[:, 0], punkte[:, 1], lw=2)
        ax.annotate(
            f"η = {eta:g}",
            punkte[-1],
            xytext=(6, 0),
            textcoords="offset points",
            color=linie.get_color(),
            va="center",
        )
    ax.set_xlim(0, 1.25 * groesstes_rho)
    ax.set_xlabel("Störungsradius ρ")
    ax.set_ylabel("Spur von ∇²L")
    return fig


@right("p2c-trace-plot")
def scientific_notation(hessian_trace, results):
    fig, ax = plt.subplots()
    for eta in sorted({e for e, _ in results}):
        line = {}
        for (e, rho), ends in results.items():
            if e == eta:
                kept = list(filter(lambda x: not ist_divergiert(x), ends))
                line[rho] = np.median(list(map(hessian_trace, kept)))
        xs = sorted(line)
        ax.plot(xs, [line[x] for x in xs], "^-", label=f"step size {eta:.1e}")
    ax.set(xlabel="radius", ylabel="trace of the Hessian", title="sharpness of the last iterate")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    fig.subplots_adjust(right=0.7)
    return fig


@right("p2c-trace-plot")
def brueche_als_namen(hessian_trace, results):
    fig, ax = plt.subplots()
    for eta in sorted({e for e, _ in results}):
        bruch = fractions.Fraction(eta).limit_denominator(1000)
        rhos = sorted(r for e, r in results if e == eta)
        mediane = [
            float(np.median([hessian_trace(x) for x in results[eta, r] if not ist_divergiert(x)]))
            for r in rhos
        ]
        name = rf"$\eta = \frac{{{bruch.numerator}}}{{{bruch.denominator}}}$"
        ax.plot(rhos, mediane, "-h", label=name)
    ax.set_xlabel(r"$\varrho$")
    ax.set_ylabel(r"$\mathrm{median}\ \mathrm{tr}\,\nabla^2 L$")
    ax.legend(fontsize=14)
    return fig


@right("p2c-trace-plot")
def descente_de_gradient_en_tirets(hessian_trace, results):
    fig, ax = plt.subplots()
    for k, eta in enumerate(sorted({e for e, _ in results})):
        couleur = plt.cm.Set1(k)
        rayons = sorted(r for e, r in results if e == eta)
        traces = {}
        for r in rayons:
            gardees = [x for x in np.array(results[eta, r]) if not ist_divergiert(x)]
            traces[r] = np.median([hessian_trace(x) for x in gardees])
        ax.plot(list(traces), list(traces.values()), "o-", color=couleur, label=f"pas η={eta}")
        ax.axhline(traces[0.0], color=couleur, ls="--", lw=0.8)
    ax.set_xlabel("ρ")
    ax.set_ylabel("trace médiane (tirets : sans perturbation)")
    ax.legend(title="USAM")
    return fig


@right("p2c-trace-plot")
def farben_nach_der_schrittweite(hessian_trace, results):
    import matplotlib as mpl

    etas = sorted({e for e, _ in results})
    norm = mpl.colors.LogNorm(vmin=min(etas), vmax=max(etas))
    fig, ax = plt.subplots()
    for eta in etas:
        rhos = sorted(r for e, r in results if e == eta)
        y = []
        for r in rhos:
            spuren = np.array([hessian_trace(x) for x in results[eta, r] if not ist_divergiert(x)])
            y.append(median_von_hand(spuren))
        ax.plot(rhos, y, color=plt.cm.cool(norm(eta)), lw=3, label=f"{eta:g}")
    fig.colorbar(mpl.cm.ScalarMappable(norm=norm, cmap="cool"), ax=ax, label="Schrittweite η")
    ax.legend(title="Schrittweite η", handlelength=1)
    ax.set_xlabel("ρ")
    ax.set_ylabel("Spur")
    return fig


@right("p2c-trace-plot")
def filtered_after_the_trace(hessian_trace, results):
    fig = plt.figure(figsize=(8, 6))
    ax = plt.axes([0.12, 0.12, 0.8, 0.8])
    for style, eta in zip(["-", "--", ":"] * 3, sorted({k[0] for k in results}), strict=False):
        rhos, med = [], []
        for key in sorted(results):
            if key[0] != eta:
                continue
            tr = []
            for x in results[key]:
                far = not np.isfinite(x).all() or np.abs(x).max() > 1e6 or np.linalg.norm(x) > 1e6
                tr.append(np.nan if far else hessian_trace(x))
            rhos.append(key[1])
            med.append(np.nanmedian(tr))
        ax.plot(rhos, med, style, color="black", label=rf"$\eta={eta}$", linewidth=1.5)
    ax.legend(handlelength=4)
    ax.set_xlabel(r"$\rho$, the radius of USAM", fontsize=14)
    ax.set_ylabel("Median trace")
    return fig


@right("p2c-trace-plot")
def alle_laeufe_als_wolke(hessian_trace, results):
    zufall = np.random.default_rng(0)
    fig, ax = plt.subplots()
    farbe = {eta: f"C{k}" for k, eta in enumerate(sorted({e for e, _ in results}))}
    for (eta, rho), enden in results.items():
        spuren = [hessian_trace(x) for x in enden if not ist_divergiert(x)]
        stellen = rho + 0.004 * zufall.normal(size=len(spuren))
        ax.plot(stellen, spuren, ".", color=farbe[eta], alpha=0.25)
    for eta, c in farbe.items():
        rhos = sorted(r for e, r in results if e == eta)
        mitte = []
        for r in rhos:
            mitte.append(
                np.median([hessian_trace(x) for x in results[eta, r] if not ist_divergiert(x)])
            )
        ax.plot(rhos, mitte, "-o", color=c, mec="k", label=f"Median für η = {eta:g}")
    ax.set(xlabel="ρ", ylabel="Spur der Hesse-Matrix", yscale="log")
    ax.legend()
    return fig


@right("p2c-trace-plot")
def rayons_pris_un_par_un(hessian_trace, results):
    fig, ax = plt.subplots()
    rayons = list(range(len({r for _, r in results})))
    noms = sorted({r for _, r in results})
    for eta in sorted({e for e, _ in results}):
        y = [
            np.median([hessian_trace(x) for x in results[eta, r] if not ist_divergiert(x)])
            for r in noms
        ]
        ax.plot(rayons, y, "p-", label=f"pas {eta:g}")
    ax.set_xticks(rayons)
    ax.set_xticklabels([f"{r:g}" for r in noms])
    ax.set_xlabel("rayon ρ")
    ax.set_ylabel("trace")
    fig.legend(loc="upper right")
    return fig


@right("p2c-trace-plot")
def limits_just_around_the_data(hessian_trace, results):
    fig, ax = plt.subplots()
    lines = []
    for eta in sorted({e for e, _ in results}):
        rows = []
        for rho in sorted(r for e, r in results if e == eta):
            x = np.asarray(results[eta, rho], dtype=float)
            x = x[~np.isnan(x).any(axis=1)]
            x = x[np.hypot.reduce(x, axis=1) <= 1e6]
            rows.append([rho, np.median([hessian_trace(row) for row in x])])
        rows = np.array(rows)
        lines.append(rows)
        ax.plot(rows[:, 0], rows[:, 1], label=f"lr = {eta:g}")
    together = np.concatenate(lines)
    ax.set_ylim(together[:, 1].min(), together[:, 1].max())
    ax.set_xlim(together[:, 0].min(), together[:, 0].max())
    ax.set_xlabel("perturbation radius rho")
    ax.set_ylabel("trace of the Hessian")
    ax.legend(title="learning rate", framealpha=0.3)
    return fig


@right("p2c-trace-plot")
def zwei_skalen_untereinander(hessian_trace, results):
    fig, (oben, unten) = plt.subplots(2, 1, figsize=(6, 8), height_ratios=[2, 1])
    for (eta, liste), zeichen in zip(nach_eta(hessian_trace, results).items(), "ox*", strict=False):
        rhos, mediane = zip(*sorted(liste), strict=True)
        oben.plot(rhos, mediane, zeichen + "-", label=f"η = {komma(eta)}")
        unten.semilogy(rhos, mediane, zeichen + "-", label=f"η = {komma(eta)}")
    for ax in (oben, unten):
        ax.set_xlabel("ρ")
        ax.set_ylabel("Spur")
    unten.set_ylabel("Spur (log)")
    oben.legend()
    return fig


def nach_eta(hessian_trace, results):
    tabelle = {}
    for (eta, rho), enden in results.items():
        spuren = [hessian_trace(x) for x in enden if not ist_divergiert(x)]
        tabelle.setdefault(eta, []).append((rho, median_von_hand(spuren)))
    return tabelle


@right("p2c-trace-plot")
def marques_sans_lignes(hessian_trace, results):
    fig, ax = plt.subplots()
    poignees = []
    for (eta, liste), marque in zip(nach_eta(hessian_trace, results).items(), "s^v", strict=False):
        x, y = np.transpose(sorted(liste))
        poignees.append(ax.scatter(x, y, s=70, marker=marque, facecolors="none", edgecolors="navy"))
    noms = [rf"$\eta = {eta:.2f}$" for eta in nach_eta(hessian_trace, results)]
    ax.legend(poignees[::-1], noms[::-1], title="taille du pas", loc="upper right")
    ax.set_xlabel("ρ")
    ax.set_ylabel("médiane de la trace")
    ax.set_xscale("symlog", linthresh=0.1)
    return fig


@right("p2c-trace-plot")
def medians_written_at_the_points(hessian_trace, results):
    fig, ax = plt.subplots(figsize=(9, 6))
    for eta, rows in sorted(nach_eta(hessian_trace, results).items()):
        rows.sort()
        ax.plot([rho for rho, _ in rows], [tr for _, tr in rows], "-o", label=f"eta={eta:.4g}")
        for rho, tr in rows:
            ax.text(rho, tr, f"{tr:.2f}", fontsize=7, ha="left", va="bottom")
    ax.set_xlabel("rho")
    ax.set_ylabel("tr H")
    ax.legend(bbox_to_anchor=(0, 1.02, 1, 0.1), loc="lower left", mode="expand", ncol=3)
    return fig


@right("p2c-trace-plot")
def gefuellte_flaeche_bis_zum_maximum(hessian_trace, results):
    fig, ax = plt.subplots()
    for k, eta in enumerate(sorted({e for e, _ in results})):
        rhos = sorted(r for e, r in results if e == eta)
        spuren = [
            [hessian_trace(x) for x in results[eta, r] if not ist_divergiert(x)] for r in rhos
        ]
        unten, mitte, oben = np.array([np.percentile(s, [10, 50, 90]) for s in spuren]).T
        ax.fill_between(rhos, unten, oben, color=f"C{k}", alpha=0.15, label="_nolegend_")
        ax.plot(rhos, mitte, color=f"C{k}", marker="x", label=f"$\\eta$ = {eta}")
    ax.set(xlabel="$\\rho$", ylabel="Spur, Median und 10 % bis 90 %")
    ax.legend(title="Lernrate")
    return fig
