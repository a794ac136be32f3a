"""Homework 2 for otter-grader: each notebook is an assignment with the stock course's hidden tests.

A student's notebook is the notebook that nbgrader's students submit, with otter's cells added.
`otter run` marks one file, so marking a submission takes one call for each notebook.
"""

from __future__ import annotations

import builtins
import json
import os
import shutil
import subprocess
import symtable
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.course.assignment import Assignment, Course, Problem, read_notebook
from autograder.course.samples import SampleStudent, write_submission

from .courses import ONE_THREAD, Marks, ScratchCourse, usual_environment
from .stock_tests import TESTS

IMPORTS = "    import matplotlib.pyplot as plt\n    import numpy as np\n"
SETTINGS = (
    "# ASSIGNMENT CONFIG\ninit_cell: true\nexport_cell: false\nrun_tests: false\n"
    "check_all_cell: false\nrequirements: []\nfiles:\n    - checks.py\n"
    "tests:\n    files: false\n    ok_format: false\n"
)
HIDDEN = '""" # BEGIN TEST CONFIG\nhidden: true\n""" # END TEST CONFIG\n'


@dataclass(frozen=True)
class Otter:
    """otter-grader's programs, and the number of `otter run` calls at the same time."""

    programs: Path
    at_once: int

    def make_course(
        self, course: Course, assignment: Assignment, students: Sequence[SampleStudent], root: Path
    ) -> ScratchCourse:
        """Make a folder with `otter assign`'s archive for each notebook, and all submissions."""
        for problem in assignment.problems:
            self._assign(course, assignment, problem, root)
        for student in students:
            written = root / "written" / student.name
            write_submission(course, assignment, student, written)
            for problem in assignment.problems:
                released = root / problem.name / "dist" / "student" / f"{problem.name}.ipynb"
                answers = read_notebook(written / f"{problem.name}.ipynb")
                target = root / "submitted" / student.name / f"{problem.name}.ipynb"
                target.parent.mkdir(parents=True, exist_ok=True)
                nbformat.write(_with_answers(read_notebook(released), answers), target)
        return ScratchCourse(root)

    def _assign(self, course: Course, assignment: Assignment, problem: Problem, root: Path) -> None:
        folder = root / problem.name
        folder.mkdir(parents=True)
        shutil.copy(course.release(assignment.name) / "checks.py", folder)
        released = read_notebook(course.release(assignment.name) / f"{problem.name}.ipynb")
        nbformat.write(master_notebook(released), folder / f"{problem.name}.ipynb")
        self._call(folder, "assign", f"{problem.name}.ipynb", "dist")
        (archive,) = (folder / "dist" / "autograder").glob("*.zip")
        archive.rename(root / f"{problem.name}.zip")

    def grade(self, root: Path) -> None:
        """Mark all submissions."""
        with ThreadPoolExecutor(self.at_once) as pool:
            for done in [pool.submit(self._run, root, path) for path in _submissions(root)]:
                done.result()

    def _run(self, root: Path, submission: Path) -> None:
        results = root / "results" / submission.parent.name / submission.stem
        results.mkdir(parents=True)
        archive = root / f"{submission.stem}.zip"
        self._call(
            root, "run", "--no-logo", "-a", str(archive), "-o", str(results), str(submission)
        )

    def _call(self, folder: Path, *arguments: str) -> None:
        environment = {
            **usual_environment(),
            **ONE_THREAD,
            "PATH": os.pathsep.join([str(self.programs), os.environ.get("PATH", "")]),
            "JUPYTER_CONFIG_DIR": str(folder / ".no-jupyter-settings"),
        }
        done = subprocess.run(
            [str(self.programs / "otter"), *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"otter {' '.join(arguments)} failed:\n{done.stderr[-4000:]}"


def _submissions(root: Path) -> list[Path]:
    return sorted((root / "submitted").glob("*/*.ipynb"))


def otter_marks(root: Path, assignment: Assignment) -> Marks:
    """Return the points that `otter run` wrote, by student and item."""
    found: Marks = {}
    for path in sorted((root / "results").glob("*/*/results.json")):
        points = found.setdefault(path.parent.parent.name, {})
        for test in json.loads(path.read_text(encoding="utf-8"))["tests"]:
            if test.get("name") in assignment.items:
                points[test["name"]] = float(test["score"])
    return found


# --- notebooks -----------------------------------------------------------------------------------


def master_notebook(released: NotebookNode) -> NotebookNode:
    """Return an instructor's notebook for `otter assign`, made from the students' notebook.

    The notebook contains no solutions, because otter doesn't need solutions for marking.
    """
    cells = [nbformat.v4.new_raw_cell(SETTINGS)]
    for cell in released.cells:
        cells.append(cell)
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("grade") and not mark.get("solution"):
            cells += _question(mark["grade_id"], float(mark["points"]))
    notebook: NotebookNode = nbformat.v4.new_notebook(cells=cells, metadata=released.metadata)
    return notebook


def _question(item: str, points: float) -> Iterator[NotebookNode]:
    settings = f"# BEGIN QUESTION\nname: {item}\npoints: {points:g}\nall_or_nothing: true\n"
    yield nbformat.v4.new_raw_cell(settings)
    yield nbformat.v4.new_raw_cell("# BEGIN TESTS")
    yield nbformat.v4.new_code_cell(HIDDEN + hidden_test(item))
    yield nbformat.v4.new_raw_cell("# END TESTS")
    yield nbformat.v4.new_raw_cell("# END QUESTION")


def hidden_test(item: str) -> str:
    """Return the item's hidden tests as a function of the student's names that the tests use."""
    name = f"test_{item.replace('-', '_')}"
    body = IMPORTS + TESTS[item].strip("\n")
    names = _names_of_students(f"def {name}():\n{body}\n")
    return f"def {name}({', '.join(names)}):\n{body}\n"


def _names_of_students(text: str) -> list[str]:
    (function,) = symtable.symtable(text, "tests", "exec").get_children()
    return sorted(name for name in set(_global_names(function)) if not hasattr(builtins, name))


def _global_names(table: symtable.SymbolTable) -> Iterator[str]:
    yield from (symbol.get_name() for symbol in table.get_symbols() if symbol.is_global())
    for child in table.get_children():
        yield from _global_names(child)


def _with_answers(released: NotebookNode, answers: NotebookNode) -> NotebookNode:
    """Return otter's notebook with the answers that a student wrote into nbgrader's notebook."""
    written = {_id(cell): cell.source for cell in answers.cells if _id(cell)}
    for cell in released.cells:
        cell.source = written.pop(_id(cell), cell.source)
    assert not written, f"otter assign has dropped the cells {', '.join(written)}"
    return released


def _id(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
