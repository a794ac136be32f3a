"""Canvas: the gradebook's CSV file.

If the roster is Canvas's gradebook (Grades → Export), the export fills the assignment's column,
which is named "Title (12345)". Canvas finds a student by the column ID. If this fails, Canvas tries
SIS User ID, SIS Login ID and finally the name. Canvas imports the row "Points Possible", and
creates a new assignment for each unknown column name. So the export keeps this row and the column
names. Other columns stay unchanged too, and Canvas skips them. Cells with EX (excused) or N/A (not
assigned) also stay unchanged.

Names that a spreadsheet would run as formulas get an apostrophe in front. The IDs never change, so
Canvas finds all students. The file has no byte order mark, because Canvas can't read one before a
quote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from autograder.course.assignment import NEARLY
from autograder.errors import RecordError
from autograder.exports import cells
from autograder.exports.form import Filled, column_named, fill, number_in
from autograder.exports.matching import Matching, Row, match
from autograder.exports.names import first_and_last
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


def table(marks: Marks) -> Sheet:
    """Return a table in which student ids are SIS logins; Canvas adds the assignment itself."""
    header = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", cells.text(marks.title))
    rows = [(f"    {_POINTS_POSSIBLE}", "", "", "", "", cells.points(marks.max_points))]
    for each in marks.everybody.values():
        if each.final:
            person = each.person
            first, last = first_and_last(person)
            name = ", ".join(filter(None, (last, first))) or person.id
            number = person.lms_id if person.lms_id.isdecimal() else ""
            login, points = cells.identifier(person.id), cells.points(each.total)
            rows.append((cells.text(name), number, "", login, "", points))
    return Sheet(header, tuple(rows))


def fill_in(marks: Marks, sheet: Sheet, wanted: str | None) -> Filled:
    """Return Canvas's gradebook with the points filled in."""
    number = sheet.need("gradebook of Canvas", "ID")
    sheet.need("gradebook of Canvas", "Section")
    names = sheet.places("Student", "LastName", "FirstName")
    if not names:
        sheet.need("gradebook of Canvas", "Student")
    column = _column(marks, sheet, wanted)
    logins, ids = sheet.places("SIS Login ID"), sheet.places("SIS User ID", "Integration ID")
    matching = match(
        marks,
        sheet.rows,
        lambda row: f"{row[names[0]].strip()} ({row[number]})",
        system="canvas",
        ids=ids,
        emails=logins,  # a login may be an email address
        numbers=[number, *ids],  # a list of students may contain either of these numbers
        names=names,
        is_person=lambda row: _is_person(row, names[0], number, logins),
    )
    texts, kept = [*names, *sheet.places("Section")], sheet.places("ID", "Notes")
    filled = fill(sheet, matching, column, texts=texts, kept=kept, words=_KEPT)
    faults = [*_kept(sheet, matching, column), *_other_maximum(marks, sheet, column)]
    return replace(filled, sheet=replace(sheet, bom=False), faults=faults)


def _is_person(row: Row, name: int, number: int, logins: Sequence[int]) -> bool:
    """Return whether the row belongs to a real student.

    Rows of points, hidden rows and the row of Canvas's test student do not belong to a real
    student. A row with a number is never a row of points, even if the student's name is "Points
    Possible".
    """
    is_numbered = bool(row[number].strip())
    if row[name].strip() == _POINTS_POSSIBLE and not is_numbered:
        return False
    if all(_HIDDEN.fullmatch(cell) for cell in row):
        return False
    return not any(_TEST_STUDENT.fullmatch(row[place]) for place in logins)


def _column(marks: Marks, sheet: Sheet, wanted: str | None) -> int:
    ours = {marks.title.casefold(), marks.name.casefold()}
    found = [
        place
        for place, heading in enumerate(sheet.header)
        if _TITLE.sub("", heading).strip().casefold() in ours
    ]
    column = column_named(sheet, wanted, found, f"No column is called {marks.title!r}.")
    if sheet.header[column].strip() in _ABOUT:
        raise RecordError(
            f"the column {sheet.header[column]!r} identifies students: name another column with "
            "--column"
        )
    if "read only" in _possible(sheet, column):
        raise RecordError(
            f"the column {sheet.header[column]!r} is read only in Canvas: name another column with "
            "--column"
        )
    return column


def _possible(sheet: Sheet, column: int) -> str:
    number = sheet.places("ID")[0]
    for row in sheet.rows:
        if row[0].strip() == _POINTS_POSSIBLE and not row[number].strip():
            return row[column]
    return ""


def _kept(sheet: Sheet, matching: Matching, column: int) -> list[str]:
    return [
        f"{each.person.id} stays {sheet.rows[number][column].strip()} in Canvas, although the mark "
        f"is {cells.points(each.total)}: change it in Canvas if the mark should count"
        for number, each in matching.students.items()
        if sheet.rows[number][column].strip() in _KEPT and each.final
    ]


def _other_maximum(marks: Marks, sheet: Sheet, column: int) -> list[str]:
    possible = number_in(_possible(sheet, column))
    if possible is None or abs(possible - marks.max_points) < NEARLY:
        return []
    return [
        f"Canvas has {possible:g} points possible, {marks.name} has {marks.max_points:g}: change "
        "the assignment in Canvas"
    ]
