"""Define the result of an export, and fill a roster's column with points, for all exports."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from autograder.errors import RecordError
from autograder.exports import cells
from autograder.exports.matching import Matching
from autograder.exports.names import first_and_last
from autograder.exports.sheet import Sheet
from autograder.gradebook.marks import Marks, Person, StudentMarks

_EMPTY = ("", "-", "–")
"""Cells without a grade; Moodle's gradebook writes a dash."""
_IN_BRACKETS = re.compile(r"\s*\([^()]*\)$")
_KIND = re.compile(r"^[^:]*:\s*")


@dataclass(frozen=True)
class ExportedFile:
    """An exported file, with remarks for the person who exports the marks.

    `only_theirs` are the rows of the roster that match no student in the gradebook; `only_ours` are
    students with marks who have no row. `faults` are other values that the platform would reject or
    misread. `left_open` are students whose marks are not in the file because they are not final.
    `given_zero` are students who handed in nothing and have 0 points in the file. `reached` are the
    students with marks for whom the file has a row.
    """

    content: bytes
    only_theirs: tuple[str, ...] = ()
    only_ours: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    left_open: tuple[str, ...] = ()
    given_zero: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """True if roster and gradebook have the same students and no value will be rejected."""
        return not (self.only_theirs or self.only_ours or self.faults)


@dataclass(frozen=True)
class Filled:
    """A roster filled with points; `faults` are values that the system would reject or misread.

    `written` are the numbers of the rows that now contain a student's points.
    """

    sheet: Sheet
    rows: list[list[str]]
    matching: Matching
    written: Collection[int] = ()
    faults: Sequence[str] = ()

    def graded(self) -> list[tuple[list[str], StudentMarks]]:
        """Return each row with points, and the marks of the row's student."""
        return [(self.rows[number], self.matching.students[number]) for number in self.written]

    def export(self, open_students: tuple[str, ...]) -> ExportedFile:
        """Return the file, with remarks for the person who exports the marks."""
        matching = self.matching
        return ExportedFile(
            self.sheet.with_rows(self.rows).to_bytes(),
            matching.only_theirs,
            matching.only_ours,
            (*matching.faults, *self.faults),
            open_students,
            tuple(each.person.id for _, each in self.graded() if each.absent),
            tuple(each.person.id for each in matching.students.values() if not each.absent),
        )


def new_file(marks: Marks, sheet: Sheet) -> ExportedFile:
    """Return a file that was made without a roster, with remarks about it."""
    absent = tuple(student for student, each in marks.absent.items() if each.final)
    reached = tuple(marks.students)
    left_open = (*marks.open_students, *marks.unmarked_students)
    return ExportedFile(sheet.to_bytes(), left_open=left_open, given_zero=absent, reached=reached)


def fill(
    sheet: Sheet,
    matching: Matching,
    column: int,
    *,
    texts: Sequence[int],
    kept: Collection[int] = (),
    words: Collection[str] = (),
) -> Filled:
    """Fill a column with total points, and make the roster's other cells safe for spreadsheets.

    Marks that are not final are skipped, and a cell with one of `words` stays unchanged. A student
    who handed in nothing gets 0 points only in an empty cell: a teacher may have entered a mark.
    The columns `texts` contain free text; the columns `kept` stay unchanged. All other columns are
    made safe too, because a system may export profile fields that students fill in.
    """
    rows = [list(row) for row in sheet.rows]
    guarded = set(range(len(sheet.header))) - {*texts, *kept}
    written = []
    for number in matching.people:
        row, student = rows[number], matching.students.get(number)
        for place in texts:
            row[place] = cells.text(row[place])
        if student is not None and _may_write(student, row[column].strip(), words):
            row[column] = cells.points(student.total)
            written.append(number)
        for place in guarded:
            row[place] = cells.identifier(row[place])
    return Filled(sheet, rows, matching, written)


def _may_write(student: StudentMarks, cell: str, words: Collection[str]) -> bool:
    return student.final and cell not in words and (not student.absent or cell in _EMPTY)


def column_named(sheet: Sheet, wanted: str | None, candidates: Sequence[int], hint: str) -> int:
    """Return the column for the points: the column called `wanted`, or else the only candidate.

    `wanted` may leave out the parts that a platform adds to a name. A number or a word in brackets
    may be added at the end, as in `Midterm Exam (157892)`. A word with a colon may be added at the
    start, as in `Assignment: hw2`.
    """
    if wanted is None:
        if len(candidates) == 1:
            return candidates[0]
        raise RecordError(
            f"which column of the roster is for the points? {hint} Name the column with --column "
            f"NAME. The columns are: {', '.join(sheet.header)}"
        )
    named = next(filter(None, _called(sheet, wanted)), [])
    if len(named) == 1:
        return named[0]
    if named:
        several = ", ".join(sheet.header[place] for place in named)
        raise RecordError(
            f"the roster has more than one column {wanted!r}: {several}. Give --column the whole "
            "name; if the names are the same, rename one column in the other system"
        )
    raise RecordError(
        f"the roster has no column {wanted!r}; its columns are: {', '.join(sheet.header)}"
    )


def _called(sheet: Sheet, wanted: str) -> Iterator[list[int]]:
    """Yield the columns called `wanted`: by the whole name, then without the parts in turn."""
    for short in (str, str.casefold, _without_number, _without_kind):
        name = short(wanted.strip())
        headings = [short(heading.strip()) for heading in sheet.header]
        yield [place for place, heading in enumerate(headings) if heading == name]


def _without_number(heading: str) -> str:
    return _IN_BRACKETS.sub("", heading.casefold())


def _without_kind(heading: str) -> str:
    return _KIND.sub("", _without_number(heading))


def number_in(cell: str) -> float | None:
    """Return the number in a cell, which may have a decimal comma; None if there is no number."""
    try:
        return float(cell.strip().replace(",", "."))
    except ValueError:
        return None


def named(person: Person) -> tuple[str, str, str, str]:
    """Return a person's id, last name, first name and email address as cells."""
    first, last = first_and_last(person)
    return (
        cells.identifier(person.id),
        cells.text(last),
        cells.text(first),
        cells.identifier(person.email),
    )
