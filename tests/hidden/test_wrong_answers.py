"""Each wrong answer loses its item, or the stated share of it, and nothing else."""

from __future__ import annotations

import pytest

from autograder.grading.misconceptions import load_misconceptions
from autograder.release.killmatrix import kill_matrix

from . import wrong_landscape, wrong_momentum, wrong_ntk
from .answers import Variant, variants
from .marking import COURSE, HOMEWORK, failures, mark, shares

WRONG = {
    "problem1_momentum": variants(wrong_momentum),
    "problem2_landscape": variants(wrong_landscape),
    "problem3_ntk": variants(wrong_ntk),
}
SEED = 1
"""That of every day; the proof of a release takes 0."""
MANY_SEEDS = range(20)
PLOTS = frozenset(["p1-plot", "p2c-trace-plot", "p2c-surface-plot", "p3-plot"])
ROUNDED = 0.01
"""Points are rounded to hundredths."""

CASES = [(problem, variant) for problem, found in WRONG.items() for variant in found]


def assert_loses_its_own_alone(problem: str, variant: Variant, seed: int, items: set[str]) -> None:
    marking = mark(problem, variant.answers, seed, items)
    expected = dict.fromkeys(items, 1.0) | {variant.item: 1 - variant.loses}
    failed = [(outcome.case, outcome.message) for outcome in failures(marking)]
    assert shares(marking) == pytest.approx(expected, abs=ROUNDED), (seed, failed)


@pytest.mark.parametrize(("problem", "variant"), CASES, ids=str)
def test_wrong_answer_loses_its_item_and_nothing_else(problem: str, variant: Variant) -> None:
    assert_loses_its_own_alone(problem, variant, SEED, _items(problem, variant))


def _items(problem: str, variant: Variant) -> set[str]:
    """All items but the other pictures, which are slow and build on nothing."""
    items = {item.name for item in HOMEWORK.select("auto") if item.problem == problem}
    return items - PLOTS | {variant.item}


@pytest.mark.slow
@pytest.mark.parametrize(("problem", "variant"), CASES, ids=str)
def test_wrong_answer_is_caught_on_every_seed(problem: str, variant: Variant) -> None:
    for seed in MANY_SEEDS:
        assert_loses_its_own_alone(problem, variant, seed, {variant.item})


@pytest.mark.slow
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_every_misconception_is_caught_on_every_seed(seed: int) -> None:
    matrix = kill_matrix(COURSE, HOMEWORK, seed=seed, workers=1)
    assert len(matrix.rows) == len(load_misconceptions(COURSE, HOMEWORK))
    assert list(matrix.faults()) == []
