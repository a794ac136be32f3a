"""Looking at figures"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import AxLine, Line2D
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter, ScalarFormatter

from autograder.release.checkskit.answers import expect, kind, shown
from autograder.release.checkskit.facts import TOLERANCE
from autograder.release.checkskit.formulas import in_words
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


Curve = tuple[Axes, np.ndarray, np.ndarray]
"""The axes of a curve, its x data and its y data."""


def curves(figure: Figure) -> list[Curve]:
    """Return every line of a figure, also those in collections."""
    return [(axes, *points.T) for axes, points, _ in _drawn_lines(figure)]


Drawn = tuple[Axes, np.ndarray, Artist]
"""The axes of a curve, its points as rows (x, y), and the artist that draws them."""


def _drawn_lines(figure: Figure) -> Iterator[Drawn]:
    for axes in figure.axes:
        for line in axes.get_lines():
            yield axes, np.asarray(_ends_of(line), float)[:, :2], line
        for lines in axes.collections:
            for path in lines.get_segments() if type(lines) is LineCollection else []:
                yield axes, np.asarray(path, float)[:, :2], lines


def _ends_of(line: Line2D) -> Any:
    """Return the points of a line; of an endless line, the two points that define it."""
    ends = isinstance(line, AxLine) and [getattr(line, name, None) for name in ("_xy1", "_xy2")]
    return ends if ends and None not in ends else line.get_xydata()


def curve(figure: Figure, x: Any, y: Any, what: str) -> Axes:
    """Return the axes that show these points: as a line, scattered, or one by one.

    A linear axis may show logarithms if its label says so. All points must be visible.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    found, unseen = [*_drawn_lines(figure), *_scattered(figure)], ""
    for axes, points, artist in found:
        for right in product(_read(x, axes, "x"), _read(y, axes, "y")):
            if points.shape == (*x.shape, 2) and all(map(_is_near, points.T, right)):
                if not (why := _why_unseen(axes, points, artist)):
                    return axes
                unseen = unseen or why
    for axes, points in _pieces(found):
        if all(
            np.isclose(points, p, rtol=TOLERANCE).all(axis=1).any() for p in zip(x, y, strict=True)
        ):
            return axes
    expect(not unseen, f"{what}: the figure has this line, but {unseen}.")
    seen = "\n".join(f"  x = {shown(p[:, 0])}, y = {shown(p[:, 1])}" for _, p, _ in found[:4])
    raise CheckError(
        "wrong",
        f"{what}: no line with x = {shown(x)}, y = {shown(y)} is in the figure. "
        + (f"Its lines:\n{seen}" if seen else "It has no line."),
    )


def _is_near(found: np.ndarray, right: np.ndarray) -> bool:
    return bool(np.allclose(found, right, rtol=TOLERANCE))


def _why_unseen(axes: Axes, points: np.ndarray, artist: Artist) -> str:
    """Return why some of these points are not visible; "" if all are."""
    if not is_visible(artist):
        return "it can't be seen: it is drawn with neither a line nor markers, or without opacity"
    if not within_limits(axes, points).all():
        return "part of it is outside the limits of the axes"
    return ""


def is_visible(artist: Artist) -> bool:
    """Return whether an artist is drawn with a line or with markers, and with opacity."""
    alpha = artist.get_alpha()
    if not artist.get_visible() or (alpha is not None and not np.any(alpha)):
        return False
    if isinstance(artist, Line2D):
        has_line = artist.get_linestyle() not in ("None", " ", "") and artist.get_linewidth() > 0
        has_marker = artist.get_marker() not in ("None", "none", " ", "", None)
        return has_line or (has_marker and artist.get_markersize() > 0)
    return not isinstance(artist, PathCollection) or bool(np.any(artist.get_sizes()))


def within_limits(axes: Axes, points: np.ndarray) -> np.ndarray:
    """Return for each row (x, y) whether the axes show it.

    Points that a logarithmic axis can't show count as shown.
    """
    shows = np.ones(len(points), dtype=bool)
    for values, ends, scale in (
        (points[:, 0], axes.get_xlim(), axes.get_xscale()),
        (points[:, 1], axes.get_ylim(), axes.get_yscale()),
    ):
        slack = 1e-6 * np.ptp(ends)
        within = (min(ends) - slack <= values) & (values <= max(ends) + slack)
        shows &= within | ~np.isfinite(values) | ((scale == "log") & (values <= 0))
    return shows


def _read(values: np.ndarray, axes: Axes, direction: str) -> Iterator[np.ndarray]:
    """Yield the values, and where else an axis shows them.

    Its label may say that it shows logarithms, and its ticks may have the values as their labels.
    """
    yield values
    if re.search(_LOGARITHM, _label_of(axes, direction)) and (values > 0).all():
        yield from (log(values) for log in (np.log10, np.log, np.log2))
    axis = axes.xaxis if direction == "x" else axes.yaxis
    formatter = axis.get_major_formatter()
    if not isinstance(formatter, (ScalarFormatter, LogFormatter)):
        places = [float(place) for place in axis.get_ticklocs()]
        labels = [in_words(label) for label in formatter.format_ticks(places)]
        ticks = [
            [
                place
                for place, label in zip(places, labels, strict=True)
                if says_number(value)(label)
            ]
            for value in values
        ]
        if all(len(found) == 1 for found in ticks):
            yield np.ravel(ticks).astype(float)


_LOGARITHM = r"\b(?:log|ln|lg)"


def _pieces(found: list[Drawn]) -> Iterator[tuple[Axes, np.ndarray]]:
    """Yield the points of each axes that were drawn one by one, or as lines between two."""
    for axes in dict.fromkeys(axes for axes, _, _ in found):
        short = (each for each in found if each[0] is axes and len(each[1]) <= 2)
        seen = [points for at, points, artist in short if not _why_unseen(at, points, artist)]
        yield axes, np.concatenate([np.empty((0, 2)), *seen])


def _scattered(figure: Figure) -> Iterator[Drawn]:
    """Yield every set of points that `scatter` drew."""
    for axes in figure.axes:
        for points in axes.collections:
            if isinstance(points, PathCollection):
                yield axes, np.asarray(points.get_offsets(), float).reshape(-1, 2), points


def legend_texts(figure: Figure) -> list[str]:
    """Return the texts of all legends of a figure in words."""
    legends = [*(axes.get_legend() for axes in figure.axes), *figure.legends]
    return [
        in_words(text.get_text()) for legend in legends if legend for text in legend.get_texts()
    ]


def texts_in(figure: Figure) -> list[str]:
    """Return all that a figure says in words, in legends and titles and beside its curves.

    The labels and the numbers of its axes are left out.
    """
    ticks = {
        id(text)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis, getattr(axes, "zaxis", axes.xaxis))
        for text in axis.findobj(Text)
    }
    texts = (text for text in figure.findobj(Text) if id(text) not in ticks and text.get_visible())
    said = (in_words(text.get_text()).strip() for text in texts)
    return [words for words in dict.fromkeys(said) if words]


def legend_names(figure: Figure, count: int) -> str:
    """Check that the legends have at least `count` labels, and return them as a line."""
    words = legend_texts(figure)
    expect(
        len([word for word in words if word.strip()]) >= count,
        f"The legend names {len(words)} things but should name {count}: give each a `label=…` and "
        "call `axes.legend()`.",
    )
    return "the legend says: " + ", ".join(words)


def names_in(
    figure: Figure, names: Mapping[str, Callable[[str], bool]], *, exact: bool = False
) -> str:
    """Check that a figure names things, and return the names as a line.

    `names` maps each thing to a test of whether a text names it. The text may be in a legend, in a
    title or beside the curve. Unless the names are `exact`, a legend may use other words.
    """
    if not exact and len([text for text in legend_texts(figure) if text.strip()]) >= len(names):
        return legend_names(figure, len(names))
    said = texts_in(figure)
    fits = {name: [text for text in said if fit(text)] for name, fit in names.items()}
    if missing := [name for name, texts in fits.items() if not texts]:
        raise CheckError(
            "wrong",
            f"Nothing in the figure names {' or '.join(missing)}: give each a `label=…` and call "
            "`axes.legend()`.",
        )
    told = list(dict.fromkeys(text for texts in fits.values() for text in texts))
    expect(
        len(told) >= len(names) or any(map(says(_STYLES), told)),
        f"One text, “{told[0]}”, names {' and '.join(names)}: give each a `label=…` of its own.",
    )
    return "the figure says: " + ", ".join(told)


_STYLES = (
    r"red|blue|green|orange|yellow|black|white|gr[ae]y|purple|cross|circle|square|star|triangle|dot"
    r"|solid|dashed|rot|blau|gr[üu]n|schwarz|wei[sß]|kreu[zi]|kreis|rouge|bleu|vert|noir|blanc"
)
"""Colours, shapes and line styles by which one text can tell several curves apart."""


def says(pattern: str) -> Callable[[str], bool]:
    """Return a test of whether a text matches a pattern, in upper or lower case."""
    return lambda text: re.search(pattern, text, re.IGNORECASE) is not None


def says_number(number: float) -> Callable[[str], bool]:
    """Return a test of whether a text has a number in it."""

    def fits(text: str) -> bool:
        found = re.findall(r"\d+(?:[.,]\d+)?(?:e-?\d+)?", text)
        return any(np.isclose(float(each.replace(",", ".")), number) for each in found)

    return fits


def axis_labels(axes: Axes) -> str:
    """Check that both axes have a label, and return the labels as a line.

    If a figure has several axes, the label of one of them is enough.
    """
    labels = {"x": _label_of(axes, "x"), "y": _label_of(axes, "y")}
    for direction, label in labels.items():
        expect(
            label,
            f"The {direction} axis has no label: `axes.set_{direction}label(…)` says what it "
            "shows.",
        )
    return f"the axes are labelled: {labels['x']}; {labels['y']}"


def _label_of(axes: Axes, direction: str) -> str:
    """Return the label of an axis in words, else a label of the figure for this direction."""
    figure: Any = axes.figure
    figure = figure.figure  # the top-level figure, if the axes are in a subfigure
    places = [axes, *(each for each in figure.axes if each.get_label() != "<colorbar>")]
    labels = [getattr(each, f"get_{direction}label")() for each in places]
    labels.append(getattr(figure, f"get_sup{direction}label")())
    return next(filter(None, (in_words(label).strip() for label in labels)), "")


def shows_logarithms(axes: Axes) -> bool:
    """Return whether both axes are logarithmic, or have labels that say so."""
    scales = {"x": axes.get_xscale(), "y": axes.get_yscale()}
    return all(
        scale == "log" or re.search(_LOGARITHM, _label_of(axes, direction))
        for direction, scale in scales.items()
    )


def surfaces(figure: Figure) -> list[np.ndarray]:
    """Return rows (x, y, height) of each surface in a figure that can be read.

    For contours, filled or not, the height is only the position of the level among the levels.
    """
    found = []
    for axes in figure.axes:
        for artist in (*axes.collections, *axes.images) if axes.get_label() != "<colorbar>" else ():
            try:
                rows = [_filled(part).reshape(-1, 3) for part in _readings(artist)]
            except (AttributeError, TypeError, ValueError, IndexError):
                continue  # another version of matplotlib stores it differently
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
    """Return the share of pairs of points that a surface and a function put in the same order.

    The function is called with an array of two rows, the x and the y of many points.
    """
    draw = np.random.default_rng(0)
    one, other = data[draw.integers(len(data), size=(2, 1500))]
    differ = one[:, 2] != other[:, 2]
    up = (one[:, 2] < other[:, 2])[:, np.newaxis]
    low, high = np.where(up, one, other)[differ, :2], np.where(up, other, one)[differ, :2]
    if not len(low):
        return 1.0
    below, above = (np.asarray(heights(part.T), float) for part in (low, high))
    almost = 0.01 * float(np.ptp([below, above]))
    return float(np.mean(below <= above + almost))
