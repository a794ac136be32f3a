"""Define the result of an export, and find students in a roster, for all exports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from autograder.errors import RecordError
from autograder.exports import cells
from autograder.exports.sheet import Sheet
from autograder.gradebook.marks import Marks, Person, StudentMarks

Row = Sequence[str]


@dataclass(frozen=True)
class Export:
    """An exported file, with remarks for the person who exports the marks.

    `only_theirs` are the rows of the roster that match no student in the gradebook; `only_ours` are
    students in the gradebook without a row. `faults` are other values that the platform would
    reject or misread. `left_open` are students whose marks are not in the file because they are not
    final.
    """

    content: bytes
    only_theirs: tuple[str, ...] = ()
    only_ours: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    left_open: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """True if roster and gradebook have the same students and no value will be rejected."""
        return not (self.only_theirs or self.only_ours or self.faults)


@dataclass(frozen=True)
class Matching:
    """The result of matching: each roster row's student, and the rows and students without a match.

    `people` are the numbers of the rows that belong to a person.
    """

    people: Collection[int]
    students: Mapping[int, StudentMarks]
    only_theirs: tuple[str, ...]
    only_ours: tuple[str, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Filled:
    """A roster filled with points; `faults` are values that the system would reject or misread."""

    sheet: Sheet
    rows: list[list[str]]
    matching: Matching
    faults: Sequence[str] = ()

    def graded(self) -> list[tuple[list[str], StudentMarks]]:
        """Return the row and the marks of each student whose marks are final."""
        found = self.matching.students.items()
        return [(self.rows[number], each) for number, each in found if each.final]

    def export(self, open_students: tuple[str, ...]) -> Export:
        """Return the file, with remarks for the person who exports the marks."""
        matching = self.matching
        return Export(
            self.sheet.with_rows(self.rows).to_bytes(),
            matching.only_theirs,
            matching.only_ours,
            (*matching.faults, *self.faults),
            open_students,
        )


def match(
    marks: Marks,
    rows: Sequence[Row],
    name: Callable[[Row], str],
    *,
    ids: Sequence[int] = (),
    emails: Sequence[int] = (),
    numbers: Sequence[int] = (),
    is_person: Callable[[Row], bool] = lambda _: True,
) -> Matching:
    """Find the gradebook's students in the roster's rows; upper and lower case do not matter.

    A student's id is searched in the columns `ids` and `emails`, the email address in `emails`. The
    other system's id (nbgrader's `lms_user_id`) is searched only in the columns `numbers`, because
    another student's id may be the same number. If a row matches two students, or a student matches
    two rows, no mark is written and a fault is reported. `name` is a function that returns a row's
    name for messages.
    """
    finders = [
        ((*ids, *emails), _index(marks, lambda each: each.person.id)),
        (emails, _index(marks, lambda each: each.person.email)),
        (numbers, _index(marks, lambda each: each.person.lms_id)),
    ]
    found: dict[int, set[str]] = {}
    places: dict[str, set[int]] = {}
    for number, row in enumerate(rows):
        if is_person(row):
            found[number] = {
                student
                for columns, index in finders
                for column in columns
                for student in index.get(_key(row[column]), ())
            }
            for student in found[number]:
                places.setdefault(student, set()).add(number)
    sure = {
        number: student
        for number, who in found.items()
        for student in who
        if len(who) == 1 and len(places[student]) == 1
    }
    return Matching(
        found.keys(),
        {number: marks.students[student] for number, student in sure.items()},
        tuple(name(rows[number]) for number, who in found.items() if not who),
        tuple(student for student in marks.students if student not in places),
        tuple(_ambiguities(rows, found, places, name)),
    )


def _index(marks: Marks, key: Callable[[StudentMarks], str]) -> dict[str, set[str]]:
    """Return the students by key; skip students with an empty key."""
    index: dict[str, set[str]] = {}
    for student, each in marks.students.items():
        if found := _key(key(each)):
            index.setdefault(found, set()).add(student)
    return index


def _key(value: str) -> str:
    return value.strip().casefold()


def _ambiguities(
    rows: Sequence[Row],
    found: Mapping[int, set[str]],
    places: Mapping[str, set[int]],
    name: Callable[[Row], str],
) -> Iterable[str]:
    for number, who in found.items():
        if len(who) > 1:
            ours = ", ".join(sorted(who))
            yield f"{name(rows[number])} matches several students ({ours}): no mark was written"
    for student, numbers in sorted(places.items()):
        if len(numbers) > 1:
            theirs = ", ".join(name(rows[number]) for number in sorted(numbers))
            yield f"{student} matches several rows ({theirs}): no mark was written"


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

    Marks that are not final are skipped, and a cell with one of `words` stays unchanged. The
    columns `texts` contain free text; the columns `kept` stay unchanged. All other columns are made
    safe too, because a system may export profile fields that students fill in.
    """
    rows = [list(row) for row in sheet.rows]
    guarded = set(range(len(sheet.header))) - {*texts, *kept}
    for number in matching.people:
        row, student = rows[number], matching.students.get(number)
        for place in texts:
            row[place] = cells.text(row[place])
        if student is not None and student.final and row[column].strip() not in words:
            row[column] = cells.points(student.total)
        for place in guarded:
            row[place] = cells.identifier(row[place])
    return Filled(sheet, rows, matching)


def column_named(sheet: Sheet, wanted: str | None, candidates: Sequence[int], hint: str) -> int:
    """Return the column for the points: the one called `wanted`, or else the only candidate."""
    if wanted is not None:
        named = [place for place, heading in enumerate(sheet.header) if heading.strip() == wanted]
        if len(named) == 1:
            return named[0]
        count = "no" if not named else "more than one"
        raise RecordError(
            f"the roster has {count} column {wanted!r}; its columns are: {', '.join(sheet.header)}"
        )
    if len(candidates) == 1:
        return candidates[0]
    raise RecordError(
        f"which column of the roster is for the points? {hint} Name the column with --column NAME. "
        "The columns "
        f"are: {', '.join(sheet.header)}"
    )


def number_in(cell: str) -> float | None:
    """Return the number in a cell, which may have a decimal comma; None if there is no number."""
    try:
        return float(cell.strip().replace(",", "."))
    except ValueError:
        return None


def named(person: Person) -> tuple[str, str, str, str]:
    """Return a person's id, last name, first name and email address as cells."""
    return (
        cells.identifier(person.id),
        cells.text(person.last_name),
        cells.text(person.first_name),
        cells.identifier(person.email),
    )
