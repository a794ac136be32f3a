"""Name what `from numpy import *` imports, so that solutions and tests import the same names."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from autograder.release.definitions import stored_names

_KNOWN = frozenset(
    {"cmath", "collections", "fractions", "functools", "itertools", "math", "matplotlib", "numpy"}
    | {"pylab", "random", "scipy", "statistics", "sympy", "typing"}
)
"""Packages to import for their names; the import of another package could run any code."""


def with_names(
    statements: Sequence[ast.stmt], used: Collection[str], files: Mapping[str, Path]
) -> list[ast.stmt]:
    """Return the statements with the used names in place of the star of each import.

    `files` are the files beside the notebook; their modules are read, not imported. The import of
    an unknown module keeps its star.
    """
    found: list[ast.stmt] = []
    for statement in statements:
        match statement:
            case ast.ImportFrom(module=str(module), names=[ast.alias(name="*")], level=0):
                offered = _names_of(module, files)
                names = sorted(offered.intersection(used))
                if names:
                    aliases = [ast.alias(name=name) for name in names]
                    made = ast.ImportFrom(module=module, names=aliases, level=0)
                    found.append(ast.copy_location(made, statement))
                elif not offered:
                    found.append(statement)
            case _:
                found.append(statement)
    return found


def _names_of(module: str, files: Mapping[str, Path]) -> set[str]:
    """Return the names that a star imports from a module; nothing if they are not known."""
    names: Iterable[str] = ()
    if path := files.get(f"{module}.py"):
        with suppress(OSError, SyntaxError, ValueError):
            names = stored_names(ast.parse(path.read_text(encoding="utf-8")).body)
    elif module.partition(".")[0] in _KNOWN:
        with suppress(ImportError):
            loaded = importlib.import_module(module)
            names = getattr(loaded, "__all__", None) or vars(loaded)
    return {name for name in names if not name.startswith("_")}
