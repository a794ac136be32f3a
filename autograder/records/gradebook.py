"""nbgrader's gradebook: what it knows of an assignment, and the marks that go into it.

Bonus items have a maximum of 0 in the gradebook and their points as extra credit: nbgrader has no
bonus of its own, and adds extra credit to a score but not to what can be reached. So 30 regular
points stay 30. For a manual bonus item the marker types the points into the field "extra credit".
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveCells
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config

from autograder.assignment import Assignment, Course
from autograder.errors import RecordError
from autograder.grading.mark import Marking, read_skeletons
from autograder.records.converters import MarkedAutograde


class Book:
    """An open gradebook; `record` writes one student's marks and autograded notebooks."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self._coursedir = course_directory(course, assignment)

    def record(self, student: str, marking: Marking) -> None:
        """Record a Marking; marks and comments that a person gave stay as they are."""
        self._coursedir.student_id = student
        log = QuietLog()
        converter = MarkedAutograde(coursedir=self._coursedir, config=_config(), log=log)
        converter.mark = lambda _student, _folder: marking
        converter.force = True
        try:
            with alembic_on_path():
                converter.start()
        except (NbGraderException, SQLAlchemyError) as error:
            raise RecordError(
                f"the marks of {student} could not be recorded in {self._coursedir.db_url}: "
                f"{log.last or error}"
            ) from error


@contextlib.contextmanager
def open_gradebook(course: Course, assignment: Assignment) -> Iterator[Book]:
    """The course's gradebook, brought up to date with the assignment."""
    prepare_gradebook(course, assignment, course_directory(course, assignment).db_url)
    yield Book(course, assignment)


def course_directory(course: Course, assignment: Assignment) -> Any:
    """nbgrader's own view of the course folder."""
    config = _config()
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.course_id = str(course.settings["course"].get("id", ""))
    config.CourseDirectory.assignment_id = assignment.name
    return CourseDirectory(config=config, log=QuietLog())


def prepare_gradebook(course: Course, assignment: Assignment, db_url: str) -> None:
    """Tell the gradebook what the assignment consists of, unless it knows already."""
    skeletons = read_skeletons(assignment, course.release(assignment.name))
    try:
        with alembic_on_path(), Gradebook(db_url, course.settings["course"].get("id")) as gradebook:
            due = assignment.due.astimezone(UTC).replace(tzinfo=None)
            gradebook.update_or_create_assignment(assignment.name, duedate=due)
            stale = [
                name
                for name, skeleton in skeletons.items()
                if not _is_known(gradebook, assignment.name, name, skeleton)
            ]
            for name in stale:
                _save_cells(assignment.name, name, skeletons[name], db_url)
            _lower_bonus(gradebook, assignment)
    except (SQLAlchemyError, RuntimeError) as error:
        raise RecordError(
            f"the gradebook {db_url} can't take up {assignment.name}: {error}. Where cells were "
            "added or removed after marks were recorded, start with a new gradebook file and "
            "keep the old one."
        ) from error


def _is_known(gradebook: Any, assignment: str, name: str, skeleton: NotebookNode) -> bool:
    try:
        known = gradebook.find_notebook(name, assignment)
    except MissingEntry:
        return False
    marks = [cell.metadata.nbgrader for cell in skeleton.cells if "nbgrader" in cell.metadata]
    wanted = {mark["grade_id"]: mark.get("checksum") for mark in marks}
    graded = {mark["grade_id"] for mark in marks if mark.get("grade")}
    return wanted == {cell.name: cell.checksum for cell in known.source_cells} and graded == {
        cell.name for cell in known.grade_cells
    }


def _save_cells(assignment: str, name: str, skeleton: NotebookNode, db_url: str) -> None:
    where = {"notebook": name, "assignment": assignment, "db_url": db_url}
    SaveCells(log=QuietLog()).preprocess(skeleton, {"nbgrader": where})


def _lower_bonus(gradebook: Any, assignment: Assignment) -> None:
    for item in assignment.items.values():
        cell = gradebook.find_grade_cell(item.name, item.problem, assignment.name)
        points = 0.0 if item.bonus else item.max_points
        if cell.max_score != points:
            cell.max_score = points
    gradebook.db.commit()


def _config() -> Config:
    config = Config()
    config.NbGraderAPI.timezone = "UTC"
    return config


class QuietLog(logging.Logger):
    """A log that prints nothing and remembers its last error."""

    def __init__(self) -> None:
        super().__init__("fdl-nbgrader", logging.ERROR)
        self.last = ""
        self.addHandler(logging.NullHandler())

    def handle(self, record: logging.LogRecord) -> None:
        """Keep the message."""
        lines = record.getMessage().strip().splitlines()
        self.last = lines[-1] if lines else ""


@contextlib.contextmanager
def alembic_on_path() -> Iterator[None]:
    """nbgrader starts `alembic` by name when it makes a gradebook: let it find ours."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before
