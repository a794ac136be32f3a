"""Read reference definitions from the text of `solutions/ASSIGNMENT/*.py`.

The solutions modules are parsed, but never imported. The text of a definition is used unchanged,
with the author's comments, line breaks and names.

Usually, a function's body is the solution. The marks `### BEGIN SOLUTION` and `### END SOLUTION`
state the solution instead. If they are inside a function, students get the lines outside the marks.
If they are around statements of a module, all names that the statements bind are one solution.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import dropwhile, takewhile
from pathlib import Path
from textwrap import dedent

from autograder.course.directives import BEGIN, END, Reference
from autograder.errors import ReleaseError

STUB = 'raise NotImplementedError("this answer is still to be written")'
"""The line that students replace with their code."""


@dataclass(frozen=True)
class Definition:
    """One top-level definition of a solutions module: a syntax tree and the lines of the module.

    `region` are the numbers of the lines between two marks around the statement; the range is empty
    if the statement is not between marks.
    """

    reference: str
    statement: ast.stmt
    lines: tuple[str, ...]
    region: range = range(0)

    @property
    def is_variable(self) -> bool:
        """Whether this is an assignment or statements between marks, so it has no signature."""
        return bool(self.region) or isinstance(self.statement, ast.Assign | ast.AnnAssign)

    @property
    def is_framed(self) -> bool:
        """Whether this is a function or class with marks inside; students get its other lines."""
        return not self.is_variable and bool(_regions(self._own_lines))

    @property
    def whole(self) -> str:
        """The text of the whole definition, including decorators."""
        return self._text(self.region or lines_of(self.statement))

    @property
    def heading(self) -> str:
        """The part that students get: signature and docstring, or a variable's `#:` lines."""
        if self.is_framed:
            inside = {number for found in _regions(self._own_lines) for number in found}
            return "\n".join(n for i, n in enumerate(self._own_lines, 1) if i not in inside)
        if self.is_variable:
            return "\n".join(self._notes)
        return self._text(range(self._first, self._docstring_end + 1))

    @property
    def solution(self) -> str:
        """The part that students write, with comments: a function's body, or an assignment."""
        if self.is_framed:
            found = _regions(self._own_lines)
            parts = (self._own_lines[region.start - 1 : region.stop - 1] for region in found)
            return "\n".join(dedent("\n".join(lines)) for lines in parts)
        if self.is_variable:
            return self.whole
        lines = self.lines[self._docstring_end : lines_of(self.statement)[-1]]
        return "\n".join(dropwhile(lambda line: not line.strip(), lines))

    def check(self, where: object) -> None:
        """Raise ReleaseError unless heading and solution can be separated."""
        statement = self.statement
        if self.is_variable or self.is_framed:
            return
        assert isinstance(statement, ast.FunctionDef | ast.ClassDef)
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
    def frame(self) -> str:
        """The text of a framed definition, with its notes, marks and solutions."""
        return "\n".join([*self._notes, *self._own_lines])

    @property
    def skeleton(self) -> str:
        """The text of a framed definition as students get it."""
        return skeleton(self._own_lines)

    @property
    def _own_lines(self) -> tuple[str, ...]:
        numbers = lines_of(self.statement)
        last = numbers[-1]  # a mark at the end of a body is a comment, so no statement contains it
        while last < len(self.lines) and (
            not self.lines[last].strip() or self.lines[last].startswith((" ", "\t"))
        ):
            last += 1
        return tuple("\n".join(self.lines[numbers[0] - 1 : last]).rstrip().split("\n"))

    @property
    def _first(self) -> int:
        if self.region:
            return self.region.start - 1
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
    if definition.is_framed:
        return definition.frame
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
    body = parse_python(path).body
    regions = {region: _statements_in(region, body) for region in _regions(lines, least=True)}
    between = {region: statements for region, statements in regions.items() if statements}
    for region, statements in between.items():
        for name in stored_names(statements):
            yield name, Definition(f"{path.stem}.{name}", statements[0], lines, region)
    apart = {id(statement) for statements in between.values() for statement in statements}
    for statement in body:
        for name in bound_names(statement) if id(statement) not in apart else ():
            yield name, Definition(f"{path.stem}.{name}", statement, lines)


def _regions(lines: Iterable[str], *, least: bool = False) -> list[range]:
    """Return the line numbers between each pair of marks; `least` ignores indented marks."""
    found: list[range] = []
    begin = 0
    for number, line in enumerate(lines, start=1):
        mark = line.rstrip() if least else line.strip()
        if mark == BEGIN and not begin:
            begin = number
        elif mark == END and begin:
            found.append(range(begin + 1, number))
            begin = 0
    return found


def skeleton(lines: Iterable[str]) -> str:
    """Return the lines of a function with a stub in place of each solution between marks."""
    found: list[str] = []
    inside = False
    for line in lines:
        if line.strip() == BEGIN:
            found.append(line.replace(BEGIN, STUB))
        inside = (inside or line.strip() == BEGIN) and line.strip() != END
        if not inside and line.strip() != END:
            found.append(line)
    return "\n".join(found)


def _statements_in(region: range, body: Iterable[ast.stmt]) -> list[ast.stmt]:
    return [statement for statement in body if statement.lineno in region]


def stored_names(statements: Iterable[ast.stmt]) -> list[str]:
    """Return the names that the statements bind at their own level, without repetitions."""
    found: dict[str, None] = {}
    waiting: list[ast.AST] = [*statements]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = None
        elif isinstance(node, ast.alias):
            found[node.asname or node.name.partition(".")[0]] = None
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = None
        elif not isinstance(
            node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
        ):
            waiting = [*ast.iter_child_nodes(node), *waiting]
    return list(found)


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
