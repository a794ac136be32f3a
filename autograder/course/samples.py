"""Build sample submissions with known marks, from the released notebooks and the solutions.

An assignment's own sample students are in `sample_class.py` beside its hidden tests; demos, tests
and benchmarks all use them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.course.assignment import Assignment, Course, read_notebook
from autograder.course.code import load_beside_tests
from autograder.course.directives import without_directives
from autograder.course.gradecells import by_grade_id, grade_id, is_solution
from autograder.course.layout import SAMPLE_CLASS
from autograder.errors import CourseError

Spoil = Callable[[Path], None]


@dataclass(frozen=True)
class SampleStudent:
    """A sample student: the contents of the notebooks, and the points that each item should lose.

    `answers` replaces cells and `before` inserts code in front of cells; both find cells by
    nbgrader id. All other answers are the reference solutions; if `done` is given, only cells
    whose id is in `done` are filled. `lost` is the number of points that each item should lose.
    `spoil` is a function that changes the folder after it is written. If `waits` is true, the code
    runs into time limits, so marking takes long.
    """

    name: str
    story: str
    answers: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    done: frozenset[str] | None = None
    lost: Mapping[str, float] = field(default_factory=dict)
    spoil: Spoil | None = None
    waits: bool = False

    def true_points(self, assignment: Assignment) -> dict[str, float]:
        """Return the points that each auto item should get."""
        return {
            item.name: item.max_points - self.lost.get(item.name, 0.0)
            for item in assignment.select("auto")
        }


def load_sample_class(course: Course, assignment: str) -> tuple[SampleStudent, ...]:
    """Return the assignment's own sample students; raise CourseError if it has none."""
    path = course.hidden(assignment) / SAMPLE_CLASS
    students = getattr(load_beside_tests(course, assignment, path.stem), "STUDENTS", None)
    if not isinstance(students, tuple) or not all(isinstance(s, SampleStudent) for s in students):
        raise CourseError(f"{assignment} has no sample class: write STUDENTS in {path}")
    return students


def write_submission(
    course: Course, assignment: Assignment, student: SampleStudent, folder: Path
) -> None:
    """Write the sample student's submission into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for problem in assignment.problems:
        skeleton = read_notebook(course.release(assignment.name) / f"{problem.name}.ipynb")
        reference = read_notebook(course.source(assignment.name) / f"{problem.name}.ipynb")
        nbformat.write(_filled(skeleton, reference, student), folder / f"{problem.name}.ipynb")
    if student.spoil is not None:
        student.spoil(folder)


def _filled(
    skeleton: NotebookNode, reference: NotebookNode, student: SampleStudent
) -> NotebookNode:
    solutions = by_grade_id(reference)
    cells: list[NotebookNode] = []
    for cell in skeleton.cells:
        name = grade_id(cell)
        if name in student.before:
            cells.append(nbformat.v4.new_code_cell(student.before[name]))
        if name in student.answers:
            cell.source = student.answers[name]
        elif (
            is_solution(cell)
            and cell.cell_type == "code"
            and (student.done is None or name in student.done)
        ):
            cell.source = without_directives(solutions[name].source)
        cells.append(cell)
    skeleton.cells = cells
    return skeleton
