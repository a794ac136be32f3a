"""Claims about the curves and the axes of an untrusted figure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.grading.testkit.claims import ClaimFailed, capital, kind_of
from autograder.grading.testkit.words import numbers_in
from autograder.sandbox.figuredata import AxesData, CurveData, FigureData

Sight = tuple[AxesData, CurveData]
"""A curve together with the axes that it is drawn on."""

CLOSE = 2e-3
"""How close a drawn point is to the one asked for, relative to its own size."""

_POOLED = 2
"""A thing with so few points may be one stroke or one dot of a curve that was drawn in pieces."""

_MOST_PIECES = 20
"""As many points of pieces, for each point of the curve, may be other curves' and the like."""


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
    names = {at: numbers[0] for at, name in axes.ticks[direction] if (numbers := numbers_in(name))}
    if names and all(value in names for value in plain):
        yield np.array([names[value] for value in plain]), False


def assert_curves(
    answer: object, curves: Mapping[Any, tuple[np.ndarray, np.ndarray]], *, what: str
) -> None:
    """The figure shows each of these curves, as `assert_curve` does."""
    for x, y in curves.values():
        assert_curve(answer, x, y, what=what)


def assert_curve(answer: object, x: np.ndarray, y: np.ndarray, *, what: str) -> None:
    """Some curve of the figure shows exactly these points, in any order, and can be seen."""
    figure = as_figure(answer)
    found = matching_curves(figure, x, y)
    if any(in_sight(axes, curve) for axes, curve in found) or _is_pieced_together(figure, x, y):
        return
    if found:
        raise ClaimFailed(f"{capital(what)} is drawn, but it can't be seen: {_why_unseen(found)}.")
    if matching_curves(figure, y, x):
        raise ClaimFailed(f"{capital(what)} is drawn with its axes swapped.")
    raise ClaimFailed(f"The figure does not show {what}. What was found in it: {figure.summary()}.")


def matching_curves(figure: FigureData, x: np.ndarray, y: np.ndarray) -> list[Sight]:
    """The curves that stand for exactly these points, whether or not they can be seen."""
    return [
        (axes, curve)
        for axes, curve in curves_of(figure)
        if any(same_points(read.x, read.y, x, y) for read in readings(axes, curve))
    ]


def curves_of(figure: FigureData) -> Iterator[Sight]:
    """The lines, markers and segments on all plane axes."""
    for axes in figure.axes:
        if axes.kind == "plane" and not axes.colorbar:
            for curve in axes.curves:
                if curve.kind in ("line", "points", "segments"):
                    yield axes, curve


def same_points(xs: np.ndarray, ys: np.ndarray, x: np.ndarray, y: np.ndarray) -> bool:
    """Whether the drawn points (xs, ys) are the expected ones, in any order."""
    drawn = np.isfinite(xs) & np.isfinite(ys)
    near = which_match(xs[drawn], ys[drawn], x, y)
    return bool(near.size and near.any(axis=0).all() and near.any(axis=1).all())


def which_match(xs: np.ndarray, ys: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
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
    """Whether dots and strokes that were drawn one by one make up these points.

    Where there are so many that some would lie anywhere, they make up nothing.
    """
    for axes in figure.axes:
        pieces = [
            curve
            for owner, curve in curves_of(figure)
            if owner is axes and (len(curve.points) <= _POOLED or curve.kind == "segments")
        ]
        if sum(len(curve.points) for curve in pieces) > _MOST_PIECES * (len(x) + 5):
            continue
        near = [np.zeros((0, len(x)), dtype=bool)]
        for curve in pieces:
            if in_sight(axes, curve):
                near += [which_match(read.x, read.y, x, y) for read in readings(axes, curve)]
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
