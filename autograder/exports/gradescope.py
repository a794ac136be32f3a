"""Gradescope: a table in the form of its own "Download Grades", one column an item.

Gradescope documents no import of scores: an autograder's results come from within it, other scores
are typed. So this file serves what reads Gradescope's tables (scripts, and systems to which its
grades are carried), and can be held against a download. With a download or a roster as `--roster`,
its rows and columns are kept, and Total Score and the columns of items ("3: p1-rate (2.0 pts)")
are filled where they are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from autograder.exports import cells
from autograder.exports.form import Export, Request, column_named, fill, guard, match
from autograder.exports.sheet import Sheet
from autograder.gradebook.marks import Marks, StudentMarks

_HEADER = (
    "First Name", "Last Name", "SID", "Email", "Sections", "Total Score", "Max Points", "Status",
    "Submission ID", "Submission Time", "Lateness (H:M:S)", "View Count", "Submission Count",
)  # fmt: skip
_ITEM = re.compile(r"(?:\d+(?:\.\d+)*:?\s*)?(?P<name>.*?)\s*(?:\([\d.]+ pts?\))?\s*")


def export(request: Request) -> Export:
    """A table as Gradescope downloads it, or the roster filled in."""
    marks = request.marks
    sheet = request.sheet()
    if sheet is None:
        header = (*_HEADER, *_headings(marks))
        rows = tuple(tuple(_row(marks, each)) for each in marks.students.values())
        return Export(Sheet(header, rows).to_bytes(), left_open=marks.open_students)
    email, sids = sheet.need("table of Gradescope", "Email"), sheet.places("SID")
    total = sheet.find("Total Score") if request.column is None else None
    if total is None and request.column is not None:
        total = column_named(sheet, request.column, {}, "")
    if total is None:
        sheet = sheet.with_column("Total Score")
        total = len(sheet.header) - 1
    matching = match(marks, sheet.rows, lambda row: row[email], ids=sids, emails=[email])
    names = sheet.places("First Name", "Last Name", "Name", "Sections", "section_name")
    filled = fill(sheet.rows, matching, total, names, lambda each, _: cells.points(each.total))
    guard(filled, sheet, names)
    for place, row in enumerate(filled):
        student = matching.rows.get(place)
        if student is not None and student.final:
            for column, item in _item_columns(sheet, marks).items():
                row[column] = cells.points(student.items[item].points)
    return Export(
        sheet.with_rows(filled).to_bytes(),
        matching.only_theirs, matching.only_ours, matching.faults, marks.open_students,
    )  # fmt: skip


def _headings(marks: Marks) -> Iterator[str]:
    for number, item in enumerate(marks.items.values(), start=1):
        yield f"{number}: {item.name} ({item.max_points:.1f} pts)"


def _item_columns(sheet: Sheet, marks: Marks) -> dict[int, str]:
    found = {}
    for column, heading in enumerate(sheet.header):
        match = _ITEM.fullmatch(heading.strip())
        if match and match["name"] in marks.items:
            found[column] = match["name"]
    return found


def _row(marks: Marks, each: StudentMarks) -> Iterator[str]:
    person = each.person
    yield cells.text(person.first_name)
    yield cells.text(person.last_name)
    yield cells.identifier(person.id)
    yield cells.identifier(person.email)
    yield ""
    yield cells.points(each.total) if each.final else ""
    yield f"{marks.max_points:.1f}"
    yield "Graded" if each.final else "Ungraded"
    yield ""
    yield f"{each.handed_in:%Y-%m-%d %H:%M:%S %z}" if each.handed_in else ""
    yield _clock(each.late)
    yield ""
    yield "1"
    for mark in each.items.values():
        yield "" if mark.open else cells.points(mark.points)


def _clock(late: timedelta) -> str:
    seconds = int(late.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
