"""Each right answer keeps every point of its item, however unusual it is."""

from __future__ import annotations

from collections import Counter

import pytest

from autograder.grading.local import LocalMarking

from ..hidden.answers import Variant, variants
from ..hidden.marking import HOMEWORK, PROBLEMS, Together, failures, mark, shares
from . import (
    right_dense_plots,
    right_landscape,
    right_landscape_plots,
    right_momentum,
    right_momentum_plots,
    right_ntk,
    right_ntk_plots,
)

RIGHT = {
    "problem1_momentum": variants(right_momentum, right_momentum_plots),
    "problem2_landscape": variants(right_landscape, right_landscape_plots),
    "problem3_ntk": variants(right_ntk, right_ntk_plots),
}
for dense in variants(right_dense_plots):
    RIGHT[HOMEWORK.items[dense.item].problem].append(dense)
pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass")

SEED = 1
"""That of every day; the proof of a release takes 0."""
MANY_SEEDS = range(20)

CASES = [(problem, variant) for problem, found in RIGHT.items() for variant in found]
MARKED = Together(SEED)
for a_problem, each in CASES:
    MARKED.add(str(each), a_problem, each.answers, [each.item])


def assert_keeps_every_point(marking: LocalMarking, variant: Variant, seed: int) -> None:
    failed = [(outcome.case, outcome.message) for outcome in failures(marking)]
    assert (shares(marking), failed) == ({variant.item: 1.0}, []), seed


@pytest.mark.parametrize("seed", [0, SEED])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_reference_keeps_every_point(problem: str, seed: int) -> None:
    marking = mark(problem, {}, seed)
    assert failures(marking) == []
    assert set(shares(marking).values()) == {1.0}


@pytest.mark.parametrize("variant", [each for _, each in CASES], ids=str)
def test_right_answer_keeps_every_point(variant: Variant) -> None:
    assert_keeps_every_point(MARKED.marking(str(variant)), variant, SEED)


@pytest.mark.slow
@pytest.mark.parametrize(("problem", "variant"), CASES, ids=str)
def test_right_answer_keeps_every_point_on_every_seed(problem: str, variant: Variant) -> None:
    for seed in MANY_SEEDS:
        marking = mark(problem, variant.answers, seed, [variant.item])
        assert_keeps_every_point(marking, variant, seed)


def test_there_are_more_than_sixty_and_some_for_every_item() -> None:
    counts = Counter(variant.item for _, variant in CASES)
    assert sum(counts.values()) > 60
    few = {item.name: counts[item.name] for item in HOMEWORK.select("auto")}
    assert {name: count for name, count in few.items() if count < 4} == {}


def test_no_two_have_the_same_name() -> None:
    names = Counter(map(str, (variant for _, variant in CASES)))
    assert [name for name, count in names.items() if count > 1] == []
