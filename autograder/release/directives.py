"""Directive lines: how a source notebook's cell says which reference definitions it holds.

The first line of such a code cell is one of

    ### REFERENCE landscape.loss, landscape.gradient
    ### GIVEN ntk.activation

REFERENCE stands in an answer cell: signature and docstring are shown, the body is the solution.
GIVEN stands in a locked cell: students get the whole definition. What follows the line is
generated; students never see the line itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from nbformat import NotebookNode

from autograder.errors import ReleaseError

Verb = Literal["REFERENCE", "GIVEN"]

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"

_LINE = re.compile(r"^[ \t]*#{3}[ \t]*(REFERENCE|GIVEN)\b[ \t:]*(.*)$", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*")


@dataclass(frozen=True)
class Directive:
    """A directive: its verb, and the `module.name`s it asks for in order."""

    verb: Verb
    names: tuple[str, ...]
    line: str


@dataclass(frozen=True)
class Place:
    """Where in an assignment something was found, in words for messages."""

    notebook: str
    index: int
    label: str = ""

    def __str__(self) -> str:
        label = f" ({self.label})" if self.label else ""
        return f"{self.notebook}.ipynb, cell {self.index + 1}{label}"


def place(notebook: str, index: int, cell: NotebookNode) -> Place:
    """The place of the cell with that 0-based index: people count cells from 1."""
    return Place(notebook, index, grade_id(cell))


def mark_of(cell: NotebookNode) -> dict[str, object]:
    """The cell's nbgrader metadata, empty where it has none."""
    return dict(cell.metadata.get("nbgrader", {}))


def grade_id(cell: NotebookNode) -> str:
    """The cell's nbgrader id, or an empty string."""
    return str(mark_of(cell).get("grade_id", ""))


def is_answer(cell: NotebookNode) -> bool:
    """Whether this is a code cell that students fill in."""
    mark = mark_of(cell)
    return bool(cell.cell_type == "code" and mark.get("solution") and not mark.get("grade"))


def is_check(cell: NotebookNode) -> bool:
    """Whether this is the read-only check cell of an auto item."""
    mark = mark_of(cell)
    return bool(cell.cell_type == "code" and mark.get("grade") and not mark.get("solution"))


def is_manual(cell: NotebookNode) -> bool:
    """Whether this cell holds an answer that a person marks."""
    mark = mark_of(cell)
    return bool(mark.get("grade") and mark.get("solution"))


def is_given(cell: NotebookNode) -> bool:
    """Whether this is a code cell of the instructor's that students can't change."""
    mark = mark_of(cell)
    locked = mark.get("locked") and not mark.get("solution") and not mark.get("grade")
    return bool(cell.cell_type == "code" and locked)


def directive_of(cell: NotebookNode, where: Place) -> Directive | None:
    """The cell's directive, or None; ReleaseError where it is malformed or in a wrong place."""
    match = _LINE.search(cell.source)
    if match is None:
        return None
    verb: Verb = "REFERENCE" if match[1] == "REFERENCE" else "GIVEN"
    _require(match.start() == 0, where, f"its {verb} line must be the cell's first line")
    if verb == "REFERENCE":
        _require(is_answer(cell), where, "REFERENCE belongs in an answer cell (code, solution)")
    else:
        _require(is_given(cell), where, "GIVEN belongs in a locked code cell that is not graded")
    return Directive(verb, _names(match[2], where, verb), match[0])


def without_directives(source: str) -> str:
    """A cell's source with its directive lines dropped."""
    return _LINE.sub("", source).lstrip("\n") if _LINE.search(source) else source


def _names(text: str, where: Place, verb: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    for name in names:
        _require(
            _NAME.fullmatch(name) is not None,
            where,
            f"{verb} names {name!r}; write module.name, with commas between several",
        )
    return names


def _require(condition: bool, where: Place, message: str) -> None:
    if not condition:
        raise ReleaseError(f"{where}: {message}")
