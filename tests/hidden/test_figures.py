"""The figure reader sends everything that matplotlib can draw as plain, bounded, typed data."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from autograder.sandbox import FigureData
from autograder.sandbox.inside import figuresizes as sizes
from autograder.sandbox.inside.figures import read_figure
from autograder.sandbox.inside.wire import HEADER, Budget, WireError, decode, encode

mpl.use("Agg")

GRID = np.linspace(-1, 2, 13)
U, V = np.meshgrid(GRID, GRID)
VALUES = U**2 + 3 * V


@pytest.fixture(autouse=True)
def close_figures() -> Any:
    yield
    plt.close("all")


def cross(figure: Figure) -> FigureData:
    """Return the figure as the grader receives it."""
    frame = encode(read_figure(figure), Budget())
    length, _ = HEADER.unpack(frame[: HEADER.size])
    body = frame[HEADER.size :]
    return FigureData.from_wire(decode(body[:length], body[length:]))


def drawn(draw: Callable[[Axes], Any], **options: Any) -> FigureData:
    figure, axes = plt.subplots(**options)
    draw(axes)
    return cross(figure)


# --- Curves ---------------------------------------------------------------------------------------

CURVES: dict[str, Callable[[Any], Any]] = {
    "plot": lambda axes: axes.plot([1, 2, 3], [4, 6, 5]),
    "scatter": lambda axes: axes.scatter([1, 2, 3], [4, 6, 5]),
    "errorbar": lambda axes: axes.errorbar([1, 2, 3], [4, 6, 5], yerr=0.1),
    "error bars alone": lambda axes: axes.errorbar([1, 2, 3], [4, 6, 5], yerr=0.1, fmt="none"),
    "semilogy": lambda axes: axes.semilogy([1, 2, 3], [4, 6, 5]),
    "loglog": lambda axes: axes.loglog([1, 2, 3], [4, 6, 5]),
    "step": lambda axes: axes.step([1, 2, 3], [4, 6, 5]),
    "stem": lambda axes: axes.stem([1, 2, 3], [4, 6, 5]),
    "bar": lambda axes: axes.bar([1, 2, 3], [4, 6, 5]),
    "lists of lists": lambda axes: axes.plot([[1], [2], [3]], [[4], [6], [5]]),
    "masked": lambda axes: axes.plot([1, 2, 3], np.ma.array([4, 6, 5], mask=[False] * 3)),
    "a line of its own": lambda axes: axes.add_line(Line2D([1, 2, 3], [4, 6, 5])),
}


@pytest.mark.parametrize("way", CURVES)
def test_points_are_read_whatever_draws_them(way: str) -> None:
    figure = drawn(CURVES[way])
    points = [sorted(map(tuple, curve.points)) for curve in figure.axes[0].curves]
    middles = [[(x, round(y, 9)) for x, y in some] for some in points]
    assert [(1, 4), (2, 6), (3, 5)] in middles
    assert figure.unread == 0


@pytest.mark.parametrize(
    ("every", "seen"),
    [
        (None, [0, 1, 2, 3, 4]),
        (2, [0, 2, 4]),
        ((1, 2), [1, 3]),
        (slice(3, None), [3, 4]),
        ([3], [3]),
        ([-1, 0], [4, 0]),
        ([False, True, False, False, True], [1, 4]),
        (np.array([2]), [2]),
        (0.1, [0, 1, 2, 3, 4]),
    ],
    ids=str,
)
def test_only_points_with_a_marker_are_read(every: Any, seen: list[int]) -> None:
    figure = drawn(lambda axes: axes.plot(range(5), range(5), "o", markevery=every))
    assert figure.axes[0].curves[0].points[:, 0].tolist() == seen
    stroked = drawn(lambda axes: axes.plot(range(5), range(5), "o-", markevery=every))
    assert stroked.axes[0].curves[0].points[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_points_of_a_3d_axes_have_three_coordinates() -> None:
    figure = plt.figure()
    axes = figure.add_subplot(projection="3d")
    axes.plot([1, 2], [3, 4], [5, 6])
    axes.scatter([1, 2], [3, 4], [5, 6])
    read = cross(figure).axes[0]
    assert read.kind == "3d"
    for curve in read.curves:
        np.testing.assert_allclose(curve.points, [[1, 3, 5], [2, 4, 6]])


def test_points_read_the_same_after_drawing() -> None:
    figure = plt.figure()
    axes = figure.add_subplot(projection="3d")
    axes.scatter([1, 2], [3, 4], [5, 6])
    axes.plot_surface(U, V, VALUES)
    axes.contour(U, V, VALUES)
    before = cross(figure).axes[0]
    figure.canvas.draw()
    after = cross(figure).axes[0]
    np.testing.assert_allclose(before.curves[0].points, after.curves[0].points)
    # drawing sorts the artists by depth
    fields = [sorted(axes.fields, key=lambda field: field.kind) for axes in (before, after)]
    for old, new in zip(*fields, strict=True):
        assert old.kind == new.kind
        np.testing.assert_allclose(np.sort(old.samples, axis=0), np.sort(new.samples, axis=0))


def test_style_and_names_are_read() -> None:
    def draw(axes: Axes) -> None:
        axes.plot([1, 2], [3, 4], "o--", color="red", alpha=0.5, lw=3, label="mine")
        axes.set(xlabel="here", ylabel="there", title="what", xscale="log", xlim=(0.1, 9))
        axes.text(1, 3, "beside")
        axes.annotate("pointed at", (1, 3), (2, 4), arrowprops={"arrowstyle": "->"})
        axes.legend(title="names")
        axes.figure.suptitle("above")

    figure = drawn(draw)
    axes = figure.axes[0]
    (curve,) = axes.curves
    assert (curve.label, curve.line, curve.marker, curve.width) == ("mine", "--", "o", 3)
    assert curve.inks == ((1, 0, 0, 0.5),)
    assert axes.labels == ("here", "there")
    assert axes.scales == ("log", "linear")
    assert axes.limits[0] == (0.1, 9)
    assert [entry.text for entry in axes.legend] == ["names", "mine"]
    assert set(axes.texts) >= {"beside", "pointed at"}
    assert (axes.title, figure.title) == ("what", "above")


@pytest.mark.parametrize("place", ["axes", "outside", "figure"])
def test_legends_are_found_anywhere(place: str) -> None:
    def draw(axes: Axes) -> None:
        axes.plot([1, 2], [3, 4], label="mine")
        if place == "figure":
            axes.figure.legend()
        elif place == "outside":
            axes.legend(bbox_to_anchor=(1.5, 1))
        else:
            axes.legend()

    figure = drawn(draw)
    entries = (*figure.legend, *figure.axes[0].legend)
    assert [(entry.text, entry.inks) for entry in entries] == [
        ("mine", figure.axes[0].curves[0].inks)
    ]


HANDLES: dict[str, Callable[[Any], Any]] = {
    "line": lambda axes: axes.plot([1, 2], [3, 4], "s--", color="tab:green", mfc="w")[0],
    "markers": lambda axes: axes.scatter([1, 2], [3, 4], marker="^", color="w", edgecolors="r"),
    "crosses": lambda axes: axes.scatter([1, 2], [3, 4], marker="x", color="m"),
    "a colour scale": lambda axes: axes.scatter([1, 2], [3, 4], c=[0.2, 0.7], cmap="Blues"),
}


@pytest.mark.parametrize("way", HANDLES)
def test_handle_in_a_legend_has_the_style_of_what_it_stands_for(way: str) -> None:
    axes = drawn(lambda axes: axes.legend([HANDLES[way](axes)], ["this"])).axes[0]
    (entry,), (curve,) = axes.legend, axes.curves
    assert (entry.text, entry.line, entry.marker) == ("this", curve.line, curve.marker)
    assert entry.inks == curve.inks != ()


@pytest.mark.parametrize("marker", ["o", "x", "^", "s", "*", "D"])
def test_markers_have_the_same_name_whatever_draws_them(marker: str) -> None:
    def draw(axes: Axes) -> None:
        axes.plot([1, 2], [3, 4], marker=marker, ls="")
        axes.scatter([1, 2], [3, 4], marker=marker)

    assert [curve.marker for curve in drawn(draw).axes[0].curves] == [marker] * 2


def test_things_without_a_handle_shift_no_other_handle() -> None:
    def draw(axes: Axes) -> None:
        axes.plot([1, 2], [3, 4], "r", label="red")
        image = axes.imshow([[1, 2]], label="none")
        with pytest.warns(UserWarning, match="does not support"):
            axes.legend([image, axes.lines[0]], ["none", "red"])

    (entry,) = drawn(draw).axes[0].legend
    assert (entry.text, entry.inks) == ("red", ((1, 0, 0, 1),))


def test_legend_whose_handles_cannot_be_told_is_read_without_them() -> None:
    def draw(axes: Axes) -> None:
        axes.plot([1, 2], [3, 4], label="mine")
        legend = axes.legend()
        legend.legend_handles = []

    (entry,) = drawn(draw).axes[0].legend
    assert (entry.text, entry.line, entry.inks) == ("mine", "None", ())


def test_hidden_legend_and_text_are_not_read() -> None:
    def draw(axes: Axes) -> None:
        axes.plot([1, 2], [3, 4], label="mine")
        axes.legend().set_visible(False)
        axes.text(1, 3, "beside").set_visible(False)

    axes = drawn(draw).axes[0]
    assert axes.legend == ()
    assert axes.texts == ()


@pytest.mark.parametrize("style", [{"alpha": 0}, {"fontsize": 0.01}, {"color": (0, 0, 0, 0)}])
def test_text_that_nobody_can_read_is_not_read(style: dict[str, Any]) -> None:
    def draw(axes: Axes) -> None:
        axes.text(1, 3, "beside", **style)
        axes.set_xlabel("below", **style)

    (axes,) = drawn(draw).axes
    assert (axes.texts, axes.labels) == ((), ("", ""))


@pytest.mark.parametrize("box", [(0.5, 0.5, 1e-6, 0.4), (0.5, 0.5, 0.4, 1e-6), (2, 0, 1, 1)])
def test_axes_without_room_on_the_figure_is_not_visible(box: Any) -> None:
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    figure.add_axes(box).plot([1, 2])
    assert [each.visible for each in cross(figure).axes] == [True, False]


HIDDEN: dict[str, Callable[[Any], Any]] = {
    "not visible": lambda axes: axes.plot([1, 2], [3, 4], visible=False),
    "transparent": lambda axes: axes.plot([1, 2], [3, 4], alpha=0),
    "no line": lambda axes: axes.plot([1, 2], [3, 4], ls="none"),
    "no width": lambda axes: axes.plot([1, 2], [3, 4], lw=0),
    "white": lambda axes: axes.plot([1, 2], [3, 4], "w"),
    "nothing": lambda axes: axes.plot([], []),
    "no colour": lambda axes: axes.scatter([1, 2], [3, 4], c="none"),
    "hidden axes": lambda axes: (axes.plot([1, 2], [3, 4]), axes.set_visible(False)),
    "painted over": lambda axes: (
        axes.scatter([0, 1], [0, 1], zorder=0.5),
        axes.contourf(U, V, VALUES),
    ),
}


@pytest.mark.parametrize("way", HIDDEN)
def test_what_cannot_be_seen_is_told(way: str) -> None:
    axes = drawn(HIDDEN[way]).axes[0]
    assert not any(axes.shows(curve) for curve in axes.curves)


def test_points_outside_the_limits_are_told() -> None:
    def draw(axes: Axes) -> None:
        axes.plot([1, 2, 3], [1, 2, 3])
        axes.set_xlim(0, 2)

    axes = drawn(draw).axes[0]
    assert list(axes.within_limits(axes.curves[0].points)) == [True, True, False]


def test_reference_lines_in_axes_coordinates_are_no_curves() -> None:
    def draw(axes: Axes) -> None:
        axes.axhline(0.5)
        axes.axvline(0.5)
        axes.plot([0, 1], [0, 1], transform=axes.transAxes)

    assert drawn(draw).axes[0].curves == ()


def test_endless_line_reaches_the_limits() -> None:
    def draw(axes: Axes) -> None:
        axes.set(xscale="log", yscale="log", xlim=(1, 100), ylim=(0.01, 10))
        axes.axline((1, 1), (4, 0.5))

    axes = drawn(draw).axes[0]
    np.testing.assert_allclose(axes.curves[0].points, np.array([[1, 1], [100, 0.1]]))


def test_shared_and_common_labels_count_for_every_axes() -> None:
    figure, parts = plt.subplots(2, 1, sharex=True)
    parts[1].set_xlabel("step")
    figure.supylabel("value")
    assert [axes.labels for axes in cross(figure).axes] == [("step", "value")] * 2


# --- Fields ---------------------------------------------------------------------------------------


def as_image(axes: Any) -> None:
    axes.imshow(VALUES[::-1], extent=(-1.125, 2.125, -1.125, 2.125), origin="upper")


FIELDS: dict[str, Callable[[Any], Any]] = {
    "contour": lambda axes: axes.contour(U, V, VALUES, levels=20),
    "contourf": lambda axes: axes.contourf(U, V, VALUES, levels=20),
    "tricontourf": lambda axes: axes.tricontourf(U.ravel(), V.ravel(), VALUES.ravel(), levels=20),
    "pcolormesh": lambda axes: axes.pcolormesh(U, V, VALUES),
    "gouraud": lambda axes: axes.pcolormesh(U, V, VALUES, shading="gouraud"),
    "pcolor": lambda axes: axes.pcolor(U, V, VALUES),
    "imshow": as_image,
    "matshow turned": lambda axes: axes.imshow(
        VALUES, extent=(-1.125, 2.125, -1.125, 2.125), origin="lower"
    ),
    "coloured markers": lambda axes: axes.scatter(U, V, c=VALUES),
}
SOLIDS: dict[str, Callable[[Any], Any]] = {
    "plot_surface": lambda axes: axes.plot_surface(U, V, VALUES),
    "plot_wireframe": lambda axes: axes.plot_wireframe(U, V, VALUES),
    "plot_trisurf": lambda axes: axes.plot_trisurf(U.ravel(), V.ravel(), VALUES.ravel()),
    "contour3D": lambda axes: axes.contour3D(U, V, VALUES, levels=20),
}


@pytest.mark.parametrize("way", [*FIELDS, *SOLIDS])
def test_values_over_the_plane_are_read_whatever_draws_them(way: str) -> None:
    if way in SOLIDS:
        figure = drawn(SOLIDS[way], subplot_kw={"projection": "3d"})
    else:
        figure = drawn(FIELDS[way])
    assert figure.unread == 0
    (field,) = figure.axes[0].fields
    x, y, low, high = field.samples.T
    assert len(field.samples) > 50
    assert np.all(low <= x**2 + 3 * y + 0.2)
    assert np.all(high >= x**2 + 3 * y - 0.2)
    assert np.ptp(x) > 2.5
    assert np.ptp(y) > 2.5
    assert np.median(np.minimum(high, 15) - np.maximum(low, -9)) < 1


def test_colour_bar_is_told_from_axes() -> None:
    def draw(axes: Axes) -> None:
        axes.figure.colorbar(axes.contourf(U, V, VALUES), ax=axes)

    assert [axes.colorbar for axes in drawn(draw).axes] == [False, True]


def test_bands_without_an_end_have_infinite_ends() -> None:
    with np.errstate(all="raise"):
        figure = drawn(lambda axes: axes.contourf(U, V, VALUES, levels=[-1, 0, 1], extend="both"))
    low, high = figure.axes[0].fields[0].samples[:, 2:].T
    assert low.min() == -np.inf
    assert high.max() == np.inf


# --- Unusual and hostile figures ------------------------------------------------------------------


class Unreadable(Line2D):
    """An artist that raises an error at every access."""

    def get_xdata(self, orig: bool = True) -> Any:  # noqa: ARG002 - matplotlib's signature
        raise RuntimeError("no")


UNUSUAL: dict[str, Callable[[Any], Any]] = {
    "pie": lambda axes: axes.pie([1, 2, 3]),
    "quiver": lambda axes: axes.quiver(U, V, U, V),
    "streamplot": lambda axes: axes.streamplot(U, V, V, U),
    "violins": lambda axes: axes.violinplot([[1, 2, 3], [2, 3, 4]]),
    "boxes": lambda axes: axes.boxplot([[1, 2, 3], [2, 3, 4]]),
    "hexbin": lambda axes: axes.hexbin(U.ravel(), V.ravel()),
    "histogram": lambda axes: axes.hist2d(U.ravel(), V.ravel()),
    "table": lambda axes: axes.table([["a", "b"]]),
    "patch": lambda axes: axes.add_patch(Circle((0, 0), 1)),
    "filled": lambda axes: axes.fill_between([1, 2], [3, 4]),
    "true colours": lambda axes: axes.imshow(np.zeros((4, 5, 3))),
    "events": lambda axes: axes.eventplot([1, 2, 3]),
    "inset": lambda axes: axes.inset_axes((0.5, 0.5, 0.4, 0.4)).plot([1, 2]),
    "second axis": lambda axes: axes.secondary_xaxis("top"),
    "twin": lambda axes: axes.twinx().plot([1, 2]),
    "ellipses": lambda axes: axes.add_collection(EllipseCollection([1], [1], [0])),
    "categories": lambda axes: axes.plot(["a", "b"], [1, 2]),
    "dates": lambda axes: axes.plot(np.array(["2024-10-17", "2024-11-21"], "M8[D]"), [1, 2]),
    "not finite": lambda axes: axes.plot([1, np.nan, np.inf], [-np.inf, 2, 3]),
    "nothing finite": lambda axes: axes.pcolormesh(np.full((3, 3), np.nan)),
    "empty": lambda axes: axes.scatter([], []),
    "a failing artist": lambda axes: axes.add_line(Unreadable([1, 2], [3, 4])),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", UNUSUAL)
def test_unusual_figures_are_read(way: str) -> None:
    def draw(axes: Axes) -> None:
        UNUSUAL[way](axes)
        axes.plot([7, 8], [9, 10], label="the usual one", scalex=False, scaley=False)

    figure = drawn(draw)
    assert "the usual one" in [curve.label for axes in figure.axes for curve in axes.curves]
    assert figure.unread == (1 if way == "a failing artist" else 0)


@pytest.mark.parametrize("projection", ["polar", "mollweide"])
def test_other_projections_are_read(projection: str) -> None:
    figure = drawn(lambda axes: axes.plot([0, 1], [0, 1]), subplot_kw={"projection": projection})
    assert figure.axes[0].kind == "other"


def test_parts_of_figures_are_read() -> None:
    figure = plt.figure()
    left, _right = figure.subfigures(1, 2, squeeze=False)[0]
    left.subplots().plot([1, 2], [3, 4])
    left.suptitle("left")
    read = cross(figure)
    assert read.title == "left"
    assert len(read.axes[0].curves) == 1


def test_empty_figure_is_read() -> None:
    assert cross(Figure()) == FigureData("", (), (), (), 0)


def test_amounts_are_bounded() -> None:
    def draw(axes: Axes) -> None:
        axes.plot(np.arange(10 * sizes.MAX_POINTS))
        axes.imshow(np.zeros((900, 900)))
        for _ in range(sizes.MOST["curves"]):
            axes.add_line(Line2D([0, 1], [0, 1]))
        axes.set_title("long" * 1000)

    figure = drawn(draw)
    axes = figure.axes[0]
    counts = [len(curve.points) for curve in axes.curves]
    counts += [len(field.samples) for field in axes.fields]
    assert max(counts) == sizes.MAX_POINTS
    assert len(axes.curves) == sizes.MOST["curves"]
    assert figure.unread > 0
    assert len(axes.title) <= sizes.MAX_TEXT


def test_the_reader_leaves_the_figure_as_it_was() -> None:
    figure, axes = plt.subplots()
    (line,) = axes.plot([1, 2], [3, 4])
    first = str(read_figure(figure))
    assert str(read_figure(figure)) == first
    assert axes.get_lines() == [line]
    np.testing.assert_array_equal(line.get_xdata(), [1, 2])


# --- Untrusted data -------------------------------------------------------------------------------


def plain() -> dict[str, Any]:
    figure, axes = plt.subplots()
    axes.plot([1, 2], [3, 4], label="line")
    axes.contourf(U, V, VALUES)
    axes.legend()
    return read_figure(figure)


def put(path: tuple[Any, ...], value: Any) -> Callable[[dict[str, Any]], Any]:
    def change(data: Any) -> Any:
        if not path:
            return value
        inner = data
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        return data

    return change


def dropped(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda data: {key: value for key, value in data.items() if key != name}


CURVE = ("axes", 0, "curves", 0)
FIELD = ("axes", 0, "fields", 0)
ENTRY = ("axes", 0, "legend", 0)
FORGED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no record": put((), ["figure"]),
    "no axes": dropped("axes"),
    "axes are a number": put(("axes",), 3),
    "an axes is a text": put(("axes", 0), "axes"),
    "too many axes": lambda data: {**data, "axes": data["axes"] * 1000},
    "too many curves": lambda data: put(("axes", 0, "curves"), data["axes"][0]["curves"] * 100_000)(
        data
    ),
    "too many points": put((*CURVE, "points"), np.zeros((3_000_000, 2))),
    "points of another shape": put((*CURVE, "points"), np.zeros((3, 5))),
    "points are complex": put((*CURVE, "points"), np.zeros((3, 2), dtype=complex)),
    "points are a list": put((*CURVE, "points"), [[1, 2]]),
    "samples of another shape": put((*FIELD, "samples"), np.zeros(4)),
    "cells of another number": put((*FIELD, "half"), np.zeros((1, 2))),
    "title is a number": put(("title",), 7),
    "title is endless": put(("title",), "x" * 10_000),
    "legend is a text": put(("legend",), "abc"),
    "legend is texts": put(("legend",), ["abc"]),
    "legend is endless": lambda data: put(("legend",), data["axes"][0]["legend"] * 10_000)(data),
    "a legend's entry has no handle": put(("legend",), [{"text": "abc"}]),
    "a handle in no colour": put((*ENTRY, "inks"), [["red"]]),
    "a handle in many colours": put((*ENTRY, "inks"), [[0.0, 0.0, 0.0, 1.0]] * 1000),
    "a handle's line is a number": put((*ENTRY, "line"), 1),
    "unread is true": put(("unread",), True),
    "unread is negative": put(("unread",), -1),
    "visible is a text": put(("axes", 0, "visible"), "no"),
    "limits are not finite": put(("axes", 0, "limits"), [[0.0, float("nan")], [0.0, 1.0]]),
    "limits are texts": put(("axes", 0, "limits"), [["0", "1"], ["0", "1"]]),
    "a direction is missing": put(("axes", 0, "limits"), [[0.0, 1.0]]),
    "3d without z": put(("axes", 0, "kind"), "3d"),
    "width is huge": put((*CURVE, "width"), 10**400),
    "a colour beyond white": put((*CURVE, "inks"), [[2.0, 0.0, 0.0, 1.0]]),
    "a colour of three parts": put((*CURVE, "inks"), [[1.0, 0.0, 0.0]]),
    "ticks without names": put(("axes", 0, "ticks"), [[[1.0]], []]),
    "order is a float": put((*CURVE, "order"), 1.5),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_forged_figure_is_refused(forgery: str) -> None:
    with pytest.raises(WireError):
        FigureData.from_wire(FORGED[forgery](deepcopy(plain())))


def test_honest_figure_is_not_refused() -> None:
    assert len(FigureData.from_wire(plain()).axes) == 1


def test_points_of_a_read_figure_cannot_be_changed() -> None:
    curve = FigureData.from_wire(plain()).axes[0].curves[0]
    with pytest.raises(ValueError, match="read-only"):
        curve.points[0, 0] = 5
