"""The instructor's page shows hidden inputs and both values; no Report contains them."""

from __future__ import annotations

import numpy as np
import pytest
from bs4 import BeautifulSoup

from autograder.course.assignment import Course
from autograder.grading.plugin import Outcome
from autograder.grading.transcript import Event
from autograder.pages.instructor import instructor_page, shown
from autograder.sandbox import Polynomial

from .course import mark


def test_a_failed_case_is_told_with_inputs_and_both_values(course: Course) -> None:
    call = Event("call", "slope", (np.array([1.5, 2.5]),), {"step": 0.25}, "<b>3.75</b>")
    failed = Outcome(
        item="a-slope",
        part="answer",
        costs=0.0,
        test="test_slope",
        claim="The slope is right.",
        passed=False,
        message="The answer is wrong.",
        case="test_slope[2]",
        transcript=(call,),
        compared=(np.array(3.75), np.array(4.25)),
    )
    marking = mark(course, {"a-slope": 0.0})
    marking.outcomes["a-slope"] = (failed,)  # type: ignore[index]
    page = instructor_page(course, course.assignment("hw"), marking)
    soup = BeautifulSoup(page, "html.parser")
    words = " ".join(soup.get_text(" ").split())
    for text in ("test_slope[2]", "slope([1.5, 2.5], step=0.25)", "3.75", "4.25"):
        assert text in words
    assert soup.find("b") is None
    assert "4.25" not in marking.report.to_json()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.arange(3.0), "[0., 1., 2.]"),
        ((1, "a"), "(1, 'a')"),
        ({(0.1, 0.0): np.zeros(2)}, "{(0.1, 0.0): [0., 0.]}"),
        (Polynomial(np.ones((1, 1))), "<Polynomial>"),
        (len, "<len>"),
        (None, "None"),
    ],
)
def test_values_are_shown_in_short(value: object, text: str) -> None:
    assert shown(value) == text


def test_large_values_are_cut() -> None:
    assert len(shown(np.arange(1e6))) < 200
    assert len(shown("x" * 10_000)) < 2_000
