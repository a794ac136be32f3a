"""Gradescope: a table like its "Download Grades", with one column per item.

Gradescope has no documented import of scores: its autograder sets them, or a person types them. So
this file is for scripts and systems that read Gradescope's tables, and for comparison with a
download. If `--roster` is a download or a roster from Gradescope, the export keeps its rows and
columns. The export fills the column Total Score and, if they exist, the items' columns
("3: p1-rate (2.0 pts)").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from autograder.exports import cells
from autograder.exports.form import Filled, column_named, fill, named
from autograder.exports.matching import match
from autograder.exports.sheet import Sheet
from autograder.gradebook.marks import Marks, StudentMarks

_HEADER = (
    "First Name", "Last Name", "SID", "Email", "Sections", "Total Score", "Max Points", "Status",
    "Submission ID", "Submission Time", "Lateness (H:M:S)", "View Count", "Submission Count",
)  # fmt: skip
_ITEM = re.compile(r"(?:\d+(?:\.\d+)*:?\s*)?(?P<name>.*?)\s*(?:\([\d.]+ pts?\))?\s*")


def table(marks: Marks) -> Sheet:
    """Return a table in the form of Gradescope's download."""
    items = (
        f"{number}: {item.name} ({item.max_points:.1f} pts)"
        for number, item in enumerate(marks.items.values(), start=1)
    )
    rows = tuple(tuple(_row(marks, each)) for each in marks.everybody.values())
    return Sheet((*_HEADER, *items), rows)


def fill_in(marks: Marks, sheet: Sheet, wanted: str | None) -> Filled:
    """Return the roster, with the total scores and the items' columns filled in."""
    email, sids = sheet.need("table of Gradescope", "Email"), sheet.places("SID")
    if wanted is None:
        sheet, total = sheet.with_column("Total Score")
    else:
        total = column_named(sheet, wanted, (), "")
    names = sheet.places("First Name", "Last Name", "Name")
    matching = match(
        marks,
        sheet.rows,
        lambda row: row[email],
        system="gradescope",
        ids=sids,
        emails=[email],
        numbers=sids,
        names=names,
    )
    texts = [*names, *sheet.places("Sections", "section_name")]
    filled = fill(sheet, matching, total, texts=texts)
    columns = _item_columns(sheet, marks)
    for row, student in filled.graded():
        for column, item in columns.items() if not student.absent else ():
            row[column] = cells.points(student.items[item].points)
    return filled


def _item_columns(sheet: Sheet, marks: Marks) -> dict[int, str]:
    found = {}
    for column, heading in enumerate(sheet.header):
        match = _ITEM.fullmatch(heading.strip())
        if match and match["name"] in marks.items:
            found[column] = match["name"]
    return found


def _row(marks: Marks, each: StudentMarks) -> Iterator[str]:
    number, last_name, first_name, email = named(each.person)
    yield from (first_name, last_name, number, email, "")
    yield cells.points(each.total) if each.final else ""
    yield f"{marks.max_points:.1f}"
    if each.absent:
        yield from ("Ungraded" if each.unmarked else "Missing", *[""] * (5 + len(each.items)))
        return
    yield "Graded" if each.final else "Ungraded"
    handed_in = f"{each.handed_in:%Y-%m-%d %H:%M:%S %z}" if each.handed_in else ""
    yield from ("", handed_in, _clock(each.late), "", "1")
    for mark in each.items.values():
        yield "" if mark.open else cells.points(mark.points)


def _clock(late: timedelta) -> str:
    seconds = int(late.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
