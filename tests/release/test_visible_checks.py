"""Before publication, the visible checks run on answers with known marks."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_output

from autograder.course.assignment import Course, read_notebook
from autograder.grading.misconceptions import load_misconceptions
from autograder.release import Proof
from autograder.release.proof import proof, trials
from autograder.release.proof.visible import catches, verdict, write_wrong

from .helpers import cell, change_source, faults, replace_text
from .marking import Marker, release, run
from .misconceptions import SOUND, write_misconceptions

ACCEPTS = "visible checks accept the reference"
REJECTS = "visible checks reject the skeleton"


def proved(course: Course, mark: Marker | None = None) -> Proof:
    return release(course, "tiny", mark=mark or Marker())


def spoil(course: Course, old: str, new: str) -> None:
    replace_text(course.source("tiny") / "checks.py", old, new)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("(9, 18)", "(9, 19)", "item t-slope: the visible check says ✗ t-slope: not right yet"),
        (
            'names["first_part"]',
            'names["first"]',
            "item t-values: the visible check says … t-values: not done yet (KeyError)",
        ),
        ('print(f"✓ {item}: passes"', 'print(f"{item}: passes"', "prints no verdict"),
        (
            'verdict("t-plot",',
            'raise ValueError("broken")\n    verdict("t-plot",',
            "item t-plot: the visible check ends in ValueError",
        ),
    ],
)
def test_check_that_rejects_the_reference_is_named(
    course: Course, old: str, new: str, told: str
) -> None:
    spoil(course, old, new)
    found = faults(proved(course))
    assert set(found) == {ACCEPTS}
    assert told in found[ACCEPTS]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('print(f"… {item}: not done yet', 'print(f"✓ {item}: not done yet'),
        ("passed = right()", "right, passed = None, True"),
    ],
)
def test_check_that_accepts_the_skeleton_is_named(course: Course, old: str, new: str) -> None:
    spoil(course, old, new)
    found = faults(proved(course))
    assert set(found) == {REJECTS}
    assert "item t-slope: the visible check passes without an answer" in found[REJECTS]


def test_wrong_reference_is_told_in_one_row(course: Course) -> None:
    solutions = course.solutions("tiny") / "valley.py"
    replace_text(solutions, "return half(v, u), ", "return half(v, u) + 1, ")
    assert set(faults(proved(course))) == {"the reference earns every point"}


def test_nothing_is_marked_where_something_that_is_read_is_at_fault(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a trial was run")

    with (course.source("tiny") / "checks.py").open("a") as file:
        file.write("\nimport rich\n")
    spoil(course, "(9, 18)", "(9, 19)")
    monkeypatch.setattr(trials.Trials, "findings", never)
    monkeypatch.setattr(proof, "kill_matrix", never)
    found = proved(course)
    assert set(faults(found)) == {"imports and requirements.txt"}
    assert not found.complete
    assert found.table().caption == (
        "stopped at the first faults: fix them, and the other checks will run"
    )


# --- Misconceptions -------------------------------------------------------------------------------


def test_misconceptions_that_checks_catch_are_counted(course: Course, tmp_path: Path) -> None:
    write_misconceptions(course, SOUND)
    assert proved(course).ok
    catalogue = load_misconceptions(course, course.assignment("tiny"))
    source, tree = course.source("tiny"), course.release("tiny")
    write_wrong(source, tree, tmp_path / "wrong", catalogue)
    notebook = read_notebook(tmp_path / "wrong" / "valley.ipynb")
    answers = run(notebook, tree / "checks.py")
    found = catches({"valley": notebook}, catalogue)
    assert found.ok
    assert found.detail == (
        "3 of 5 caught\nmissed: t-slope norm_not_squared; t-plot axes_exchanged"
    )
    assert answers["last_part"] == 15, "the right answers are restored"
    del notebook.cells[-2:]
    assert catches({"valley": notebook}, catalogue).detail == (
        "3 of 5 caught\n1 gave no verdict\nmissed: t-slope norm_not_squared"
    )


def test_misconceptions_row_is_information(course: Course) -> None:
    write_misconceptions(course, SOUND)
    found = {each.check: each for each in proved(course).findings}
    assert found["misconceptions that visible checks catch"].ok


def test_experiments_do_not_hide_a_check(course: Course) -> None:
    change_source(course, lambda nb: cell(nb, "t-experiment").update(source="print('✓ all')"))
    assert proved(course).ok


@pytest.mark.parametrize(
    ("printed", "sign"),
    [
        ("✓ t: passes\n  ✓ this: as expected", "✓"),
        ("✗ t: not right yet\n  ✓ this: as expected\n  ✗ that", "✗"),
        ("… t: not done yet", "…"),
        ("print of the student's own\n✗ t: not right yet", "✗"),
        ("passes, as in ✓", ""),
        ("", ""),
    ],
)
def test_verdict_is_the_first_sign_at_the_beginning_of_a_line(printed: str, sign: str) -> None:
    as_stream = new_code_cell(outputs=[new_output("stream", name="stdout", text=printed)])
    data = {"text/plain": printed, "text/html": "<b>✓</b>"}
    as_page = new_code_cell(outputs=[new_output("display_data", data=data)])
    assert verdict(as_stream)[0] == verdict(as_page)[0] == sign
