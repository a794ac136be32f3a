"""Marks in the form that another system imports, one module for each system.

A system's own file (its roster, gradebook or worksheet, as it exports it) can be given: then that
file is filled in, with every row and column that it has. Students are matched by the identifiers
that the system knows, exactly, and never by a name. A mark that is not final is never written:
such a student's cell stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from autograder.errors import RecordError
from autograder.exports import canvas, gradescope, ilias, moodle, plain
from autograder.exports.form import Export, Filled
from autograder.exports.sheet import Sheet, read_sheet
from autograder.gradebook.marks import Marks

System = tuple[Callable[[Marks], Sheet], Callable[[Marks, Sheet, str | None], Filled]]
"""Makes a table of our own; fills in the system's own file, of which a column may be named."""

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
) -> Export:
    """The file for a system; RecordError where marks are open, unless `partial` leaves them out.

    `roster` is the system's own file, `column` the one in it that takes the points (default: the
    one that is known by its name).
    """
    if marks.open_students and not partial:
        raise RecordError(
            f"{marks.name}: {len(marks.open_students)} marks are not final, since items await a "
            f"person: {', '.join(marks.open_students)}. Mark them in the formgrader, or export "
            "the others alone with --partial"
        )
    table, fill_in = SYSTEMS[system]
    if roster is None:
        return Export(table(marks).to_bytes(), left_open=marks.open_students)
    return fill_in(marks, read_sheet(roster), column).export(marks.open_students)


__all__ = ["SYSTEMS", "Export", "export"]
