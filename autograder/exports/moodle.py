"""Moodle: the offline grading worksheet of an assignment, or a file for the gradebook's import.

With a worksheet (Assignment → Download grading worksheet) as roster, its column Grade is filled.
Moodle finds a participant by the column Identifier ("Participant 123456"), skips empty grades,
and passes over, without a word, grades above the column Maximum Grade: those are told as faults.
The names and addresses in it are not read, so they are made safe for spreadsheets; everything else
(also feedback comments, which are read) stays as it was.

Without one, the file is for Grades → Import → CSV file, UTF-8, where the teacher says which column
names the user (ID number or Email address) and which holds the grade.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograder.exports import cells
from autograder.exports.form import (
    Export,
    Request,
    column_named,
    fill,
    guard,
    match,
    number_in,
)
from autograder.exports.sheet import Sheet
from autograder.gradebook.marks import Marks, StudentMarks

_PARTICIPANT = "Participant "
_IDS = ("ID number", "Username")
_SHOWN = (
    "Full name", "Email address", "First name", "Last name", "Surname", "Institution",
    "Department", "Status", "Online text",
)  # fmt: skip


def export(request: Request) -> Export:
    """The worksheet filled in, or a file for the gradebook's import."""
    sheet = request.sheet()
    if sheet is None:
        return Export(_for_gradebook(request.marks), left_open=request.marks.open_students)
    if sheet.find("Identifier") is None:
        return _filled_gradebook(request, sheet)
    return _worksheet(request, sheet)


def _worksheet(request: Request, sheet: Sheet) -> Export:
    identifier = sheet.need("grading worksheet of Moodle", "Identifier")
    sheet.need("grading worksheet of Moodle that can be read again", "Last modified (grade)")
    grade = column_named(
        sheet,
        request.column,
        {place: name for place, name in enumerate(sheet.header) if name.strip() == "Grade"},
        "Download the worksheet with Moodle set to English, or say which it is.",
    )
    numbered = [(*row, row[identifier].removeprefix(_PARTICIPANT).strip()) for row in sheet.rows]
    matching = match(
        request.marks,
        numbered,
        lambda row: _shown(sheet, row, identifier),
        ids=[*sheet.places(*_IDS), identifier],
        emails=sheet.places("Email address"),
        numbers=[len(sheet.header)],
    )
    names = sheet.places(*_SHOWN)
    rows = fill(sheet.rows, matching, grade, names, lambda each, _: cells.points(each.total))
    guard(rows, sheet, [identifier, *names, *_comments(sheet)])
    faults = [
        *matching.faults,
        *_too_high(sheet, [rows[number] for number in matching.rows], grade, identifier),
    ]
    return Export(
        sheet.with_rows(rows).to_bytes(),
        matching.only_theirs, matching.only_ours, tuple(faults), request.marks.open_students,
    )  # fmt: skip


def _comments(sheet: Sheet) -> list[int]:
    """The columns that hold what teachers wrote, which Moodle reads back."""
    return [place for place, name in enumerate(sheet.header) if "feedback" in name.casefold()]


def _too_high(
    sheet: Sheet,
    rows: Sequence[Sequence[str]],
    grade: int,
    identifier: int,
) -> list[str]:
    maximum = sheet.find("Maximum Grade")
    if maximum is None:
        return []
    told = []
    for row in rows:
        points, reach = number_in(row[grade]), number_in(row[maximum])
        if points is not None and reach is not None and points > reach:
            told.append(
                f"{_shown(sheet, row, identifier)}: Moodle takes no grade above {reach:g}, this is "
                f"{points:g}: raise the assignment's maximum grade there"
            )
    return told


def _filled_gradebook(request: Request, sheet: Sheet) -> Export:
    """A file that Moodle's gradebook exported, with our column in it filled."""
    known, emails = sheet.places(*_IDS), sheet.places("Email address")
    if not known and not emails:
        sheet.need("file of Moodle's gradebook or assignment", "Identifier")
    title = request.marks.title.casefold()
    ours = {
        place: heading
        for place, heading in enumerate(sheet.header)
        if title in heading.casefold() and "feedback" not in heading.casefold()
    }
    column = column_named(sheet, request.column, ours, f"None is of {request.marks.title!r}.")
    first = (known + emails)[0]
    matching = match(request.marks, sheet.rows, lambda row: row[first], ids=known, emails=emails)
    names = [place for place in sheet.places(*_SHOWN) if place not in emails]
    rows = fill(sheet.rows, matching, column, names, lambda each, _: cells.points(each.total))
    guard(rows, sheet, [*names, *_comments(sheet)])
    return Export(
        sheet.with_rows(rows).to_bytes(),
        matching.only_theirs, matching.only_ours, matching.faults, request.marks.open_students,
    )  # fmt: skip


def _for_gradebook(marks: Marks) -> bytes:
    item = f"Assignment: {cells.text(marks.title)} (Real)"
    header = ("First name", "Last name", "ID number", "Email address", item)
    rows = tuple(_row(each) for each in marks.students.values() if each.final)
    return Sheet(header, rows).to_bytes()


def _row(each: StudentMarks) -> tuple[str, ...]:
    person = each.person
    return (
        cells.text(person.first_name),
        cells.text(person.last_name),
        cells.identifier(person.id),
        cells.identifier(person.email),
        cells.points(each.total),
    )


def _shown(sheet: Sheet, row: Sequence[str], identifier: int) -> str:
    name = sheet.find("Full name", "Email address")
    return row[identifier] if name is None else f"{row[identifier]} ({row[name]})"
