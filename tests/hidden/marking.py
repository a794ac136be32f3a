"""Marks answers with Homework 2's hidden tests, and returns the outcomes."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl

from autograder.course.assignment import Course
from autograder.grading.inprocess import LocalMarker, LocalMarking
from autograder.grading.plugin import Outcome

COURSE = Course(Path(__file__).parents[2])
HOMEWORK = COURSE.assignment("hw2")
PROBLEMS = tuple(problem.name for problem in HOMEWORK.problems)


@cache
def marker(seed: int) -> LocalMarker:
    return LocalMarker(COURSE, HOMEWORK, seed=seed)


def mark(
    problem: str, answers: Mapping[str, Any], seed: int, items: Collection[str] | None = None
) -> LocalMarking:
    """Mark a notebook whose answers are the reference's except `answers`.

    If anything except a failed claim or a failure of the answer stops a hidden test, the hidden
    test itself is faulty and fails here.
    """
    with mpl.rc_context():
        found = marker(seed).mark(problem, answers, items)
    return _without_faults(found)


def _without_faults(marking: LocalMarking) -> LocalMarking:
    assert [o.fault for outcomes in marking.outcomes.values() for o in outcomes if o.fault] == []
    return marking


class Together:
    """Marks many notebooks in a few sessions of the hidden tests, which saves time.

    When a test first asks for a notebook, all notebooks of its group are marked in one session.
    As with `mark`, each notebook in the session belongs to a different student.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._answers: dict[Hashable, Mapping[str, Any]] = {}
        self._place: dict[Hashable, tuple[str, frozenset[str] | None, Hashable]] = {}
        self._groups: dict[Hashable, list[Hashable]] = {}
        self._found: dict[Hashable, LocalMarking] = {}

    def add(
        self,
        key: Hashable,
        problem: str,
        answers: Mapping[str, Any],
        items: Collection[str] | None = None,
        group: Hashable = "",
    ) -> None:
        """Register a notebook; notebooks with equal problem, items and group are marked at once.

        `key` is a name for the notebook, `items` are the items to test (default: all of the
        problem).
        """
        tested = None if items is None else frozenset(items)
        place = problem, tested, group
        assert key not in self._place, key
        self._place[key], self._answers[key] = place, answers
        self._groups.setdefault(place, []).append(key)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._place

    def marking(self, key: Hashable) -> LocalMarking:
        """Return the outcomes of the hidden tests for the notebook with this name."""
        if key not in self._found:
            problem, items, _ = self._place[key]
            group = self._groups[self._place[key]]
            answers = [self._answers[each] for each in group]
            with mpl.rc_context():
                found = marker(self._seed).mark_each(problem, answers, items)
            self._found |= zip(group, found, strict=True)
        return _without_faults(self._found[key])


def shares(marking: LocalMarking) -> dict[str, float]:
    """Return the share of its points that each item earns."""
    return {item: report.points / report.max_points for item, report in marking.items.items()}


def failures(marking: LocalMarking) -> list[Outcome]:
    """Return the failed cases of the hidden tests."""
    return [o for outcomes in marking.outcomes.values() for o in outcomes if not o.passed]
