"""Right pictures of the objective, drawn in other ways than the reference's."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from ..hidden.answers import right

# --- The picture ----------------------------------------------------------------------------------


@right("p1-plot")
def with_pyplot_alone(objective, trajectories):
    figure = plt.figure()
    for label, path in trajectories.items():
        plt.semilogy([objective(x) for x in path], ".-", label=label)
    plt.xlabel("t")
    plt.ylabel("f")
    plt.legend(loc="best")
    return figure


@right("p1-plot")
def linear_scale(objective, trajectories):
    figure, axes = plt.subplots()
    for label in reversed(list(trajectories)):
        values = np.array([objective(x) for x in trajectories[label]])
        axes.plot(np.arange(len(values)), values, lw=0.8, label=f"{label} (run)")
    axes.set(xlabel="step", ylabel="objective", title="Objective along the runs")
    axes.axhline(0, color="k", lw=0.5)
    axes.legend(bbox_to_anchor=(1.02, 1), loc="upper left")
    return figure, axes


@right("p1-plot")
def markers_alone(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.scatter(range(len(path)), [objective(x) for x in path], s=9, label=label)
    axes.set_yscale("log")
    axes.set_xlabel("iteration")
    axes.set_ylabel("$f(x^t)$")
    figure.legend()
    return axes


@right("p1-plot")
def logarithms_on_a_linear_scale(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot([np.log10(objective(x)) for x in path], label=label)
    axes.set_xlabel("step")
    axes.set_ylabel(r"$\log_{10} f(x^t)$")
    axes.legend()
    return figure


@right("p1-plot")
def axes_for_each(objective, trajectories):
    figure, parts = plt.subplots(1, len(trajectories), sharey=True, squeeze=False)
    for axes, (label, path) in zip(parts[0], trajectories.items(), strict=True):
        axes.plot([objective(x) for x in path], "k-")
        axes.set_title(label)
        axes.set_xlabel("step")
    parts[0, 0].set_ylabel("objective")
    return figure


@right("p1-plot")
def direct_labels(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        values = [objective(x) for x in path]
        axes.errorbar(range(len(values)), values, yerr=0.05, fmt="o-")
        axes.annotate(label, (len(values) - 1, values[-1]))
    figure.supxlabel("step")
    figure.supylabel("objective")
    axes.grid()
    return figure


@right("p1-plot")
def dot_by_dot(objective, trajectories):
    figure, axes = plt.subplots()
    for k, (label, path) in enumerate(trajectories.items()):
        for t, x in enumerate(path):
            name = label if t == 0 else None
            axes.plot(t, objective(x), "o", color=f"C{k}", label=name)
    axes.set_xlabel("step")
    axes.set_ylabel("objective")
    axes.legend()
    return figure


@right("p1-plot")
def named_by_legend_alone(objective, trajectories):
    figure, axes = plt.subplots()
    lines = [axes.step(range(len(p)), [objective(x) for x in p])[0] for p in trajectories.values()]
    axes.legend(lines, list(trajectories))
    axes.set_xlabel("step")
    axes.set_ylabel("objective")
    return figure


@right("p1-plot")
def named_in_another_order(objective, trajectories):
    figure, axes = plt.subplots()
    lines = [axes.plot([objective(x) for x in p], label="?")[0] for p in trajectories.values()]
    axes.set(xlabel="step", ylabel="objective")
    figure.legend(lines[::-1], list(trajectories)[::-1])
    return figure


@right("p1-plot")
def named_by_patches_of_colour(objective, trajectories):
    figure, axes = plt.subplots()
    patches = {}
    for k, (label, path) in enumerate(trajectories.items()):
        axes.plot([objective(x) for x in path], "o--", color=f"C{k}", alpha=0.6)
        patches[label] = plt.Rectangle((0, 0), 1, 1, color=f"C{k}")
    axes.set(xlabel="step", ylabel="objective")
    axes.legend([*patches.values()][::-1], [*patches][::-1])
    return figure


@right("p1-plot")
def named_by_empty_lines(objective, trajectories):
    figure, axes = plt.subplots()
    for k, (label, path) in enumerate(trajectories.items()):
        axes.plot([objective(x) for x in path], color=f"C{k}")
        axes.plot([], [], color=f"C{k}", label=label)
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@right("p1-plot")
def legend_of_what_dashes_mean(objective, trajectories):
    figure, axes = plt.subplots()
    for style, (label, path) in zip(("-", "--", ":"), trajectories.items(), strict=False):
        axes.plot([objective(x) for x in path], style, color="k")
        axes.text(len(path) - 1, objective(path[-1]), label)
    axes.legend([plt.Line2D([], [], color="k", ls=s) for s in ("-", "--")], ["first", "later"])
    axes.set(xlabel="step", ylabel="objective")
    return figure


@right("p1-plot")
def all_in_one_style(objective, trajectories):
    figure, axes = plt.subplots()
    lines = [axes.plot([objective(x) for x in p], "k")[0] for p in trajectories.values()]
    axes.legend(lines, list(trajectories))
    axes.set(xlabel="step", ylabel="objective")
    return figure


@right("p1-plot")
def figure_without_pyplot(objective, trajectories):
    figure = mpl.figure.Figure(figsize=(3, 2), layout="tight")
    axes = figure.add_axes((0.2, 0.2, 0.7, 0.7))
    for label, path in trajectories.items():
        axes.add_line(plt.Line2D(range(len(path)), list(map(objective, path)), label=label))
    axes.autoscale_view()
    axes.set_xlabel("t", fontsize=20)
    axes.set_ylabel("f(x)", rotation=0)
    axes.legend()
    return figure


@right("p1-plot")
def dark_style(objective, trajectories):
    with plt.style.context("dark_background"):
        figure, axes = plt.subplots()
        for label, path in trajectories.items():
            axes.plot([objective(x) for x in path], color="white", label=label, marker="v")
            axes.annotate(
                label, xy=(0, objective(path[0])), xytext=(1, 1), arrowprops={"color": "w"}
            )
        axes.set(xlabel="step", ylabel="objective")
        axes.legend(facecolor="k")
    return figure


@right("p1-plot")
def one_collection_of_lines(objective, trajectories):
    figure, axes = plt.subplots()
    for k, (label, path) in enumerate(trajectories.items()):
        points = [(t, objective(x)) for t, x in enumerate(path)]
        lines = mpl.collections.LineCollection([points], colors=f"C{k}", label=label)
        axes.add_collection(lines)
    axes.autoscale()
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@right("p1-plot")
def decorated(objective, trajectories):
    figure, axes = plt.subplots(figsize=(9, 4), dpi=50)
    for label, path in trajectories.items():
        values = np.array([objective(x) for x in path])
        axes.fill_between(range(len(path)), values - 0.1, values + 0.1, alpha=0.2)
        axes.plot(values, drawstyle="steps-post", zorder=5, clip_on=False, label=label)
    best = min(objective(x) for path in trajectories.values() for x in path)
    axes.axhline(best, ls="--", label="best value seen")
    axes.axvspan(0, 1, color="0.9")
    axes.text(0.5, 0.5, "a note", transform=axes.transAxes)
    axes.set(xlabel="step", ylabel="objective", title="Runs", xlim=(-0.5, 9))
    axes.spines[["top", "right"]].set_visible(False)
    axes.minorticks_on()
    axes.grid(which="both", alpha=0.3)
    axes.legend(title="run", ncols=2, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1))
    return figure


@right("p1-plot")
def symmetric_logarithm_and_stems(objective, trajectories):
    figure, axes = plt.subplots()
    for k, (label, path) in enumerate(trajectories.items()):
        axes.stem([objective(x) for x in path], linefmt=f"C{k}-", markerfmt=f"C{k}o", label=label)
    axes.set_yscale("symlog")
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@right("p1-plot")
def plain_numbers_of_arrays(objective, trajectories):
    plt.close("all")
    plt.figure(7)
    columns = {
        label: np.array([[objective(x)] for x in path]) for label, path in trajectories.items()
    }
    for label in sorted(columns):
        plt.plot(columns[label], label=label.upper())
    plt.gca().set_xlabel("Iteration")
    plt.gca().set_ylabel("Objective")
    plt.figlegend()
    plt.tight_layout()
    return plt.gca()


@right("p1-plot")
def legend_drawn_by_hand(objective, trajectories):
    figure, (axes, beside) = plt.subplots(1, 2, width_ratios=[4, 1])
    for k, (label, path) in enumerate(trajectories.items()):
        axes.plot([objective(x) for x in path], color=f"C{k}")
        axes.text(1.0, 1 - 0.1 * k, label, color=f"C{k}", transform=axes.transAxes)
    beside.axis("off")
    axes.set(xlabel="step", ylabel="objective")
    return figure


@right("p1-plot")
def zoomed_in_beside(objective, trajectories):
    figure, axes = plt.subplots()
    inset = axes.inset_axes((0.5, 0.5, 0.4, 0.4))
    for label, path in trajectories.items():
        values = [objective(x) for x in path]
        axes.plot(values, label=label)
        inset.plot(values[:3])
    axes.set(xlabel="step", ylabel="objective")
    axes.legend(loc=3)
    return figure


@right("p1-plot")
def second_scale_for_the_logarithm(objective, trajectories):
    figure, axes = plt.subplots(layout="constrained")
    for label, path in trajectories.items():
        axes.plot(np.arange(len(path)), [objective(x) for x in path], label=label)
    axes.secondary_yaxis("right", functions=(np.sqrt, np.square)).set_ylabel("root")
    axes.set(xlabel="step", ylabel="objective")
    axes.legend()
    return figure


@right("p1-plot")
def labels_with_more_words(objective, trajectories):
    figure, axes = plt.subplots()
    handles = []
    for label, path in trajectories.items():
        values = [objective(x) for x in path]
        handles += axes.plot(values)
        handles[-1].set_label(f"SGD, {label}: {len(path) - 1} steps, ends at {values[-1]:.2f}")
    axes.set(xlabel="step", ylabel="objective")
    axes.legend(handles=handles)
    return figure


@right("p1-plot")
def in_german(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.semilogy([objective(x) for x in path], label=f"Lauf: {label}")
    axes.set(xlabel="Iteration", ylabel="Zielfunktion f(x)")
    axes.legend()
    return figure


@right("p1-plot")
def in_french(objective, trajectories):
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        axes.plot([objective(x) for x in path], label=label.replace(" ", "-").title())
    axes.set(xlabel="nombre d'itérations", ylabel="valeur de la fonction objectif")
    axes.legend()
    return figure
