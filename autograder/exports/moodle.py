"""Moodle: the offline grading worksheet of an assignment, or a file for the gradebook's import.

If the roster is a worksheet (Assignment → Download grading worksheet), the export fills the column
Grade. Moodle finds a participant by the column Identifier ("Participant 123456") and skips empty
grades. Moodle silently skips grades above the column Maximum Grade, so the export reports these
grades as faults. Moodle does not read names and addresses back, so they are made safe for
spreadsheets; all other columns, including feedback comments, stay unchanged.

Without a worksheet, the file is for Grades → Import → CSV file (UTF-8). In this import, the teacher
selects the column that identifies the user (ID number or Email address) and the grade's column.
"""

from __future__ import annotations

from dataclasses import replace

from autograder.exports import cells
from autograder.exports.form import Filled, Row, column_named, fill, match, named, number_in
from autograder.exports.sheet import Sheet
from autograder.gradebook.marks import Marks, StudentMarks

_PARTICIPANT = "Participant "
_IDS = ("ID number", "Username")
_SHOWN = (
    "Full name", "Email address", "First name", "Last name", "Surname", "Institution",
    "Department", "Status", "Online text",
)  # fmt: skip


def table(marks: Marks) -> Sheet:
    """Return a file for the import into Moodle's gradebook."""
    item = f"Assignment: {cells.text(marks.title)} (Real)"
    header = ("First name", "Last name", "ID number", "Email address", item)
    return Sheet(header, tuple(_row(each) for each in marks.students.values() if each.final))


def fill_in(marks: Marks, sheet: Sheet, wanted: str | None) -> Filled:
    """Return the roster (a worksheet or an exported gradebook) with the points filled in."""
    if sheet.find("Identifier") is None:
        return _gradebook(marks, sheet, wanted)
    return _worksheet(marks, sheet, wanted)


def _worksheet(marks: Marks, sheet: Sheet, wanted: str | None) -> Filled:
    identifier = sheet.need("grading worksheet of Moodle", "Identifier")
    sheet.need("grading worksheet that Moodle can import again", "Last modified (grade)")
    grade = column_named(
        sheet,
        wanted,
        [place for place, name in enumerate(sheet.header) if name.strip() == "Grade"],
        "Download the worksheet with Moodle set to English, or choose a column.",
    )
    full_name = sheet.find("Full name", "Email address")

    def shown(row: Row) -> str:
        return row[identifier] if full_name is None else f"{row[identifier]} ({row[full_name]})"

    matching = match(
        marks,
        [(*row, row[identifier].removeprefix(_PARTICIPANT).strip()) for row in sheet.rows],
        shown,
        ids=[*sheet.places(*_IDS), identifier],
        emails=sheet.places("Email address"),
        numbers=[len(sheet.header)],
    )
    kept = [identifier, *_comments(sheet)]
    filled = fill(sheet, matching, grade, texts=sheet.places(*_SHOWN), kept=kept)
    maximum = sheet.find("Maximum Grade")
    if maximum is None:
        return filled
    rows = [filled.rows[number] for number in matching.students]
    faults = [
        f"{shown(row)}: Moodle skips grades above {limit:g}, but this grade is {points:g}: raise "
        "the assignment's maximum in Moodle, or set bonus_above_maximum = false in course.toml"
        for row in rows
        if (points := number_in(row[grade])) is not None
        and (limit := number_in(row[maximum])) is not None
        and points > limit
    ]
    return replace(filled, faults=faults)


def _comments(sheet: Sheet) -> list[int]:
    """Return the columns with teachers' comments; Moodle imports these columns again."""
    return [place for place, name in enumerate(sheet.header) if "feedback" in name.casefold()]


def _gradebook(marks: Marks, sheet: Sheet, wanted: str | None) -> Filled:
    known, emails = sheet.places(*_IDS), sheet.places("Email address")
    if not known and not emails:
        sheet.need("file of Moodle's gradebook or assignment", "Identifier")
    comments, title = _comments(sheet), marks.title.casefold()
    ours = [
        place
        for place, heading in enumerate(sheet.header)
        if title in heading.casefold() and place not in comments
    ]
    hint = f"There is not exactly one column for {marks.title!r}."
    column = column_named(sheet, wanted, ours, hint)
    first = (known + emails)[0]
    matching = match(marks, sheet.rows, lambda row: row[first], ids=known, emails=emails)
    texts = [place for place in sheet.places(*_SHOWN) if place not in emails]
    return fill(sheet, matching, column, texts=texts, kept=comments)


def _row(each: StudentMarks) -> tuple[str, ...]:
    number, last_name, first_name, email = named(each.person)
    return first_name, last_name, number, email, cells.points(each.total)
