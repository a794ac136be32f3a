"""The comparisons for hidden tests: which values pass, which values fail, and the messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.grading.testkit import (
    ClaimFailed,
    as_array,
    as_dict,
    as_figure,
    as_pair,
    as_tuple,
    assert_close,
    assert_left_alone,
    assert_number_close,
    item,
    lookup,
    says,
    says_number,
    says_otherwise,
)

RIGHT = np.array([[1.0, -2.0, 3.0], [0.5, 0.0, 40.0]])

EQUALS: dict[str, Any] = {
    "the same": RIGHT,
    "lists": RIGHT.tolist(),
    "tuples": tuple(map(tuple, RIGHT.tolist())),
    "a list of arrays": list(RIGHT),
    "float32": RIGHT.astype(np.float32),
    "complex without imaginary part": RIGHT.astype(complex),
    "rounding": RIGHT * (1 + 1e-4),
    "an error that is small beside the largest entry": RIGHT + 0.05,
    "Fortran order": np.asfortranarray(RIGHT),
}

DIFFERENT: dict[str, tuple[Any, str]] = {
    "None": (None, "is None"),
    "NaN": (np.where(RIGHT == 0, np.nan, RIGHT), "NaN"),
    "infinite": (np.where(RIGHT == 0, np.inf, RIGHT), "infinite"),
    "off": (
        RIGHT + 0.5,
        "is wrong: its largest error is about 1 % of the largest entry of the right answer; "
        "0.2 % is allowed.",
    ),
    "a little off": (
        RIGHT + 0.1,
        "its largest error is a little over what is allowed, 0.2 % of the largest entry of the "
        "right answer.",
    ),
    "zeros": (0 * RIGHT, "its largest error is about 100 % of"),
    "nine times as large": (9 * RIGHT, "its largest error is about 800 % of"),
    "huge": (np.full((2, 3), 1.7e308), "more than 10 times the largest entry of the right answer;"),
    "transposed": (RIGHT.T, "shape (3, 2), but (2, 3)"),
    "one row": (RIGHT[:1], "shape (1, 3)"),
    "one number": (1.0, "shape () (a number)"),
    "ragged": ([[1.0], [2.0, 3.0]], "differ in shape"),
    "texts": ([["1", "2", "3"]] * 2, "not an array of numbers"),
    "a text": ("1 2 3", "a text"),
    "truth values": (RIGHT > 0, "its largest error is about 100 % of"),
    "integers beyond 64 bits": ([[10**30] * 3] * 2, "not an array of numbers"),
    "a dict": ({"a": 1}, "a dict"),
    "imaginary": (RIGHT + 1e-9j, "complex"),
    "a ragged mixture": ([np.zeros((2, 3)), [None]], ""),
    "deeply nested": (eval("[" * 40 + "1.0" + "]" * 40), ""),
}


@pytest.mark.parametrize("name", EQUALS)
def test_equal_answers_pass(name: str) -> None:
    assert_close(EQUALS[name], RIGHT)


def test_error_of_a_number_is_told_as_a_part_of_the_right_value() -> None:
    with pytest.raises(ClaimFailed) as caught:
        assert_number_close(1.6, 1.0, what="the trace")
    assert str(caught.value) == (
        "The trace is wrong: it is off by about 60 % of the right value; 0.2 % is allowed."
    )


def test_where_all_is_zero_no_size_of_an_error_is_told() -> None:
    with pytest.raises(ClaimFailed) as caught:
        assert_close([0.6, 0.0], [0.0, 0.0])
    assert str(caught.value) == ("The answer is wrong: its largest error is more than allowed.")


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_answers_fail_and_say_why(name: str) -> None:
    answer, words = DIFFERENT[name]
    with pytest.raises(ClaimFailed) as caught:
        assert_close(answer, RIGHT, what="the matrix")
    assert str(caught.value).startswith("The matrix ")
    assert words in str(caught.value)


def test_messages_hold_no_number_of_the_expected_values() -> None:
    secret = np.array([123.456, 7.891])
    for answer in (secret + 1, secret[:1], None, "x", np.nan * secret):
        with pytest.raises(ClaimFailed) as caught:
            assert_close(answer, secret)
        assert not any(digits in str(caught.value) for digits in ("123", "7.8", "124", "8.8"))


def test_error_is_measured_against_one_where_all_is_zero() -> None:
    assert_close([1e-3, 0], np.zeros(2))
    with pytest.raises(ClaimFailed):
        assert_close([3e-3, 0], np.zeros(2))


def test_error_just_above_the_tolerance_fails() -> None:
    assert_close(1.0019 * RIGHT, RIGHT)
    with pytest.raises(ClaimFailed):
        assert_close(1.0021 * RIGHT, RIGHT)


def test_empty_answers_are_compared_by_their_shape() -> None:
    assert_close(np.zeros((0, 3)), np.zeros((0, 3)))
    with pytest.raises(ClaimFailed):
        assert_close([], np.zeros((0, 3)))


@pytest.mark.parametrize("answer", [2, 2.0, np.array(2.0), [2.0], np.array([[2.0]]), np.float32(2)])
def test_number_may_come_in_an_array_of_one(answer: Any) -> None:
    assert_number_close(answer, 2.0)


@pytest.mark.parametrize("answer", [None, 2.1, [2.0, 2.0], [], "2", float("nan"), True])
def test_what_is_no_such_number_fails(answer: Any) -> None:
    with pytest.raises(ClaimFailed):
        assert_number_close(answer, 2.0)


@pytest.mark.parametrize("answer", [(1, 2), [1, 2], np.array([1, 2]), np.zeros((2, 5))])
def test_pair_is_anything_of_two_parts(answer: Any) -> None:
    assert len(as_pair(answer, "a, b")) == 2


@pytest.mark.parametrize(
    "answer", [None, 3, "ab", {"a": 1, "b": 2}, (1,), np.array(1.0), (1, 2, 3)]
)
def test_what_is_no_pair_fails(answer: Any) -> None:
    with pytest.raises(ClaimFailed):
        as_pair(answer, "a, b")


@pytest.mark.parametrize("answer", [(1, 2, 3), [1, 2, 3], np.zeros((3, 5))])
def test_tuple_has_as_many_parts_as_names(answer: Any) -> None:
    assert len(as_tuple(answer, "a, b, c")) == 3
    with pytest.raises(ClaimFailed, match=r"3 parts, but the tuple \(a, b, c, d\) is asked for"):
        as_tuple(answer, "a, b, c, d")


@pytest.mark.parametrize("answer", [None, 3, "abc", {"a": 1, "b": 2, "c": 3}, np.array(1.0), ()])
def test_what_is_no_tuple_fails(answer: Any) -> None:
    with pytest.raises(ClaimFailed):
        as_tuple(answer, "a, b, c")


def test_entries_of_a_dict_are_found_by_their_names() -> None:
    assert as_dict({"b": 2, "a": 1, "loss": 3}, "a, b") == {"a": 1, "b": 2}


@pytest.mark.parametrize("answer", [None, 3, "ab", (1, 2), ["a", "b"], np.ones(2), {}, {"a": 1}])
def test_dict_without_the_names_fails(answer: Any) -> None:
    with pytest.raises(ClaimFailed):
        as_dict(answer, "a, b")


def test_missing_entry_is_named() -> None:
    with pytest.raises(ClaimFailed, match=r"The gradients: there is no entry 'b'\."):
        as_dict({"a": 1, ("b",): 2}, "a, b", what="the gradients")


def test_changed_array_is_noticed() -> None:
    before = np.array([1.0, 2.0])
    assert_left_alone(before.copy(), before, "the start")
    with pytest.raises(ClaimFailed, match="The start was changed in place"):
        assert_left_alone(before + 1e-12, before, "the start")


PAIRS = [(0.1, 0.0), (0.1, 0.2), (0.3, 0.0), (0.3, 0.2)]


def test_keys_are_matched_up_to_rounding_and_in_any_order() -> None:
    found = {(0.1 + 0.2, 0.2): 3, (0.3, 0): 2, (0.1, 0.2): 1, (0.1, 0): 0}
    assert lookup(found, PAIRS, "a, b") == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [1, 2, 3, 4],
        {},
        {(b, a): 1 for a, b in PAIRS},
        dict.fromkeys(PAIRS[1:], 1),
        dict.fromkeys([*PAIRS, (9.0, 9.0)], 1),
        {str(pair): 1 for pair in PAIRS},
        {0.1: {0.0: 1, 0.2: 1}, 0.3: {0.0: 1, 0.2: 1}},
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_other_keys_fail(answer: Any) -> None:
    with pytest.raises(ClaimFailed):
        lookup(answer, PAIRS, "a, b")


@pytest.mark.parametrize(
    "text",
    [
        "η = 0.05",
        r"$\eta$ = 5e-2",
        r"$5 \times 10^{-2}$",
        r"$\frac{1}{20}$",
        "1/20",
        ".05",
        "5.0E-02",
    ],
)
def test_number_is_found_in_any_notation(text: str) -> None:
    assert says_number(0.05)(text)


@pytest.mark.parametrize("text", ["η = 0.5", "eta 1", "", "run 5", "0.15", "1/2", "20"])
def test_other_numbers_are_told_apart(text: str) -> None:
    assert not says_number(0.05)(text)


def test_list_of_many_numbers_holds_none_of_them() -> None:
    text = ", ".join(f"{k / 20:g}" for k in range(1, 20))
    assert not says_number(0.05)(f"eta = {text}")
    assert says_number(0.05)(f"eta = {text[:20]}")


def test_power_of_ten_is_a_number() -> None:
    assert says_number(0.01)(r"$10^{-2}$")


def test_name_is_found_within_mathematics() -> None:
    assert says("red team")(r"final $\mathrm{Red\ team}$")
    assert not says("red team")("blue team")


@pytest.mark.parametrize("answer", [None, 3.0, [1, 2], "figure"])
def test_what_is_no_figure_fails(answer: Any) -> None:
    with pytest.raises(ClaimFailed):
        as_figure(answer)


def test_item_marks_a_test_with_its_part_and_costs() -> None:
    @item("p1-momentum", part="first", costs=0.25)
    def test() -> None: ...

    (mark,) = test.pytestmark  # type: ignore[attr-defined]
    assert mark.args == ("p1-momentum",)
    assert mark.kwargs == {"part": "first", "costs": 0.25}


@pytest.mark.parametrize("costs", [-0.1, 1.0])
def test_item_refuses_costs_that_are_no_share(costs: float) -> None:
    with pytest.raises(ValueError, match="fraction"):
        item("p1-momentum", costs=costs)


@pytest.mark.parametrize("convert", [list, tuple, np.array, np.float32])
def test_array_of_an_answer_is_always_float64(convert: Callable[[Any], Any]) -> None:
    array = as_array(convert([1, 2, 3]))
    assert array.dtype == np.float64
    assert type(array) is np.ndarray


@pytest.mark.parametrize(
    "text",
    [
        r"USAM, $\rho$ = 0.2",
        "ρ=0.5",
        "Rho = 1/4, η = 0.1",
        "ρ=0.2,η=0.1",
        r"$\rho = 10^{-2}$",
        "ρ = 0.2 and ρ = 0.3",
    ],
)
def test_text_that_gives_a_letter_another_value_is_found(text: str) -> None:
    assert says_otherwise("rho", 0.1)(text)


@pytest.mark.parametrize(
    "text",
    [
        "USAM",
        "ρ > 0",
        r"$\rho$ = 0.1",
        "rho=.1, eta=0.5",
        "ρ = 1e-1",
        "rho",
        "ρ = 0.2, 0.1",
        r"USAM, $\rho = 0.2$ and $\rho = 0.1$",
    ],
)
def test_text_that_gives_a_letter_no_other_value_is_let_pass(text: str) -> None:
    assert not says_otherwise("rho", 0.1)(text)


def test_letter_within_a_longer_name_is_not_meant() -> None:
    assert not says_otherwise("eta", 0.1)(r"$\beta = 3$, $\theta = 1$")
