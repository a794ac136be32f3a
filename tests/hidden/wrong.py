"""The wrong answers outside the catalogue of misconceptions, by problem."""

from __future__ import annotations

from . import wrong_landscape, wrong_momentum, wrong_ntk
from .answers import variants

WRONG = {
    "problem1_momentum": variants(wrong_momentum),
    "problem2_landscape": variants(wrong_landscape),
    "problem3_ntk": variants(wrong_ntk),
}
CASES = [(problem, variant) for problem, found in WRONG.items() for variant in found]
