"""Each wrong answer loses its item's points or the stated share of these points, and no others."""

from __future__ import annotations

import pytest

from autograder.grading.inprocess import LocalMarking
from autograder.grading.misconceptions import load_misconceptions
from autograder.release.proof.killmatrix import kill_matrix

from .answers import Variant
from .marking import COURSE, HOMEWORK, failures, mark, shares
from .test_messages import assert_holds_nothing_hidden
from .wrong import CASES, MARKED, items_for

MANY_SEEDS = range(20)
ROUNDED = 0.01
"""Points are rounded to two decimals."""


def assert_loses_its_own_alone(marking: LocalMarking, variant: Variant, seed: int) -> None:
    expected = dict.fromkeys(marking.items, 1.0) | {variant.item: 1 - variant.loses}
    failed = [(outcome.case, outcome.message) for outcome in failures(marking)]
    assert shares(marking) == pytest.approx(expected, abs=ROUNDED), (seed, failed)


@pytest.mark.parametrize(("problem", "variant"), CASES, ids=str)
def test_wrong_answer_loses_its_item_and_nothing_else(problem: str, variant: Variant) -> None:
    marking = MARKED.marking(str(variant))
    assert marking.items.keys() == items_for(problem, variant)
    assert_loses_its_own_alone(marking, variant, HOMEWORK.seed)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("variant", [each for _, each in CASES], ids=str)
def test_message_of_a_wrong_answer_holds_nothing_hidden(variant: Variant) -> None:
    found = failures(MARKED.marking(str(variant)))
    for failure in found:
        assert_holds_nothing_hidden(failure.message)
    assert bool(found) == bool(variant.loses)


@pytest.mark.slow
@pytest.mark.parametrize(("problem", "variant"), CASES, ids=str)
def test_wrong_answer_is_caught_on_every_seed(problem: str, variant: Variant) -> None:
    for seed in MANY_SEEDS:
        marking = mark(problem, variant.answers, seed, {variant.item})
        assert_loses_its_own_alone(marking, variant, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_every_misconception_is_caught_on_every_seed(seed: int) -> None:
    matrix = kill_matrix(COURSE, HOMEWORK, seed=seed, workers=1)
    assert len(matrix.rows) == len(load_misconceptions(COURSE, HOMEWORK))
    assert list(matrix.faults()) == []
