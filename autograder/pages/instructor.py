"""Write the instructor's page: a submission with hidden inputs, expected and actual values.

Students must never see this page. Its data come from a Marking in memory, which is not stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.course.assignment import Assignment, Course
from autograder.grading.exceeded import change_limits, exceeded, texts_of
from autograder.grading.mark import Marking
from autograder.grading.transcript import Event
from autograder.pages.texts import templates
from autograder.sandbox import FigureData

MAX_SHOWN = 1_500


def instructor_page(course: Course, assignment: Assignment, marking: Marking) -> str:
    """Return the page as HTML that loads no other files."""
    failed = {
        name: [outcome for outcome in marking.outcomes.get(name, ()) if not outcome.passed]
        for name, item in marking.report.items.items()
        if item.kind == "auto"
    }
    return templates("autograder.pages").get_template("instructor.html").render(
        course=course,
        assignment=assignment,
        report=marking.report,
        failed=failed,
        asked=_asked,
        shown=shown,
        limits=change_limits(assignment, exceeded(texts_of(marking.report, marking.notebooks))),
    ) + "\n"  # fmt: skip


def _asked(use: Event) -> str:
    """Return the call that a test made to the student's code, such as `loss(x=1.0)`."""
    inputs = [shown(value) for value in use.args]
    inputs += [f"{name}={shown(value)}" for name, value in (use.kwargs or {}).items()]
    return {
        "call": f"{use.name}({', '.join(inputs)})",
        "value": use.name,
        "arguments": "the values of the arguments after the call",
    }[use.kind]


def shown(value: Any) -> str:
    """Return a value as a short text; shorten a large array in the middle."""
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
