"""The page for instructors: one submission with the hidden inputs and both values.

It holds what no student may see, and is made from a Marking at hand: nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.course.assignment import Assignment, Course
from autograder.grading.exceeded import change_limits, exceeded, texts_of
from autograder.grading.mark import Marking
from autograder.grading.plugin import Outcome
from autograder.grading.report import ItemReport
from autograder.grading.transcript import Event
from autograder.pages.texts import templates
from autograder.sandbox import FigureData

MAX_SHOWN = 1_500


@dataclass(frozen=True)
class UseView:
    """One use of the student's code by a test: what was asked, and what came back."""

    asked: str
    answer: str


@dataclass(frozen=True)
class CaseView:
    """A failed case of a hidden test; `answer` and `expected` are empty where no numbers differ."""

    name: str
    claim: str
    message: str
    uses: tuple[UseView, ...]
    answer: str
    expected: str


@dataclass(frozen=True)
class ItemPage:
    """An item: its part of the Report, and its failed cases."""

    name: str
    report: ItemReport
    failed: tuple[CaseView, ...]


def instructor_page(course: Course, assignment: Assignment, marking: Marking) -> str:
    """The page as HTML; it loads nothing."""
    return templates("autograder.pages").get_template("instructor.html").render(
        course=course,
        assignment=assignment,
        report=marking.report,
        items=tuple(_items(marking)),
        limits=change_limits(assignment, exceeded(texts_of(marking.report, marking.notebooks))),
    ) + "\n"  # fmt: skip


def _items(marking: Marking) -> Iterator[ItemPage]:
    for name, report in marking.report.items.items():
        if report.kind == "auto":
            failed = (o for o in marking.outcomes.get(name, ()) if not o.passed)
            yield ItemPage(name, report, tuple(map(_case, failed)))


def _case(outcome: Outcome) -> CaseView:
    answer, expected = outcome.compared or ("", "")
    return CaseView(
        name=outcome.case,
        claim=outcome.claim,
        message=outcome.message,
        uses=tuple(map(_use, outcome.transcript)),
        answer=shown(answer) if outcome.compared else "",
        expected=shown(expected) if outcome.compared else "",
    )


def _use(event: Event) -> UseView:
    inputs = [shown(value) for value in event.args]
    inputs += [f"{name}={shown(value)}" for name, value in (event.kwargs or {}).items()]
    asked = {
        "call": f"{event.name}({', '.join(inputs)})",
        "value": event.name,
        "arguments": "the arguments after the call",
    }[event.kind]
    return UseView(asked, event.failure or shown(event.answer))


def shown(value: Any) -> str:
    """A value of the wire in a few lines, large ones with their middle left out."""
    if isinstance(value, FigureData):
        return f"a figure: {value.summary()}"
    if callable(value):
        return f"<{getattr(value, '__name__', None) or type(value).__name__}>"
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=6, threshold=60, edgeitems=3, separator=", ")
    elif isinstance(value, Mapping):
        text = "{" + ", ".join(f"{shown(k)}: {shown(v)}" for k, v in value.items()) + "}"
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        text = "(" + ", ".join(map(shown, value)) + ")"
    else:
        text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]} …"
