"""The real homework: the trees are correct, and faults that a test puts into them are found.

These tests give no marks: `fdl release hw2 --check` proves the marks through the sandbox.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from nbformat import NotebookNode

from autograder.course.assignment import Assignment, Course, read_notebook
from autograder.course.bundle import course_files, write_files
from autograder.course.layout import NBGRADER_SETTINGS
from autograder.release import Proof
from autograder.release.build import build
from autograder.release.proof.freshness import stage_source
from autograder.release.proof.killmatrix import KillMatrix

from .helpers import cell, change, faults, fingerprint, looked_at
from .marking import mark_on_paper, release

CHECKOUT = Path(__file__).parents[2]


def matrix_on_paper(_course: Course, assignment: Assignment) -> KillMatrix:
    return KillMatrix(assignment.name, assignment.seed, (), ())


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout's course, filled and built in this test run."""
    folder = tmp_path_factory.mktemp("hw2")
    root = folder / "course"
    files = course_files(Course(CHECKOUT), "hw2", NBGRADER_SETTINGS)
    write_files({name: files[name] for name in files if not name.startswith("release/")}, root)
    course = Course(root)
    filled = stage_source(course, course.assignment("hw2"), folder)
    build(filled, course.release("hw2"), course.assignment("hw2"), config=root / NBGRADER_SETTINGS)
    shutil.copytree(filled, course.source("hw2"), dirs_exist_ok=True)
    return root


@pytest.fixture(scope="module")
def first_proof(fresh: Path) -> Proof:
    """The proof of the fresh release; the proof does not change the release."""
    before = fingerprint(fresh)
    course = Course(fresh)
    proof = release(course, "hw2", check=True, mark=mark_on_paper, matrix=matrix_on_paper)
    assert fingerprint(fresh) == before
    return proof


def test_points_are_those_of_the_sheet(first_proof: Proof) -> None:
    (points,) = [f.detail for f in first_proof.findings if f.check == "items and points"]
    assert points == "21 auto and 8 manual items; 30 points and 8 bonus points"


@pytest.mark.parametrize("tree", ["source", "release"])
def test_committed_trees_are_up_to_date(fresh: Path, tree: str) -> None:
    committed = CHECKOUT / tree / "hw2"
    for path in sorted((fresh / tree / "hw2").iterdir()):
        assert (committed / path.name).read_bytes() == path.read_bytes(), path.name


LEAKS: list[tuple[str, str, str, str]] = [
    (
        "problem2_landscape",
        "p2c-surface",
        "for k in range(num_steps):\n    iterates[k + 1] = x - etas[k] * gradient(uphill)",
        "the solution of landscape.usam",
    ),
    (
        "problem2_landscape",
        "p2-setup",
        "hessian_at_point = np.array(\n    [[4.0, 0.0",
        "the solution of landscape.hessian_at_point",
    ),
    ("problem3_ntk", "p3-experiment", "piece=slice(start,start+size)", "ntk.empirical_ntk"),
    (
        "problem1_momentum",
        "p1-setup",
        "x[t + 1] = lambdas[t + 1] * weight * x[t] + weight * z[t]",
        "ima",
    ),
]


def spoil_proof(notebook: NotebookNode) -> None:
    source = CHECKOUT / "source" / "hw2" / "problem1_momentum.ipynb"
    answer = cell(read_notebook(source), "p1a-proof").source
    cell(notebook, "p1a-proof").source = answer.split("#### Rubric")[0]


def spoil_rubric(notebook: NotebookNode) -> None:
    cell(notebook, "p1b-proof").source += "\n\n- (0.5 points) names the relation"


SPOILS = [(spoil_proof, "(p1a-proof)"), (spoil_rubric, "(p1b-proof)")]


@pytest.fixture(scope="module")
def spoilt(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The findings in a release with a fault of every kind, each fault in a separate cell."""
    root = tmp_path_factory.mktemp("spoilt") / "course"
    shutil.copytree(fresh, root)
    course = Course(root)
    for problem, place, leaked, _ in LEAKS:

        def leak(notebook: NotebookNode, place: str = place, leaked: str = leaked) -> None:
            cell(notebook, place).source += "\n" + leaked

        change(course.release("hw2") / f"{problem}.ipynb", leak)
    for spoil, _ in SPOILS:
        change(course.release("hw2") / "problem1_momentum.ipynb", spoil)
    return faults(looked_at(course, "hw2"))


@pytest.mark.parametrize(("problem", "place", "leaked", "whose"), LEAKS)
def test_line_of_a_solution_is_found_anywhere(
    spoilt: Mapping[str, str], problem: str, place: str, leaked: str, whose: str
) -> None:
    assert leaked
    lines = spoilt["no solution is given away"].splitlines()
    (found,) = [line for line in lines if f"({place})" in line]
    assert found.startswith(f"{problem}.ipynb, cell")
    assert whose in found


@pytest.mark.parametrize("where", [where for _, where in SPOILS])
def test_model_answer_and_rubric_are_found(spoilt: Mapping[str, str], where: str) -> None:
    assert where in spoilt["no model answer or rubric is given away"]


def test_nothing_else_is_found_in_the_spoilt_release(spoilt: Mapping[str, str]) -> None:
    assert set(spoilt) == {"no solution is given away", "no model answer or rubric is given away"}


def test_proving_changes_nothing(first_proof: Proof) -> None:
    """The fixture compares the trees before and after the proof."""
    assert first_proof.ok
