from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

from autograder.course.assignment import Assignment, Course
from autograder.gradebook import database
from autograder.gradebook.database import PatientGradebook
from autograder.gradebook.recorder import Recorder
from tests.gradebook.course import record

from . import shared
from .course import mark, write_course
from .shared import copied


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Let all gradebooks share SQLAlchemy's compiled statements: compiling is half of a recording.

    SQLAlchemy keeps compiled statements by dialect, and each engine has its own dialect. A command
    opens a few gradebooks, but these tests open hundreds.
    """
    compiled: dict[object, object] = {}
    dialects: dict[str, Any] = {}

    def create(url: str, **options: Any) -> Engine:
        engine = create_engine(url, execution_options={"compiled_cache": compiled}, **options)
        engine.dialect = dialects.setdefault(engine.dialect.name, engine.dialect)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "create_engine", create)
        yield


@pytest.fixture(scope="session")
def empty_gradebook(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty gradebook, made once for all tests."""
    return shared.empty_gradebook(pytestconfig, tmp_path_factory)


@pytest.fixture(scope="session")
def prepared(empty_gradebook: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with a gradebook in which no student has marks."""
    course = write_course(tmp_path_factory.mktemp("prepared") / "course")
    assignment = course.assignment("hw")
    shutil.copyfile(empty_gradebook, course.root / "gradebook.db")
    with Recorder(course, assignment):
        pass
    return course.root


@pytest.fixture(scope="session")
def prepared_with_anna(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same course after Anna was recorded with full marks for all automatic items."""
    course = copied(prepared, tmp_path_factory.mktemp("anna") / "course")
    record(course, course.assignment("hw"), "anna", mark(course))
    return course.root


@pytest.fixture
def course(prepared: Path, tmp_path: Path) -> Course:
    return copied(prepared, tmp_path / "course")


@pytest.fixture
def recorded(course: Course, prepared_with_anna: Path) -> Course:
    """The tests' course after `record(course, assignment, "anna", mark(course))`."""
    return copied(prepared_with_anna, course.root)


@pytest.fixture
def assignment(course: Course) -> Assignment:
    return course.assignment("hw")


class Marker:
    """A marker in the formgrader, who reads grades and types marks and comments."""

    def __init__(self, course: Course) -> None:
        self._url = f"sqlite:///{course.root / 'gradebook.db'}"

    def grade(self, item: str, student: str = "anna") -> dict[str, Any]:
        with PatientGradebook(self._url, "made-up") as book:
            submission = book.find_submission("hw", student)
            grades = [g for n in submission.notebooks for g in n.grades if g.name == item]
            return dict(grades[0].to_dict())

    def total(self, student: str = "anna") -> tuple[float, float, bool]:
        """Return the points, the reachable points, and whether a mark by a person is missing."""
        with PatientGradebook(self._url, "made-up") as book:
            found = book.find_submission("hw", student)
            return found.score, found.max_score, found.needs_manual_grade

    def late(self, student: str = "anna") -> float:
        with PatientGradebook(self._url, "made-up") as book:
            return float(book.find_submission("hw", student).total_seconds_late)

    def penalty(self, student: str = "anna") -> float:
        with PatientGradebook(self._url, "made-up") as book:
            return float(book.find_submission("hw", student).late_submission_penalty)

    def students(self) -> list[str]:
        with PatientGradebook(self._url, "made-up") as book:
            return sorted(s.student.id for s in book.find_assignment("hw").submissions)

    def give(self, item: str, score: float | None, extra: float | None = None) -> None:
        with PatientGradebook(self._url, "made-up") as book, book.transaction():
            submission = book.find_submission("hw", "anna")
            [grade] = [g for n in submission.notebooks for g in n.grades if g.name == item]
            grade.manual_score, grade.extra_credit = score, extra
            grade.needs_manual_grade = score is None and grade.auto_score is None

    def comment(self, cell: str, text: str) -> None:
        with PatientGradebook(self._url, "made-up") as book, book.transaction():
            submission = book.find_submission("hw", "anna")
            [comment] = [c for n in submission.notebooks for c in n.comments if c.name == cell]
            comment.manual_comment = text

    def penalise(self, problem: str, points: float) -> None:
        with PatientGradebook(self._url, "made-up") as book, book.transaction():
            book.find_submission_notebook(problem, "hw", "anna").late_submission_penalty = points

    def comment_on(self, cell: str) -> str | None:
        with PatientGradebook(self._url, "made-up") as book:
            submission = book.find_submission("hw", "anna")
            [comment] = [c for n in submission.notebooks for c in n.comments if c.name == cell]
            text: str | None = comment.comment
            return text


@pytest.fixture
def marker(course: Course) -> Marker:
    return Marker(course)
