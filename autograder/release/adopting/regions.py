"""Split an answer cell of nbgrader into what students get and what they write.

A chunk is a run of statements of one kind. Chunks keep their order, so a cell becomes one or more
cells: given code is locked, and an answer is filled from the solutions.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from autograder.course.directives import BEGIN, END
from autograder.release.definitions import STUB, lines_of, skeleton, stored_names

_STUB = re.compile(r"^[ \t]*raise NotImplementedError\b")
_YOUR_CODE = re.compile(r"^[ \t]*#+\s*YOUR CODE HERE\b", re.IGNORECASE)

Kind = Literal["given", "functions", "block"]


@dataclass(frozen=True)
class Chunk:
    """A part of an answer cell: its text, the names that it binds, and its syntax trees.

    `notes` are the comment lines above the chunk's code. A chunk without a solution holds only
    nbgrader's stub.
    """

    kind: Kind
    text: str
    names: tuple[str, ...]
    statements: tuple[ast.stmt, ...]
    notes: tuple[str, ...] = ()
    has_solution: bool = True


def split_regions(source: str, marks: tuple[str, str]) -> list[tuple[bool, list[str]]]:
    """Split lines into runs, with True for the lines between marks; the marks are left out.

    A region without an end mark continues to the last line. A begin mark inside a region is
    ignored.
    """
    runs: list[tuple[bool, list[str]]] = [(False, [])]
    for line in source.split("\n"):
        if marks[0] in line:
            if not runs[-1][0]:
                runs.append((True, []))
        elif marks[1] in line:
            if runs[-1][0]:
                runs.append((False, []))
        else:
            runs[-1][1].append(line)
    return runs


def has_marks(source: str, marks: tuple[str, str]) -> bool:
    """Return whether the text has a region between the marks."""
    return any(inside for inside, _ in split_regions(source, marks))


def with_own_marks(source: str, marks: tuple[str, str]) -> str:
    """Return the answer cell's source with the kit's marks around each solution.

    Without marks, the whole cell is the solution, as in nbgrader; nbgrader's stubs in released
    notebooks count as solutions that are not written yet.
    """
    if has_marks(source, marks):
        lines: list[str] = []
        for inside, run in split_regions(source, marks):
            lines += _enclosed(run) if inside else run
        return "\n".join(lines)
    if any(_STUB.match(line) for line in source.split("\n")):
        return "\n".join(_stubs_enclosed(source.split("\n")))
    return "\n".join([BEGIN, source.strip("\n"), END])


def _enclosed(run: Sequence[str]) -> list[str]:
    first = next((line for line in run if line.strip()), "pass")
    indent = first[: len(first) - len(first.lstrip())]
    body = list(run) if any(_is_code(line) for line in run) else [*run, f"{indent}pass"]
    return [indent + BEGIN, *body, indent + END]


def _is_code(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _stubs_enclosed(lines: Sequence[str]) -> Iterator[str]:
    waiting: list[str] = []
    for line in lines:
        if _YOUR_CODE.match(line):
            waiting.append(line)
        elif _STUB.match(line):
            indent = line[: len(line) - len(line.lstrip())]
            yield from (indent + BEGIN, indent + STUB, indent + END)
            waiting = []
        else:
            yield from waiting
            waiting = []
            yield line
    yield from waiting


def chunks(source: str) -> list[Chunk]:
    """Return the chunks of an answer cell with the kit's marks; raise SyntaxError if not Python."""
    lines = source.split("\n")
    body = ast.parse(source).body
    parts: list[tuple[Kind, int, int, list[ast.stmt]]] = []
    for first, last, statements, between in _parts(lines, body):
        kind: Kind = "block" if between else "given"
        if not between and any(line.strip() == BEGIN for line in lines[first - 1 : last]):
            kind = "functions" if _has_frame(statements[0], lines[first - 1 : last]) else "block"
        if parts and kind == "given" == parts[-1][0]:
            parts[-1] = (kind, parts[-1][1], last, [*parts[-1][3], *statements])
        else:
            parts.append((kind, first, last, statements))
    found: list[Chunk] = []
    before = 0
    for index, (kind, first, last, statements) in enumerate(parts):
        end = len(lines) if index + 1 == len(parts) and kind == "given" else last
        notes = tuple(line for line in lines[before : first - 1] if line.strip())
        text = "\n".join(lines[first - 1 : end]).strip("\n")
        if kind == "given":
            text, notes = "\n".join([*notes, text]), ()
        is_stub = STUB in text and not _has_other_code(text)
        names = tuple(stored_names(statements))
        found.append(Chunk(kind, text, names, tuple(statements), notes, not is_stub))
        before = end
    return found


def _has_other_code(text: str) -> bool:
    """Return whether a solution in the text is more than the stub."""
    regions = split_regions(text, (BEGIN, END))
    inside = [line.strip() for is_inside, run in regions if is_inside for line in run]
    return any(line and line != STUB and not line.startswith("#") for line in inside)


def _parts(
    lines: Sequence[str], body: Sequence[ast.stmt]
) -> Iterator[tuple[int, int, list[ast.stmt], bool]]:
    """Yield the first and last line of each statement, or of each region around statements."""
    regions = list(_outer_regions(lines))
    waiting = list(body)
    for begin, end in [*regions, (len(lines) + 1, len(lines) + 1)]:
        while waiting and waiting[0].lineno < begin:
            statement = waiting.pop(0)
            following = waiting[0] if waiting else None
            limit = min(begin, lines_of(following)[0] if following else len(lines) + 1)
            numbers = lines_of(statement)
            yield numbers[0], _last_line(lines, numbers[-1], limit), [statement], False
        inside = [each for each in waiting if each.lineno < end]
        waiting = waiting[len(inside) :]
        if begin <= len(lines):
            yield begin, end, inside, True


def _last_line(lines: Sequence[str], last: int, limit: int) -> int:
    """Return a statement's last line, with the indented comments below it."""
    found = last
    for number in range(last + 1, limit):
        line = lines[number - 1]
        if line.startswith((" ", "\t")) and line.strip():
            found = number
        elif line.strip():
            break
    return found


def _outer_regions(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the lines of each pair of marks that no statement contains."""
    begin = 0
    for number, line in enumerate(lines, start=1):
        if line.rstrip() == BEGIN and not begin:
            begin = number
        elif line.rstrip() == END and begin:
            yield begin, number
            begin = 0


def _has_frame(statement: ast.stmt, lines: Sequence[str]) -> bool:
    """Return whether this is a function or class that is valid with stubs instead of solutions."""
    if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return False
    try:
        ast.parse(skeleton(lines))
    except SyntaxError:
        return False
    return True


def as_solution(chunk: Chunk) -> str:
    """Return the text of an answer for the solutions' module."""
    notes = [f"#:{line.lstrip('#')}" for line in map(str.strip, chunk.notes)]
    if chunk.kind == "functions":
        return _plain_function(chunk) or "\n".join([*notes, chunk.text])
    text = chunk.text
    if not text.startswith(BEGIN):  # a statement with marks inside
        bare = [line for line in text.split("\n") if line.strip() not in (BEGIN, END)]
        text = "\n".join([BEGIN, *bare, END])
    inner = text.split("\n")[1:-1]
    kept = [line for line in inner if line.strip() not in (BEGIN, END)]
    return "\n".join([*notes, BEGIN, *kept, END])


def _plain_function(chunk: Chunk) -> str:
    """Return a function without marks if its solution is all that follows its docstring."""
    (statement, *more) = chunk.statements
    if more or chunk.notes or not isinstance(statement, ast.FunctionDef):
        return ""
    if not ast.get_docstring(statement) or len(statement.body) < 2:
        return ""
    lines = chunk.text.split("\n")
    first = lines_of(statement)[0]
    end = (statement.body[0].end_lineno or 0) - first + 1
    rest = [line for line in lines[end:] if line.strip()]
    if not rest or rest[0].strip() != BEGIN or rest[-1].strip() != END:
        return ""
    if sum(line.strip() == BEGIN for line in rest) > 1:
        return ""
    return "\n".join(line for line in lines if line.strip() not in (BEGIN, END))
