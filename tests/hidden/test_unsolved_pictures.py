"""Pictures that are drawn without solving the problem earn nothing."""

from __future__ import annotations

from collections import Counter

import pytest

from . import unsolved_pictures
from .answers import TARGETS, Variant, variants
from .marking import HOMEWORK, Together, failures, mark, shares

SEED = 1
"""The seed of the everyday tests."""
MANY_SEEDS = range(20)
PLOTS = ("p1-plot", "p2c-trace-plot", "p2c-surface-plot", "p3-plot")
CASES = variants(unsolved_pictures)

EVERYDAY = 3
"""Number of pictures of each item in the everyday run."""
FEW = [case for plot in PLOTS for case in [c for c in CASES if c.item == plot][:EVERYDAY]]

MARKED = Together(SEED)
for each in CASES:
    problem, group = HOMEWORK.items[each.item].problem, (each.item, each in FEW)
    MARKED.add(str(each), problem, each.answers, [each.item], group)

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize(
    "variant",
    [pytest.param(c, marks=[] if c in FEW else pytest.mark.slow, id=str(c)) for c in CASES],
)
def test_picture_without_the_answer_earns_nothing(variant: Variant) -> None:
    marking = MARKED.marking(str(variant))
    assert shares(marking) == {variant.item: 0.0}
    assert [f.message for f in failures(marking) if "raised" in f.message] == []


@pytest.mark.slow
@pytest.mark.parametrize("variant", CASES, ids=str)
def test_picture_without_the_answer_earns_nothing_on_any_seed(variant: Variant) -> None:
    problem = HOMEWORK.items[variant.item].problem
    found = {
        seed: shares(mark(problem, variant.answers, seed, [variant.item])) for seed in MANY_SEEDS
    }
    assert found == {seed: {variant.item: 0.0} for seed in MANY_SEEDS}


def test_there_are_ten_for_every_picture() -> None:
    counts = Counter(variant.item for variant in CASES)
    assert {item: counts[item] for item in PLOTS if counts[item] < 10} == {}
    assert set(counts) <= set(TARGETS)
