"""The lines in a cell that declare its contents."""

from __future__ import annotations

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.course.assignment import Course
from autograder.course.directives import (
    BEGIN,
    END,
    Reference,
    directive_of,
    split_answer,
    without_directives,
    without_frame,
    without_solution_markers,
)
from autograder.course.gradecells import CellPlace
from autograder.errors import CourseError
from tests.release.helpers import cell, change_source

WHERE = CellPlace("p1", 2, "p1-slope")


def answer(source: str) -> NotebookNode:
    made = new_code_cell(source)
    made.metadata["nbgrader"] = {"grade_id": "p1-slope-answer", "solution": True}
    return made


def given(source: str) -> NotebookNode:
    made = new_code_cell(source)
    made.metadata["nbgrader"] = {"grade_id": "p1-scale", "locked": True}
    return made


def test_a_directive_names_definitions_in_order() -> None:
    found = directive_of(
        answer("### REFERENCE valley.slope, ridge.height\ndef slope(): ..."), WHERE
    )
    assert found is not None
    assert (found.verb, found.line) == ("REFERENCE", "### REFERENCE valley.slope, ridge.height")
    assert found.references == (Reference("valley", "slope"), Reference("ridge", "height"))
    assert [str(each) for each in found.references] == ["valley.slope", "ridge.height"]


def test_a_cell_without_a_directive_has_none() -> None:
    assert directive_of(answer("# REFERENCE\nx = 1  ### GIVEN valley.scale"), WHERE) is None
    assert directive_of(new_markdown_cell("### Reference"), WHERE) is None


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (answer("### REFERENCE slope"), "line 1: REFERENCE names 'slope'; write module.name"),
        (answer("### REFERENCE"), "line 1: REFERENCE names ''; write module.name"),
        (given("### GIVEN a.b,"), "line 1: GIVEN names ''; write module.name"),
        (answer("### GIVEN a.b"), "line 1: GIVEN belongs in a locked code cell"),
        (given("### REFERENCE a.b"), "line 1: REFERENCE belongs in an answer cell"),
        (new_markdown_cell("x\n\n### GIVEN a.b"), "line 3: GIVEN belongs in a locked code cell"),
        (answer("x = 1\n### REFERENCE a.b"), "line 2: the REFERENCE line must be the cell's first"),
        (
            answer("### REFERENCE a.b\n\n### REFERENCE a.c"),
            "line 3: a cell can have only one directive",
        ),
    ],
)
def test_a_wrong_directive_names_cell_and_line(made: NotebookNode, message: str) -> None:
    with pytest.raises(CourseError) as caught:
        directive_of(made, WHERE)
    assert str(caught.value).startswith(f"p1.ipynb, cell 3 (p1-slope), {message}")


def test_students_see_neither_directive_nor_markers() -> None:
    source = (
        "### REFERENCE a.b\ndef b():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
    )
    assert without_solution_markers(without_directives(source)) == "def b():\n    return 1"


def test_a_marked_answer_is_split_at_its_rubric() -> None:
    found = split_answer("Because.\n\n#### Rubric \n- (1 point) says why\n", WHERE)
    assert found == ("Because.\n\n", [(4, "- (1 point) says why"), (5, "")])


def test_the_frame_is_no_part_of_a_marked_answer() -> None:
    inside = ["Because.", "#### Rubric", "- (1 point) says why"]
    source = "\n".join(["**Claim.** …", BEGIN, *inside, END, "</div>"])
    assert split_answer(source, WHERE) == ("Because.\n", [(5, "- (1 point) says why")])
    assert without_frame(source) == "\n".join(inside)


def test_reading_a_homework_names_a_wrong_directive(course: Course) -> None:
    change_source(course, lambda nb: cell(nb, "t-plot-answer").update(source="### REFERENCE plot"))
    with pytest.raises(CourseError, match=r"valley\.ipynb, cell \d+ \(t-plot-answer\), line 1: "):
        course.assignment("tiny")
