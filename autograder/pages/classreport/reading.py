"""Read the data of a class: the gradebook's points, the Reports' findings, and absences."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.course.assignment import Assignment, Course
from autograder.course.layout import REPORT
from autograder.errors import RecordError
from autograder.gradebook.database import SECONDS, PatientGradebook
from autograder.gradebook.folders import settle_all
from autograder.gradebook.marks import Person, StudentMarks, marks_in, read_people
from autograder.grading.report import ItemReport, Report
from autograder.pages.classreport.notebooks import Visible, read_cells, visible_check
from autograder.submission.intake.known import GROUP
from autograder.submission.intake.roster import LONG_WORD
from autograder.submission.timestamps import unreadable_timestamp
from autograder.words import storable


@dataclass(frozen=True)
class ItemFinding:
    """The tests' findings for one item: points, named misconception, failed claims.

    `is_tested` is True if the item's notebook could be marked.
    """

    points: float
    is_tested: bool
    misconception: str = ""
    sentence: str = ""
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class StudentRecord:
    """One marked student.

    `points` are the gradebook's points by item, with None for an unmarked item. `findings` are the
    results of the tests. `total` is the number of points that count so far, by the course's rules.
    `late` is the lateness in seconds. `seconds` is the time that marking took. `undated` is True if
    the submission date can't be read. `versions` are the student's software versions if they differ
    from the grader's.
    """

    student: str
    points: Mapping[str, float | None]
    findings: Mapping[str, ItemFinding]
    visible: Mapping[str, Visible]
    protection: str
    regular: float
    bonus: float
    total: float
    penalty: float = 0.0
    late: float = 0.0
    seconds: float | None = None
    undated: bool = False
    versions: str = ""

    @property
    def open_items(self) -> int:
        """Number of items that a person has yet to mark."""
        return sum(points is None for points in self.points.values())


@dataclass(frozen=True)
class Absence:
    """A student without marks, and the reason."""

    student: str
    why: str


@dataclass(frozen=True)
class ClassRecord:
    """A class: students with marks, students without marks, and all their names.

    `names` has each student's names, numbers, logins and addresses in the gradebook. An anonymous
    page removes them from answers. `names` has no very short numbers and logins, because code
    contains them by chance.
    """

    students: tuple[StudentRecord, ...]
    absent: tuple[Absence, ...]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


LONG_NUMBER = 5
"""Smallest number of digits of a number that an anonymous page removes from answers."""

NOT_HANDED_IN = "no submission"
NOT_MARKED = "submitted but not marked: run `fdl grade`"
NO_REPORT = "has marks in the gradebook, but no readable Report: run `fdl grade` again"


def read_class(course: Course, assignment: Assignment, gradebook: PatientGradebook) -> ClassRecord:
    """Read all records of the assignment; raise RecordError if no student has marks."""
    settle_all(gradebook, course, assignment)
    people = read_people(gradebook)
    table = marks_in(gradebook, course, assignment.name, people)
    seconds = gradebook.noted(SECONDS, assignment.name)
    names = {student: _called(person) for student, person in people.items()}
    students, absent = [], []
    for student, marks in sorted(table.students.items() if table else ()):
        folder = course.autograded(student, assignment.name)
        report = _report(folder)
        if report is None:
            absent.append(Absence(student, NO_REPORT))
            continue
        students.append(
            StudentRecord(
                student,
                _points(marks),
                {name: _finding(item) for name, item in report.items.items()},
                _visible(assignment, folder),
                report.protection,
                marks.regular,
                marks.bonus,
                marks.total,
                marks.penalty,
                marks.late.total_seconds(),
                seconds.get(student),
                bool(unreadable_timestamp(course.submission(student, assignment.name))),
                report.versions,
            )
        )
    marked = set(table.students) if table else set[str]()
    absent += _absent(course, assignment, known=set(names), marked=marked)
    if not students:
        raise RecordError(
            f"no student has marks for {assignment.name} yet: run `fdl grade {assignment.name}` "
            "first"
        )
    for absence in absent:
        names.setdefault(absence.student, (absence.student,))
    return ClassRecord(tuple(students), tuple(sorted(absent, key=lambda a: a.student)), names)


def _points(marks: StudentMarks) -> dict[str, float | None]:
    return {
        sys.intern(name): None if mark.open else mark.points for name, mark in marks.items.items()
    }


def _called(person: Person) -> tuple[str, ...]:
    names = (person.id, person.first_name, person.last_name, person.email)
    words = (person.lms_id, *(word for source, word in person.known_as if source != GROUP))
    return tuple(filter(None, (*names, *filter(_can_identify, words))))


def _can_identify(word: str) -> bool:
    """Return whether a number or login is too long to be in code by chance."""
    return len(word) >= (LONG_NUMBER if word.isdecimal() else LONG_WORD)


def _report(folder: Path) -> Report | None:
    try:
        return Report.read(folder / REPORT)
    except RecordError:
        return None


def _finding(item: ItemReport) -> ItemFinding:
    """Return the finding in an item's Report; store equal texts only once, to save memory."""
    failed = (claim.claim for claim in item.claims if not claim.passed)
    return ItemFinding(
        item.points,
        item.outcome == "marked",
        sys.intern(item.misconception),
        sys.intern(item.diagnosis),
        tuple(map(sys.intern, dict.fromkeys(failed))),
    )


def _visible(assignment: Assignment, folder: Path) -> dict[str, Visible]:
    """Return the results of the visible checks, from the run that was marked."""
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
    """Yield the students in the gradebook or in submitted/ who have no marks."""
    submitted = course.submitted
    folders: dict[str, Any] = {}
    if submitted.is_dir():
        folders = {f.name: f for f in submitted.iterdir() if f.is_dir() and f.name[0] != "."}
    for student in (known | folders.keys()) - marked:
        has_handed_in = student in folders and (folders[student] / assignment.name).is_dir()
        # a folder's name may have bytes that gradebook and page can't store
        yield Absence(storable(student), NOT_MARKED if has_handed_in else NOT_HANDED_IN)
