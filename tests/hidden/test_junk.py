"""What has the right shapes and nothing else earns nothing, and neither does what can't be read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.release.junk import KINDS
from autograder.release.scrambler import junk_answer
from solutions.hw2 import figures, landscape, momentum, ntk

from .marking import PROBLEMS, mark, shares

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


def earned(problem: str, answers: dict[str, Any], seed: int = 0) -> dict[str, float]:
    """The items that earn something."""
    found = shares(mark(problem, answers, seed))
    return {name: share for name, share in found.items() if share}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_junk_of_the_right_shapes_earns_nothing(problem: str, kind: str) -> None:
    junk = {name: junk_answer(answer, kind) for name, answer in answers_of(problem).items()}
    for seed in (0, 1):
        assert earned(problem, junk, seed) == {}


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


@pytest.mark.parametrize("kind", ALWAYS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_nonsense_earns_nothing_and_breaks_no_test(problem: str, kind: str) -> None:
    nonsense: dict[str, Any] = dict.fromkeys(answers_of(problem), ALWAYS[kind])
    nonsense |= {name: [[1, "a"], 2] for name in VALUES if problem == "problem2_landscape"}
    assert earned(problem, nonsense) == {}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_nothing_defined_earns_nothing(problem: str) -> None:
    def unfinished(*_args: Any, **_named: Any) -> Any:
        raise NotImplementedError

    assert earned(problem, dict.fromkeys(answers_of(problem), unfinished)) == {}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_an_argument_handed_back_earns_nothing(problem: str) -> None:
    def first(*args: Any, **_named: Any) -> Any:
        return next((arg for arg in args if not callable(arg)), 0)

    def last(*args: Any, **_named: Any) -> Any:
        return args[-1]

    def pair(*args: Any, **_named: Any) -> Any:
        return args[0], args[1]

    for handed_back in (first, last, pair):
        assert earned(problem, dict.fromkeys(answers_of(problem), handed_back)) == {}
