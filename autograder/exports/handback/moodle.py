"""Moodle: feedback files in a zip, for "Upload multiple feedback files in a zip".

In each path, Moodle looks for the first part that names a participant, such as `Anna
Meier_123456_assignsubmission_file` (mod/assign/feedback/file/importziplib.php). Such a part has at
least four pieces between "_". The second is the participant's number in the assignment, and the
third and the fourth name a plugin. Moodle ignores the name, and files that begin with "." or "~".
In its own downloads, Moodle replaces "_" in names by spaces.

The roster is Moodle's own download of all submissions, or the grading worksheet. If the download
contains a worksheet, the worksheet decides who the participants are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from autograder.errors import RecordError
from autograder.exports.handback.listing import Listing
from autograder.exports.handback.places import NO_NUMBER, RESULT, Place, Places, plain_name
from autograder.exports.matching import match
from autograder.exports.moodle import match_worksheet
from autograder.exports.sheet import Sheet, read_sheet
from autograder.exports.worksheet import SWITCH, Worksheet, read_worksheet
from autograder.gradebook.marks import Marks

_KINDS = ("assignsubmission", "assignfeedback")
_PLUGIN = "assignsubmission_file"
_ANYBODY = "Participant"

ADVICE = (
    "Give --roster the file from View all submissions → Download all submissions, or the grading "
    "worksheet"
)


@dataclass(frozen=True)
class Participant:
    """A participant, read from a part of a path; `folder` is "" if the part names a file."""

    name: str
    number: str
    folder: str


def read_places(marks: Marks, roster: Listing | Sheet) -> Places:
    """Return the students' folders, read from Moodle's download or from the grading worksheet."""
    if isinstance(roster, Sheet):
        worksheet = read_worksheet(roster)
        if worksheet is None:
            raise RecordError(
                f"the roster is not a grading worksheet of Moodle. {SWITCH}. {ADVICE}"
            )
        return _by_worksheet(marks, worksheet, {})
    found = _participants(roster)
    if not found:
        raise RecordError(
            "the roster has no folder such as `Anna Meier_123456_assignsubmission_file`, so it is "
            f"not a download of Moodle. {ADVICE}"
        )
    for worksheet in _worksheets(roster):
        numbers = {worksheet.number(row) for row in worksheet.sheet.rows}
        if found.keys() <= numbers:
            return _by_worksheet(marks, worksheet, found)
    return _by_names(marks, list(found.values()))


def participant(part: str) -> Participant | None:
    """Return the participant whom Moodle would find in a part of a path, or None."""
    pieces = part.split("_", 4)
    if len(pieces) < 4 or pieces[2] not in _KINDS or not pieces[3]:
        return None
    name, number = pieces[:2]
    if not (number.isascii() and number.isdigit()):
        return None
    is_whole = len(pieces) == 4 or not pieces[4]
    return Participant(name, number, part if is_whole else "")


def _participants(listing: Listing) -> dict[str, Participant]:
    """Return the participants by number; if one has two folders, take the folder of files."""
    found: dict[str, Participant] = {}
    for path in listing.paths:
        who = next(filter(None, map(participant, path)), None)
        if who is not None and (who.number not in found or f"_{_PLUGIN}" in who.folder):
            found[who.number] = who
    return found


def _worksheets(listing: Listing) -> Iterator[Worksheet]:
    for path, content in listing.tables.items():
        if not any(map(participant, path)) and (worksheet := _worksheet(content)):
            yield worksheet


def _worksheet(content: bytes) -> Worksheet | None:
    try:
        return read_worksheet(read_sheet(content, only_utf8=False))
    except RecordError:
        return None  # another table that somebody put into the download


def _by_worksheet(marks: Marks, worksheet: Worksheet, known: Mapping[str, Participant]) -> Places:
    matching = match_worksheet(marks, worksheet, RESULT, by_name=True)
    folders = [
        _place(known.get(number := worksheet.number(row)), _name(worksheet, row), number)
        for row in worksheet.sheet.rows
    ]
    return Places.of(matching, folders, NO_NUMBER)


def _name(worksheet: Worksheet, row: tuple[str, ...]) -> str:
    return "" if worksheet.full_name is None else row[worksheet.full_name]


def _by_names(marks: Marks, found: list[Participant]) -> Places:
    """Match participants by number and name; in anonymous submissions, all names are equal."""
    is_blind = len({_member(each.name) for each in found}) == 1
    are_teams = len(found) > 1 and all("-" in each.name for each in found)
    rows = [
        (
            each.number,
            each.name,
            f"{each.name} {each.number}",
            _member(each.name) if are_teams else "",
        )
        for each in found
    ]
    matching = match(
        marks,
        rows,
        lambda row: f"{row[1]} ({row[0]})",
        system="moodle",
        numbers=[0],
        names=[] if is_blind else [1],
        by_name=[1, 2, 3],
        result=RESULT,
    )
    folders = [_place(each, each.name, each.number) for each in found]
    return Places.of(matching, folders, NO_NUMBER)


def _member(name: str) -> str:
    """Return a name without the team's name, which Moodle puts before it: "Team 1-Anna Meier"."""
    return name.partition("-")[2] or name


def _place(known: Participant | None, name: str, number: str) -> Place | None:
    if not number.isdecimal():
        return None
    if known is not None and known.folder and _is_plain(known.folder):
        return Place(known.folder)
    return Place(f"{plain_name(name) or _ANYBODY}_{number}_{_PLUGIN}_")


def _is_plain(folder: str) -> bool:
    """Return whether a folder's name can stay as it is."""
    return all(piece == plain_name(piece) for piece in folder.split("_"))
