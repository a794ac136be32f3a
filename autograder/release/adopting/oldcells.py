"""Read one cell of an nbgrader notebook: its kind, its points, and its code as plain Python."""

from __future__ import annotations

import ast
import math
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from nbformat import NotebookNode

from autograder.course.gradecells import is_graded, is_locked, is_solution, nbgrader_metadata
from autograder.release.adopting.conversion import Converted
from autograder.release.adopting.reading import is_task
from autograder.release.adopting.regions import Chunk
from autograder.release.fill import plain_python

Kind = Literal["open", "locked", "answer", "test", "manual", "task"]


@dataclass
class Old:
    """A cell of the nbgrader notebook: its kind, number, points and nbgrader id."""

    cell: NotebookNode
    kind: Kind
    number: int
    name: str
    points: float
    chunks: list[Chunk] = field(default_factory=list)
    statements: list[ast.stmt] = field(default_factory=list)
    claiming: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    reason: str = ""
    owner: int | None = None
    item: str = ""
    hidden: Converted | None = None
    shown: Converted | None = None
    visible: Converted | None = None
    is_missing: bool = False


def kind_of(cell: NotebookNode) -> Kind:
    """Return a cell's kind, according to nbgrader's metadata."""
    if is_task(cell) and cell.cell_type == "markdown":
        return "task"
    if is_solution(cell) and cell.cell_type != "code":
        return "manual"  # in nbgrader, every text answer has points
    if is_graded(cell):
        if is_solution(cell) or cell.cell_type != "code":
            return "manual"
        return "test"
    if is_solution(cell) and cell.cell_type == "code":
        return "answer"
    return "locked" if is_locked(cell) else "open"


def worth(cell: NotebookNode) -> float:
    """Return the points of a cell, which may be stored as a string; 0 if there is no number."""
    found = nbgrader_metadata(cell).get("points")
    if isinstance(found, str):
        with suppress(ValueError):
            found = float(found)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return 0.0
    return float(found) if math.isfinite(found) else 0.0


def cell_magic(source: str) -> str:
    """Return the first line of a cell if it is a cell magic, such as `%%time`; else ""."""
    first, *_ = source.lstrip().split("\n", 1)
    return first.rstrip() if first.startswith("%%") else ""


def as_python(source: str) -> str:
    """Return a cell's source as Python without magics; raise ValueError if it isn't Python."""
    if cell_magic(source):
        magic, _, body = source.lstrip().partition("\n")
        if not re.match(r"%%(?:time|timeit|capture|prun)\b", magic):
            raise ValueError("the body of a cell magic is not Python")
        source = "\n" * (source.count("\n") - body.count("\n")) + body
    try:
        ast.parse(source)
    except SyntaxError:
        return plain_python(source)
    return source
