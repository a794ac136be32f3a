"""Read reference definitions from the text of `solutions/ASSIGNMENT/*.py`.

The solutions modules are parsed, but never imported. The text of a definition is used unchanged,
with the author's comments, line breaks and names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import dropwhile, takewhile
from pathlib import Path

from autograder.course.directives import BEGIN, END, Reference
from autograder.errors import ReleaseError

Statement = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class Definition:
    """One top-level definition of a solutions module: a syntax tree and the lines of the module."""

    reference: str
    statement: Statement
    lines: tuple[str, ...]

    @property
    def is_variable(self) -> bool:
        """Whether the definition is an assignment rather than a function or a class."""
        return isinstance(self.statement, ast.Assign | ast.AnnAssign)

    @property
    def whole(self) -> str:
        """The text of the whole definition, including decorators."""
        return self._text(lines_of(self.statement))

    @property
    def heading(self) -> str:
        """The part that students get: signature and docstring, or a variable's `#:` lines."""
        if self.is_variable:
            return "\n".join(self._notes)
        return self._text(range(self._first, self._docstring_end + 1))

    @property
    def solution(self) -> str:
        """The part that students write, with comments: a function's body, or an assignment."""
        if self.is_variable:
            return self.whole
        lines = self.lines[self._docstring_end : lines_of(self.statement)[-1]]
        return "\n".join(dropwhile(lambda line: not line.strip(), lines))

    def check(self, where: object) -> None:
        """Raise ReleaseError unless heading and solution can be separated."""
        statement = self.statement
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            return
        if ast.get_docstring(statement) is None:
            raise ReleaseError(
                f"{where}: {self.reference} has no docstring: add a docstring that says what "
                "students should write"
            )
        body = statement.body
        end = self._docstring_end
        if body[0].lineno == statement.lineno or any(part.lineno <= end for part in body[1:]):
            raise ReleaseError(
                f"{where}: {self.reference}: put the docstring and the body on separate lines"
            )

    @property
    def _docstring_end(self) -> int:
        statement = self.statement
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            return statement.body[0].end_lineno or statement.lineno
        return self._first - 1

    @property
    def _first(self) -> int:
        return lines_of(self.statement)[0]

    @property
    def _notes(self) -> list[str]:
        """The `#:` comment lines right above a variable, which serve as a docstring."""
        above = reversed(self.lines[: self._first - 1])
        notes = takewhile(lambda line: line.startswith("#:"), above)
        return ["#" + line[2:] for line in notes][::-1]

    def _text(self, numbers: range) -> str:
        return "\n".join(self.lines[number - 1] for number in numbers)


class Solutions:
    """The reference definitions of one assignment, found by `module.name`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise ReleaseError(f"{folder} is missing: put the reference solutions there")

    def find(self, reference: Reference, where: object) -> Definition:
        """Return the definition of a reference; raise ReleaseError unless there is exactly one."""
        module, name = reference.module, reference.name
        if module not in self._definitions:
            known = ", ".join(sorted(self._definitions)) or "nothing"
            raise ReleaseError(
                f"{where}: {reference} needs {self.folder.name}/{module}.py, which does not exist; "
                f"the folder has {known}"
            )
        found = [d for key, d in self._definitions[module] if key == name]
        if not found:
            raise ReleaseError(
                f"{where}: {module}.py does not define {name} at its top level, as a function, "
                "class or variable"
            )
        if len(found) > 1:
            lines = ", ".join(str(d.statement.lineno) for d in found)
            raise ReleaseError(
                f"{where}: {module}.py defines {name} more than once, in lines {lines}: keep one"
            )
        found[0].check(where)
        return found[0]

    @cached_property
    def _definitions(self) -> dict[str, list[tuple[str, Definition]]]:
        return {path.stem: list(_read(path)) for path in sorted(self.folder.glob("*.py"))}


def lines_of(statement: ast.stmt) -> range:
    """Return the line numbers of a statement, including its decorators."""
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
    return range(first, (statement.end_lineno or first) + 1)


def parse_python(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file; raise ReleaseError if the file can't be parsed."""
    try:
        return ast.parse(path.read_text(encoding="utf-8"), filename=path.name)
    except (SyntaxError, UnicodeDecodeError) as error:
        where = "/".join(path.parts[-3:])  # such as solutions/hw2/momentum.py
        raise ReleaseError(f"{where} can't be parsed: {error}") from error


def solution_cell(definitions: list[Definition]) -> str:
    """Return the text of an answer cell: headings, and solutions between solution markers."""
    functions = [_solved(d) for d in definitions if not d.is_variable]
    variables = [d for d in definitions if d.is_variable]
    blocks = [_solved_variables(variables)] if variables else []
    return "\n\n\n".join(blocks + functions)


def given_cell(definitions: list[Definition]) -> str:
    """Return the text of a cell with given definitions."""
    return "\n\n\n".join(dict.fromkeys(definition.whole for definition in definitions))


def _solved(definition: Definition) -> str:
    body = definition.solution
    if not body.strip():
        raise ReleaseError(f"{definition.reference} has no body below its docstring: add one")
    indent = body[: len(body) - len(body.lstrip())]
    return "\n".join([definition.heading, indent + BEGIN, body, indent + END])


def _solved_variables(definitions: list[Definition]) -> str:
    # a statement that binds several of the names is written only once
    headings = [d.heading for d in definitions if d.heading]
    statements = [d.solution for d in definitions]
    return "\n".join([*dict.fromkeys(headings), BEGIN, *dict.fromkeys(statements), END])


def _read(path: Path) -> Iterator[tuple[str, Definition]]:
    lines = tuple(path.read_text(encoding="utf-8").splitlines())
    for statement in parse_python(path).body:
        for name in bound_names(statement):
            reference = f"{path.stem}.{name}"
            assert isinstance(statement, Statement)
            yield name, Definition(reference, statement, lines)


def bound_names(statement: ast.stmt) -> list[str]:
    """Return the names that a function, class or assignment binds; other statements bind none."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return [n.id for n in ast.walk(statement.target) if isinstance(n, ast.Name)]
    if isinstance(statement, ast.Assign):
        targets = [n for target in statement.targets for n in ast.walk(target)]
        return [n.id for n in targets if isinstance(n, ast.Name)]
    return []
