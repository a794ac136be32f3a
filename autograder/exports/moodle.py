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

import re
from dataclasses import replace

from autograder.errors import RecordError
from autograder.exports import cells
from autograder.exports.form import Filled, column_named, fill, named, number_in
from autograder.exports.matching import Matching, match
from autograder.exports.sheet import Sheet
from autograder.exports.worksheet import (
    IDS,
    SWITCH,
    TEXTS,
    Worksheet,
    addresses,
    comment_columns,
    identifiers,
    read_worksheet,
)
from autograder.gradebook.marks import Marks, StudentMarks


def table(marks: Marks) -> Sheet:
    """Return a file for the import into Moodle's gradebook."""
    item = f"Assignment: {cells.text(marks.title)} (Real)"
    header = ("First name", "Last name", "ID number", "Email address", item)
    return Sheet(header, tuple(_row(each) for each in marks.everybody.values() if each.final))


def fill_in(marks: Marks, sheet: Sheet, wanted: str | None) -> Filled:
    """Return the roster (a worksheet or an exported gradebook) with the points filled in."""
    worksheet = read_worksheet(sheet)
    if worksheet is None:
        return _gradebook(marks, sheet, wanted)
    if worksheet.has_scale:
        raise RecordError(
            "Moodle grades this assignment with a scale, which accepts no points: choose the type "
            "Point in the assignment's settings, and download the worksheet again"
        )
    return _worksheet(marks, worksheet, wanted)


def match_worksheet(
    marks: Marks, worksheet: Worksheet, result: str, *, by_name: bool = False
) -> Matching:
    """Find the students in a worksheet; `result` ends the message about an unclear row.

    `by_name` says whether a name that only one person has is enough evidence.

    The identifier may be a student's id in another form: with anonymous submissions and without a
    list of students, the intake calls a student "Participant-123".
    """
    rows = [(*row, worksheet.number(row)) for row in worksheet.sheet.rows]
    names = [] if worksheet.full_name is None else [worksheet.full_name]
    return match(
        marks,
        rows,
        worksheet.shown,
        system="moodle",
        ids=[*worksheet.ids, worksheet.identifier],
        emails=worksheet.emails,
        numbers=[len(worksheet.sheet.header), *worksheet.ids],
        names=names,
        by_name=[worksheet.identifier, *(names if by_name else ())],
        result=result,
    )


def _worksheet(marks: Marks, worksheet: Worksheet, wanted: str | None) -> Filled:
    sheet, maximum = worksheet.sheet, worksheet.maximum
    candidates = [] if worksheet.grade is None else [worksheet.grade]
    grade = column_named(sheet, wanted, candidates, f"No column for grades was found. {SWITCH}.")
    matching = match_worksheet(marks, worksheet, "no mark was written")
    kept = [worksheet.identifier, *worksheet.comments]
    filled = fill(sheet, matching, grade, texts=worksheet.texts, kept=kept)
    if maximum is None:
        return filled
    rows = [filled.rows[number] for number in matching.students]
    faults = [
        f"{worksheet.shown(row)}: Moodle skips grades above {limit:g}, but this grade is "
        f"{points:g}: raise the assignment's maximum in Moodle, or set bonus_above_maximum = false "
        "in course.toml"
        for row in rows
        if (points := number_in(row[grade])) is not None
        and (limit := number_in(row[maximum])) is not None
        and points > limit
    ]
    return replace(filled, faults=faults)


def _gradebook(marks: Marks, sheet: Sheet, wanted: str | None) -> Filled:
    known, emails = sheet.places(*IDS), sheet.places("Email address")
    if not known and not emails and (emails := addresses(sheet)):  # another language
        known = list(identifiers(sheet, range(2, emails[0])))
    if not known and not emails:
        raise RecordError(
            "the roster has no column 'Identifier', so it is not a file of Moodle's gradebook or "
            f"assignment; its columns are: {', '.join(sheet.header)}. {SWITCH}"
        )
    comments = comment_columns(sheet)
    # "Homework 1" must not match "Homework 10" or "Homework 1.5"
    title = re.compile(rf"(?<!\w){re.escape(marks.title.casefold())}(?![.,]?\w)")
    ours = [
        place
        for place, heading in enumerate(sheet.header)
        if title.search(heading.casefold()) and place not in comments
    ]
    hint = f"There is not exactly one column for {marks.title!r}."
    column = column_named(sheet, wanted, ours, hint)
    first = (known + emails)[0]
    names = range(min(2, *known, *emails))  # Moodle writes a person's names first
    matching = match(
        marks,
        sheet.rows,
        lambda row: row[first],
        system="moodle",
        ids=known,
        emails=emails,
        numbers=known,
        names=names,
    )
    texts = [place for place in sheet.places(*TEXTS) if place not in emails]
    return fill(sheet, matching, column, texts=texts, kept=comments)


def _row(each: StudentMarks) -> tuple[str, ...]:
    number, last_name, first_name, email = named(each.person)
    return first_name, last_name, number, email, cells.points(each.total)
