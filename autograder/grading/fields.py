"""Find out whether a field in a figure shows a function of two variables, or a common mistake.

A field is the values that a contour plot, an image or a surface shows over the plane. A field may
be drawn on any grid and in any style, so its values are never compared with another picture's
values. A field's values are compared with the function at the field's own samples. If the field
does not show the function, its values are compared with the results of common mistakes. The work
grows with the number of samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder.grading.testkit.figures import find_once
from autograder.grading.testkit.surfaces import (
    is_turned,
    rank_correlation,
    shows_function,
    spread,
    view_of,
)
from autograder.sandbox import Polynomial
from autograder.sandbox.figurerecord import AxesData, FieldData

MOST = 8
"""Largest number of fields to look at in one axes."""

_STRETCHES = np.geomspace(0.2, 5.0, 41)
"""Factors by which a surface may be drawn wider than its grid and still be recognised."""

_ALIKE = 0.98
"""Rank correlation above which two fields count as the same."""

_FEWEST_CELLS = 9
"""Smallest number of cells, in each direction, of a field whose axes count cells."""

_COMPARED = 400, 1000
"""Numbers of samples to compare, first for a student's field, then for one of our own fields."""

Values = Callable[[np.ndarray], Any]


def meaning_of(axes: AxesData, field: FieldData, function: Polynomial) -> str:
    """Return what a field shows: "the function", a common mistake's name, "nothing" or "other"."""
    key = "meaning", id(field), function.coefficients.tobytes()
    return find_once(axes, key, lambda: _meaning(axes, field, function))


def _meaning(axes: AxesData, field: FieldData, function: Polynomial) -> str:
    view, turned = view_of(axes, field), is_turned(axes)
    if view is None:
        return "nothing"
    for name, values in _mistakes(field, function, turned):
        if shows_function(view, values, turned):
            is_image = field.kind == "image" and name == "upside down"
            return "first row on top" if is_image else name
    if _counts_cells(field):
        return "cells are counted"
    return "stretched" if _is_stretched(field, function, turned) else "other"


def _mistakes(field: FieldData, function: Polynomial, turned: bool) -> Iterator[tuple[str, Values]]:
    """Yield the function, and the function with each of the common mistakes, by name."""
    low, high = (corner[::-1] if turned else corner for corner in field.box)
    size = np.maximum(high - low, 1e-300)

    def mirrored(*signs: int) -> Callable[[np.ndarray], np.ndarray]:
        middle, sign = (low + high) / 2, np.array(signs)
        return lambda x: middle[:, np.newaxis] + sign[:, np.newaxis] * (x - middle[:, np.newaxis])

    def exchanged(x: np.ndarray) -> np.ndarray:
        """Return the point whose value appears at the point x if an array is transposed."""
        share = (x - low[:, np.newaxis]) / size[:, np.newaxis]
        return np.asarray(low[:, np.newaxis] + share[::-1] * size[:, np.newaxis])

    left, down, both = mirrored(-1, 1), mirrored(1, -1), mirrored(-1, -1)
    yield "the function", function
    yield "coordinates exchanged", lambda x: function(x[::-1])
    yield "coordinates exchanged", lambda x: function(exchanged(x))
    yield "upside down", lambda x: function(down(x))
    yield "left and right exchanged", lambda x: function(left(x))
    yield "turned by half", lambda x: function(both(x))
    yield "turned by a quarter", lambda x: function(left(exchanged(x)))
    yield "turned back by a quarter turn", lambda x: function(down(exchanged(x)))
    yield "turned and mirrored", lambda x: function(both(exchanged(x)))
    yield "negative", lambda x: -function(x)


def _counts_cells(field: FieldData) -> bool:
    """Return whether coordinates count rows and columns, as in images without coordinates."""
    low, high = field.box
    half = np.median(field.half, axis=0)
    from_nought = bool(np.allclose(low, 0, atol=0.51)) and bool((high >= _FEWEST_CELLS).all())
    if field.kind in ("image", "mesh"):
        return from_nought and bool(np.allclose(half, 0.5) or np.allclose(half, 0))
    return from_nought and bool(np.allclose(high, np.round(high), atol=1e-6))


def _is_stretched(field: FieldData, function: Polynomial, turned: bool) -> bool:
    """Return whether the field shows the function in another size around the same centre."""
    samples = field.samples[spread(len(field.samples))]
    places = samples[:, 1::-1] if turned else samples[:, :2]
    with np.errstate(over="ignore", invalid="ignore"):
        drawn = [np.nan_to_num(function(size * places.T)) for size in _STRETCHES]
    return max(rank_correlation(_middles(samples), values) for values in drawn) >= _ALIKE


def _middles(samples: np.ndarray) -> np.ndarray:
    """Return the middles of the shown ranges of values; infinite ends of ranges are cut off."""
    low, high = (np.clip(part, -1e200, 1e200) for part in samples[:, 2:].T)
    middles: np.ndarray = low / 2 + high / 2
    return middles


def are_alike(field: FieldData, turned: bool, ours: FieldData, ours_turned: bool) -> bool:
    """Return whether both fields rank the samples inside our field in the same order."""
    mine, theirs = (
        each.samples[spread(len(each.samples), most)]
        for each, most in zip((field, ours), _COMPARED, strict=True)
    )
    places, known = (
        samples[:, 1::-1] if flip else samples[:, :2]
        for samples, flip in ((mine, turned), (theirs, ours_turned))
    )
    inside = ((places >= known.min(axis=0)) & (places <= known.max(axis=0))).all(axis=1)
    if inside.mean() < 0.1:
        return False
    gaps = ((places[inside, np.newaxis] - known) ** 2).sum(axis=2)
    nearest = np.nan_to_num(_middles(theirs)[gaps.argmin(axis=1)])
    return rank_correlation(_middles(mine)[inside], nearest) >= _ALIKE - 0.05
