"""The texts of functions are read once for each file, as `inspect` would read them each time."""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from autograder.course.assignment import Course
from autograder.course.code import load_beside_tests, load_references
from autograder.grading.misconceptions import source_of
from tests.benchmarks.__main__ import CHECKOUT

HW2 = Course.find(CHECKOUT)
REFERENCES = load_references(HW2, HW2.assignment("hw2"))
WRONG = vars(load_beside_tests(HW2, "hw2", "misconceptions"))
WRITTEN = [f for f in WRONG.values() if inspect.isfunction(f) and f.__module__ == WRONG["__name__"]]


@functools.lru_cache
@functools.wraps(max)
def decorated(one: int, other: int) -> int:
    # a comment, and a text with two lines
    return (
        one
        if """one
other"""
        else other
    )


def outer() -> Callable[..., Any]:
    def inner() -> str:
        return "inner"

    return inner


@pytest.mark.parametrize("function", [*REFERENCES.values(), *WRITTEN, outer, outer()])
def test_text_is_the_one_that_inspect_finds(function: Callable[..., Any]) -> None:
    assert source_of(function) == textwrap.dedent(inspect.getsource(function))
