"""Build the `checks.py` that students get: one file with checkskit and the homework's facts.

A homework's own `checks.py` begins with `from autograder.release.checkskit import *`. In a release,
this import line is replaced by the text of checkskit's modules and by the items, points and
tolerance of the homework. A `checks.py` without the import line is released unchanged.
"""

from __future__ import annotations

import ast
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.course.assignment import Assignment, Item
from autograder.errors import ReleaseError
from autograder.release.definitions import bound_names

_KIT = "autograder.release.checkskit"
_FOLDER = Path(__file__).with_name("checkskit")
_ABSENT = Path(__file__).parents[1] / "sandbox" / "inside" / "absent.py"
"""Module that lets marking and packing go on after a failed import."""

_PICTURES = Path(__file__).parents[1] / "submission" / "pictures.py"
"""Module that decides which pictures marking accepts; packing uses it too."""

_CHECKING = (
    *("items", "facts", "terminals", "formulas", "calls", "answers", "pictures", "notebooks"),
    *("memory", "verdicts"),
)
_PARTS = (
    *(_FOLDER / f"{name}.py" for name in _CHECKING),
    *(_ABSENT, _FOLDER / "rehearsal.py", _PICTURES, _FOLDER / "packing.py"),
)
"""Modules of the kit to include; each module comes after the modules that it imports from."""

_WIDTH = 92
_LAST = 'if __name__ == "__main__":\n    sys.exit(command(sys.argv[1:]))\n'


def item_facts(item: Item) -> tuple[str, float, tuple[str, ...], bool, str]:
    """Return an item's facts for the checks: name, points, names to define, bonus, title."""
    points = int(item.max_points) if item.max_points.is_integer() else item.max_points
    answers = () if item.kind == "manual" else tuple(asked.name for asked in item.references)
    return item.name, points, answers, item.bonus, item.title


def self_contained(source: str, assignment: Assignment) -> str:
    """Return the file that students get; raise ReleaseError if it defines a name of checkskit."""
    own = _parsed(source)
    if not any(_is_checkskit(statement) for statement in own.body):
        return source
    texts = [
        _facts(assignment) if part.stem == "facts" else part.read_text("utf-8") for part in _PARTS
    ]
    trees = [ast.parse(text) for text in texts]
    known = set().union(*map(_defined, trees))
    if twice := sorted(known & _defined(own)):
        raise ReleaseError(
            f"{assignment.name}/checks.py defines {', '.join(twice)}, but checkskit uses that "
            "name: choose another name"
        )
    sections = [_section(*pair) for pair in zip(texts, trees, strict=True)]
    head = "\n".join(source.splitlines()[: own.body[0].end_lineno])
    imports = "\n".join(_imports([*trees, own]))
    return "\n\n\n".join([f"{head}\n\n{imports}", *sections, _section(source, own), _LAST])


def _parsed(source: str) -> ast.Module:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise ReleaseError(f"checks.py is not Python: {error}") from error
    if ast.get_docstring(tree) is None:
        raise ReleaseError("checks.py has no docstring: add one that says what the checks do")
    return tree


def _facts(assignment: Assignment) -> str:
    """Return the homework's facts as the text of a module."""
    lines = [
        '"""The items and their points."""',
        "from collections.abc import Mapping",
        f"ASSIGNMENT = {assignment.name!r}\n",
        f"TOLERANCE = {assignment.tolerance!r}",
        '"""Allowed error, divided by the largest entry of the right answer."""\n',
        f"SECONDS = {assignment.limits.submission_seconds:g}",
        '"""Seconds for running all notebooks before packing; marking has the same limit."""\n',
        f"FILES: tuple[str, ...] = {tuple(assignment.files)!r}",
        '"""Data files that marking puts beside the notebooks."""\n',
        "PROBLEMS: Mapping[str, tuple[Item, ...]] = {",
    ]
    for problem in assignment.problems:
        items = [f"        Item({_as_python(item_facts(item))})," for item in problem.items]
        lines += [f"    {problem.name!r}: (", *items, "    ),"]
    lines += ["}", f"SETUP = {assignment.setup_names!r}", '"""Names that setup cells import."""\n']
    lines += [f"GIVEN = {assignment.given_names!r}", '"""Names that given cells define."""']
    return "\n".join(lines)


def _as_python(facts: tuple[object, ...]) -> str:
    """Return an item's facts as arguments, with texts in double quotes."""
    *rest, title = facts
    return repr(tuple(rest))[1:-1].replace("'", '"') + f", {json.dumps(title, ensure_ascii=False)}"


def _section(text: str, tree: ast.Module) -> str:
    """Return a module's text below its docstring's first line, without its imports."""
    lines = text.splitlines()
    for statement in tree.body:
        if statement is tree.body[0] or isinstance(statement, ast.Import | ast.ImportFrom):
            end = statement.end_lineno or statement.lineno
            lines[statement.lineno - 1 : end] = [""] * (end - statement.lineno + 1)
    title = (ast.get_docstring(tree) or "").splitlines()[0].rstrip(".")
    return f"# --- {title} ".ljust(_WIDTH, "-") + "\n\n" + "\n".join(lines).strip("\n")


def _imports(trees: Iterable[ast.Module]) -> Iterator[str]:
    """Yield the imports of all modules once each, without imports of the kit itself."""
    whole: set[str] = set()
    names: dict[str, set[str]] = defaultdict(set)
    for tree in trees:
        for statement in tree.body:
            if isinstance(statement, ast.Import):
                whole.update(ast.unparse(statement).splitlines())
            elif isinstance(statement, ast.ImportFrom) and not _is_kit(statement):
                names[statement.module or ""].update(map(ast.unparse, statement.names))
    yield "from __future__ import annotations"
    del names["__future__"]
    lines = [*sorted(whole), *(f"from {m} import {', '.join(sorted(names[m]))}" for m in names)]
    for is_ours in (True, False):
        yield ""
        yield from sorted(
            (line for line in lines if _is_stdlib(line) is is_ours),
            key=lambda line: (line.startswith("from"), line),
        )


def _is_stdlib(line: str) -> bool:
    return line.split()[1].partition(".")[0] in sys.stdlib_module_names


def _is_checkskit(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(_KIT)


def _is_kit(statement: ast.ImportFrom) -> bool:
    return (statement.module or "").startswith("autograder.")


def _defined(tree: ast.Module) -> set[str]:
    """Return the names that a module defines at its top level, except imported names."""
    return {name for statement in tree.body for name in bound_names(statement)}
