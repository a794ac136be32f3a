"""Reading nbgrader's metadata from the instructor's cells and from students' cells."""

from __future__ import annotations

import math
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course import gradecells

ROOT = Path(gradecells.__file__).parent.parent
ROLES = ("is_answer", "is_check", "is_manual", "is_given")

JUNK: list[Any] = [None, 7, "x", [], {}, [["nbgrader"]], {"a": 1}, math.nan, True, 10**400]


def cell(name: str, kind: str = "code", **known: Any) -> NotebookNode:
    made = new_code_cell("") if kind == "code" else new_markdown_cell("")
    made.metadata["nbgrader"] = {"grade_id": name, **known}
    return made


@pytest.mark.parametrize(
    ("made", "role"),
    [
        (cell("p1-slope-answer", solution=True), "is_answer"),
        (cell("p1-slope", grade=True, locked=True, points=1), "is_check"),
        (cell("p1-proof", "markdown", grade=True, solution=True, points=2), "is_manual"),
        (cell("p1-sketch", grade=True, solution=True, points=2), "is_manual"),
        (cell("p1-setup", locked=True), "is_given"),
        (cell("p1-text", "markdown", locked=True), None),
        (new_code_cell(""), None),
    ],
)
def test_a_cell_has_one_role(made: NotebookNode, role: str | None) -> None:
    found = [name for name in ROLES if getattr(gradecells, name)(made)]
    assert found == ([role] if role else [])


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: repr(junk)[:10])
@pytest.mark.parametrize("key", ["metadata", "nbgrader", "grade_id", "points", "checksum"])
def test_junk_in_metadata_counts_as_missing(key: str, junk: Any) -> None:
    made: dict[str, Any] = {"cell_type": "code", "metadata": {"nbgrader": {}}}
    if key == "metadata":
        made["metadata"] = junk
    elif key == "nbgrader":
        made["metadata"]["nbgrader"] = junk
    else:
        made["metadata"]["nbgrader"][key] = junk
    assert gradecells.grade_id(made) == (junk if key == "grade_id" and junk == "x" else "")
    assert gradecells.checksum_of(made) == (junk if key == "checksum" and junk == "x" else None)
    points = gradecells.points_of(made)
    assert points == 7.0 if (key, junk) == ("points", 7) else math.isnan(points)
    assert not any(getattr(gradecells, role)(made) for role in ROLES)
    assert isinstance(gradecells.place("p1", 0, made).label, str)


def test_what_a_cell_declares_differs_once_an_entry_is_changed() -> None:
    released = cell("p1-slope", grade=True, points=1, checksum="abc")
    assert gradecells.declared(cell("p1-slope", grade=True, points=1)) == (
        gradecells.declared(released)
    )
    for key, value in {"points": 9, "grade": False, "grade_id": "p2", "locked": True}.items():
        changed = deepcopy(released)
        changed.metadata["nbgrader"][key] = value
        assert gradecells.declared(changed) != gradecells.declared(released), key


def test_a_place_counts_cells_as_people_do() -> None:
    assert str(gradecells.place("p1", 4, cell("p1-slope"))) == "p1.ipynb, cell 5 (p1-slope)"
    assert str(gradecells.place("p1", 0, new_code_cell(""))) == "p1.ipynb, cell 1"


def test_a_code_answer_is_for_the_checks_that_follow_it() -> None:
    notebook = new_notebook(
        cells=[
            cell("setup", locked=True),
            cell("a-answer", solution=True),
            cell("a-one", grade=True, points=1),
            new_markdown_cell("between"),
            cell("a-two", grade=True, points=0.5),
            cell("proof", "markdown", solution=True, grade=True, points=2),
        ]
    )
    assert gradecells.items_by_answer(notebook) == {
        "a-answer": ("a-one", "a-two"),
        "proof": ("proof",),
    }
    assert gradecells.points_by_item(notebook) == {"a-one": 1.0, "a-two": 0.5, "proof": 2.0}
    assert list(gradecells.by_grade_id(notebook)) == [
        "setup", "a-answer", "a-one", "a-two", "proof",
    ]  # fmt: skip


def test_no_other_module_reads_the_metadata() -> None:
    by_hand = re.compile(r"metadata\.nbgrader|metadata(\.get\(|\[)[\"']nbgrader")
    found = [
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if by_hand.search(path.read_text(encoding="utf-8"))
    ]
    # the files that students get beside their notebooks must work without the kit
    assert sorted(found) == ["course/gradecells.py", "release/checkskit/notebooks.py"]
