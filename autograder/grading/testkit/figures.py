"""Claims about the curves and the axes of an untrusted figure."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple, TypeVar

import numpy as np

from autograder.grading.testkit.claims import ClaimFailed, capital, kind_of
from autograder.grading.testkit.numbers import tolerance
from autograder.grading.testkit.words import Words, numbers_in, plain
from autograder.sandbox.figurerecord import AxesData, CurveData, FigureData

Sight = tuple[AxesData, CurveData]
"""A curve, and the axes on which it is drawn."""

Found = TypeVar("Found")

Curve = tuple[np.ndarray, np.ndarray]
"""The x and the y coordinates of an expected curve's points."""

_POOLED = 2
"""Largest number of points of a piece: a stroke or a dot of a curve that is drawn in pieces."""

_MOST_PIECES = 20
"""Largest number of points of all pieces together, per point of the curve."""

_MOST_HEIGHTS = 3
"""Largest number of heights, per curve, at which pieces of one style may be drawn at the same x.

If pieces are at more heights, a reader cannot see which pieces make up the curve.
"""

_MOST_RIVALS = 5
"""Largest number of other curves, per expected curve, that may be as prominent at the same x.

Quartiles, extremes and a mean are allowed beside a median; a curve for every guess is not.
"""

_MOST_FAINT_RIVALS = 16
"""Largest number of other curves, per expected curve, if thinner and paler curves count, too.

Thinner and paler curves may be single runs behind their median.
"""

_LEAST_WIDTH = 0.01
"""Smallest share of the axes' width that a curve must take up."""


def as_figure(answer: object) -> FigureData:
    """Return an untrusted answer as a figure with axes; raise ClaimFailed for any other answer.

    A figure inside a pair, such as `return figure, axes`, or inside a dict is accepted.
    """
    answer = next(_figures_in(answer, 2), answer)
    if answer is None:
        raise ClaimFailed("The answer is None: end the function with `return figure`.")
    if not isinstance(answer, FigureData):
        held = " without a Figure in it" if isinstance(answer, (tuple, list, dict)) else ""
        raise ClaimFailed(
            f"The answer is {kind_of(answer)}{held}, but a Figure is asked for: end the function "
            "with `return figure`."
        )
    if not answer.axes:
        raise ClaimFailed("The figure has no axes.")
    return answer


def _figures_in(answer: object, depth: int) -> Iterator[FigureData]:
    if isinstance(answer, FigureData):
        yield answer
    elif isinstance(answer, (tuple, list, dict)) and depth:
        for part in answer.values() if isinstance(answer, dict) else answer:
            yield from _figures_in(part, depth - 1)


class Shown(NamedTuple):
    """The values that coordinates represent, and whether the picture shows their logarithms.

    `base` is the base of the drawn logarithms, 0 for values from tick labels, and 1 for plain
    values.
    """

    values: np.ndarray
    is_log: bool
    base: float = 1.0


Reading = tuple[Shown, Shown]
"""One way to read a curve's points: the values that the x and y coordinates represent."""


def readings(axes: AxesData, curve: CurveData) -> Iterator[Reading]:
    """Return all ways to read a curve: as drawn, or with the values that labels or ticks give."""
    return product(_shown_by(axes, curve, 0), _shown_by(axes, curve, 1))


def readings_as(
    axes: AxesData, curve: CurveData, x: np.ndarray, y: np.ndarray
) -> Iterator[Reading]:
    """Yield the readings in which the curve's points are the expected points, in any order."""
    for reading in readings(axes, curve):
        drawn = np.column_stack([shown.values for shown in reading])
        finite = np.isfinite(drawn).all(axis=1)
        if _is_one_to_each(which_match(drawn[finite], np.column_stack([x, y]))):
            yield reading


def _shown_by(axes: AxesData, curve: CurveData, direction: int) -> tuple[Shown, ...]:
    """Return the values that a curve's coordinates represent, for each way to read them."""
    return find_once(
        axes,
        ("shown", id(curve), direction),
        lambda: tuple(_shown(axes, curve.points[:, direction], direction)),
    )


def _shown(axes: AxesData, drawn: np.ndarray, direction: int) -> Iterator[Shown]:
    yield Shown(drawn, axes.scales[direction] == "log")
    bases, names = find_once(axes, ("legible", direction), lambda: _legible(axes, direction))
    for base in bases:
        with np.errstate(over="ignore"):
            yield Shown(np.power(base, drawn), True, base)
    if names and all(value in names for value in drawn):
        yield Shown(np.array([names[value] for value in drawn]), False, 0.0)


def _legible(axes: AxesData, direction: int) -> tuple[tuple[float, ...], dict[float, float]]:
    """Return the bases of the logarithms that an axis shows, and the numbers on its tick labels."""
    ticks = axes.ticks[direction]
    names = {at: numbers[0] for at, name in ticks if (numbers := numbers_in(name))}
    # on a logarithmic axis, "log" in a label means the scale
    bases = _bases(axes.labels[direction]) if axes.scales[direction] == "linear" else ()
    return bases, names


def _bases(label: str) -> tuple[float, ...]:
    """Return the bases that a logarithm in a label may have, or none if there is no logarithm."""
    words = plain(label.translate(_SUBSCRIPTS)).replace("_", "")
    if re.search(r"log(base)?2(?!\d)|log.{0,30}base2(?!\d)", words):
        return (2.0,)
    if re.search(r"log(base)?10(?!\d)|log.{0,30}base10(?!\d)", words) or _LG.search(label):
        return (10.0,)
    if _LN.search(label):
        return (np.e,)
    return (10.0, np.e) if "log" in words else ()


_LG, _LN = re.compile(r"\blg\b", re.IGNORECASE), re.compile(r"\bln\b", re.IGNORECASE)
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def find_once(thing: AxesData | FigureData, key: Hashable, find_out: Callable[[], Found]) -> Found:
    """Return the result of `find_out`, which is called once per key and per figure or axes."""
    if key not in thing.memo:
        thing.memo[key] = find_out()
    found: Found = thing.memo[key]
    return found


def assert_curves(answer: object, curves: Mapping[Any, Curve], *, what: str) -> None:
    """Assert that the figure shows each of these curves, as `assert_curve` does."""
    figure, asked = as_figure(answer), [*curves.values()]
    for x, y in asked:
        _assert_curve(figure, x, y, asked, what)


def assert_curve(answer: object, x: np.ndarray, y: np.ndarray, *, what: str) -> None:
    """Assert that a visible curve of the figure shows exactly these points, in any order.

    The curve must stand out: only a few other curves at the same x may be as prominent.
    """
    assert_curves(answer, {"": (x, y)}, what=what)


def _assert_curve(
    figure: FigureData, x: np.ndarray, y: np.ndarray, asked: Sequence[Curve], what: str
) -> None:
    found = matching_curves(figure, x, y)
    seen = [sight for sight in found if in_sight(*sight) and _is_wide_enough(*sight)]
    if seen:
        _assert_stands_out(figure, seen, x, asked, what)
        return
    if any(True for _ in pieced_together(figure, x, y, len(asked))):
        return
    if found:
        raise ClaimFailed(f"{capital(what)} is drawn, but it can't be seen: {_why_unseen(found)}.")
    if matching_curves(figure, y, x):
        raise ClaimFailed(f"{capital(what)} is drawn with x and y swapped.")
    raise ClaimFailed(f"The figure does not show {what}. The figure shows: {figure.summary()}.")


def _assert_stands_out(
    figure: FigureData, seen: Sequence[Sight], x: np.ndarray, asked: Sequence[Curve], what: str
) -> None:
    """Assert that there are few other curves at these x, so the curve is not a lucky guess."""
    alike = [
        other
        for other in asked
        if len(other[0]) == len(x) and np.allclose(np.sort(other[0]), np.sort(x))
    ]
    right = {id(curve) for other in alike for _, curve in matching_curves(figure, *other)}
    rivals = {
        curve.points.tobytes(): curve
        for axes, curve, _ in _curves_at(figure, x)
        if id(curve) not in right and axes.shows(curve)
    }.values()
    # error bars and their caps do not compete with a line
    weights: dict[Hashable, float] = {}
    for _, curve in seen:
        weights[_form(curve)] = max(curve.weight, weights.get(_form(curve), 0.0))
    prominent = min(
        sum(_form(curve) == form and curve.weight > 0.9 * weight for curve in rivals)
        for form, weight in weights.items()
    )
    if (
        prominent > _MOST_RIVALS * len(alike) + 1
        or len(rivals) > _MOST_FAINT_RIVALS * len(alike) + 1
    ):
        raise ClaimFailed(
            f"{capital(what)} is lost among the many other curves at the same places: leave the "
            "other curves out, or draw them thinner or paler."
        )


def _form(curve: CurveData) -> Hashable:
    """Return how a curve is drawn: as a line, as markers or as separate strokes."""
    return "strokes" if curve.kind == "segments" else curve.line != "None"


def matching_curves(figure: FigureData, x: np.ndarray, y: np.ndarray) -> list[Sight]:
    """Return the curves that represent exactly these points, visible or not."""

    def find_out() -> list[Sight]:
        wanted = _Wanted.of(y)
        return [
            (axes, curve)
            for axes, curve, at_x in _curves_at(figure, x)
            for at_y in [_rows_at(axes, curve, 1, wanted)]
            if any(_is_one_to_each(first & second) for first in at_x for second in at_y)
        ]

    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    return find_once(figure, ("matching", x.tobytes(), y.tobytes()), find_out)


def _curves_at(
    figure: FigureData, x: np.ndarray
) -> list[tuple[AxesData, CurveData, list[np.ndarray]]]:
    """Return the curves whose points are at exactly these x, each with its matches."""

    def find_out() -> list[tuple[AxesData, CurveData, list[np.ndarray]]]:
        wanted = _Wanted.of(x)
        return [
            (axes, curve, rows)
            for axes in figure.axes
            for curve in _curves_on(axes)
            if (rows := _rows_at(axes, curve, 0, wanted))
        ]

    x = np.asarray(x, dtype=float)
    return find_once(figure, ("at", x.tobytes()), find_out)


@dataclass(frozen=True)
class _Wanted:
    """Coordinates to look for, each with the largest accepted distance from the coordinate.

    The distance is the homework's tolerance, relative to the coordinate's own size.
    """

    values: np.ndarray
    slack: np.ndarray
    pairs: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, values: np.ndarray) -> _Wanted:
        values = np.asarray(values, dtype=float)
        slack = tolerance() * np.abs(values) + 1e-5 * np.max(np.abs(values), initial=0.0)
        return cls(values, slack, tuple(zip(values.tolist(), slack.tolist(), strict=True)))

    def has(self, value: float) -> bool:
        """Return whether a single coordinate is wanted; this is faster than `near`."""
        return any(abs(value - wanted) <= slack for wanted, slack in self.pairs)

    def near(self, drawn: np.ndarray) -> np.ndarray:
        """Return whether each drawn coordinate (row) is near each wanted coordinate (column).

        If too many points are drawn, the result has no rows.
        """
        if len(drawn) > 50 * len(self.values) + 1000:
            return np.zeros((0, len(self.values)), dtype=bool)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.array(np.abs(drawn[:, np.newaxis] - self.values) <= self.slack)


def _rows_at(axes: AxesData, curve: CurveData, direction: int, wanted: _Wanted) -> list[np.ndarray]:
    """Return, for each way to read a curve, which points are at the wanted coordinates.

    A way is left out if a finite point is at no wanted coordinate, or a wanted coordinate has no
    point.
    """
    finite = find_once(axes, ("finite", id(curve)), lambda: _finite_rows(curve))
    found = []
    for shown in _shown_by(axes, curve, direction):
        if len(finite) and wanted.has(float(shown.values[finite[0]])):
            near = wanted.near(shown.values[finite])
            if _is_one_to_each(near):
                found.append(near)
    return found


def _finite_rows(curve: CurveData) -> np.ndarray:
    return np.flatnonzero(np.isfinite(curve.points[:, :2]).all(axis=1))


def _is_one_to_each(near: np.ndarray) -> bool:
    """Return whether each row and each column has a match."""
    return bool(near.size and near.any(axis=0).all() and near.any(axis=1).all())


def _curves_on(axes: AxesData) -> list[CurveData]:
    """Return the lines, markers and segments on plane axes."""
    if axes.kind != "plane" or axes.colorbar:
        return []
    return [curve for curve in axes.curves if curve.kind in ("line", "points", "segments")]


def which_match(drawn: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return whether each drawn point (row) is at each wanted point (column).

    If too many points are drawn, the result has no rows.
    """
    near_x = _Wanted.of(wanted[:, 0]).near(drawn[:, 0])
    return near_x & _Wanted.of(wanted[:, 1]).near(drawn[:, 1]) if near_x.any() else near_x


def in_sight(axes: AxesData, curve: CurveData) -> bool:
    """Return whether a curve is visible, with every point that the scales of its axes can show."""
    return axes.shows(curve) and bool(axes.within_limits(_showable(axes, curve)).all())


def _showable(axes: AxesData, curve: CurveData) -> np.ndarray:
    """Return the finite points that can be shown; a logarithmic axis shows only positive values."""
    points: np.ndarray = curve.points[np.isfinite(curve.points).all(axis=1)]
    for column, scale in enumerate(axes.scales[: points.shape[1]]):
        if scale == "log":
            points = points[points[:, column] > 0]
    return points


def _is_wide_enough(axes: AxesData, curve: CurveData) -> bool:
    """Return whether the curve takes up more than a hundredth of the axes' width."""
    shown = _showable(axes, curve)[:, 0]
    ends = np.array(axes.limits[0])
    if axes.scales[0] == "log":
        shown, ends = np.log(shown), np.log(np.maximum(ends, 1e-300))
    width = float(np.ptp(ends / 2))  # halves do not overflow, even if limits are huge
    extent = float(np.ptp(shown / 2)) if shown.size else 0.0
    return not 0 < extent < _LEAST_WIDTH * width


def _why_unseen(found: list[Sight]) -> str:
    shown = [(axes, curve) for axes, curve in found if axes.shows(curve)]
    if any(in_sight(axes, curve) for axes, curve in shown):
        return "the curve takes up less than a hundredth of the width of the axes"
    if shown:
        return "part of the curve is outside the limits of the axes"
    axes = found[0][0]
    return why_hidden(axes, [curve for owner, curve in found if owner is axes])


def why_hidden(axes: AxesData, curves: Sequence[CurveData]) -> str:
    """Return in words the reason why an axes does not show these curves."""
    if not axes.visible:
        return "the axes are hidden or have no room in the figure"
    if not any(curve.visible for curve in curves):
        return "the curve is not visible"
    if all(curve.is_too_small for curve in curves):
        return "the curve has no line and no markers, or much too thin ones"
    if not any(axes.has_contrast(curve) for curve in curves):
        return "the curve is transparent, or has the colour of what is behind it"
    return "the curve is painted over"


def pieced_together(
    figure: FigureData, x: np.ndarray, y: np.ndarray, asked: int = 1
) -> Iterator[tuple[AxesData, Reading]]:
    """Yield each axes on which separate dots and strokes form this curve, with its Reading.

    A curve can consist of pieces of one style, in one or several colours, or of all pieces on an
    axes. If pieces are almost everywhere on the axes, no curve counts as pieced together.
    """
    at_x, at_y = _Wanted.of(x), _Wanted.of(y)
    for axes in figure.axes:
        pieces = _pieces(axes)
        if max(map(len, pieces), default=0) > _MOST_PIECES * (len(x) + 5):
            continue
        for points in pieces:
            for shown_x in _shown(axes, points[:, 0], 0):
                near_x = at_x.near(shown_x.values)
                if not near_x.any(axis=0).all():
                    continue
                for shown_y in _shown(axes, points[:, 1], 1):
                    near = near_x & at_y.near(shown_y.values)
                    if near.any(axis=0).all() and _are_few(near_x, shown_y.values, asked):
                        yield axes, (shown_x, shown_y)


def _pieces(axes: AxesData) -> list[np.ndarray]:
    """Return the points of the visible pieces, by style, by style without colour, and together."""

    def find_out() -> list[np.ndarray]:
        groups: dict[Hashable, list[np.ndarray]] = defaultdict(list)
        for curve in _curves_on(axes):
            short = len(curve.points) <= _POOLED or curve.kind == "segments"
            if short and in_sight(axes, curve):
                style = curve.kind, curve.line, curve.marker, round(curve.size, 3)
                for key in ((*style, curve.inks), style, "all"):
                    groups[key].append(curve.points[:, :2])
        return [np.concatenate(points) for points in groups.values()]

    return find_once(axes, "pieces", find_out)


def _are_few(near_x: np.ndarray, ys: np.ndarray, asked: int) -> bool:
    """Return whether each expected x has points at only a few heights."""
    size = float(np.abs(ys[np.isfinite(ys)]).max(initial=0.0)) or 1.0
    heights = [len(np.unique(np.round(ys[column] / size, 6))) for column in near_x.T]
    return max(heights, default=0) <= _MOST_HEIGHTS * asked + 2


def assert_labelled_axes(answer: object) -> None:
    """Assert that every axes that shows something has a label on its x-axis and its y-axis."""
    figure = as_figure(answer)
    used = [axes for axes in figure.axes if not axes.colorbar and (axes.curves or axes.fields)]
    if not used:
        raise ClaimFailed("The figure shows no line, no marker and no surface.")
    for axes in used:
        for name, label in zip("xy", axes.labels, strict=False):
            if not _says_a_thing(label):
                raise ClaimFailed(f"The {name}-axis has no label that can be read.")


def assert_labels_fit(
    answer: object, curves: Iterable[Curve], *, x: Words, y: Words, others: Words | None = None
) -> None:
    """Assert that no axis with these curves has a label for another quantity.

    `x` and `y` are words for the quantities on the two axes, `others` are words for quantities on
    neither axis. A label in any other words is accepted. No label may mention logarithms if its
    axis shows the values themselves.
    """
    figure = as_figure(answer)
    for curve in curves:
        for axes, drawn in matching_curves(figure, *curve):
            first, second = axes.labels[:2]
            if y(first) and not x(first) and x(second) and not y(second):
                raise ClaimFailed("The labels of the axes are swapped.")
            for name, label, own, other in (("x", first, x, y), ("y", second, y, x)):
                strange = other.are_all_of(label) or (others and others.are_all_of(label))
                if strange and not own(label):
                    raise ClaimFailed(
                        f"The label of the {name}-axis names a quantity that is not on this axis."
                    )
            _assert_logarithms_are_shown(axes, drawn, curve)


def _assert_logarithms_are_shown(axes: AxesData, drawn: CurveData, curve: Curve) -> None:
    """Assert that the label of a linear axis mentions logarithms only if logarithms are drawn."""
    for direction, name in enumerate("xy"):
        if axes.scales[direction] == "linear" and _LOGARITHM(axes.labels[direction]):
            shown = readings_as(axes, drawn, *curve)
            if not any(reading[direction].base > 1 for reading in shown):
                raise ClaimFailed(
                    f"The label of the {name}-axis mentions a logarithm, but the axis is not "
                    "logarithmic and you did not draw logarithms."
                )


_LOGARITHM = Words(
    *("log ?(?:10|2|e)?", "ln", "lg", r"logarithm\w*"),
    never=(r"log (?:likelihood|loss|sum|cosh|det\w*)",),
)


def _says_a_thing(label: str) -> bool:
    """Return whether a label has a letter, a number or a mathematical sign, not just spaces."""
    words = re.sub(r"\\[,;:! ]|\\q?quad|[$~{}\\^_]", "", label)
    return any(unicodedata.category(sign)[0] in "LNS" for sign in words)
