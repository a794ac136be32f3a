"""The directives in a source notebook's cells; only this module parses them.

A code cell may begin with one of

    ### REFERENCE landscape.loss, landscape.gradient
    ### GIVEN ntk.activation

REFERENCE belongs in an answer cell: students see the signature and the docstring; the body is the
solution. GIVEN belongs in a locked cell: students get the whole definition. The code below a
directive is generated; its solutions are between `### BEGIN SOLUTION` and `### END SOLUTION`. If a
person marks an answer, the line `#### Rubric` in its cell separates the model answer from the
rubric. If model answer and rubric are between the solution lines, the rest of the cell is a frame
that students fill in. The released notebooks contain no directives, solution lines or rubrics.

Every CourseError names the notebook, the cell and the line, and says what to write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn

from autograder.course.gradecells import CellPlace, is_answer, is_given
from autograder.errors import CourseError

if TYPE_CHECKING:
    from nbformat import NotebookNode

Verb = Literal["REFERENCE", "GIVEN"]

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"

_LINE = re.compile(r"^[ \t]*#{3}[ \t]*(REFERENCE|GIVEN)\b[ \t:]*(.*)$", re.MULTILINE)
_NAME = re.compile(r"([A-Za-z_]\w*)\.([A-Za-z_]\w*)")
_RUBRIC = re.compile(r"^#### Rubric[ \t]*$", re.MULTILINE)
_IN_CODE = re.compile(r"^# (?=[-*] |  )")
"""Beginning of a rubric's line in a code cell, where the line is a comment."""


@dataclass(frozen=True)
class Reference:
    """A definition in the solutions, called `name`, in the file `module`.py."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class Directive:
    """A directive: its verb, the definitions that it names, and its line of text."""

    verb: Verb
    references: tuple[Reference, ...]
    line: str


def directive_of(cell: NotebookNode, where: CellPlace) -> Directive | None:
    """Return the cell's directive, or None; raise CourseError if it is malformed or misplaced."""
    matches = list(_LINE.finditer(cell.source))
    if not matches:
        return None
    match = matches[0]
    number = line_number(cell.source, match.start())
    verb: Verb = "REFERENCE" if match[1] == "REFERENCE" else "GIVEN"
    if verb == "REFERENCE" and not is_answer(cell):
        fail(where, number, "REFERENCE belongs in an answer cell: code that students write")
    if verb == "GIVEN" and not is_given(cell):
        fail(where, number, "GIVEN belongs in a locked code cell that is not graded")
    if match.start():
        fail(where, number, f"the {verb} line must be the cell's first line")
    if len(matches) > 1:
        second = line_number(cell.source, matches[1].start())
        fail(
            where,
            second,
            "a cell can have only one directive; name all definitions in the first line",
        )
    references = tuple(_reference(part, verb, where) for part in match[2].split(","))
    return Directive(verb, references, match[0])


def without_directives(source: str) -> str:
    """Return a cell's source without its directive lines."""
    return _LINE.sub("", source).lstrip("\n") if _LINE.search(source) else source


def without_solution_markers(source: str) -> str:
    """Return a cell's source without the lines that enclose solutions."""
    return "\n".join(line for line in source.split("\n") if line.strip() not in (BEGIN, END))


def split_answer(source: str, where: CellPlace) -> tuple[str, list[tuple[int, str]]]:
    """Split the source of a manual answer; raise CourseError unless it has exactly one rubric.

    Returns the model answer, and the rubric's lines with their line numbers in the cell (from 1).
    Both are returned without the frame that students fill in. In a code cell, the rubric's lines
    are comments, such as `# - (1 point) what earns it`.
    """
    headings = list(_RUBRIC.finditer(source))
    if not headings:
        fail(where, None, "the line `#### Rubric` is missing; write it after the model answer")
    if len(headings) > 1:
        second = line_number(source, headings[1].start())
        fail(where, second, "this is the second line `#### Rubric`; keep only one")
    start = line_number(source, headings[0].start())
    inside = _inside(source)
    lines = list(enumerate(source.split("\n"), 1))
    model = "".join(f"{line}\n" for number, line in lines if number in inside and number < start)
    rubric = [
        (number, _IN_CODE.sub("", line))
        for number, line in lines
        if number in inside and number > start
    ]
    return model, rubric


def without_rubric(source: str, where: CellPlace) -> str:
    """Return a manual answer's source without its rubric, with the frame and the model answer."""
    _, rubric = split_answer(source, where)
    numbers = {number for number, _ in rubric}
    lines = enumerate(_RUBRIC.sub("", source).split("\n"), 1)
    return "\n".join(line for number, line in lines if number not in numbers)


def without_frame(source: str) -> str:
    """Return the source of a manual answer without the frame that students fill in."""
    inside = _inside(source)
    return "\n".join(line for n, line in enumerate(source.split("\n"), 1) if n in inside)


def _inside(source: str) -> range:
    """Return the line numbers between the solution markers; without markers, return all lines."""
    lines = [line.strip() for line in source.split("\n")]
    if BEGIN not in lines or END not in lines:
        return range(1, len(lines) + 1)
    return range(lines.index(BEGIN) + 2, lines.index(END) + 1)


def line_number(source: str, position: int) -> int:
    """Return the line number, counted from 1, of the character at `position`."""
    return source.count("\n", 0, position) + 1


def fail(where: CellPlace, line: int | None, message: str) -> NoReturn:
    """Raise a CourseError about a line of a cell, or about the whole cell if `line` is None."""
    raise CourseError(f"{where}{f', line {line}' if line else ''}: {message}")


def _reference(text: str, verb: Verb, where: CellPlace) -> Reference:
    found = _NAME.fullmatch(text.strip())
    if found is None:
        advice = "write module.name, and commas between several names"
        fail(where, 1, f"{verb} names {text.strip()!r}; {advice}")
    return Reference(found[1], found[2])
