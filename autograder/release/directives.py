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

from autograder.course.gradecells import CellPlace, is_answer, is_given
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


def directive_of(cell: NotebookNode, where: CellPlace) -> Directive | None:
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


def _names(text: str, where: CellPlace, verb: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    for name in names:
        _require(
            _NAME.fullmatch(name) is not None,
            where,
            f"{verb} names {name!r}; write module.name, with commas between several",
        )
    return names


def _require(condition: bool, where: CellPlace, message: str) -> None:
    if not condition:
        raise ReleaseError(f"{where}: {message}")
