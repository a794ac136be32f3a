"""Right pictures of the objective, drawn in other ways than the reference's."""

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
