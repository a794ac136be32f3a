"""The real homework: its trees are in order, and faults seeded into it are caught.

Marks are left out here: `fdl release hw2 --check` proves them through the sandbox.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbformat import NotebookNode

from autograder.assignment import Assignment, Course, read_notebook
from autograder.grading.report import ItemReport, NotebookReport, Report
from autograder.release import Proof, prove, release
from autograder.release.killmatrix import KillMatrix

from .helpers import cell, change, faults, fingerprint

CHECKOUT = Path(__file__).parents[2]
MACHINE_MADE = shutil.ignore_patterns("__pycache__", "*.pyc", ".ipynb_checkpoints")


@dataclass(frozen=True)
class OnPaper:
    """Gives the marks that a sound homework would get."""

    report: Report
    notebooks: Mapping[str, NotebookNode]


def matrix_on_paper(_course: Course, assignment: Assignment) -> KillMatrix:
    return KillMatrix(assignment.name, assignment.seed, (), ())


def mark_on_paper(course: Course, assignment: Assignment, path: Path, *, release: Path) -> OnPaper:
    assert course.hidden(assignment.name).is_dir()
    assert release.is_dir()
    share = float(path.name == "reference")
    items = {
        i.name: ItemReport(
            kind=i.kind,
            problem=i.problem,
            points=share * i.max_points if i.kind == "auto" else 0,
            max_points=i.max_points,
            bonus=i.bonus,
            outcome="marked" if i.kind == "auto" else "open",
        )
        for i in assignment.items.values()
    }
    notebooks = {problem.name: NotebookReport("marked") for problem in assignment.problems}
    report = Report(
        assignment.name, path.name, 0, "none", {}, 16 * share, 16, 7 * share, 7, notebooks, items
    )
    return OnPaper(report, {})


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout's course with a release of now."""
    root = tmp_path_factory.mktemp("hw2") / "course"
    shutil.copytree(CHECKOUT / "source" / "hw2", root / "source" / "hw2", ignore=MACHINE_MADE)
    for name in ("course.toml", "nbgrader_config.py"):
        shutil.copyfile(CHECKOUT / name, root / name)
    proof = release(Course(root), "hw2", mark=mark_on_paper, matrix=matrix_on_paper)
    assert proof.ok, proof.faults
    return root


@pytest.fixture
def course(fresh: Path, tmp_path: Path) -> Course:
    shutil.copytree(fresh, tmp_path / "course")
    return Course(tmp_path / "course")


def checked(course: Course) -> Proof:
    return prove(
        course,
        course.assignment("hw2"),
        course.release("hw2"),
        mark=mark_on_paper,
        matrix=matrix_on_paper,
    )


def test_points_are_those_of_the_sheet(course: Course) -> None:
    (points,) = [f.detail for f in checked(course).findings if f.check == "items and points"]
    assert points == (
        "21 auto items of 23 points, 8 manual items of 15 points; 30 points regular, 8 points bonus"
    )


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


@pytest.mark.parametrize(("problem", "place", "leaked", "whose"), LEAKS)
def test_line_of_a_solution_is_found_anywhere(
    course: Course, problem: str, place: str, leaked: str, whose: str
) -> None:
    def leak(notebook: NotebookNode) -> None:
        cell(notebook, place).source += "\n" + leaked

    change(course.release("hw2") / f"{problem}.ipynb", leak)
    found = faults(checked(course))["no solution is given away"]
    assert f"{problem}.ipynb, cell" in found
    assert f"({place})" in found
    assert whose in found


def spoil_proof(notebook: NotebookNode) -> None:
    source = CHECKOUT / "source" / "hw2" / "problem1_momentum.ipynb"
    answer = cell(read_notebook(source), "p1a-proof").source
    cell(notebook, "p1a-proof").source = answer.split("#### Rubric")[0]


def spoil_rubric(notebook: NotebookNode) -> None:
    cell(notebook, "p1b-proof").source += "\n\n- (0.5 points) names the relation"


@pytest.mark.parametrize(
    ("spoil", "where"), [(spoil_proof, "(p1a-proof)"), (spoil_rubric, "(p1b-proof)")]
)
def test_model_answer_and_rubric_are_found(
    course: Course, spoil: Callable[[NotebookNode], None], where: str
) -> None:
    change(course.release("hw2") / "problem1_momentum.ipynb", spoil)
    assert where in faults(checked(course))["no model answer or rubric is given away"]


def test_proving_changes_nothing(course: Course) -> None:
    before = fingerprint(course.root)
    assert checked(course).ok
    assert fingerprint(course.root) == before
