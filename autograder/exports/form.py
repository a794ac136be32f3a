"""What all exports share: the request, the result, and how students are found in a roster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from autograder.errors import RecordError
from autograder.exports import cells
from autograder.exports.sheet import Sheet, read_sheet
from autograder.gradebook.marks import Marks, StudentMarks


@dataclass(frozen=True)
class Request:
    """What is to be exported; the roster is the other system's own file."""

    marks: Marks
    roster: bytes | None = None
    column: str | None = None

    def sheet(self) -> Sheet | None:
        """The roster's table."""
        return None if self.roster is None else read_sheet(self.roster)


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
    """Which student of ours each row of a roster is; rows and students that stay alone."""

    rows: Mapping[int, StudentMarks]
    only_theirs: tuple[str, ...]
    only_ours: tuple[str, ...]
    faults: tuple[str, ...]


def match(
    marks: Marks,
    rows: Sequence[Sequence[str]],
    name: Callable[[Sequence[str]], str],
    *,
    ids: Sequence[int] = (),
    emails: Sequence[int] = (),
    numbers: Sequence[int] = (),
    people: Callable[[Sequence[str]], bool] = lambda _: True,
) -> Matching:
    """Find our students in the roster's rows.

    A student's id is looked for in the columns `ids` and `emails`, the address that nbgrader knows
    in `emails`, the id that nbgrader has for the other system (`lms_user_id`) in `numbers`: that
    system's own numbers, which may be like somebody else's id. Letters of either case are the same.
    Where a row may be two students, or a student two rows, none is taken and a fault says so.
    `name` shows a row to a person; `people` tells rows of persons.
    """
    finders = [
        ((*ids, *emails), _index(marks, lambda each: each.person.id)),
        (emails, _index(marks, lambda each: each.person.email)),
        (numbers, _index(marks, lambda each: each.person.lms_id)),
    ]
    found: dict[int, set[str]] = {}
    places: dict[str, set[int]] = {}
    for number, row in enumerate(rows):
        if people(row):
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
    rows: Sequence[Sequence[str]],
    found: Mapping[int, set[str]],
    places: Mapping[str, set[int]],
    name: Callable[[Sequence[str]], str],
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
    rows: Sequence[Sequence[str]],
    matching: Matching,
    column: int,
    names: Iterable[int],
    value: Callable[[StudentMarks, Sequence[str]], str | None],
) -> list[list[str]]:
    """The rows with our values in a column (None: as it was); cells for people made safe."""
    filled = [list(row) for row in rows]
    shown = list(names)
    for number, row in enumerate(filled):
        for place in shown:
            row[place] = cells.text(row[place])
        student = matching.rows.get(number)
        if student is not None and student.final:
            mark = value(student, rows[number])
            row[column] = row[column] if mark is None else mark
    return filled


def guard(rows: Iterable[list[str]], sheet: Sheet, kept: Collection[int]) -> None:
    """Make what stands in any column but `kept` such that no spreadsheet runs it.

    Students fill more fields of a profile than we know, and a system may export each.
    """
    places = [place for place in range(len(sheet.header)) if place not in kept]
    for row in rows:
        for place in places:
            row[place] = cells.identifier(row[place])


def column_named(sheet: Sheet, wanted: str | None, candidates: Mapping[int, str], hint: str) -> int:
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
        return next(iter(candidates))
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
