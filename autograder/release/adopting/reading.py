"""Read an nbgrader assignment: its notebooks in the current format, its files and its marks.

Nothing of the assignment is changed or run. Notebooks that can't be adopted are listed with the
reason; the others are adopted.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.nbgraderformat import MetadataValidator

from autograder.course.gradecells import is_graded, is_solution, nbgrader_metadata
from autograder.course.layout import SOURCE, is_left_by_program, notebook_files
from autograder.errors import CourseError

_PYTHON = ("python", "ipython", "python3")
_CONFIGURATIONS = ("nbgrader_config.py", "nbgrader_config.json")
MAX_NOTEBOOK_BYTES = 50_000_000
"""Largest size of a notebook to read, in bytes."""


@dataclass(frozen=True)
class Marks:
    """The texts in the lines that enclose solutions, hidden tests and marking schemes."""

    solution: tuple[str, str] = ("BEGIN SOLUTION", "END SOLUTION")
    test: tuple[str, str] = ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS")
    scheme: tuple[str, str] = ("BEGIN MARK SCHEME", "END MARK SCHEME")


@dataclass(frozen=True)
class Remark:
    """A note for the instructor: a place, and what was changed there or should be done."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


@dataclass
class OldAssignment:
    """The content of an nbgrader assignment; `files` are the files beside the notebooks.

    The files' names are paths relative to the assignment's folder.
    """

    folder: Path
    name: str
    notebooks: dict[str, NotebookNode]
    files: Mapping[str, Path]
    marks: Marks
    remarks: list[Remark] = field(default_factory=list)


def read_old(path: Path) -> OldAssignment:
    """Return the nbgrader assignment in a folder, or in a single notebook.

    Raise CourseError if nothing there is an nbgrader assignment.
    """
    path = path.resolve()
    if not path.exists():
        raise CourseError(f"{path} does not exist: give the folder or the notebook to adopt")
    if path.is_file() and path.suffix != ".ipynb":
        raise CourseError(f"{path} is not a notebook: give an .ipynb file or its folder")
    folder = path.parent if path.is_file() else _folder_with_notebooks(path)
    paths = [path] if path.is_file() else notebook_files(folder)
    remarks: list[Remark] = []
    notebooks = {}
    for each in paths:
        try:
            notebooks[each.stem] = _read_notebook(each)
        except CourseError as error:
            remarks.append(Remark(each.name, f"not adopted: {error}"))
    if not notebooks:
        raise CourseError("\n".join([f"{path} has no nbgrader assignment.", *map(str, remarks)]))
    configuration, marks = _configuration(folder, notebooks.values())
    remarks += configuration
    files = {} if path.is_file() else dict(_files(folder))
    if path.is_file():
        files = {name: file for name, file in _files(folder) if _mentions(notebooks, name)}
    name = path.stem if path.is_file() else folder.name
    return OldAssignment(folder, name, notebooks, files, marks, remarks)


def _folder_with_notebooks(folder: Path) -> Path:
    """Return the folder; if it is an nbgrader course, return its only assignment."""
    if any(folder.glob("*.ipynb")) and not (folder / SOURCE).is_dir():
        return folder
    inner = sorted({each.parent for each in folder.glob(f"{SOURCE}/*/*.ipynb")})
    if not inner and folder.name == SOURCE:
        inner = sorted({each.parent for each in folder.glob("*/*.ipynb")})
    if len(inner) == 1:
        return inner[0]
    if inner:
        listed = ", ".join(str(each) for each in inner)
        raise CourseError(f"{folder} is a course with several assignments: give one of {listed}")
    if any(folder.glob("*.ipynb")):
        return folder
    raise CourseError(f"{folder} has no notebook: give an nbgrader assignment's folder")


def _read_notebook(path: Path) -> NotebookNode:
    """Return a notebook with current metadata; raise CourseError if it can't be adopted."""
    if path.stat().st_size > MAX_NOTEBOOK_BYTES:
        raise CourseError("the notebook is too large; clear its outputs")
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises many kinds of errors
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CourseError(f"it can't be read as a notebook ({reason[:200]})") from error
    if language := _other_language(notebook):
        raise CourseError(f"its language is {language}, but answers are marked in Python")
    for cell in notebook.cells:
        _upgrade(cell)
    if not any(is_graded(cell) or is_task(cell) for cell in notebook.cells):
        answers = any(is_solution(cell) for cell in notebook.cells)
        what = "no cell has points" if answers else "no cell has nbgrader's settings of an item"
        raise CourseError(f"{what}; give points to a cell in nbgrader's toolbar")
    return notebook


def _upgrade(cell: NotebookNode) -> None:
    """Bring a cell's nbgrader metadata to the current schema; drop invalid metadata."""
    known = nbgrader_metadata(cell)
    if not known:
        cell.metadata.pop("nbgrader", None)
        return
    with suppress(KeyError, TypeError, ValueError):  # values of a wrong type
        version = known.get("schema_version", 0)
        if not isinstance(version, int) or version <= MetadataValidator.schema_version:
            MetadataValidator().upgrade_cell_metadata(cell)


def _other_language(notebook: NotebookNode) -> str:
    for key, inner in (("kernelspec", "language"), ("language_info", "name")):
        part = notebook.metadata.get(key)
        language = part.get(inner) if isinstance(part, dict) else None
        if language is not None and str(language).lower() not in _PYTHON:
            return str(language)
    return ""


def is_task(cell: NotebookNode) -> bool:
    """Return whether a person marks the cells that a student adds below this text."""
    return bool(nbgrader_metadata(cell).get("task"))


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        is_left = path.suffix == ".pyc" or any(map(is_left_by_program, parts))
        if path.is_file() and path.suffix != ".ipynb" and not is_left:
            yield "/".join(parts), path


def _mentions(notebooks: Mapping[str, NotebookNode], name: str) -> bool:
    texts = (cell.source for notebook in notebooks.values() for cell in notebook.cells)
    return any(name in text for text in texts)


# --- nbgrader's configuration, which is read but never run ----------------------------------------


def _configuration(folder: Path, notebooks: Collection[NotebookNode]) -> tuple[list[Remark], Marks]:
    """Return remarks on nbgrader's configuration near the folder, and its marks."""
    for place in (folder, *list(folder.parents)[:2]):
        for name in _CONFIGURATIONS:
            if (place / name).is_file():
                settings = _settings(place / name)
                return list(_remarks(settings, place / name, notebooks)), _marks(settings)
    return [], Marks()


def _settings(path: Path) -> dict[tuple[str, str], object]:
    """Return the constant settings in a configuration, by section and key."""
    found: dict[tuple[str, str], object] = {}
    with suppress(OSError, ValueError, SyntaxError, RecursionError):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            content = json.loads(text)
            for section, table in content.items() if isinstance(content, dict) else ():
                if isinstance(table, dict):
                    found |= {(section, key): value for key, value in table.items()}
            return found
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    chain = re.fullmatch(r"\w+\.(\w+)\.(\w+)", ast.unparse(target))
                    if chain is not None:
                        with suppress(ValueError):
                            found[chain[1], chain[2]] = ast.literal_eval(node.value)
    return found


def _marks(settings: Mapping[tuple[str, str], object]) -> Marks:
    def pair(section: str, middle: str, default: tuple[str, str]) -> tuple[str, str]:
        keys = (f"{end}_{middle}_delimeter" for end in ("begin", "end"))
        values = [
            settings.get((section, key), usual) for key, usual in zip(keys, default, strict=True)
        ]
        begin, end = (
            str(value) if isinstance(value, str) and value.strip() else usual
            for value, usual in zip(values, default, strict=True)
        )
        return begin, end

    usual = Marks()
    return Marks(
        pair("ClearSolutions", "solution", usual.solution),
        pair("ClearHiddenTests", "test", usual.test),
        pair("ClearMarkScheme", "mark_scheme", usual.scheme),
    )


def _remarks(
    settings: Mapping[tuple[str, str], object], path: Path, notebooks: Collection[NotebookNode]
) -> Iterator[Remark]:
    for key in ("header", "footer"):
        value = settings.get(("IncludeHeaderFooter", key))
        if value and not all(_has_cells(each, path.parent / str(value)) for each in notebooks):
            yield Remark(path.name, f"the {key} {value} is not added: copy its cells if needed")


def _has_cells(notebook: NotebookNode, path: Path) -> bool:
    """Return whether a notebook already has all cells of the notebook at `path`."""
    try:
        other = nbformat.read(path, as_version=4)
    except Exception:  # nbformat raises many kinds of errors
        return False
    own = {cell.source for cell in notebook.cells}
    return all(cell.source in own for cell in other.cells)
