"""Store a submission's scores as nbgrader's SaveAutoGrades does, with three changes.

A bonus item's points become extra credit, unless a person typed another number. An
item marked by hand stays marked while the answer and the points from tests are unchanged; nbgrader
would ask the person to mark the item again after each run. A text that a student left blank gets 0
points at once, even if its white space differs from the released text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import BaseCell, Comment, Grade, Notebook, SubmittedNotebook
from nbgrader.utils import compute_checksum, determine_grade, is_solution, is_task
from sqlalchemy import select, update

from autograder.course.assignment import Assignment, Item
from autograder.course.gradecells import checksum_of, grade_id
from autograder.gradebook.autograded import is_blank, item_of
from autograder.gradebook.bonus import bonus_points, is_lost
from autograder.gradebook.database import PatientGradebook

Rows = dict[tuple[str, str], dict[str, Any]]
"""The grades or the comments of a submission, by notebook and cell."""

IsSame = Callable[[Item, NotebookNode], bool]
"""A function that returns whether a cell's answer equals the recorded answer."""

UNTOUCHED = "No response."
_SCORES = ("auto_score", "manual_score", "extra_credit", "needs_manual_grade")
_TEXTS = ("auto_comment",)


def save_scores(
    gradebook: PatientGradebook,
    assignment: Assignment,
    submission: str,
    notebooks: Mapping[str, NotebookNode],
    points: Mapping[str, float],
    is_same: IsSame,
    released: Mapping[str, str],
) -> list[str]:
    """Store the scores of a submission's autograded notebooks; `submission` is its id.

    `points` are the points from tests, by item. `released` are the released texts of the cells, by
    nbgrader id. Returns the items that must be marked by hand.
    """
    grades = _read(gradebook, Grade, _SCORES, submission)
    comments = _read(gradebook, Comment, _TEXTS, submission)
    by_kit = gradebook.recorded_credit(grade["id"] for grade in grades.values())
    credit, waiting = {}, []
    for name, notebook in notebooks.items():
        for cell in notebook.cells:
            item = item_of(cell, assignment)
            if item is not None:
                grade = grades[name, item.name]
                earlier = by_kit.get(grade["id"])
                if item.bonus:
                    _move_score(item, grade)
                takes_credit = item.bonus and item.kind == "auto"
                if takes_credit and grade["extra_credit"] in (None, earlier):
                    credit[grade["id"]] = grade["extra_credit"] = points[item.name]
                _score(cell, item, grade, is_same, released)
                if grade["needs_manual_grade"]:
                    waiting.append(item.name)
            if is_solution(cell) or is_task(cell):
                comments[name, grade_id(cell)]["auto_comment"] = _text(cell, released)
    for kind, rows in ((Grade, grades), (Comment, comments)):
        if rows:
            gradebook.db().execute(update(kind), list(rows.values()))
    gradebook.note_credit(credit)
    return waiting


def _read(gradebook: PatientGradebook, kind: Any, columns: tuple[str, ...], of: str) -> Rows:
    wanted = (
        select(Notebook.name, BaseCell.name, kind.id, *(getattr(kind, each) for each in columns))
        .join(SubmittedNotebook, SubmittedNotebook.id == kind.notebook_id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(BaseCell, BaseCell.id == kind.cell_id)
        .where(SubmittedNotebook.assignment_id == of)
    )
    return {
        (notebook, cell): dict(zip(("id", *columns), row, strict=True))
        for notebook, cell, *row in gradebook.db().execute(wanted)
    }


def _move_score(item: Item, grade: dict[str, Any]) -> None:
    """Make a bonus item's score extra credit; reopen a text whose typed points may be lost."""
    score, credit = grade["manual_score"], grade["extra_credit"]
    if score is not None:
        grade["manual_score"], grade["extra_credit"] = None, bonus_points(score, credit)
        if item.kind == "manual" and is_lost(score, credit):
            grade["needs_manual_grade"] = True


def _score(
    cell: NotebookNode,
    item: Item,
    grade: dict[str, Any],
    is_same: IsSame,
    released: Mapping[str, str],
) -> None:
    """Store the score from tests, and whether the item must be marked by hand."""
    was_open, before = grade["needs_manual_grade"], grade["auto_score"]
    score, _ = determine_grade(cell)
    if item.kind == "manual" and _is_blank(cell, released):
        score = 0.0
    is_open = grade["manual_score"] is not None or score is None
    if item.bonus and score is None:
        # nbgrader does not count extra credit without a score
        score, is_open = 0.0, True
    is_marked = (grade["manual_score"], grade["extra_credit"]) != (None, None)
    if is_marked and not was_open and (item.kind == "manual" or score == before):
        is_open = is_open and not (item.kind == "auto" or is_same(item, cell))
    grade["auto_score"], grade["needs_manual_grade"] = score, is_open


def _is_blank(cell: NotebookNode, released: Mapping[str, str]) -> bool:
    return is_blank(cell.source, cell.get("attachments", {}), released.get(grade_id(cell), ""))


def _text(cell: NotebookNode, released: Mapping[str, str]) -> str | None:
    """Return nbgrader's comment on an answer that is unchanged since the release."""
    is_untouched = checksum_of(cell) == compute_checksum(cell)
    if cell.cell_type == "markdown":
        is_untouched = is_untouched or _is_blank(cell, released)
    return UNTOUCHED if is_untouched and not is_task(cell) else None
