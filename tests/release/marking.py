"""Markers without a sandbox and without pytest, which return the same Report.

`Marker` runs the notebooks of the made-up course, `mark_on_paper` runs nothing.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import Mock, patch

import matplotlib.pyplot as plt
import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.course.assignment import Assignment, Course, read_notebook
from autograder.errors import CourseError
from autograder.grading.jobs import Job, Marked
from autograder.grading.mark import Marking
from autograder.grading.report import Claim, ItemReport, NotebookReport, Report
from autograder.release import Proof
from autograder.release import release as really_release
from autograder.release.proof.killmatrix import KillMatrix, kill_matrix

Namespace = dict[str, Any]
Judge = Callable[[Namespace], bool]

U, V = np.array([0.3, -1.2, 2.0]), 1.7
POSITIONS, SLOPES = np.array([0.5, 1.0, 4.0]), np.array([3.0, -1.0, 0.5])


def first_part_is_right(answers: Namespace) -> bool:
    return np.allclose(answers["slope"](U, V)[0], V**2 * U)


def last_part_is_right(answers: Namespace) -> bool:
    return np.allclose(answers["slope"](U, V)[1], U @ U * V)


def values_are_right(answers: Namespace) -> bool:
    return np.allclose(answers["first_part"], [9, 18]) and np.allclose(answers["last_part"], 15)


def line_is_right(answers: Namespace) -> bool:
    (line,) = answers["plot_slope"](POSITIONS, SLOPES).axes[0].lines
    return np.array_equal(line.get_xydata(), np.column_stack([POSITIONS, SLOPES]))


JUDGES: Mapping[str, Mapping[str, Judge]] = {
    "t-slope": {"first part": first_part_is_right, "last part": last_part_is_right},
    "t-values": {"the values": values_are_right},
    "t-plot": {"the line": line_is_right},
}


MarkFunction = Callable[..., Marking]
Matrix = Callable[[Course, Assignment], KillMatrix]


def release(
    course: Course,
    name: str,
    *,
    mark: MarkFunction,
    matrix: Matrix | None = None,
    check: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Proof:
    """Release with a test marker instead of the real grading path; no trial is cached."""

    def mark_class(
        course: Course, assignment: Assignment, jobs: Sequence[Job], **_: object
    ) -> Iterator[Marked]:
        for job in jobs:
            try:
                marking = mark(course, assignment, job.path, release=job.release)
                yield Marked(job.student, marking)
            except CourseError as error:
                yield Marked(job.student, None, str(error))

    nothing = Mock(**{"find.return_value": None})
    with (
        patch("autograder.grading.classrun.mark_class", mark_class),
        patch("autograder.release.proof.trials.earlier_findings", return_value=nothing),
        patch(
            "autograder.release.proof.proof.kill_matrix",
            (lambda course, assignment, **_: matrix(course, assignment)) if matrix else kill_matrix,
        ),
    ):
        return really_release(course, name, check=check, say=say)


def mark_on_paper(course: Course, assignment: Assignment, path: Path, *, release: Path) -> Marking:
    """Give the marks that a correct homework would get."""
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
    return Marking(report, {})


@dataclass
class Marker:
    """Marks by the judges; a test may replace one judge by a lenient or a strict one."""

    judges: Mapping[str, Mapping[str, Judge]] = field(default_factory=lambda: JUDGES)
    marked: list[str] = field(default_factory=list)

    def __call__(
        self, course: Course, assignment: Assignment, path: Path, *, release: Path
    ) -> Marking:
        assert course.assignment(assignment.name) == assignment
        assert (release / "valley.ipynb").is_file()
        self.marked.append(path.name)
        notebook = read_notebook(path / "valley.ipynb")
        answers = run(notebook, release / "checks.py")
        items = {}
        for item in assignment.items.values():
            claims = tuple(
                Claim(claim, passed=holds(judge, answers), message="Look again.")
                for claim, judge in self.judges.get(item.name, {}).items()
            )
            share = sum(claim.passed for claim in claims) / max(len(claims), 1)
            items[item.name] = ItemReport(
                kind=item.kind,
                problem=item.problem,
                points=item.max_points * share,
                max_points=item.max_points,
                bonus=item.bonus,
                outcome="marked" if item.kind == "auto" else "open",
                claims=claims,
            )
        report = Report(
            assignment=assignment.name,
            submission=path.name,
            seed=assignment.seed,
            protection="none",
            walls={},
            points=sum(i.points for i in items.values() if not i.bonus),
            max_points=3,
            bonus_points=sum(i.points for i in items.values() if i.bonus),
            max_bonus_points=1,
            notebooks={"valley": NotebookReport("marked")},
            items=items,
        )
        return Marking(report, {"valley": notebook})

    def but(self, item: str, judge: Judge) -> Marker:
        """Return the same marker with another judge for one item."""
        return Marker({**self.judges, item: {"a claim of its own": judge}})


def run(notebook: NotebookNode, checks: Path) -> Namespace:
    """Return the names that the notebook's code cells define; an error stops only its own cell."""
    module = ModuleType("checks")
    exec(checks.read_text(encoding="utf-8"), module.__dict__)
    answers: Namespace = {"checks": module}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            with redirect_stdout(io.StringIO()) as said:
                try:
                    exec(cell.source.replace("import checks", "pass"), answers)
                except Exception as error:
                    cell.outputs.append(new_output("error", ename=type(error).__name__))
            cell.outputs.append(new_output("stream", name="stdout", text=said.getvalue()))
    plt.close("all")
    return answers


def holds(judge: Judge, answers: Namespace) -> bool:
    try:
        return bool(judge(answers))
    except Exception:
        return False
    finally:
        plt.close("all")
