"""The numbers in the text of Problem 1 are right, and its playground plays."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from types import ModuleType

import matplotlib.pyplot as plt
import numpy as np
import pytest
from nbformat import NotebookNode

from solutions.hw2.momentum import heavy_ball, ima, least_squares, momentum

from .conftest import Names


@pytest.fixture
def cells(notebooks: dict[str, NotebookNode]) -> dict[str, str]:
    return {cell.id: cell.source for cell in notebooks["problem1_momentum"].cells}


def itself(_: int, x: np.ndarray) -> np.ndarray:
    return x


def test_minutes_of_the_items_add_up_to_those_in_the_title(cells: dict[str, str]) -> None:
    minutes = [int(m) for text in cells.values() for m in re.findall(r"About (\d+) minutes", text)]
    assert len(minutes) == 8
    assert f"about {sum(minutes)} minutes in all" in cells["p1-title"]


@pytest.mark.parametrize(
    ("cell", "method", "start", "sequences"),
    [
        ("p1-momentum-text", momentum, 4, [(1 / 2, 1 / 2), (0, 1 / 2)]),
        ("p1a-heavy-ball-text", heavy_ball, 8, [(1 / 4, 1 / 2), (3, 1 / 2)]),
        ("p1b-ima-text", ima, 8, [(1 / 2, 1), (np.nan, 3, 1)]),
    ],
)
def test_worked_examples_are_right(
    cells: dict[str, str],
    cell: str,
    method: Callable[..., np.ndarray],
    start: int,
    sequences: list[tuple[float, ...]],
) -> None:
    """Each x^1 and x^2 (z^0 and z^1) is the number at the end of its line of reckoning."""
    (example,) = [line for line in cells[cell].split("\n") if line.startswith("**By hand.**")]
    answer = method(itself, np.array([start]), *map(np.array, sequences), np.array([0, 0]))
    x, z = answer if isinstance(answer, tuple) else (answer, ())
    for letter, values, first in (("x", x[1:], 1), ("z", z, 0)):
        for t, (value,) in enumerate(values, first):
            assert re.search(rf"{letter}\^{t} = [^$]*= {Fraction(value)}\$", example), (letter, t)


def test_relation_on_paper_can_only_be_solved_backwards(cells: dict[str, str]) -> None:
    assert r"$T = 3$, $\gamma = (1, 2, 2)$, $\beta_1 = \tfrac12$" in cells["p1b-parameters-text"]
    gammas, betas = (1, 2, 2), (np.nan, 1 / 2, 0)

    def holds(t: int, lambdas: tuple[float, ...]) -> bool:
        left, right = betas[t] * lambdas[t + 1], gammas[t - 1] / gammas[t] * lambdas[t] - betas[t]
        return left == right

    assert holds(1, (0, 0, -1, 5))  # and −1 is not allowed
    assert holds(1, (0, 3, 2, 5))
    assert not holds(2, (0, 3, 2, 5))
    for last in (0, 5):
        assert all(holds(t, (0, 1, 0, last)) for t in (1, 2))


def test_answers_below_the_playground_are_what_it_shows() -> None:
    problem, steps = least_squares(), np.arange(200)
    indices = np.random.default_rng(0).integers(problem.num_functions, size=200)

    def run(gamma: float, beta: float, warmup: int = 20) -> np.ndarray:
        gammas = gamma * np.minimum(1, (steps + 1) / warmup)
        start, betas = np.zeros(problem.dimension), np.full(200, beta)
        iterates = momentum(problem.gradient, start, gammas, betas, indices)
        return np.array([problem.objective(x) for x in iterates])

    usual, longer = run(0.015, 0.9), run(0.015, 0.9, 100)
    assert 0.5 < run(0.15, 0)[-1] / usual[-1] < 2
    assert run(0.015, 0)[-1] > 2 * usual[-1]
    for gamma, beta in ((0.03, 0.9), (0.015, 0.97)):
        assert run(gamma, beta)[150:].max() > 5
    assert usual.max() > 1.2 * usual[0]
    assert longer.max() == longer[0]
    assert longer[20] > usual[20]
    assert np.all(longer[25:100] < usual[25:100])
    assert 0.5 < longer[100:].mean() / usual[100:].mean() < 2


def test_playground_draws_a_line_for_each_run_and_waits_while_nobody_watches(
    checks: ModuleType, cells: dict[str, str], names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[list[str]] = []

    def show(*_: str) -> None:
        (axes,) = plt.gcf().axes
        shown.append([str(line.get_label()) for line in axes.get_lines()])

    monkeypatch.setattr(checks, "show", show, raising=False)
    names |= {"checks": checks, "np": np}
    exec(cells["p1-playground"], names)
    assert shown == []
    monkeypatch.setattr(checks, "playing", checks.ready)
    exec(cells["p1-playground"], names)
    assert [label.split(":")[0] for label in shown[0]] == ["plain SGD", "momentum", "mine"]
