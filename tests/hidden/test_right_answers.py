"""Each right answer keeps every point of its item, however unusual it is."""

from __future__ import annotations

import pytest

from . import right_landscape, right_momentum, right_ntk
from .answers import Variant, variants
from .local import run_items, shares

RIGHT = {
    "problem1_momentum": variants(right_momentum),
    "problem2_landscape": variants(right_landscape),
    "problem3_ntk": variants(right_ntk),
}
SEEDS = [0, 1, 2]

CASES = [(problem, variant) for problem, found in RIGHT.items() for variant in found]


@pytest.mark.parametrize("problem", RIGHT)
def test_reference_keeps_every_point(problem: str) -> None:
    for seed in SEEDS:
        outcomes = run_items(problem, {}, seed)
        assert [o.message for o in outcomes if not o.passed] == []


@pytest.mark.parametrize(("problem", "variant"), CASES, ids=str)
def test_right_answer_keeps_every_point(problem: str, variant: Variant) -> None:
    for seed in SEEDS:
        outcomes = run_items(problem, variant.answers, seed, frozenset([variant.item]))
        failed = [(o.case.name, o.message) for o in outcomes if not o.passed]
        assert shares(outcomes) == {variant.item: pytest.approx(1.0)}, (seed, failed)


@pytest.mark.parametrize("problem", RIGHT)
def test_there_are_twelve_right_answers_or_more(problem: str) -> None:
    assert len(RIGHT[problem]) >= 12
