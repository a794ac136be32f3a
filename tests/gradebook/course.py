"""A made-up course of two small problems, and Markings of its submissions, made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.utils import compute_checksum

from autograder.content.sanitize import clean_notebook, released_texts
from autograder.course.assignment import Assignment, Course, Item
from autograder.gradebook.database import open_gradebook
from autograder.gradebook.marks import Marks, marks_in, read_people
from autograder.gradebook.recorder import Recorder
from autograder.grading.mark import Marking, read_skeletons
from autograder.grading.report import Claim, ItemReport, NotebookReport, Report
from autograder.sandbox.protection import Protection, Wall

SETTINGS = """
[course]
id = "made-up"
title = "A made-up course"
timezone = "Europe/Zurich"

[assignments.hw]
title = "Homework: slopes"
opens = 2024-10-17T18:00:00
due = 2024-11-21T23:55:00
seed = 7
bonus = ["b-bonus", "b-essay"]
"""

TEXT_STUB = "*Your answer goes here.*"
MODEL_ANSWERS = {
    "a-proof": """\
By the model answer the slope doubles.

#### Rubric

- (0.5 points) differentiates $x^2$ and says which rule that is
- (1 point) finds the factor two [evidence: a-slope "the slope at any point"]
- (0.5 points) bends it [evidence: a-bend/up "the bend"] [evidence: b-bonus "the bonus"]
""",
    "b-essay": """\
The model essay calls it flat.

#### Rubric

- (1 point) says why it is flat
- (-0.5 points) calls it steep
""",
}
ANSWERS = {"a-proof": "The chain rule, $f' = 2x$.", "b-essay": "It is flat."}
REGULAR, BONUS = 5.0, 3.0
NO_WALLS = Protection(Wall(False, {}), Wall(False, {}), allow_unprotected=True)
"""Walls of hand-made Markings: no code runs, so no sandbox is needed."""
AUTO = {"a-slope": 1.0, "a-bend": 2.0, "b-bonus": 2.0}


def write_course(root: Path) -> Course:
    """Write the course's settings, its nbgrader configuration, its source and its release."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "course.toml").write_text(SETTINGS, encoding="utf-8")
    config = Path(__file__).parents[2] / "nbgrader_config.py"
    (root / config.name).write_text(config.read_text(encoding="utf-8"), encoding="utf-8")
    for tree in ("source", "release"):
        folder = root / tree / "hw"
        folder.mkdir(parents=True)
        for name, notebook in notebooks(MODEL_ANSWERS if tree == "source" else {}).items():
            nbformat.write(notebook, folder / f"{name}.ipynb")
    return Course(root)


def notebooks(answers: Mapping[str, str]) -> dict[str, NotebookNode]:
    """Return the notebooks with these texts; missing texts are not answered yet."""
    proof, essay = (answers.get(name, TEXT_STUB) for name in ("a-proof", "b-essay"))
    slope = [
        _text("a-title", "# Slopes"),
        _code("a-slope-answer", "def slope(x): ...", solution=True, locked=False),
        _code("a-slope", "checks.slope()", grade=True, points=1),
        _code("a-bend", "checks.bend()", grade=True, points=2),
        _text("a-proof", proof, grade=True, solution=True, locked=False, points=2),
    ]
    extra = [
        _text("b-title", "# Extras"),
        _code("b-bonus-answer", "def bonus(x): ...", solution=True, locked=False),
        _code("b-bonus", "checks.bonus()", grade=True, points=2),
        _text("b-essay", essay, grade=True, solution=True, locked=False, points=1),
    ]
    return {"a_slopes": _notebook(slope), "b_extras": _notebook(extra)}


def _notebook(cells: list[NotebookNode]) -> NotebookNode:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook: NotebookNode = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    notebook.nbformat_minor = 5
    return notebook


def _code(name: str, source: str, **mark: Any) -> NotebookNode:
    return _marked(new_code_cell(source, id=name), name, mark)


def _text(name: str, source: str, **mark: Any) -> NotebookNode:
    return _marked(new_markdown_cell(source, id=name), name, mark)


def _marked(cell: NotebookNode, name: str, mark: dict[str, Any]) -> NotebookNode:
    flags = {"grade": False, "solution": False, "locked": True, "task": False}
    cell.metadata["nbgrader"] = NotebookNode(
        {"schema_version": 3, "grade_id": name, "cell_type": cell.cell_type, **flags, **mark}
    )
    cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
    return cell


def mark(
    course: Course,
    points: Mapping[str, float] | None = None,
    answers: Mapping[str, str] | None = None,
    broken: Mapping[str, str] | None = None,
) -> Marking:
    """Return a Marking with `points` for automatic items (default: full) and these texts."""
    return as_marked(course, unclean(course, points, answers, broken))


def unclean(
    course: Course,
    points: Mapping[str, float] | None = None,
    answers: Mapping[str, str] | None = None,
    broken: Mapping[str, str] | None = None,
) -> Marking:
    """Return a Marking as `mark` does, with all texts exactly as the student wrote them."""
    assignment = course.assignment("hw")
    broken = broken or {}
    texts = ANSWERS if answers is None else answers
    runs = {
        name: _answered(skeleton, texts)
        for name, skeleton in read_skeletons(assignment, course.release("hw")).items()
        if name not in broken
    }
    return Marking(_report(assignment, {**AUTO, **(points or {})}, broken), runs)


def as_marked(course: Course, marking: Marking) -> Marking:
    """Return the Marking with harmless notebooks, as the marking process makes them."""
    skeletons = read_skeletons(course.assignment("hw"), course.release("hw"))
    clean = {
        name: clean_notebook(notebook, released_texts(skeletons[name]))
        for name, notebook in marking.notebooks.items()
    }
    return replace(marking, notebooks=clean)


def _answered(skeleton: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    notebook = deepcopy(skeleton)
    for cell in notebook.cells:
        cell.source = answers.get(cell.metadata.nbgrader.grade_id, cell.source)
        if cell.cell_type == "code":
            cell.outputs = [new_output("stream", name="stdout", text="so far so good\n")]
    return notebook


def _report(
    assignment: Assignment, points: Mapping[str, float], broken: Mapping[str, str]
) -> Report:
    states = {
        problem.name: NotebookReport("unreadable", broken[problem.name])
        if problem.name in broken
        else NotebookReport("marked")
        for problem in assignment.problems
    }
    items = {
        item.name: _item(item, points, states[item.problem]) for item in assignment.items.values()
    }
    regular = sum(item.points for item in items.values() if not item.bonus)
    bonus = sum(item.points for item in items.values() if item.bonus)
    return Report(
        assignment.name, "anna", 7, "both", {}, regular, 3.0, bonus, 2.0, states, items
    )  # fmt: skip


def _item(item: Item, points: Mapping[str, float], notebook: NotebookReport) -> ItemReport:
    report = ItemReport(item.kind, item.problem, 0.0, item.max_points, item.bonus, "open")
    if item.kind == "manual":
        return report
    if notebook.message:
        return replace(report, outcome="not marked", message=notebook.message)
    earned = points[item.name]
    right = earned == item.max_points
    message = "" if right else "The answer has the wrong sign."
    claim = Claim(f"The claim about {item.name}.", right, message)
    return replace(report, points=earned, outcome="marked", claims=(claim,))


def hand_in(course: Course, student: str) -> Path:
    """Make an empty submission folder, because a Marking made by hand does not read the folder."""
    folder = course.root / "submitted" / student / "hw"
    folder.mkdir(parents=True)
    return folder


def read_marks(course: Course) -> Marks:
    """Return the marks of the homework by the course's rules; nothing is written."""
    with open_gradebook(course) as gradebook:
        marks = marks_in(gradebook, course, "hw", read_people(gradebook))
    assert marks is not None
    return marks


def record(course: Course, assignment: Assignment, student: str, marking: Marking) -> None:
    record_class(course, assignment, {student: marking})


def record_class(course: Course, assignment: Assignment, markings: Mapping[str, Marking]) -> None:
    with Recorder(course, assignment) as recorder:
        for student, marking in markings.items():
            recorder.record(student, marking)
