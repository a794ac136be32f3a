"""The `item` decorator of hidden tests, and claims whose messages the student reads."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable
from typing import TypeVar

import pytest

from autograder.sandbox import Raised, StudentFailure
from autograder.timelimit import TimeUpError
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


def assert_holds(condition: Callable[[], object], message: str) -> None:
    """Assert a comparison of your own: `condition` calls the student and returns True or False.

    If the comparison itself raises an error, for example because the answer has the wrong type, the
    claim fails.
    """
    try:
        holds = bool(condition())
    except (StudentFailure, TimeUpError, ClaimFailed):
        raise
    except Exception:  # the answer is untrusted, so the comparison can raise anything
        holds = False
    if not holds:
        raise ClaimFailed(message)


def assert_raises(
    error: type[BaseException] | tuple[type[BaseException], ...],
    call: Callable[[], object],
    *,
    what: str = "the call",
) -> None:
    """Assert that the student's code raises this exception, or a subclass of it.

    The sandbox reports the nearest built-in exception, so an exception class of your own counts as
    its nearest built-in base class. An answer that is not written yet fails.
    """
    errors = error if isinstance(error, tuple) else (error,)
    names = " or ".join(dict.fromkeys(_built_in(each).__name__ for each in errors))
    try:
        call()
    except Raised as raised:
        if is_error(raised, errors):
            return
        told = f"{capital(what)} should raise {names}, but it raises another error."
        raise ClaimFailed(told) from None
    raise ClaimFailed(f"{capital(what)} should raise {names}, but it raises no error.")


def is_error(raised: Raised, error: type[BaseException] | tuple[type[BaseException], ...]) -> bool:
    """Return whether the student's code raised this exception, or a subclass of it."""
    errors = error if isinstance(error, tuple) else (error,)
    found = getattr(builtins, raised.error, Exception)
    return isinstance(found, type) and issubclass(found, tuple(map(_built_in, errors)))


def _built_in(error: type[BaseException]) -> type[BaseException]:
    own = (each for each in error.__mro__ if vars(builtins).get(each.__name__) is each)
    return next(own, Exception)
