"""Right pictures of the convergence, drawn in other ways than the reference's."""

import matplotlib.pyplot as plt
import numpy as np

from ..hidden.answers import right

# --- The picture ----------------------------------------------------------------------------------


@right("p3-plot")
def with_pyplot_alone(widths, errors):
    plt.figure()
    plt.plot(widths, errors, "x", label="measured")
    plt.plot(widths, 2 * errors.max() * (widths / widths.min()) ** -0.5, label="$m^{-1/2}$")
    plt.xscale("log")
    plt.yscale("log")
    plt.xlabel("m")
    plt.ylabel("relative error")
    plt.title("Convergence")
    plt.legend()
    return plt.gcf()


@right("p3-plot")
def scatter_and_fine_guide(widths, errors):
    figure, axes = plt.subplots()
    axes.scatter(widths, errors, c="k", label="error")
    fine = np.geomspace(widths.min(), widths.max(), 200)
    axes.plot(fine, errors.mean() * np.sqrt(np.mean(widths) / fine), "r:", label="O(m^-0.5)")
    axes.set(xscale="log", yscale="log", xlabel="width $m$", ylabel="error")
    figure.legend()
    return figure


@right("p3-plot")
def error_bars(widths, errors):
    figure, axes = plt.subplots()
    axes.errorbar(widths, errors, yerr=0.1 * errors, fmt="o-", capsize=3, label="error")
    axes.plot(widths, 0.5 / np.sqrt(widths), "k--", label=r"slope $-\frac{1}{2}$")
    axes.loglog()
    axes.set_xlabel("width")
    axes.set_ylabel("error")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure, axes


@right("p3-plot")
def logarithms_on_linear_axes(widths, errors):
    _, axes = plt.subplots()
    axes.plot(np.log10(widths), np.log10(errors), "s-", label="error")
    start = np.log10(errors[0])
    axes.plot(
        np.log10(widths), start - 0.5 * (np.log10(widths) - np.log10(widths[0])), label="slope -1/2"
    )
    axes.set_xlabel("log10 of the width")
    axes.set_ylabel("log10 of the relative error")
    axes.legend()
    return axes


@right("p3-plot")
def guide_named_first(widths, errors):
    figure, axes = plt.subplots()
    lines = axes.loglog(widths, errors, "o-", widths, errors[0] * np.sqrt(widths[0] / widths), "--")
    axes.legend(lines[::-1], ["rate $m^{-1/2}$", "empirical kernel"])
    axes.set(xlabel="width", ylabel="error")
    return figure


@right("p3-plot")
def guide_with_a_direct_label(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "o", base=2)
    (guide,) = axes.loglog(widths, errors[0] * np.sqrt(widths[0] / widths), "--", base=2)
    axes.annotate("slope −1/2", (widths[1], errors[0]), color=guide.get_color())
    axes.set(xlabel="width", ylabel="error")
    axes.grid(True)
    return figure


@right("p3-plot")
def more_lines_than_asked_for(widths, errors):
    figure, (left, right_side) = plt.subplots(1, 2, figsize=(10, 4))
    left.plot(widths, errors)
    left.set(xlabel="width", ylabel="error", title="linear")
    right_side.loglog(widths, errors, "o-", label="kernel error", alpha=0.7)
    for power in (-1, -0.5, -0.25):
        guide = errors[0] * (widths / widths[0]) ** power
        right_side.loglog(widths, guide, "--", lw=0.8, label=f"guide, slope {power}")
    right_side.axhline(errors.min(), color="gray")
    right_side.set(xlabel="width", ylabel="error", title="log-log")
    right_side.legend(fontsize=7)
    return figure
