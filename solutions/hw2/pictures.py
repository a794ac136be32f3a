"""Given pictures of Homework 2; none shows the data or the answer of an item.

A notebook shows `![what it shows](attachment:NAME.png)` for the function NAME of this module.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from solutions.hw2 import momentum

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#57606a"


def _canvas(width: float = 6.4, height: float = 3.6) -> tuple[Figure, Axes]:
    """Return a figure with one set of axes, without the upper and the right spine."""
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

    figure, axes = _canvas(7.0, 3.8)
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
    """Draw the form of an objective against steps, for three made-up runs; two coincide."""
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


# --- Problem 3 ------------------------------------------------------------------------------------
