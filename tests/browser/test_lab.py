"""The released notebooks in JupyterLab, in a browser, as a student sees them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Assignment, Course
from autograder.course.samples import load_sample_class, write_submission
from autograder.release import build
from autograder.release.newhomework import begin_course, make_homework

from ..new.conftest import planned
from .lab import NOISE, open_notebook, run_all, run_cell, run_folded, started_lab, type_and_run
from .visitor import PHONE, Visitor, visiting

pytest.importorskip("jupyterlab", reason="needs the extra `lab`")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def homework() -> Assignment:
    return Course(ROOT).assignment("hw2")


@pytest.fixture(scope="module")
def lab(
    homework: Assignment,
    tmp_path_factory: pytest.TempPathFactory,
    browser: Any,  # this fixture comes first: without a browser, no server is started # noqa: ARG001
) -> Iterator[str]:
    """A JupyterLab with copies of the release: untouched, with ada's answers, and shortened."""
    course, folder = Course(ROOT), tmp_path_factory.mktemp("lab")
    for name in ("untouched", "done", "short"):
        shutil.copytree(course.release("hw2"), folder / name)
    [ada] = [each for each in load_sample_class(course, "hw2") if each.name == "ada"]
    write_submission(course, homework, ada, folder / "done")
    cut_short(folder / "short" / "problem1_momentum.ipynb")
    with started_lab(folder, tmp_path_factory.mktemp("home")) as address:
        yield address


def cut_short(path: Path) -> None:
    """Shorten a notebook to its title, its set-up and one question, enough for one answer."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    kept = ("p1-title", "p1-setup", "p1a-parameters")
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"].startswith(kept)]
    assert len(notebook["cells"]) == 6
    path.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture
def student(browser: Any, lab: str) -> Iterator[Visitor]:
    with visiting(browser, lab, noise=NOISE) as visitor:
        yield visitor


PROBLEMS = ("problem1_momentum", "problem2_landscape", "problem3_ntk")


def checks_of(homework: Assignment, problem: str) -> list[str]:
    return [item.name for item in homework.select("auto") if item.problem == problem]


@pytest.mark.slow
@pytest.mark.parametrize("problem", PROBLEMS)
def test_finished_notebook_runs_and_shows_that_its_checks_pass(
    homework: Assignment, student: Visitor, lab: str, problem: str
) -> None:
    items = checks_of(homework, problem)
    open_notebook(student, lab, f"done/{problem}.ipynb")
    outputs = run_all(student, "Before you hand in: restart the kernel")
    for item in items:
        assert any("✓ passes" in text and item in text for text in outputs), item
    assert student.tab.locator(".jp-CodeCell img").count() > 0, "its experiment draws"
    assert student.tab.locator(".jp-mod-error, [data-mime-type*=error]").count() == 0
    assert student.complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("problem", PROBLEMS)
def test_untouched_notebook_runs_to_its_end_and_says_what_is_open(
    homework: Assignment, student: Visitor, lab: str, problem: str
) -> None:
    items = checks_of(homework, problem)
    open_notebook(student, lab, f"untouched/{problem}.ipynb")
    outputs = run_all(student, "points that tests mark pass so far")
    for item in items:
        assert any("… not " in text and item in text for text in outputs), item
    assert student.complaints == []


@pytest.mark.slow
def test_what_a_student_types_is_checked_in_the_page(student: Visitor, lab: str) -> None:
    """A student reads a question, types an answer, and runs cell and check by Shift and Enter."""
    open_notebook(student, lab, "short/problem1_momentum.ipynb")
    tab = student.tab
    run_folded(student)
    answer = ["def heavy_ball_parameters(gammas, betas):", "return gammas, betas"]
    type_and_run(student, "def heavy_ball_parameters(", answer)
    run_cell(student, "checks.p1a_parameters")
    verdict = tab.locator(".jp-OutputArea", has_text="not right yet").first
    verdict.wait_for()
    assert "✗" in verdict.inner_text()
    assert student.complaints == []


@pytest.fixture(scope="module")
def new_lab(
    tmp_path_factory: pytest.TempPathFactory,
    browser: Any,  # noqa: ARG001  # as for `lab`
) -> Iterator[str]:
    """A JupyterLab with the release of a newly made homework."""
    root, folder = tmp_path_factory.mktemp("new"), tmp_path_factory.mktemp("lab")
    make_homework(begin_course(root), planned())
    course = Course(root)
    build(course.source("hw3"), folder / "hw3", course.assignment("hw3"))
    with started_lab(folder, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.mark.slow
def test_new_homework_has_verdicts_hints_and_a_package(browser: Any, new_lab: str) -> None:
    """A wrong answer gets a coloured verdict with nested hints that open one by one."""
    with visiting(browser, new_lab, noise=NOISE) as student:
        open_notebook(student, new_lab, "hw3/problem1_newton.ipynb")
        outputs = run_all(student, "points that tests mark pass so far")
        assert any("not done yet" in text and "p1-plot" in text for text in outputs)
        type_and_run(
            student, "def newton(", ["def newton(f, slope, x0, num_steps):", "return [x0]"]
        )
        run_cell(student, "checks.p1_newton")
        verdict = student.tab.locator(".jp-OutputArea", has_text="the shape is (1,)").first
        verdict.wait_for()
        badge = verdict.locator("span", has_text="can't be compared").first
        assert badge.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(138, 70, 0)"
        for step, title in enumerate(("a nudge", "the shape of the answer", "where to look"), 1):
            verdict.get_by_text(f"Hint {step} of 3: {title}").click()
        verdict.get_by_text("Section a), equation (1)").wait_for()
        type_and_run(student, "def newton(", ["checks.pack()  # where def newton( was"])
        told = student.tab.locator(".jp-OutputArea", has_text="Packed: hw3_submission.zip").first
        told.wait_for()
        assert "not done yet: p1-newton, p1-plot, p1-order" in told.inner_text()
        assert student.complaints == []


BEYOND = """() => [...document.querySelectorAll('.jp-RenderedHTMLCommon')].flatMap(text => {
    const edge = text.getBoundingClientRect().right + 1;
    const wide = [...text.querySelectorAll('p, li, table, code, pre, img, mjx-container')]
        .find(part => part.getBoundingClientRect().right > edge);
    return wide ? [wide.tagName + ': ' + wide.textContent.slice(0, 60)] : [];
})"""
"""The first part of each text that is wider than its cell."""


@pytest.mark.slow
@pytest.mark.parametrize("problem", PROBLEMS)
def test_texts_fit_on_a_phone(browser: Any, lab: str, problem: str) -> None:
    with visiting(browser, lab, size=PHONE, noise=NOISE) as student:
        open_notebook(student, lab, f"untouched/{problem}.ipynb", page="doc")
        student.tab.wait_for_selector("mjx-container")
        student.tab.wait_for_timeout(2000)  # MathJax sets one formula after another
        assert student.tab.evaluate(BEYOND) == []
