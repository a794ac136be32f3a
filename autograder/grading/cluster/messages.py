"""What the run and its workers tell each other: plain data, checked where it arrives.

The run asks by an Order and gets an answer; a worker introduces itself by a Greeting. Nothing in
them is an object that could do anything by being read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.course.assignment import Assignment
from autograder.errors import RecordError
from autograder.grading.classrun import Marked
from autograder.grading.cluster.wire import MessageError
from autograder.grading.mark import Marking, MarkSettings
from autograder.grading.report import Report
from autograder.sandbox import Limits, Protection
from autograder.sandbox.protection import Wall
from autograder.submission import Parcel


@dataclass(frozen=True)
class Order:
    """One submission to mark, and how. `seed` is what the hidden inputs are drawn from."""

    assignment: str
    seed: int
    settings: MarkSettings
    parcel: Parcel

    def to_data(self) -> dict[str, Any]:
        """The order as plain data."""
        return {
            "assignment": self.assignment,
            "seed": str(self.seed),  # of any size
            "settings": asdict(self.settings),
            "parcel": self.parcel.to_data(),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Order:
        """Read what `to_data` gave; MessageError where it is something else."""
        try:
            settings = dict(data["settings"])
            limits = Limits(**settings.pop("limits"))
            return cls(
                str(data["assignment"]),
                int(data["seed"]),
                MarkSettings(limits, **{name: bool(value) for name, value in settings.items()}),
                Parcel.from_data(data["parcel"]),
            )
        except (LookupError, TypeError, ValueError) as error:
            raise MessageError(f"what came is no order to mark: {error}") from error


@dataclass(frozen=True)
class Greeting:
    """What a worker is: its grader, part by part, and what student code runs behind there."""

    grader: Mapping[str, str]
    protection: Protection

    def to_data(self) -> dict[str, Any]:
        """The greeting as plain data."""
        return {"grader": dict(self.grader), "walls": self.protection.walls()}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Greeting:
        """Read what `to_data` gave; MessageError where it is something else."""
        try:
            grader = {str(name): str(value) for name, value in dict(data["grader"]).items()}
            outer, inner = (_wall(data["walls"][name]) for name in ("outer", "inner"))
        except (LookupError, TypeError, ValueError) as error:
            raise MessageError(f"what came is no greeting of a worker: {error}") from error
        return cls(grader, Protection(outer, inner))


def write_answer(marked: Marked) -> dict[str, Any]:
    """What became of an order, as plain data."""
    if marked.marking is None:
        return {"error": marked.error}
    return {
        "report": marked.marking.report.to_json(),
        "notebooks": {name: json.dumps(nb) for name, nb in marked.marking.notebooks.items()},
        "seconds": dict(marked.marking.seconds),
    }


@dataclass(frozen=True)
class Asked:
    """What a worker was asked to mark, and behind what; its answer has to fit."""

    assignment: Assignment
    submission: str
    seed: int
    protection: Protection


def read_answer(data: Mapping[str, Any], student: str, asked: Asked) -> Marked:
    """What became of a student's submission; MessageError where it is no answer to what was asked.

    A worker says what it likes: nothing but a Report and notebooks of the right form is taken.
    """
    if "error" in data:
        return Marked(student, None, str(data["error"]))
    try:
        report = Report.from_json(data["report"])
        notebooks = {str(name): _notebook(text) for name, text in dict(data["notebooks"]).items()}
        seconds = {str(name): float(value) for name, value in dict(data["seconds"]).items()}
    except (LookupError, TypeError, ValueError, RecursionError, RecordError) as error:
        raise MessageError(f"what came is no Marking: {error}") from error
    if fault := _fault(report, asked):
        raise MessageError(f"what came is no Marking of this submission: {fault}")
    if not notebooks.keys() <= {problem.name for problem in asked.assignment.problems}:
        raise MessageError("what came is no Marking of this submission: it has other notebooks")
    if not all(map(math.isfinite, seconds.values())):
        raise MessageError("what came is no Marking: its times are no numbers")
    return Marked(student, Marking(report, notebooks, {}, seconds))


def _fault(report: Report, asked: Asked) -> str:
    """What in a Report does not belong to what was asked for; empty where all does."""
    wanted, found = (
        {
            name: (item.kind, item.problem, item.max_points, item.bonus)
            for name, item in items.items()
        }
        for items in (asked.assignment.items, report.items)
    )
    if (report.assignment, report.submission) != (asked.assignment.name, asked.submission):
        return f"it is on {report.assignment!r} of {report.submission!r}"
    if report.seed != asked.seed:
        return f"its seed is {report.seed} instead of {asked.seed}"
    if (report.protection, report.walls) != (asked.protection.level, asked.protection.walls()):
        return f"it was made behind other walls ({report.protection}) than its worker has told of"
    if any(not 0 <= item.points <= item.max_points for item in report.items.values()):
        return "an item has more points than there are"
    return "" if found == wanted else "it has other items"


def _notebook(text: Any) -> NotebookNode:
    """A notebook from JSON, as it was; ValueError where nbformat finds it wrong."""
    notebook: NotebookNode = nbformat.from_dict(json.loads(text))
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        raise ValueError(f"a notebook is not valid: {str(error)[:200]}") from error
    return notebook


def _wall(data: Mapping[str, Any]) -> Wall:
    return Wall(
        bool(data["stands"]), dict(data["made_of"]), tuple(data["covers"]), tuple(data["lacks"])
    )
