"""Looking at figures"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from autograder.release.checkskit.answers import expect, kind, shown
from autograder.release.checkskit.facts import TOLERANCE
from autograder.release.checkskit.items import CheckError


def as_figure(answer: Any) -> Figure:
    """Return the Figure that a plotting function returned; CheckError unless it has axes."""
    figure = answer
    if isinstance(answer, (tuple, list)):  # such as `return figure, axes`
        figure = next((part for part in answer if isinstance(part, (Figure, Axes))), answer)
    if isinstance(figure, Axes):
        figure = figure.get_figure()
    if not isinstance(figure, Figure):
        raise CheckError(
            "broken",
            f"The function returned {kind(answer)} but should return the Figure: start with "
            "`figure, axes = plt.subplots()` and end with `return figure`.",
        )
    expect(
        figure.axes,
        "The Figure that the function returned has no axes in it. `plt.show()` closes a figure in "
        "a notebook: keep `figure, axes = plt.subplots()` and end with `return figure`.",
        "broken",
    )
    return figure


def curves(figure: Figure) -> list[tuple[Axes, np.ndarray, np.ndarray]]:
    """Return every line of a figure: its axes, its x data and its y data."""
    return [
        (axes, np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float))
        for axes in figure.axes
        for line in axes.get_lines()
    ]


def curve(figure: Figure, x: Any, y: Any, what: str) -> Axes:
    """Return the axes with the line, or the scattered points, through the given points."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    found = [*curves(figure), *_scattered(figure)]
    for axes, xs, ys in found:
        if xs.shape == x.shape and np.allclose(xs, x) and np.allclose(ys, y, rtol=TOLERANCE):
            return axes
    seen = "\n".join(f"  x = {shown(xs)}, y = {shown(ys)}" for _, xs, ys in found[:4])
    raise CheckError(
        "wrong",
        f"{what}: no line with x = {shown(x)}, y = {shown(y)} is in the figure. "
        + (f"Its lines:\n{seen}" if seen else "It has no line."),
    )


def _scattered(figure: Figure) -> list[tuple[Axes, np.ndarray, np.ndarray]]:
    """Return every set of points that `scatter` drew: its axes, its x data and its y data."""
    return [
        (axes, *np.asarray(points.get_offsets(), float).reshape(-1, 2).T)
        for axes in figure.axes
        for points in axes.collections
        if isinstance(points, PathCollection)
    ]


def legend_texts(figure: Figure) -> list[str]:
    """Return the texts of all legends of a figure."""
    legends = [*(axes.get_legend() for axes in figure.axes), *figure.legends]
    return [text.get_text() for legend in legends if legend for text in legend.get_texts()]


def legend_names(figure: Figure, count: int) -> str:
    """Check that the legends have at least `count` labels, and return them as a line."""
    words = legend_texts(figure)
    expect(
        len([word for word in words if word.strip()]) >= count,
        f"The legend names {len(words)} things but should name {count}: give each a `label=…` and "
        "call `axes.legend()`.",
    )
    return "the legend says: " + ", ".join(words)


def axis_labels(axes: Axes) -> str:
    """Check that both axes have a label, and return them as a line."""
    labels = {"x": axes.get_xlabel(), "y": axes.get_ylabel()}
    for direction, label in labels.items():
        expect(
            label.strip(),
            f"The {direction} axis has no label: `axes.set_{direction}label(…)` says what it "
            "shows.",
        )
    return f"the axes are labelled: {labels['x']}; {labels['y']}"
