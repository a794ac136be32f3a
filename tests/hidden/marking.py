"""Marks answers of ours by Homework 2's hidden tests, and tells what these found."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl

from autograder.assignment import Course
from autograder.grading.local import LocalMarker, LocalMarking
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
    """Mark a notebook whose answers are the reference's but for `answers`.

    Whatever stopped a hidden test but a failed claim or a failure of the answer is the test's
    own fault, and fails here.
    """
    with mpl.rc_context():
        found = marker(seed).mark(problem, answers, items)
    assert [o.fault for outcomes in found.outcomes.values() for o in outcomes if o.fault] == []
    return found


def shares(marking: LocalMarking) -> dict[str, float]:
    """The share of its points that each item earns."""
    return {item: report.points / report.max_points for item, report in marking.items.items()}


def failures(marking: LocalMarking) -> list[Outcome]:
    """The cases of hidden tests that failed."""
    return [o for outcomes in marking.outcomes.values() for o in outcomes if not o.passed]
