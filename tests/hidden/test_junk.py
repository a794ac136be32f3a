"""Answers that only have the right shapes earn nothing, and unreadable answers earn nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from autograder.grading.inprocess import LocalMarking
from autograder.release.proof.junk import KINDS
from autograder.release.proof.scrambler import junk_answer
from solutions.hw2 import figures, landscape, momentum, ntk

from .marking import PROBLEMS, Together, shares

MODULES: dict[str, Any] = {
    "problem1_momentum": momentum,
    "problem2_landscape": landscape,
    "problem3_ntk": ntk,
}
GIVEN = {"least_squares", "LeastSquares", "activation", "activation_derivative", "network"}
VALUES = ("gradient_at_point", "hessian_at_point", "trace_at_point")


def answers_of(problem: str) -> dict[str, Any]:
    """The reference's answers to a problem, by name."""
    found = {}
    for module in (MODULES[problem], figures):
        for name, value in vars(module).items():
            own = callable(value) and getattr(value, "__module__", "") == module.__name__
            if (own and name not in GIVEN) or name in VALUES:
                found[name] = value
    return found


def earning(marking: LocalMarking) -> dict[str, float]:
    """Return the items that earn points."""
    return {name: share for name, share in shares(marking).items() if share}


def one_problem_a_day(kinds: Iterable[str]) -> list[Any]:
    """Return every kind of junk with every problem; most combinations run only in slow tests.

    The problems take turns, so that each problem has some kinds of junk every day.
    """
    return [
        pytest.param(problem, kind, marks=[] if is_daily(problem, number) else pytest.mark.slow)
        for number, kind in enumerate(kinds)
        for problem in PROBLEMS
    ]


def is_daily(problem: str, number: int) -> bool:
    return PROBLEMS.index(problem) == number % len(PROBLEMS)


SEEDS = (0, 1)
JUNK = {seed: Together(seed) for seed in SEEDS}
for each in PROBLEMS:
    for a_kind in KINDS:
        junk = {name: junk_answer(answer, a_kind) for name, answer in answers_of(each).items()}
        for a_seed in SEEDS:
            JUNK[a_seed].add((each, a_kind), each, junk)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "seed",
    [pytest.param(0, marks=pytest.mark.slow), 1],  # the proof of a release uses seed 0
)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_junk_of_the_right_shapes_earns_nothing(problem: str, kind: str, seed: int) -> None:
    assert earning(JUNK[seed].marking((problem, kind))) == {}


ALWAYS: dict[str, Callable[..., Any]] = {
    "None": lambda *_args, **_named: None,
    "a text": lambda *_args, **_named: "0.5",
    "an empty list": lambda *_args, **_named: [],
    "NaN": lambda *_args, **_named: np.nan,
    "infinity": lambda *_args, **_named: (np.inf, np.inf),
    "a ragged list": lambda *_args, **_named: [[1, 2], [3], 4],
    "texts in lists": lambda *_args, **_named: [["a", "b"], ["c", "d"]],
    "nested far": lambda *_args, **_named: [[[[[[[[1.0]]]]]]]],
    "an empty dict": lambda *_args, **_named: {},
    "a dict of texts": lambda *_args, **_named: {"a": 1, (1, 2): "b", (0.0, "c"): None},
    "a huge integer": lambda *_args, **_named: 10**300,
    "complex numbers": lambda *_args, **_named: np.full((3, 3), 1j),
    "a lock": lambda *_args, **_named: threading.Lock(),
    "objects": lambda *_args, **_named: np.array([None, "a"], dtype=object),
    "an exception": lambda *_args, **_named: 1 / 0,
}


def nonsense(problem: str, kind: str) -> dict[str, Any]:
    answers: dict[str, Any] = dict.fromkeys(answers_of(problem), ALWAYS[kind])
    return answers | {name: [[1, "a"], 2] for name in VALUES if problem == "problem2_landscape"}


def unfinished(*_args: Any, **_named: Any) -> Any:
    raise NotImplementedError


HANDED_BACK: dict[str, Callable[..., Any]] = {
    "the first": lambda *args, **_named: next((arg for arg in args if not callable(arg)), 0),
    "the last": lambda *args, **_named: args[-1],
    "a pair": lambda *args, **_named: (args[0], args[1]),
}


NONSENSE = Together(seed=0)
for each in PROBLEMS:
    NONSENSE.add(
        (each, "unfinished"), each, dict.fromkeys(answers_of(each), unfinished), group=True
    )
    for number, a_kind in enumerate(ALWAYS):
        NONSENSE.add((each, a_kind), each, nonsense(each, a_kind), group=is_daily(each, number))
    for number, which in enumerate(HANDED_BACK):
        handed_back = dict.fromkeys(answers_of(each), HANDED_BACK[which])
        NONSENSE.add((each, which), each, handed_back, group=is_daily(each, number))


@pytest.mark.parametrize(("problem", "kind"), one_problem_a_day(ALWAYS))
def test_nonsense_earns_nothing_and_breaks_no_test(problem: str, kind: str) -> None:
    assert earning(NONSENSE.marking((problem, kind))) == {}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_nothing_defined_earns_nothing(problem: str) -> None:
    assert earning(NONSENSE.marking((problem, "unfinished"))) == {}


@pytest.mark.parametrize(("problem", "which"), one_problem_a_day(HANDED_BACK))
def test_an_argument_handed_back_earns_nothing(problem: str, which: str) -> None:
    assert earning(NONSENSE.marking((problem, which))) == {}
