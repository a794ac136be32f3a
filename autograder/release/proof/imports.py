"""Check that all code imports only packages that students install and that marking uses."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

from nbformat import NotebookNode
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from autograder.course.layout import COMPANIONS, REQUIREMENTS
from autograder.release.definitions import parse_python
from autograder.release.fill import plain_python
from autograder.release.pins import LOCK
from autograder.release.proof.texts import cells

_WITH_EVERY_KERNEL = frozenset({"IPython", "ipykernel", "traitlets"})
_FRONT_ENDS = ("jupyter", "notebook", "nbclassic", "ipy")
"""Prefixes of the names of packages that display notebooks, which marking does not need."""
_IMPORT_CALL = re.compile(r"(?:\w+\.)*(?:import_module|__import__)\('(\w+)")


def import_faults(
    sources: Mapping[str, NotebookNode], tree: Path, own_code: Iterable[Path]
) -> Iterator[str]:
    """Yield imported modules that are not in requirements.txt or not installed.

    `sources` are the filled notebooks. `tree` is the release with its modules and requirements.
    `own_code` are the folders of code that runs only during marking, never on a student's machine.
    """
    known, faults = _required(tree / REQUIREMENTS)
    yield from faults
    modules = [tree / name for name in COMPANIONS if name.endswith(".py")]
    known |= (
        {path.stem for path in tree.glob("*.py")} | _WITH_EVERY_KERNEL | sys.stdlib_module_names
    )
    for where, cell in cells(sources):
        if cell.cell_type == "code":
            try:
                yield from _not_required(ast.parse(plain_python(cell.source)), where, known)
            except SyntaxError as error:
                yield f"{where} is not Python: {error}"
    for path in modules:
        yield from _not_required(parse_python(path), path.name, known)
    for folder in own_code:
        for path in sorted(folder.rglob("*.py")):
            for module, line in _imported(parse_python(path)):
                if not _is_importable(module, folder):
                    yield (
                        f"{folder.parent.name}/{path.relative_to(folder.parent)}, line {line} "
                        f"imports {module}, which is not installed here: install it, or remove "
                        "the import"
                    )


def _not_required(code: ast.Module, where: object, known: Collection[str]) -> Iterator[str]:
    """Yield imports of modules that are neither in `known` nor part of a package in `known`."""
    for module, line in _imported(code):
        names = {canonicalize_name(name) for name in _packages().get(module, [module])}
        if module not in known and names.isdisjoint(known):
            yield (
                f"{where}, line {line} imports {module}, which {REQUIREMENTS} does not list: "
                f"add {' or '.join(sorted(names))} to that file, or remove the import"
            )


def _required(path: Path) -> tuple[set[str], list[str]]:
    """Return the names of the packages in requirements.txt, and the faults in requirements.txt."""
    names: set[str] = set()
    faults = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.partition(" #")[0].strip()
        if not text or text.startswith(("#", "-")):
            continue
        try:
            name = canonicalize_name(Requirement(text).name)
        except InvalidRequirement:
            faults.append(
                f"{path.name}, line {number}: {text!r} is not a requirement: write a package name"
            )
            continue
        names.add(name)
        if not (name.startswith(_FRONT_ENDS) or _is_available(name)):
            faults.append(
                f"{path.name}, line {number} lists {name}, which marking does not have: "
                "correct its name, or install it wherever homework is marked"
            )
    return names, faults


def _is_available(package: str) -> bool:
    installed = {canonicalize_name(name) for names in _packages().values() for name in names}
    return package in installed or f"\n{package}==" in LOCK.read_text(encoding="utf-8")


@cache
def _packages() -> Mapping[str, list[str]]:
    """Return a dict from the name of each module to the installed packages that contain it."""
    return packages_distributions()


def _imported(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the imported top-level modules with their line numbers, except optional imports."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name.partition(".")[0], child.lineno) for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module and not child.level:
            yield child.module.partition(".")[0], child.lineno
        elif isinstance(child, ast.Call) and (named := _IMPORT_CALL.match(ast.unparse(child))):
            yield named[1], child.lineno
        elif isinstance(child, ast.Try) and child.handlers:  # imports in a try are optional
            for part in (*child.handlers, *child.orelse, *child.finalbody):
                yield from _imported(part)
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield from _imported(child)


def _is_importable(module: str, folder: Path) -> bool:
    beside = any((folder / name).exists() for name in (f"{module}.py", module))
    if beside or module in ("autograder", "solutions"):
        return True
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # for example, the module is partly installed
        return False
