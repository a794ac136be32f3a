"""Marks go into nbgrader's gradebook, and the marked notebooks into autograded/."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from traitlets.config import Config

from autograder.course.assignment import Assignment, Course
from autograder.errors import KitError, RecordError
from autograder.gradebook.database import QuietLog, course_directory, first_line
from autograder.grading.mark import Marking
from autograder.grading.report import Report
from autograder.platforms.nbgrader.converters import MarkedAutograde


class Book:
    """An open gradebook; `record` writes one student's marks and autograded notebooks."""

    def __init__(self, converter: MarkedAutograde) -> None:
        self._converter = converter

    def record(self, student: str, marking: Marking, fingerprint: str = "") -> float:
        """Record a Marking; marks and comments that a person gave stay as they are.

        `fingerprint` (see `grading.fingerprint`) says what it is of, for `recorded`. Returns the
        points of the items that await a person, as the formgrader shows them. RecordError tells
        why that failed; the student's earlier marks stand then.
        """
        try:
            return self._converter.record(student, marking, fingerprint)
        except Exception as error:  # of any kind: one student must not stop the others
            kind = "" if isinstance(error, KitError) else f"{type(error).__name__}: "
            raise RecordError(
                f"the marks of {student} could not be recorded: {kind}{first_line(error)}"
            ) from error

    def marking_seconds(self) -> dict[str, float]:
        """How long marking took when it was last recorded, by student."""
        return self._converter.marking_seconds()

    def recorded(self, student: str, fingerprint: str) -> tuple[Report, float] | None:
        """The Report recorded for what has this fingerprint, and its open points; None without."""
        return self._converter.recorded(student, fingerprint)


@contextlib.contextmanager
def open_gradebook(course: Course, assignment: Assignment) -> Iterator[Book]:
    """The course's gradebook, brought up to date with the assignment."""
    coursedir = course_directory(course, assignment)
    converter = MarkedAutograde(coursedir=coursedir, config=Config(), log=QuietLog())
    with converter.recording(course, assignment):
        yield Book(converter)


def record(course: Course, assignment: Assignment, student: str, marking: Marking) -> None:
    """Record the marks of one student."""
    record_class(course, assignment, {student: marking})


def record_class(course: Course, assignment: Assignment, markings: Mapping[str, Marking]) -> None:
    """Record the marks of many students; RecordError at the end names those who failed."""
    failures = []
    with open_gradebook(course, assignment) as book:
        for student, marking in markings.items():
            try:
                book.record(student, marking)
            except RecordError as error:
                failures.append(str(error))
    if failures:
        raise RecordError("; ".join(failures))
