"""The messages between a run and its workers' marking processes: msgpack, checked on arrival.

The run sends an Order and gets a Done or a Failed; a worker introduces itself with a Greeting.
Reading a message never runs any code.
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
from autograder.grading.jobs import Marked, MarkSettings
from autograder.grading.mark import Marking
from autograder.grading.report import ItemReport, Report
from autograder.sandbox import Protection
from autograder.submission.parcel import Parcel

MAX_BYTES = 1_000_000_000
"""Largest size of a message, in bytes."""


class MessageError(KitError):
    """An error: a message does not have the expected form."""


class Message(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """A message, which is sent with the name of its class."""


class Hello(Message, frozen=True):
    """A question to a worker about its grader and its walls."""

    use_outer: bool


class Greeting(Message, frozen=True):
    """A worker's answer: the versions of its grader's parts, and the walls around student code."""

    grader: dict[str, str]
    protection: Protection


class Order(Message, frozen=True):
    """A message with one submission to mark, and the settings.

    `seed` may be an integer of any size.
    """

    assignment: str
    seed: str
    settings: MarkSettings
    parcel: Parcel


class Done(Message, frozen=True):
    """A message with a Marking: Report and notebooks as JSON, and the seconds of each stage."""

    report: str
    notebooks: dict[str, str]
    seconds: dict[str, float]


class Failed(Message, frozen=True):
    """A message with the reason why there is no Marking."""

    why: str


@dataclass(frozen=True)
class Asked:
    """The order that a worker got, and the worker's walls; the worker's answer must match both."""

    assignment: Assignment
    submission: str
    seed: int
    protection: Protection


def write(message: Message) -> bytes:
    """Return the message as bytes."""
    return msgspec.msgpack.encode(message)


def read(message: object, kind: Any) -> Any:
    """Return the message if it is of this kind, or of one kind in a union; else raise MessageError.

    The bytes must be exactly those that `write` would return, so that the message has no unknown
    parts at any depth.
    """
    if type(message) is not bytes:
        raise MessageError(f"expected a message, got a {type(message).__name__}")
    if len(message) > MAX_BYTES:
        raise MessageError(f"a message has {len(message):,} bytes, more than {MAX_BYTES:,}")
    try:
        found = msgspec.msgpack.decode(message, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(f"a message can't be read: {error}") from error
    if write(found) != message:
        raise MessageError("a message can't be read: it has unknown parts")
    return found


def answer_of(marked: Marked) -> Done | Failed:
    """Return the result of an order as a message."""
    if (marking := marked.marking) is None:
        return Failed(marked.error)
    notebooks = {name: json.dumps(notebook) for name, notebook in marking.notebooks.items()}
    return Done(marking.report.to_json(), notebooks, dict(marking.seconds))


def marked(answer: Done | Failed, student: str, asked: Asked) -> Marked:
    """Return the result in an answer; raise MessageError if it does not match the order.

    The machines of a cluster trust each other. The form is checked so that nonsense from a faulty
    worker is not recorded. The marking process has already cleaned the notebooks.
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
        raise MessageError(f"the answer is not a Marking: {str(error)[:200]}") from error
    known = {problem.name for problem in asked.assignment.problems}
    is_fit = notebooks.keys() <= known and all(map(math.isfinite, answer.seconds.values()))
    fault = _fault(report, asked) if is_fit else "the notebooks or times in the answer are wrong"
    if fault:
        raise MessageError(f"the answer is not a Marking of this submission: {fault}")
    return Marked(student, Marking(report, notebooks, {}, answer.seconds))


def _fault(report: Report, asked: Asked) -> str:
    """Return how a Report differs from its order, or "" if everything matches."""

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
        return "an item has more points than its maximum"
    return ""
