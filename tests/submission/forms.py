"""Two made-up released notebooks, and typical changes that students make to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.submission.receiving import ReceivedNotebook, read_submission

VALLEY, HILL = "problem1_valley", "problem2_hill"

TODO = 'raise NotImplementedError("this answer is still to be written")'
TEXT_STUB = "*Your answer goes here: double-click this line and write over it.*"
SLOPE_STUB = f'def slope(x):\n    """The slope at x."""\n    # YOUR CODE HERE\n    {TODO}'
BEND_STUB = f"def bend(x):\n    {TODO}\n\n\ndef twist(x):\n    {TODO}"

SLOPE = "def slope(x):\n    return 2 * x"
BEND = "def bend(x):\n    return 2\n\n\ndef twist(x):\n    return 0"
VALUES = "value = 6"
PROOF = "The chain rule gives it."
ANSWERS = {
    "v-slope-answer": SLOPE,
    "v-bend-answer": BEND,
    "v-values-answer": VALUES,
    "v-proof": PROOF,
}


def code(name: str, source: str, **mark: Any) -> NotebookNode:
    return _marked(new_code_cell(source, id=name), name, mark)


def text(name: str, source: str, **mark: Any) -> NotebookNode:
    return _marked(new_markdown_cell(source, id=name), name, mark)


def _marked(cell: NotebookNode, name: str, mark: dict[str, Any]) -> NotebookNode:
    flags = {"grade": False, "solution": False, "locked": True, "task": False}
    cell.metadata["nbgrader"] = {"schema_version": 3, "grade_id": name, **flags, **mark}
    return cell


def _answer(name: str, stub: str) -> NotebookNode:
    return code(name, stub, solution=True, locked=False)


def _check(name: str) -> NotebookNode:
    return code(name, f"checked = {name!r}", grade=True, points=1)


def _notebook(cells: list[NotebookNode]) -> NotebookNode:
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    notebook.nbformat_minor = 5
    return notebook


def valley() -> NotebookNode:
    """Return the first problem as it is released."""
    return deepcopy(_valley())


def hill() -> NotebookNode:
    """Return the second problem as it is released."""
    return deepcopy(_hill())


@cache  # nbformat validates each new cell
def _valley() -> NotebookNode:
    return _notebook(
        [
            text("v-title", "# A valley"),
            code("v-setup", "import math"),
            text("v-slope-text", "**Write `slope`.**"),
            _answer("v-slope-answer", SLOPE_STUB),
            _check("v-slope"),
            _answer("v-bend-answer", BEND_STUB),
            _check("v-bend"),
            _answer("v-values-answer", f"# YOUR CODE HERE\n{TODO}"),
            _check("v-values"),
            text("v-proof-question", "**Prove it.**"),
            text("v-proof", TEXT_STUB, grade=True, solution=True, locked=False, points=2),
            code("v-given", "def given():\n    return 'the course'"),
            code("v-summary", "summary = given()"),
        ]
    )


@cache
def _hill() -> NotebookNode:
    return _notebook(
        [
            text("h-title", "# A hill"),
            _answer("h-top-answer", f"def top():\n    {TODO}"),
            _check("h-top"),
            text("h-words", TEXT_STUB, grade=True, solution=True, locked=False, points=1),
            code("h-end", "ended = True"),
        ]
    )


def skeletons() -> dict[str, NotebookNode]:
    return {VALLEY: valley(), HILL: hill()}


def filled(**other: str) -> NotebookNode:
    """Return the valley notebook with every answer; `v_proof="..."` writes another proof."""
    notebook = valley()
    for name, source in {**ANSWERS, **{k.replace("_", "-"): v for k, v in other.items()}}.items():
        cell(notebook, name).source = source
    return notebook


def filled_hill() -> NotebookNode:
    notebook = hill()
    cell(notebook, "h-top-answer").source = "def top():\n    return 'the summit'"
    return notebook


def index_of(notebook: NotebookNode, name: str) -> int:
    names = [c.metadata.get("nbgrader", {}).get("grade_id") for c in notebook.cells]
    return names.index(name)


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    """Return the cell with this nbgrader id."""
    return notebook.cells[index_of(notebook, name)]


def insert(notebook: NotebookNode, name: str, source: str, *, after: bool = True) -> None:
    """Insert a new code cell after (or before) the named cell."""
    notebook.cells.insert(index_of(notebook, name) + after, new_code_cell(source))


def insert_text(notebook: NotebookNode, name: str, source: str, *, after: bool = True) -> None:
    notebook.cells.insert(index_of(notebook, name) + after, new_markdown_cell(source))


def forget(notebook: NotebookNode, name: str) -> None:
    """Remove all metadata and the cell's id, as copying through another program does."""
    lost = cell(notebook, name)
    lost.metadata = NotebookNode()
    lost.id = f"lost-{name}"


def drop(notebook: NotebookNode, *names: str) -> None:
    for name in names:
        del notebook.cells[index_of(notebook, name)]


def write(path: Path, content: NotebookNode | bytes | str) -> Path:
    """Write a file of a submission, and the folders that the file needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def receive(folder: Path, content: NotebookNode | bytes | str) -> ReceivedNotebook:
    """Return the received submission whose valley notebook has this content."""
    write(folder / f"{VALLEY}.ipynb", content)
    received = read_submission(folder, skeletons()).notebooks[VALLEY]
    if received.notebook is not None:
        assert_fit(received.notebook, valley())
    return received


def repaired(folder: Path, notebook: NotebookNode) -> NotebookNode:
    """Return the student's notebook after repairs."""
    received = receive(folder, notebook)
    assert received.notebook is not None, received.message
    return received.notebook


def assert_fit(notebook: NotebookNode, skeleton: NotebookNode) -> None:
    """Assert that every released cell occurs once, in order; all other cells must be text."""
    nbformat.validate(notebook)
    ids = [c.id for c in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert notebook.metadata == skeleton.metadata
    ours = [c for c in notebook.cells if c.metadata]
    assert [c.id for c in ours] == [c.id for c in skeleton.cells]
    for got, released in zip(ours, skeleton.cells, strict=True):
        assert got.metadata == released.metadata
        assert got.cell_type == released.cell_type
        if released.metadata.nbgrader.locked:
            assert got == released
    assert all(not c.get("outputs") for c in notebook.cells)


def run(notebook: NotebookNode) -> dict[str, Any]:
    """Return the names at the end of a run of the code cells; an error stops only its own cell."""
    names: dict[str, Any] = {}
    for c in notebook.cells:
        if c.cell_type == "code":
            try:
                exec(c.source, names)
            except Exception:  # the next cell still runs, as in a notebook
                continue
    return names


def sources(notebook: NotebookNode) -> list[str]:
    return [c.source for c in notebook.cells]


Change = Callable[[NotebookNode], None]


def changed(change: Change) -> NotebookNode:
    """Return the filled valley notebook after a student's change."""
    notebook = deepcopy(filled())
    change(notebook)
    return notebook
