from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from autograder.assignment import Assignment, Course
from autograder.records.bookkeeping import PatientGradebook, course_directory, prepare_gradebook

from .course import write_course


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with an empty gradebook: making one starts alembic, which takes seconds.

    It is made as a user would whose virtual environment is not on the path.
    """
    root = tmp_path_factory.mktemp("prepared") / "course"
    course = write_course(root)
    assignment = course.assignment("hw")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "/usr/bin:/bin")
        prepare_gradebook(course, assignment, course_directory(course, assignment).db_url)
    return root


@pytest.fixture
def course(prepared: Path, tmp_path: Path) -> Course:
    shutil.copytree(prepared, tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture
def assignment(course: Course) -> Assignment:
    return course.assignment("hw")


class Marker:
    """A person at the formgrader: reads grades, types marks and comments as its handlers do."""

    def __init__(self, course: Course) -> None:
        self._url = f"sqlite:///{course.root / 'gradebook.db'}"

    def grade(self, item: str, student: str = "anna") -> dict[str, Any]:
        with PatientGradebook(self._url, "made-up") as book:
            submission = book.find_submission("hw", student)
            grades = [g for n in submission.notebooks for g in n.grades if g.name == item]
            return dict(grades[0].to_dict())

    def total(self, student: str = "anna") -> tuple[float, float, bool]:
        """Points, points that can be reached, and whether a person is awaited."""
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
