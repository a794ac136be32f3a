"""Each right answer keeps every point of its item, however unusual it is."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from autograder.grading.inprocess import LocalMarking
from autograder.sandbox.inprocess import LocalStudent

from ..hidden.answers import Variant, variants
from ..hidden.marking import HOMEWORK, PROBLEMS, Together, failures, mark, marker, shares
from . import (
    right_dense_plots,
    right_landscape,
    right_landscape_plots,
    right_momentum,
    right_momentum_plots,
    right_ntk,
    right_ntk_plots,
    right_student_landscape,
    right_student_momentum,
    right_student_momentum_plots,
    right_student_ntk,
    right_student_ntk_plots,
    right_student_planes,
    right_student_solids,
    right_student_trace_plots,
    right_student_words,
)

STUDENTS = variants(
    right_student_words,
    right_student_momentum,
    right_student_momentum_plots,
    right_student_landscape,
    right_student_trace_plots,
    right_student_planes,
    right_student_solids,
    right_student_ntk,
    right_student_ntk_plots,
)
"""Answers as students of the course write them, in German, French and English."""

RIGHT = {
    "problem1_momentum": variants(right_momentum, right_momentum_plots),
    "problem2_landscape": variants(right_landscape, right_landscape_plots),
    "problem3_ntk": variants(right_ntk, right_ntk_plots),
}
for other in [*variants(right_dense_plots), *STUDENTS]:
    RIGHT[HOMEWORK.items[other.item].problem].append(other)
pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass")

SEED = 1
"""That of every day; the proof of a release takes 0."""
MANY_SEEDS = range(20)

CASES = [(problem, variant) for problem, found in RIGHT.items() for variant in found]
PICTURES = [(problem, variant) for problem, variant in CASES if variant.item.endswith("-plot")]
SAMPLE = {variant.item: (problem, variant) for problem, variant in PICTURES}
"""The last picture of each item; the surface's faces have unequal numbers of corners."""

SURFACES = [variants(module) for module in (right_student_planes, right_student_solids)]
LARGE = {str(variant) for found in SURFACES for k, variant in enumerate(found) if k % 4 != 1}
"""Surfaces of students, which take long to draw, but for every fourth one."""

EVERY_DAY = [(problem, variant) for problem, variant in CASES if str(variant) not in LARGE]
MARKED = Together(SEED)
for a_problem, each in EVERY_DAY:
    MARKED.add(str(each), a_problem, each.answers, [each.item])


def assert_keeps_every_point(marking: LocalMarking, variant: Variant, seed: int) -> None:
    failed = [(outcome.case, outcome.message) for outcome in failures(marking)]
    assert (shares(marking), failed) == ({variant.item: 1.0}, []), seed


@pytest.mark.parametrize("seed", [0, SEED])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_reference_keeps_every_point(problem: str, seed: int) -> None:
    marking = mark(problem, {}, seed)
    assert failures(marking) == []
    assert set(shares(marking).values()) == {1.0}


@pytest.mark.parametrize("variant", [each for _, each in EVERY_DAY], ids=str)
def test_right_answer_keeps_every_point(variant: Variant) -> None:
    assert_keeps_every_point(MARKED.marking(str(variant)), variant, SEED)


@pytest.mark.slow
@pytest.mark.parametrize(("problem", "variant"), CASES, ids=str)
def test_right_answer_keeps_every_point_on_every_seed(problem: str, variant: Variant) -> None:
    for seed in MANY_SEEDS:
        marking = mark(problem, variant.answers, seed, [variant.item])
        assert_keeps_every_point(marking, variant, seed)


@pytest.fixture
def _soiled_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an array that is made without being written hold other numbers in every run.

    Memory is filled and freed before each call of an answer. Whether numpy gets that memory again
    is up to the system, so what `np.empty` returns is filled too: with NaN, or with numbers of the
    size of those that are drawn.
    """
    look_up, empty = LocalStudent.__getattr__, np.empty
    noise, chosen = np.random.default_rng(17).normal(size=100_003), random.Random(17)

    def look_up_in_soiled_memory(student: LocalStudent, name: str) -> Any:
        for size in (20_000, 90_000):
            kept = [noise[:size] * scale for scale in range(1, 20)]
            del kept
        return look_up(student, name)

    def soiled(*args: Any, **options: Any) -> np.ndarray:
        made: np.ndarray = empty(*args, **options)
        if made.dtype.kind == "f":
            dirt = noise[np.arange(made.size) % len(noise)].reshape(made.shape)
            made[...] = chosen.choice([1.0, np.nan]) * dirt
        return made

    monkeypatch.setattr(LocalStudent, "__getattr__", look_up_in_soiled_memory)
    monkeypatch.setattr(np, "empty", soiled)


def assert_marked_alike(problem: str, variant: Variant, runs: int) -> None:
    """Every run finds the same, failures included."""
    markings = marker(SEED).mark_each(problem, [variant.answers] * runs, [variant.item])
    found = [tuple(_told(marking)) for marking in markings]
    assert len(found) == runs
    assert set(found) == {found[0]}


def _told(marking: LocalMarking) -> Iterator[tuple[object, ...]]:
    yield from shares(marking).items()
    for outcomes in marking.outcomes.values():
        for outcome in outcomes:
            yield outcome.case, outcome.passed, outcome.message


@pytest.mark.usefixtures("_soiled_memory")
@pytest.mark.parametrize(("problem", "variant"), SAMPLE.values(), ids=str)
def test_picture_has_the_same_mark_again(problem: str, variant: Variant) -> None:
    assert_marked_alike(problem, variant, 3)


@pytest.mark.slow
@pytest.mark.usefixtures("_soiled_memory")
@pytest.mark.parametrize(("problem", "variant"), PICTURES, ids=str)
def test_picture_has_the_same_mark_in_ten_runs(problem: str, variant: Variant) -> None:
    assert_marked_alike(problem, variant, 10)


def test_there_are_many_and_some_for_every_item() -> None:
    counts = Counter(variant.item for _, variant in CASES)
    assert sum(counts.values()) > 60
    few = {item.name: counts[item.name] for item in HOMEWORK.select("auto")}
    assert {name: count for name, count in few.items() if count < 4} == {}


def test_there_are_more_than_120_of_students_and_some_for_every_item() -> None:
    counts = Counter(variant.item for variant in STUDENTS)
    assert sum(counts.values()) >= 120
    wanted = {item.name: 2 for item in HOMEWORK.select("auto")} | {
        "p1-plot": 12, "p2c-trace-plot": 18, "p2c-surface-plot": 30, "p3-plot": 15
    }  # fmt: skip
    assert {name for name, count in wanted.items() if counts[name] < count} == set()


def test_no_two_have_the_same_name() -> None:
    names = Counter(map(str, (variant for _, variant in CASES)))
    assert [name for name, count in names.items() if count > 1] == []
