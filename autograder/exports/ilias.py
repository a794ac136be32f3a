"""ILIAS: the status file of an exercise's assignment.

ILIAS by itself exports marks of an exercise but imports none. Its plugin ExerciseStatusFile does
(made for StudOn; ILIAS 8 and later): the download of "Multi-Feedback" holds `status.csv`, which is
read back from the upload. That file is the roster here; without it there is nothing to fill in,
since ILIAS finds a member by its own number, `usr_id`, which nobody else knows.

Filled are `mark`, and `update` with 1, without which a row is passed over. `status` stays as it is
("notgraded", "passed", "failed"): a homework's points say nothing about passing. Columns keep their
order, which the plugin relies on. Names are not read back, so they are made safe for spreadsheets.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Never

from autograder.errors import RecordError
from autograder.exports.form import Filled, fill, match
from autograder.exports.sheet import Sheet
from autograder.gradebook.marks import Marks

_FORM = "status file of ILIAS (status.csv)"
_COLUMNS = (
    "update", "usr_id", "login", "lastname", "firstname", "status", "mark", "notice", "comment",
    "plagiarism", "plag_comment",
)  # fmt: skip
_STATES = ("notgraded", "passed", "failed")


def table(_marks: Marks) -> Never:
    """RecordError: there is no file without the system's own."""
    raise RecordError(
        "ILIAS finds members by numbers of its own: download the assignment's status.csv "
        "(Multi-Feedback, plugin ExerciseStatusFile) and give it with --roster"
    )


def fill_in(marks: Marks, sheet: Sheet, _wanted: str | None) -> Filled:
    """The status file filled in."""
    update, number, login, _, _, status, mark, *_ = (sheet.need(_FORM, name) for name in _COLUMNS)
    if sheet.header[: len(_COLUMNS)] != _COLUMNS:
        raise RecordError(
            "ILIAS reads the columns of status.csv by their order, which was changed: "
            f"{', '.join(sheet.header)}; it should be {', '.join(_COLUMNS)}"
        )
    matching = match(marks, sheet.rows, lambda row: row[login], ids=[login], numbers=[number])
    # what is behind is of no known use, and what is before are numbers and teachers' words
    kept = set(range(len(_COLUMNS))) - {login}
    filled = fill(sheet, matching, mark, texts=sheet.places("lastname", "firstname"), kept=kept)
    for row in filled.rows:
        row[update] = "0"
    for row, _ in filled.graded():
        row[update] = "1"
    faults = [
        f"{row[login]} has the status {row[status]!r}, which ILIAS refuses with the whole file: "
        f"write one of {', '.join(_STATES)}"
        for row in filled.rows
        if row[update] == "1" and row[status] not in _STATES
    ]
    return replace(filled, faults=faults)
