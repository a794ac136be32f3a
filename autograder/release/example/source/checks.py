"""Visible checks of HOMEWORK: they show what is right so far, and what to look at next.

Each item that is marked by tests has a function here, named like the item (`p1-newton` is
`p1_newton`), and a cell of its notebook calls it with `globals()`. The function tries your
functions on an example small enough for pen and paper. Stuck? Each check has three hints: open them
below its verdict, or call `checks.hint("p1-newton")` up to three times.

When you are done, `checks.pack()` (or `python checks.py pack`) runs your saved notebooks again and
packs them into one file to hand in.

A ✓ is a good sign, but earns no points: the hidden tests use other and harder inputs.
"""

from __future__ import annotations

import numpy as np

from autograder.release.checkskit import *


def square_minus_two(x: float) -> float:
    """Return x² − 2."""
    return x**2 - 2


def doubled(x: float) -> float:
    """Return 2x, the slope of x² − 2."""
    return 2 * x


@check(
    "Where does the tangent at the last iterate cross zero? Solve its equation for x on paper.",
    "An array of T + 1 floats: the start, then one entry per step. Zero steps give one entry.",
    "Section a), equation (1), and the example below it.",
)
def p1_newton(yours: Answers) -> Lines:
    """Check two steps for f(x) = x² − 2 from 2, worked out by hand: 2, 3/2, 17/12."""
    answer = yours.newton(square_minus_two, doubled, 2.0, 2)
    yield close(answer, (2, 3 / 2, 17 / 12), "Two steps from 2 for x² − 2")


@check(
    "You get iterates, but the picture shows distances. From what, and with which sign?",
    "One line for each entry of the dictionary against 0, 1, …; a legend and two axis labels. The "
    "function returns the Figure.",
    "Section b). The runs may have different lengths.",
)
def p1_plot(yours: Answers) -> Lines:
    """Check two short runs around the root 1."""
    runs = {"one": np.array([3.0, 0.5, 1.25]), "two": np.array([0.0, 1.5])}
    figure = as_figure(yours.plot_errors(1.0, runs))
    curve(figure, (0, 1), (1, 0.5), "The distances of the run “two”")
    axes = curve(figure, (0, 1, 2), (2, 0.5, 0.25), "The distances of the run “one”")
    yield "the distances of both runs are lines against the steps"
    yield legend_names(figure, 2)
    yield axis_labels(axes)


@check(
    "How many iterates does the fraction need, and at which end of the array are they?",
    "One number. For errors that are squared in each step it is 2.",
    "Section d), equation (2). An error is a distance and has no sign.",
)
def p1_order(yours: Answers) -> Lines:
    """Errors of 1/2, 1/4 and 1/16 on both sides of the root 1: each is the square of the last."""
    answer = yours.convergence_order(np.array([1.5, 0.75, 1.0625]), 1.0)
    yield close(answer, 2.0, "The order for the errors 1/2, 1/4, 1/16")
