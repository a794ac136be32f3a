"""Given pictures of Homework 2; none shows the data or the answer of an item.

A notebook shows `![what it shows](attachment:NAME.png)` for the function NAME of this module.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from solutions.hw2 import landscape, momentum, ntk

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#57606a"


def _canvas(width: float = 4.6, height: float = 3.4) -> tuple[Figure, Axes]:
    """Return a figure with one set of axes, without the upper and the right spine.

    A phone shows the figure at half its width, so a width of 4.6 inches keeps texts readable.
    """
    figure = Figure(figsize=(width, height))
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


# --- Problem 1 ------------------------------------------------------------------------------------


def two_paths() -> Figure:
    """Draw plain SGD and momentum in the plane, from one start and with the same step size."""
    problem = momentum.least_squares(dimension=2, seed=3)
    indices = np.random.default_rng(4).integers(problem.num_functions, size=150)
    target = np.linalg.lstsq(problem.A, problem.b)[0]
    start, rates = target + np.array([-3.0, 0.9]), np.full(len(indices), 0.02)

    figure, axes = _canvas()
    across, up = target[0] + np.linspace(-3.3, 1.3, 93), target[1] + np.linspace(-0.9, 1.2, 85)
    values = [[problem.objective(np.array([x, y])) for x in across] for y in up]
    levels = np.geomspace(0.007, 3, 12)
    axes.contour(across, up, values, levels, colors="#c8ccd1", linewidths=0.9)
    for beta, label, color in ((0.0, "plain SGD", ORANGE), (0.9, "momentum, β = 0.9", BLUE)):
        betas = np.full(len(indices), beta)
        path = momentum.momentum(problem.gradient, start, rates, betas, indices)
        axes.plot(*path.T, ".-", color=color, linewidth=1.4, markersize=4, label=label)
    axes.plot(*start, "o", color="black", markersize=8)
    axes.annotate("start", start, (6, 8), textcoords="offset points")
    axes.plot(*target, "*", color="black", markersize=14, zorder=3)
    axes.annotate("minimum", target, (9, -15), textcoords="offset points")
    axes.set_xlabel("$x_1$")
    axes.set_ylabel("$x_2$")
    axes.legend(loc="upper right")
    return figure


def objective_form() -> Figure:
    """Draw an example of an objective against steps: three made-up runs, two of which coincide."""
    steps = np.arange(31)
    fast, slow = 5 * 0.8**steps + 0.02, 5 * 0.93**steps + 0.02
    figure, axes = _canvas(4.6, 2.6)
    axes.semilogy(steps, fast, color=BLUE, linewidth=5, label="run A")
    axes.semilogy(steps, fast, "--", color=ORANGE, linewidth=2, label="run B, same as A")
    axes.semilogy(steps, slow, ":", color=GREEN, linewidth=2, label="run C")
    axes.set_xlabel("step $t$")
    axes.set_ylabel("objective")
    axes.legend()
    return figure


# --- Problem 2 ------------------------------------------------------------------------------------


def two_descents() -> Figure:
    """Draw a run of GD and a run of USAM in the valley, and the loss across their ends."""
    figure = Figure(figsize=(4.6, 5.4), layout="constrained")
    axes, walls = figure.subplots(2, height_ratios=[3, 2])
    across, up = np.linspace(0, 2.25, 91), np.linspace(-0.35, 1.85, 89)
    values = [[landscape.loss(np.array([u, v])) for u in across] for v in up]
    axes.contour(across, up, values, np.geomspace(0.01, 6, 12), colors="#c8ccd1", linewidths=0.9)
    axes.axhline(0, color="black", linewidth=2.5)
    axes.annotate("floor: all minima", (1.4, 0), (0, -17), textcoords="offset points")
    for part in (axes, walls):
        part.spines[["top", "right"]].set_visible(False)
    start, heights = np.array([2.0, 1.6]), np.linspace(-1, 1, 61)
    for rho, label, color in ((0.0, "GD", ORANGE), (0.5, "USAM", BLUE)):
        path = landscape.usam(landscape.gradient, start, 0.003, rho, 2500)
        end = path[-1, 0]
        axes.plot(*path.T, color=color, linewidth=2.2, label=label)
        axes.plot(end, 0, "o", color=color, markersize=10, markeredgecolor="black", zorder=3)
        wall = [landscape.loss(np.array([end, v])) for v in heights]
        walls.plot(heights, wall, color=color, linewidth=2.2, label=f"where {label} ends")
    axes.plot(*start, "o", color="black", markersize=8)
    axes.annotate("start", (2.0, 1.6), (-2, 8), textcoords="offset points")
    axes.set_xlabel("$u$")
    axes.set_ylabel("$v$")
    axes.legend(loc="upper left")
    walls.set_xlabel("$v$, across the floor")
    walls.set_ylabel("loss")
    walls.set_ylim(-0.03, 1.05)
    walls.legend(loc="upper center")
    return figure


def traces_form() -> Figure:
    """Draw an example of medians against the radius, with made-up numbers."""
    figure, axes = _canvas(4.6, 2.6)
    rhos = np.array([0, 1, 2, 3])
    made_up = {"1": [3, 5, 2, 4], "2": [6, 6, 5, 7], "3": [8, 7, 9, 8]}
    for (eta, medians), color, marker in zip(
        made_up.items(), (BLUE, RED, GREEN), "os^", strict=True
    ):
        axes.plot(rhos, medians, color=color, marker=marker, label=rf"$\eta$ = {eta}")
    axes.set_xlabel(r"radius $\rho$")
    axes.set_ylabel("median of the trace")
    axes.set_xticks(rhos)
    axes.set_ylim(0, 10)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    return figure


def landscape_form() -> Figure:
    """Draw how to mark points on a loss surface; the loss and the points are made up."""
    figure, axes = _canvas()
    u, v = np.meshgrid(np.linspace(-2, 2, 61), np.linspace(-2, 2, 61))
    bowl = axes.contourf(u, v, (u - 0.4) ** 2 + 2 * (v + 0.3) ** 2, 14, cmap="Greys")
    figure.colorbar(bowl, ax=axes, label="loss")
    marks = np.random.default_rng(1).uniform(-1.7, 1.7, size=(2, 2, 7))
    axes.plot(*marks[0], "s", color=RED, markersize=8, markeredgecolor="black", label="GD")
    axes.plot(*marks[1], "o", color="white", markersize=7, markeredgecolor="black", label="USAM")
    axes.set_xlabel("$u$")
    axes.set_ylabel("$v$")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return figure


# --- Problem 3 ------------------------------------------------------------------------------------


def growing_width() -> Figure:
    """Draw the kernels of random ReLU networks as a function of the angle, and their limit."""
    rng = np.random.default_rng(5)
    angles = np.linspace(0, np.pi, 91)
    X = np.column_stack([np.cos(angles), np.sin(angles)])

    figure, axes = _canvas()
    for m, color in ((10, "#F3CE85"), (100, "#8CC4E8"), (1000, BLUE)):
        for k in range(12):
            v, W = rng.normal(size=m), rng.normal(size=(m, 2))
            label = f"width {m}" if k == 0 else None
            kernel = ntk.empirical_ntk(v, W, X, 1)[0]
            axes.plot(np.degrees(angles), kernel, color=color, linewidth=1.1, label=label)
    limit = ntk.limit_ntk(X, 1)[0]
    axes.plot(np.degrees(angles), limit, "--", color="black", linewidth=2, label="limit")
    axes.set_xticks([0, 45, 90, 135, 180])
    axes.set_xlabel("angle between the two inputs, in degrees")
    axes.set_ylabel("tangent kernel")
    axes.legend(frameon=False)
    return figure


def convergence_form() -> Figure:
    """Draw made-up errors on logarithmic axes, beside a guide of slope −1/2."""
    widths = np.array([5.0, 20, 80, 320, 1280])
    errors = np.array([0.7, 0.5, 0.16, 0.11, 0.045])
    figure, axes = _canvas(4.6, 2.6)
    axes.loglog(widths, errors, "o-", color=BLUE, label="made-up errors")
    axes.loglog(widths, errors[0] * np.sqrt(widths[0] / widths), "--", color=RED, label="guide")
    axes.tick_params(which="minor", labelleft=False)
    axes.set_xlabel("width")
    axes.set_ylabel("relative error")
    axes.legend(frameon=False)
    return figure
