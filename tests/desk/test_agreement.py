"""The agreement of markers, against numbers computed by hand."""

from __future__ import annotations

from typing import Any

import krippendorff
import numpy as np
import pytest

from autograder.desk.agreement import (
    Level,
    bootstrap_interval,
    independent,
    krippendorffs_alpha,
    read_agreement,
    share_of_agreement,
)
from autograder.desk.deal import deal
from autograder.desk.desk import Desk
from autograder.gradebook.handmarks import HandMark, HandMarks
from tests.desk.conftest import Marker

# Two people mark ten answers. A step is ticked (1) or not (0):
#
#   answer   1 2 3 4 5 6 7 8 9 10
#   Rita     1 1 1 1 1 0 0 0 0 0
#   Sam      1 1 1 1 0 0 0 0 0 1
#
# They agree on 8 of 10 answers. Each answer adds both orders of its pair to the coincidences:
#   o(1,1) = 2 * 4 = 8     (answers 1 to 4)
#   o(0,0) = 2 * 4 = 8     (answers 6 to 9)
#   o(1,0) = o(0,1) = 2    (answers 5 and 10)
# n(1) = 8 + 2 = 10, n(0) = 10, n = 20.
# Nominal: alpha = 1 - (n - 1) * o(0,1) / (n(0) * n(1)) = 1 - 19 * 2 / 100 = 0.62.
TICKS = list(zip([1, 1, 1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0, 0, 1], strict=True))

# Points of three answers: (0, 0), (1, 2), (2, 2).
# Both orders of each pair: observed distance = 2 * 1**2 = 2, summed over all coincidences.
# n(0) = 2, n(1) = 1, n(2) = 3, n = 6. Expected, over ordered pairs of values:
#   2 * (n(0) n(1) * 1 + n(0) n(2) * 4 + n(1) n(2) * 1) = 2 * (2 + 24 + 3) = 58.
# Interval: alpha = 1 - (n - 1) * 2 / 58 = 1 - 10 / 58 = 24 / 29.
POINTS = [(0.0, 0.0), (1.0, 2.0), (2.0, 2.0)]


def test_alpha_of_a_step_is_the_one_computed_by_hand() -> None:
    assert share_of_agreement(TICKS) == 0.8
    alpha, note = krippendorffs_alpha(TICKS, "nominal")
    assert (alpha, note) == (pytest.approx(0.62), "")


def test_alpha_of_points_is_the_one_computed_by_hand() -> None:
    assert share_of_agreement(POINTS) == pytest.approx(2 / 3)
    assert krippendorffs_alpha(POINTS, "interval")[0] == pytest.approx(24 / 29)


def test_alpha_is_undefined_if_all_marks_are_the_same() -> None:
    alpha, note = krippendorffs_alpha([(1.0, 1.0), (1.0, 1.0)], "nominal")
    assert (alpha, note) == (None, "undefined: every mark is ticked")
    assert krippendorffs_alpha([(0.5, 0.5)], "interval") == (
        None, "undefined: every mark is 0.5 points",
    )  # fmt: skip


@pytest.mark.parametrize("level", ["nominal", "interval"])
def test_the_interval_is_that_of_the_packages_alpha_over_resamples(level: Level) -> None:
    rng = np.random.default_rng(3)
    first = rng.integers(0, 4, size=30) / 2
    second = np.where(rng.random(30) < 0.7, first, rng.integers(0, 4, size=30) / 2)
    values = [(float(a), float(b)) for a, b in zip(first, second, strict=True)]
    low, high = bootstrap_interval(values, level) or (9, 9)
    alphas = [
        krippendorff.alpha(
            np.array([first[rows], second[rows]]),
            value_domain=[0.0, 0.5, 1.0, 1.5],
            level_of_measurement=level,
        )
        for rows in rng.integers(0, 30, size=(400, 30))
    ]
    assert (low, high) == pytest.approx(np.quantile(alphas, [0.025, 0.975]), abs=0.06)
    assert low < (krippendorffs_alpha(values, level)[0] or 0) < high
    assert bootstrap_interval(values, level) == (low, high)


def test_an_interval_needs_different_answers() -> None:
    assert bootstrap_interval([(1.0, 0.0)], "nominal") is not None
    assert bootstrap_interval([(1.0, 1.0)] * 40 + [(0.0, 1.0)], "nominal") is not None
    assert bootstrap_interval([(1.0, 1.0)] * 4, "nominal") is None


def a_mark(marker: str, points: float, after: str = "", **more: object) -> HandMark:
    fields: dict[str, Any] = {"item": "a", "student": "s", "answer": "text", "ticks": ()}
    return HandMark(marker=marker, points=points, after=after, **{**fields, **more})


def test_marks_whose_authors_saw_another_do_not_count() -> None:
    rita = a_mark("Rita", 1)
    corrected = a_mark("Tom", 2, rita.uid)
    blind = a_mark("Sam", 0, second=True)
    revised = a_mark("Sam", 0.5, blind.uid, second=True)
    settled = a_mark("Tom", 1.5, corrected.uid, settles=(revised.uid,), cause="settled")
    later = a_mark("Sam", 0.25, settled.uid)
    log = HandMarks([rita, corrected, blind, revised, settled, later])
    found = {mark.marker: mark.points for mark in independent(log, ("a", "s"))}
    assert found == {"Tom": 2, "Sam": 0.5}


def test_marks_of_two_copies_count_but_not_those_of_another_text() -> None:
    log = HandMarks([a_mark("Rita", 1), a_mark("Sam", 2), a_mark("Tom", 2, answer="old text")])
    assert {mark.marker for mark in independent(log, ("a", "s"))} == {"Rita", "Sam"}


def test_one_marker_and_no_overlap_are_said_in_words(rita: Marker, desk: Desk) -> None:
    rita.gives("a-proof", "anna", "s1")
    results = read_agreement(desk)
    assert (results.double, results.differences) == (0, ())
    assert {each.note for each in results.agreement} == {"no answer was marked by two people"}
    assert {each.alpha for each in results.agreement} == {None}
    assert [means.p for means in results.means] == [None, None]
    assert [(each.marker, each.answers, each.points) for each in results.means[0].markers] == [
        ("Rita", 1, 0.5)
    ]


def test_an_overlap_at_the_desk_is_reported_with_what_to_settle(
    desk: Desk, rita: Marker, sam: Marker
) -> None:
    deal(desk, ["Rita=a-proof", "Sam=b-essay"], "100%")
    for student, hers, his in (
        ("anna", ["s1"], ["s1"]),
        ("ben", ["s1", "s2"], ["s1"]),
        ("cleo", [], []),
    ):
        rita.gives("a-proof", student, *hers)
        sam.gives("a-proof", student, *his)
    results = read_agreement(desk)
    assert results.double == 3
    [points, first, second, third, *_] = results.agreement
    # points (0.5, 0.5), (1.5, 0.5), (0, 0): observed 2, n(0) = 2, n(0.5) = 3, n(1.5) = 1.
    # Expected 2 * (2 * 3 * 0.25 + 2 * 1 * 2.25 + 3 * 1 * 1) = 18; alpha = 1 - 5 * 2 / 18
    assert points.alpha == pytest.approx(1 - 10 / 18)
    assert points.share == pytest.approx(2 / 3)
    assert (first.share, first.alpha) == (1.0, 1.0)
    # ticks (0, 0), (1, 0), (0, 0): o(0,1) = 1, n(1) = 1, n(0) = 5; alpha = 1 - 5 * 1 / 5
    assert second.alpha == pytest.approx(0.0)
    assert (third.alpha, third.note) == (None, "undefined: every mark is not ticked")
    [difference] = results.differences
    assert (difference.student, difference.points) == ("ben", (("Rita", 1.5), ("Sam", 0.5)))
    rita.gives("a-proof", "ben", "s1")
    settled = read_agreement(desk)
    assert settled.differences == ()
    assert settled.agreement == results.agreement


def test_means_that_differ_by_more_than_chance_are_noticed() -> None:
    from autograder.desk.agreement import _chance

    assert (_chance([[2.0] * 10, [1.0] * 10]) or 1) < 0.001
    # all six ways to deal 0, 0, 1 and 1 to two people: two of them differ as much as these
    assert _chance([[0.0, 0.0], [1.0, 1.0]]) == pytest.approx(1 / 3, abs=0.04)
    assert _chance([[1.0, 2.0], [1.0, 2.0]]) == 1.0
    assert _chance([[1.0, 2.0]]) is None
