"""On each of fifty seeds, every misconception fails at least one test of its own item.

Hidden tests are called as plain functions, and each misconception is tested only up to its first
failure. Calling the tests as functions is fifteen times as fast as marking. `kill_matrix` uses
fewer seeds, and shows which points a misconception costs and whether another item notices it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from types import ModuleType
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import pytest

from autograder.grading.misconceptions import load_misconceptions, world_of
from autograder.grading.testkit import Follow, Once
from autograder.hidden.hw2 import (
    test_problem1_momentum,
    test_problem2_landscape,
    test_problem3_ntk,
)
from autograder.sandbox import Student
from autograder.sandbox.inprocess import LocalStudent

from .marking import COURSE, HOMEWORK

SEEDS = range(50)
MODULES = test_problem1_momentum, test_problem2_landscape, test_problem3_ntk
CATALOGUE = load_misconceptions(COURSE, HOMEWORK)

Case = tuple[Callable[..., None], dict[str, Any]]


def cases_of(module: ModuleType) -> Iterator[tuple[str, Case]]:
    """Return the module's hidden tests with their parameters, each with its item."""
    for name, test in vars(module).items():
        if name.startswith("test_"):
            marks = {mark.name: mark.args for mark in test.pytestmark}
            argument, values = marks.get("parametrize", ("", [None]))
            for value in values:
                yield marks["item"][0], (test, {argument: value} if argument else {})


CASES: dict[str, list[Case]] = {}
for a_module in MODULES:
    for an_item, a_case in cases_of(a_module):
        CASES.setdefault(an_item, []).append(a_case)


def first_failure(item: str, answers: Mapping[str, Any], seed: int) -> str:
    """Return the name of the first hidden test that fails, or "" if all pass."""
    problem = HOMEWORK.items[item].problem
    student, once = LocalStudent(lambda: world_of(COURSE, HOMEWORK, problem, answers)), Once()
    try:
        for test, parameters in CASES[item]:
            key = zlib.crc32(f"{test.__name__}{parameters}".encode())
            known = {
                "student": student,
                "rng": np.random.default_rng([seed, key]),
                "once": once,
                "follow": Follow(cast(Student, student)),
                **parameters,
            }
            student.renew()
            wanted = test.__code__.co_varnames[: test.__code__.co_argcount]
            try:
                test(**{name: known[name] for name in wanted})
            except Exception:
                return test.__name__
        return ""
    finally:
        student.close()


def test_every_item_has_cases() -> None:
    assert CASES.keys() == {item.name for item in HOMEWORK.select("auto")}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("item", "seed"), [*product(CASES, SEEDS)])
def test_every_misconception_fails_a_test_of_its_item(item: str, seed: int) -> None:
    with mpl.rc_context():
        assert first_failure(item, {}, seed) == ""
        passed = [m.name for m in CATALOGUE.of(item) if not first_failure(item, m.answers, seed)]
    assert passed == []
