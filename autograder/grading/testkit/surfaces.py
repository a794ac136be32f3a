"""Claims about a function that is shown over the plane, and about what is marked on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np

from autograder.grading.testkit.claims import ClaimFailed, capital
from autograder.grading.testkit.figures import as_figure, which_match
from autograder.grading.testkit.names import names_in_legends
from autograder.grading.testkit.words import Says, plain
from autograder.sandbox.figuredata import FAINT, AxesData, CurveData, FieldData, FigureData

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
        turned = is_turned(axes)
        for field in axes.fields:
            seen = axes.visible and field.visible and field.alpha > FAINT and not axes.colorbar
            if seen and _in_limits(axes, field) and _shows_function(field, function, turned):
                found.append((axes, turned))
                break
    return found


def is_turned(axes: AxesData) -> bool:
    """Whether the labels say that v goes to the right and u upwards."""
    x, y = (re.findall(r"(?<![a-z])[uv](?![a-z])", plain(label)) for label in axes.labels[:2])
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
        values.append(function(corners.T))
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
    if not is_marked(as_figure(answer), function, points):
        raise ClaimFailed(f"{capital(what)} are not all marked on the surface, in sight.")


def is_marked(figure: FigureData, function: Function, points: np.ndarray) -> bool:
    """Whether some axes shows the function and has all these points (u, v) in sight."""
    return any(_marks(axes, points, turned).all() for axes, turned in surfaces(figure, function))


def assert_not_marked(answer: object, function: Function, points: np.ndarray, *, what: str) -> None:
    """None of these points (u, v) is marked on the surface."""
    figure = as_figure(answer)
    if any(_marks(axes, points, turned).any() for axes, turned in surfaces(figure, function)):
        raise ClaimFailed(f"{capital(what)} are marked on the surface, and should not be.")


def assert_surface_reaches(
    answer: object, function: Function, points: np.ndarray, *, what: str
) -> None:
    """What shows the function over the plane extends as far as these points (u, v)."""
    figure = as_figure(answer)
    for axes, turned in surfaces(figure, function):
        wanted = points[:, ::-1] if turned else points
        if any(_reaches(field, wanted) for field in axes.fields if field.visible):
            return
    raise ClaimFailed(f"The surface that is drawn does not reach as far as {what}.")


def _reaches(field: FieldData, points: np.ndarray) -> bool:
    """Whether the field goes around all points; the lines of contours may end a little before."""
    places = field.samples[:, :2]
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    return bool(field.covers(middle + (points - middle) / 1.05).all())


def _marks(axes: AxesData, points: np.ndarray, turned: bool) -> np.ndarray:
    """Which of the points some curve marks in sight."""
    wanted = points[:, ::-1] if turned else points
    marked = np.zeros(len(points), dtype=bool)
    for curve in axes.curves:
        if axes.shows(curve):
            in_view = axes.within_limits(curve.points) & ~axes.painted_over(curve)
            seen = curve.points[in_view][:, :2]
            marked |= which_match(seen[:, 0], seen[:, 1], wanted[:, 0], wanted[:, 1]).any(axis=0)
    return marked


def assert_marks_named(
    answer: object, groups: Mapping[str, np.ndarray], names: Mapping[str, Says]
) -> None:
    """No legend calls the points (u, v) of one group by the name of another one.

    Points whose curve no legend names, or has points of several groups, may be called anything.
    """
    figure = as_figure(answer)
    called = names_in_legends(figure)
    for axes in figure.axes:
        for curve in axes.curves:
            held = [name for name, points in groups.items() if _holds(axes, curve, points)]
            said = [n for n, named in names.items() if any(map(named, called.get(id(curve), ())))]
            if len(held) == 1 and said and held[0] not in said:
                raise ClaimFailed(f"The legend calls points of {held[0]} by the name of {said[0]}.")


def _holds(axes: AxesData, curve: CurveData, points: np.ndarray) -> bool:
    """Whether the curve has some of the points (u, v)."""
    wanted = points[:, ::-1] if is_turned(axes) else points
    drawn = curve.points[np.isfinite(curve.points).all(axis=1)]
    return bool(which_match(drawn[:, 0], drawn[:, 1], wanted[:, 0], wanted[:, 1]).any())
