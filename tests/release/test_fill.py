"""Filling the source from solutions: the text written into a cell, and the faults that stop it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from autograder.course.assignment import Course, read_notebook
from autograder.errors import KitError
from autograder.release import fill_source, filled_source
from autograder.release.fill import dropped_lines

from .helpers import cell, change_source, replace_text
from .tiny import tiny_notebook


def filled(course: Course, grade_id: str) -> str:
    fill_source(course, "tiny")
    notebook = read_notebook(course.source("tiny") / "valley.ipynb")
    return str(cell(notebook, grade_id).source)


def solutions(course: Course) -> Path:
    return course.solutions("tiny") / "valley.py"


def test_reference_shows_signature_and_docstring_and_marks_the_body(course: Course) -> None:
    assert filled(course, "t-slope-answer") == (
        "### REFERENCE valley.slope\n"
        "def slope(u: np.ndarray, v: float) -> tuple[np.ndarray, float]:\n"
        '    """The slope of ½‖u‖²v².\n'
        "\n"
        "    u: shape (d,). Returns v²u, shape (d,), and ‖u‖²v.\n"
        '    """\n'
        "    ### BEGIN SOLUTION\n"
        "    squared_norm = float(np.dot(u, u))  # ‖u‖²\n"
        "\n"
        "    def half(factor: float, vector: np.ndarray) -> np.ndarray:\n"
        "        return factor**2 * vector\n"
        "\n"
        "    return half(v, u), squared_norm * v\n"
        "    ### END SOLUTION"
    )


def test_variables_share_one_solution_region_below_their_notes(course: Course) -> None:
    assert filled(course, "t-values-answer") == (
        "### REFERENCE valley.first_part, valley.last_part\n"
        "# the slope's first part at u = (1, 2), v = 3, shape (2,)\n"
        "# the slope's last part there\n"
        "### BEGIN SOLUTION\n"
        "first_part = np.array([9.0, 18.0])\n"
        "last_part = 15.0\n"
        "### END SOLUTION"
    )


def test_given_definitions_stand_whole(course: Course) -> None:
    text = filled(course, "t-scale")
    assert text.startswith("### GIVEN valley.scale\ndef scale(x: np.ndarray) -> float:\n")
    assert text.endswith("return float(np.max(np.abs(x))) or 1.0")
    assert "SOLUTION" not in text


def test_decorators_and_comments_before_the_first_statement_stay(course: Course) -> None:
    replace_text(solutions(course), "def scale(", "@np.vectorize\ndef scale(")
    note = "    # the flat direction is u = 0\n"
    replace_text(solutions(course), "    squared_norm =", note + "    squared_norm =")
    assert "### GIVEN valley.scale\n@np.vectorize\ndef scale" in filled(course, "t-scale")
    region = "    ### BEGIN SOLUTION\n    # the flat direction is u = 0\n    squared_norm"
    assert region in filled(course, "t-slope-answer")


def test_filling_twice_changes_nothing(course: Course) -> None:
    first = fill_source(course, "tiny")
    bytes_after_first = first[0].read_bytes()
    assert [path.name for path in first] == ["valley.ipynb"]
    assert fill_source(course, "tiny") == ()
    assert first[0].read_bytes() == bytes_after_first


def test_filled_source_writes_nothing(course: Course) -> None:
    path = course.source("tiny") / "valley.ipynb"
    before = path.read_bytes()
    assert filled_source(course, "tiny")["valley.ipynb"].encode() != before
    assert path.read_bytes() == before


def test_other_cells_and_metadata_stay_as_they_are(course: Course) -> None:
    before = tiny_notebook()
    fill_source(course, "tiny")
    after = read_notebook(course.source("tiny") / "valley.ipynb")
    assert after.metadata == before.metadata
    for old, new in zip(before.cells, after.cells, strict=True):
        assert {**old, "source": ""} == {**new, "source": ""}
        if not old.source.startswith("###"):
            assert old.source == new.source


def test_notebooks_are_written_in_the_normal_form(course: Course) -> None:
    fill_source(course, "tiny")
    text = (course.source("tiny") / "valley.ipynb").read_text(encoding="utf-8")
    data = json.loads(text)
    assert text == json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def fails(course: Course, *parts: str) -> None:
    before = (course.source("tiny") / "valley.ipynb").read_bytes()
    with pytest.raises(KitError) as caught:
        fill_source(course, "tiny")
    for part in parts:
        assert part in str(caught.value)
    assert (course.source("tiny") / "valley.ipynb").read_bytes() == before


@pytest.mark.parametrize(
    ("grade_id", "line", "message"),
    [
        ("t-slope-answer", "### REFERENCE valley.slop", "valley.py does not define slop"),
        (
            "t-slope-answer",
            "### REFERENCE ridge.slope",
            "needs tiny/ridge.py, which does not exist",
        ),
        ("t-slope-answer", "### REFERENCE slope", "write module.name"),
        ("t-slope-answer", "### REFERENCE", "write module.name"),
        ("t-slope-answer", "### GIVEN valley.slope", "GIVEN belongs in a locked code cell"),
        ("t-scale", "### REFERENCE valley.scale", "REFERENCE belongs in an answer cell"),
        ("t-slope-answer", "x = 1\n### REFERENCE valley.slope", "must be the cell's first line"),
    ],
)
def test_bad_directive_is_named_with_its_cell(
    course: Course, grade_id: str, line: str, message: str
) -> None:
    change_source(course, lambda nb: cell(nb, grade_id).update(source=line))
    fails(course, "valley.ipynb, cell", f"({grade_id})", message)


def test_directive_in_a_text_cell_is_refused(course: Course) -> None:
    text = new_markdown_cell("### GIVEN valley.scale", id="stray")
    change_source(course, lambda nb: nb.cells.append(text))
    fails(course, "valley.ipynb, cell 13", "GIVEN belongs in a locked code cell")


def test_name_defined_twice_is_refused_with_both_lines(course: Course) -> None:
    with solutions(course).open("a", encoding="utf-8") as file:
        file.write("\n\nslope = None\n")
    fails(course, "(t-slope-answer)", "valley.py defines slope more than once, in lines")


def test_function_without_docstring_is_refused(course: Course) -> None:
    replace_text(
        solutions(course), '    """The largest entry of |x|; 1 where x is zero."""\n', "    x = x\n"
    )
    fails(course, "(t-scale)", "valley.scale has no docstring")


def test_function_without_body_is_refused(course: Course) -> None:
    text = solutions(course).read_text(encoding="utf-8")
    start, end = text.index("    squared_norm"), text.index("#: the slope's first")
    solutions(course).write_text(text[:start] + text[end:], encoding="utf-8")
    fails(course, "valley.slope has no body")


def test_earlier_functions_of_the_notebook_may_be_used(course: Course) -> None:
    replace_text(solutions(course), "return half(v, u)", "return half(scale(u), u)")
    assert "return half(scale(u), u)" in filled(course, "t-slope-answer")


@pytest.mark.parametrize("text", ["", "{}", "not JSON", '{"cells": 3}'])
def test_source_that_is_no_notebook_is_named(course: Course, text: str) -> None:
    path = course.source("tiny") / "valley.ipynb"
    path.write_text(text, encoding="utf-8")
    fails(course, "source/tiny/valley.ipynb is not a notebook")


def test_cells_without_ids_are_refused(course: Course) -> None:
    path = course.source("tiny") / "valley.ipynb"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["nbformat_minor"] = 4
    path.write_text(json.dumps(data), encoding="utf-8")
    fails(course, "has cells without an id", "format is 4.4")


def test_duplicate_cell_ids_are_refused(course: Course) -> None:
    change = json.loads((course.source("tiny") / "valley.ipynb").read_text(encoding="utf-8"))
    change["cells"][1]["id"] = change["cells"][0]["id"]
    (course.source("tiny") / "valley.ipynb").write_text(json.dumps(change), encoding="utf-8")
    fails(course, "two cells have the id t-intro")


# --- Texts that were typed by hand ----------------------------------------------------------------


def typed(course: Course, grade_id: str, add: Callable[[str], str]) -> list[str]:
    """Texts that would be lost if a filled cell was edited and then filled again."""
    fill_source(course, "tiny")

    def change(notebook: NotebookNode) -> None:
        filled = cell(notebook, grade_id)
        filled.source = add(filled.source)

    change_source(course, change)
    notebook = read_notebook(course.source("tiny") / "valley.ipynb")
    return list(dropped_lines(notebook, "valley"))


TYPED: dict[str, tuple[str, Callable[[str], str], str]] = {
    "code below the end": (
        "t-slope-answer",
        lambda text: text + "\n\nassert slope(1, 2)",
        "line 16, typed by hand (`assert slope(1, 2)`)",
    ),
    "a comment below the end": ("t-slope-answer", lambda text: text + "\n# note", "line 15"),
    "text that is not Python": (
        "t-slope-answer",
        lambda text: text + "\n\nnot python at all",
        "line 16",
    ),
    "an import above the function": (
        "t-slope-answer",
        lambda text: text.replace("\ndef slope", "\nimport math\ndef slope"),
        "line 2, typed by hand (`import math`)",
    ),
    "a comment above the solution": (
        "t-slope-answer",
        lambda text: text.replace("    ### BEGIN", "    # mind the sign\n    ### BEGIN"),
        "line 7",
    ),
    "a helper function": (
        "t-slope-answer",
        lambda text: text + "\n\n\ndef helper(x):\n    return x",
        "lines 17 to 18",
    ),
    "a function without markers": (
        "t-slope-answer",
        lambda _: '### REFERENCE valley.slope\ndef slope(u, v):\n    """S."""\n    return u',
        "lines 2 to 4",
    ),
    "a statement below variables": (
        "t-values-answer",
        lambda text: text + "\nprint(last_part)",
        "line 8, typed by hand (`print(last_part)`)",
    ),
    "a helper in a given cell": (
        "t-scale",
        lambda text: text + "\n\n\ndef helper(x):\n    return x",
        "lines 7 to 8",
    ),
    "a call in a given cell": ("t-scale", lambda text: text + "\nprint(scale(1))", "line 5"),
    "a comment in a given cell": (
        "t-scale",
        lambda text: text.replace("\ndef", "\n# largest entry\ndef"),
        "line 2",
    ),
}


@pytest.mark.parametrize("what", TYPED)
def test_what_filling_would_drop_is_named(course: Course, what: str) -> None:
    grade_id, add, told = TYPED[what]
    (fault,) = typed(course, grade_id, add)
    assert f"({grade_id}): filling the cell would drop {told}" in fault


@pytest.mark.parametrize(
    ("grade_id", "add"),
    [
        ("t-slope-answer", lambda text: text),
        ("t-slope-answer", lambda _: "### REFERENCE valley.slope\n\n"),
        ("t-slope-answer", lambda text: text.replace("squared_norm", "norm2")),
        ("t-slope-answer", lambda text: text.replace("slope(u", "inclination(u")),
        ("t-slope-answer", lambda text: text.replace("The slope of", "The old slope of")),
        ("t-slope-answer", lambda text: text.replace("\ndef", "\n@np.vectorize\ndef")),
        ("t-values-answer", lambda text: text.replace("shape (2,)", "a pair")),
        ("t-scale", lambda text: text.replace("def scale", "def largest")),
        ("t-scale", lambda text: text.replace("1.0", "2.0  # where x is zero")),
    ],
)
def test_what_an_earlier_filling_has_written_may_be_dropped(
    course: Course, grade_id: str, add: Callable[[str], str]
) -> None:
    assert typed(course, grade_id, add) == []
