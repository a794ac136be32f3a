"""What is known of a class: the gradebook's points, the Reports' findings, and who is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment as Homework
from nbgrader.api import (
    BaseCell,
    Grade,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import func, select

from autograder.assignment import Assignment, Course
from autograder.errors import RecordError
from autograder.grading.report import ItemReport, Report
from autograder.records.bookkeeping import REPORT, PatientGradebook
from autograder.records.classreport.notebooks import Visible, read_cells, visible_check
from autograder.records.folders import settle_all


@dataclass(frozen=True)
class Finding:
    """What tests found of one item: its points, the misconception named, the claims that failed.

    `is_tested` says whether its notebook could be marked at all.
    """

    points: float
    is_tested: bool
    misconception: str = ""
    sentence: str = ""
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class StudentRecord:
    """One marked student.

    `points` are the gradebook's, by item, None while a person is awaited; `findings` the tests'.
    `seconds` is how long marking took, `late` by how many seconds the submission came too late.
    """

    student: str
    points: Mapping[str, float | None]
    findings: Mapping[str, Finding]
    visible: Mapping[str, Visible]
    protection: str
    seconds: float | None = None
    late: float = 0.0
    penalty: float = 0.0

    @property
    def open_items(self) -> int:
        """How many items await a person."""
        return sum(points is None for points in self.points.values())

    def total(self, items: Sequence[str]) -> float:
        """The points of these items, open ones counted as 0."""
        return sum(self.points.get(item) or 0.0 for item in items)


@dataclass(frozen=True)
class Absence:
    """A student without marks, and why."""

    student: str
    why: str


@dataclass(frozen=True)
class ClassRecord:
    """A class: those who have marks, those who have none, and the names that must not be shown.

    `names` holds, of every student, all that the gradebook calls them.
    """

    students: tuple[StudentRecord, ...]
    absent: tuple[Absence, ...]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


NOT_HANDED_IN = "nothing was handed in"
NOT_MARKED = "handed in, and not marked: run `fdl grade`"
NO_REPORT = "has marks in the gradebook, and no Report that can be read: run `fdl grade` again"


def read_class(course: Course, assignment: Assignment, gradebook: PatientGradebook) -> ClassRecord:
    """Read all that is recorded of the assignment; RecordError where nobody has marks."""
    settle_all(gradebook, course, assignment)
    points = _points(gradebook, assignment)
    late = _late(gradebook, assignment)
    seconds = gradebook.marking_seconds(assignment.name)
    names = _names(gradebook)
    students, absent = [], []
    for student in sorted(points):
        folder = course.root / "autograded" / student / assignment.name
        report = _report(folder)
        if report is None:
            absent.append(Absence(student, NO_REPORT))
            continue
        seconds_late, penalty = late.get(student, (0.0, 0.0))
        students.append(
            StudentRecord(
                student,
                points[student],
                {name: _finding(item) for name, item in report.items.items()},
                _visible(assignment, folder),
                report.protection,
                seconds.get(student),
                seconds_late,
                penalty,
            )
        )
    absent += _absent(course, assignment, known=set(names), marked=set(points))
    if not students:
        raise RecordError(
            f"nobody has marks of {assignment.name} yet: run `fdl grade {assignment.name}` first"
        )
    for absence in absent:
        names.setdefault(absence.student, (absence.student,))
    return ClassRecord(tuple(students), tuple(sorted(absent, key=lambda a: a.student)), names)


def answer_folder(course: Course, assignment: Assignment, student: str) -> Path:
    """Where a student's autograded notebooks are."""
    return course.root / "autograded" / student / assignment.name


def _points(
    gradebook: PatientGradebook, assignment: Assignment
) -> dict[str, dict[str, float | None]]:
    """The points of each student and item, in one query for the whole class."""
    wanted = (
        select(
            SubmittedAssignment.student_id,
            BaseCell.name,
            Grade.score,
            Grade.needs_manual_grade,
            Grade.manual_score,
            Grade.extra_credit,
        )
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .join(Homework, Homework.id == SubmittedAssignment.assignment_id)
        .where(Homework.name == assignment.name)
    )
    found: dict[str, dict[str, float | None]] = {}
    for student, item, score, awaits, by_hand, extra in gradebook.db().execute(wanted):
        if item not in assignment.items:
            continue
        given = by_hand is not None or extra is not None
        is_open = awaits and (not given or assignment.items[item].kind == "auto")
        points = None if is_open and not given else float(score)
        found.setdefault(str(student), {})[sys.intern(str(item))] = points
    return found


def _late(gradebook: PatientGradebook, assignment: Assignment) -> dict[str, tuple[float, float]]:
    """By how many seconds each submission was late, and the points that this cost."""
    penalty = func.sum(func.coalesce(SubmittedNotebook.late_submission_penalty, 0.0))
    wanted = (
        select(
            SubmittedAssignment.student_id,
            SubmittedAssignment.timestamp,
            SubmittedAssignment.extension,
            Homework.duedate,
            penalty,
        )
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Homework, Homework.id == SubmittedAssignment.assignment_id)
        .where(Homework.name == assignment.name)
        .group_by(SubmittedAssignment.id)
    )
    found = {}
    for student, handed_in, extension, due, lost in gradebook.db().execute(wanted):
        late = 0.0
        if handed_in is not None and due is not None:
            due = due if extension is None else due + extension
            late = max(0.0, (handed_in - due).total_seconds())
        found[str(student)] = late, float(lost or 0.0)
    return found


def _names(gradebook: PatientGradebook) -> dict[str, tuple[str, ...]]:
    wanted = select(Student.id, Student.first_name, Student.last_name, Student.email)
    found = {}
    for student, *others in gradebook.db().execute(wanted):
        found[str(student)] = (str(student), *(str(name) for name in others if name))
    return found


def _report(folder: Path) -> Report | None:
    try:
        return Report.from_json((folder / REPORT).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecordError):
        return None


def _finding(item: ItemReport) -> Finding:
    """What is needed of an item's Report; a class says the same few sentences again and again."""
    failed = (claim.claim for claim in item.claims if not claim.passed)
    return Finding(
        item.points,
        item.outcome == "marked",
        sys.intern(item.misconception),
        sys.intern(item.diagnosis),
        tuple(map(sys.intern, dict.fromkeys(failed))),
    )


def _visible(assignment: Assignment, folder: Path) -> dict[str, Visible]:
    """What the visible checks said in the run that was marked."""
    found: dict[str, Visible] = {}
    for problem in assignment.problems:
        items = {item.name for item in problem.items if item.kind == "auto"}
        for cell in read_cells(folder / f"{problem.name}.ipynb"):
            if cell.name in items and (said := visible_check(cell, cell.name)):
                found[cell.name] = said
    return found


def _absent(
    course: Course, assignment: Assignment, *, known: set[str], marked: set[str]
) -> Iterator[Absence]:
    """Those whom the gradebook or submitted/ knows and who have no marks."""
    submitted = course.root / "submitted"
    folders: dict[str, Any] = {}
    if submitted.is_dir():
        folders = {f.name: f for f in submitted.iterdir() if f.is_dir() and f.name[0] != "."}
    for student in (known | folders.keys()) - marked:
        has_handed_in = student in folders and (folders[student] / assignment.name).is_dir()
        yield Absence(student, NOT_MARKED if has_handed_in else NOT_HANDED_IN)
