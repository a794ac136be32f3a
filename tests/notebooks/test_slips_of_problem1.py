"""The checks of Problem 1 name frequent slips, and try zero steps and starts of integers."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from .conftest import Names
from .test_checks import Told, told  # noqa: F401


def average_of_gradients(
    gradient: Any, x0: Any, gammas: Any, betas: Any, indices: Any
) -> np.ndarray:
    x, memory, rows = np.array(x0, float), np.zeros(len(x0)), [np.array(x0, float)]
    for t, i in enumerate(indices):
        memory = betas[t] * memory + (1 - betas[t]) * gradient(i, x)
        x = x - gammas[t] * memory
        rows.append(x)
    return np.array(rows)


def last_row_before_the_first(
    gradient: Any, x0: Any, gammas: Any, betas: Any, indices: Any
) -> np.ndarray:
    xs = np.zeros((len(indices) + 1, len(x0)))
    xs[0] = x0
    for t, i in enumerate(indices):
        move = xs[t] - xs[t - 1]
        xs[t + 1] = xs[t] - gammas[t] * gradient(i, xs[t]) + betas[t] * move
    return xs


@pytest.mark.parametrize(
    ("item", "name", "slip", "words"),
    [
        ("p1-momentum", "momentum", average_of_gradients, "equation (1) adds the whole gradient"),
        ("p1a-heavy-ball", "heavy_ball", last_row_before_the_first, "`xs[t-1]` is `xs[-1]` there"),
    ],
)
def test_frequent_slip_has_its_own_words(
    item: str,
    name: str,
    slip: Any,
    words: str,
    told: Told,  # noqa: F811
    names: Names,
) -> None:
    assert words in told(item, {**names, name: slip})
    for other in (average_of_gradients, last_row_before_the_first, lambda *_: np.zeros((4, 2))):
        assert (words in told(item, {**names, name: other})) is (other is slip)


def in_integers(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method with its answers stored in arrays of the start's type."""

    def call(gradient: Any, x0: Any, *rest: Any) -> Any:
        answer = method(gradient, x0, *rest)
        if isinstance(answer, tuple):
            return tuple(part.astype(x0.dtype) for part in answer)
        return answer.astype(x0.dtype)

    return call


def not_for_zero_steps(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        return method(*arguments) if len(arguments[-1]) else ([1.0], [1.0, 2.0])

    return call


ITEMS = {
    "p1-momentum": "momentum",
    "p1a-heavy-ball": "heavy_ball",
    "p1a-parameters": "heavy_ball_parameters",
    "p1b-ima": "ima",
    "p1b-parameters": "ima_parameters",
}


@pytest.mark.parametrize("item", ["p1-momentum", "p1a-heavy-ball", "p1b-ima"])
def test_array_of_integers_fails(item: str, told: Told, names: Names) -> None:  # noqa: F811
    name = ITEMS[item]
    text = told(item, {**names, name: in_integers(names[name])})
    assert "steps, from an integer start" in text
    assert "Compute in floats" in text


@pytest.mark.parametrize("item", ITEMS)
def test_zero_steps_are_tried(item: str, told: Told, names: Names) -> None:  # noqa: F811
    name = ITEMS[item]
    text = told(item, {**names, name: not_for_zero_steps(names[name])})
    assert text.startswith(f"✗ {item}")
    assert "T = 0" in text or "zero steps" in text
    assert "np.array([])" in text


@pytest.mark.parametrize("z", [[], np.empty((0, 2))])
def test_no_rows_of_z_may_have_any_shape(z: Any, told: Told, names: Names) -> None:  # noqa: F811
    right = names["ima"]

    def ima(*arguments: Any) -> Any:
        x, some = right(*arguments)
        return x, some if len(some) else z

    assert told("p1b-ima", {**names, "ima": ima}).startswith("✓")


@pytest.mark.parametrize(
    ("lambdas", "words"),
    [
        ([1.0, 2.0, 0.5], "λ must have T+1 = 4 entries, yours has 3."),
        (np.ones((4, 1)), "λ must have T+1 = 4 entries, yours has the shape (4, 1)."),
        ([0.0, -1.0, 0.5, 0.0], "✗ λ₁ = −1, and the method divides by λ + 1."),
        ([0.0, -1.0, 0.5, -1.0], "✗ λ₁ = −1 and λ₃ = −1, and the method"),
        ([0.0, np.inf, 0.5, 1.0], "λ contains NaN or infinity:"),
    ],
)
def test_lambdas_are_told_as_they_are(
    lambdas: Any,
    words: str,
    told: Told,  # noqa: F811
    names: Names,
) -> None:
    wrong = {**names, "ima_parameters": lambda *_: (np.ones(3), lambdas)}
    assert words in told("p1b-parameters", wrong)


def test_hint_names_the_exercise_on_paper(checks: ModuleType) -> None:
    assert "the exercise on paper below them" in checks.HINTS["p1b-parameters"][2]


@pytest.mark.parametrize("item", ["p1-momentum", "p1b-ima"])
def test_line_to_try_shows_the_start_that_changed(
    item: str,
    told: Told,  # noqa: F811
    names: Names,
    checks: ModuleType,
) -> None:
    name = ITEMS[item]
    right = names[name]

    def careless(gradient: Any, x0: Any, *rest: Any) -> Any:
        answer = right(gradient, x0.copy(), *rest)
        x0 += 1
        return answer

    wrong = {**names, name: careless}
    (line,) = [line for line in told(item, wrong).splitlines() if "try it yourself" in line]
    *before, last = line.partition("`")[2].rstrip("`").split("; ")
    assert before[0] == "x0 = np.array([2.0, 4.0])"
    exec("; ".join(before), world := {**wrong, "np": np, "checks": checks})
    assert eval(last, world).tolist() == [3.0, 5.0]


def test_figure_that_a_notebook_closed_is_told(told: Told, names: Names) -> None:  # noqa: F811
    def shown(*arguments: Any) -> Any:
        plt.close(names["plot_objective"](*arguments))  # as `plt.show()` does in a notebook
        return plt.gcf()

    text = told("p1-plot", {**names, "plot_objective": shown})
    assert "has no axes in it. `plt.show()` closes a figure in a notebook" in text


def test_hint_without_a_name_says_how_to_call_it(
    checks: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    checks.hint()
    assert 'checks.hint("momentum")' in capsys.readouterr().out
