"""Read Moodle's grading worksheet in any language.

Moodle names the columns in the language of the person who downloads the worksheet, but their order
is always the same (mod/assign/gradingtable.php). The first columns are identifier, full name,
identity fields, status, team and marker. Then come grade, maximum grade or scale, workflow state,
and whether the grade can be changed. The last columns are the date of the submission, online texts,
the date of the grade and feedback comments. With anonymous submissions, the full name and the
identity fields are missing. If the column names are English, they decide; otherwise the form of
the cells shows which column is which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from autograder.errors import RecordError
from autograder.exports.form import number_in
from autograder.exports.matching import Row
from autograder.exports.sheet import Sheet

IDS = ("ID number", "Username")
TEXTS = (
    "Full name", "Email address", "First name", "Last name", "Surname", "Institution",
    "Department", "Status", "Online text",
)  # fmt: skip

SWITCH = (
    "If Moodle is set to another language, switch it to English (user menu → Language), and "
    "download the file again"
)

_PARTICIPANT = re.compile(r"(\D*[^\d\s])\s*(\d+)")
"""Pattern of a participant in any language: "Participant 123", "Teilnehmer/in123"."""
_DATE = re.compile(r"-|(?=.*\d{4})(?=.*\d:\d\d).{8,80}", re.DOTALL)
_ADDRESS = re.compile(r"\S+@\S+")


@dataclass(frozen=True)
class Worksheet:
    """A grading worksheet, and the places of its columns.

    `grade` is None if no column for grades was found. `comments` are the columns with teachers'
    comments, which Moodle imports again.
    """

    sheet: Sheet
    identifier: int
    grade: int | None
    maximum: int | None
    has_scale: bool
    full_name: int | None
    ids: tuple[int, ...]
    emails: tuple[int, ...]
    texts: tuple[int, ...]
    comments: tuple[int, ...]

    def number(self, row: Row) -> str:
        """Return a participant's number in this assignment."""
        found = _PARTICIPANT.fullmatch(row[self.identifier].strip())
        return found[2] if found else row[self.identifier].strip()

    def shown(self, row: Row) -> str:
        """Return a participant's identifier, and the name if the worksheet has names."""
        name = "" if self.full_name is None else f" ({row[self.full_name]})"
        return f"{row[self.identifier]}{name}"


def read_worksheet(sheet: Sheet) -> Worksheet | None:
    """Return the worksheet in a table; None if the table is another file.

    Raise RecordError if Moodle could not import the worksheet again.
    """
    if sheet.find("Identifier") is not None:
        return _in_english(sheet)
    return _by_form(sheet) if sheet.rows and _are_participants(_column(sheet, 0)) else None


def addresses(sheet: Sheet) -> list[int]:
    """Return the columns whose cells contain email addresses."""
    return _those(sheet, lambda cells: any(cells) and all(map(_is_address, filter(None, cells))))


def identifiers(sheet: Sheet, columns: Iterable[int]) -> tuple[int, ...]:
    """Return the columns, among those given, that have a different word in each row."""
    return tuple(place for place in columns if _are_identifiers(_column(sheet, place)))


def comment_columns(sheet: Sheet) -> list[int]:
    """Return the places of the columns with teachers' comments, found by their English names."""
    return [place for place, name in enumerate(sheet.header) if "feedback" in name.casefold()]


def _in_english(sheet: Sheet) -> Worksheet:
    identifier = sheet.need("grading worksheet of Moodle", "Identifier")
    sheet.need("grading worksheet that Moodle can import again", "Last modified (grade)")
    return Worksheet(
        sheet,
        identifier,
        sheet.find("Grade"),
        sheet.find("Maximum Grade"),
        sheet.find("Scale") is not None,
        sheet.find("Full name"),
        tuple(sheet.places(*IDS)),
        tuple(sheet.places("Email address")),
        tuple(sheet.places(*TEXTS)),
        tuple(comment_columns(sheet)),
    )


def _by_form(sheet: Sheet) -> Worksheet:
    maximum = max(_those(sheet, _is_maximum, after=_may_be_grades), default=None)
    scales = _those(sheet, _is_scale)
    end = maximum if maximum is not None else max(scales, default=len(sheet.header))
    if maximum is not None and len(sheet.header) < maximum + 3:
        raise RecordError(
            "the worksheet has no columns after the maximum grade, so Moodle could not import it "
            "again: download the grading worksheet again, and keep all its columns"
        )
    emails = [place for place in addresses(sheet) if place < end]
    full_name = 1 if emails or _are_names(_column(sheet, 1)) else None
    fields = range(2, end - 1) if full_name is not None else ()
    dates = [place for place in _those(sheet, _are_dates) if place > end]
    return Worksheet(
        sheet,
        0,
        None if maximum is None else maximum - 1,
        maximum,
        bool(scales) and maximum is None,
        full_name,
        identifiers(sheet, [place for place in fields if place not in emails]),
        tuple(emails),
        (),
        tuple(range(max(dates) + 1, len(sheet.header))) if dates else (),
    )


def _column(sheet: Sheet, place: int) -> list[str]:
    return [row[place].strip() for row in sheet.rows] if place < len(sheet.header) else []


def _those(
    sheet: Sheet,
    has: Callable[[Sequence[str]], bool],
    after: Callable[[Sequence[str]], bool] = lambda _: True,
) -> list[int]:
    """Return each column whose cells pass `has`, if the column to its left passes `after`."""
    columns = [_column(sheet, place) for place in range(len(sheet.header))]
    pairs = enumerate(pairwise(columns), start=1)
    return [place for place, (left, cells) in pairs if has(cells) and after(left)]


def _are_participants(cells: Sequence[str]) -> bool:
    found = [_PARTICIPANT.fullmatch(cell) for cell in cells]
    known = [match for match in found if match]
    is_one_word = len({match[1] for match in known}) == 1
    return is_one_word and len(known) == len(cells) == len({match[2] for match in known})


def _is_maximum(cells: Sequence[str]) -> bool:
    limit = number_in(cells[0]) if len(set(cells)) == 1 else None
    return limit is not None and limit > 0


def _is_scale(cells: Sequence[str]) -> bool:
    return len(set(cells)) == 1 and "\n" in cells[0]


def _may_be_grades(cells: Sequence[str]) -> bool:
    return all(not cell or number_in(cell) is not None for cell in cells)


def _are_dates(cells: Sequence[str]) -> bool:
    return all(map(_DATE.fullmatch, cells))


def _are_names(cells: Sequence[str]) -> bool:
    """Return whether no two cells are equal: names differ, but submission states repeat."""
    return len(cells) > 1 and len(set(cells)) == len(cells) and all(cells)


def _are_identifiers(cells: Sequence[str]) -> bool:
    words = [cell for cell in cells if cell and not re.search(r"\s", cell)]
    return len(set(words)) == len(words) == len(cells)


def _is_address(cell: str) -> bool:
    return bool(_ADDRESS.fullmatch(cell))
