"""Canvas: the gradebook's CSV file.

With the gradebook (Grades → Export) as roster, the column of the assignment, "Title (12345)", is
filled. Canvas finds a student by the column ID, else by SIS User ID or SIS Login ID, and by the
name as a last resort. It takes over the row "Points Possible" and would create an assignment for a
column that it does not know, so both stay as they are; other columns are as they were exported, and
Canvas passes over what has not changed. Cells with EX (excused) or N/A (not assigned) stay.

Names stand behind an apostrophe where a spreadsheet would run them; the IDs never change, so Canvas
finds everybody. There is no byte order mark: its reader stumbles over one before quotes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from autograder.course.assignment import NEARLY
from autograder.errors import RecordError
from autograder.exports import cells
from autograder.exports.form import (
    Export,
    Matching,
    Request,
    column_named,
    fill,
    guard,
    match,
    number_in,
)
from autograder.exports.sheet import Sheet
from autograder.gradebook.marks import Marks

_ABOUT = (
    "ID", "SIS User ID", "SIS Login ID", "Integration ID", "Student", "LastName", "FirstName",
    "Root Account", "Section",
)  # fmt: skip
_TITLE = re.compile(r"\s*\(\d+\)\s*$")
_POINTS_POSSIBLE = "Points Possible"
_HIDDEN = re.compile(r"\s*(Muted|Manual Posting.*)?\s*", re.IGNORECASE)
_TEST_STUDENT = re.compile(r"[0-9a-f]{40}")
_KEPT = ("EX", "N/A")


def export(request: Request) -> Export:
    """The gradebook filled in, or a small one of our own."""
    sheet = request.sheet()
    if sheet is None:
        return Export(_own(request.marks), left_open=request.marks.open_students)
    for name in ("ID", "Section"):
        sheet.need("gradebook of Canvas", name)
    names = sheet.places("Student", "LastName", "FirstName")
    if not names:
        sheet.need("gradebook of Canvas", "Student")
    column = _column(request, sheet)
    number, logins = sheet.places("ID"), sheet.places("SIS Login ID")
    matching = match(
        request.marks,
        sheet.rows,
        lambda row: f"{row[names[0]].strip()} ({row[number[0]]})",
        ids=sheet.places("SIS User ID", "Integration ID"),
        emails=logins,  # a login may be an address
        numbers=number,
        people=lambda row: _is_person(row, names[0], number[0], logins),
    )
    people = [row for row in sheet.rows if _is_person(row, names[0], number[0], logins)]
    shown = [place for place in (*names, sheet.find("Section")) if place is not None]
    rows = fill(
        sheet.rows,
        matching,
        column,
        (),
        lambda each, row: None if row[column].strip() in _KEPT else cells.points(each.total),
    )
    for row, before in zip(rows, sheet.rows, strict=True):
        if before in people:
            for place in shown:
                row[place] = cells.text(row[place])
            guard([row], sheet, [*shown, *sheet.places("ID", "Notes")])
    return Export(
        replace(sheet, bom=False).with_rows(rows).to_bytes(),
        matching.only_theirs,
        matching.only_ours,
        (
            *matching.faults,
            *_kept(sheet, matching, column),
            *_other_maximum(request, sheet, column),
        ),
        request.marks.open_students,
    )


def _is_person(row: Sequence[str], name: int, number: int, logins: Sequence[int]) -> bool:
    """Whether a row is a student's: no points, nothing hidden, not Canvas's test student.

    Who has a number is a person, whatever the name.
    """
    is_numbered = bool(row[number].strip())
    if row[name].strip() == _POINTS_POSSIBLE and not is_numbered:
        return False
    if all(_HIDDEN.fullmatch(cell) for cell in row):
        return False
    return not any(_TEST_STUDENT.fullmatch(row[place]) for place in logins)


def _column(request: Request, sheet: Sheet) -> int:
    ours = {request.marks.title.casefold(), request.marks.name.casefold()}
    found = {
        place: heading
        for place, heading in enumerate(sheet.header)
        if _TITLE.sub("", heading).strip().casefold() in ours
    }
    column = column_named(sheet, request.column, found, f"None is {request.marks.title!r}.")
    if sheet.header[column].strip() in _ABOUT:
        raise RecordError(f"the column {sheet.header[column]!r} tells who a student is")
    if "read only" in _possible(sheet, column):
        raise RecordError(f"Canvas does not read the column {sheet.header[column]!r}: read only")
    return column


def _possible(sheet: Sheet, column: int) -> str:
    number = sheet.places("ID")[0]
    for row in sheet.rows:
        if row[0].strip() == _POINTS_POSSIBLE and not row[number].strip():
            return row[column]
    return ""


def _kept(sheet: Sheet, matching: Matching, column: int) -> list[str]:
    return [
        f"{each.person.id} stays {sheet.rows[number][column].strip()} in Canvas, though there is a "
        f"mark of {cells.points(each.total)}"
        for number, each in matching.rows.items()
        if sheet.rows[number][column].strip() in _KEPT and each.final
    ]


def _other_maximum(request: Request, sheet: Sheet, column: int) -> list[str]:
    possible = number_in(_possible(sheet, column))
    if possible is None or abs(possible - request.marks.max_points) < NEARLY:
        return []
    return [
        f"Canvas has {possible:g} points possible, {request.marks.name} has "
        f"{request.marks.max_points:g}: change the assignment there"
    ]


def _own(marks: Marks) -> bytes:
    """For a course where our ids are SIS logins; Canvas makes an assignment for the column."""
    header = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", cells.text(marks.title))
    possible = (f"    {_POINTS_POSSIBLE}", "", "", "", "", cells.points(marks.max_points))
    rows = [possible]
    for each in marks.students.values():
        if each.final:
            name = ", ".join(filter(None, (each.person.last_name, each.person.first_name)))
            rows.append(
                (
                    cells.text(name or each.person.id),
                    each.person.lms_id if each.person.lms_id.isdecimal() else "",
                    "",
                    cells.identifier(each.person.id),
                    "",
                    cells.points(each.total),
                )
            )
    return Sheet(header, tuple(rows)).to_bytes()
