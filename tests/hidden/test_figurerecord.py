"""The grader's record of a figure: its visible parts, and the data that the wire accepts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes

from autograder.sandbox.figurerecord import AxesData, CurveData, FigureData
from autograder.sandbox.inside.figures import read_figure
from autograder.sandbox.inside.figuresizes import MAX_TEXT
from autograder.sandbox.inside.wire import WireError

mpl.use("Agg")

GRID = np.linspace(-1, 1, 11)
U, V = np.meshgrid(GRID, GRID)


@pytest.fixture(autouse=True)
def _figures_closed() -> Iterator[None]:
    yield
    plt.close("all")


def drawn(draw: Callable[[Axes], Any]) -> AxesData:
    figure, axes = plt.subplots()
    draw(axes)
    return FigureData.from_wire(read_figure(figure)).axes[0]


def only_curve(draw: Callable[[Axes], Any]) -> tuple[AxesData, CurveData]:
    axes = drawn(draw)
    (curve,) = axes.curves
    return axes, curve


# --- Visible parts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "style",
    [
        {"visible": False},
        {"alpha": 0},
        {"linestyle": "none"},
        {"linewidth": 0},
        {"linewidth": 1e-3},
        {"color": "white"},
        {"color": "none"},
        {"color": (0, 0, 1, 0.01)},
        {"linestyle": "none", "marker": "o", "markersize": 0},
    ],
    ids=str,
)
def test_line_that_can_not_be_seen_is_not_shown(style: dict[str, Any]) -> None:
    axes, curve = only_curve(lambda axes: axes.plot([1, 2], [3, 4], **style))
    assert not axes.shows(curve)


@pytest.mark.parametrize(
    "style", [{"s": 0}, {"s": 1e-4}, {"alpha": 0}, {"c": "none"}, {"c": "white"}], ids=str
)
def test_markers_that_can_not_be_seen_are_not_shown(style: dict[str, Any]) -> None:
    axes, curve = only_curve(lambda axes: axes.scatter([1, 2], [3, 4], **style))
    assert not axes.shows(curve)


@pytest.mark.parametrize(
    "style",
    [{}, {"c": "none", "edgecolors": "red"}, {"c": [0.1, 0.9]}, {"marker": "x"}, {"alpha": 0.2}],
    ids=str,
)
def test_markers_of_any_style_are_shown(style: dict[str, Any]) -> None:
    axes, curve = only_curve(lambda axes: axes.scatter([1, 2], [3, 4], **style))
    assert axes.shows(curve)


def test_hidden_axes_show_nothing() -> None:
    axes, curve = only_curve(lambda axes: (axes.plot([1, 2]), axes.set_visible(False)))
    assert not axes.shows(curve)


def test_white_line_on_a_dark_background_is_shown() -> None:
    axes, curve = only_curve(
        lambda axes: (axes.plot([1, 2], color="white"), axes.set_facecolor("navy"))
    )
    assert axes.shows(curve)


@pytest.mark.parametrize("surface", ["pcolormesh", "contourf"])
def test_markers_beneath_a_surface_are_painted_over(surface: str) -> None:
    def draw(axes: Axes) -> None:
        axes.scatter([0.1], [0.2], color="white")
        getattr(axes, surface)(U, V, U + V)
        axes.scatter([0.3], [0.4], color="white")

    axes = drawn(draw)
    beneath, above = sorted(axes.curves, key=lambda curve: curve.x[0])
    assert axes.shows(above)
    assert not axes.shows(beneath)


def test_markers_beneath_lines_or_a_pale_surface_are_shown() -> None:
    def draw(axes: Axes) -> None:
        axes.scatter([0.1], [0.2], color="black")
        axes.contour(U, V, U + V)
        axes.pcolormesh(U, V, U + V, alpha=0.3)

    axes, curve = only_curve(draw)
    assert axes.shows(curve)


def test_points_outside_the_limits_are_told_apart() -> None:
    axes, curve = only_curve(lambda axes: (axes.plot([1, 2], [3, 4]), axes.set_xlim(3, 1.5)))
    assert axes.within_limits(curve.points).tolist() == [False, True]


def test_surface_covers_what_lies_in_its_rectangle() -> None:
    (field,) = drawn(lambda axes: axes.pcolormesh(U, V, U)).fields
    assert field.covers(np.array([[0.9, -0.9], [1.2, 0], [0, -1.2]])).tolist() == [
        True,
        False,
        False,
    ]


def test_own_label_is_empty_where_matplotlib_made_one() -> None:
    axes = drawn(lambda axes: (axes.plot([1, 2]), axes.plot([1, 3], label="name")))
    assert [curve.own_label for curve in axes.curves] == ["", "name"]


def test_named_ticks_are_told() -> None:
    axes = drawn(lambda axes: (axes.plot(["0.1", "0.5"], [1, 2]), axes.set_yticks([1], ["one"])))
    assert axes.ticks == (((0.0, "0.1"), (1.0, "0.5")), ((1.0, "one"),))


def test_summary_says_what_is_there_and_what_is_missing() -> None:
    figure, axes = plt.subplots()
    axes.semilogy([1, 2], [1, 2])
    axes.semilogy([1, 2], [1, 3])
    axes.set_ylabel("error")
    data = FigureData.from_wire(read_figure(figure))
    assert data.summary() == "2 lines; no label on the x-axis; logarithmic y-axis"


# --- Untrusted data -------------------------------------------------------------------------------


def plain() -> Any:
    """Return the plain data of a figure that contains one of each kind of artist."""
    figure, axes = plt.subplots()
    axes.plot([1, 2], [3, 4], label="name")
    axes.contourf(U, V, U + V)
    axes.set_xticks([1], ["one"])
    axes.text(0, 0, "word")
    axes.legend()
    return read_figure(figure)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return every place in nested plain data."""
    yield path
    parts = dict(enumerate(value)) if isinstance(value, list) else value
    for key, part in parts.items() if isinstance(parts, dict) else ():
        yield from places(part, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    value = copy.copy(value)
    value[path[0]] = replaced(value[path[0]], path[1:], new)
    return value


FORGERIES: dict[str, Any] = {
    "None": None,
    "negative": -1,
    "too large for a float": 10**400,
    "NaN": float("nan"),
    "long text": "x" * (MAX_TEXT + 1),
    "list": [[]],
    "dict": {"a": 1},
    "empty array": np.zeros(0),
    "empty table": np.zeros((0, 4)),
    "texts": np.array([["a"]]),
    "table of NaN": np.full((2, 4), np.nan),
    "complex": np.zeros((2, 2), dtype=complex),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgery_anywhere_is_refused_or_harmless(name: str) -> None:
    honest = plain()
    refused = 0
    for path in places(honest):
        try:
            data = FigureData.from_wire(replaced(honest, path, FORGERIES[name]))
        except WireError:
            refused += 1
            continue
        data.summary()
        for axes in data.axes:
            for curve in axes.curves:
                axes.shows(curve)
                axes.within_limits(curve.points)
    assert refused > 10


def test_missing_field_is_refused() -> None:
    honest = plain()
    for path in places(honest):
        if path and isinstance(path[-1], str):
            spoiled = copy.deepcopy(honest)
            part = spoiled
            for key in path[:-1]:
                part = part[key]
            del part[path[-1]]
            with pytest.raises(WireError):
                FigureData.from_wire(spoiled)


def test_no_text_of_the_sandbox_gets_into_the_summary() -> None:
    honest = plain()
    forged = 0
    for path in places(honest):
        try:
            data = FigureData.from_wire(replaced(honest, path, "0.7316"))
        except WireError:
            continue
        forged += 1
        assert "0.7316" not in data.summary(), path
    assert forged > 5


def test_a_great_number_is_not_told_in_the_summary() -> None:
    figure, axes = plt.subplots()
    for k in range(137):
        axes.plot([k, k])
    assert FigureData.from_wire(read_figure(figure)).summary().startswith("many lines;")
