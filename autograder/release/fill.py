"""Solutions → source: write into each notebook cell the reference definitions that it names.

Filling is a pure function of the source, the settings and the solutions' text. It changes nothing
but the cells below a directive line and what texts say of points and dates (`stated`), and filling
twice gives the same bytes.
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
from autograder.course.layout import README
from autograder.errors import ReleaseError
from autograder.release.definitions import (
    Solutions,
    bound_names,
    given_cell,
    lines_of,
    solution_cell,
)
from autograder.release.stated import notebook_facts, readme_facts, with_facts

_SOLVED = re.compile(rf"^( *){BEGIN}$.*?(?:^ *{END}$|\Z)", re.MULTILINE | re.DOTALL)


def fill_source(course: Course, name: str) -> tuple[Path, ...]:
    """Fill the assignment's source notebooks and README in place; return the files that changed."""
    changed = []
    for file, text in filled_source(course, name).items():
        path = course.source(name) / file
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            changed.append(path)
    return tuple(changed)


def filled_source(course: Course, name: str) -> Mapping[str, str]:
    """Return what the source notebooks and the README should be: file name → text."""
    solutions = Solutions(course.solutions(name))
    paths = sorted(course.source(name).glob("*.ipynb"))
    if not paths:
        raise ReleaseError(f"{course.source(name)} holds no notebook to fill")
    notebooks = {path: fill_notebook(read_source(path), solutions, path.stem) for path in paths}
    assignment = course.assignment(name)
    for path, notebook in notebooks.items():
        _state_facts(notebook, assignment.problem(path.stem))
    filled = {path.name: to_text(notebook) for path, notebook in notebooks.items()}
    readme = course.source(name) / README
    if readme.is_file() and not readme.is_symlink():
        facts, text = readme_facts(course, assignment), readme.read_text(encoding="utf-8")
        filled[README] = with_facts(text, facts, f"{name}/{README}")
    return filled


def fill_notebook(notebook: NotebookNode, solutions: Solutions, name: str) -> NotebookNode:
    """The notebook with every directive's cell written afresh from the solutions."""
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
    """Write into the notebook's texts what they say of its items."""
    facts = notebook_facts(problem)
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and not is_manual(cell):
            cell.source = with_facts(cell.source, facts, place(problem.name, index, cell))


def dropped_lines(notebook: NotebookNode, name: str) -> Iterator[str]:
    """Yield a sentence for each cell with lines that are typed by hand and that filling drops."""
    for index, cell in enumerate(notebook.cells):
        where = place(name, index, cell)
        directive = directive_of(cell, where)
        if directive is None:
            continue
        lines = cell.source.split("\n")
        generated = _generated(lines, directive)
        dropped = [
            n for n in range(2, len(lines) + 1) if lines[n - 1].strip() and n not in generated
        ]
        if dropped:
            first, last = dropped[0], dropped[-1]
            numbers = f"lines {first} to {last}" if last > first else f"line {first}"
            yield (
                f"{where}: filling the cell would drop {numbers}, typed by hand "
                f"(`{lines[first - 1].strip()}`): move it into another cell or into the "
                f"solutions, or delete it"
            )


def _generated(lines: list[str], directive: Directive) -> set[int]:
    """The numbers of those lines that an earlier filling can have written, from the same or not."""
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
    except SyntaxError:  # what is not Python was typed by hand
        return []


def _heading(statement: ast.stmt) -> range:
    """The lines of signature and docstring, of a definition that a solution follows."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(statement):
        docstring, *solution = statement.body
        if [type(each) for each in solution] == [ast.Pass]:
            return range(lines_of(statement)[0], (docstring.end_lineno or 0) + 1)
    return range(0)


def _notes_above(number: int, lines: list[str]) -> Iterator[int]:
    """The comment lines right above a line: what is told of the variables of a solution."""
    for above in range(number - 1, 1, -1):
        if not lines[above - 1].startswith("#"):
            return
        yield above


def _given(statements: list[ast.stmt], directive: Directive) -> list[ast.stmt]:
    """The definitions that the directive asks for, now or before one was renamed."""
    asked = {reference.name for reference in directive.references}
    definitions = [each for each in statements if bound_names(each)]
    if len(definitions) <= len(asked):
        return definitions
    return [each for each in definitions if asked.intersection(bound_names(each))]


def read_source(path: Path) -> NotebookNode:
    """Read a source notebook strictly: it must be valid, of format 4.5, its cell ids unique.

    nbformat repairs what it reads, with ids drawn at random; a release would then differ from
    one run to the next.
    """
    where = "/".join(path.parts[-3:])  # as in source/hw2/problem1_momentum.ipynb
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
            "save it once in JupyterLab, which writes format 4.5"
        )
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise ReleaseError(f"{where}: cell id {', '.join(twice)} stands there twice")
    try:
        notebook: NotebookNode = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        reason = str(error).splitlines()[0]
        raise ReleaseError(f"{where} is not a valid notebook: {reason}") from error
    return notebook


def to_text(notebook: NotebookNode) -> str:
    """A notebook as nbformat writes it to a file: keys sorted, indented by one, a last newline."""
    return str(nbformat.writes(notebook, version=4)).rstrip("\n") + "\n"


def plain_python(source: str) -> str:
    """The cell as Python sees it once IPython has rewritten its magics."""
    return str(TransformerManager().transform_cell(source))
