"""Looking at figures"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

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


def surfaces(figure: Figure) -> list[np.ndarray]:
    """Return rows (x, y, height) of each surface in a figure that can be read.

    Of bands and level lines the heights are only the order of their levels.
    """
    found = []
    for axes in figure.axes:
        for artist in (*axes.collections, *axes.images) if axes.get_label() != "<colorbar>" else ():
            try:
                rows = [_filled(part).reshape(-1, 3) for part in _readings(artist)]
            except (AttributeError, TypeError, ValueError, IndexError):
                continue  # another version of matplotlib keeps it in another form
            data = np.concatenate([*rows, np.empty((0, 3))])
            data = data[np.isfinite(data).all(axis=1)]
            if len(data) and np.ptp(data[:, 2]) > 0:
                found.append(data)
    return found


def _filled(part: Any) -> Any:
    """Return an array of floats, NaN where it is masked."""
    return np.ma.filled(np.ma.asarray(part, float), np.nan)


def _readings(artist: Any) -> Iterator[Any]:
    """Yield arrays of rows (x, y, height) of a surface; nothing if its kind is unknown."""
    if hasattr(artist, "_segments3d"):
        yield from artist._segments3d
    elif getattr(artist, "_vec", None) is not None:
        yield artist._vec[:3].T
    elif getattr(artist, "_faces", None) is not None:
        yield artist._faces
    elif isinstance(artist, ContourSet):
        for order, path in enumerate(artist.get_paths()):
            points: Any = path.vertices
            yield np.column_stack([points, np.full(len(points), order)])
    elif isinstance(artist, QuadMesh):
        corners, heights = _filled(artist.get_coordinates()), _filled(artist.get_array())
        if heights.ndim < 3 and heights.size != corners[..., 0].size:
            corners = (corners[:-1] + corners[1:]) / 2
            corners = (corners[:, :-1] + corners[:, 1:]) / 2
        yield np.column_stack([corners.reshape(-1, 2), heights.ravel()])
    elif isinstance(artist, AxesImage):
        heights = _filled(artist.get_array())
        left, right, bottom, top = artist.get_extent()
        if artist.origin == "upper":
            bottom, top = top, bottom
        rows, columns = ((np.arange(n) + 0.5) / n for n in heights.shape)
        x, y = np.meshgrid(left + (right - left) * columns, bottom + (top - bottom) * rows)
        yield np.column_stack([x.ravel(), y.ravel(), heights.ravel()])


def rises_with(data: np.ndarray, heights: Callable[[np.ndarray], Any]) -> float:
    """Return the share of pairs of points that a surface and a function put in the same order."""
    draw = np.random.default_rng(0)
    one, other = data[draw.integers(len(data), size=(2, 1500))]
    differ = one[:, 2] != other[:, 2]
    up = (one[:, 2] < other[:, 2])[:, np.newaxis]
    low, high = np.where(up, one, other)[differ, :2], np.where(up, other, one)[differ, :2]
    below, above = ([float(heights(x)) for x in part] for part in (low, high))
    if not below:
        return 1.0
    almost = 0.01 * float(np.ptp([*below, *above]))
    return float(np.mean(np.array(below) <= np.array(above) + almost))
