"""A real class in the formgrader: no later command changes the marks that a person gave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.course.samples import load_sample_class, write_submission
from autograder.release.build import build
from autograder.release.newhomework import begin_course, make_homework

from ..gradebook.server import TOKEN, Formgrader, started
from ..new.conftest import planned
from ..new.test_solutions import _forgotten as _forgotten
from .visitor import Visitor, visiting

pytestmark = pytest.mark.slow

STUDENT = "ada"
NOTEBOOK = "problem1_newton"
NOISE = r"Executing inline event handler|about:blank|MathJax_\w+-Regular\.otf"
"""Expected messages: jQuery and MathJax try features, and the page's policy stops one of them."""


def fdl(course: Course, *arguments: str) -> str:
    command = [*arguments, "--unprotected", "--course", str(course.root)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """The homework that `fdl new` makes, released, submitted by two students and graded."""
    course = begin_course(tmp_path / "course")
    make_homework(course, planned("hw"))
    course = Course(course.root)
    build(
        course.source("hw"),
        course.release("hw"),
        course.assignment("hw"),
        config=course.root / "nbgrader_config.py",
    )
    for student in load_sample_class(course, "hw"):
        if student.name in (STUDENT, "dmitri"):
            folder = course.root / "submitted" / student.name / "hw"
            write_submission(course, course.assignment("hw"), student, folder)
    fdl(course, "grade", "hw")
    return course


@pytest.fixture
def formgrader(course: Course, tmp_path: Path, browser: Any) -> Iterator[Formgrader]:  # noqa: ARG001
    (tmp_path / "home").mkdir()
    with started(course, tmp_path / "home") as formgrader:
        yield formgrader


@pytest.fixture
def marker(browser: Any, formgrader: Formgrader) -> Iterator[Visitor]:
    with visiting(browser, formgrader.address, noise=NOISE) as visitor:
        visitor.tab.goto(f"{formgrader.address}/formgrader?token={TOKEN}")
        yield visitor


def open_submission(marker: Visitor, formgrader: Formgrader) -> None:
    """Go from the list of homeworks to a student's notebook, only by links."""
    tab = marker.tab
    tab.goto(f"{formgrader.address}/formgrader/gradebook/hw/{NOTEBOOK}")
    link = tab.locator(f"a[href*='{formgrader.notebook_id(STUDENT, NOTEBOOK)}']").first
    with tab.expect_response(re.compile("/api/comments")):
        link.click()
    tab.wait_for_selector("#p1-proof:not([disabled])")


def test_mark_and_comment_given_by_clicks_survive_grade_again_and_regrade(
    course: Course, formgrader: Formgrader, marker: Visitor
) -> None:
    open_submission(marker, formgrader)
    tab = marker.tab
    rubric = tab.locator(".panel-warning", has_text="rubric of p1-proof (2 points)")
    assert "✓ shown by p1-newton: the step of Newton's method" in rubric.inner_text()
    with tab.expect_response(re.compile("/api/grade/")):
        tab.locator("#p1-proof").fill("1.5")
        tab.keyboard.press("Tab")
    with tab.expect_response(re.compile("/api/comment/")):
        tab.locator("#p1-proof-comment").fill("Where is the slope not zero?")
        tab.keyboard.press("Tab")
    tab.locator(".glyphicon-eye-open").click()
    assert STUDENT in tab.locator("a.name-shown").inner_text()

    fdl(course, "grade", "hw", "--again")
    assert _given(marker, formgrader) == ("1.5", "Where is the slope not zero?")

    # from now on, dmitri's missing legend costs more: dmitri's Report changes, ada's does not
    tests = course.hidden("hw") / "test_problem1_newton.py"
    text = tests.read_text(encoding="utf-8")
    assert text.count('"p1-plot", costs=0.25') == 2
    tests.write_text(text.replace('"p1-plot", costs=0.25', '"p1-plot", costs=0.4'))
    assert "dmitri" in fdl(course, "regrade", "hw", "--apply")
    assert _given(marker, formgrader) == ("1.5", "Where is the slope not zero?")
    grade = formgrader.entry("grades", "dmitri", NOTEBOOK, "p1-plot")
    assert grade["auto_score"] == pytest.approx(0.6)
    assert marker.complaints == []


def _given(marker: Visitor, formgrader: Formgrader) -> tuple[str, str]:
    """Open the page again and return the contents of the fields for mark and comment."""
    open_submission(marker, formgrader)
    tab = marker.tab
    tab.wait_for_function("() => document.getElementById('p1-proof').value != ''")
    return tab.input_value("#p1-proof"), tab.input_value("#p1-proof-comment")
