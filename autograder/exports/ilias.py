"""ILIAS: the status file of an assignment in an exercise.

ILIAS can export the marks of an exercise but not import them. The plugin ExerciseStatusFile (made
for StudOn; ILIAS 8 and later) adds an import: the download of "Multi-Feedback" contains
`status.csv`, and the upload reads this file back. The roster of this export is `status.csv`. The
roster is required, because ILIAS finds members by its own number `usr_id`, which no other system
knows.

The export fills the column `mark` and sets `update` to 1, because ILIAS skips rows without this 1.
`status` stays unchanged ("notgraded", "passed", "failed"): a homework's points do not decide who
passes. Columns keep their order, because the plugin relies on it. ILIAS does not read the names
back, so the export makes them safe for spreadsheets.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Never

from autograder.errors import RecordError
from autograder.exports.form import Filled, fill
from autograder.exports.matching import Matching, match
from autograder.exports.sheet import Sheet
from autograder.gradebook.marks import Marks

_FORM = "status file of ILIAS (status.csv)"
_COLUMNS = (
    "update", "usr_id", "login", "lastname", "firstname", "status", "mark", "notice", "comment",
    "plagiarism", "plag_comment",
)  # fmt: skip
_STATES = ("notgraded", "passed", "failed")


def table(_marks: Marks) -> Never:
    """Raise RecordError: a file for ILIAS can only be made from ILIAS's status.csv."""
    raise RecordError(
        "ILIAS finds members by its own numbers: download the assignment's status.csv "
        "(Multi-Feedback, plugin ExerciseStatusFile) and add --roster status.csv"
    )


def fill_in(marks: Marks, sheet: Sheet, wanted: str | None) -> Filled:
    """Return ILIAS's status file with the marks filled in."""
    if wanted is not None:
        raise RecordError("ILIAS reads marks from the column `mark` only: leave out --column")
    columns = status_columns(sheet)
    update, login, status, mark = (columns[name] for name in ("update", "login", "status", "mark"))
    matching = match_status(marks, sheet, "no mark was written")
    # these columns contain numbers and teachers' texts; the content of later columns is unknown
    kept = set(range(len(_COLUMNS))) - {login}
    names = sheet.places("lastname", "firstname")
    filled = fill(sheet, matching, mark, texts=names, kept=kept)
    for row in filled.rows:
        row[update] = "0"
    for row, _ in filled.graded():
        row[update] = "1"
    faults = [
        f"{row[login]} has the status {row[status]!r}, so ILIAS would reject the whole file: "
        f"change the status to one of {', '.join(_STATES)}"
        for row in filled.rows
        if row[update] == "1" and row[status] not in _STATES
    ]
    return replace(filled, faults=faults)


def status_columns(sheet: Sheet) -> dict[str, int]:
    """Return the columns of a status file by name; raise RecordError if it is another file."""
    columns = {name: sheet.need(_FORM, name) for name in _COLUMNS}
    if sheet.header[: len(_COLUMNS)] != _COLUMNS:
        raise RecordError(
            "ILIAS reads the columns of status.csv by their order, which was changed. Found: "
            f"{', '.join(sheet.header)}; the order must be: {', '.join(_COLUMNS)}"
        )
    return columns


def match_status(marks: Marks, sheet: Sheet, result: str) -> Matching:
    """Find the students in a status file; `result` ends the message about an unclear row."""
    columns = status_columns(sheet)
    return match(
        marks,
        sheet.rows,
        lambda row: row[columns["login"]],
        system="ilias",
        ids=[columns["login"]],
        numbers=[columns["usr_id"]],
        names=[columns["lastname"], columns["firstname"]],
        result=result,
    )
