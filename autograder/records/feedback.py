"""The feedback pages that students get: what each item earned, what holds, what does not, and why.

A page is made from the stored Report and from what persons wrote into the gradebook. It shows
claims and messages (fit for students by construction) and the student's own lines; it holds no
script, loads nothing, and has nothing of a student's outputs in it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from nbgrader.api import Gradebook, MissingEntry

from autograder.assignment import Assignment, Course, Item
from autograder.errors import RecordError
from autograder.grading.report import CellFault, Claim, NotebookReport, Report
from autograder.records.converters import REPORT
from autograder.records.gradebook import alembic_on_path, course_directory
from autograder.records.sanitize import plain_text

INDEX = "index.html"


@dataclass(frozen=True)
class GradebookEntry:
    """What the gradebook says of one item: points by a person or a test, bonus, comment."""

    score: float | None = None
    by_person: bool = False
    open: bool = False
    comment: str = ""


@dataclass(frozen=True)
class ItemView:
    """One item as the page shows it."""

    name: str
    status: str
    points: str
    message: str
    comment: str
    claims: tuple[Claim, ...]
    faults: tuple[CellFault, ...]


@dataclass(frozen=True)
class ProblemView:
    """One notebook's part of the page."""

    title: str
    message: str
    notes: tuple[str, ...]
    faults: tuple[CellFault, ...]
    items: tuple[ItemView, ...]


def write_feedback(
    course: Course,
    assignment: Assignment,
    students: Sequence[str] | None = None,
    *,
    db_url: str | None = None,
) -> list[Path]:
    """Write the pages of these students (default: all who were marked); their paths.

    Each student gets feedback/STUDENT/ASSIGNMENT/index.html with everything, and beside it a page
    for each notebook, named as nbgrader names it. RecordError where a student was not marked.
    """
    marked = course.root / "autograded"
    if students is None:
        students = sorted(path.parent.parent.name for path in marked.glob(_reports(assignment)))
    written = []
    with _gradebook(course, assignment, db_url) as gradebook:
        for student in students:
            report = _stored_report(marked / student / assignment.name / REPORT, student)
            entries = _entries(gradebook, assignment, student)
            folder = course.root / "feedback" / student / assignment.name
            folder.mkdir(parents=True, exist_ok=True)
            for name, problems in _pages(assignment):
                page = render(course, assignment, report, entries, problems)
                path = folder / name
                path.write_text(page, encoding="utf-8")
                written.append(path)
    return written


def render(
    course: Course,
    assignment: Assignment,
    report: Report,
    entries: Mapping[str, GradebookEntry],
    problems: Sequence[str],
) -> str:
    """One page: the totals over the whole assignment, and the items of these problems."""
    views = [_problem_view(assignment, name, report, entries) for name in problems]
    items = assignment.items.values()
    scores = {item.name: entries.get(item.name, GradebookEntry()) for item in items}
    regular = [item for item in items if not item.bonus]
    template = _environment().get_template("feedback.html")
    return template.render(
        course=course,
        assignment=assignment,
        report=report,
        problems=views,
        points=sum(scores[item.name].score or 0 for item in regular),
        max_points=sum(item.max_points for item in regular),
        open_points=sum(item.max_points for item in regular if scores[item.name].open),
        bonus=sum(scores[item.name].score or 0 for item in items if item.bonus),
        max_bonus=sum(item.max_points for item in items if item.bonus),
    )


def _reports(assignment: Assignment) -> str:
    return f"*/{assignment.name}/{REPORT}"


def _pages(assignment: Assignment) -> Iterator[tuple[str, list[str]]]:
    names = [problem.name for problem in assignment.problems]
    yield INDEX, names
    for name in names:
        yield f"{name}.html", [name]


def _stored_report(path: Path, student: str) -> Report:
    try:
        return Report.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordError(
            f"{student} has no marks yet ({path} does not exist): run `fdl grade` first"
        ) from None


@contextlib.contextmanager
def _gradebook(course: Course, assignment: Assignment, db_url: str | None) -> Iterator[Any]:
    url = db_url or course_directory(course, assignment).db_url
    with alembic_on_path(), Gradebook(url, course.settings["course"].get("id")) as gradebook:
        yield gradebook


def _entries(gradebook: Any, assignment: Assignment, student: str) -> dict[str, GradebookEntry]:
    try:
        submission = gradebook.find_submission(assignment.name, student)
    except MissingEntry:
        raise RecordError(
            f"{student} has no marks of {assignment.name} in the gradebook: run `fdl grade` first"
        ) from None
    comments = {
        comment.name: comment.comment or ""
        for notebook in submission.notebooks
        for comment in notebook.comments
    }
    grades = (grade for notebook in submission.notebooks for grade in notebook.grades)
    return {grade.name: _entry(grade, comments.get(grade.name, "")) for grade in grades}


def _entry(grade: Any, comment: str) -> GradebookEntry:
    score = grade.auto_score if grade.manual_score is None else grade.manual_score
    given = score is not None or grade.extra_credit is not None
    return GradebookEntry(
        score=(score or 0.0) + (grade.extra_credit or 0.0) if given else None,
        by_person=grade.manual_score is not None,
        open=not given,
        comment=plain_text(comment),
    )


def _problem_view(
    assignment: Assignment, name: str, report: Report, entries: Mapping[str, GradebookEntry]
) -> ProblemView:
    problem = assignment.problem(name)
    notebook = report.notebooks[name]
    names = {item.name for item in problem.items}
    return ProblemView(
        title=problem.title,
        message=notebook.message,
        notes=notebook.notes,
        faults=tuple(fault for fault in notebook.faults if fault.item not in names),
        items=tuple(
            _item_view(item, report, notebook, entries.get(item.name, GradebookEntry()))
            for item in problem.items
        ),
    )


def _item_view(
    item: Item, report: Report, notebook: NotebookReport, entry: GradebookEntry
) -> ItemView:
    found = report.items[item.name]
    bonus = " bonus" if item.bonus else ""
    score = entry.score if item.kind == "manual" or entry.by_person else found.points
    status = _status(item, entry, score)
    return ItemView(
        name=item.name,
        status=status,
        points=f"{'–' if status == 'open' else f'{score or 0:g}'} of {item.max_points:g}{bonus}",
        message=_message(item, entry, status) or found.message,
        comment=entry.comment,
        claims=found.claims,
        faults=tuple(fault for fault in notebook.faults if fault.item == item.name),
    )


def _status(item: Item, entry: GradebookEntry, score: float | None) -> str:
    if item.kind == "manual" and entry.open:
        return "open"
    if not score:
        return "none"
    return "full" if score >= item.max_points else "part"


def _message(item: Item, entry: GradebookEntry, status: str) -> str:
    if status == "open":
        return "A person reads and marks this answer; it is still open."
    if item.kind == "manual" and not entry.by_person and not entry.score:
        return "Nothing was written here."
    if item.kind == "auto" and entry.by_person:
        return "A person changed the points of this item."
    return ""


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("autograder.records"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
