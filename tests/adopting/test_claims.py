"""The claims that converted tests make about untrusted answers, and code that a person marks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.content.sanitize import as_typed
from autograder.course.directives import without_rubric
from autograder.course.gradecells import CellPlace
from autograder.course.rubric import read_rubric
from autograder.desk.sourcerubric import rewritten
from autograder.gradebook.handmarks import RubricStep
from autograder.grading.testkit import ClaimFailed, assert_holds, assert_raises
from autograder.sandbox import NotDone, Raised

WHERE = CellPlace("p", 0, "own")
OWN = "def g(x):\n    return x\n\n#### Rubric\n# - (1 point) is right\n# - (0.5 points) is short"


class Own(ValueError):
    """An exception of a test's own."""


def raising(error: Exception) -> Any:
    def call() -> None:
        raise error

    return call


def test_comparison_that_holds_passes() -> None:
    assert_holds(lambda: [1, 2] == [1, 2], "no")
    assert_holds(lambda: (np.arange(3) == np.arange(3)).all(), "no")


@pytest.mark.parametrize(
    "condition",
    [lambda: False, lambda: 1 / 0, lambda: np.arange(3) == np.arange(3), raising(MemoryError())],
)
def test_comparison_that_fails_in_any_way_is_a_failed_claim(condition: Any) -> None:
    with pytest.raises(ClaimFailed, match="the message"):
        assert_holds(condition, "the message")


def test_failure_of_the_students_code_keeps_its_own_message() -> None:
    with pytest.raises(NotDone):
        assert_holds(raising(NotDone()), "the message")


@pytest.mark.parametrize("error", [ValueError, Exception, Own, (KeyError, ValueError)])
def test_expected_exception_passes(error: Any) -> None:
    assert_raises(error, raising(Raised("", "ValueError", None)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: 3, r"`f\(0\)` should raise KeyError, but it raises no error"),
        (raising(Raised("", "ValueError", None)), "but it raises another error"),
        (raising(Raised("", "Nonsense", None)), "but it raises another error"),
    ],
)
def test_other_outcomes_than_the_exception_fail(call: Any, message: str) -> None:
    with pytest.raises(ClaimFailed, match=message):
        assert_raises(KeyError, call, what="`f(0)`")


def test_answer_that_is_not_written_does_not_raise_the_expected_exception() -> None:
    with pytest.raises(NotDone):
        assert_raises(Exception, raising(NotDone()))


def test_rubric_of_code_is_read_from_comments() -> None:
    assert [step.text for step in read_rubric(OWN, WHERE).steps] == ["is right", "is short"]
    assert without_rubric(OWN, WHERE).rstrip() == "def g(x):\n    return x"


def test_changed_rubric_of_code_is_written_as_comments() -> None:
    steps = [RubricStep("s1", 1.0, "is right"), RubricStep("s3", 0.5, "has a docstring")]
    text = rewritten(OWN, WHERE, steps, ["s1", "s2"])
    assert text == OWN.replace("is short", "has a docstring")


def test_code_is_shown_between_more_backticks_than_it_has() -> None:
    assert as_typed("x = 1", "python") == "```python\nx = 1\n```"
    assert as_typed('"""\n````\n"""', "python").startswith("`````python\n")
