"""Submitted notebooks that differ from the released notebooks."""

from __future__ import annotations

import copy
from functools import partial

import nbformat
from nbformat import NotebookNode

from tests.comparison.attack import Idea
from tests.comparison.homework import KIT_NAMES
from tests.comparison.ideas.common import EVERYTHING, KERNEL, ONES, kernel

KIND = "notebooks"
changed = partial(kernel, KIND)


def _test_cell(tool: str, notebook: NotebookNode) -> int:
    """Return the cell that contains the kernel's check."""
    name = KIT_NAMES["kernel"] if tool == "kit" else "kernel"
    for index, cell in enumerate(notebook.cells):
        if cell.metadata.get("nbgrader", {}).get("grade_id") == name:
            return index
        if tool == "otter" and 'grader.check("kernel")' in cell.source:
            return index
    raise LookupError("the notebook has no check of the kernel")


def _forge_marks(tool: str, notebook: NotebookNode) -> None:
    cell = notebook.cells[_test_cell(tool, notebook)]
    cell.metadata.setdefault("nbgrader", {}).update(points=100, grade=False, locked=False)
    cell.source = "1.0"
    notebook.metadata["otter"] = {"ok_format": True, "tests": {"kernel": "points = 100"}}


def _delete(tool: str, notebook: NotebookNode) -> None:
    del notebook.cells[_test_cell(tool, notebook)]


def _duplicate(tool: str, notebook: NotebookNode) -> None:
    index = _test_cell(tool, notebook)
    again = copy.deepcopy(notebook.cells[index])
    again["id"] = "another-one"
    again.source = "1.0"
    notebook.cells.insert(index + 1, again)


def _retype(tool: str, notebook: NotebookNode) -> None:
    cell = notebook.cells[_test_cell(tool, notebook)]
    cell.cell_type = "markdown"
    cell.pop("outputs", None)
    cell.pop("execution_count", None)


def _plant_output(tool: str, notebook: NotebookNode) -> None:
    cell = notebook.cells[_test_cell(tool, notebook)]
    data = {"text/plain": "1.0"}
    cell.outputs = [nbformat.v4.new_output("execute_result", data, execution_count=1)]
    cell.execution_count = 1
    cell.metadata["tags"] = ["otter_ignore", "skip-execution", "raises-exception"]
    cell.source = "%%script true\n" + cell.source


def _old_schema(_tool: str, notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["schema_version"] = 0
            cell.metadata.nbgrader.pop("cell_type", None)


def _another_kernel(_tool: str, notebook: NotebookNode) -> None:
    notebook.metadata["kernelspec"] = {
        "display_name": "Bash", "language": "bash", "name": "bash",
    }  # fmt: skip


IDEAS = (
    changed(
        "forged-marks-in-metadata",
        "The check's cell claims to be worth 100 points, is unlocked, and contains only 1.0.",
        ONES,
        alter=_forge_marks,
    ),
    changed("check-deleted", "The cell that checks the kernel is deleted.", ONES, alter=_delete),
    changed(
        "check-twice",
        "The cell that checks the kernel occurs twice; the second copy contains only 1.0.",
        ONES,
        alter=_duplicate,
    ),
    changed(
        "check-is-text",
        "The cell that checks the kernel is changed into a text cell.",
        ONES,
        alter=_retype,
    ),
    changed(
        "check-has-passed-before",
        "The cell that checks the kernel shows full marks, and is marked as a cell not to run.",
        ONES,
        alter=_plant_output,
    ),
    Idea(
        "old-schema",
        KIND,
        "The cells' metadata have the form of an old nbgrader version.",
        unsolved=EVERYTHING,
        alter=_old_schema,
    ),
    Idea(
        "another-kernel",
        KIND,
        "The notebook's metadata ask for a Jupyter kernel of another language.",
        unsolved=EVERYTHING,
        alter=_another_kernel,
    ),
    Idea(
        "shell-line-rewrites-the-next",
        KIND,
        "A shell command in a cell damages the submission that is marked next.",
        {"start": "!echo spoilt > @victim@ 2> /dev/null", "kernel": ONES},
        KERNEL,
    ),
)
