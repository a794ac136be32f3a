"""Claims about a function that is drawn over the plane, and about the points marked on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any, Literal

import numpy as np

from autograder.grading.testkit.claims import ClaimFailed, capital
from autograder.grading.testkit.figures import as_figure, find_once, which_match
from autograder.grading.testkit.keys import DescribedStyle, styles_of
from autograder.grading.testkit.names import free_texts, names_in_legends
from autograder.grading.testkit.words import Says, Words, folded
from autograder.sandbox.figurerecord import FAINT, AxesData, CurveData, FieldData, FigureData

Function = Callable[[np.ndarray], Any]
Side = Literal["left", "right"]

_SAMPLES = 1000
"""Number of samples of a field to compare with the function."""

_FEWEST = 30
"""Smallest number of samples that a field needs to show a function."""

_MIN_LEVELS = 4

_CONTOURS = ("contours", "filled contours")
"""Kinds of fields that are interpolated between the points of a grid, which may be coarse."""

_CONTOUR_SLACK, _SLACK = 0.025, 0.015
"""Largest error of contours, and of fields that show exact values, as a share of the function's
range.
"""

_CONTOUR_BINS, _BINS = 4, 6
"""Number of bins in each direction, for contours and for other fields; an empty bin is a hole."""

_MIN_COVER = 0.6
"""Smallest share of the bins that must contain samples of a field."""

_MIN_EXTENT = 0.2
"""Smallest share of the visible width, and of the height, that the field must take up."""

_LONGEST = 8
"""Largest ratio of the sides of a field's visible part, so that both variables matter."""

_MOST_OTHERS = 8
"""Largest number of visible fields that may show other functions; more would be guesses."""

_LARGEST_CELL = 0.15
"""Largest share of the field's width or height that a cell may take up."""

_LARGEST_CHANGE = 0.4
"""Largest change of the function inside a cell, as a share of the function's range."""

_MIN_AGREEMENT = 0.9
"""Smallest rank correlation between the values shown and the function."""

_MIN_UNCLIPPED = 0.15
"""Smallest share of the samples that must be unclipped if a figure clips large values."""

_FLOATING = 0.15
"""Largest distance of marks above or below a surface in 3D, as a share of the surface's height."""

_FARTHEST = 1e6
"""Largest coordinate to look at; iterates beyond it have diverged."""


def assert_surface(answer: object, function: Function) -> None:
    """Assert that the figure shows the function over the plane: values, contours or surface."""
    figure = as_figure(answer)
    if not surfaces(figure, function):
        raise ClaimFailed(_why_no_surface(figure, function))


@dataclass(frozen=True)
class Surface:
    """An axes, and its fields that show the function.

    `turned` is true if the first coordinate goes upwards.
    """

    axes: AxesData
    turned: bool
    views: tuple[View, ...]


def surfaces(figure: FigureData, function: Function) -> list[Surface]:
    """Return the axes that show the function, each with the fields that show the function."""
    return find_once(figure, ("surfaces", function), lambda: _find_surfaces(figure, function))


def _find_surfaces(figure: FigureData, function: Function) -> list[Surface]:
    found, others = [], 0
    for axes in figure.axes:
        if axes.visible and not axes.colorbar and axes.kind != "other":
            seen = [view for field in axes.fields if (view := view_of(axes, field))]
            # labels may be wrong, so they only decide which orientation to try first
            for turned in (is_turned(axes), not is_turned(axes)):
                views = [view for view in seen if shows_function(view, function, turned)]
                if views:
                    found.append(Surface(axes, turned, tuple(views)))
                    break
            others += len(seen) - len(views) if seen else 0
    return found if others <= _MOST_OTHERS else []


def is_turned(axes: AxesData) -> bool:
    """Return whether the labels say that the second coordinate goes to the right, the first up.

    A homework may call its coordinates u and v, or count them: x₁ and x₂, x[0] and x[1].
    """
    places = [_place_on(label) for label in axes.labels[:2]]
    return _letters_on(axes) == ("v", "u") or (all(places) and places[0] > places[1])


def _letters_on(axes: AxesData) -> tuple[str, ...]:
    """Return the letter, u or v, that comes first in the label of the x-axis and of the y-axis."""
    letters = (re.findall(r"(?<![a-z])[uv](?![a-z])", folded(label)) for label in axes.labels[:2])
    return tuple(found[0] if found else "" for found in letters)


def _place_on(label: str) -> int:
    """Return the number of the entry that a label names (x₁, x[0], "second entry"), or 0."""
    words = folded(label)
    for place, named in enumerate(_ORDINALS, start=1):
        if named(label):
            return place
    index = re.search(r"(?<![a-z])[xwpz](?: ?[(\[]? ?)(\d)(?!\d)", words)
    return int(index[1]) + 1 if index else 0


_COUNTED = {"u": "first", "v": "second"}

_ORDINALS = (
    Words("first", r"erste[rsn]?", r"premiere?", "1st", "1re"),
    Words("second", r"zweite[rsn]?", r"deuxieme", "seconde?", "2nd", "2e"),
)


def assert_plane_labelled(answer: object, function: Function, others: Iterable[Words] = ()) -> None:
    """Assert that no label swaps the two coordinates, or names one of the `others`.

    A label in any other words is accepted.
    """
    for surface in surfaces(as_figure(answer), function):
        right = ("v", "u") if surface.turned else ("u", "v")
        said = _letters_on(surface.axes)
        first, second = map(_place_on, surface.axes.labels[:2])
        places_swapped = first and second and (first > second) != surface.turned
        if said == right[::-1] or (said == ("", "") and first != second and places_swapped):
            raise ClaimFailed(
                "The labels of the axes are swapped: the axis labelled u shows v."
                if any(said)
                else "The labels of the axes are swapped: each names what the other axis shows."
            )
        for axis, label, letter, own in zip("xy", surface.axes.labels, said, right, strict=False):
            strange = not letter and any(words.are_all_of(label) for words in others)
            if strange or letter not in ("", own):
                shown = own if any(said) else f"the {_COUNTED[own]} coordinate"
                raise ClaimFailed(
                    f"The {axis}-axis shows {shown}, but its label names another quantity."
                )


def _why_no_surface(figure: FigureData, function: Function) -> str:
    """Return in words the reason why nothing in the figure shows the function."""
    drawn = [(axes, f) for axes in figure.axes if not axes.colorbar for f in axes.fields]
    if not drawn:
        return (
            "The figure shows no surface: draw it with `contourf`, `pcolormesh` or `plot_surface`. "
            f"The figure shows: {figure.summary()}."
        )
    for axes, field in drawn[: _MOST_OTHERS + 1]:
        if _follows(field, function):
            obstacle = _obstacle(axes, field)
            if obstacle:
                return f"The function is drawn over the plane, but {obstacle}."
            return (
                "The surface resembles the function that was passed in, but does not show it: it "
                "shows another function, its grid is too coarse, or too much of it is missing."
            )
    if len(drawn) > _MOST_OTHERS:
        return "There are too many surfaces: nobody can see which one shows the function."
    return "The surface does not show the function that was passed in."


def _follows(field: FieldData, function: Function) -> bool:
    """Return whether a field has the function's values, even if it is hidden or coarse."""
    samples = field.samples[spread(len(field.samples))]
    low, high = field.box
    if np.abs([low, high]).max() > _FARTHEST:
        return False
    across = np.stack(np.meshgrid(*np.linspace(low, high, 9).T)).reshape(2, -1)
    for turned in (False, True):
        extent = _extent(function(across[::-1] if turned else across))
        places = samples[:, 1::-1] if turned else samples[:, :2]
        values = function(places.T)
        many = len(np.unique(samples[:, 2])) >= _MIN_LEVELS
        middles = samples[:, 2] / 2 + samples[:, 3] / 2
        if many and rank_correlation(middles, values) < _MIN_AGREEMENT:
            continue
        if not np.ptp(samples[:, 2]):  # one level, which must be the function's value
            low_enough = samples[:, 2] - 0.05 * extent <= values
            if np.mean(low_enough & (values <= samples[:, 3] + 0.05 * extent)) < 0.95:
                continue
        slack, side = 0.05 * extent, _side(field.kind)
        if many or _is_ordered(samples[:, 2:], values, values, slack, side).mean() > 0.95:
            return True
    return False


def _obstacle(axes: AxesData, field: FieldData) -> str:
    """Return the reason why a field does not show its right values, or "" if it is unclear."""
    if axes.kind == "other":
        return "the axes are neither plane nor in 3D"
    if not axes.visible or not field.visible or field.alpha <= FAINT:
        return "the surface is hidden or transparent"
    if _is_covered(axes, field):
        return "something that you drew later covers the surface"
    if view_of(axes, field) is None:
        return (
            "the limits of the axes cut off the surface, or the surface takes up too little of "
            "the picture"
        )
    if len(np.unique(field.samples[:, 2])) < _MIN_LEVELS:
        return (
            "the surface has too few levels to show where the function is large: ask for more "
            "`levels`"
        )
    return ""


@dataclass(frozen=True)
class View:
    """The visible part of a field: samples, half cell sizes, and the corners around the cells."""

    kind: str
    samples: np.ndarray
    half: np.ndarray
    low: np.ndarray
    high: np.ndarray


def view_of(axes: AxesData, field: FieldData) -> View | None:
    """Return the visible part of a field, or None if the field is hidden or too small."""
    if not field.visible or field.alpha <= FAINT or _is_covered(axes, field):
        return None
    ends = np.sort(np.array(axes.limits[:2]), axis=1)
    if np.abs(ends).max() > _FARTHEST:
        return None
    inside = axes.within_limits(field.samples[:, :2])
    if inside.sum() < _FEWEST:
        return None
    samples, half = field.samples[inside], field.half[inside]
    low = np.maximum((samples[:, :2] - half).min(axis=0), ends[:, 0])
    high = np.minimum((samples[:, :2] + half).max(axis=0), ends[:, 1])
    size = high - low
    if np.any(size <= _MIN_EXTENT * (ends[:, 1] - ends[:, 0])) or max(size) > _LONGEST * min(size):
        return None
    return View(field.kind, samples, half, low, high)


def _is_covered(axes: AxesData, field: FieldData) -> bool:
    """Return whether fields that were drawn later hide most of this field."""
    return float(axes.hidden_behind(field.order, field.samples).mean()) > 0.5


def shows_function(view: View, function: Function, turned: bool) -> bool:
    """Return whether a view shows the function's values, or values that rise with these values.

    For example, logarithms and clipped values rise with the function's values. The values shown
    must fill the field. Each value must be at one place, or in a small cell in which the function
    changes little. The values must have the same order as the function's values, and enough
    different levels to show where the function is large.
    """
    if not _is_everywhere(view):
        return False
    rows = spread(len(view.samples))
    samples, half = view.samples[rows], view.half[rows]
    is_small = (2 * half <= _LARGEST_CELL * (view.high - view.low)).all(axis=1)
    low, high = _values_around(samples[:, :2], half, function, turned)
    is_small &= np.isfinite(low) & np.isfinite(high)
    if is_small.mean() < 0.9 or is_small.sum() < _FEWEST:
        return False
    shown, low, high = samples[is_small, 2:], low[is_small], high[is_small]
    slack, side = _CONTOUR_SLACK if view.kind in _CONTOURS else _SLACK, _side(view.kind)
    return any(
        part.mean() >= _MIN_UNCLIPPED
        and _agrees(shown[part], low[part], high[part], slack)
        and _rises(shown, low, high, slack, part, side)
        for part in (np.ones(len(shown), dtype=bool), shown[:, 0] < shown[:, 0].max())
    )


def _side(kind: str) -> Side:
    """Return the `side` for `np.searchsorted` in `_is_ordered`.

    A contour's level is one value of the function, but cells of equal colour may be clipped.
    """
    return "right" if kind in _CONTOURS else "left"


def spread(count: int, most: int = _SAMPLES) -> np.ndarray:
    """Return evenly spread indices of at most `most` out of `count` samples."""
    return np.linspace(0, count - 1, min(count, most)).astype(int)


def _is_everywhere(view: View) -> bool:
    """Return whether the samples fill the rectangle around them: no strip, no large holes."""
    bins = _CONTOUR_BINS if view.kind in _CONTOURS else _BINS
    places = (view.samples[:, :2] - view.low) / (view.high - view.low)
    parts = np.clip((bins * places).astype(int), 0, bins - 1)
    return len(np.unique(parts @ (bins, 1))) >= _MIN_COVER * bins**2


def _values_around(
    places: np.ndarray, half: np.ndarray, function: Function, turned: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the function's least and largest values in each cell, at its middle and corners."""
    half = np.minimum(half, _FARTHEST)
    values = []
    for right, up in ((0, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
        corners = places + half * (right, up)
        corners = corners[:, ::-1] if turned else corners
        values.append(function(corners.T))
    return np.min(values, axis=0), np.max(values, axis=0)


def _agrees(shown: np.ndarray, low: np.ndarray, high: np.ndarray, slack: float) -> bool:
    """Return whether the values shown have several levels, and show where the function is large.

    Cells in which the function changes much say little about the function.
    """
    if not len(shown) or len(np.unique(shown[:, 0])) < _MIN_LEVELS:
        return False
    middle = (low + high) / 2
    extent = _extent(middle)
    changes_little = high - low <= _LARGEST_CHANGE * extent + slack * extent
    agreement = rank_correlation(shown[:, 0] / 2 + shown[:, 1] / 2, middle)
    return extent > 0 and changes_little.mean() > 0.9 and agreement >= _MIN_AGREEMENT


def _extent(values: np.ndarray) -> float:
    """Return the range of the values without outliers."""
    least, largest = np.quantile(values, (0.05, 0.95))
    return float(largest - least)


def rank_correlation(values: np.ndarray, others: np.ndarray) -> float:
    """Return the rank correlation of two arrays of values, or 0 if an array is constant."""
    ranks = _ranks_of(values), _ranks_of(others)
    return float(np.corrcoef(*ranks)[0, 1]) if min(map(np.ptp, ranks)) else 0.0


def _ranks_of(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value; equal values share the middle rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse.ravel()]


def _rises(
    shown: np.ndarray, low: np.ndarray, high: np.ndarray, slack: float, part: np.ndarray, side: Side
) -> bool:
    """Return whether larger values are shown only at points with larger function values.

    Take any two samples p and q with shown_high[p] < shown_low[q] (≤ for the side "right"). Then
    the function at p must not exceed the function at q by more than a tolerance: the slack times
    the function's range on the `part`.
    """
    extent = _extent((low[part] + high[part]) / 2)
    holds = _is_ordered(shown, low, high, slack * extent, side)
    # samples with a larger value than some other sample
    above = np.searchsorted(np.sort(shown[:, 1]), shown[:, 0], side=side) > 0
    return bool(above.any() and holds[above].mean() > 0.98 and np.mean(holds[part & above]) > 0.95)


def _is_ordered(
    shown: np.ndarray, low: np.ndarray, high: np.ndarray, slack: float, side: Side
) -> np.ndarray:
    """Return where the function is at least as large as at samples that show lower values."""
    shown_low, shown_high = shown.T
    order = np.argsort(shown_high)
    largest_below = np.append(-np.inf, np.maximum.accumulate(low[order]))
    count = np.searchsorted(shown_high[order], shown_low, side=side)
    ordered: np.ndarray = largest_below[count] <= high + slack
    return ordered


def assert_marked(answer: object, function: Function, points: np.ndarray, *, what: str) -> None:
    """Assert that each of these points (u, v) is visibly marked on axes that show the function."""
    figure = as_figure(answer)
    assert_surface(figure, function)
    if not is_marked(figure, function, points):
        why = _why_unmarked(figure, surfaces(figure, function), points)
        raise ClaimFailed(f"{capital(what)} {why}.")


def _why_unmarked(figure: FigureData, found: list[Surface], points: np.ndarray) -> str:
    """Return in words the reason why these points (u, v) are not marked on the surface."""
    for surface in found:
        axes, wanted = surface.axes, points[:, ::-1] if surface.turned else points
        drawn = _drawn(axes.curves, wanted)
        if drawn.all():
            if not axes.within_limits(wanted).all():
                return "are drawn, but not all are inside the limits of the axes"
            if _drawn([curve for curve in axes.curves if axes.would_show(curve)], wanted).all():
                return "are drawn, but under the surface: give them a larger `zorder`"
            return "are drawn, but can't be seen: they are hidden, transparent or too small"
        if drawn.any():
            return "are not all marked on the surface"
        if _drawn(axes.curves, wanted[:, ::-1]).any():
            if surface.turned != is_turned(axes):
                return f"are drawn, but the surface below them has {_coordinates(axes)} swapped"
            return f"are drawn with {_coordinates(axes)} swapped"
    curves = [curve for axes in figure.axes for curve in axes.curves]
    if _drawn(curves, points).all():
        return "are drawn, but not on the axes that show the function"
    return "are not marked on the surface"


def _coordinates(axes: AxesData) -> str:
    return "u and v" if any(_letters_on(axes)) else "the two coordinates"


def _drawn(curves: Iterable[CurveData], wanted: np.ndarray) -> np.ndarray:
    """Return which of the points are on a curve, visible or not."""
    found = np.zeros(len(wanted), dtype=bool)
    for curve in curves:
        found |= which_match(curve.points, wanted).any(axis=0)
    return found


def assert_at_height(answer: object, function: Function, points: np.ndarray, *, what: str) -> None:
    """Assert that marks of these points (u, v) in 3D are near the surface, or all in one plane.

    A plane of marks must be at the foot of the surface, unless the axes also show contours.
    """
    for surface in surfaces(as_figure(answer), function):
        if surface.axes.kind == "3d" and not _are_at_height(surface, function, points):
            raise ClaimFailed(
                f"{capital(what)} are far above or below the surface: mark each point at the "
                "height of the surface there."
            )


def _are_at_height(surface: Surface, function: Function, points: np.ndarray) -> bool:
    wanted = points[:, ::-1] if surface.turned else points
    curves = [c for c in surface.axes.curves if c.points.shape[1] == 3 and surface.axes.shows(c)]
    marks = np.concatenate([np.empty((0, 3)), *(curve.points for curve in curves)])
    rows, which = np.nonzero(which_match(marks, wanted))
    if not len(rows):
        return True
    heights, values = marks[rows, 2], function(points[which].T)
    samples = surface.views[0].samples
    places = samples[:, 1::-1] if surface.turned else samples[:, :2]
    at = function(places.T)
    order = np.argsort(at)
    low, high = samples[:, 2].min(), samples[:, 2].max()
    slack = _FLOATING * (high - low)
    is_flat = np.ptp(heights) <= 1e-6 * (high - low)
    has_contours = any(field.kind in _CONTOURS for field in surface.axes.fields)
    if is_flat and (has_contours or heights[0] <= low + slack):
        return True
    as_shown = np.abs(np.interp(values, at[order], samples[order, 2]) - heights) <= slack
    # on a clipped surface a mark may be at the function's own height
    is_itself = np.median(np.abs(at - samples[:, 2])) <= slack
    own = np.abs(values - heights) <= slack if is_itself else np.zeros(len(rows), dtype=bool)
    fits = np.zeros(len(points), dtype=bool)
    np.logical_or.at(fits, which, as_shown | own)
    return bool(fits[np.unique(which)].all())


def is_marked(figure: FigureData, function: Function, points: np.ndarray) -> bool:
    """Return whether an axes shows the function and all these points (u, v)."""
    return any(
        _marks(surface.axes, points, surface.turned).all() for surface in surfaces(figure, function)
    )


def assert_not_marked(answer: object, function: Function, points: np.ndarray, *, what: str) -> None:
    """Assert that none of these points (u, v) is marked on the surface."""
    figure = as_figure(answer)
    found = surfaces(figure, function)
    if any(_marks(surface.axes, points, surface.turned).any() for surface in found):
        raise ClaimFailed(f"{capital(what)} are marked on the surface, but should not be.")


def assert_surface_reaches(
    answer: object, function: Function, points: np.ndarray, *, what: str
) -> None:
    """Assert that the surface of the function reaches as far as these points (u, v)."""
    figure = as_figure(answer)
    assert_surface(figure, function)
    for surface in surfaces(figure, function):
        wanted = points[:, ::-1] if surface.turned else points
        if any(_reaches(view, wanted) for view in surface.views):
            return
    raise ClaimFailed(f"The visible part of the surface does not reach as far as {what}.")


def _reaches(view: View, points: np.ndarray) -> bool:
    """Return whether the field reaches all points; contours may end a little before a point."""
    middle = (view.low + view.high) / 2
    nearer = middle + (points - middle) / 1.05
    return bool(((nearer >= view.low) & (nearer <= view.high)).all())


def _marks(axes: AxesData, points: np.ndarray, turned: bool) -> np.ndarray:
    """Return which of the points are marked by a visible curve."""
    wanted = points[:, ::-1] if turned else points
    marked = np.zeros(len(points), dtype=bool)
    for curve in axes.curves:
        if axes.shows(curve):
            in_view = axes.within_limits(curve.points) & ~axes.painted_over(curve)
            marked |= which_match(curve.points[in_view], wanted).any(axis=0)
    return marked


def assert_marks_named(
    answer: object,
    groups: Mapping[str, np.ndarray],
    names: Mapping[str, Says],
    keys: Mapping[str, Words] | None = None,
) -> None:
    """Assert that no legend or title gives points (u, v) of one group the name of another group.

    Points may have any name if no legend names their curve, or if that curve has points of
    several groups. With `keys`, no text may give a group the colours or markers of another group.
    """
    figure = as_figure(answer)
    called = names_in_legends(figure)
    says = {name: cache(named) for name, named in names.items()}
    held: dict[int, list[str]] = {}
    for axes in figure.axes:
        title = [name for name, named in says.items() if named(axes.title)]
        on_axes: set[str] = set()
        for curve in axes.curves:
            words = called.get(id(curve), ())
            said = [name for name, named in says.items() if any(map(named, words))]
            if said or title or keys:
                here = [name for name, points in groups.items() if _holds(curve, points)]
                held[id(curve)] = here if axes.shows(curve) else []
                on_axes.update(held[id(curve)])
                if said and len(here) == 1 and here[0] not in said:
                    raise ClaimFailed(
                        f"The legend gives points of {here[0]} the name of {said[0]}."
                    )
        if len(title) == len(on_axes) == 1 and not on_axes & set(title):
            (shown,) = on_axes
            raise ClaimFailed(f"A title says {title[0]}, but the points below are from {shown}.")
    # there may be many texts, but they soon repeat the same colours and markers
    said_styles = (styles_of(text, keys).items() for text in free_texts(figure)) if keys else ()
    _assert_styles_fit(figure, dict.fromkeys(chain.from_iterable(said_styles)), held)


def _assert_styles_fit(
    figure: FigureData, styles: Iterable[tuple[str, DescribedStyle]], held: Mapping[int, list[str]]
) -> None:
    """Assert that no text gives a group a style that only points of other groups have."""
    curves = [curve for axes in figure.axes for curve in axes.curves if held.get(id(curve))]
    for name, style in styles:
        own = [style.fits(curve) for curve in curves if name in held[id(curve)]]
        others = [style.fits(curve) for curve in curves if name not in held[id(curve)]]
        if own and not any(own) and any(others):
            raise ClaimFailed(
                f"A text gives the points of {name} a colour or marker that only other points have."
            )


def _holds(curve: CurveData, points: np.ndarray) -> bool:
    """Return whether the curve has some of the points (u, v), with u to the right or upwards."""
    if not len(points):
        return False
    drawn = curve.points[np.isfinite(curve.points).all(axis=1)]
    return any(which_match(drawn, way).any() for way in (points, points[:, ::-1]))
