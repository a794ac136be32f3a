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


@right("p3-plot")
def power_of_the_width_as_label(widths, errors):
    fig, ax = plt.subplots(1, 1, figsize=(6, 4))
    constant = np.exp(np.mean(np.log(errors) + 0.5 * np.log(widths)))
    ax.plot(widths, constant / np.sqrt(widths), color="gray", ls="-.", label=r"$\propto m^{-0.5}$")
    ax.plot(widths, errors, color="C3", marker="o", ls="none", label=r"$\|H - H^\infty\|$")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=10)
    ax.set_xlabel("m")
    ax.set_ylabel("rel. error")
    ax.legend(loc="lower left")
    return fig


@right("p3-plot")
def guide_of_two_points(widths, errors):
    figure, axes = plt.subplots()
    ends = np.array([widths[0], widths[-1]])
    axes.loglog(ends, errors[0] * (ends / ends[0]) ** -0.5, "k:", label="1/sqrt(m)")
    axes.loglog(widths, errors, "r.-", label="error")
    axes.set(xlabel="m", ylabel="error", title="Kernel error")
    axes.legend()
    return figure


@right("p3-plot")
def guide_by_two_points_and_a_slope(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "o-", label="error")
    first = (widths[0], errors[0])
    axes.axline(first, (100 * widths[0], errors[0] / 10), color="k", label="slope $-1/2$")
    axes.set(xlabel="m", ylabel="error")
    axes.legend()
    return figure


@right("p3-plot")
def triangle_of_the_slope(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "o-")
    m = np.asarray(widths, dtype=float)
    axes.loglog(m, 0.7 * errors[0] * (m / m[0]) ** (-1 / 2), "k--", lw=1)
    axes.text(m[2], 0.7 * errors[0] * (m[2] / m[0]) ** -0.5, "−1/2")
    axes.set(xlabel="width m", ylabel="relative error")
    return figure


@right("p3-plot")
def bare_lists(widths, errors):
    widths, errors = [int(m) for m in widths], [float(e) for e in errors]
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, marker="s", label="empirical")
    axes.loglog(
        widths, [2 * errors[0] * (m / widths[0]) ** -0.5 for m in widths], label="~ m^(-1/2)"
    )
    axes.set_xlabel("width")
    axes.set_ylabel("error")
    figure.legend(loc="upper right")
    return axes


@right("p3-plot")
def dark_style(widths, errors):
    with plt.style.context(["dark_background", {"lines.linewidth": 3}]):
        plt.figure()
        plt.loglog(widths, errors, "w*-")
        plt.loglog(widths, errors[0] * np.sqrt(widths[0] / widths), "w--")
        plt.legend(["error", r"$1/\sqrt{m}$"])
        plt.xlabel("m")
        plt.ylabel("error")
        plt.grid(True, which="both")
        return plt.gcf()


@right("p3-plot")
def shaded_rate(widths, errors):
    figure, axes = plt.subplots()
    axes.set(xscale="log", yscale="log", xlabel="width", ylabel="error")
    rate = errors[0] * np.sqrt(widths[0] / widths)
    axes.fill_between(widths, 0.5 * rate, 2 * rate, alpha=0.1)
    axes.plot(widths, rate, "--", label="O(1/√m)")
    axes.scatter(widths, errors, marker="x", label="kernel")
    axes.legend()
    axes.margins(0.2)
    return figure


@right("p3-plot")
def legend_in_words(widths, errors):
    plt.figure()
    plt.loglog(widths, errors, "o")
    plt.loglog(widths, errors.min() / np.sqrt(widths / widths.max()))
    plt.legend(["kernel error", "inverse square root of the width"])
    plt.xlabel("width")
    plt.ylabel("error")
    return plt.gcf()


@right("p3-plot")
def dot_by_dot(widths, errors):
    figure, axes = plt.subplots()
    for width, error in zip(widths, errors, strict=True):
        axes.loglog(width, error, "ko")
    axes.plot(widths, errors[0] * np.sqrt(widths[0] / widths), "r--", label="$m^{-1/2}$")
    axes.set(xlabel="width", ylabel="error")
    axes.legend()
    return figure


@right("p3-plot")
def in_german(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "o-", label="gemessener Fehler")
    axes.loglog(widths, errors[0] * np.sqrt(widths[0] / widths), ":", label="Steigung −1/2")
    axes.set(xlabel="Breite $m$", ylabel="relativer Fehler")
    axes.legend()
    return figure


@right("p3-plot")
def in_french(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "s", label="erreur mesurée")
    axes.loglog(widths, errors[0] * np.sqrt(widths[0] / widths), label="droite de pente −0,5")
    axes.set(xlabel="largeur du réseau", ylabel="erreur relative")
    axes.legend()
    return figure


@right("p3-plot")
def raised_signs(widths, errors):
    figure, axes = plt.subplots()
    axes.loglog(widths, errors, "s", label="NTK")
    axes.loglog(widths, errors[0] * np.sqrt(widths[0] / widths), label="∝ m⁻¹ᐟ²")
    axes.set(xlabel="m", ylabel="‖H_m − H‖ / ‖H‖")
    axes.legend()
    return figure
