"""The second homework itself: its items, its misconceptions, and how long its hidden tests take."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.grading.inprocess import LocalMarker
from autograder.grading.misconceptions import load_misconceptions
from autograder.release.fill import fill_source

from .course import HOMEWORK, make_course

HIDDEN_SECONDS = 2.0
"""Largest time of all hidden tests of the homework, in seconds of the processor."""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return make_course(tmp_path_factory.mktemp("course"))


def test_there_are_items_of_each_kind(course: Course) -> None:
    items = course.assignment(HOMEWORK).items
    assert {name: item.kind for name, item in items.items() if item.kind == "manual"} == {
        "p2-zeros": "manual"
    }
    assert [name for name, item in items.items() if item.bonus] == ["p2-numerical"]
    asked = {name: [each.name for each in item.references] for name, item in items.items()}
    assert asked["p1-hand"] == ["loss_at_zero", "gradient_at_zero"]
    assert asked["p2-plot"] == ["plot_errors"]
    assert len(course.assignment(HOMEWORK).problems) == 2


def test_every_auto_item_has_four_misconceptions_or_more(course: Course) -> None:
    assignment = course.assignment(HOMEWORK)
    catalogue = load_misconceptions(course, assignment)
    for item in assignment.select("auto"):
        assert len(catalogue.of(item.name)) >= 4, item.name


def test_the_reference_earns_all_and_hidden_tests_are_quick(course: Course) -> None:
    assignment = course.assignment(HOMEWORK)
    marker = LocalMarker(course, assignment)
    marker.mark("problem1_softmax", {}, ["p1-loss"])  # imports what the tests import
    start = time.process_time()
    lost: dict[str, float] = {}
    for problem in assignment.problems:
        marking = marker.mark(problem.name, {})
        lost |= {name: marking.lost(name) for name in marking.items}
    assert lost == dict.fromkeys((item.name for item in assignment.select("auto")), 0.0)
    assert time.process_time() - start < HIDDEN_SECONDS


def test_a_wrong_answer_costs_only_the_item_that_it_belongs_to(course: Course) -> None:
    """The loss and the gradient may build on wrong probabilities."""
    marker = LocalMarker(course, course.assignment(HOMEWORK))
    [wrong] = [
        each
        for each in load_misconceptions(course, course.assignment(HOMEWORK))
        if (each.item, each.name) == ("p1-probabilities", "sum_over_the_points")
    ]
    marking = marker.mark("problem1_softmax", wrong.answers)
    assert {name for name in marking.items if marking.lost(name)} == {"p1-probabilities"}


def test_notebooks_are_filled_from_the_solutions(tmp_path: Path) -> None:
    make_course(tmp_path)
    changed = {path.name for path in fill_source(Course(tmp_path), HOMEWORK)}
    assert changed == {"README.md", "problem1_softmax.ipynb", "problem2_network.ipynb"}
    assert fill_source(Course(tmp_path), HOMEWORK) == ()
