"""The wrong answers outside the catalogue of misconceptions, by problem, and their marking."""

from __future__ import annotations

from . import wrong_landscape, wrong_momentum, wrong_ntk
from .answers import Variant, variants
from .marking import HOMEWORK, Together

WRONG = {
    "problem1_momentum": variants(wrong_momentum),
    "problem2_landscape": variants(wrong_landscape),
    "problem3_ntk": variants(wrong_ntk),
}
CASES = [(problem, variant) for problem, found in WRONG.items() for variant in found]

PLOTS = frozenset(["p1-plot", "p2c-trace-plot", "p2c-surface-plot", "p3-plot"])


def items_for(problem: str, variant: Variant) -> set[str]:
    """Return all items except the other pictures, which are slow and use no other answers."""
    items = {item.name for item in HOMEWORK.select("auto") if item.problem == problem}
    return items - PLOTS | {variant.item}


MARKED = Together(HOMEWORK.seed)
for a_problem, each in CASES:
    MARKED.add(str(each), a_problem, each.answers, items_for(a_problem, each), each.item)
