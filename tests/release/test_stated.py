"""Texts take items, points, dates and tolerance from the notebooks and settings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nbformat import NotebookNode

from autograder.course.assignment import NEARLY, Course, read_notebook
from autograder.errors import CourseError, ReleaseError
from autograder.grading.inprocess import LocalMarker
from autograder.release import build, fill_source
from autograder.release.newhomework import begin_course, make_homework
from autograder.release.stated import readme_facts, with_facts

from ..new.conftest import planned
from ..new.test_solutions import _forgotten as _forgotten
from .helpers import cell, change


@pytest.fixture
def made(tmp_path: Path) -> Course:
    """A course with a homework made by `fdl new`."""
    course = begin_course(tmp_path / "course", "Europe/Zurich")
    make_homework(course, planned())
    return Course(course.root)


def readme(course: Course) -> str:
    return (course.source("hw3") / "README.md").read_text(encoding="utf-8")


def give_points(course: Course, item: str, points: float) -> Course:
    def alter(notebook: NotebookNode) -> None:
        cell(notebook, item).metadata.nbgrader.points = points

    change(course.source("hw3") / "problem1_newton.ipynb", alter)
    return Course(course.root)


def set_key(course: Course, line: str) -> Course:
    with (course.root / "course.toml").open("a", encoding="utf-8") as settings:
        settings.write(line + "\n")
    return Course(course.root)


def test_readme_states_points_dates_and_tolerance(made: Course) -> None:
    text = readme(made)
    assert "| due | Monday, 31 March 2031, 23:55 |" in text
    assert "date (Europe/Zurich)" in text
    assert "The homework is worth 5 points, and 1 bonus point on top." in text
    for row in ("p1-newton | 2", "p1-proof (text) | 2", "p1-order (bonus) | 1"):
        assert f"| {row} |" in text
    assert "| **total** | **5 + 1 bonus** |" in text
    assert r"\le 2\cdot10^{-3}\,\max|e|" in text


@pytest.mark.parametrize(("rule", "word"), [("true", "can"), ("false", "can't")])
def test_readme_states_the_rule_about_bonus_points(made: Course, rule: str, word: str) -> None:
    assert "raise your mark" not in readme(made)
    course = set_key(made, f"[assignments.hw3.rules]\nbonus_above_maximum = {rule}")
    fill_source(course, "hw3")
    assert f"Bonus points {word} raise your mark above 5." in readme(course)


def test_title_cell_states_the_items_of_its_notebook(made: Course) -> None:
    title = read_notebook(made.source("hw3") / "problem1_newton.ipynb").cells[0].source
    assert "| p1-newton | 2 | `newton` |" in title
    assert "| p1-proof | 2 | a text |" in title
    assert "| p1-order | 1 (bonus) | <code>convergence_<wbr>order</code> |" in title


def test_other_points_reach_every_text(made: Course) -> None:
    course = give_points(made, "p1-newton", 2.5)
    changed = [path.name for path in fill_source(course, "hw3")]
    assert changed == ["problem1_newton.ipynb", "README.md"]
    assert "| p1-newton | 2.5 |" in readme(course)
    title = read_notebook(course.source("hw3") / "problem1_newton.ipynb").cells[0].source
    assert "| p1-newton | 2.5 | `newton` |" in title


def test_problems_stand_side_by_side() -> None:
    course = Course(Path(__file__).parents[2])
    table = readme_facts(course, course.assignment("hw2"))["points"].strip().splitlines()
    assert table[0].endswith(
        "8 bonus points on top. Bonus points can raise your mark above 30. "
        "The course counts your best 2 of 3 homeworks."
    )
    assert table[2:5] == [
        "| Problem 1 | points | Problem 2 | points | Problem 3 | points |",
        "|---|---|---|---|---|---|",
        "| p1-momentum | 1 | p2a-derivation (text) | 3 | p3a-proof (text) | 1 |",
    ]
    assert table[-1].startswith("| **total** | **10** | **total** | **10 + 8 bonus** |")
    assert {line.count("|") for line in table[2:]} == {7}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<!-- points -->", "<!-- points --> has no matching <!-- /points -->"),
        ("<!-- /points -->", "<!-- /points --> has no matching <!-- points -->"),
        ("<!-- points --> 5 <!-- /dates -->", "has no matching"),
        ("<!-- point --><!-- /point -->", "is unknown; use one of: points, dates"),
    ],
)
def test_marks_that_can_not_be_filled_are_told(text: str, told: str) -> None:
    with pytest.raises(ReleaseError, match=f"README.md: .*{told}"):
        with_facts(text, {"points": "5", "dates": "today"}, "README.md")


def test_other_comments_and_texts_stay() -> None:
    text = "<!-- to do --> a <!-- points -->4<!-- /points --> b <!-- points --><!-- /points -->\n"
    filled = with_facts(text, {"points": "5"}, "README.md")
    assert filled == text.replace("-->4<", "--><").replace("--><!-- /p", "-->5<!-- /p")
    assert with_facts(filled, {"points": "5"}, "README.md") == filled


# --- tolerance ----------------------------------------------------------------------------------


def lost(course: Course, error: float) -> float:
    """Return the points that an answer loses if its iterates are wrong by this share."""
    marker = LocalMarker(course, course.assignment("hw3"))
    right = marker.world("problem1_newton")["newton"]

    def newton(*arguments: object) -> np.ndarray:
        found = np.array(right(*arguments))
        return found + error * np.abs(found).max()

    marking = marker.mark("problem1_newton", {"newton": newton}, ["p1-newton"])
    return marking.lost("p1-newton")


@pytest.mark.parametrize(("tolerance", "error"), [("", 2e-3), ("tolerance = 0.05", 0.05)])
def test_hidden_tests_allow_the_homeworks_tolerance(
    made: Course, tolerance: str, error: float
) -> None:
    course = set_key(made, tolerance)
    assert lost(course, 0.9 * error) < NEARLY
    assert lost(course, 1.1 * error) == 1


def test_tolerance_reaches_readme_and_checks(made: Course, tmp_path: Path) -> None:
    course = set_key(made, "tolerance = 1e-4")
    fill_source(course, "hw3")
    assert r"\le 10^{-4}\,\max|e|" in readme(course)
    build(course.source("hw3"), tmp_path / "built", course.assignment("hw3"))
    checks = (tmp_path / "built" / "checks.py").read_text(encoding="utf-8")
    assert "\nTOLERANCE = 0.0001\n" in checks


@pytest.mark.parametrize("value", ['"small"', "0", "-1e-3", "2"])
def test_tolerance_that_is_no_small_number_is_refused(made: Course, value: str) -> None:
    with pytest.raises(CourseError, match=r"assignments.hw3.tolerance is .*write a number above"):
        set_key(made, f"tolerance = {value}")
