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

from autograder.errors import RecordError
from autograder.exports import cells
from autograder.exports.form import Export, Request, fill, guard, match

_FORM = "status file of ILIAS (status.csv)"
_COLUMNS = (
    "update", "usr_id", "login", "lastname", "firstname", "status", "mark", "notice", "comment",
    "plagiarism", "plag_comment",
)  # fmt: skip
_STATES = ("notgraded", "passed", "failed")


def export(request: Request) -> Export:
    """The status file filled in."""
    sheet = request.sheet()
    if sheet is None:
        raise RecordError(
            "ILIAS finds members by numbers of its own: download the assignment's status.csv "
            "(Multi-Feedback, plugin ExerciseStatusFile) and give it with --roster"
        )
    update, number, login, _, _, status, mark, *_ = (sheet.need(_FORM, name) for name in _COLUMNS)
    if sheet.header[: len(_COLUMNS)] != _COLUMNS:
        raise RecordError(
            "ILIAS reads the columns of status.csv by their order, which was changed: "
            f"{', '.join(sheet.header)}; it should be {', '.join(_COLUMNS)}"
        )
    matching = match(
        request.marks, sheet.rows, lambda row: row[login], ids=[login], numbers=[number]
    )
    names = sheet.places("lastname", "firstname")
    rows = fill(sheet.rows, matching, mark, names, lambda each, _: cells.points(each.total))
    # what is behind is of no known use, and what is before are numbers and teachers' words
    guard(rows, sheet, range(len(_COLUMNS)))
    faults = list(matching.faults)
    for place, row in enumerate(rows):
        row[login] = cells.identifier(row[login])
        student = matching.rows.get(place)
        row[update] = "1" if student is not None and student.final else "0"
        if row[update] == "1" and row[status] not in _STATES:
            faults.append(
                f"{row[login]} has the status {row[status]!r}, which ILIAS refuses with the whole "
                f"file: write one of {', '.join(_STATES)}"
            )
    return Export(
        sheet.with_rows(rows).to_bytes(),
        matching.only_theirs, matching.only_ours, tuple(faults), request.marks.open_students,
    )  # fmt: skip
