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
from autograder.exports.form import Export, Request
from autograder.gradebook.marks import Marks

SYSTEMS: Mapping[str, Callable[[Request], Export]] = {
    "csv": plain.export,
    "moodle": moodle.export,
    "canvas": canvas.export,
    "ilias": ilias.export,
    "gradescope": gradescope.export,
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
    return SYSTEMS[system](Request(marks, roster, column))


__all__ = ["SYSTEMS", "Export", "export"]
