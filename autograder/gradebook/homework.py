"""Store an assignment in nbgrader's gradebook: its notebooks, cells, points and due date.

nbgrader has no bonus items. So in the gradebook, a bonus item has a maximum of 0 and its points are
extra credit. Extra credit increases a score but not the maximum: 30 regular points stay 30. The
released notebooks still show the points of bonus items.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import MissingEntry
from nbgrader.preprocessors import SaveCells
from sqlalchemy.exc import SQLAlchemyError
from traitlets import Dict

from autograder.course.assignment import Assignment, Course
from autograder.course.gradecells import by_grade_id, checksum_of, grade_id, points_by_item
from autograder.errors import RecordError
from autograder.gradebook.database import PatientGradebook, first_line

_QUIET = logging.Logger("fdl-nbgrader", logging.CRITICAL + 1)
"""A logger that prints nothing."""


class SaveCellsWithBonus(SaveCells):  # type: ignore[misc]  # nbgrader has no types
    """A variant of nbgrader's SaveCells that gives bonus items a maximum of 0."""

    bonus = Dict(help="The names of the bonus items of each assignment.").tag(config=True)

    def save(
        self, gradebook: PatientGradebook, assignment: str, name: str, notebook: NotebookNode
    ) -> None:
        """Save a notebook's cells as `preprocess` does, but in a gradebook that is already open."""
        self.gradebook, self.notebook_id, self.assignment_id = gradebook, name, assignment
        gradebook.check_course()  # adds the course's row, as nbgrader does
        self.new_grade_cells: dict[str, Any] = {}
        self.new_solution_cells: dict[str, Any] = {}
        self.new_task_cells: dict[str, Any] = {}
        self.new_source_cells: dict[str, Any] = {}
        # skips SaveCells.preprocess, which would open the gradebook again
        super(SaveCells, self).preprocess(notebook, {})
        self._create_notebook(notebook)

    def _create_grade_cell(self, cell: NotebookNode) -> None:
        super()._create_grade_cell(cell)
        name = grade_id(cell)
        if name in self.bonus.get(self.assignment_id, ()):
            self.new_grade_cells[name]["max_score"] = 0.0


def prepare(
    gradebook: PatientGradebook, assignment: Assignment, skeletons: Mapping[str, NotebookNode]
) -> None:
    """Store the assignment's changed notebooks and cells, and its due date, in the gradebook."""
    bonus = {item.name for item in assignment.items.values() if item.bonus}
    due = assignment.due.astimezone(UTC).replace(tzinfo=None)
    if not _is_due(gradebook, assignment.name, due):
        with gradebook.transaction():
            gradebook.update_or_create_assignment(assignment.name, duedate=due)
    stale = [
        name
        for name, skeleton in skeletons.items()
        if not _is_known(gradebook, assignment.name, name, skeleton, bonus)
    ]
    saver = SaveCellsWithBonus(log=_QUIET, bonus={assignment.name: bonus})
    try:
        for name in stale:
            with gradebook.transaction():
                saver.save(gradebook, assignment.name, name, deepcopy(skeletons[name]))
    except (SQLAlchemyError, RuntimeError) as error:
        raise RecordError(
            f"the gradebook can't store {assignment.name}: {first_line(error)}. If cells were "
            "added or removed after marks were recorded, start a new gradebook: move the old file "
            "and the folder with its backups to another folder."
        ) from error


def _is_due(gradebook: PatientGradebook, assignment: str, due: datetime) -> bool:
    try:
        return bool(gradebook.find_assignment(assignment).duedate == due)
    except MissingEntry:
        return False


def _is_known(
    gradebook: PatientGradebook,
    assignment: str,
    name: str,
    skeleton: NotebookNode,
    bonus: Collection[str],
) -> bool:
    try:
        known = gradebook.find_notebook(name, assignment)
    except MissingEntry:
        return False
    wanted = {name: checksum_of(cell) for name, cell in by_grade_id(skeleton).items()}
    points = {
        name: 0.0 if name in bonus else worth for name, worth in points_by_item(skeleton).items()
    }
    return wanted == {cell.name: cell.checksum for cell in known.source_cells} and points == {
        cell.name: cell.max_score for cell in known.grade_cells
    }


def bonus_items(course: Course) -> Mapping[str, list[str]]:
    """Return the names of each assignment's bonus items from the settings."""
    return {name: list(each.bonus) for name, each in course.settings.homework.items()}
