"""Adding an item touches its notebook, solution, hidden tests, misconceptions and visible check."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.course.assignment import Course, read_notebook
from autograder.release import Proof, build, fill_source, release
from autograder.release.newhomework import make_homework
from autograder.release.proof.freshness import stage_source, stale_faults

from ..release.tiny import answer, check
from .conftest import planned
from .test_command import one_kind_of_junk as one_kind_of_junk
from .test_files import files
from .test_solutions import _forgotten as _forgotten

SOLUTION = '''

def steps_needed(iterates: np.ndarray, root: float, error: float) -> int:
    """Count the steps until the distance from the root is at most error for the first time.

    iterates holds x^0, ..., x^T, shape (T+1,); one of them is close enough.

    Returns the number of steps.
    """
    distances = np.abs(np.asarray(iterates, dtype=float) - root)
    return int(np.argmax(distances <= error))
'''

HIDDEN = '''

@item("p1-steps")
@pytest.mark.parametrize("count", [1, 4])
def test_steps_needed(student: Student, rng: Generator, count: int) -> None:
    """The first iterate that is close enough is found, and its steps are counted from 0."""
    root = rng.uniform(0.5, 1.5)
    iterates = root + np.array([-0.9, 0.7, 0.5, -0.3, 0.1, 0.2]) * rng.uniform(0.9, 1.1)
    right = newton.steps_needed(iterates, root, 0.75 - 0.15 * count)
    assert_number_close(student.steps_needed(iterates, root, 0.75 - 0.15 * count), right)
'''

MISCONCEPTIONS = """

STEPS = "np.argmax(distances <= error)"

change(
    "p1-steps",
    "counted_from_one",
    "The steps are counted from 1; the start takes no step.",
    newton.steps_needed,
    (STEPS, STEPS + " + 1"),
)
change(
    "p1-steps",
    "far_enough",
    "The first iterate that is far from the root is counted; the item asks for the first close "
    "one.",
    newton.steps_needed,
    (STEPS, "np.argmax(distances > error)"),
)
change(
    "p1-steps",
    "closest",
    "The steps are counted to the closest iterate; the item asks for the first that is close "
    "enough.",
    newton.steps_needed,
    (STEPS, "np.argmin(distances)"),
)
change(
    "p1-steps",
    "how_many_are_close",
    "The number of close iterates comes back; the item asks for the number of steps to the "
    "first one.",
    newton.steps_needed,
    (STEPS, "np.sum(distances <= error)"),
)
"""

CHECK = '''

@check(
    "How far is each iterate from the root? Which is the first that is close enough?",
    "A whole number: 0 if the start itself is close enough.",
    "Section e), and the example in it.",
)
def p1_steps(yours: Answers) -> Lines:
    """Distances of 1, 1/2 and 1/4 from the root 0, on both sides."""
    answer = yours.steps_needed(np.array([1.0, -0.5, 0.25]), 0.0, 0.3)
    yield close(answer, 2, "The steps to a distance of at most 0.3")
'''


def add_item(course: Course) -> None:
    source, hidden = course.source("hw3"), course.hidden("hw3")
    append(course.solutions("hw3") / "newton.py", SOLUTION)
    append(hidden / "test_problem1_newton.py", HIDDEN)
    append(hidden / "misconceptions.py", MISCONCEPTIONS)
    append(source / "checks.py", CHECK)
    notebook = read_notebook(source / "problem1_newton.ipynb")
    notebook.cells[-2:-2] = cells()
    nbformat.write(notebook, source / "problem1_newton.ipynb")


def cells() -> list[NotebookNode]:
    return [answer("p1-steps-answer", "### REFERENCE newton.steps_needed"), check("p1-steps", 1.5)]


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.fixture
def made(course: Course) -> Course:
    make_homework(course, planned())
    return Course(course.root)


@pytest.fixture
def proof(made: Course) -> Proof:
    before = files(made.root)
    add_item(made)
    touched = {name for name, content in files(made.root).items() if before.get(name) != content}
    assert touched == {
        "source/hw3/problem1_newton.ipynb",
        "source/hw3/checks.py",
        "solutions/hw3/newton.py",
        "autograder/hidden/hw3/test_problem1_newton.py",
        "autograder/hidden/hw3/misconceptions.py",
    }
    return release(made, "hw3")


@pytest.mark.usefixtures("one_kind_of_junk")
def test_added_item_is_fit_and_stated_everywhere(made: Course, proof: Proof) -> None:
    assert proof.ok, [(finding.check, finding.detail) for finding in proof.faults]
    released = made.release("hw3")
    readme = (released / "README.md").read_text(encoding="utf-8")
    assert "| p1-steps | 1.5 |" in readme
    assert "worth 6.5 points" in readme
    title = read_notebook(released / "problem1_newton.ipynb").cells[0].source
    assert "| p1-steps | 1.5 | `steps_needed` |" in title
    checks = (released / "checks.py").read_text(encoding="utf-8")
    assert 'Item("p1-steps", 1.5, ("steps_needed",), False, ' in checks
    assert "def p1_steps(" in checks


def test_texts_and_checks_that_are_out_of_date_are_found(made: Course) -> None:
    """`fdl release --check` rejects a release that was made before the item was added."""
    build(made.source("hw3"), made.release("hw3"), made.assignment("hw3"))
    add_item(made)
    stage = stage_source(made, made.assignment("hw3"), made.root / "stage")
    stale = " ".join(stale_faults(made.source("hw3"), stage, "source/hw3"))
    assert "source/hw3/README.md is out of date" in stale
    assert "source/hw3/problem1_newton.ipynb is out of date" in stale
    fill_source(made, "hw3")
    fresh = made.root / "fresh" / "hw3"
    build(stage, fresh, made.assignment("hw3"))
    stale = " ".join(stale_faults(made.release("hw3"), fresh, "release/hw3"))
    for name in ("README.md", "checks.py", "problem1_newton.ipynb"):
        assert f"release/hw3/{name} is out of date" in stale
