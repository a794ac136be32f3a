"""Pictures for students: drawn from the solutions, attached to a text, described in words."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from nbformat import NotebookNode

from autograder.course.assignment import Course, read_notebook
from autograder.errors import ReleaseError
from autograder.release import fill_source, filled_source
from autograder.release.build import build

from .helpers import cell, change_source

MODULE = '''
"""Given pictures of the made-up assignment."""

from matplotlib.figure import Figure


def valley() -> Figure:
    figure = Figure()
    figure.subplots().plot([0, 1, 2], [1, 0, 1])
    return figure


def count() -> int:
    return 3


def fails() -> Figure:
    raise ValueError("no such valley")
'''
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def module(course: Course) -> Path:
    path = course.solutions("tiny") / "pictures.py"
    path.write_text(MODULE, encoding="utf-8")
    return path


def show(course: Course, picture: str) -> None:
    def add(notebook: NotebookNode) -> None:
        notebook.cells[0].source += f"\n\n{picture}"

    change_source(course, add)


def attached(course: Course) -> dict[str, str]:
    fill_source(course, "tiny")
    first = read_notebook(course.source("tiny") / "valley.ipynb").cells[0]
    return {name: kinds["image/png"] for name, kinds in first.get("attachments", {}).items()}


@pytest.mark.usefixtures("module")
def test_a_picture_is_drawn_into_the_cell_that_shows_it(course: Course) -> None:
    show(course, "![a valley](attachment:valley.png)")
    (name, png), *others = attached(course).items()
    assert (name, others) == ("valley.png", [])
    assert base64.b64decode(png).startswith(PNG)


def test_it_is_drawn_again_only_after_the_solutions_changed(course: Course, module: Path) -> None:
    show(course, "![a valley](attachment:valley.png)")
    first = attached(course)
    module.with_name("valley.py").touch()
    assert attached(course) == first
    module.write_text(MODULE.replace("[1, 0, 1]", "[1, 0, 9]"), encoding="utf-8")
    assert attached(course) != first


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hill", "shows attachment:hill.png, which is not attached to the cell"),
        ("count", r"pictures.py: count\(\) must return a matplotlib Figure"),
        ("fails", r"pictures.py: fails\(\) ended with ValueError: no such valley"),
    ],
)
@pytest.mark.usefixtures("module")
def test_what_cannot_be_drawn_is_named(course: Course, name: str, words: str) -> None:
    show(course, f"![a valley](attachment:{name}.png)")
    with pytest.raises(ReleaseError, match=words):
        filled_source(course, "tiny")


def test_a_picture_attached_by_hand_stays(course: Course) -> None:
    def add(notebook: NotebookNode) -> None:
        notebook.cells[0].source += "\n\n![a photo](attachment:photo.png)"
        photo = base64.b64encode(PNG).decode()
        notebook.cells[0].attachments = {"photo.png": {"image/png": photo}}

    change_source(course, add)
    assert base64.b64decode(attached(course)["photo.png"]) == PNG


# --- The frame around a proof ---------------------------------------------------------------------

FRAME = """<div style="border:1px solid #1a73b5">

**Claim.** This sentence is part of the frame that all students get.

### BEGIN SOLUTION
{answer}
### END SOLUTION

</div>"""


def test_students_get_the_frame_without_the_answer(course: Course, tmp_path: Path) -> None:
    def frame(notebook: NotebookNode) -> None:
        proof = cell(notebook, "t-proof")
        proof.source = FRAME.format(answer=proof.source)

    change_source(course, frame)
    fill_source(course, "tiny")
    build(course.source("tiny"), tmp_path / "release" / "tiny", course.assignment("tiny"))
    stub = cell(read_notebook(tmp_path / "release" / "tiny" / "valley.ipynb"), "t-proof").source
    assert stub.split("\n")[:3] == FRAME.split("\n")[:3]
    assert stub.endswith(
        "*Your answer goes here: double-click this line and write over it.*\n\n</div>"
    )
