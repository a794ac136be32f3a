"""Export a CSV file for people and scripts: the points of all items, the open items, the total.

If a student handed in nothing, the cells of the items are empty. The file is UTF-8 with a byte
order mark; without one, spreadsheets show umlauts wrongly.
"""

from __future__ import annotations

from collections.abc import Iterator

from autograder.exports import cells
from autograder.exports.form import Filled, fill, named
from autograder.exports.matching import match
from autograder.exports.sheet import Sheet
from autograder.gradebook.marks import Marks, StudentMarks

IDS = ("student", "id", "login", "username", "sid", "matriculation number", "id number")
EMAILS = ("email", "e-mail", "email address")
NAMES = ("name", "full name", "first_name", "last_name", "first name", "last name")
POINTS = "total"


def table(marks: Marks) -> Sheet:
    """Return a table of all marks."""
    header = (
        "student", "last_name", "first_name", "email", *marks.items, "points", "bonus",
        "penalty", POINTS, "maximum", "final", "open_items",
    )  # fmt: skip
    rows = tuple(tuple(_row(marks, each)) for each in marks.everybody.values())
    return Sheet(header, rows, bom=True)


def fill_in(marks: Marks, sheet: Sheet, wanted: str | None) -> Filled:
    """Return the roster with the column `total` filled in; add this column if it is missing."""
    sheet, column = sheet.with_column(wanted or POINTS)
    ids, emails = sheet.places(*IDS), sheet.places(*EMAILS)
    if not ids and not emails:
        sheet.need("list of students", *IDS)
    first = (ids + emails)[0]
    matching = match(
        marks,
        sheet.rows,
        lambda row: row[first],
        ids=ids,
        emails=emails,
        numbers=ids,
        names=sheet.places(*NAMES),
    )
    texts = [place for place in range(len(sheet.header)) if place not in (*ids, *emails, column)]
    return fill(sheet, matching, column, texts=texts, kept=[column])


def _row(marks: Marks, each: StudentMarks) -> Iterator[str]:
    yield from named(each.person)
    for mark in each.items.values():
        yield "" if mark.open or each.absent else cells.points(mark.points)
    for points in (each.regular, each.bonus, each.penalty):
        yield cells.points(points)
    # a mark counts only once it is final
    yield cells.points(each.total) if each.final else ""
    yield cells.points(marks.max_points)
    yield "yes" if each.final else "no"
    yield " ".join(each.open_items)
