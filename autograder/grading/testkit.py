"""What hidden tests are written with: the `item` decorator and comparisons of untrusted answers.

Every comparison raises ClaimFailed with a message that the student reads. It tells the kind of
failure (shape, NaN, size of the relative error) and never a hidden input or an expected value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pytest

from autograder.sandbox.figuredata import FAINT, AxesData, CurveData, FieldData, FigureData

RTOL = 2e-3
"""Allowed relative error; right variants were seen below 2·10⁻⁴, wrong ones above 10⁻²."""

_MAX_SHOWN_DIMENSIONS = 6

Test = TypeVar("Test", bound=Callable[..., None])


class ClaimFailed(AssertionError):
    """An answer is not as claimed; the message is fit for the student."""


def item(name: str, *, part: str = "answer", costs: float = 0.0) -> Callable[[Test], Test]:
    """Mark a hidden test as one of the item `name`.

    With `costs=0` it is a core test of a `part`: an item's points are shared equally among its
    parts, and a part is earned if all its core tests pass. With `costs=c` it is a robustness test
    that can only take c times the item's points away.
    """
    if not 0 <= costs < 1:
        raise ValueError(f"costs is {costs}; it is a fraction of the item's points")
    mark: Callable[[Test], Test] = pytest.mark.item(name, part=part, costs=costs)
    return mark


# --- Numbers --------------------------------------------------------------------------------------


def as_array(answer: object, what: str = "the answer") -> np.ndarray:
    """An untrusted answer as an array of finite floats; ClaimFailed where it is none."""
    array = _numeric(answer, what)
    if array.dtype.kind == "c":
        if np.any(array.imag != 0):
            raise ClaimFailed(f"{_capital(what)} has complex entries; real ones are asked for.")
        array = array.real
    array = array.astype(np.float64)
    if np.isnan(array).any():
        raise ClaimFailed(f"{_capital(what)} contains NaN.")
    if not np.isfinite(array).all():
        raise ClaimFailed(f"{_capital(what)} contains infinite entries.")
    return array


def _numeric(answer: object, what: str) -> np.ndarray:
    if answer is None:
        raise ClaimFailed(f"{_capital(what)} is None: does the function end with `return …`?")
    try:
        array = np.asarray(answer)
    except (ValueError, TypeError, OverflowError):
        raise ClaimFailed(
            f"{_capital(what)} is no array: its parts differ in shape or kind."
        ) from None
    if array.dtype.kind not in "biufc":
        raise ClaimFailed(f"{_capital(what)} holds {kind_of(answer)}, not an array of numbers.")
    return array


def assert_close(
    answer: object, expected: object, *, what: str = "the answer", rtol: float = RTOL
) -> None:
    """Compare in relative max-norm, max|a − e| ≤ rtol · max|e|, without broadcasting.

    Where everything expected is zero, the error is measured against 1. Fails on NaN, on another
    shape, and on what is no array of real numbers; takes lists, tuples and any number type.
    """
    right = np.asarray(expected, dtype=np.float64)
    array = as_array(answer, what)
    if array.shape != right.shape:
        raise ClaimFailed(
            f"{_capital(what)} has shape {_shape(array)} where {_shape(right)} is asked for."
        )
    error = relative_error(array, right)
    if not error <= rtol:
        raise ClaimFailed(
            f"{_capital(what)} is wrong: its relative error is about {error:.0e}, "
            f"and {rtol:g} is allowed."
        )


def relative_error(array: np.ndarray, expected: np.ndarray) -> float:
    """max|a − e| / max|e|, or max|a − e| where e is all zero; 0 for empty arrays."""
    if expected.size == 0:
        return 0.0
    size = float(np.max(np.abs(expected)))
    with np.errstate(over="ignore"):
        return float(np.max(np.abs(array - expected))) / (size or 1.0)


def assert_number_close(
    answer: object, expected: float, *, what: str = "the answer", rtol: float = RTOL
) -> None:
    """`assert_close` for a number; an array with one single entry is a number too."""
    array = as_array(answer, what)
    if array.size != 1:
        raise ClaimFailed(
            f"{_capital(what)} has shape {_shape(array)} where a number is asked for."
        )
    assert_close(array.reshape(()), expected, what=what, rtol=rtol)


def as_pair(answer: object, parts: str, what: str = "the answer") -> tuple[Any, Any]:
    """The two parts of an answer such as `return x, z`; `parts` says how they are called."""
    if answer is None:
        raise ClaimFailed(f"{_capital(what)} is None: does the function end with `return …`?")
    if not isinstance(answer, (tuple, list, np.ndarray)) or _is_bare(answer):
        raise ClaimFailed(
            f"{_capital(what)} is {kind_of(answer)} where the pair ({parts}) is asked for."
        )
    if len(answer) != 2:
        raise ClaimFailed(
            f"{_capital(what)} has {len(answer)} parts where the pair ({parts}) is asked for."
        )
    return answer[0], answer[1]


def _is_bare(answer: object) -> bool:
    return isinstance(answer, np.ndarray) and answer.ndim == 0


def assert_left_alone(after: object, before: np.ndarray, what: str) -> None:
    """The array that was handed in is as it was."""
    if not np.array_equal(_numeric(after, what), before):
        raise ClaimFailed(f"{_capital(what)} was changed in place: work on a copy of it.")


def lookup(answer: object, keys: Iterable[tuple[float, float]], names: str) -> list[Any]:
    """The values of a dict at pairs of numbers, matched up to rounding, and no others in it."""
    wanted = list(keys)
    if not isinstance(answer, Mapping):
        raise ClaimFailed(f"The answer is {kind_of(answer)} where a dict is asked for.")
    pairs = {key: value for key, value in answer.items() if _is_pair(key)}
    if len(pairs) != len(answer):
        raise ClaimFailed(f"The dict has keys that are no pair ({names}) of numbers.")
    found = []
    for pair in wanted:
        near = [v for key, v in pairs.items() if np.allclose(key, pair, rtol=1e-9, atol=1e-12)]
        if not near:
            raise ClaimFailed(f"The dict lacks an entry for some pair ({names}).")
        found.append(near[0])
    if len(pairs) != len(wanted):
        raise ClaimFailed(
            f"The dict has {len(pairs)} entries where {len(wanted)} are asked for, one for each "
            f"pair ({names})."
        )
    return found


def _is_pair(key: object) -> bool:
    return (
        isinstance(key, tuple)
        and len(key) == 2
        and all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in key)
    )


def kind_of(answer: object) -> str:
    """What an answer is, in words for a sentence."""
    names = {
        "NoneType": "None",
        "ndarray": "an array",
        "int": "a number",
        "float": "a number",
        "complex": "a complex number",
        "bool": "True or False",
        "str": "a text",
        "dict": "a dict",
        "list": "a list",
        "tuple": "a tuple",
        "FigureData": "a Figure",
    }
    return names.get(type(answer).__name__, "something else")


def _shape(array: np.ndarray) -> str:
    shown = array.shape[:_MAX_SHOWN_DIMENSIONS]
    more = ", …" if array.ndim > len(shown) else ""
    inside = ", ".join(map(str, shown)) + ("," if array.ndim == 1 else "")
    return f"({inside}{more})" if array.ndim else "() (a number)"


def _capital(text: str) -> str:
    """The text as the beginning of a sentence; the names of things stay as they are."""
    return text[:1].upper() + text[1:] if re.match(r"[a-z]+ ", text) else text


# --- Figures --------------------------------------------------------------------------------------

Sight = tuple[AxesData, CurveData]
"""A curve together with the axes that it is drawn on."""

CLOSE = 2e-3
"""How close a drawn point is to the one asked for, relative to its own size."""

_POOLED = 2
"""A thing with so few points may be one stroke or one dot of a curve that was drawn in pieces."""


def as_figure(answer: object) -> FigureData:
    """An untrusted answer as a figure that holds axes; ClaimFailed where it is none.

    A pair such as `return figure, axes` is as good as the figure in it.
    """
    if isinstance(answer, (tuple, list)):
        answer = next((part for part in answer if isinstance(part, FigureData)), answer)
    if answer is None:
        raise ClaimFailed("The answer is None: end the function with `return figure`.")
    if not isinstance(answer, FigureData):
        raise ClaimFailed(f"The answer is {kind_of(answer)} where a Figure is asked for.")
    if not answer.axes:
        raise ClaimFailed("The figure has no axes.")
    return answer


@dataclass(frozen=True)
class Reading:
    """What a curve's points stand for, on axes that may show logarithms or named ticks."""

    x: np.ndarray
    y: np.ndarray
    log_x: bool
    log_y: bool


def readings(axes: AxesData, curve: CurveData) -> Iterator[Reading]:
    """The points as they are; and, where a label or named ticks say so, what they stand for."""
    for x, log_x in _coordinates(axes, curve, 0):
        for y, log_y in _coordinates(axes, curve, 1):
            yield Reading(x, y, log_x, log_y)


def _coordinates(
    axes: AxesData, curve: CurveData, direction: int
) -> Iterator[tuple[np.ndarray, bool]]:
    plain = curve.points[:, direction]
    yield plain, axes.scales[direction] == "log"
    if re.search(r"log|\bln\b", axes.labels[direction], re.IGNORECASE):
        with np.errstate(over="ignore"):
            yield from ((np.power(base, plain), True) for base in (10.0, np.e, 2.0))
    names = {at: numbers[0] for at, name in axes.ticks[direction] if (numbers := _numbers(name))}
    if names and all(value in names for value in plain):
        yield np.array([names[value] for value in plain]), False


def assert_curve(answer: object, x: np.ndarray, y: np.ndarray, *, what: str) -> None:
    """Some curve of the figure shows exactly these points, in any order, and can be seen."""
    figure = as_figure(answer)
    found = matching_curves(figure, x, y)
    if any(in_sight(axes, curve) for axes, curve in found) or _is_pieced_together(figure, x, y):
        return
    if found:
        raise ClaimFailed(f"{_capital(what)} is drawn, but it can't be seen: {_why_unseen(found)}.")
    if matching_curves(figure, y, x):
        raise ClaimFailed(f"{_capital(what)} is drawn with its axes swapped.")
    raise ClaimFailed(f"The figure does not show {what}. What was found in it: {figure.summary()}.")


def matching_curves(figure: FigureData, x: np.ndarray, y: np.ndarray) -> list[Sight]:
    """The curves that stand for exactly these points, whether or not they can be seen."""
    return [
        (axes, curve)
        for axes, curve in _curves(figure)
        if any(_same_points(read.x, read.y, x, y) for read in readings(axes, curve))
    ]


def _curves(figure: FigureData) -> Iterator[Sight]:
    for axes in figure.axes:
        if axes.kind == "plane" and not axes.colorbar:
            for curve in axes.curves:
                if curve.kind in ("line", "points", "segments"):
                    yield axes, curve


def _same_points(xs: np.ndarray, ys: np.ndarray, x: np.ndarray, y: np.ndarray) -> bool:
    drawn = np.isfinite(xs) & np.isfinite(ys)
    near = _near(xs[drawn], ys[drawn], x, y)
    return bool(near.size and near.any(axis=0).all() and near.any(axis=1).all())


def _near(xs: np.ndarray, ys: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which drawn point (row) is at which expected point (column)."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(xs) > 50 * len(x) + 1000:
        return np.zeros((0, len(x)), dtype=bool)
    floor = 1e-5 * np.array([np.max(np.abs(part), initial=0.0) for part in (x, y)])
    with np.errstate(over="ignore", invalid="ignore"):
        near_x = np.abs(xs[:, np.newaxis] - x) <= CLOSE * np.abs(x) + floor[0]
        near_y = np.abs(ys[:, np.newaxis] - y) <= CLOSE * np.abs(y) + floor[1]
    return np.array(near_x & near_y, dtype=bool)


def in_sight(axes: AxesData, curve: CurveData) -> bool:
    """Whether a curve can be seen, and every point of it that its scales can show is in sight."""
    return axes.shows(curve) and bool(axes.within_limits(_showable(axes, curve)).all())


def _showable(axes: AxesData, curve: CurveData) -> np.ndarray:
    """The finite points without those that a logarithmic axis has no place for."""
    points: np.ndarray = curve.points[np.isfinite(curve.points).all(axis=1)]
    for column, scale in enumerate(axes.scales[: points.shape[1]]):
        if scale == "log":
            points = points[points[:, column] > 0]
    return points


def _why_unseen(found: list[Sight]) -> str:
    if any(axes.shows(curve) for axes, curve in found):
        return "part of it lies outside the limits of the axes"
    return "it is hidden, transparent, has neither line nor markers, or is painted over"


def _is_pieced_together(figure: FigureData, x: np.ndarray, y: np.ndarray) -> bool:
    """Whether dots and strokes that were drawn one by one make up these points."""
    for axes in figure.axes:
        near = [np.zeros((0, len(x)), dtype=bool)]
        for owner, curve in _curves(figure):
            few = len(curve.points) <= _POOLED or curve.kind == "segments"
            if owner is axes and few and in_sight(axes, curve):
                near += [_near(read.x, read.y, x, y) for read in readings(axes, curve)]
        if np.concatenate(near).any(axis=0).all():
            return True
    return False


def assert_labelled_axes(answer: object) -> None:
    """Every axes that shows something has a label on its x-axis and on its y-axis."""
    figure = as_figure(answer)
    used = [axes for axes in figure.axes if not axes.colorbar and (axes.curves or axes.fields)]
    if not used:
        raise ClaimFailed("The figure shows nothing.")
    for axes in used:
        missing = [
            name for name, label in zip("xy", axes.labels, strict=False) if not label.strip()
        ]
        if missing:
            raise ClaimFailed(f"There is no label on the {missing[0]}-axis.")


Says = Callable[[str], bool]
"""Whether a text names a thing."""


def says(name: str) -> Says:
    """Whether a text holds the name, as it is or set as mathematics."""
    return lambda text: _plain(name) in _plain(text)


def says_number(value: float) -> Says:
    """Whether a text holds the number, in whatever notation."""
    return lambda text: any(abs(n - value) <= 0.02 * abs(value) + 1e-12 for n in _numbers(text))


def _plain(text: str) -> str:
    return re.sub(r"[$\\{}\s]|mathrm|text", "", text).lower()


def _numbers(text: str) -> list[float]:
    """The numbers in a text: 0.05, 5e-2, 10^{-2}, 5·10^{-2}, 1/20."""
    plain = re.sub(r"\\[dt]?frac\{?(\d+)\}?\{?(\d+)\}?", r"\1/\2", text)
    plain = re.sub(r"\\times|\\cdot|×|·", "*", plain.replace("−", "-"))
    plain = re.sub(r"[{}$\s]", "", plain)
    plain = re.sub(r"(\d)\*10(?:\^|\*\*)(-?\d+)", r"\1e\2", plain)
    plain = re.sub(r"(?<![\d.])10(?:\^|\*\*)(-?\d+)", r"1e\1", plain)
    found = []
    for top, bottom in re.findall(rf"({_NUMBER})(?:/({_NUMBER}))?", plain):
        value = float(top) / (float(bottom) if bottom and float(bottom) else 1.0)
        found.append(value)
    return found


_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?"


def assert_named_curves(
    answer: object, curves: Mapping[Any, tuple[np.ndarray, np.ndarray]], name: Callable[[Any], Says]
) -> None:
    """Each curve is named by a legend, or by a text or title on its axes, and by its own name."""
    figure = as_figure(answer)
    for key, (x, y) in curves.items():
        sights: list[tuple[AxesData, CurveData | None]] = [*matching_curves(figure, x, y)]
        sights = sights or [(axes, None) for axes in figure.axes]
        if not any(_is_named(figure, axes, curve, name(key)) for axes, curve in sights):
            raise ClaimFailed(
                "A line is not named as it should be: give it a `label=…` and call `axes.legend()`."
            )


def _is_named(figure: FigureData, axes: AxesData, curve: CurveData | None, named: Says) -> bool:
    entries = legend_entries(figure)
    if curve is not None and curve.own_label in entries:
        return named(curve.own_label)
    return any(map(named, (*entries, *_texts_beside(figure, axes))))


def legend_entries(figure: FigureData) -> tuple[str, ...]:
    """What all legends of a figure say."""
    return (*figure.legend, *(entry for axes in figure.axes for entry in axes.legend))


def _texts_beside(figure: FigureData, axes: AxesData) -> tuple[str, ...]:
    return (*axes.texts, axes.title, *figure.texts)


def assert_told_apart(answer: object, names: Mapping[str, Says]) -> None:
    """For each name there is a text of its own: in a legend, on an axes or in a title."""
    figure = as_figure(answer)
    words = [*legend_entries(figure), figure.title]
    for axes in figure.axes:
        words += _texts_beside(figure, axes)
    telling = {
        name: {k for k, word in enumerate(words) if named(word)} for name, named in names.items()
    }
    for name, found in telling.items():
        if not found:
            raise ClaimFailed(f"Neither a legend nor a text in the figure names {name}.")
    # a title that names both does not say which is which
    if len(set().union(*telling.values())) < len(names):
        raise ClaimFailed("One text names all of them: give each its own `label=…`.")


# --- Surfaces -------------------------------------------------------------------------------------

Function = Callable[[np.ndarray], float]

_SAMPLES = 600
_SURFACE_TOLERANCE = 0.03
"""Of the range of the function: what interpolation between the points of a coarse grid may miss."""
_MIN_LEVELS = 4


def assert_surface(answer: object, function: Function) -> None:
    """The figure shows the function over the plane: its values, its contours or its surface."""
    figure = as_figure(answer)
    if surfaces(figure, function):
        return
    drawn = [f for axes in figure.axes if not axes.colorbar for f in axes.fields]
    if not drawn:
        raise ClaimFailed(
            "The figure shows no surface: draw it with `contourf`, `pcolormesh` or `plot_surface`. "
            f"What was found in it: {figure.summary()}."
        )
    raise ClaimFailed(
        "What is drawn over the plane is not the function that was passed in, or it can't be seen."
    )


def surfaces(figure: FigureData, function: Function) -> list[tuple[AxesData, bool]]:
    """The axes that show the function, and whether they have u upwards and v to the right."""
    found = []
    for axes in figure.axes:
        turned = _is_turned(axes)
        for field in axes.fields:
            seen = axes.visible and field.visible and field.alpha > FAINT and not axes.colorbar
            if seen and _in_limits(axes, field) and _shows_function(field, function, turned):
                found.append((axes, turned))
                break
    return found


def _is_turned(axes: AxesData) -> bool:
    """Whether the labels say that v goes to the right and u upwards."""
    x, y = (re.findall(r"(?<![a-z])[uv](?![a-z])", _plain(label)) for label in axes.labels[:2])
    return x[:1] == ["v"] and y[:1] == ["u"]


def _in_limits(axes: AxesData, field: FieldData) -> bool:
    return bool(axes.within_limits(field.samples[:, :2]).mean() > 0.2)


def _shows_function(field: FieldData, function: Function, turned: bool) -> bool:
    """Whether the values are those of the function, or rise with it (its logarithm, clipped)."""
    rows = np.linspace(0, len(field.samples) - 1, min(len(field.samples), _SAMPLES)).astype(int)
    shown_low, shown_high = field.samples[rows, 2], field.samples[rows, 3]
    if len(np.unique(shown_low)) < _MIN_LEVELS:
        return False
    low, high = _values_around(field.samples[rows, :2], field.half[rows], function, turned)
    extent = float(high.max() - low.min())
    slack = _SURFACE_TOLERANCE * extent
    direct = (shown_low <= high + slack) & (shown_high >= low - slack)
    return extent > 0 and (
        float(direct.mean()) > 0.98 or _rises(shown_low, shown_high, low, high, slack)
    )


def _values_around(
    places: np.ndarray, half: np.ndarray, function: Function, turned: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest value of the function at the middle and the corners of a cell."""
    values = []
    for right, up in ((0, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
        corners = places + half * (right, up)
        corners = corners[:, ::-1] if turned else corners
        values.append([function(corner) for corner in corners])
    return np.min(values, axis=0), np.max(values, axis=0)


def _rises(
    shown_low: np.ndarray, shown_high: np.ndarray, low: np.ndarray, high: np.ndarray, slack: float
) -> bool:
    """Whether a larger value is shown only where the function is larger.

    For every pair of samples p, q with shown_high[p] < shown_low[q], the function at p may not
    exceed that at q.
    """
    order = np.argsort(shown_high)
    largest_below = np.maximum.accumulate(low[order])
    count = np.searchsorted(shown_high[order], shown_low, side="left")
    above = count > 0
    if above.mean() < 0.5:
        return False
    holds = largest_below[count[above] - 1] <= high[above] + slack
    lowest, highest = np.quantile(shown_low, (0.2, 0.8))
    gain = low[shown_low >= highest].mean() - low[shown_low <= lowest].mean()
    return bool(holds.mean() > 0.98 and gain > 3 * slack)


def assert_marked(answer: object, function: Function, points: np.ndarray, *, what: str) -> None:
    """Each of these points (u, v) is marked on an axes that shows the function, and can be seen."""
    figure = as_figure(answer)
    if any(_marks(axes, points, turned).all() for axes, turned in surfaces(figure, function)):
        return
    raise ClaimFailed(f"{_capital(what)} are not all marked on the surface, in sight.")


def assert_not_marked(answer: object, function: Function, points: np.ndarray, *, what: str) -> None:
    """None of these points (u, v) is marked on the surface."""
    figure = as_figure(answer)
    if any(_marks(axes, points, turned).any() for axes, turned in surfaces(figure, function)):
        raise ClaimFailed(f"{_capital(what)} are marked on the surface, and should not be.")


def _marks(axes: AxesData, points: np.ndarray, turned: bool) -> np.ndarray:
    """Which of the points some curve marks in sight."""
    wanted = points[:, ::-1] if turned else points
    marked = np.zeros(len(points), dtype=bool)
    for curve in axes.curves:
        if axes.shows(curve):
            in_view = axes.within_limits(curve.points) & ~axes.painted_over(curve)
            seen = curve.points[in_view][:, :2]
            marked |= _near(seen[:, 0], seen[:, 1], wanted[:, 0], wanted[:, 1]).any(axis=0)
    return marked


# --- Convergence ----------------------------------------------------------------------------------


def assert_log_log(answer: object, x: np.ndarray, y: np.ndarray) -> None:
    """The curve through these points is drawn on logarithmic axes, or as labelled logarithms."""
    figure = as_figure(answer)
    for axes, curve in matching_curves(figure, x, y):
        for read in readings(axes, curve):
            if _same_points(read.x, read.y, x, y) and read.log_x and read.log_y:
                return
    raise ClaimFailed("The axes are not both logarithmic: `axes.loglog(…)` makes them so.")


def assert_guide(answer: object, x: np.ndarray, y: np.ndarray, slope: float) -> CurveData:
    """Beside the curve through these points there is a straight line of this slope, in sight."""
    figure = as_figure(answer)
    data = [id(curve) for _, curve in matching_curves(figure, x, y)]
    places = [axes for axes, _ in matching_curves(figure, x, y)]
    for axes in places:
        for curve in axes.curves:
            if id(curve) not in data and axes.shows(curve) and _is_guide(axes, curve, x, slope):
                return curve
    raise ClaimFailed(
        f"There is no straight line of slope {slope:g} (on logarithmic axes) beside the data, "
        "in sight."
    )


def _is_guide(axes: AxesData, curve: CurveData, x: np.ndarray, slope: float) -> bool:
    needed = 0.2 * float(np.ptp(np.log10(x)))
    for read in readings(axes, curve):
        positive = (read.x > 0) & (read.y > 0) & np.isfinite(read.x) & np.isfinite(read.y)
        if not (read.log_x and read.log_y) or positive.sum() < 2:
            continue
        run = np.diff(np.log10(read.x[positive]))
        rise = np.diff(np.log10(read.y[positive]))
        straight = np.abs(rise - slope * run) <= 0.02 * np.abs(run)
        straight &= np.abs(run) > 0
        whole = straight[np.abs(run) + np.abs(rise) > 0].all()
        if whole or len(run) < 6:  # a slope triangle has one side of the slope
            seen = _seen_share(axes, curve.points[positive, :2])
            if float(np.sum(np.abs(run) * straight * seen)) >= needed:
                return True
    return False


def _seen_share(axes: AxesData, points: np.ndarray) -> np.ndarray:
    """For each stroke between consecutive points, which share of it is within the limits."""
    flat = points.copy()
    logs = [scale == "log" for scale in axes.scales[:2]]
    flat[:, logs] = np.log(flat[:, logs])
    shares = []
    for start, end in pairwise(flat):
        stroke = start + (end - start) * np.linspace(0, 1, 50)[:, np.newaxis]
        stroke[:, logs] = np.exp(stroke[:, logs])
        shares.append(float(axes.within_limits(stroke).mean()))
    return np.array(shares)


def assert_named_guide(answer: object, guide: CurveData) -> None:
    """A legend entry or a text says what the guide is."""
    figure = as_figure(answer)
    entries = legend_entries(figure)
    if guide.own_label and guide.own_label in entries:
        return
    texts = [text for axes in figure.axes for text in _texts_beside(figure, axes)]
    if not any(_GUIDE.search(text) for text in (*entries, *texts)):
        raise ClaimFailed("Neither a legend nor a text says what the guide of slope −1/2 is.")


_GUIDE = re.compile(
    r"1\s*/\s*2|½|0\.5|sqrt|frac|√|slope|guide|reference|theor|rate|expected|order|m\s*\^|\bO\(",
    re.IGNORECASE,
)
