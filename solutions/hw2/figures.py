"""The figures of Homework 2, drawn from the results of the other functions.

Each function draws on a new figure and returns the figure. Lines differ by colour and by marker or
dash. The colours are the palette of Okabe and Ito, which people with a colour vision deficiency can
distinguish.
"""

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure


def plot_objective(
    objective: Callable[[np.ndarray], float],
    trajectories: Mapping[str, np.ndarray],
) -> Figure:
    """Draw the objective along each trajectory against the number of steps.

    objective(x) is the value at one point; trajectories maps a label to the
    iterates of a run, shape (T+1, d). Draw one line for each trajectory, show
    the labels in a legend, and label both axes. A logarithmic axis for the
    objective shows small values best.
    """
    styles = ["-", "--", ":", "-."]
    colors = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9"]
    figure, axes = plt.subplots(figsize=(7, 4.2))
    for k, (label, iterates) in enumerate(trajectories.items()):
        values = [objective(x) for x in iterates]
        axes.plot(
            range(len(values)),
            values,
            label=label,
            color=colors[k % len(colors)],
            linestyle=styles[k % len(styles)],
            linewidth=max(5.0 - 1.7 * k, 1.6),  # if lines coincide, one shows around the other
        )
    axes.set_yscale("log")
    axes.set_xlabel("step $t$")
    axes.set_ylabel("objective $f(x^t)$")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def plot_traces(
    hessian_trace: Callable[[np.ndarray], float],
    results: Mapping[tuple[float, float], np.ndarray],
) -> Figure:
    """Draw the final trace of the Hessian against rho, one line for each eta.

    hessian_trace(x) is the trace at one point; results maps (eta, rho) to the
    last iterates of the runs, shape (R, d+1). Each point is the median over
    the runs that did not diverge (finite, and of norm at most 10⁶). Name each
    line's eta in a legend, and label both axes.
    """
    markers = ["o", "s", "^", "D", "v", "P"]
    colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
    figure, axes = plt.subplots(figsize=(7, 4.2))
    for k, eta in enumerate(sorted({eta for eta, _ in results})):
        rhos = sorted(rho for other, rho in results if other == eta)
        medians = []
        for rho in rhos:
            ends = np.asarray(results[eta, rho], dtype=float)
            with np.errstate(over="ignore"):  # the norm of a diverged run overflows
                kept = ends[np.linalg.norm(ends, axis=1) <= 1e6]
            traces = [hessian_trace(x) for x in kept]
            medians.append(np.median(traces) if traces else np.nan)
        axes.plot(
            rhos,
            medians,
            label=rf"$\eta$ = {eta:g}",
            color=colors[k % len(colors)],
            marker=markers[k % len(markers)],
        )
    axes.set_xlabel(r"radius $\rho$ ($\rho = 0$ is GD)")
    axes.set_ylabel("trace of the Hessian, median")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def plot_landscape(
    loss: Callable[[np.ndarray], float],
    results: Mapping[tuple[float, float], np.ndarray],
    eta: float,
) -> Figure:
    """Draw the loss over the (u, v) plane, d = 1, with the last iterates on it.

    loss(x) is the loss at one point x = [u, v]; results maps (eta, rho) to the
    last iterates of the runs, shape (R, 2). Show those of the given eta:
    rho = 0 is GD, each rho > 0 is USAM. Make the plane large enough for all of
    them. Distinguish GD and USAM in a legend, and label both axes.
    """
    # GD's markers are the largest, so that they show around USAM's if both end there.
    markers, sizes = ["s", "o", "^", "D", "v", "P"], [130, 45, 40, 30, 30, 30]
    colors = ["#D55E00", "#FFFFFF", "#56B4E9", "#F0E442", "#CC79A7", "#009E73"]
    ends = {rho: np.asarray(results[eta, rho]) for e, rho in sorted(results) if e == eta}
    with np.errstate(over="ignore"):  # the norm of a diverged run overflows
        kept = {rho: x[np.linalg.norm(x, axis=1) <= 1e6] for rho, x in ends.items()}
    radius = 1.15 * max([1.0, *(float(np.abs(x).max()) for x in kept.values() if x.size)])
    grid = np.linspace(-radius, radius, 81)
    values = np.array([[loss(np.array([u, v])) for u in grid] for v in grid])

    figure, axes = plt.subplots(figsize=(6.6, 5.2))
    # Levels that grow like a square, with a colour each, show both the floor and the corners.
    levels = np.unique(values.min() + np.ptp(values) * np.linspace(0, 1, 25) ** 2)
    shades = plt.get_cmap("viridis")(np.linspace(0, 1, len(levels) - 1))
    surface = axes.contourf(grid, grid, values, levels=levels, colors=shades)
    figure.colorbar(surface, ax=axes, label="loss $L(u, v)$", format="%.2g")
    for k, (rho, points) in enumerate(kept.items()):
        axes.scatter(
            points[:, 0],
            points[:, 1],
            label="GD" if rho == 0 else rf"USAM, $\rho$ = {rho:g}",
            marker=markers[k % len(markers)],
            color=colors[k % len(colors)],
            edgecolor="black",
            s=sizes[k % len(sizes)],
            zorder=3 + k,
        )
    axes.set_xlabel("$u$")
    axes.set_ylabel("$v$")
    axes.set_title(rf"last iterates on the loss surface, $\eta$ = {eta:g}")
    axes.grid(False)
    axes.legend(frameon=True, facecolor="white", framealpha=0.9)
    return figure


def plot_convergence(widths: np.ndarray, errors: np.ndarray) -> Figure:
    """Draw the kernel's relative error against the width on logarithmic axes.

    widths and errors have the same shape (K,). Draw a guide of slope −1/2 too,
    for example through the first point. Name both lines in a legend, and label
    both axes.
    """
    widths, errors = np.asarray(widths, dtype=float), np.asarray(errors, dtype=float)
    figure, axes = plt.subplots(figsize=(6.4, 4.2))
    axes.loglog(widths, errors, "o-", color="#0072B2", label="empirical kernel")
    guide = errors[0] * np.sqrt(widths[0] / widths)
    axes.loglog(widths, guide, "--", color="#D55E00", label=r"guide of slope $-\frac{1}{2}$")
    axes.set_xlabel("width $m$")
    axes.set_ylabel("relative error")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    return figure
