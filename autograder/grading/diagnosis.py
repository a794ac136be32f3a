"""Find the misconceptions that a wrong answer agrees with in the hidden tests.

Each misconception goes through the same hidden tests with the same inputs, and its transcript is
compared with the student's. A misconception is named if the student's answer has all the
misconception's errors in the same way, and no other misconception explains these errors. So a
misconception's sentence never blames a right part of an answer. Right parts are not compared.
Several misconceptions are named if each of them explains a different part. A function with two
misconceptions gives different answers from a function with one of them, so pairs of misconceptions
are tried too.

Pictures may be drawn in any style. So diagnosis compares only those features in which the
misconception's picture differs from the reference's. The student's picture must have all these
features.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from autograder.cache import ResultCache, cache_folder
from autograder.course.assignment import Assignment, Course
from autograder.course.code import version_of_tests
from autograder.grading.figurefacts import FactReader, at_same_places, functions_of_the_plane
from autograder.grading.inprocess import LocalMarker
from autograder.grading.misconceptions import (
    Catalogue,
    Misconception,
    Pair,
    load_misconceptions,
    pairs_in_one_function,
)
from autograder.grading.plugin import Outcome
from autograder.grading.testkit.numbers import allowing, numbers_of, tolerance
from autograder.grading.transcript import Event, mapped
from autograder.grading.versions import hash_of_tests
from autograder.sandbox import FigureData
from autograder.timelimit import TimeUpError, time_limit

_ROUNDED = 1 / 4
"""Largest difference, as a share of the tolerance, that counts as rounding."""

Outcomes = Sequence[Outcome]


@dataclass(frozen=True)
class _Trial:
    """A trial: an answer with some misconceptions, and the hidden tests' outcomes for this answer.

    `failed` are the tests that the answer fails. `wrong` are the parts of the item in which the
    answer fails a core test. If the answer fails no core test, `wrong` are the robustness tests
    that it fails.
    """

    misconceptions: tuple[Misconception, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> frozenset[str]:
        return _failed(self.outcomes)

    @property
    def wrong(self) -> frozenset[tuple[str, str]]:
        return _wrong(self.outcomes)


def _failed(outcomes: Outcomes) -> frozenset[str]:
    return frozenset(outcome.test for outcome in outcomes if not outcome.passed)


def _wrong(outcomes: Outcomes) -> frozenset[tuple[str, str]]:
    failed = [outcome for outcome in outcomes if not outcome.passed]
    parts = frozenset(("part", outcome.part) for outcome in failed if not outcome.costs)
    return parts or frozenset(("test", outcome.test) for outcome in failed)


def _parts(wrong: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    return {each for each in wrong if each[0] == "part"}


def _about(outcomes: Outcomes, wrong: Collection[tuple[str, str]]) -> list[Outcome]:
    """Return the outcomes of the core tests and robustness tests that `wrong` names."""
    return [
        outcome
        for outcome in outcomes
        if (("test", outcome.test) if outcome.costs else ("part", outcome.part)) in wrong
    ]


_Trials = Mapping[str, tuple[Outcome, ...]]
"""The outcomes of an item's tests for each of its misconceptions, and for the `_REFERENCE`."""

_REFERENCE = ""


class Diagnostician:
    """A finder of the misconceptions that explain failed tests, for one assignment and seed.

    The answers of an item's misconceptions are computed when they are first needed, and cached in
    `cache` for other processes and later runs.
    """

    def __init__(
        self, course: Course, assignment: Assignment, seed: int, cache: ResultCache
    ) -> None:
        self.catalogue: Catalogue = load_misconceptions(course, assignment)
        self._marker = LocalMarker(course, assignment, seed=seed)
        self._trials: dict[str, _Trials] = {}
        self._pairs: dict[str, list[_Trial]] = {}
        self._tolerance = assignment.tolerance
        self._cache = cache

    def learn(self, item: str, found: Mapping[str, Outcomes]) -> None:
        """Store the hidden tests' outcomes for all the item's misconceptions, by name."""
        (reference,) = self._outcomes(item, [{}])
        self._trials[item] = _trials({_REFERENCE: reference, **found})
        self._cache.put(item, self._trials[item])

    def diagnose(
        self, item: str, outcomes: Outcomes, seconds: float = float("inf")
    ) -> tuple[Misconception, ...]:
        """Return the misconceptions that explain a failed item, or none if time runs out."""
        if all(outcome.passed for outcome in outcomes) or _tells_nothing(outcomes):
            return ()
        self._known(item)  # running the misconceptions does not count as the submission's time
        started = time.monotonic()
        try:
            with allowing(self._tolerance), time_limit(seconds):
                found = self._find(item, outcomes)
            seconds -= time.monotonic() - started
            unexplained = _wrong(outcomes) - {each for trial in found for each in trial.wrong}
            if _parts(unexplained) and not _has_figures(outcomes):
                pairs = self._known_pairs(item)
                with allowing(self._tolerance), time_limit(seconds):
                    found += _common([t for t in pairs if _explains(t, outcomes, unexplained)])
        except TimeUpError:
            return ()
        named = {each.name for trial in found for each in trial.misconceptions}
        return tuple(each for each in self.catalogue.of(item) if each.name in named)

    def shared(self, item: str, found: Sequence[Misconception]) -> dict[str, frozenset[str]]:
        """Return the diagnosed mistakes that other items may have too, with their failed claims.

        A claim is left out if another misconception of the diagnosis also fails this claim.
        """
        failed: dict[str, set[str]] = defaultdict(set)
        for each in found:
            outcomes = self._known(item)[each.name]
            cause = self.catalogue.cause(each) or each.name
            failed[cause] |= {outcome.claim for outcome in outcomes if not outcome.passed}
        return {
            cause: frozenset(failed[cause]).difference(*(failed[c] for c in failed if c != cause))
            for cause in {self.catalogue.cause(each) for each in found} - {""}
        }

    def _find(self, item: str, outcomes: Outcomes) -> list[_Trial]:
        known = self._known(item)
        reference = known[_REFERENCE]
        trials = [_Trial((m,), known[m.name]) for m in self.catalogue.of(item)]
        agreeing = [trial for trial in trials if _agrees(trial, outcomes)]
        if not _has_figures(outcomes):
            return _clear(_largest(agreeing), outcomes, most=1)
        possible = [trial for trial in trials if trial.failed and trial.failed <= _failed(outcomes)]
        found = _in_picture(outcomes, reference, agreeing, strictly=True)
        found = found or _in_picture(outcomes, reference, possible, strictly=False)
        if not found:  # the picture may also lack other things, such as a name
            alike = [trial for trial in trials if _fails_as(trial, outcomes)]
            found = _in_picture(outcomes, reference, alike, strictly=True)
        return found

    def _known_pairs(self, item: str) -> list[_Trial]:
        """Return the core tests' outcomes for pairs of misconceptions in the same functions."""
        if item not in self._pairs:
            pairs = [*pairs_in_one_function(self.catalogue.of(item))]
            found = self._cache.get(f"{item}.pairs", lambda: self._try_pairs(item, pairs))
            self._pairs[item] = [
                _Trial(pair.misconceptions, outcomes)
                for pair, outcomes in zip(pairs, found, strict=True)
            ]
        return self._pairs[item]

    def _try_pairs(self, item: str, pairs: Sequence[Pair]) -> list[tuple[Outcome, ...]]:
        if not pairs:
            return []
        found = self._outcomes(item, [pair.answers for pair in pairs], core=True)
        return [tuple(map(_bare, outcomes)) for outcomes in found]

    def _known(self, item: str) -> _Trials:
        if item not in self._trials:
            self._trials[item] = self._cache.get(item, lambda: self._try(item))
        return self._trials[item]

    def _try(self, item: str) -> _Trials:
        answers: dict[str, Mapping[str, Any]] = {_REFERENCE: {}}
        answers |= {each.name: each.answers for each in self.catalogue.of(item)}
        found = self._outcomes(item, [*answers.values()])
        return _trials(dict(zip(answers, found, strict=True)))

    def _outcomes(
        self, item: str, answers: Sequence[Mapping[str, Any]], *, core: bool = False
    ) -> list[tuple[Outcome, ...]]:
        problem = self._marker.assignment.items[item].problem
        markings = self._marker.mark_each(problem, answers, [item], core=core)
        return [marking.outcomes[item] for marking in markings]


class Diagnosticians:
    """A store with one Diagnostician per assignment and seed; changed code makes a new one."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Path, str, int, float], tuple[object, Diagnostician]] = {}

    def get(self, course: Course, assignment: Assignment, seed: int) -> Diagnostician:
        """Return the Diagnostician for these tests, solutions and misconceptions."""
        folders = course.hidden(assignment.name), course.solutions(assignment.name)
        stamps = [version_of_tests(folder) for folder in folders]
        key = course.root, assignment.name, seed, assignment.tolerance
        if key not in self._kept or self._kept[key][0] != stamps:
            cache = ResultCache(hash_of_tests(course, assignment, seed), cache_folder("trials"))
            self._kept[key] = stamps, Diagnostician(course, assignment, seed, cache)
        return self._kept[key][1]


def _trials(found: Mapping[str, Outcomes]) -> _Trials:
    return {name: tuple(map(_bare, outcomes)) for name, outcomes in found.items()}


def _bare(outcome: Outcome) -> Outcome:
    """Return an outcome without inputs and functions, which are not compared."""
    events = (
        replace(event, args=(), kwargs=None, answer=mapped(event.answer, _without_function))
        for event in outcome.transcript
    )
    compared = None if outcome.compared is None else (None, None)  # were numbers compared?
    return replace(outcome, transcript=tuple(events), compared=compared)


def _without_function(part: Any) -> Any:
    return any_function if callable(part) else part


def any_function() -> None:
    """Do nothing: this function replaces each function in an answer, so that all count as equal."""


def _tells_nothing(outcomes: Outcomes) -> bool:
    """Return whether the tests got only errors, which explain nothing: their causes may differ.

    An error after names were removed does not count, because it shows that the code uses these
    names.
    """
    events = [event for outcome in outcomes for event in outcome.transcript]
    return all(event.failure and not event.without for event in events)


def _has_figures(outcomes: Outcomes) -> bool:
    return any(isinstance(e.answer, FigureData) for o in outcomes for e in o.transcript)


def _agrees(trial: _Trial, outcomes: Outcomes) -> bool:
    """Return whether the student's answer has all the trial's errors; figures are not compared.

    Each error must appear in the same way. If the answer also has other errors and all the trial's
    errors are slips, it is enough that the student got the same messages for these slips.
    """
    if any(each.recognises and each.recognises(outcomes) for each in trial.misconceptions):
        return True
    if not trial.failed or not trial.failed <= _failed(outcomes):
        return False
    if _same_outcomes(_about(outcomes, trial.wrong), _about(trial.outcomes, trial.wrong)):
        return True
    is_wrong_otherwise = any(not outcome.passed and not outcome.costs for outcome in outcomes)
    return is_wrong_otherwise and _says_the_same(trial, outcomes)


def _says_the_same(trial: _Trial, outcomes: Outcomes) -> bool:
    """Return whether all failures of the trial are slips whose messages the student also got.

    A slip that was found by comparing numbers is not enough.
    """
    slips = [outcome for outcome in trial.outcomes if not outcome.passed]
    own = {outcome.case: outcome for outcome in outcomes}
    return all(
        slip.care
        and slip.compared is None
        and slip.case in own
        and own[slip.case].message == slip.message
        for slip in slips
    ) and not all(any(event.failure for event in own[slip.case].transcript) for slip in slips)


def _explains(trial: _Trial, outcomes: Outcomes, unexplained: frozenset[tuple[str, str]]) -> bool:
    """Return whether this trial of core tests explains some parts that are still unexplained."""
    return (
        bool(trial.wrong)
        and trial.wrong <= unexplained
        and _same_outcomes(_about(outcomes, trial.wrong), _about(trial.outcomes, trial.wrong))
    )


def _clear(trials: Sequence[_Trial], outcomes: Outcomes, *, most: int) -> list[_Trial]:
    """Return the trials without a rival; a rival is another trial for the same part or test.

    If several trials compete, a trial is returned if it is the only one that agrees with all
    answers, right and wrong. A part may have up to `most` trials, because a picture can show two
    mistakes at once.
    """
    found = []
    for trial in trials:
        rivals = [other for other in trials if other.wrong & trial.wrong]
        whole = [rival for rival in rivals if _same_outcomes(outcomes, rival.outcomes)]
        if len(rivals) <= (most if _parts(trial.wrong) else 1) or (most == 1 and whole == [trial]):
            found.append(trial)
    return found


def _common(trials: Sequence[_Trial]) -> list[_Trial]:
    """Return a trial with the misconceptions that all these pairs share, or no trial."""
    if not trials:
        return []
    first = trials[0].misconceptions
    shared = tuple(one for one in first if all(one in trial.misconceptions for trial in trials[1:]))
    return [replace(trials[0], misconceptions=shared)] if shared else []


def _largest(trials: Sequence[_Trial], *, of_parts: bool = True) -> list[_Trial]:
    """Return the trials whose failures are not a proper subset of another trial's failures.

    Without `of_parts`, a trial that fails a core test is always returned.
    """
    return [
        trial
        for trial in trials
        if (_parts(trial.wrong) and not of_parts)
        or not any(trial.failed < other.failed for other in trials)
    ]


def _in_picture(
    outcomes: Outcomes, right: Outcomes, trials: Sequence[_Trial], *, strictly: bool
) -> list[_Trial]:
    """Return the trials that explain a picture; no trials if a wrong part remains unexplained."""
    alike = _alike(outcomes, right, trials, strictly=strictly)
    found = _clear(_largest(alike, of_parts=strictly), outcomes, most=2)
    missed = _parts(_wrong(outcomes)) - {part for trial in found for part in trial.wrong}
    return [] if missed else found


def _alike(
    outcomes: Outcomes, right: Outcomes, trials: Sequence[_Trial], *, strictly: bool
) -> list[_Trial]:
    """Return the trials whose figures differ from the reference's in the same way as the student's.

    A trial is left out if another trial has all its differences and more. Only calls that the tests
    also made for the reference are compared. Without `strictly`, only cases with equal numbers of
    calls are compared, because a failing test may call the function again with other data.
    """
    ours = [right, *(trial.outcomes for trial in trials)]
    reader = FactReader(ours, functions_of_the_plane(outcomes))
    all_own, reference = reader.facts(outcomes), reader.facts(right)
    asked = {fact[:2] for fact in reference}
    ways = []
    for trial in trials:
        # a failing test may ask for a second figure, which the test of the reference did not need
        drawn, right_facts, own = at_same_places(reader.facts(trial.outcomes), reference, all_own)
        alike = None if strictly else _asked_alike(outcomes, right, trial.outcomes)
        differing = {
            fact
            for fact in reader.differing(drawn, right_facts)
            if (not asked or fact[:2] in asked) and (alike is None or fact[0] in alike)
        }
        if differing and all((fact in own) == (fact in drawn) for fact in differing):
            ways.append((differing, trial))
    return [trial for found, trial in ways if not any(found < other for other, _ in ways)]


def _fails_as(trial: _Trial, outcomes: Outcomes) -> bool:
    """Return whether the student and the trial fail the same core tests, at least one of them."""
    core = [outcome for outcome in outcomes if not outcome.costs]
    return any(not outcome.passed for outcome in core) and _same_outcomes(core, trial.outcomes)


def _asked_alike(*found: Outcomes) -> set[str]:
    """Return the cases that have equal numbers of calls in all these outcomes."""
    counts = [{(o.case, len(o.transcript)) for o in outcomes} for outcomes in found]
    return {case for case, _ in set.intersection(*counts)}


def _same_outcomes(outcomes: Outcomes, others: Outcomes) -> bool:
    """Return whether the same tests were passed, with the same answers (except figures)."""
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
    """Return whether two answers are the same up to rounding; functions count as the same."""
    if callable(answer) or callable(other):
        return True
    if isinstance(answer, FigureData) or isinstance(other, FigureData):
        return isinstance(answer, FigureData) and isinstance(other, FigureData)
    numbers, wanted = numbers_of(answer), numbers_of(other)
    if numbers is not None and wanted is not None:
        return _near(numbers, wanted)
    if isinstance(answer, Mapping) and isinstance(other, Mapping):
        return answer.keys() == other.keys() and all(_same(answer[k], other[k]) for k in answer)
    if isinstance(answer, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(answer) == len(other) and all(map(_same, answer, other))
    return type(answer) is type(other) and bool(answer == other)


def _near(numbers: np.ndarray, wanted: np.ndarray) -> bool:
    if numbers.shape != wanted.shape:
        return False
    numbers, wanted = numbers.astype(complex), wanted.astype(complex)
    finite = np.isfinite(wanted)
    if not np.array_equal(np.isfinite(numbers), finite):
        return False
    size = float(np.abs(wanted[finite]).max(initial=0.0)) or 1.0
    with np.errstate(over="ignore"):
        return bool(
            np.all(np.abs(numbers[finite] - wanted[finite]) <= _ROUNDED * tolerance() * size)
        )
