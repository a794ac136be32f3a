"""The scores of a submission in nbgrader's tables, as its SaveAutoGrades would put them there.

A bonus item's points become extra credit, unless a person typed another number there. What a
person has marked stays settled as long as the answer and its tests' points are as they were;
nbgrader would ask for another look after each run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import BaseCell, Comment, Grade, Notebook, SubmittedNotebook
from nbgrader.utils import compute_checksum, determine_grade, is_solution, is_task
from sqlalchemy import select

from autograder.course.assignment import Assignment, Item
from autograder.gradebook.autograded import item_of
from autograder.gradebook.database import PatientGradebook

IsSame = Callable[[Item, NotebookNode], bool]
"""Tells whether the answer in a cell is the one that was recorded before."""

UNTOUCHED = "No response."


def save_scores(
    gradebook: PatientGradebook,
    assignment: Assignment,
    submission: str,
    notebooks: Mapping[str, NotebookNode],
    points: Mapping[str, float],
    is_same: IsSame,
) -> list[str]:
    """Store the scores of a submission's autograded notebooks; `submission` is its id.

    `points` are those that tests gave, by item. Returns the items that await a person.
    """
    grades = _rows(gradebook, Grade, submission)
    comments = _rows(gradebook, Comment, submission)
    credit = _Credit(gradebook, grades.values(), points)
    waiting = []
    for name, notebook in notebooks.items():
        for cell in notebook.cells:
            item = item_of(cell, assignment)
            if item is not None:
                grade = grades[name, item.name]
                _save_score(cell, grade, item, credit, is_same)
                if grade.needs_manual_grade:
                    waiting.append(item.name)
            if is_solution(cell) or is_task(cell):
                mark = cell.metadata.nbgrader
                is_untouched = not is_task(cell) and mark.get("checksum") == compute_checksum(cell)
                comment = comments[name, mark["grade_id"]]
                comment.auto_comment = UNTOUCHED if is_untouched else None
    credit.note()
    return waiting


def _rows(gradebook: PatientGradebook, kind: Any, submission: str) -> dict[tuple[str, str], Any]:
    """The grades or comments of a submission, by notebook and cell."""
    wanted = (
        select(Notebook.name, BaseCell.name, kind)
        .join(SubmittedNotebook, SubmittedNotebook.id == kind.notebook_id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(BaseCell, BaseCell.id == kind.cell_id)
        .where(SubmittedNotebook.assignment_id == submission)
    )
    found = gradebook.db().execute(wanted)
    return {(notebook, cell): row for notebook, cell, row in found}


class _Credit:
    """The extra credit of bonus items: what the kit gave before, and what it gives now."""

    def __init__(
        self, gradebook: PatientGradebook, grades: Iterable[Any], points: Mapping[str, float]
    ) -> None:
        self._gradebook = gradebook
        self._points = points
        self._before = gradebook.recorded_credit(grade.id for grade in grades)
        self._given: dict[str, float] = {}

    def give(self, item: Item, grade: Any) -> None:
        """Give the points of tests, unless a person typed a number there."""
        if grade.extra_credit in (None, self._before.get(grade.id)):
            grade.extra_credit = self._given[grade.id] = self._points[item.name]

    def note(self) -> None:
        """Remember what was given."""
        self._gradebook.note_credit(self._given)


def _save_score(
    cell: NotebookNode, grade: Any, item: Item, credit: _Credit, is_same: IsSame
) -> None:
    was_open, auto_score = grade.needs_manual_grade, grade.auto_score
    score, _ = determine_grade(cell)
    is_open = grade.manual_score is not None or score is None
    if item.bonus and item.kind == "auto":
        credit.give(item, grade)
    elif item.bonus and score is None:
        # without any score, nbgrader does not count extra credit
        score, is_open = 0.0, True
    is_marked = (grade.manual_score, grade.extra_credit) != (None, None)
    if is_marked and not was_open and score == auto_score:
        is_open = is_open and not (item.kind == "auto" or is_same(item, cell))
    grade.auto_score, grade.needs_manual_grade = score, is_open
