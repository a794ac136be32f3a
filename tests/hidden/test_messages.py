"""A failed claim shows a student the kind of failure, and no hidden data."""

from __future__ import annotations

import re

import numpy as np
import pytest

from autograder.grading.testkit import ClaimFailed, as_pair, assert_close, lookup

from .answers import Variant
from .marking import PROBLEMS, failures, mark
from .wrong import CASES

SAFE_NUMBERS = {"0.2", "1/2", "-0.5", "−1/2", "−1"}
"""The tolerance, and numbers that items state: the guide's slope, and the excluded λ = −1."""
MADE_UP_NAMES = ("red team", "blue team", "third")

LEGIBLE = 240


def numbers_in(message: str) -> list[str]:
    """Return the numbers in a message, without shapes, sizes of errors and names such as x0.

    The size of an error has one digit that is not 0; an error with more digits would reveal too
    much.
    """
    words = re.sub(r"\([\d, ]*\)", " ", message)
    words = re.sub(r"(?:error is|off by) about (?:[1-9]0*|0\.0*[1-9]) % of", " ", words)
    words = re.sub(r"[^\W\d]+[\d₀-₉^_]*\d", " ", words)
    return re.findall(r"[-−]?\d+(?:[./]\d+)*(?:e[-+]?\d+)?", words)


def assert_holds_nothing_hidden(message: str) -> None:
    assert message
    assert len(message) < LEGIBLE
    for number in numbers_in(message):
        small_count = number.isdigit() and int(number) <= 60
        assert small_count or number in SAFE_NUMBERS, message
    assert not any(name in message for name in MADE_UP_NAMES), message


@pytest.mark.slow  # the everyday run reads other marked messages
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("problem", "variant"), CASES, ids=str)
def test_message_of_a_wrong_answer_holds_nothing_hidden(problem: str, variant: Variant) -> None:
    for failure in failures(mark(problem, variant.answers, 5, [variant.item])):
        assert_holds_nothing_hidden(failure.message)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_claims_are_sentences(problem: str) -> None:
    outcomes = [outcome for found in mark(problem, {}, 0).outcomes.values() for outcome in found]
    assert outcomes
    for outcome in outcomes:
        assert outcome.claim.endswith("."), outcome.case
        assert len(outcome.claim) < 120, outcome.case


def test_a_number_with_digits_would_be_noticed() -> None:
    assert numbers_in("u is off: 1.2345 for 0.7") == ["1.2345", "0.7"]
    assert numbers_in("x0 has shape (3, 2), it is off by about 30 % of the right value") == []
    assert numbers_in("its largest error is about 0.4 % of it, off by about 800 % of it") == []
    assert numbers_in("off by about 63.2 %") == ["63.2"]
    assert numbers_in("off by about 0.43 %, off by about 812 %") == ["0.43", "812"]
    assert not np.isin(numbers_in("it is -0.31 there"), list(SAFE_NUMBERS)).any()


@pytest.mark.parametrize("shape", [(0, 173_380), (0, 1, 2, 3, 4, 5), (123,)])
def test_a_shape_spells_out_nothing(shape: tuple[int, ...]) -> None:
    with pytest.raises(ClaimFailed) as failed:
        assert_close(np.zeros(shape), np.zeros((4, 4)))
    assert len(re.findall(r"\d+", str(failed.value).partition("but")[0])) <= 3
    assert not re.search(r"\d{3}", str(failed.value))


def test_a_number_of_parts_spells_out_nothing() -> None:
    with pytest.raises(ClaimFailed, match="has many parts"):
        as_pair([0] * 4321, "u, v")
    with pytest.raises(ClaimFailed, match="has many entries"):
        lookup({(float(k), 0.0): 0 for k in range(4321)}, [], "eta, rho")
