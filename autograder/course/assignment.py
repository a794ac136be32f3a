"""What an assignment consists of: its problems, their items, points and dates.

The source notebooks are the only place where items and points are written; the course's settings
(`course.toml`) add what a notebook cannot say: dates, time zone, which items are bonus.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import nbformat
from nbformat import NotebookNode

from autograder.course.directives import Reference, directive_of
from autograder.course.gradecells import (
    CellPlace,
    grade_id,
    is_graded,
    is_solution,
    nbgrader_metadata,
    place,
    points_of,
)
from autograder.course.layout import SETTINGS, CourseFolder
from autograder.course.rules import (
    Counting,
    Deadline,
    Rules,
    read_counting,
    read_deadline,
    read_rules,
)
from autograder.course.settings import Table
from autograder.errors import CourseError

Kind = Literal["auto", "manual"]


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
    """A homework: what is asked, what it is worth, and when."""

    name: str
    title: str
    opens: datetime
    due: datetime
    seed: int
    problems: tuple[Problem, ...]

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


class Course(CourseFolder):
    """A course checkout: the folder that holds `course.toml`, source/, release/ and the rest."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.settings = _read_settings(self.settings_file)

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

    def solutions(self, assignment: str) -> Path:
        """The folder of the reference functions."""
        return self.root / "solutions" / assignment

    def hidden(self, assignment: str) -> Path:
        """The folder of the hidden tests."""
        return self.root / "autograder" / "hidden" / assignment

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
        )
        _check_items(assignment, bonus)
        self.rules(name)  # an error in them is told before anything is built on them
        return assignment

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
                f"{self.settings_file} knows no assignment {name!r} (it has: {known})"
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


def _items(notebook: NotebookNode, problem: str, bonus: frozenset[str]) -> Iterator[Item]:
    references: tuple[Reference, ...] = ()
    for index, cell in enumerate(notebook.cells):
        where = place(problem, index, cell)
        directive = directive_of(cell, where)
        if directive is not None and directive.verb == "REFERENCE":
            references = directive.references
        if is_graded(cell):
            name, points = grade_id(cell), _points(cell, where)
            if is_solution(cell):
                yield Item(name, "manual", points, name in bonus, problem)
            else:
                yield Item(name, "auto", points, name in bonus, problem, references)


def _points(cell: NotebookNode, where: CellPlace) -> float:
    points = points_of(cell)
    if not grade_id(cell):
        raise CourseError(f"{where} has points but no nbgrader id; give it the item's name as id")
    if not 0 < points < math.inf:
        found = nbgrader_metadata(cell).get("points")
        raise CourseError(f"{where} has the points {found!r}; write a number above 0")
    return points


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
