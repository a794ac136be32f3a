"""A text of a saved notebook is written if it differs from the released one."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

from autograder.course.assignment import Course
from autograder.course.gradecells import by_grade_id, is_manual, nbgrader_metadata
from autograder.release.checkskit.notebooks import Saved, empty_parts, is_written, saved_notebook
from autograder.release.preprocessors import TEXT_STUB

from .conftest import ROOT

TEXTS = [
    (problem.name, item.name)
    for problem in Course(ROOT).assignment("hw2").problems
    for item in problem.items
    if item.kind == "manual"
]


def written(tmp_path: Path, problem: str, item: str, text: str | None, *, marked: bool) -> bool:
    """Return the verdict on the release's notebook with that text (None: as it was released)."""
    notebook = nbformat.read(Course(ROOT).release("hw2") / f"{problem}.ipynb", as_version=4)
    cell = by_grade_id(notebook)[item]
    assert is_manual(cell)
    cell.source = cell.source if text is None else text
    if not marked:
        del nbgrader_metadata(cell)["checksum"]
    (tmp_path / f"{problem}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    saved = saved_notebook(tmp_path, problem)
    assert saved is not None
    return is_written(saved, item)


FRAME = """<div class="alert alert-info">

**✎ Your proof**

**Claim.** …

**First step** ($t = 0$). …

**⇒** From (1) to (3): …

*Your answer goes here: double-click this line and write over it.*

</div>"""


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "3 of 3 parts are still empty"),
        ({"**Claim.** …": "**Claim.** All agree."}, "2 of 3 parts are still empty"),
        (
            {"**Claim.** …": "**Claim.** …\n\nAll agree.", ": …": ": $a$, …, $b$."},
            "1 of 3 parts is",
        ),
        ({"*Your answer goes here": "Now (3).\n\n*Your answer goes here"}, "2 of 3 parts are"),
        ({" …": " By (2)."}, ""),
        ({"*Your answer goes here: double-click this line and write over it.*": "By (2)."}, ""),
        ({FRAME: "By induction, 1, 2, …"}, ""),
    ],
)
def test_parts_of_a_frame_that_are_empty_are_counted(changes: dict[str, str], told: str) -> None:
    text = FRAME
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    cell = {"cell_type": "markdown", "id": "p1a-proof", "source": text}
    found = empty_parts(Saved("problem1_momentum", b"", 0, (cell,)), "p1a-proof")
    assert found.startswith(told)
    assert told or not found


@pytest.mark.parametrize(("problem", "item"), TEXTS)
def test_every_part_of_a_released_frame_is_counted_as_empty(problem: str, item: str) -> None:
    saved = saved_notebook(Course(ROOT).release("hw2"), problem)
    assert saved is not None
    words = empty_parts(saved, item).split()
    assert words[0] == words[2]
    assert int(words[0]) >= 2


@pytest.mark.parametrize("marked", [True, False], ids=["with checksum", "without"])
@pytest.mark.parametrize(("problem", "item"), TEXTS)
def test_a_released_or_empty_text_is_not_written(
    problem: str, item: str, marked: bool, tmp_path: Path
) -> None:
    assert not written(tmp_path, problem, item, None, marked=marked)
    assert not written(tmp_path, problem, item, " \n", marked=marked)
    assert written(tmp_path, problem, item, "By induction.", marked=marked)


@pytest.mark.parametrize(("problem", "item"), TEXTS)
def test_an_answer_beside_the_line_to_replace_is_written(
    problem: str, item: str, tmp_path: Path
) -> None:
    text = "**Claim.** All agree.\n\n*Your answer goes here*"
    assert written(tmp_path, problem, item, text, marked=True)


def test_a_line_left_below_a_text_is_told_kindly(packing: ModuleType) -> None:
    problem, item = TEXTS[0]
    folder = Path(packing.__file__ or "").parent
    for text, left in ((f"All agree.\n\n{TEXT_STUB}", True), ("All agree.", False), (None, False)):
        assert written(folder, problem, item, text, marked=True) is (text is not None)
        saved = packing.saved_notebook(folder, problem)
        each = packing.Rehearsed(saved, packing.Run({}, 0))
        told = [line for _, line in packing._forgotten(each) if "Your answer goes here" in line]
        assert len(told) == left
        assert all(f"{item}: your text is there. Delete the line" in line for line in told)
        (asked,) = [one for one in packing.PROBLEMS[problem] if one.name == item]
        assert ("delete the line" in packing._standing(asked, None, saved)[1]) is left
