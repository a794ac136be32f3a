"""How figures look, as facts that can be compared between figures in different styles.

A fact is a plain tuple: that an axis is logarithmic or labelled, that the labels say that v goes to
the right and u upwards, that there is a legend, that a curve with certain data is in sight, hidden
or outside of its axes, what a legend calls it, that a field shows certain values. Data count as the
same where they agree to within a thousandth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
    """Reads facts; the same data of curves and fields get the same number in every figure."""

    def __init__(self) -> None:
        self._known: list[np.ndarray] = []

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

    def _number(self, data: np.ndarray) -> int:
        for number, known in enumerate(self._known):
            if _same(known, data):
                return number
        self._known.append(data)
        return len(self._known) - 1


def _sight(axes: AxesData, curve: CurveData) -> str:
    if not axes.shows(curve):
        return "hidden"
    return "in sight" if axes.within_limits(curve.points).all() else "outside"


def _same(first: np.ndarray, second: np.ndarray) -> bool:
    if first.shape != second.shape or not first.size:
        return first.shape == second.shape
    with np.errstate(invalid="ignore", over="ignore"):
        finite = np.isfinite(first)
        extent = np.ptp(np.where(finite, first, 0.0), axis=0)
        near = np.abs(first - second) <= _CLOSE * extent + 1e-12
    return bool(np.array_equal(finite, np.isfinite(second)) and near[finite].all())
