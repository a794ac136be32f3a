"""No small change of a reference solution is a wrong answer that keeps all its points."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autograder.course.assignment import Course
from autograder.grading.inprocess import LocalMarker

from .mutants import Mutant, mutations
from .report import markdown
from .run import ASSIGNMENT, REPORT, ROOT, Reason, Run, load_reasons, run, warm_up
from .trials import Trial, try_all

ITEM = "p2b-gd-update"
HEAD = "def gd_update(u, v, eta):\n"
RIGHT = HEAD + "    return u - eta * v**2 * u, v - eta * (u @ u) * v\n"


@pytest.fixture(scope="module")
def whole_run() -> Run:
    return run()


@pytest.mark.slow
def test_every_survivor_is_no_wrong_answer_for_a_reason(whole_run: Run) -> None:
    assert whole_run.unexplained == []


@pytest.mark.slow
def test_every_reason_is_for_a_survivor(whole_run: Run) -> None:
    assert whole_run.stale == []


@pytest.mark.slow
def test_report_is_what_the_run_found(whole_run: Run) -> None:
    assert REPORT.read_text(encoding="utf-8") == markdown(whole_run)


@pytest.fixture(scope="module")
def markers() -> list[LocalMarker]:
    course = Course(ROOT)
    marker = LocalMarker(course, course.assignment(ASSIGNMENT))
    warm_up(marker)
    return [marker]


def one_trial(markers: list[LocalMarker], source: str, seconds: float = 60.0) -> Trial:
    mutant = Mutant("problem2_landscape", (ITEM,), "gd_update", "", source)
    (trial,) = try_all(markers, [mutant], seconds=seconds)
    return trial


def test_right_answer_survives(markers: list[LocalMarker]) -> None:
    trial = one_trial(markers, RIGHT)
    assert not trial.caught
    assert trial.lost == ({ITEM: 0.0},)


@pytest.mark.parametrize("change", [("v**2", "v"), ("eta * (", "("), ("- eta * v", "+ eta * v")])
def test_wrong_answer_is_caught(markers: list[LocalMarker], change: tuple[str, str]) -> None:
    trial = one_trial(markers, RIGHT.replace(*change))
    assert trial.caught
    assert not trial.stopped


def test_mutant_that_never_ends_is_stopped(markers: list[LocalMarker]) -> None:
    trial = one_trial(markers, HEAD + "    while True:\n        pass\n", seconds=0.5)
    assert trial.caught
    assert trial.stopped


def test_mutant_that_takes_all_memory_is_caught(markers: list[LocalMarker]) -> None:
    assert one_trial(markers, HEAD + "    return bytearray(1 << 40)\n").caught


def test_mutants_differ_in_more_than_looks() -> None:
    text = 'def draw(axes, x):\n    """Draw."""\n    axes.plot(x, color="r")\n'
    found = list(mutations(text))
    assert found
    assert all('"""Draw."""' in mutant for mutant in found)
    assert all('color="r"' in mutant or "axes.plot(" not in mutant for mutant in found)


def test_every_arithmetic_operator_is_tried() -> None:
    found = set(mutations("def f(a, b):\n    return a + b\n"))
    assert {f"def f(a, b):\n    return (a {sign} b)\n" for sign in ("*", "/", "**")} <= found


def test_page_counts_the_survivors_of_each_reason() -> None:
    wrong = Mutant("problem2_landscape", (ITEM,), "gd_update", "u → 2 * u", "")
    right = [replace(wrong, change=f"{k} → pass") for k in range(300)]
    trials = [Trial(wrong, ({ITEM: 1.0},)), *(Trial(each, ({ITEM: 0.0},)) for each in right)]
    reason = Reason("It changes nothing.", tuple(map(str, right)))
    page = markdown(Run((1,), tuple(trials), (reason,)))
    assert "Mutants: **301**. Caught: **1**. Survivors: **300**, with 1 reasons." in page
    assert f"| `gd_update` | {ITEM} | 301 | 1 | 300 |" in page
    assert "| It changes nothing. | `gd_update` | 300 |" in page
    assert "→ pass" not in page  # the survivors are listed beside their reasons, in survivors.toml


def test_page_names_every_reason() -> None:
    page = REPORT.read_text(encoding="utf-8")
    assert [
        reason.because for reason in load_reasons() if f"| {reason.because} |" not in page
    ] == []
