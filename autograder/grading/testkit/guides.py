"""Claims about a curve on logarithmic axes and the straight guide beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from autograder.grading.testkit.claims import ClaimFailed
from autograder.grading.testkit.figures import (
    as_figure,
    matching_curves,
    readings,
    same_points,
)
from autograder.grading.testkit.names import legend_texts, names_in_legends, texts_beside
from autograder.sandbox.figuredata import AxesData, CurveData

_GUIDE = re.compile(
    r"1\s*/\s*2|½|(?<!\d)0?\.5|sqrt|root|frac|√|m\s*\^|\bO\(|"
    r"slope|guide|reference|theor|rate|expected|order",
    re.IGNORECASE,
)


_MOST_SLOPES = 4
"""Number of straight lines of other slopes that may be drawn beside the data.

Guides for some powers are fine; a fan of them is no answer.
"""

_MOST_SIDES = 5
"""Number of sides that a triangle of the slope may have, with the strokes in which it is drawn."""


def assert_log_log(answer: object, x: np.ndarray, y: np.ndarray) -> None:
    """The curve through these points is drawn on logarithmic axes, or as labelled logarithms."""
    figure = as_figure(answer)
    for axes, curve in matching_curves(figure, x, y):
        for read in readings(axes, curve):
            if same_points(read.x, read.y, x, y) and read.log_x and read.log_y:
                return
    raise ClaimFailed("The axes are not both logarithmic: `axes.loglog(…)` makes them so.")


def assert_guide(answer: object, x: np.ndarray, y: np.ndarray, slope: float) -> CurveData:
    """Beside the curve through these points there is a straight line of this slope, in sight.

    There are only a few straight lines of other slopes.
    """
    figure = as_figure(answer)
    found = matching_curves(figure, x, y)
    data = {id(curve) for _, curve in found}
    needed = 0.2 * float(np.ptp(np.log10(x)))
    for axes in {id(axes): axes for axes, _ in found}.values():
        bases = _bases_of_data(axes, [curve for owner, curve in found if owner is axes], x, y)
        lines = [
            line
            for curve in axes.curves
            if id(curve) not in data and axes.shows(curve)
            for line in _straight_lines(axes, curve, bases)
        ]
        guides = [line for line in lines if line.has(slope) and line.seen(axes) >= needed]
        others = {round(line.slope, 1) for line in lines if not line.has(slope)}
        if guides and len(others) > _MOST_SLOPES:
            raise ClaimFailed(
                f"Beside the data there are straight lines of many slopes: draw the one of slope "
                f"{slope:g}, and a few others at most."
            )
        if guides:
            return guides[0].curve
    raise ClaimFailed(
        f"There is no straight line of slope {slope:g} (on logarithmic axes) beside the data, "
        "in sight."
    )


def _bases_of_data(
    axes: AxesData, curves: list[CurveData], x: np.ndarray, y: np.ndarray
) -> set[tuple[float, float]]:
    """How the data are to be read; the guide beside them is read in the same way."""
    return {
        read.bases
        for curve in curves
        for read in readings(axes, curve)
        if same_points(read.x, read.y, x, y)
    }


@dataclass(frozen=True)
class _Line:
    """A straight line on logarithmic axes: the strokes of a curve that have its slope.

    `ends` has shape (S, 2, 2): for each stroke its start and its end as they are drawn; `run` is
    how far each goes to the right, in powers of ten.
    """

    curve: CurveData
    slope: float
    ends: np.ndarray
    run: np.ndarray

    def has(self, slope: float) -> bool:
        """Whether the slope is this one."""
        return abs(self.slope - slope) <= 0.02

    def seen(self, axes: AxesData) -> float:
        """How far the line goes to the right within the limits, in powers of ten."""
        return float(np.sum(np.abs(self.run) * _seen_share(axes, self.ends)))


def _straight_lines(
    axes: AxesData, curve: CurveData, bases: set[tuple[float, float]]
) -> Iterator[_Line]:
    """The line that a curve is when it is read with these bases; a triangle is its long side."""
    for read in readings(axes, curve):
        if read.bases not in bases:
            continue
        positive = (read.x > 0) & (read.y > 0) & np.isfinite(read.x) & np.isfinite(read.y)
        if not (read.log_x and read.log_y) or positive.sum() < 2:
            continue
        run, rise = (np.diff(np.log10(part[positive])) for part in (read.x, read.y))
        oblique = np.abs(run) > 0
        if len(run) <= _MOST_SIDES:  # a slope triangle has a level side and an upright one
            oblique &= np.abs(rise) > 1e-9 * np.abs(run)
        else:
            oblique |= np.abs(rise) > 0
        if not oblique.any() or not np.all(run[oblique]):
            continue
        slopes = rise[oblique] / run[oblique]
        slope = float(np.median(slopes))
        if np.all(np.abs(slopes - slope) <= 0.02):
            drawn = curve.points[positive, :2]
            ends = np.stack([drawn[:-1], drawn[1:]], axis=1)[oblique]
            yield _Line(curve, slope, ends, run[oblique])


_STEPS = np.linspace(0, 1, 20)[:, np.newaxis]


def _seen_share(axes: AxesData, ends: np.ndarray) -> np.ndarray:
    """For each stroke which share of it is within the limits."""
    flat = ends.copy()
    logs = [scale == "log" for scale in axes.scales[:2]]
    flat[..., logs] = np.log(flat[..., logs])
    along = flat[:, :1] + (flat[:, 1:] - flat[:, :1]) * _STEPS
    along[..., logs] = np.exp(along[..., logs])
    share: np.ndarray = axes.within_limits(along.reshape(-1, 2)).reshape(len(ends), -1).mean(axis=1)
    return share


def assert_named_guide(answer: object, guide: CurveData) -> None:
    """A legend entry or a text says what the guide is."""
    figure = as_figure(answer)
    named = names_in_legends(figure)
    called = named.get(id(guide), ())
    if guide.own_label in called:
        return
    of_others = {text for texts in named.values() for text in texts}  # the guide is not called so
    entries = called or [text for text in legend_texts(figure) if text not in of_others]
    texts = {text for axes in figure.axes for text in texts_beside(figure, axes)}
    if not any(_GUIDE.search(text) for text in (*entries, *texts)):
        raise ClaimFailed("Neither a legend nor a text says what the guide of slope −1/2 is.")
