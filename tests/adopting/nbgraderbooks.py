"""Notebooks as nbgrader's toolbar writes them, and the adoption of them into an empty course."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course.assignment import Course, read_notebook
from autograder.course.gradecells import by_grade_id, is_graded, points_of
from autograder.release.adopting.adopt import Plan, adopt
from autograder.release.adopting.reading import read_old
from autograder.release.newhomework import NewHomework, begin_course

TODAY = datetime(2031, 3, 3, 14, 20)
PYTHON = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}


def graded(cell: NotebookNode, name: str, **own: object) -> NotebookNode:
    """Give a cell nbgrader's metadata."""
    known = {"grade": False, "solution": False, "locked": False, "schema_version": 3, **own}
    cell.metadata["nbgrader"] = NotebookNode({**known, "grade_id": name})
    return cell


def code(source: str) -> NotebookNode:
    cell: NotebookNode = new_code_cell(source)
    return cell


def text(source: str) -> NotebookNode:
    cell: NotebookNode = new_markdown_cell(source)
    return cell


def answer(name: str, source: str) -> NotebookNode:
    return graded(code(source), name, solution=True)


def autotest(name: str, source: str, points: float = 1) -> NotebookNode:
    return graded(code(source), name, grade=True, locked=True, points=points)


def manual(name: str, source: str, points: float = 2) -> NotebookNode:
    return graded(text(source), name, grade=True, solution=True, points=points)


def task(name: str, source: str, points: float = 2) -> NotebookNode:
    return graded(text(source), name, locked=True, task=True, points=points)


def write(path: Path, *cells: NotebookNode, **metadata: object) -> Path:
    """Write a notebook; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = new_notebook(cells=list(cells), metadata=metadata or PYTHON)
    nbformat.write(notebook, path)
    return path


@dataclass
class Brought:
    """An adopted homework `h` in a course of its own."""

    course: Course
    plan: Plan
    name: str = "h"

    @property
    def remarks(self) -> str:
        return "\n".join(map(str, self.plan.remarks))

    def notebook(self, name: str = "p") -> NotebookNode:
        return read_notebook(self.course.source(self.name) / f"{name}.ipynb")

    def cell(self, name: str, notebook: str = "p") -> NotebookNode:
        return by_grade_id(self.notebook(notebook))[name]

    def solutions(self, name: str = "p") -> str:
        return (self.course.solutions(self.name) / f"{name}.py").read_text(encoding="utf-8")

    def hidden(self, name: str = "test_p.py") -> str:
        path = self.course.hidden(self.name) / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    @property
    def visible(self) -> str:
        return self.hidden("test_p_visible.py")

    @property
    def checks(self) -> str:
        return (self.course.source(self.name) / "checks.py").read_text(encoding="utf-8")

    @property
    def kept(self) -> str:
        return self.hidden("not-converted.md")

    @property
    def points(self) -> float:
        paths = self.course.source(self.name).glob("*.ipynb")
        cells = (cell for path in paths for cell in read_notebook(path).cells)
        return sum(points_of(cell) for cell in cells if is_graded(cell))


def bring(place: Path, root: Path) -> Brought:
    """Adopt what is at `place` as the homework `h` of a new course at `root`."""
    course = begin_course(root, "Europe/Zurich")
    homework = NewHomework.planned("h", TODAY, seed=7)
    plan, _ = adopt(course, read_old(place), homework)
    return Brought(Course(root), plan)
