"""The homework has enough misconceptions, in words for students, and names none wrongly."""

from __future__ import annotations

from collections import Counter

import pytest

from autograder.grading.misconceptions import load_misconceptions
from autograder.release.proof.killmatrix import kill_matrix
from tests.warm import WARM

from .answers import Variant
from .marking import COURSE, HOMEWORK
from .wrong import CASES, MARKED

CATALOGUE = load_misconceptions(COURSE, HOMEWORK)


def test_there_are_a_hundred_and_twenty_and_four_for_every_item() -> None:
    counts = Counter(misconception.item for misconception in CATALOGUE)
    assert len(CATALOGUE) >= 120
    assert {item.name: counts[item.name] >= 4 for item in HOMEWORK.select("auto")} == {
        item.name: True for item in HOMEWORK.select("auto")
    }


@pytest.mark.parametrize("misconception", [*CATALOGUE], ids=str)
def test_its_sentence_is_one_a_student_can_read(misconception: object) -> None:
    sentence = misconception.sentence  # type: ignore[attr-defined]
    assert 20 <= len(sentence) <= 220
    assert sentence.endswith((".", "?", "!"))


def test_no_two_of_an_item_say_the_same() -> None:
    said = Counter((misconception.item, misconception.sentence) for misconception in CATALOGUE)
    assert [key for key, count in said.items() if count > 1] == []


@pytest.mark.slow  # the proof of the release, which runs every day, uses another seed
def test_nine_in_ten_are_called_by_name_and_none_by_another() -> None:
    matrix = kill_matrix(COURSE, HOMEWORK, seed=11)
    assert list(matrix.faults()) == []
    assert matrix.named >= 0.9 * len(matrix.rows)


MATCHES = {
    "p1-momentum: stops_where_two_rows_are_close": "run_ends_after_a_small_move",
    "p1-momentum: filled_up_after_a_gradient_of_zero": "last_row_repeated_after_a_small_gradient",
    "p1-momentum: clipped_at_norm_100": "gradient_cut_down",
    "p1-momentum: memory_cut_off_at_1": "betas_cut_off",
    "p1a-heavy-ball: momentum_for_heavy_ball": "parameters_converted_again",
    "p1-plot: white_on_white": "invisible",
    "p1b-ima: average_stops_where_z_rests": "run_ends_at_a_small_gradient",
    "p3c-relu: gram_matrix_for_relu": (
        "angle_of_an_input_with_itself_beside_the_right_cosine"  # this name fits the answer too
    ),
    "p2c-gd: stops_at_1e_6": "run_ends_at_a_small_gradient",
    "p2c-gd: filled_up_where_two_rows_are_close": "last_row_repeated_after_a_small_move",
    "p2c-usam: usam_stops_at_1e_10": "last_row_repeated_after_a_small_gradient",
    "p2c-surface-plot: upside_down": "negative_loss",
    **dict.fromkeys(
        (
            f"p2c-surface-plot: {name}"
            for name in (
                *("handles_swapped", "labels_right_and_handles_swapped", "samples_swapped"),
                *("markers_swapped", "error_bars_under_swapped_labels"),
                "solid_surface_under_swapped_labels",
            )
        ),
        "names_swapped",
    ),
    "p3-plot: errors_called_the_guide": "guide_without_a_name",
    "p3-plot: white_errors": "invisible_errors",
}
"""Wrong answers that are not in the catalogue, and the misconception that equals each of them."""


@pytest.mark.parametrize("variant", [each for _, each in CASES], ids=str)
def test_a_wrong_answer_that_is_not_in_the_catalogue_is_called_nothing(variant: Variant) -> None:
    outcomes = MARKED.marking(str(variant)).outcomes[variant.item]
    found = WARM.diagnosticians.get(COURSE, HOMEWORK, HOMEWORK.seed).diagnose(
        variant.item, outcomes
    )
    assert [each.name for each in found] == [*filter(None, [MATCHES.get(str(variant))])]
