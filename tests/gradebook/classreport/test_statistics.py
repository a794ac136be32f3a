"""The numbers of the class report, compared with values that were computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.pages.classreport.statistics import (
    analyse_items,
    correlation,
    cronbach_alpha,
    histogram,
    settled_items,
    spread,
    wilson_lower,
)

NAN = float("nan")


def test_spread_of_four() -> None:
    found = spread([1.0, 2.0, 3.0, 6.0])
    assert found is not None
    # standard deviation: √((4 + 1 + 0 + 9) / 3); quartiles are 0.75 and 2.25 steps into the sorted
    # values
    assert (found.n, found.mean, found.least, found.median, found.most) == (4, 3.0, 1.0, 2.5, 6.0)
    assert (found.lower, found.upper) == (1.75, 3.75)
    assert found.deviation == pytest.approx((14 / 3) ** 0.5)


def test_spread_of_nothing_and_of_one() -> None:
    assert spread([]) is None
    one = spread([2.0])
    assert one is not None
    assert (one.deviation, one.median) == (None, 2.0)


def test_correlation_by_hand() -> None:
    # deviations (−1, 0, 1) and (−1, 1, 0): 1 / √(2 · 2)
    assert correlation(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0, 1.0])) == pytest.approx(0.5)


@pytest.mark.parametrize("x", [[1.0, 1.0, 1.0], [0.1 + 0.2, 0.3, 0.3]])
def test_nothing_correlates_with_what_is_the_same_for_all(x: list[float]) -> None:
    assert correlation(np.array(x), np.array([1.0, 2.0, 3.0])) is None
    assert correlation(np.array([1.0, 2.0, 3.0]), np.array(x)) is None


def test_two_persons_tell_no_correlation() -> None:
    assert correlation(np.array([0.0, 1.0]), np.array([0.0, 1.0])) is None


def test_item_is_correlated_with_the_rest_alone() -> None:
    points = np.array([[1.0, 0.0, 0.0], [2.0, 1.0, 1.0], [3.0, 0.0, 1.0]])
    first, second, _ = analyse_items(points, np.array([3.0, 1.0, 1.0]))
    # rest scores of the first item: 0, 2, 1; if the total included the item, the result would be
    # 0.9
    assert first.discrimination == pytest.approx(0.5)
    assert first.difficulty == pytest.approx(2 / 3)
    # second item: correlation of (0, 1, 0) with 1, 3, 4, whose deviations are −5/3, 1/3, 4/3
    assert second.discrimination == pytest.approx((1 / 3) / (2 / 3 * 42 / 9) ** 0.5)


def test_open_marks_count_neither_for_the_item_nor_for_the_rest() -> None:
    points = np.array([[1.0, 0.0, NAN], [0.0, 1.0, 2.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert settled_items(points).tolist() == [True, True, False]
    first, _, third = analyse_items(points, np.array([1.0, 1.0, 2.0]))
    assert (first.n, first.difficulty, first.discrimination) == (4, 0.5, pytest.approx(0.0))
    assert (third.n, third.difficulty) == (3, 0.5)
    # correlation of 2, 0, 1 with the rest scores 1, 2, 0
    assert third.discrimination == pytest.approx(-0.5)


def test_why_there_is_no_discrimination_is_said() -> None:
    points = np.array([[1.0, NAN, 0.0], [1.0, NAN, 1.0], [1.0, NAN, 0.0]])
    first, second, third = analyse_items(points, np.array([1.0, 1.0, 1.0]))
    assert (first.difficulty, first.discrimination) == (1.0, None)
    assert first.why == "all persons have the same points"
    assert (second.n, second.difficulty, second.why) == (
        0,
        None,
        "no person has a mark for this item yet",
    )
    assert third.why == "all persons have the same rest score"
    (lonely,) = analyse_items(np.array([[1.0], [0.0]]), np.array([1.0]))
    assert lonely.why == "fewer than 3 marks"


def test_cronbach_alpha_by_hand() -> None:
    # the variances are 1 and 1, and the variance of the sums (0, 3, 3) is 3: 2 · (1 − 2/3)
    points = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 1.0]])
    assert cronbach_alpha(points) == pytest.approx(2 / 3)
    assert cronbach_alpha(np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])) is None
    assert cronbach_alpha(points[:, :1]) is None


def test_suspect_item_goes_against_the_rest_by_more_than_chance() -> None:
    rising = np.arange(30.0)
    points = np.stack([-rising, rising, rising], axis=1)
    assert [item.is_suspect for item in analyse_items(points, np.ones(3))] == [True, False, False]


def test_wilson_ranks_much_above_little() -> None:
    # z² = 3.8416: 1 / (1 + z²/n) at p = 1
    assert wilson_lower(10, 10) == pytest.approx(10 / 13.8416)
    assert wilson_lower(5, 10) == pytest.approx(0.2366, abs=1e-4)
    assert wilson_lower(0, 10) == pytest.approx(0.0, abs=1e-12)
    assert wilson_lower(0, 0) == 0.0


def test_histogram_counts_what_lies_outside_in_the_outermost_classes() -> None:
    edges, counts = histogram([-1.0, 0.0, 2.5, 5.0, 7.0], 5.0, 5)
    assert edges == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert counts == [2, 0, 1, 0, 2]
