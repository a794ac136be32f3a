"""The `item` decorator of hidden tests, and the error whose message the student reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import pytest

from autograder.words import shown

Test = TypeVar("Test", bound=Callable[..., None])


class ClaimFailed(AssertionError):
    """An error: an answer fails a test's claim; the message may be shown to the student.

    `compared` holds the answer and the expected value if the two differ; only instructors see
    `compared`. `care` is the kind of slip that caused the failure, if it differs from the kind in
    `@item`.
    """

    def __init__(
        self, message: str, *, compared: tuple[object, object] | None = None, care: str = ""
    ) -> None:
        super().__init__(shown(message))  # the message may quote a text of the student's figure
        self.compared = compared
        self.care = care


CARE_COSTS = 0.25
"""Largest share of an item's points that careless slips can cost."""


def item(
    name: str,
    *,
    part: str = "answer",
    costs: float | None = None,
    care: str = "",
    cases: Callable[..., str] | None = None,
) -> Callable[[Test], Test]:
    """Mark a hidden test as a test of the item `name`.

    Without `costs` and `care`, the test is a core test of a `part`. An item's points are shared
    equally among its parts, and a part is earned if all its core tests pass. With `costs=c`, the
    test is a robustness test: a failure costs c times the item's points. With `care=KIND`, the test
    looks for one kind of slip (such as "integers"). All slips of an item together cost the share
    `costs` of its points (default: CARE_COSTS). Each kind of slip costs points only once in the
    whole homework.

    `cases` turns the parameters of a case into words for students, such as `"d = {d}".format`;
    none of these parameters may be a hidden input.
    """
    costs = (CARE_COSTS if care else 0.0) if costs is None else costs
    if not 0 <= costs < 1:
        raise ValueError(f"costs is {costs}, but must be a fraction of the item's points")
    if care and not 0 < costs <= CARE_COSTS:
        raise ValueError(f"care costs {costs}, but may cost at most {CARE_COSTS} of an item")
    more: dict[str, object] = {"care": care} if care else {}
    if cases is not None:
        more["cases"] = cases
    mark: Callable[[Test], Test] = pytest.mark.item(name, part=part, costs=costs, **more)
    return mark


def kind_of(answer: object) -> str:
    """Return the kind of an answer in words for a sentence, such as "a complex number"."""
    names = {
        "NoneType": "None",
        "ndarray": "an array",
        "int": "a number",
        "float": "a number",
        "complex": "a complex number",
        "bool": "True or False",
        "str": "a text",
        "dict": "a dict",
        "list": "a list",
        "tuple": "a tuple",
        "FigureData": "a Figure",
    }
    name = "a function" if callable(answer) else "something else"
    return names.get(type(answer).__name__, name)


def capital(text: str) -> str:
    """Return the text with a capital letter for the start of a sentence, unless it is a name."""
    return text[:1].upper() + text[1:] if re.match(r"[a-z]+ ", text) else text
