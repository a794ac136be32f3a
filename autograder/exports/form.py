"""What all exports share: the request, the result, and how students are found in a roster."""

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
    """The file, and what a person has to know of it.

    `only_theirs` are the rows of the roster to which no student of ours belongs, `only_ours` the
    students who stand in no row; `faults` is what else the system would refuse or take wrongly.
    `left_open` are students whose mark is not final: the file has none for them.
    """

    content: bytes
    only_theirs: tuple[str, ...] = ()
    only_ours: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    left_open: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether everybody was found on both sides and nothing will be refused."""
        return not (self.only_theirs or self.only_ours or self.faults)


@dataclass(frozen=True)
class Matching:
    """Which student of ours each row of a roster is; rows and students that stay alone.

    `people` are the rows of persons.
    """

    people: Collection[int]
    students: Mapping[int, StudentMarks]
    only_theirs: tuple[str, ...]
    only_ours: tuple[str, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Filled:
    """A roster with our points in it, and what else the system would refuse or take wrongly."""

    sheet: Sheet
    rows: list[list[str]]
    matching: Matching
    faults: Sequence[str] = ()

    def graded(self) -> list[tuple[list[str], StudentMarks]]:
        """The rows of students whose marks are final, with these marks."""
        found = self.matching.students.items()
        return [(self.rows[number], each) for number, each in found if each.final]

    def export(self, open_students: tuple[str, ...]) -> Export:
        """The file, and what a person has to know of it."""
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
    """Find our students in the roster's rows.

    A student's id is looked for in the columns `ids` and `emails`, the address that nbgrader knows
    in `emails`, the id that nbgrader has for the other system (`lms_user_id`) in `numbers`: that
    system's own numbers, which may be like somebody else's id. Letters of either case are the same.
    Where a row may be two students, or a student two rows, none is taken and a fault says so.
    `name` shows a row to a person.
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
        tuple(_doubts(rows, found, places, name)),
    )


def _index(marks: Marks, key: Callable[[StudentMarks], str]) -> dict[str, set[str]]:
    """The students by a key; those without one are not in it."""
    index: dict[str, set[str]] = {}
    for student, each in marks.students.items():
        if found := _key(key(each)):
            index.setdefault(found, set()).add(student)
    return index


def _key(value: str) -> str:
    return value.strip().casefold()


def _doubts(
    rows: Sequence[Row],
    found: Mapping[int, set[str]],
    places: Mapping[str, set[int]],
    name: Callable[[Row], str],
) -> Iterable[str]:
    for number, who in found.items():
        if len(who) > 1:
            ours = ", ".join(sorted(who))
            yield f"{name(rows[number])} may be several of ours ({ours}): none was written"
    for student, numbers in sorted(places.items()):
        if len(numbers) > 1:
            theirs = ", ".join(name(rows[number]) for number in sorted(numbers))
            yield f"{student} stands in several rows ({theirs}): none was written"


def fill(
    sheet: Sheet,
    matching: Matching,
    column: int,
    *,
    texts: Sequence[int],
    kept: Collection[int] = (),
    words: Collection[str] = (),
) -> Filled:
    """Fill a column with total points, and make the roster's other cells such that none runs.

    Marks that are not final are left out, and a cell that holds one of `words` stays. The columns
    `texts` are for people to read; those in `kept` stay as they are. Students fill more fields of
    a profile than we know, and a system may export each.
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
    """The one column that takes points: the one that is named, or the only one that may be it."""
    if wanted is not None:
        named = [place for place, heading in enumerate(sheet.header) if heading.strip() == wanted]
        if len(named) == 1:
            return named[0]
        count = "no" if not named else "more than one"
        raise RecordError(
            f"the roster has {count} column {wanted!r}; it has: {', '.join(sheet.header)}"
        )
    if len(candidates) == 1:
        return candidates[0]
    raise RecordError(
        f"which column of the roster takes the points? {hint} Name it with --column; it has: "
        f"{', '.join(sheet.header)}"
    )


def number_in(cell: str) -> float | None:
    """The number in a cell, with a point or a comma; None where there is none."""
    try:
        return float(cell.strip().replace(",", "."))
    except ValueError:
        return None


def named(person: Person) -> tuple[str, str, str, str]:
    """Id, last name, first name and email address as cells."""
    return (
        cells.identifier(person.id),
        cells.text(person.last_name),
        cells.text(person.first_name),
        cells.identifier(person.email),
    )
