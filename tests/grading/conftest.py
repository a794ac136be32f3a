"""Marking for real: sample students of Homework 2 through the sandbox and the hidden tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from autograder.assignment import Assignment, Course
from autograder.grading.mark import MarkSettings, mark_submission, open_sandbox
from autograder.grading.report import Report
from autograder.samples import SampleStudent, load_sample_class, write_submission
from autograder.sandbox import Limits

ROOT = Path(__file__).parents[2]

HASTY = Limits(cell_seconds=4.0, call_seconds=2.0, submission_seconds=120.0, callbacks=15_000)

MarkStudent = Callable[[SampleStudent], Report]


@pytest.fixture(scope="session")
def course() -> Course:
    return Course(ROOT)


@pytest.fixture(scope="session")
def homework(course: Course) -> Assignment:
    return course.assignment("hw2")


@pytest.fixture(scope="session")
def mark(
    course: Course, homework: Assignment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MarkStudent]:
    """Marks a sample student, once for the whole session; all in one warm sandbox."""
    settings = MarkSettings(limits=HASTY)

    @cache
    def by_name(name: str) -> Report:
        folder = tmp_path_factory.mktemp("submission") / name
        write_submission(course, homework, students[name], folder)
        marking = mark_submission(course, homework, folder, settings=settings, sandbox=sandbox)
        return marking.report

    students: dict[str, SampleStudent] = {}

    def mark_student(student: SampleStudent) -> Report:
        students[student.name] = student
        return by_name(student.name)

    with open_sandbox(settings) as sandbox:
        yield mark_student


@pytest.fixture(scope="session")
def sample(course: Course) -> dict[str, SampleStudent]:
    return {student.name: student for student in load_sample_class(course, "hw2")}
