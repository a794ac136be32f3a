"""How figures look, as facts that can be compared between figures in different styles.

A fact is a plain tuple: that an axis is logarithmic or labelled, that the labels say that v goes to
the right and u upwards, that there is a legend, that a curve with certain data is in sight, hidden
or outside of its axes, what a legend calls it, that a field shows certain values. Data count as the
same where they agree with the same data of ours to within a thousandth. A student's data are never
compared with each other, so the work grows with their number alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autograder.grading.plugin import Outcome
from autograder.grading.testkit.names import legend_entries, names_in_legends
from autograder.grading.testkit.surfaces import is_turned
from autograder.sandbox import FigureData
from autograder.sandbox.figuredata import AxesData, CurveData

_CLOSE = 1e-3

_SIGHTS = ("in sight", "outside", "hidden")

Fact = tuple[object, ...]


class Looks:
    """Reads facts; the same data of curves and fields get the same number in every figure.

    `ours` are outcomes whose figures we drew: their data are those that others are compared with.
    """

    def __init__(self, ours: Iterable[Sequence[Outcome]] = ()) -> None:
        self._known: dict[tuple[int, ...], list[_Known]] = defaultdict(list)
        self._numbers: dict[tuple[tuple[int, ...], bytes], int] = {}
        for outcomes in ours:
            for figure in _figures(outcomes):
                self._learn(figure)

    def facts(self, outcomes: Sequence[Outcome]) -> frozenset[Fact]:
        """All facts of the figures that answered the tests, each with the test's case."""
        return frozenset(
            (outcome.case, number, *fact)
            for outcome in outcomes
            for number, event in enumerate(outcome.transcript)
            if isinstance(event.answer, FigureData)
            for fact in self._of_figure(event.answer)
        )

    @staticmethod
    def differing(facts: frozenset[Fact], others: frozenset[Fact]) -> frozenset[Fact]:
        """The facts in which two figures differ; names count where both have what is named."""
        shared = {(*fact[:2], fact[3]) for fact in facts & others if fact[2] in _SIGHTS}
        return frozenset(
            fact for fact in facts ^ others if fact[2] != "named" or (*fact[:2], fact[3]) in shared
        )

    def _of_figure(self, figure: FigureData) -> Iterator[Fact]:
        called = names_in_legends(figure)
        yield "legend", bool(legend_entries(figure))
        facts = [
            fact
            for axes in figure.axes
            if axes.visible and not axes.colorbar
            for fact in self._of_axes(axes, called)
        ]
        yield from facts
        # That something is missing is another thing than that something else is there.
        yield "curves in sight", len({fact for fact in facts if fact[0] == "in sight"})
        yield "fields", any(fact[0] == "field" for fact in facts)

    def _of_axes(self, axes: AxesData, called: Mapping[int, Sequence[str]]) -> Iterator[Fact]:
        for name, scale, label in zip("xyz", axes.scales, axes.labels, strict=False):
            yield "scale", name, scale
            yield "labelled", name, bool(label.strip())
        yield "turned", is_turned(axes)
        for curve in axes.curves:
            data = self._number(curve.points)
            yield _sight(axes, curve), data
            for name in called.get(id(curve), ()):
                yield "named", data, " ".join(name.lower().split())
        for field in axes.fields:
            yield "field", field.visible, self._number(field.samples)

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
    """Data of ours with their number; `slack` is how far other data may be away from them."""

    data: np.ndarray
    finite: np.ndarray
    slack: np.ndarray
    number: int

    @classmethod
    def of(cls, data: np.ndarray, number: int) -> _Known:
        finite = np.isfinite(data)
        extent = np.ptp(np.where(finite, data, 0.0), axis=0) if data.size else np.zeros(1)
        return cls(data, finite, np.broadcast_to(_CLOSE * extent + 1e-12, data.shape), number)

    def is_same(self, data: np.ndarray) -> bool:
        """Whether data of the same shape are these, up to rounding; the first ones soon tell."""
        return all(self._are_same(data, rows) for rows in (slice(2), slice(2, None)))

    def _are_same(self, data: np.ndarray, rows: slice) -> bool:
        finite = self.finite[rows]
        with np.errstate(invalid="ignore", over="ignore"):
            near = np.abs(self.data[rows] - data[rows]) <= self.slack[rows]
        return bool(np.array_equal(finite, np.isfinite(data[rows])) and near[finite].all())


def _figures(outcomes: Sequence[Outcome]) -> Iterator[FigureData]:
    for outcome in outcomes:
        for event in outcome.transcript:
            if isinstance(event.answer, FigureData):
                yield event.answer


def _sight(axes: AxesData, curve: CurveData) -> str:
    if not axes.shows(curve):
        return "hidden"
    return "in sight" if axes.within_limits(curve.points).all() else "outside"
