"""Export marks to other systems; there is one module for each system.

You can give the roster, gradebook or worksheet that the system exports. The kit then fills in this
file and keeps all its rows and columns. Students are matched only by the system's exact
identifiers, never by name. The kit never writes a mark that is not final: the student's cell stays
unchanged. After the due date, students who handed in nothing get 0 points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from autograder.errors import RecordError
from autograder.exports import canvas, gradescope, ilias, moodle, plain
from autograder.exports.form import ExportedFile, Filled, new_file
from autograder.exports.sheet import Sheet, read_sheet
from autograder.gradebook.marks import Marks

System = tuple[Callable[[Marks], Sheet], Callable[[Marks, Sheet, str | None], Filled]]
"""A system's two functions: one makes a new table, the other fills in the system's own file."""

SYSTEMS: Mapping[str, System] = {
    "csv": (plain.table, plain.fill_in),
    "moodle": (moodle.table, moodle.fill_in),
    "canvas": (canvas.table, canvas.fill_in),
    "ilias": (ilias.table, ilias.fill_in),
    "gradescope": (gradescope.table, gradescope.fill_in),
}


def export(
    marks: Marks,
    system: str,
    roster: bytes | None = None,
    *,
    column: str | None = None,
    partial: bool = False,
) -> ExportedFile:
    """Return the file for a system; without `partial`, a mark that is not final is an error.

    `roster` is the system's own file; `column` is the name of its column for the points (default:
    the column that the system's module recognises).
    """
    if marks.open_students and not partial:
        raise RecordError(
            f"{marks.name}: {len(marks.open_students)} marks are not final, because some answers "
            f"are not marked by hand yet: {', '.join(marks.open_students)}. Mark them with "
            f"`fdl desk {marks.name}`, or export only the final marks with --partial"
        )
    if marks.unmarked_students and not partial:
        raise RecordError(
            f"{marks.name}: these submissions are not marked yet: "
            f"{', '.join(marks.unmarked_students)}. Run `fdl grade {marks.name}`, or export only "
            "the final marks with --partial"
        )
    table, fill_in = SYSTEMS[system]
    if roster is None:
        return new_file(marks, table(marks))
    left_open = (*marks.open_students, *marks.unmarked_students)
    return fill_in(marks, read_sheet(roster), column).export(left_open)


__all__ = ["SYSTEMS", "ExportedFile", "export"]
