"""Which misconception a wrong answer agrees with, on all that the hidden tests asked of it.

A misconception goes through the same hidden tests on the same inputs, and its transcript is held
against the student's. It is named where every answer agrees, and no other misconception's
does. Pictures are drawn in any style, so of them only the ways are compared in which the
misconception's differs from the reference's: such ways have to be there, all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from autograder.assignment import Assignment, Course
from autograder.grading.grader import hash_of_tests
from autograder.grading.keep import Keep
from autograder.grading.local import LocalMarker
from autograder.grading.looks import Looks, at_same_places, functions_of_the_plane
from autograder.grading.misconceptions import Catalogue, Misconception, load_misconceptions
from autograder.grading.plugin import Outcome
from autograder.grading.transcript import Event
from autograder.sandbox import FigureData
from autograder.timelimit import TimeUpError, time_limit

_CLOSE = 5e-4
"""Relative difference up to which two answers are the same one, rounded in other places."""

Outcomes = Sequence[Outcome]


@dataclass(frozen=True)
class _Trial:
    """A misconception, and what the hidden tests found of it."""

    misconception: Misconception
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class _Trials:
    """What an item's tests found of the reference, and of its misconceptions by their names."""

    reference: tuple[Outcome, ...]
    found: Mapping[str, tuple[Outcome, ...]]


class Diagnostician:
    """Names misconceptions in what the hidden tests found, for one assignment and seed.

    What the misconceptions of an item answer is found out when it is first asked for. With `keep`,
    it is kept for other processes and later runs.
    """

    def __init__(
        self, course: Course, assignment: Assignment, seed: int, keep: Keep | None = None
    ) -> None:
        self.catalogue: Catalogue = load_misconceptions(course, assignment)
        self._marker = LocalMarker(course, assignment, seed=seed)
        self._trials: dict[str, _Trials] = {}
        self._keep = keep

    def learn(self, item: str, found: Mapping[str, Outcomes]) -> None:
        """Take what the hidden tests found of all the item's misconceptions, by their names."""
        (reference,) = self._outcomes(item, [{}])
        self._trials[item] = _trials(reference, found)
        if self._keep is not None:
            self._keep.put(item, self._trials[item])

    def diagnose(
        self, item: str, outcomes: Outcomes, seconds: float = float("inf")
    ) -> Misconception | None:
        """The one misconception that agrees with a failed item's outcomes; None where none does.

        Where nothing agrees with the whole item, the parts that failed are looked at alone. None,
        too, where comparing takes longer than `seconds`.
        """
        if all(outcome.passed for outcome in outcomes) or _tells_nothing(outcomes):
            return None
        self._known(item)  # what the misconceptions answer costs the submission no time
        try:
            with time_limit(seconds):
                return self._find(item, outcomes)
        except TimeUpError:
            return None

    def _find(self, item: str, outcomes: Outcomes) -> Misconception | None:
        found = self._name(item, outcomes)
        parts = {outcome.part for outcome in outcomes if not outcome.costs}
        if found is None and len(parts) > 1:
            failed = {outcome.part for outcome in outcomes if not outcome.passed}
            found = self._name(item, [o for o in outcomes if o.part in failed])
        return found

    def _name(self, item: str, outcomes: Outcomes) -> Misconception | None:
        known = self._known(item)
        trials = [_Trial(m, known.found[m.name]) for m in self.catalogue.of(item)]
        if any(isinstance(event.answer, FigureData) for o in outcomes for event in o.transcript):
            agreeing = [trial for trial in trials if _fails_as(outcomes, trial.outcomes)]
            agreeing = _alike(outcomes, known.reference, agreeing)
        else:
            agreeing = [trial for trial in trials if _agrees(outcomes, trial.outcomes)]
        return agreeing[0].misconception if len(agreeing) == 1 else None

    def _known(self, item: str) -> _Trials:
        if item not in self._trials:
            self._trials[item] = (
                self._keep.get(item, lambda: self._try(item)) if self._keep else self._try(item)
            )
        return self._trials[item]

    def _try(self, item: str) -> _Trials:
        known = self.catalogue.of(item)
        reference, *found = self._outcomes(item, [{}, *(each.answers for each in known)])
        return _trials(reference, dict(zip((each.name for each in known), found, strict=True)))

    def _outcomes(
        self, item: str, answers: Sequence[Mapping[str, Any]]
    ) -> list[tuple[Outcome, ...]]:
        problem = self._marker.assignment.items[item].problem
        markings = self._marker.mark_each(problem, answers, [item])
        return [marking.outcomes[item] for marking in markings]


def diagnostician_for(course: Course, assignment: Assignment, seed: int) -> Diagnostician:
    """The Diagnostician of this process for these tests, solutions and misconceptions."""
    folders = course.hidden(assignment.name), course.solutions(assignment.name)
    paths = sorted(path for folder in folders for path in folder.glob("*.py"))
    stamps = tuple((path, path.stat().st_mtime_ns) for path in paths)
    key = course.root, assignment.name, seed
    if key not in _KEPT or _KEPT[key][0] != stamps:
        keep = Keep(hash_of_tests(course, assignment, seed))
        _KEPT[key] = stamps, Diagnostician(course, assignment, seed, keep)
    return _KEPT[key][1]


_KEPT: dict[tuple[Path, str, int], tuple[object, Diagnostician]] = {}


def _trials(reference: Outcomes, found: Mapping[str, Outcomes]) -> _Trials:
    return _Trials(
        tuple(map(_bare, reference)),
        {name: tuple(map(_bare, outcomes)) for name, outcomes in found.items()},
    )


def _bare(outcome: Outcome) -> Outcome:
    """An outcome without what is not compared: inputs, and what functions that crossed would do."""
    events = (
        replace(event, args=(), kwargs=None, answer=_without_functions(event.answer))
        for event in outcome.transcript
    )
    return replace(outcome, transcript=tuple(events), compared=None)


def _without_functions(answer: Any) -> Any:
    if isinstance(answer, Mapping):
        return {key: _without_functions(part) for key, part in answer.items()}
    if type(answer) in (list, tuple):
        return type(answer)(map(_without_functions, answer))
    return any_function if callable(answer) else answer


def any_function() -> None:
    """Stands where an answer was a function: one function counts as the same as another."""


def _tells_nothing(outcomes: Outcomes) -> bool:
    """Whether the tests got no answer at all: errors of one kind may come of anything.

    An error where names had been taken away tells that they are used.
    """
    events = [event for outcome in outcomes for event in outcome.transcript]
    return all(event.failure and not event.without for event in events)


def _alike(outcomes: Outcomes, right: Outcomes, trials: Sequence[_Trial]) -> list[_Trial]:
    """The trials whose figures differ from the reference's in ways that the student's have, too.

    Where one trial's ways are among another's, the other one tells more.
    """
    ours = [right, *(trial.outcomes for trial in trials)]
    looks = Looks(ours, functions_of_the_plane(outcomes))
    all_own, reference = looks.facts(outcomes), looks.facts(right)
    ways = []
    for trial in trials:
        # a test that fails asks for a figure of its own, which the reference was not asked for
        drawn, right_facts, own = at_same_places(looks.facts(trial.outcomes), reference, all_own)
        differing = looks.differing(drawn, right_facts)
        if differing and all((fact in own) == (fact in drawn) for fact in differing):
            ways.append((differing, trial))
    return [trial for found, trial in ways if not any(found < other for other, _ in ways)]


def _fails_as(outcomes: Outcomes, others: Outcomes) -> bool:
    """Whether the same core tests fail; if none does, no more robustness tests than the student's.

    Names and labels may be right or wrong beside a mistake in what is drawn.
    """
    core = [outcome for outcome in outcomes if not outcome.costs]
    if any(not outcome.passed for outcome in core):
        return _agrees(core, others)
    failed = {outcome.case for outcome in outcomes if not outcome.passed}
    return _agrees(core, others) and {o.case for o in others if not o.passed} <= failed


def _agrees(outcomes: Outcomes, others: Outcomes) -> bool:
    """Whether the same tests were passed, with the same answers (figures aside)."""
    found = {other.case: other for other in others}
    return all(
        (other := found.get(outcome.case)) is not None
        and outcome.passed == other.passed
        and len(outcome.transcript) == len(other.transcript)
        and all(map(_same_event, outcome.transcript, other.transcript))
        for outcome in outcomes
    )


def _same_event(event: Event, other: Event) -> bool:
    same_use = (event.kind, event.name) == (other.kind, other.name)
    return same_use and event.failure == other.failure and _same(event.answer, other.answer)


def _same(answer: Any, other: Any) -> bool:
    """Whether two answers in plain data are the same up to rounding, functions left out."""
    if callable(answer) or callable(other):
        return True
    if isinstance(answer, FigureData) or isinstance(other, FigureData):
        return isinstance(answer, FigureData) and isinstance(other, FigureData)
    numbers, wanted = _numbers(answer), _numbers(other)
    if numbers is not None and wanted is not None:
        return _near(numbers, wanted)
    if isinstance(answer, Mapping) and isinstance(other, Mapping):
        return answer.keys() == other.keys() and all(_same(answer[k], other[k]) for k in answer)
    if isinstance(answer, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(answer) == len(other) and all(map(_same, answer, other))
    return type(answer) is type(other) and bool(answer == other)


def _numbers(answer: Any) -> np.ndarray | None:
    try:
        array = np.asarray(answer)
    except (ValueError, TypeError, OverflowError):
        return None
    return array if array.dtype.kind in "biufc" else None


def _near(numbers: np.ndarray, wanted: np.ndarray) -> bool:
    if numbers.shape != wanted.shape:
        return False
    numbers, wanted = numbers.astype(complex), wanted.astype(complex)
    finite = np.isfinite(wanted)
    if not np.array_equal(np.isfinite(numbers), finite):
        return False
    size = float(np.abs(wanted[finite]).max(initial=0.0)) or 1.0
    with np.errstate(over="ignore"):
        return bool(np.all(np.abs(numbers[finite] - wanted[finite]) <= _CLOSE * size))
