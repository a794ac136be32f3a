"""ILIAS: a zip for the upload of an exercise's Multi-Feedback.

ILIAS reads files whose path has three parts. The outer folder begins with `multi_feedback`, and the
inner folder ends with `_` and the member's number. Files that begin with "." are ignored
(Modules/Exercise: ilExAssignment up to ILIAS 8, TutorFeedbackZipRepository since ILIAS 9).

The roster is the download of the Multi-Feedback structure, the download of all submissions, or
`status.csv`. The plugin ExerciseStatusFile puts `status.csv` at the top of the structure and reads
it back from the top of the upload. So this file is handed back too, with the final marks.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import partial

from autograder.errors import RecordError
from autograder.exports.form import Filled
from autograder.exports.handback.listing import Listing, Parts
from autograder.exports.handback.places import NO_NUMBER, RESULT, Place, Places, plain_name
from autograder.exports.ilias import fill_in, match_status, status_columns
from autograder.exports.matching import match
from autograder.exports.sheet import Sheet, read_sheet
from autograder.gradebook.marks import Marks

STATUS = "status.csv"
TOP = "multi_feedback"

_ALL = re.compile(r"Abgaben|Submissions?", re.IGNORECASE)
"""Pattern of the name of the folder with all submissions."""
_TEAM = re.compile(r"Team[ _]\d+", re.IGNORECASE)
_MEMBER = re.compile(r"(?P<words>.+_.+)_(?P<number>\d+)", re.ASCII | re.DOTALL)
_PLAIN = re.compile(r"[\w.@ -]{1,150}", re.ASCII)
_WIDTH = 8
"""Number of possible logins in a folder's name: names and logins may both contain "_"."""

ADVICE = (
    "Give --roster the file from the assignment's Multi-Feedback → Download Structure, or the "
    "download of all submissions"
)


@dataclass(frozen=True)
class Member:
    """A member of an exercise, read from a folder's name: names, login and number."""

    folder: str
    words: tuple[str, ...]
    number: str

    @property
    def logins(self) -> list[str]:
        """The possible logins in the folder's name, padded to a fixed number."""
        found = ["_".join(self.words[start:]) for start in range(1, len(self.words))][-_WIDTH:]
        return found + [""] * (_WIDTH - len(found))


def read_places(marks: Marks, roster: Listing | Sheet) -> Places:
    """Return the members' folders, read from a download of ILIAS or from `status.csv`."""
    if isinstance(roster, Sheet):
        return _by_status(marks, roster, {}, f"{TOP}_{marks.name}")
    members = max((_members(roster, skipped) for skipped in (0, 1)), key=len)
    if not members:
        raise RecordError(
            "the roster has no folder such as `Meier_Anna_anna_4711`, so it is not a download of "
            f"ILIAS. {ADVICE}"
        )
    tops = [path[0] for path in roster.paths if path[0].startswith(TOP)]
    top = plain_top(tops[0] if tops else "", marks.name)
    for path, content in roster.tables.items():
        if path[-1].lower() == STATUS and not any(map(_MEMBER.fullmatch, path[1:])):
            return _by_status(marks, read_sheet(content), members, top)
    return _by_folders(marks, list(members.values()), top)


def plain_top(name: str, assignment: str) -> str:
    """Return the name of the outer folder."""
    return name if _PLAIN.fullmatch(name) and name.startswith(TOP) else f"{TOP}_{assignment}"


def _members(listing: Listing, skipped: int) -> dict[str, Member]:
    """Return the members by number; skip the first `skipped` folders of each path."""
    found = (_member(path, skipped) for path in listing.paths)
    return {each.number: each for each in found if each is not None}


def _member(path: Parts, skipped: int) -> Member | None:
    """Return the member to whom a path belongs, or None."""
    tops = [n for n, part in enumerate(path[:3]) if part.startswith(TOP) or _ALL.fullmatch(part)]
    rest = path[tops[0] + 1 if tops else skipped :]
    rest = rest[1:] if rest and _TEAM.fullmatch(rest[0]) else rest
    found = _MEMBER.fullmatch(rest[0]) if rest else None
    return Member(rest[0], tuple(found["words"].split("_")), found["number"]) if found else None


def _by_folders(marks: Marks, members: list[Member], top: str) -> Places:
    rows = [(each.number, " ".join(each.words), *each.logins) for each in members]
    matching = match(
        marks,
        rows,
        lambda row: f"{row[1]} ({row[0]})",
        system="ilias",
        ids=range(2, 2 + _WIDTH),
        numbers=[0],
        names=[1],
        result=RESULT,
    )
    folders = [_place(each.folder, each.number, top) for each in members]
    return Places.of(matching, folders, NO_NUMBER)


def _by_status(marks: Marks, sheet: Sheet, members: dict[str, Member], top: str) -> Places:
    columns = status_columns(sheet)
    matching = match_status(marks, sheet, RESULT)
    folders = []
    for row in sheet.rows:
        number = row[columns["usr_id"]].strip()
        about = [row[columns[name]] for name in ("lastname", "firstname", "login")]
        built = "_".join((*map(_ascii, about), number))
        known = members.get(number)
        folders.append(_place(known.folder if known else built, number, top))
    places = Places.of(matching, folders, NO_NUMBER)
    filled = fill_in(marks, sheet, None)
    if filled.faults or not filled.written:
        notes = tuple(f"{STATUS} is not in the file: {fault}" for fault in filled.faults)
        return replace(places, notes=notes)
    note = (
        f"{STATUS} in the file has {len(filled.written)} marks; the plugin ExerciseStatusFile "
        "reads them, and ILIAS without this plugin ignores them"
    )
    return replace(places, notes=(note,), extra=[(STATUS, partial(_content, filled))])


def _content(filled: Filled) -> bytes:
    return filled.export(()).content


def _place(folder: str, number: str, top: str) -> Place | None:
    """Return a member's place; ILIAS reads only the number at the end of the folder's name."""
    if not (number.isascii() and number.isdigit()):
        return None
    return Place(f"{top}/{folder if _PLAIN.fullmatch(folder) else f'member_{number}'}")


def _ascii(word: str) -> str:
    return plain_name(unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode())
