"""Read Moodle's grading worksheet and lists of groups, in any language.

Moodle writes the worksheet in the language of the person who downloads it, but the order of its
columns never changes (mod/assign/gradingtable.php):

    identifier, full name, identity fields, status, group, marker, grade, maximum grade,
    date of the submission, online texts, date of the grade, comments

With anonymous submissions, the full name and the identity fields are missing. So the columns are
recognised by their cells. In the column of the identifier, each cell is the same word with a
number. In a column of addresses, each cell is an address. The first column that holds only dates
has the submission times, in the time zone of the course.

A column for ID numbers must have a known name, because students can fill in other identity fields
themselves.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import get_day_names, get_month_names

from autograder.csvtable import MAX_BYTES, CsvTable, TableError, read_table
from autograder.errors import SubmissionError
from autograder.submission.intake.platforms import Sender
from autograder.submission.intake.roster import (
    EMAILS,
    FIRST_NAMES,
    FULL_NAMES,
    ID_COLUMNS,
    LAST_NAMES,
    NUMBERS,
    squeezed,
)

ID_NUMBERS = (
    *NUMBERS, "idnummer", "numerodidentification", "numerodeid", "codiceidentificativo",
    "numerodeidentificacao", "numerid", "idnumero",
)  # fmt: skip
LOGINS = (
    "username", "login", "benutzername", "anmeldename", "nomdutilisateur", "nombredeusuario",
)  # fmt: skip
GROUPS = (
    "group", "groups", "team", "teams", "gruppe", "gruppen", "groupe", "groupes", "grupo", "grupos",
    "gruppo", "gruppi", "groep", "groepen",
)  # fmt: skip
"""Names of a column with the groups of each person, in the form of `squeezed`."""

LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "sk", "hu", "ro",
    "hr", "sl", "el", "tr", "ru", "uk", "ca", "eu", "et", "lv", "lt", "bg",
)  # fmt: skip
"""Languages in which the names of months and days are recognised."""

MIN_COLUMNS = 4
"""Smallest number of columns that a grading worksheet can have."""
MAX_CELL = 120
"""Largest number of characters of a cell that may be an identifier or a date."""

_IDENTIFIER = re.compile(r"(?P<word>[^\d\s][^\d]*?)\s*(?P<number>[0-9]+)")
_NO_DATE = "-"
_DATE = re.compile(
    r"(?:(?P<weekday>[^\W\d][^\d,]*?)\.?,?\s+)??"
    r"(?:(?P<day>\d{1,2})\.?\s+(?:de\s+)?(?P<month>[^\W\d]+)|(?P<us>[^\W\d]+)\s+(?P<usday>\d{1,2}))"
    r"\.?,?\s+(?:de\s+)?(?P<year>\d{4}),?\s+"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.]\d\d)?(?:\s*(?P<half>[ap])\.?\s?m\.?)?"
)


@dataclass(frozen=True)
class WorksheetRow:
    """A person in a grading worksheet; `word` is Moodle's word for a participant."""

    word: str
    sender: Sender
    fields: Mapping[str, str]
    """The gradebook's fields that the worksheet states: `email`, `lms_user_id`."""


@dataclass(frozen=True)
class PeopleTable:
    """A table with people, and each person's cells that may name the person's groups."""

    where: str
    members: tuple[tuple[Sender, Mapping[int, str]], ...]
    participants: tuple[WorksheetRow, ...] = ()
    group_column: int | None = None
    names_students: bool = False
    """True if a column holds the names of the students' folders, as in a list of students."""


def read_people(content: bytes, where: str, zone: ZoneInfo) -> PeopleTable | None:
    """Read a grading worksheet or a list of people; return None if the table is neither.

    Raise TableError if the file is not a table.
    """
    table = read_table(content)
    width = len(table.header)
    rows = [(*row, *[""] * (width - len(row)))[:width] for row in table.rows]
    rows = [tuple(cell.strip() for cell in row) for row in rows]
    headings = [squeezed(heading) for heading in table.header]
    column = next((place for place, name in enumerate(headings) if name in GROUPS), None)
    if _is_worksheet(table, rows):
        return _worksheet(where, headings, rows, column, zone)
    if column is None and not set(headings) & {*ID_COLUMNS, *EMAILS, *ID_NUMBERS, *LOGINS}:
        return None
    return _list(where, headings, rows, column)


def read_groups(path: Path, zone: ZoneInfo) -> PeopleTable:
    """Read the file with the members of groups; raise SubmissionError if it can't be read."""
    try:
        with path.open("rb") as file:
            people = read_people(file.read(MAX_BYTES + 1), path.name, zone)
    except OSError as error:
        reason = error.strerror or error
        raise SubmissionError(f"{path}: the table can't be read ({reason})") from error
    except TableError as error:
        raise SubmissionError(f"{path}: the table {error}") from None
    if people is None:
        raise SubmissionError(
            f"{path}: the table needs a column group, and a column student, email or "
            "number; Moodle's grading worksheet works, too"
        )
    return people


def _is_worksheet(table: CsvTable, rows: Sequence[Sequence[str]]) -> bool:
    found = [_IDENTIFIER.fullmatch(row[0]) if len(row[0]) <= MAX_CELL else None for row in rows]
    words = {match["word"] for match in found if match}
    return bool(rows) and len(table.header) >= MIN_COLUMNS and all(found) and len(words) == 1


def _worksheet(
    where: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    column: int | None,
    zone: ZoneInfo,
) -> PeopleTable:
    columns = list(zip(*rows, strict=True))
    addresses = [place for place, cells in enumerate(columns) if _are_addresses(cells)]
    has_name = bool(addresses) or headings[1] in FULL_NAMES
    numbers = [place for place, name in enumerate(headings) if name in ID_NUMBERS]
    logins = [place for place, name in enumerate(headings) if name in LOGINS]
    place, dates = _dates(columns, zone)
    # the columns after the dates may have texts that students typed
    own = {0, 1, *numbers, *logins, *addresses, *range(place, len(headings))}
    participants, members = [], []
    for number, row in enumerate(rows):
        match = _IDENTIFIER.fullmatch(row[0])
        if match is None:  # not a row of a worksheet
            continue
        ids = (match["number"], *_cells(row, [*numbers, *logins, *addresses]))
        names = (row[1],) if has_name and row[1] else ()
        shown = f"{row[1] if names else match['word']} ({match['number']})"
        sender = Sender("moodle", shown, ids, names, dates[number])
        about = {"email": _cells(row, addresses), "lms_user_id": _cells(row, numbers)}
        fields = {name: cells[0] for name, cells in about.items() if cells}
        participants.append(WorksheetRow(match["word"], sender, fields))
        members.append((sender, {p: cell for p, cell in enumerate(row) if p not in own}))
    return PeopleTable(where, tuple(members), tuple(participants), column)


def _list(
    where: str, headings: Sequence[str], rows: Sequence[Sequence[str]], column: int | None
) -> PeopleTable:
    """Return the members of groups in a teacher's list, or in Moodle's table of participants."""
    places = {name: place for place, name in reversed(list(enumerate(headings)))}

    def cells(row: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
        return _cells(row, [places[name] for name in names if name in places])

    members = []
    for row in rows:
        student = cells(row, ID_COLUMNS)[:1]
        whole = " ".join((*cells(row, FIRST_NAMES)[:1], *cells(row, LAST_NAMES)[:1]))
        names = (*student, *cells(row, FULL_NAMES), *([whole] if whole else []))
        ids = (*student, *cells(row, (*ID_NUMBERS, *LOGINS, *EMAILS)))
        if names or ids:
            sender = Sender("moodle", (names or ids)[0], tuple(dict.fromkeys(ids)), names)
            members.append((sender, dict(enumerate(row))))
    names_students = not places.keys().isdisjoint(ID_COLUMNS)
    return PeopleTable(where, tuple(members), (), column, names_students)


def _cells(row: Sequence[str], places: Iterable[int]) -> tuple[str, ...]:
    return tuple(row[place] for place in places if row[place])


def _are_addresses(cells: Sequence[str]) -> bool:
    return all(re.fullmatch(r"[^\s@]+@[^\s@]+", cell) for cell in cells)


def _dates(
    columns: Sequence[Sequence[str]], zone: ZoneInfo
) -> tuple[int, Sequence[datetime | None]]:
    """Return the first column that holds only dates, and the date of each row's submission."""
    places = [place for place, cells in enumerate(columns) if place and _are_dates(cells)]
    for place in places:
        dates = [_date(cell, zone) for cell in columns[place]]
        if any(dates):
            return places[0], dates
    return min(places, default=len(columns)), [None] * len(columns[0])


def _are_dates(cells: Sequence[str]) -> bool:
    return all(cell == _NO_DATE or _parts_of_date(cell) for cell in cells)


def _parts_of_date(cell: str) -> re.Match[str] | None:
    return _DATE.fullmatch(cell.casefold()) if len(cell) <= MAX_CELL else None


def _date(text: str, zone: ZoneInfo) -> datetime | None:
    """Return the time that Moodle wrote, or None if it is unclear."""
    match = _parts_of_date(text)
    if match is None:
        return None
    day, month = match["day"] or match["usday"], match["month"] or match["us"]
    hour = int(match["hour"])
    if match["half"]:
        hour = hour % 12 + 12 * (match["half"] == "p")
    found = set()
    for language in LANGUAGES:
        months, days = _words(language)
        for number in months.get(month, ()):
            try:
                date = datetime(int(match["year"]), number, int(day), hour, int(match["minute"]))
            except ValueError:
                continue
            weekday = match["weekday"]
            if weekday is None or date.weekday() in days.get(weekday, ()):
                found.add(date)
        if found and language == "en":  # other languages are slow to load
            break
    return found.pop().replace(tzinfo=zone) if len(found) == 1 else None


Words = Mapping[str, Set[int]]


@cache
def _words(language: str) -> tuple[Words, Words]:
    """Return the names of months and of days in a language, with their numbers."""
    months, days = defaultdict[str, set[int]](set), defaultdict[str, set[int]](set)
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for found, names in (
                (months, get_month_names(width, context, language)),
                (days, get_day_names(width, context, language)),
            ):
                for number, name in names.items():
                    found[name.casefold().rstrip(".")].add(number)
    return dict(months), dict(days)
