"""A CSV file for people and programs of one's own: every item, what is open, and what counts.

It is UTF-8 with a byte order mark, since spreadsheets take umlauts for something else without one.
"""

from __future__ import annotations

from collections.abc import Iterator

from autograder.exports import cells
from autograder.exports.form import Export, Request, fill, match
from autograder.exports.sheet import Sheet
from autograder.gradebook.marks import Marks, StudentMarks

IDS = ("student", "id", "login", "username", "sid", "matriculation number", "id number")
EMAILS = ("email", "e-mail", "email address")
POINTS = "total"


def export(request: Request) -> Export:
    """All marks; with a roster, the roster's rows with a column `total` more, or filled."""
    marks = request.marks
    sheet = request.sheet()
    left_open = marks.open_students
    if sheet is None:
        header = (
            "student", "last_name", "first_name", "email", *marks.items, "points", "bonus",
            "penalty", POINTS, "maximum", "final", "open_items",
        )  # fmt: skip
        rows = tuple(tuple(_row(marks, each)) for each in marks.students.values())
        return Export(Sheet(header, rows, bom=True).to_bytes(), left_open=left_open)
    column = sheet.find(request.column or POINTS)
    if column is None:
        sheet = sheet.with_column(request.column or POINTS)
        column = len(sheet.header) - 1
    ids, emails = sheet.places(*IDS), sheet.places(*EMAILS)
    if not ids and not emails:
        sheet.need("list of students", *IDS)
    first = (ids + emails)[0]
    matching = match(marks, sheet.rows, lambda row: row[first], ids=ids, emails=emails)
    names = [place for place in range(len(sheet.header)) if place not in (*ids, *emails, column)]
    filled = fill(sheet.rows, matching, column, names, lambda each, _: cells.points(each.total))
    for row in filled:
        for place in (*ids, *emails):
            row[place] = cells.identifier(row[place])
    return Export(
        sheet.with_rows(filled).to_bytes(),
        matching.only_theirs, matching.only_ours, matching.faults, left_open,
    )  # fmt: skip


def _row(marks: Marks, each: StudentMarks) -> Iterator[str]:
    person = each.person
    yield cells.identifier(person.id)
    yield cells.text(person.last_name)
    yield cells.text(person.first_name)
    yield cells.identifier(person.email)
    for mark in each.items.values():
        yield "" if mark.open else cells.points(mark.points)
    for points in (each.regular, each.bonus, each.penalty):
        yield cells.points(points)
    # what is not final is no mark
    yield cells.points(each.total) if each.final else ""
    yield cells.points(marks.max_points)
    yield "yes" if each.final else "no"
    yield " ".join(each.open_items)
