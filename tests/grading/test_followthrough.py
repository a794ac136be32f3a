"""An answer loses its own item alone, whatever it builds on; and nothing saves a wrong one."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from autograder.assignment import Assignment
from autograder.grading.followthrough import StandIns, circular
from autograder.samples import SampleStudent

from .conftest import MarkStudent

WRONG_HEAVY_BALL_PARAMETERS = """
def heavy_ball_parameters(gammas, betas):
    return np.array(gammas, dtype=float), np.array(betas, dtype=float)
"""

IMA_PARAMETERS_BY_HEAVY_BALL = """
def ima_parameters(gammas, betas):
    _, hatted = heavy_ball_parameters(gammas, betas)
    lambdas = np.zeros(len(gammas) + 1)
    for t in reversed(range(len(gammas))):
        lambdas[t] = hatted[t] * (1 + lambdas[t + 1])
    return (1 + lambdas[1:]) * np.asarray(gammas, dtype=float), lambdas
"""

WRONG_GRADIENTS = """
def gradient_v(v, W, x, n):
    return activation(W @ x, n) / len(v)

def gradient_W(v, W, x, n):
    return np.outer(activation_derivative(W @ x, n), x)
"""

KERNEL_BY_GRADIENTS = """
def empirical_ntk(v, W, X, n):
    rows = [np.append(gradient_v(v, W, x, n), gradient_W(v, W, x, n)) for x in X]
    return np.array([[a @ b for b in rows] for a in rows])
"""

WRONG_KERNEL_BY_GRADIENTS = """
def empirical_ntk(v, W, X, n):
    rows = [gradient_v(v, W, x, n) for x in X]
    return np.array([[a @ b for b in rows] for a in rows])
"""

TRACE_BY_HESSIAN = """
def hessian(x):
    u, v = x[:-1], x[-1]
    return np.diag(np.append(np.full(len(u), v**2), u @ u))

def hessian_trace(x):
    return np.trace(hessian(x))
"""

MOMENTUM_BY_HEAVY_BALL = """
def momentum(gradient, x0, gammas, betas, indices):
    hatted = np.array(betas) * np.array(gammas) / np.append(1.0, gammas)[:-1]
    return heavy_ball(gradient, x0, gammas, hatted, indices)
"""

HEAVY_BALL_BY_MOMENTUM = """
def heavy_ball(gradient, x0, gammas, betas, indices):
    plain = np.array(betas) / np.array(gammas) * np.append(1.0, gammas)[:-1]
    return momentum(gradient, x0, gammas, plain, indices)
"""


def lost(student: SampleStudent, mark: MarkStudent, homework: Assignment) -> dict[str, float]:
    report = mark(student)
    return {
        item.name: item.max_points - report.items[item.name].points
        for item in homework.select("auto")
        if report.items[item.name].points != item.max_points
    }


def test_a_right_answer_on_top_of_a_wrong_one_keeps_its_item(
    mark: MarkStudent, homework: Assignment
) -> None:
    student = SampleStudent(
        "on-top",
        "IMA's parameters and the kernel by way of wrong functions",
        {
            "p1a-parameters-answer": WRONG_HEAVY_BALL_PARAMETERS,
            "p1b-parameters-answer": IMA_PARAMETERS_BY_HEAVY_BALL,
            "p3a-gradients-answer": WRONG_GRADIENTS,
            "p3b-kernel-answer": KERNEL_BY_GRADIENTS,
            "p2c-hessian-trace-answer": TRACE_BY_HESSIAN,
        },
    )
    assert lost(student, mark, homework) == {
        "p1a-parameters": 1.0,
        "p3a-gradients": 1.0,
        "p2c-hessian-trace": 0.5,
    }
    notes = [claim.note for claim in mark(student).items["p1b-parameters"].claims]
    assert any("heavy_ball_parameters" in note for note in notes)


NOT_SAVED = SampleStudent(
    "not-saved",
    "one of two terms; momentum by the heavy ball, and the heavy ball by momentum",
    {
        "p3b-kernel-answer": WRONG_KERNEL_BY_GRADIENTS,
        "p1-momentum-answer": MOMENTUM_BY_HEAVY_BALL,
        "p1a-heavy-ball-answer": HEAVY_BALL_BY_MOMENTUM,
    },
)
"""Makes both mistakes of the next two tests, in two problems."""


@pytest.mark.slow
def test_a_wrong_answer_is_not_saved_by_right_ones(mark: MarkStudent, homework: Assignment) -> None:
    found = lost(NOT_SAVED, mark, homework)
    assert {name: points for name, points in found.items() if not name.startswith("p1")} == {
        "p3b-kernel": 1.0
    }


def test_two_answers_that_each_call_the_other_save_neither(
    mark: MarkStudent, homework: Assignment
) -> None:
    found = lost(NOT_SAVED, mark, homework)
    assert {name: points for name, points in found.items() if name.startswith("p1")} == {
        "p1-momentum": 1.0,
        "p1a-heavy-ball": 1.0,
    }


@pytest.mark.parametrize(
    ("saved_by", "expected"),
    [
        ({}, set()),
        ({"b": {"a"}}, set()),
        ({"b": {"a"}, "a": {"b"}}, {"a", "b"}),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}, {"a", "b", "c"}),
        ({"a": {"a"}}, {"a"}),
    ],
)
def test_circles_are_found(saved_by: dict[str, set[str]], expected: set[str]) -> None:
    assert circular(saved_by) == expected


def test_a_stand_in_records_its_use_and_refuses_excess() -> None:
    stand_ins = StandIns({"double": lambda x: 2 * x, "half": lambda x: x / 2})
    assert stand_ins.functions["double"](21) == 42
    assert stand_ins.used == {"double"}
    with pytest.raises(ValueError, match="count"):
        stand_ins.functions["half"](10**9)


@pytest.mark.parametrize(
    "excess",
    [np.ones((501, 1)), [[0.0] * 251] * 2, {1: np.ones(501)}, np.array(10**9)],
    ids=["array", "lists", "dict", "count in an array"],
)
def test_a_stand_in_takes_few_numbers(excess: object) -> None:
    stand_ins = StandIns({"size": lambda x: np.outer(np.ravel(x), np.ravel(x)).shape})
    assert stand_ins.functions["size"](np.ones((20, 5))) == (100, 100)
    with pytest.raises(ValueError, match=r"above|more than"):
        stand_ins.functions["size"](excess)


def test_what_is_passed_to_a_stand_in_answers_with_few_numbers() -> None:
    stand_ins = StandIns({"apply": lambda function, x: function(x) + x})
    assert stand_ins.functions["apply"](lambda x: 2 * x, 7) == 21
    with pytest.raises(ValueError, match="more than"):
        stand_ins.functions["apply"](lambda _: np.ones(501), 7)


def test_nothing_stands_in_for_a_picture() -> None:
    def draw() -> Figure:
        return Figure()

    assert list(StandIns({"draw": draw, "double": lambda x: 2 * x}).functions) == ["double"]
