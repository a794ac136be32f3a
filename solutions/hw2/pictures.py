"""Given pictures of Homework 2; none shows the data or the answer of an item.

A notebook shows `![what it shows](attachment:NAME.png)` for the function NAME of this module.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#57606a"


def _canvas(width: float = 6.4, height: float = 3.6) -> tuple[Figure, Axes]:
    """Return a figure with one set of axes, without the upper and the right spine."""
    figure = Figure(figsize=(width, height))
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


# --- Problem 1 ------------------------------------------------------------------------------------


# --- Problem 2 ------------------------------------------------------------------------------------


# --- Problem 3 ------------------------------------------------------------------------------------
