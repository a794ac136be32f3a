"""Notebooks that are not what was handed out."""

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
    """Where the kernel's check stands."""
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
        "The check's cell says that it is worth 100 points, is not locked, and holds 1.0.",
        ONES,
        alter=_forge_marks,
    ),
    changed("check-deleted", "The cell that checks the kernel is deleted.", ONES, alter=_delete),
    changed(
        "check-twice",
        "The cell that checks the kernel is there twice, the second time with 1.0 in it.",
        ONES,
        alter=_duplicate,
    ),
    changed(
        "check-is-text", "The cell that checks the kernel has become text.", ONES, alter=_retype
    ),
    changed(
        "check-has-passed-before",
        "The cell that checks the kernel shows full marks, and is marked as not to be run.",
        ONES,
        alter=_plant_output,
    ),
    Idea(
        "old-schema",
        KIND,
        "The cells' metadata are those of a notebook from long ago.",
        unsolved=EVERYTHING,
        alter=_old_schema,
    ),
    Idea(
        "another-kernel",
        KIND,
        "The notebook asks to be run by a kernel of another language.",
        unsolved=EVERYTHING,
        alter=_another_kernel,
    ),
    Idea(
        "shell-line-rewrites-the-next",
        KIND,
        "A line for the shell spoils the submission that is marked next.",
        {"start": "!echo spoilt > @victim@ 2> /dev/null", "kernel": ONES},
        KERNEL,
    ),
)
