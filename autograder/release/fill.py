"""Fill the source: write reference definitions from the solutions into cells with directives.

The result depends only on the source, the settings and the solutions. Filling changes only the
lines below a directive line in a cell, the generated points and dates in texts (see `stated`), and
the pictures that texts show (see `pictures`). Filling a filled source again changes nothing.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import chain
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from autograder.course.assignment import Course, Problem
from autograder.course.directives import BEGIN, END, Directive, directive_of
from autograder.course.gradecells import is_manual, place
from autograder.course.layout import README, notebook_files
from autograder.errors import ReleaseError
from autograder.release.definitions import (
    Solutions,
    bound_names,
    given_cell,
    lines_of,
    solution_cell,
)
from autograder.release.pictures import Pictures
from autograder.release.stated import notebook_facts, readme_facts, with_facts

_SOLVED = re.compile(rf"^( *){BEGIN}$.*?(?:^ *{END}$|\Z)", re.MULTILINE | re.DOTALL)


def fill_source(course: Course, name: str) -> tuple[Path, ...]:
    """Fill the assignment's source notebooks and README in place; return the changed files."""
    changed = []
    for file, text in filled_source(course, name).items():
        path = course.source(name) / file
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            changed.append(path)
    return tuple(changed)


def filled_source(course: Course, name: str) -> Mapping[str, str]:
    """Return the filled source notebooks and README, by file name."""
    solutions = Solutions(course.solutions(name))
    paths = notebook_files(course.source(name))
    if not paths:
        raise ReleaseError(
            f"{course.source(name)} has no notebooks: put the source notebooks there"
        )
    notebooks = {path: fill_notebook(read_source(path), solutions, path.stem) for path in paths}
    assignment = course.assignment(name)
    pictures = Pictures(course, assignment)
    for path, notebook in notebooks.items():
        _state_facts(notebook, assignment.problem(path.stem))
        for index, cell in enumerate(notebook.cells):
            pictures.attach(cell, place(path.stem, index, cell))
    filled = {path.name: to_text(notebook) for path, notebook in notebooks.items()}
    readme = course.source(name) / README
    if readme.is_file() and not readme.is_symlink():
        facts, text = readme_facts(course, assignment), readme.read_text(encoding="utf-8")
        filled[README] = with_facts(text, facts, f"{name}/{README}")
    return filled


def fill_notebook(notebook: NotebookNode, solutions: Solutions, name: str) -> NotebookNode:
    """Return the notebook, in which each cell with a directive is rewritten from the solutions."""
    filled = deepcopy(notebook)
    for index, cell in enumerate(filled.cells):
        where = place(name, index, cell)
        directive = directive_of(cell, where)
        if directive is None:
            continue
        definitions = [solutions.find(reference, where) for reference in directive.references]
        content = given_cell if directive.verb == "GIVEN" else solution_cell
        cell.source = directive.line + "\n" + content(definitions)
    return filled


def _state_facts(notebook: NotebookNode, problem: Problem) -> None:
    """Write the generated tables of items into the notebook's texts."""
    facts = notebook_facts(problem)
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and not is_manual(cell):
            cell.source = with_facts(cell.source, facts, place(problem.name, index, cell))


def dropped_lines(
    notebook: NotebookNode, name: str, filled: NotebookNode | None = None
) -> Iterator[str]:
    """Yield a message for each cell in which filling would drop lines that were typed by hand.

    `filled` is the notebook after filling: the lines of its cells are never dropped.
    """
    for index, cell in enumerate(notebook.cells):
        where = place(name, index, cell)
        directive = directive_of(cell, where)
        if directive is None:
            continue
        lines = cell.source.split("\n")
        generated = _generated(lines, directive)
        kept = set(filled.cells[index].source.split("\n")) if filled is not None else set()
        dropped = [
            n
            for n in range(2, len(lines) + 1)
            if lines[n - 1].strip() and n not in generated and lines[n - 1] not in kept
        ]
        if dropped:
            first, last = dropped[0], dropped[-1]
            numbers = f"lines {first} to {last}" if last > first else f"line {first}"
            yield (
                f"{where}: filling the cell would drop {numbers}, typed by hand "
                f"(`{lines[first - 1].strip()}`): move this text into another cell or into the "
                f"solutions, or delete it"
            )


def _generated(lines: list[str], directive: Directive) -> set[int]:
    """Return the numbers of the lines that an earlier filling may have written."""
    if directive.verb == "GIVEN":
        return {n for each in _given(_statements(lines), directive) for n in lines_of(each)}
    plain = _SOLVED.sub(
        lambda block: f"{block[1]}pass" + "\n" * block[0].count("\n"), "\n".join(lines)
    ).split("\n")
    solved = [n for n, line in enumerate(lines, start=1) if line != plain[n - 1]]
    headings = map(_heading, _statements(plain[: solved[-1]] if solved else []))
    notes = (_notes_above(n, lines) for n in solved if lines[n - 1] == BEGIN)
    return set(chain(solved, *headings, *notes))


def _statements(lines: list[str]) -> list[ast.stmt]:
    try:
        return ast.parse("\n".join(lines)).body
    except SyntaxError:  # text that is not Python was typed by hand
        return []


def _heading(statement: ast.stmt) -> range:
    """Return the lines of the signature and the docstring of a definition."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(statement):
        docstring, *solution = statement.body
        if [type(each) for each in solution] == [ast.Pass]:
            return range(lines_of(statement)[0], (docstring.end_lineno or 0) + 1)
    return range(0)


def _notes_above(number: int, lines: list[str]) -> Iterator[int]:
    """Yield the numbers of the comment lines right above a line, which describe a variable."""
    for above in range(number - 1, 1, -1):
        if not lines[above - 1].startswith("#"):
            return
        yield above


def _given(statements: list[ast.stmt], directive: Directive) -> list[ast.stmt]:
    """Return the definitions that the directive names now, or named before a renaming."""
    asked = {reference.name for reference in directive.references}
    definitions = [each for each in statements if bound_names(each)]
    if len(definitions) <= len(asked):
        return definitions
    return [each for each in definitions if asked.intersection(bound_names(each))]


def read_source(path: Path) -> NotebookNode:
    """Return a source notebook, which must be valid, of format 4.5, with unique cell ids.

    The notebook is not repaired, because nbformat repairs a notebook with random ids, so each build
    would give a different release.
    """
    where = "/".join(path.parts[-3:])  # such as source/hw2/problem1_momentum.ipynb
    try:
        text = path.read_text(encoding="utf-8")
        raw = json.loads(text)
        version = (int(raw["nbformat"]), int(raw["nbformat_minor"]))
        ids = [str(cell.get("id", "")) for cell in raw["cells"]] if version >= (4, 5) else []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReleaseError(f"{where} is not a notebook: {error!r}") from error
    if version < (4, 5) or "" in ids:
        raise ReleaseError(
            f"{where} has cells without an id (its format is {version[0]}.{version[1]}): "
            "open it in JupyterLab and save it, which writes format 4.5"
        )
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise ReleaseError(
            f"{where}: two cells have the id {', '.join(twice)}: change the id of one cell"
        )
    try:
        notebook: NotebookNode = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        reason = str(error).splitlines()[0]
        raise ReleaseError(f"{where} is not a valid notebook: {reason}") from error
    return notebook


def to_text(notebook: NotebookNode) -> str:
    """Return a notebook as text in nbformat's style: sorted keys, indent 1, a final newline."""
    return str(nbformat.writes(notebook, version=4)).rstrip("\n") + "\n"


def plain_python(source: str) -> str:
    """Return a cell's source as plain Python, in which IPython has replaced the magic commands."""
    return str(TransformerManager().transform_cell(source))
