"""Provide stand-ins, which call the grader's reference instead of a student's other functions.

An answer may build on another answer in its notebook if this is a natural solution: the table
`follow_through.toml` beside the hidden tests lists these pairs, each with a reason. If an
answer in the table fails, it is tested a second time with the reference instead of the answer that
it calls, so that one mistake costs one item. The student's code gets the reference's results, never
the reference.

Unwritten code earns nothing: the reference replaces a wrong answer, but not a stub or a function
that always returns the same result (see `is_written`).

Arguments of a stand-in are untrusted, so the reference runs with a time limit, and its arguments
may have only a limited number of entries. The reference's result takes up the grader's own memory,
and n numbers may give a result with n² numbers. Functions that draw have no stand-ins, because a
figure can't be sent back.

Two functions may not save each other's points. If the used stand-ins form a circle (A is right if B
is right, and B is right if A is right), no function in the circle keeps its points.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, get_type_hints

import numpy as np

from autograder.course.assignment import Assignment, Course
from autograder.course.code import load_references
from autograder.errors import CourseError
from autograder.grading.transcript import Event
from autograder.timelimit import TimeUpError, time_limit

FILE = "follow_through.toml"

MAX_SECONDS = 5.0
MAX_NUMBERS = 500
MAX_COUNT = 100

Pairs = Mapping[str, Mapping[str, str]]
"""The answers that each answer may build on: name → name of the called answer → reason."""


def read_pairs(course: Course, assignment: Assignment) -> Pairs:
    """Read the assignment's table ({} if there is none); raise CourseError if it is wrong."""
    path = course.hidden(assignment.name) / FILE
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CourseError(f"{path} can't be read: {error}") from error
    problems = {
        reference.name: item.problem
        for item in assignment.select("auto")
        for reference in item.references
    }
    for caller, called in table.items():
        if not isinstance(called, dict) or not all(isinstance(why, str) for why in called.values()):
            raise CourseError(
                f'{path}: write [{caller}] and, below this line, lines such as NAME = "the reason"'
            )
        for name in (caller, *called):
            if name not in problems:
                raise CourseError(
                    f"{path}: {name} is not an answer of an auto item of {assignment.name}"
                )
            if problems[name] != problems[caller]:
                raise CourseError(f"{path}: {caller} and {name} are in different notebooks")
        if caller in called:
            raise CourseError(f"{path}: {caller} can't build on itself")
    return table


def load_called(
    course: Course, assignment: Assignment, pairs: Pairs
) -> dict[str, Callable[..., object]]:
    """Return the references, by name, of the answers that other answers may build on."""
    called = {name for names in pairs.values() for name in names}
    return load_references(course, assignment, called)


class StandIns:
    """A set of references that replace a student's other functions; it records which are called."""

    def __init__(self, references: Mapping[str, Callable[..., object]]) -> None:
        self.used: set[str] = set()
        self.functions = {
            name: self._stand_in(name, reference)
            for name, reference in references.items()
            if not _draws(reference)
        }

    def _stand_in(self, name: str, reference: Callable[..., object]) -> Callable[..., object]:
        def stand_in(*args: Any, **kwargs: Any) -> object:
            self.used.add(name)
            _check_size((args, kwargs))
            try:
                with time_limit(MAX_SECONDS):
                    return reference(
                        *map(_bounded, args), **{key: _bounded(arg) for key, arg in kwargs.items()}
                    )
            except TimeUpError:
                raise TimeoutError("the stand-in did not end in time") from None

        return stand_in


def is_written(calls: Sequence[Event]) -> bool:
    """Return whether a function behaves like code that somebody wrote, right or wrong.

    A written function answers at least half of its calls with finite numbers, and some part of its
    answers depends on more than the shapes of the arguments. A function that no test called counts
    as written.
    """
    asked = [event for event in calls if event.kind == "call"]
    answers = [(_shapes(event.args), parts) for event in asked if (parts := _finite_parts(event))]
    if not asked:
        return True
    if not answers or 2 * len(answers) < len(asked):
        return False
    alike = [
        (one, other)
        for number, (shapes, one) in enumerate(answers)
        for others, other in answers[number + 1 :]
        if shapes == others
    ]
    if alike:
        return any(not _same(one, other) for one, other in alike)
    return any(map(_differs, zip(*(parts for _, parts in answers), strict=False)))


def _shapes(value: object) -> object:
    """Return the shapes of all arrays in a value, and the types of all its other parts."""
    if isinstance(value, (tuple, list)):
        return tuple(map(_shapes, value))
    return np.shape(value) if isinstance(value, np.ndarray) else type(value)


def _finite_parts(event: Event) -> list[np.ndarray]:
    """Return the parts of an answer as flat arrays; [] unless all are finite numbers."""
    answer = event.answer
    try:
        parts = answer if isinstance(answer, (tuple, list)) else [answer]
        found = [np.ravel(np.asarray(part, dtype=float)) for part in parts]
    except (TypeError, ValueError, OverflowError):
        return []
    return found if not event.failure and all(np.isfinite(part).all() for part in found) else []


def _same(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def _differs(part: Sequence[np.ndarray]) -> bool:
    """Return whether a part of the answers differs between calls, up to the shorter length."""
    filled = [numbers for numbers in part if numbers.size]
    if len(filled) == 1:
        return bool(np.ptp(filled[0]) > 0)
    return any(
        not np.array_equal(one[: other.size], other[: one.size]) for one, other in pairwise(filled)
    )


def circular(saved_by: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Return the names on circles in `saved_by`, which maps each function to its stand-ins."""
    reach = {name: set(others) for name, others in saved_by.items()}
    for middle in reach:  # Warshall's algorithm: now include paths through this name
        for reached in reach.values():
            if middle in reached:
                reached |= reach[middle]
    return frozenset(name for name in reach if name in reach[name])


def _draws(function: Callable[..., object]) -> bool:
    from matplotlib.figure import Figure

    try:
        return get_type_hints(function).get("return") is Figure
    except (NameError, TypeError):
        return False


def _bounded(argument: Any) -> Any:
    """Return a student's function with a limit on its answers' size; return other values as is."""
    if not callable(argument):
        return argument

    def call(*args: Any, **kwargs: Any) -> Any:
        answer = argument(*args, **kwargs)
        _check_size(answer)
        return answer

    return call


def _check_size(value: object) -> None:
    """Reject more than MAX_NUMBERS numbers, and integers above MAX_COUNT, which may be counts."""
    numbers = 0
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            waiting.extend((*part.keys(), *part.values()))
        elif isinstance(part, (list, tuple)):
            waiting.extend(part)
        else:
            numbers += np.size(part) if isinstance(part, np.ndarray) else 1
            _check_count(part)
        if numbers + len(waiting) > MAX_NUMBERS:
            raise ValueError(f"there are more than {MAX_NUMBERS} numbers")


def _check_count(part: object) -> None:
    count = part.item() if isinstance(part, np.ndarray) and part.ndim == 0 else part
    if isinstance(count, int) and abs(count) > MAX_COUNT:
        raise ValueError(f"a count is above {MAX_COUNT}")
