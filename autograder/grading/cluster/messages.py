"""What the run and its workers' marking processes tell each other, in msgpack, checked on arrival.

The run asks by an Order and gets a Done or a Failed; a worker introduces itself by a Greeting.
Nothing in a message could do anything by being read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import nbformat
from nbformat import ValidationError as Invalid

from autograder.course.assignment import Assignment, Item
from autograder.errors import KitError, RecordError
from autograder.grading.classrun import Marked
from autograder.grading.mark import Marking, MarkSettings
from autograder.grading.report import ItemReport, Report
from autograder.sandbox import Protection
from autograder.submission.parcel import Parcel

MAX_BYTES = 1_000_000_000
"""Bytes of one message, at most."""


class MessageError(KitError):
    """A message is not what it should be."""


class Message(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """What is sent; the name of its class goes with it."""


class Hello(Message, frozen=True):
    """Asks a worker what it is."""

    use_outer: bool


class Greeting(Message, frozen=True):
    """What a worker is: its grader, part by part, and what student code runs behind there."""

    grader: dict[str, str]
    protection: Protection


class Order(Message, frozen=True):
    """One submission to mark, and how. `seed` is what hidden inputs are drawn from, of any size."""

    assignment: str
    seed: str
    settings: MarkSettings
    parcel: Parcel


class Done(Message, frozen=True):
    """A Marking: the Report and the notebooks as JSON, and the seconds of its stages."""

    report: str
    notebooks: dict[str, str]
    seconds: dict[str, float]


class Failed(Message, frozen=True):
    """Why there is no Marking."""

    why: str


@dataclass(frozen=True)
class Asked:
    """What a worker was asked to mark, and behind what; its answer has to fit."""

    assignment: Assignment
    submission: str
    seed: int
    protection: Protection


def write(message: Message) -> bytes:
    """Return the message as bytes."""
    return msgspec.msgpack.encode(message)


def read(message: object, kind: Any) -> Any:
    """Return a message of that kind, or union of kinds; MessageError if it is something else.

    It has to be written as `write` does, so that nothing unknown is in it at any depth.
    """
    if type(message) is not bytes or len(message) > MAX_BYTES:
        raise MessageError(f"a message was expected, and a {type(message).__name__} came")
    try:
        found = msgspec.msgpack.decode(message, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(f"a message can't be read: {error}") from error
    if write(found) != message:
        raise MessageError("a message can't be read: it holds something unknown")
    return found


def answer_of(marked: Marked) -> Done | Failed:
    """Return what became of an order, as a message."""
    if (marking := marked.marking) is None:
        return Failed(marked.error)
    notebooks = {name: json.dumps(notebook) for name, notebook in marking.notebooks.items()}
    return Done(marking.report.to_json(), notebooks, dict(marking.seconds))


def marked(answer: Done | Failed, student: str, asked: Asked) -> Marked:
    """Return what an answer says; MessageError if it is no answer to what was asked.

    A worker says what it likes: nothing but a Report and notebooks of the right form is taken.
    """
    if isinstance(answer, Failed):
        return Marked(student, None, answer.why)
    try:
        report = Report.from_json(answer.report)
        notebooks = {
            name: nbformat.from_dict(json.loads(nb)) for name, nb in answer.notebooks.items()
        }
        for notebook in notebooks.values():
            nbformat.validate(notebook)
    except (LookupError, TypeError, ValueError, RecursionError, RecordError, Invalid) as error:
        raise MessageError(f"what came is no Marking: {str(error)[:200]}") from error
    known = {problem.name for problem in asked.assignment.problems}
    is_timed = all(map(math.isfinite, answer.seconds.values()))
    fault = "" if is_timed and notebooks.keys() <= known else "it has other notebooks, or times"
    if fault := fault or _fault(report, asked):
        raise MessageError(f"what came is no Marking of this submission: {fault}")
    return Marked(student, Marking(report, notebooks, {}, answer.seconds))


def _fault(report: Report, asked: Asked) -> str:
    """What in a Report does not belong to what was asked for; empty if all does."""

    def worth(items: Mapping[str, Item] | Mapping[str, ItemReport]) -> dict[str, object]:
        return {name: (i.kind, i.problem, i.max_points, i.bonus) for name, i in items.items()}

    wanted = {
        "assignment": asked.assignment.name,
        "submission": asked.submission,
        "seed": asked.seed,
        "protection": asked.protection.level,
        "walls": asked.protection.walls(),
        "items": worth(asked.assignment.items),
    }
    found = {name: getattr(report, name) for name in wanted} | {"items": worth(report.items)}
    for name in wanted:
        if found[name] != wanted[name]:
            return f"its {name} is {str(found[name])[:100]} instead of {str(wanted[name])[:100]}"
    if any(not 0 <= item.points <= item.max_points for item in report.items.values()):
        return "an item has more points than there are"
    return ""
