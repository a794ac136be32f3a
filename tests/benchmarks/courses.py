"""Scratch courses with the same submissions: one course for the kit, one for stock nbgrader."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook

from autograder.course.assignment import Assignment, Course, read_notebook
from autograder.course.bundle import course_files, write_files
from autograder.course.layout import NBGRADER_SETTINGS
from autograder.course.samples import SampleStudent, load_sample_class, write_submission
from autograder.gradebook.recorder import Recorder

from .stock_tests import with_hidden_tests

TOOLS = Path(sys.executable).parent
SAMPLES = ("ada", "dmitri", "ada", "emil", "ada", "ada")
"""Sample students whose submissions are used repeatedly: the reference, and some with mistakes."""

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""Use one thread as in the sandbox; more threads do not help with these small arrays."""

Marks = dict[str, dict[str, float]]
"""Points of the automatic items by student and item, bonus points included."""


@dataclass(frozen=True)
class ScratchCourse:
    """A course before its first grading run; each run works on a copy of the course."""

    root: Path

    def copy(self, target: Path) -> Path:
        """Make a copy of the course in which nothing was graded."""
        shutil.copytree(self.root, target)
        return target


def sample_students(course: Course, assignment: Assignment, count: int) -> list[SampleStudent]:
    """Return this number of students, each with a name of their own."""
    known = {student.name: student for student in load_sample_class(course, assignment.name)}
    names = islice(cycle(SAMPLES), count)
    return [replace(known[name], name=f"{name}-{number}") for number, name in enumerate(names, 1)]


def true_marks(assignment: Assignment, students: Sequence[SampleStudent]) -> Marks:
    """Return the marks that each tool should find."""
    return {student.name: student.true_points(assignment) for student in students}


def make_kit_course(
    course: Course, assignment: Assignment, students: Sequence[SampleStudent], root: Path
) -> ScratchCourse:
    """Make a course for `fdl grade`, with a gradebook that contains the assignment."""
    write_files(course_files(course, assignment.name, NBGRADER_SETTINGS), root)
    _submit(course, assignment, students, root)
    with Recorder(Course(root), assignment):
        pass
    return ScratchCourse(root)


def make_stock_course(
    course: Course, assignment: Assignment, students: Sequence[SampleStudent], root: Path
) -> ScratchCourse:
    """A plain nbgrader course: no settings, and hidden tests in the source's check cells."""
    source = root / "source" / assignment.name
    source.mkdir(parents=True)
    shutil.copy(course.release(assignment.name) / "checks.py", source)
    for problem in assignment.problems:
        name = f"{problem.name}.ipynb"
        notebook = read_notebook(course.source(assignment.name) / name)
        for cell in notebook.cells:
            mark = cell.metadata.get("nbgrader", {})
            if mark.get("grade") and not mark.get("solution"):
                cell.source = with_hidden_tests(mark["grade_id"], cell.source)
        nbformat.write(notebook, source / name)
    run(root, "nbgrader", "generate_assignment", assignment.name)
    _submit(course, assignment, students, root)
    return ScratchCourse(root)


def _submit(
    course: Course, assignment: Assignment, students: Sequence[SampleStudent], root: Path
) -> None:
    for student in students:
        folder = root / "submitted" / student.name / assignment.name
        write_submission(course, assignment, student, folder)


def run(root: Path, command: str, *arguments: str) -> None:
    """Run a command of the environment in a course folder, without any user's own settings."""
    environment = {
        **usual_environment(),
        **ONE_THREAD,
        "PATH": os.pathsep.join([str(TOOLS), os.environ.get("PATH", "")]),
        "JUPYTER_CONFIG_DIR": str(root / ".no-jupyter-settings"),
    }
    done = subprocess.run(
        [str(TOOLS / command), *arguments],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} {' '.join(arguments)} failed:\n{done.stderr[-4000:]}"


def usual_environment() -> dict[str, str]:
    """Return this process's environment, with Python's usual handling of bytecode."""
    return {k: value for k, value in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def database(root: Path) -> str:
    """Return the database address of a course's gradebook."""
    return f"sqlite:///{root / 'gradebook.db'}"


def recorded_marks(root: Path, assignment: Assignment) -> Marks:
    """Return a gradebook's points for the automatic items; the kit's bonus is extra credit."""
    items = {item.name for item in assignment.select("auto")}
    with Gradebook(database(root)) as gradebook:
        return {
            submission.student_id: {
                grade.name: (grade.auto_score or 0.0) + (grade.extra_credit or 0.0)
                for notebook in submission.notebooks
                for grade in notebook.grades
                if grade.name in items
            }
            for submission in gradebook.assignment_submissions(assignment.name)
        }
