"""Describe figures by facts, which can be compared between figures in different styles.

A fact is a plain tuple. Some facts are about axes: for example, an axis is logarithmic, the labels
say that u increases upwards, or there is a legend. Other facts are about curves: a curve with
certain data is visible, hidden or outside its axes, or has a name in a legend. A third kind of fact
says that a field shows certain values. Two sets of data count as equal if both differ by less than
a thousandth from the same data in one of our own figures. A student's data are never compared with
each other, so the work grows only with the amount of data.

If the test passes in a function of two variables, the facts do not depend on grids or on how marks
are grouped. Such facts say what a field shows about the function, and which points of our figures
are marked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autograder.grading.fields import MOST, are_alike, meaning_of
from autograder.grading.plugin import Outcome
from autograder.grading.testkit.figures import which_match
from autograder.grading.testkit.names import legend_entries, names_in_legends
from autograder.grading.testkit.numbers import tolerance
from autograder.grading.testkit.surfaces import is_turned
from autograder.sandbox import FigureData, Polynomial
from autograder.sandbox.figurerecord import AxesData, CurveData, FieldData

_SIGHTS = ("in sight", "outside", "hidden")

_MOST_MARKS = 100
"""Largest number of points for which a curve's points are searched one by one."""

Fact = tuple[object, ...]

FigurePlace = tuple[str, int]
"""The place of a figure among the answers: the test's case, and the number of the event."""


class FactReader:
    """Reads facts from figures. Equal data of curves or fields get the same number in every figure.

    `ours` are outcomes with our own figures, whose data are compared with a student's data.
    """

    def __init__(
        self,
        ours: Iterable[Sequence[Outcome]] = (),
        functions: Mapping[FigurePlace, Polynomial] | None = None,
    ) -> None:
        """Learn our figures; `functions` are the functions of u and v that figures must show."""
        self._known: dict[tuple[int, ...], list[_Known]] = defaultdict(list)
        self._numbers: dict[tuple[tuple[int, ...], bytes], int] = {}
        self._functions = functions or {}
        self._marks: dict[FigurePlace, np.ndarray] = {}
        self._others: dict[FigurePlace, list[tuple[FieldData, bool]]] = defaultdict(list)
        for outcomes in ours:
            for place, figure in _figures(outcomes):
                if place in self._functions:
                    self._learn_plane(place, figure)
                else:
                    self._learn(figure)

    def facts(self, outcomes: Sequence[Outcome]) -> frozenset[Fact]:
        """Return all facts of the figures that answered the tests, each with the test's case."""
        return frozenset(
            (*place, *fact)
            for place, figure in _figures(outcomes)
            for fact in self._of_figure(place, figure)
        )

    @staticmethod
    def differing(facts: frozenset[Fact], others: frozenset[Fact]) -> frozenset[Fact]:
        """Return the facts in which two figures differ.

        A name in a legend counts only if both figures show the curve with this name.
        """
        shared = {(*fact[:2], fact[3]) for fact in facts & others if fact[2] in _SIGHTS}
        return frozenset(
            fact for fact in facts ^ others if fact[2] != "named" or (*fact[:2], fact[3]) in shared
        )

    def _of_figure(self, place: FigurePlace, figure: FigureData) -> Iterator[Fact]:
        called = names_in_legends(figure)
        yield "legend", bool(legend_entries(figure))
        facts = [
            fact
            for axes in figure.axes
            if axes.visible and not axes.colorbar
            for fact in self._of_axes(place, axes, called)
        ]
        yield from facts
        # A figure without a curve differs from a figure with another curve instead of it.
        yield "curves in sight", len({fact for fact in facts if fact[0] == "in sight"})
        yield "fields", any(fact[0] == "field" for fact in facts)

    def _of_axes(
        self, place: FigurePlace, axes: AxesData, called: Mapping[int, Sequence[str]]
    ) -> Iterator[Fact]:
        for name, scale, label in zip("xyz", axes.scales, axes.labels, strict=False):
            yield "scale", name, scale
            yield "labelled", name, bool(label.strip())
        if place in self._functions:
            yield from self._of_plane(place, axes, called)
            return
        yield "turned", is_turned(axes)
        for curve in axes.curves:
            data = self._number(curve.points)
            yield _sight(axes, curve), data
            for name in called.get(id(curve), ()):
                yield "named", data, " ".join(name.lower().split())
        for field in axes.fields:
            yield "field", field.visible, self._number(field.samples)

    def _of_plane(
        self, place: FigurePlace, axes: AxesData, called: Mapping[int, Sequence[str]]
    ) -> Iterator[Fact]:
        """Yield facts about what an axes shows of the function, and which points are marked."""
        for field in axes.fields[:MOST]:
            said = meaning_of(axes, field, self._functions[place])
            like = self._like(place, axes, field) if said == "other" else None
            yield "field", said, like
        known = self._marks.get(place, np.empty((0, 2)))
        reached = np.zeros(len(known), dtype=bool)
        for field in axes.fields[:MOST]:
            reached |= field.covers(known[:, ::-1] if is_turned(axes) else known)
        for curve in axes.curves:
            near = which_match(_places(axes, curve), known)
            for number in np.flatnonzero(near.any(axis=0)):
                yield _sight(axes, curve), int(number)
                yield "reached", bool(reached[number])
                for name in called.get(id(curve), ()):
                    yield "named", int(number), " ".join(name.lower().split())

    def _like(self, place: FigurePlace, axes: AxesData, field: FieldData) -> int | None:
        """Return the number of the field in our figures that looks like `field`, or None."""
        turned = is_turned(axes)
        ours = enumerate(self._others[place])
        return next((k for k, other in ours if are_alike(field, turned, *other)), None)

    def _learn_plane(self, place: FigurePlace, figure: FigureData) -> None:
        for axes in figure.axes:
            if axes.visible and not axes.colorbar:
                self._learn_places(place, axes)
                for field in axes.fields[:MOST]:
                    said = meaning_of(axes, field, self._functions[place])
                    if said == "other" and self._like(place, axes, field) is None:
                        self._others[place].append((field, is_turned(axes)))

    def _learn_places(self, place: FigurePlace, axes: AxesData) -> None:
        known = self._marks.setdefault(place, np.empty((0, 2)))
        for curve in axes.curves:
            places = _places(axes, curve)
            if 0 < len(places) <= _MOST_MARKS:
                new = ~which_match(places, known).any(axis=1)
                known = self._marks[place] = np.concatenate([known, places[new]])

    def _learn(self, figure: FigureData) -> None:
        for axes in figure.axes:
            for data in (*(c.points for c in axes.curves), *(f.samples for f in axes.fields)):
                number = self._number(data)
                known = self._known[data.shape]
                if all(other.number != number for other in known):
                    known.append(_Known.of(data, number))

    def _number(self, data: np.ndarray) -> int:
        key = data.shape, data.tobytes()
        if key not in self._numbers:
            known = self._known.get(data.shape, ())
            same = next((each.number for each in known if each.is_same(data)), None)
            self._numbers[key] = len(self._numbers) if same is None else same
        return self._numbers[key]


@dataclass(frozen=True)
class _Known:
    """Numbered data from our figures; `slack` is the largest distance of equal data."""

    data: np.ndarray
    finite: np.ndarray
    slack: np.ndarray
    number: int

    @classmethod
    def of(cls, data: np.ndarray, number: int) -> _Known:
        finite = np.isfinite(data)
        extent = np.ptp(np.where(finite, data, 0.0), axis=0) if data.size else np.zeros(1)
        slack = np.broadcast_to(tolerance() / 2 * extent + 1e-12, data.shape)
        return cls(data, finite, slack, number)

    def is_same(self, data: np.ndarray) -> bool:
        """Return whether other data equal this data up to rounding; two rows are compared first."""
        return all(self._are_same(data, rows) for rows in (slice(2), slice(2, None)))

    def _are_same(self, data: np.ndarray, rows: slice) -> bool:
        finite = self.finite[rows]
        with np.errstate(invalid="ignore", over="ignore"):
            near = np.abs(self.data[rows] - data[rows]) <= self.slack[rows]
        return bool(np.array_equal(finite, np.isfinite(data[rows])) and near[finite].all())


def at_same_places(*facts: frozenset[Fact]) -> list[frozenset[Fact]]:
    """Keep, in each set of facts, only the facts about figures that occur in all sets."""
    places = frozenset.intersection(*(frozenset(fact[:2] for fact in each) for each in facts))
    return [frozenset(fact for fact in each if fact[:2] in places) for each in facts]


def functions_of_the_plane(outcomes: Sequence[Outcome]) -> dict[FigurePlace, Polynomial]:
    """Return the functions of u and v that calls passed in, by the place of the call."""
    return {
        (outcome.case, number): argument
        for outcome in outcomes
        for number, event in enumerate(outcome.transcript)
        for argument in event.args[:1]
        if isinstance(argument, Polynomial)
    }


def _figures(outcomes: Sequence[Outcome]) -> Iterator[tuple[FigurePlace, FigureData]]:
    for outcome in outcomes:
        for number, event in enumerate(outcome.transcript):
            if isinstance(event.answer, FigureData):
                yield (outcome.case, number), event.answer


def _places(axes: AxesData, curve: CurveData) -> np.ndarray:
    """Return the points of a curve, as (u, v)."""
    places: np.ndarray = curve.points[np.isfinite(curve.points).all(axis=1), :2]
    return places[:, ::-1] if is_turned(axes) else places


def _sight(axes: AxesData, curve: CurveData) -> str:
    if not axes.shows(curve):
        return "hidden"
    return "in sight" if axes.within_limits(curve.points).all() else "outside"
