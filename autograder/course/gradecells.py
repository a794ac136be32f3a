"""Read nbgrader's metadata in a notebook's cells; no other module reads it.

A cell may come from nbformat or from `json`. Students can write anything into the metadata, so a
value of the wrong type counts as missing.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

AnyCell = Mapping[str, Any]

MAY_RAISE = "raises-exception"
"""Tag of a cell whose error does not stop Jupyter from running the cells below."""

_DECLARED = ("grade_id", "grade", "solution", "locked", "points")
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_POINTS = re.compile(r"\s*\([^()]*\bpoints?\)$")


@dataclass(frozen=True)
class CellPlace:
    """A cell's name in messages. `index` counts the cells from 0; the message counts from 1."""

    notebook: str
    index: int
    label: str = ""

    def __str__(self) -> str:
        label = f" ({self.label})" if self.label else ""
        return f"{self.notebook}.ipynb, cell {self.index + 1}{label}"


def place(notebook: str, index: int, cell: AnyCell) -> CellPlace:
    """Return the CellPlace of a cell; `index` counts from 0."""
    return CellPlace(notebook, index, grade_id(cell))


def nbgrader_metadata(cell: AnyCell) -> dict[str, Any]:
    """Return the cell's own nbgrader metadata, or an empty dictionary."""
    metadata = cell.get("metadata")
    found = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def grade_id(cell: AnyCell) -> str:
    """Return the cell's nbgrader id, or an empty string."""
    name = nbgrader_metadata(cell).get("grade_id")
    return name if isinstance(name, str) else ""


def may_raise(cell: AnyCell) -> bool:
    """Return whether the cell has the tag MAY_RAISE."""
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return isinstance(tags, list | tuple) and MAY_RAISE in tags


def points_of(cell: AnyCell) -> float:
    """Return the points in the cell's metadata; NaN if they are not a number."""
    points = nbgrader_metadata(cell).get("points")
    if isinstance(points, bool) or not isinstance(points, int | float):
        return math.nan
    return float(points) if abs(points) <= sys.float_info.max else math.nan


def checksum_of(cell: AnyCell) -> str | None:
    """Return the checksum that nbgrader stored when the cell was released, or None."""
    checksum = nbgrader_metadata(cell).get("checksum")
    return checksum if isinstance(checksum, str) else None


def declared(cell: AnyCell) -> tuple[object, ...]:
    """Return the metadata that define the cell's purpose and that students must not change."""
    found = nbgrader_metadata(cell)
    return tuple(found.get(key) for key in _DECLARED)


def is_graded(cell: AnyCell) -> bool:
    """Return whether the cell is the grade cell of an item and so has points."""
    return bool(nbgrader_metadata(cell).get("grade"))


def is_solution(cell: AnyCell) -> bool:
    """Return whether the cell is for students to write in."""
    return bool(nbgrader_metadata(cell).get("solution"))


def is_locked(cell: AnyCell) -> bool:
    """Return whether students cannot change the cell."""
    return bool(nbgrader_metadata(cell).get("locked"))


def is_answer(cell: AnyCell) -> bool:
    """Return whether this is a code cell that students fill in and tests mark."""
    return cell["cell_type"] == "code" and is_solution(cell) and not is_graded(cell)


def is_check(cell: AnyCell) -> bool:
    """Return whether this is the read-only check cell of an auto item."""
    return cell["cell_type"] == "code" and is_graded(cell) and not is_solution(cell)


def is_manual(cell: AnyCell) -> bool:
    """Return whether the cell has an answer that a person marks."""
    return is_graded(cell) and is_solution(cell)


def is_coded(cell: AnyCell) -> bool:
    """Return whether this is a code cell that students fill in, whoever marks it."""
    return cell["cell_type"] == "code" and is_solution(cell)


def is_given(cell: AnyCell) -> bool:
    """Return whether this is a code cell that the instructor wrote and students cannot change."""
    given = is_locked(cell) and not is_solution(cell) and not is_graded(cell)
    return cell["cell_type"] == "code" and given


def is_open(cell: AnyCell) -> bool:
    """Return whether the cell has no nbgrader metadata, as cells that students add."""
    return not nbgrader_metadata(cell)


def by_grade_id(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Return the cells that have an nbgrader id, by id, in the notebook's order."""
    return {name: cell for cell in notebook.cells if (name := grade_id(cell))}


def points_by_item(notebook: NotebookNode) -> dict[str, float]:
    """Return the points of the notebook's items, by the item's name."""
    return {grade_id(cell): points_of(cell) for cell in notebook.cells if is_graded(cell)}


def titles_by_item(notebook: NotebookNode) -> dict[str, str]:
    """Return the nearest heading above each item, without the points and without Markdown signs."""
    found: dict[str, str] = {}
    title = ""
    for cell in notebook.cells:
        if is_graded(cell):
            found[grade_id(cell)] = title
        elif cell.cell_type == "markdown":
            for heading in _HEADING.findall(_FENCED.sub("", cell.source)):
                title = re.sub(r"[*`$]", "", _POINTS.sub("", heading))
    return found


def items_by_answer(notebook: NotebookNode) -> dict[str, tuple[str, ...]]:
    """Return the items that belong to each answer cell, by the cell's nbgrader id.

    A text answer is an item itself; the items of a code answer are the check cells after it.
    """
    found: dict[str, tuple[str, ...]] = {}
    for cell in notebook.cells:
        name = grade_id(cell)
        if is_solution(cell):
            found[name] = (name,) if is_graded(cell) else ()
        elif is_graded(cell) and found:
            answer = next(reversed(found))
            found[answer] = (*found[answer], name)
    return found
