"""Real marking: students' notebooks run in the sandbox against their course's hidden tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from autograder.course.assignment import Assignment, Course
from autograder.course.samples import SampleStudent, load_sample_class, write_submission
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import Marking, mark_submission
from autograder.grading.report import Report
from autograder.sandbox import Limits, Sandbox, examine
from tests.warm import WARM

from . import tiny_class

ROOT = Path(__file__).parents[2]

PATIENT = Limits(
    cell_seconds=120.0, call_seconds=60.0, submission_seconds=3_000.0, callbacks=15_000
)
"""Time limits for code that ends by itself, even on a busy machine."""
HASTY = Limits(cell_seconds=30.0, call_seconds=10.0, submission_seconds=1_200.0, callbacks=15_000)
"""Time limits for code that never ends, long enough for the other code of the same notebooks."""

MarkStudent = Callable[[SampleStudent], Report]
MarkTiny = Callable[[SampleStudent], Marking]


@pytest.fixture(scope="session")
def course() -> Course:
    return Course(ROOT)


@pytest.fixture(scope="session")
def homework(course: Course) -> Assignment:
    return course.assignment("hw2")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The made-up course, which is marked much faster, with a class that is not graded yet."""
    root = tmp_path_factory.mktemp("tiny") / "course"
    tiny_class.make_class(root)
    return Course(root)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One warm sandbox for all code that ends by itself."""
    protection = examine()
    if protection.level == "unprotected":
        pytest.skip("this machine has no wall that works")
    with Sandbox(protection, PATIENT) as warm:
        yield warm


@pytest.fixture(scope="session")
def mark(
    course: Course,
    homework: Assignment,
    sandbox: Sandbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[MarkStudent]:
    """Marks a student of Homework 2 once for the whole session; all are marked in one warm sandbox.

    Students whose code never ends have another sandbox, with shorter time limits.
    """
    students: dict[str, SampleStudent] = {}

    @cache
    def by_name(name: str) -> Report:
        folder = tmp_path_factory.mktemp("submission") / name
        student = students[name]
        write_submission(course, homework, student, folder)
        settings = settings_for(student)
        kept = hasty if student.waits else sandbox
        marking = mark_submission(
            course, homework, folder, settings=settings, sandbox=kept, warm=WARM
        )
        return marking.report

    def mark_student(student: SampleStudent) -> Report:
        students[student.name] = student
        return by_name(student.name)

    with Sandbox(sandbox.protection, HASTY) as hasty:
        yield mark_student


def settings_for(student: SampleStudent) -> MarkSettings:
    """Return the settings that `mark` uses for the student."""
    return MarkSettings(limits=HASTY if student.waits else PATIENT)


@pytest.fixture(scope="session")
def mark_tiny(tiny: Course, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> MarkTiny:
    """Marks a student of the made-up course in the same warm sandbox."""
    assignment = tiny.assignment(tiny_class.HOMEWORK)

    def mark_student(student: SampleStudent) -> Marking:
        folder = tmp_path_factory.mktemp("submission") / student.name
        write_submission(tiny, assignment, student, folder)
        settings = MarkSettings(limits=PATIENT)
        return mark_submission(
            tiny, assignment, folder, settings=settings, sandbox=sandbox, warm=WARM
        )

    return mark_student


@pytest.fixture(scope="session")
def sample(course: Course) -> dict[str, SampleStudent]:
    return {student.name: student for student in load_sample_class(course, "hw2")}
