"""Each wrong answer loses its item, or the stated share of it, and nothing else."""

from __future__ import annotations

import pytest

from . import wrong_landscape, wrong_momentum, wrong_ntk
from .answers import Variant, variants
from .local import hidden_cases, run_items, shares

WRONG = {
    "problem1_momentum": variants(wrong_momentum),
    "problem2_landscape": variants(wrong_landscape),
    "problem3_ntk": variants(wrong_ntk),
}
SEEDS = [0, 1, 2]
PLOTS = frozenset(["p1-plot", "p2c-trace-plot", "p2c-surface-plot", "p3-plot"])

CASES = [(problem, variant) for problem, found in WRONG.items() for variant in found]


@pytest.mark.parametrize(("problem", "variant"), CASES, ids=str)
def test_wrong_answer_loses_its_item_and_nothing_else(problem: str, variant: Variant) -> None:
    for seed in SEEDS[:2] if variant.item in PLOTS else SEEDS:
        items = _items(problem, variant) if seed == SEEDS[0] else frozenset([variant.item])
        outcomes = run_items(problem, variant.answers, seed, items)
        found = shares(outcomes)
        expected = dict.fromkeys(found, 1.0) | {variant.item: 1 - variant.loses}
        failed = [(o.case.name, o.message) for o in outcomes if not o.passed]
        assert found == pytest.approx(expected), (seed, failed)


def _items(problem: str, variant: Variant) -> frozenset[str]:
    """All items but the other pictures, which are slow and build on nothing."""
    items = {case.item for case in hidden_cases(problem)}
    return frozenset(items - PLOTS | {variant.item})
