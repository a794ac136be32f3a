"""What an assignment consists of: its problems, their items, points and dates.

The source notebooks are the only place where items and points are written; the course's settings
(`course.toml`) add what a notebook cannot say: dates, time zone, which items are bonus.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, chdir, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import nbformat
from nbformat import NotebookNode

from autograder.course.rules import (
    Counting,
    Deadline,
    Rules,
    read_counting,
    read_deadline,
    read_rules,
)
from autograder.course.settings import SETTINGS, Table
from autograder.errors import CourseError

Kind = Literal["auto", "manual"]

COMPANIONS = ("README.md", "checks.py", "requirements.txt")
"""The files beside the notebooks that students of each homework get."""


@dataclass(frozen=True)
class Reference:
    """A definition in the solutions: `name` in `module`.py."""

    module: str
    name: str


@dataclass(frozen=True)
class Item:
    """One thing that is marked; its name is the nbgrader id of its grade cell.

    `references` are the definitions that its answer cell is filled from: what a student's
    answer to it has to define.
    """

    name: str
    kind: Kind
    max_points: float
    bonus: bool
    problem: str
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True)
class Problem:
    """One notebook: `name` is its file name without the ending."""

    name: str
    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Assignment:
    """A homework: what is asked, what it is worth, and when.

    `files` are the data files that stand beside the notebooks, such as `measurements.csv`.
    """

    name: str
    title: str
    opens: datetime
    due: datetime
    seed: int
    problems: tuple[Problem, ...]
    files: tuple[str, ...] = ()

    @cached_property
    def items(self) -> Mapping[str, Item]:
        """Every item by its name, in the order of the notebooks."""
        return {item.name: item for problem in self.problems for item in problem.items}

    def select(self, kind: Kind) -> tuple[Item, ...]:
        """The items of one kind, in the order of the notebooks."""
        return tuple(item for item in self.items.values() if item.kind == kind)

    def problem(self, name: str) -> Problem:
        """The problem of that name; CourseError where there is none."""
        for problem in self.problems:
            if problem.name == name:
                return problem
        known = ", ".join(problem.name for problem in self.problems)
        raise CourseError(f"{self.name} has no problem {name!r}; it has: {known}")


class Course:
    """A course checkout: the folder that holds `course.toml`, source/, release/ and the rest."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.settings = _read_settings(self.root / SETTINGS)

    @classmethod
    def find(cls, start: Path | None = None) -> Course:
        """The course that holds `start` (default: the working folder), looked for upwards."""
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / SETTINGS).is_file():
                return cls(folder)
        raise CourseError(
            f"no {SETTINGS} in {start} or above it: run this inside a course checkout, "
            "or name it with --course FOLDER"
        )

    @property
    def title(self) -> str:
        """The course's name as people write it."""
        return str(self.settings["course"]["title"])

    @cached_property
    def timezone(self) -> ZoneInfo:
        """The zone in which dates are meant."""
        name = self.settings["course"].get("timezone", "UTC")
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise CourseError(
                f"{SETTINGS}: timezone {name!r} is unknown; write it as in Europe/Zurich"
            ) from error

    @property
    def assignment_names(self) -> tuple[str, ...]:
        """The assignments that the settings name."""
        return tuple(self.settings.get("assignments", {}))

    def source(self, assignment: str) -> Path:
        """The folder that instructors edit."""
        return self.root / "source" / assignment

    def release(self, assignment: str) -> Path:
        """The folder that students get."""
        return self.root / "release" / assignment

    def solutions(self, assignment: str) -> Path:
        """The folder of the reference functions: the checkout's own, or the installed one."""
        return self._code_folder("solutions", assignment)

    def hidden(self, assignment: str) -> Path:
        """The folder of the hidden tests: the checkout's own, or the installed one."""
        return self._code_folder("autograder", "hidden", assignment)

    def _code_folder(self, package: str, *inner: str) -> Path:
        own = self.root.joinpath(package, *inner)
        spec = find_spec(package)
        if own.is_dir() or spec is None or not spec.submodule_search_locations:
            return own
        installed = Path(spec.submodule_search_locations[0]).joinpath(*inner)
        return installed if installed.is_dir() else own

    def assignment(self, name: str) -> Assignment:
        """Read an assignment from its settings and its source notebooks."""
        settings = self._assignment_settings(name)
        bonus = frozenset(settings.get("bonus", ()))
        problems = tuple(self._problems(name, bonus))
        if not problems:
            raise CourseError(f"{self.source(name)} holds no notebook")
        assignment = Assignment(
            name=name,
            title=settings.get("title", name),
            opens=Table(f"assignments.{name}", settings).date("opens", self.timezone),
            due=self.deadline(name).due,
            seed=int(settings.get("seed", 0)),
            problems=problems,
            files=_data_files(name, settings),
        )
        _check_items(assignment, bonus)
        self.rules(name)  # an error in them is told before anything is built on them
        return assignment

    def beside_files(self, assignment: Assignment) -> AbstractContextManager[None]:
        """Work in the source folder while the block runs, if there are data files.

        Our own code, which runs outside of the sandbox, opens them by their names alone too.
        """
        return chdir(self.source(assignment.name)) if assignment.files else nullcontext()

    def rules(self, assignment: str) -> Rules:
        """What being late costs in an assignment, and what bonus points can do."""
        return read_rules(self.settings, assignment)

    def deadline(self, assignment: str) -> Deadline:
        """When an assignment is due, and for whom later."""
        self._assignment_settings(assignment)
        return read_deadline(self.settings, assignment, self.timezone)

    @property
    def counting(self) -> Counting:
        """Which assignments count for the course."""
        return read_counting(self.settings)

    def _assignment_settings(self, name: str) -> Mapping[str, Any]:
        try:
            settings: Mapping[str, Any] = self.settings["assignments"][name]
        except KeyError:
            known = ", ".join(self.assignment_names) or "none"
            raise CourseError(
                f"{self.root / SETTINGS} knows no assignment {name!r} (it has: {known})"
            ) from None
        return settings

    def _problems(self, name: str, bonus: frozenset[str]) -> Iterator[Problem]:
        for path in sorted(self.source(name).glob("*.ipynb")):
            notebook = read_notebook(path)
            items = tuple(_items(notebook, path.stem, bonus))
            yield Problem(path.stem, _title(notebook, path.stem), items)


def read_notebook(path: Path) -> NotebookNode:
    """Read one of the instructor's notebooks; CourseError says which and why it can't be read."""
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises many kinds; each means the same here
        raise CourseError(f"{path} can't be read as a notebook: {error}") from error
    return notebook


def _read_settings(path: Path) -> Mapping[str, Any]:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseError(f"no {SETTINGS} in {path.parent}: this is not a course folder") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} is not valid TOML: {error}") from error
    if "title" not in settings.get("course", {}):
        raise CourseError(f"{path} lacks [course] with a title")
    return settings


def directive(source: str, keyword: str) -> tuple[Reference, ...]:
    """The definitions that a cell's first line names after `### KEYWORD`; empty without one.

    `### REFERENCE landscape.loss, landscape.gradient` marks an answer cell that is filled from the
    solutions, `### GIVEN ntk.network` a cell with code that students are given.
    """
    first, _, _ = source.partition("\n")
    if not first.startswith(f"### {keyword} "):
        return ()
    names = first.removeprefix(f"### {keyword} ").split(",")
    parts = [name.strip().partition(".") for name in names]
    if not all(module.isidentifier() and name.isidentifier() for module, _, name in parts):
        raise CourseError(f"{first!r} does not read as `### {keyword} module.name, module.name`")
    return tuple(Reference(module, name) for module, _, name in parts)


def items_by_answer(notebook: NotebookNode) -> dict[str, tuple[str, ...]]:
    """Return the items that each answer cell is for, by the cell's nbgrader id.

    An answer in words is its own item; a code answer is for the check cells that follow it.
    """
    found: dict[str, tuple[str, ...]] = {}
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        name = str(mark.get("grade_id", ""))
        if mark.get("solution"):
            found[name] = (name,) if mark.get("grade") else ()
        elif mark.get("grade") and found:
            answer = next(reversed(found))
            found[answer] = (*found[answer], name)
    return found


def _items(notebook: NotebookNode, problem: str, bonus: frozenset[str]) -> Iterator[Item]:
    references: tuple[Reference, ...] = ()
    for index, cell in enumerate(notebook.cells):
        mark = cell.metadata.get("nbgrader", {})
        references = directive(cell.source, "REFERENCE") or references
        if mark.get("grade"):
            name = str(mark["grade_id"])
            points = _points(mark.get("points"), f"{problem}.ipynb, cell {index + 1} ({name})")
            if mark.get("solution"):
                yield Item(name, "manual", points, name in bonus, problem)
            else:
                yield Item(name, "auto", points, name in bonus, problem, references)


def _points(points: object, where: str) -> float:
    is_number = isinstance(points, int | float) and not isinstance(points, bool)
    if not (is_number and 0 < float(points) < math.inf):  # type: ignore[arg-type]
        raise CourseError(f"{where} has the points {points!r}; write a number above 0")
    return float(points)  # type: ignore[arg-type]


def _data_files(name: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the homework's data files; CourseError if one is not the name of a file."""
    table = Table(f"assignments.{name}", settings)
    files = table.names("files")
    if any(not file or file.startswith(".") or {"/", "\\"} & set(file) for file in files):
        raise table.wrong("files", "write names alone, without a path or leading dot")
    return files


def _title(notebook: NotebookNode, default: str) -> str:
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return str(cell.source.splitlines()[0][2:].strip())
    return default


def _check_items(assignment: Assignment, bonus: frozenset[str]) -> None:
    seen: dict[str, str] = {}
    for problem in assignment.problems:
        for item in problem.items:
            if item.name in seen:
                raise CourseError(
                    f"item {item.name} stands in {seen[item.name]} and again in {problem.name}; "
                    "give one of them another id"
                )
            seen[item.name] = problem.name
    if unknown := sorted(bonus - seen.keys()):
        raise CourseError(
            f"{SETTINGS}: assignments.{assignment.name}.bonus names {', '.join(unknown)}, "
            "which no source notebook has"
        )
