"""An assignment: its problems, their items, points and dates.

Only the source notebooks define items and points. The course's settings (`course.toml`) add the
dates, the time zone and the names of the bonus items.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, chdir, nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from autograder.course.directives import Reference, directive_of
from autograder.course.gradecells import (
    CellPlace,
    grade_id,
    is_graded,
    is_solution,
    nbgrader_metadata,
    place,
    points_of,
    titles_by_item,
)
from autograder.course.layout import SETTINGS, CourseFolder, notebook_files
from autograder.course.rules import Counting, Deadline, Rules
from autograder.course.settings import HomeworkSettings, did_you_mean, read_settings
from autograder.errors import CourseError, NoCourseError

if TYPE_CHECKING:  # commands that read no notebook need not import nbformat
    from nbformat import NotebookNode

Kind = Literal["auto", "manual"]

_PYTHON = ("python", "ipython", "python3")

NEARLY = 1e-9
"""Largest difference, in points, at which two marks count as equal."""


@dataclass(frozen=True)
class Item:
    """A part of a problem with its own points; `name` is the nbgrader id of its grade cell.

    `references` are the definitions in the model answer; a student's answer must define the same
    names. `title` is the nearest heading above the item.
    """

    name: str
    kind: Kind
    max_points: float
    bonus: bool
    problem: str
    references: tuple[Reference, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class Problem:
    """A problem of a homework: one notebook. `name` is the notebook's file name without extension.

    `setup` are the names that the first code cell imports; `given` are the names that given cells
    define.
    """

    name: str
    title: str
    items: tuple[Item, ...]
    setup: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Assignment(HomeworkSettings):
    """A homework with its items, their points, and its settings."""

    name: str
    problems: tuple[Problem, ...]

    @cached_property
    def items(self) -> Mapping[str, Item]:
        """All items, by name, in the order of the notebooks."""
        return {item.name: item for problem in self.problems for item in problem.items}

    @cached_property
    def setup_names(self) -> tuple[str, ...]:
        """Names that the first code cells of all notebooks import."""
        return tuple(sorted({name for problem in self.problems for name in problem.setup}))

    @cached_property
    def given_names(self) -> tuple[str, ...]:
        """Names that the given cells of all notebooks define."""
        return tuple(sorted({name for problem in self.problems for name in problem.given}))

    def select(self, kind: Kind) -> tuple[Item, ...]:
        """Return the items of this kind, in the order of the notebooks."""
        return tuple(item for item in self.items.values() if item.kind == kind)

    def problem(self, name: str) -> Problem:
        """Return the assignment's problem `name`."""
        return next(problem for problem in self.problems if problem.name == name)


class Course(CourseFolder):
    """A course's checkout: the folder with `course.toml`, source/, release/ and other folders."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.settings = read_settings(self.settings_file)
        self.title = self.settings.course.title
        self.timezone = self.settings.zone
        """Time zone for dates without a time zone."""
        self.assignment_names = tuple(self.settings.homework)

    @classmethod
    def find(cls, start: Path | None = None) -> Course:
        """Find the course that contains the folder `start` (default: the working folder)."""
        if start is not None and not start.is_dir():
            raise CourseError(f"{start} is not a folder: give the course's folder with --course")
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / SETTINGS).exists():
                return cls(folder)
        raise NoCourseError(
            f"no {SETTINGS} in {start} or its parent folders: go into the course's folder, add "
            "--course FOLDER, or begin a course with `fdl new hw1` in an empty folder"
        )

    def assignment(self, name: str) -> Assignment:
        """Read an assignment from its settings and its source notebooks."""
        settings = self._homework(name)
        if not self.source(name).is_dir():
            raise CourseError(
                f"{self.source(name)} does not exist: create it and put the source notebooks there"
            )
        problems = tuple(self._problems(name, settings.bonus))
        if not problems:
            raise CourseError(
                f"{self.source(name)} has no notebook: put the source notebooks there"
            )
        assignment = Assignment(name=name, problems=problems, **vars(settings))
        _check_items(assignment)
        return assignment

    def beside_files(self, assignment: Assignment) -> AbstractContextManager[None]:
        """Run the `with` block in the source folder if the assignment has data files.

        The course's code, which needs no sandbox, opens data files by name, as students' code does.
        """
        return chdir(self.source(assignment.name)) if assignment.files else nullcontext()

    def rules(self, assignment: str) -> Rules:
        """Return an assignment's rules about lateness and bonus points."""
        return self._homework(assignment).rules

    def deadline(self, assignment: str) -> Deadline:
        """Return an assignment's due date and extensions."""
        return self._homework(assignment).deadline

    @property
    def counting(self) -> Counting:
        """The assignments that count for the course.

        Raises CourseError if there is no assignment.
        """
        if not self.settings.counting.assignments:
            raise CourseError(
                f"{SETTINGS} names no homework: add a table such as [assignments.hw1]"
            )
        return self.settings.counting

    def _homework(self, name: str) -> HomeworkSettings:
        known = self.settings.homework
        if name in known:
            return known[name]
        hint = did_you_mean(name, known) or f"it has: {', '.join(known) or 'none'}."
        raise CourseError(
            f"{self.settings_file} has no assignment {name!r}; {hint} To begin it: `fdl new {name}`"
        )

    def _problems(self, name: str, bonus: Collection[str]) -> Iterator[Problem]:
        for path in notebook_files(self.source(name)):
            notebook = read_notebook(path)
            _check_kernel(notebook, path)
            items = tuple(_items(notebook, path.stem, bonus))
            given = tuple(_given_names(notebook, path.stem))
            title, setup = _title(notebook, path.stem), tuple(_setup_names(notebook))
            yield Problem(path.stem, title, items, setup, given)


def read_notebook(path: Path) -> NotebookNode:
    """Read one of the instructor's notebooks; raise CourseError with its path if reading fails."""
    import nbformat

    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises many kinds of errors
        raise CourseError(f"{path} can't be read as a notebook: {error}") from error
    return notebook


def _check_kernel(notebook: NotebookNode, path: Path) -> None:
    for key, inner in (("kernelspec", "language"), ("language_info", "name")):
        part = notebook.metadata.get(key)
        language = part.get(inner) if isinstance(part, dict) else None
        if language is not None and str(language).lower() not in _PYTHON:
            raise CourseError(
                f"{path}: metadata.{key}.{inner} is {language!r}; answers are marked in Python, so "
                "choose a Python kernel and save the notebook"
            )


def _items(notebook: NotebookNode, problem: str, bonus: Collection[str]) -> Iterator[Item]:
    references: tuple[Reference, ...] = ()
    titles = titles_by_item(notebook)
    for index, cell in enumerate(notebook.cells):
        where = place(problem, index, cell)
        directive = directive_of(cell, where)
        if directive is not None and directive.verb == "REFERENCE":
            references = directive.references
        if is_graded(cell):
            name, points = grade_id(cell), _points(cell, where)
            if is_solution(cell):
                yield Item(name, "manual", points, name in bonus, problem, title=titles[name])
            else:
                asked, title = references, titles[name]
                yield Item(name, "auto", points, name in bonus, problem, asked, title)


def _given_names(notebook: NotebookNode, problem: str) -> Iterator[str]:
    for index, cell in enumerate(notebook.cells):
        directive = directive_of(cell, place(problem, index, cell))
        if directive is not None and directive.verb == "GIVEN":
            yield from (reference.name for reference in directive.references)


def _setup_names(notebook: NotebookNode) -> Iterator[str]:
    first = next((cell.source for cell in notebook.cells if cell.cell_type == "code"), "")
    with suppress(SyntaxError):  # such as a line with an IPython command
        for node in ast.walk(ast.parse(first)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)


def _points(cell: NotebookNode, where: CellPlace) -> float:
    points = points_of(cell)
    if not grade_id(cell):
        raise CourseError(f"{where} has points but no nbgrader id; enter the item's name as its id")
    if not 0 < points < math.inf:
        found = nbgrader_metadata(cell).get("points")
        raise CourseError(f"{where} has the points {found!r}; write a number above 0")
    return points


def _title(notebook: NotebookNode, default: str) -> str:
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return str(cell.source.splitlines()[0][2:].strip())
    return default


def _check_items(assignment: Assignment) -> None:
    seen: dict[str, str] = {}
    for problem in assignment.problems:
        for item in problem.items:
            if item.name in seen:
                raise CourseError(
                    f"two cells have the nbgrader id {item.name}: one in {seen[item.name]}, one in "
                    f"{problem.name}; change the id of one cell"
                )
            seen[item.name] = problem.name
    for name in assignment.bonus:
        if name not in seen:
            hint = did_you_mean(name, seen) or f"its items are: {', '.join(seen) or 'none'}"
            raise CourseError(
                f"{SETTINGS}: assignments.{assignment.name}.bonus names {name}, but no source "
                f"notebook has this item; {hint}"
            )
