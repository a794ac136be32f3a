"""Find what each name of a notebook means: an answer, given code, an import, or a name of a test.

The scope of a notebook contains the names that its cells bind. It provides the statements that
converted tests and the solutions' module need.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from autograder.release.definitions import stored_names

KNOWN = frozenset(dir(builtins))


@dataclass(frozen=True)
class Binding:
    """A statement of a given cell or of a test cell: its text, its tree, and the cell's number."""

    text: str
    statement: ast.stmt
    cell: int


@dataclass
class Scope:
    """The names of one notebook.

    `answers` maps each name that students define to the numbers of the cells that ask for it;
    `functions` are the answers that are functions or classes. `given` and `tested` hold the
    statements of given cells and of test cells, by the names that they bind. `beside` are the
    modules beside the notebooks, which solutions and hidden tests import from the solutions.
    `files` are the paths of all files beside the notebooks.
    """

    homework: str = ""
    beside: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    answers: dict[str, list[int]] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    given: dict[str, list[Binding]] = field(default_factory=dict)
    tested: dict[str, list[Binding]] = field(default_factory=dict)

    def add(self, place: dict[str, list[Binding]], binding: Binding) -> None:
        """Add a statement under the names that it binds."""
        for name in stored_names([binding.statement]):
            place.setdefault(name, []).append(binding)

    def has_file(self, name: str) -> bool:
        """Return whether a file or a folder of this name is beside the notebooks."""
        path = PurePosixPath(name)
        return any(path in (PurePosixPath(f), *PurePosixPath(f).parents) for f in self.files)

    def owner(self, names: Iterable[str], cell: int) -> int | None:
        """Return the last cell before `cell` that asks for one of these answers, or None.

        If all of these cells come later, return the first of them.
        """
        found = sorted({number for name in names for number in self.answers.get(name, ())})
        before = [number for number in found if number < cell]
        nearest = before[-1:] or found[:1]
        return nearest[0] if nearest else None

    def moved(self, statement: ast.stmt) -> ast.stmt:
        """Return an import as it is written in solutions; return any other statement unchanged."""
        package = f"solutions.{self.homework}"
        match statement:
            case ast.ImportFrom(module=str(module), names=names, level=0) if (
                module.partition(".")[0] in self.beside
            ):
                return ast.ImportFrom(module=f"{package}.{module}", names=names, level=0)
            case ast.Import(names=[ast.alias(name=name)] as names) if name in self.beside:
                return ast.ImportFrom(module=package, names=names, level=0)
        return statement

    def import_of(self, name: str, cell: int) -> str:
        """Return the import of this name in the cell or nearest above it; "" if there is none."""
        bindings = [*self.given.get(name, ()), *self.tested.get(name, ())]
        above = sorted((each for each in bindings if each.cell <= cell), key=lambda b: -b.cell)
        return next(filter(None, (import_line(each.statement, name) for each in above)), "")


def import_line(statement: ast.stmt, name: str) -> str:
    """Return the import of one name that a statement contains, or ""."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name.partition(".")[0]) == name:
                    if isinstance(node, ast.Import):
                        return ast.unparse(ast.Import(names=[alias]))
                    alone = ast.ImportFrom(module=node.module, names=[alias], level=node.level)
                    return ast.unparse(alone)
    return ""


def used_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return all names that the code reads, also inside functions."""
    found = set()
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load | ast.Del):
                found.add(node.id)
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
    return found


def imported_modules(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the top-level modules that the code imports."""
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]
