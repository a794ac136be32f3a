"""The right check finds each fault put into a course, and names the fault's place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_notebook, new_output
from rich.console import Console

from autograder.course.assignment import Course
from autograder.errors import CourseError, ReleaseError
from autograder.grading.mark import Marking
from autograder.release import Finding, Proof

from .helpers import (
    cell,
    change_release,
    change_source,
    checked,
    faults,
    looked_at,
    looked_at_anew,
    replace_text,
)
from .marking import Marker, MarkFunction, Namespace, mark_on_paper, release
from .tiny import answer, check, code, write_notebook

FILES = "files of release/tiny"
SOURCE_FILES = "files of source/tiny"
SOLUTION = "no solution is given away"
STUBS = "answer cells contain only stubs"
MODEL = "no model answer or rubric is given away"
HIDDEN = "no hidden test is given away"
TRACES = "no output, execution count, attachment or other metadata"
TESTS = "hidden tests"
POINTS = "points and items in texts, rubrics and checks"
NAMES = "each item has its tests and its check"
REFERENCE = "the reference earns every point"
SKELETON = "the untouched skeleton earns nothing"
JUNK = "junk earns nothing: "
STALE_RELEASE = "the release is built from the source"
STALE_SOURCE = "the source is filled from the solutions"


def proved(course: Course, mark: MarkFunction = mark_on_paper) -> Proof:
    """The proof of a new release of the course."""
    return release(course, "tiny", mark=mark)


def test_a_sound_release_is_fit(released: Course) -> None:
    proof = checked(released, Marker())
    assert proof.ok
    assert proof.faults == ()


# --- Files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "name"),
    [
        *product(
            ["source", "release"],
            ["checks.pyc", "notes.txt", "data/points.csv", "valley_solution.py"],
        ),
        ("release", "__pycache__/checks.cpython-311.pyc"),
        ("release", ".ipynb_checkpoints/valley-checkpoint.ipynb"),
        ("release", ".DS_Store"),
    ],
)
def test_stray_file_is_named(released: Course, tree: str, name: str) -> None:
    path = released.root / tree / "tiny" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"\x00\xffstray")
    found = faults(checked(released))[f"files of {tree}/tiny"]
    top, *nested = name.split("/")
    assert f"{tree}/tiny/{top}{'/' * bool(nested)} does not belong in this place" in found


def test_empty_stray_folder_is_named(released: Course) -> None:
    (released.release("tiny") / ".ipynb_checkpoints").mkdir()
    assert "release/tiny/.ipynb_checkpoints/" in faults(looked_at(released))[FILES]


def test_link_is_named(released: Course) -> None:
    target = released.release("tiny") / "checks.py"
    target.unlink()
    target.symlink_to(released.source("tiny") / "checks.py")
    assert faults(checked(released)) == {
        FILES: "release/tiny/checks.py is a link; replace the link with the file itself"
    }


@pytest.mark.parametrize("name", ["valley.ipynb", "README.md", "checks.py"])
def test_missing_file_is_named(released: Course, name: str) -> None:
    (released.release("tiny") / name).unlink()
    assert f"release/tiny/{name} is missing" in faults(checked(released))[FILES]


def test_stray_notebook_is_named(released: Course) -> None:
    solved = (released.source("tiny") / "valley.ipynb").read_bytes()
    (released.release("tiny") / "valley_solved.ipynb").write_bytes(solved)
    found = faults(looked_at(released))
    assert "release/tiny/valley_solved.ipynb" in found[FILES]
    assert "valley_solved.ipynb, cell 4 (t-slope-answer)" in found[SOLUTION]


# --- Texts that must not be given away ------------------------------------------------------------


def test_solution_body_left_in_an_answer_cell_is_named(released: Course) -> None:
    def leave(notebook: NotebookNode) -> None:
        stub = cell(notebook, "t-slope-answer")
        stub.source += "\n    squared_norm = float(np.dot(u, u))\n    return u, squared_norm"

    change_release(released, leave)
    found = faults(looked_at(released))
    assert found[STUBS] == (
        "valley.ipynb, cell 4 (t-slope-answer) contains a body for slope instead of a stub"
    )
    assert (
        "cell 4 (t-slope-answer) contains part of the solution of valley.slope" in found[SOLUTION]
    )


@pytest.mark.parametrize(
    "leaked",
    [
        "squared_norm   = float(np.dot(u,u))  # ‖u‖²",
        "if True:\n        return half(v,\n            u), squared_norm * v",
        "first_part = np.array([9.0, 18.0])",
    ],
)
def test_solution_line_in_another_cell_of_the_source_is_named(course: Course, leaked: str) -> None:
    change_source(course, lambda nb: cell(nb, "t-experiment").update(source=leaked))
    found = faults(looked_at_anew(course))[SOLUTION]
    assert "valley.ipynb, cell 10 (t-experiment) contains part of the solution of valley." in found


def test_solution_in_a_companion_file_is_named(course: Course) -> None:
    with (course.source("tiny") / "README.md").open("a") as file:
        file.write("\nHint: squared_norm = float(np.dot(u, u))  # ‖u‖²\n")
    assert "README.md contains part of" in faults(looked_at_anew(course))[SOLUTION]


def test_solution_in_metadata_is_named(released: Course) -> None:
    def hide(notebook: NotebookNode) -> None:
        cell(notebook, "t-intro").metadata["nbgrader"]["checksum"] = (
            "return half(v, u), squared_norm * v"
        )

    change_release(released, hide)
    assert (
        "cell 1 (t-intro), its metadata contains part of" in faults(looked_at(released))[SOLUTION]
    )


def test_given_code_is_no_leak(course: Course) -> None:
    body = "return float(np.max(np.abs(x))) or 1.0"
    replace_text(
        course.solutions("tiny") / "valley.py",
        "    figure, axes = plt",
        f"    def scale(x: np.ndarray) -> float:\n        {body}\n\n    figure, axes = plt",
    )
    assert SOLUTION not in faults(looked_at_anew(course))


def test_model_answer_left_is_named(released: Course) -> None:
    text = "The chain rule: the chain rule multiplies the direction u by the square of v."

    def leave(notebook: NotebookNode) -> None:
        cell(notebook, "t-intro").source += "\n\nSince ½‖u‖² grows along u itself, " + text[16:]

    change_release(released, leave)
    assert (
        "cell 1 (t-intro) contains part of the model answer" in faults(looked_at(released))[MODEL]
    )


@pytest.mark.parametrize(
    "step",
    [
        "I wonder who differentiates along u and keeps the factor in front.",
        "I wonder who mixes up the two directions, although the question names them.",
    ],
)
def test_step_of_a_rubric_left_without_its_points_is_named(released: Course, step: str) -> None:
    change_release(
        released, lambda nb: cell(nb, "t-intro").update(source=f"# One valley\n\n{step}")
    )
    assert (
        "cell 1 (t-intro) contains part of the model answer" in faults(looked_at(released))[MODEL]
    )


@pytest.mark.parametrize(
    "line",
    [
        "#### Rubric",
        "- (0.5 points) says something",
        "- (-0.5 points) says too much",
        "- (−1 point) says nothing",
    ],
)
def test_rubric_left_is_named(released: Course, line: str) -> None:
    change_release(released, lambda nb: cell(nb, "t-proof").update(source=f"My answer\n\n{line}"))
    found = faults(looked_at(released))[MODEL]
    assert found == f"valley.ipynb, cell 11 (t-proof) contains a rubric: {line.split(') ')[0]}" + (
        ")" if ")" in line else ""
    )


@pytest.mark.parametrize(
    "leaked",
    [
        "    assert_close(student.slope(u, v)[0], v * v * u)",
        "def test_first(student, rng, d):",
        "The last part of the slope is the squared norm times v.",
    ],
)
def test_hidden_test_in_metadata_is_named(released: Course, leaked: str) -> None:
    def hide(notebook: NotebookNode) -> None:
        cell(notebook, "t-slope").metadata["notes"] = {"deep": ["inside", leaked]}

    change_release(released, hide)
    found = faults(looked_at(released))
    assert "cell 5 (t-slope), its metadata contains part of the hidden test" in found[HIDDEN]
    assert "cell 5 (t-slope) has the metadata notes" in found[TRACES]


def test_what_a_hidden_test_shares_with_a_signature_is_no_leak(course: Course) -> None:
    shown = "A line plot of the slopes against their positions, with both axes labelled."
    with hidden(course).open("a") as file:
        file.write(
            "\n\ndef helper(\n    u: np.ndarray, v: float\n) -> tuple[np.ndarray, float]:\n"
            f'    """{shown}"""\n'
        )
    assert looked_at_anew(course).ok


def test_hidden_test_in_notebook_metadata_is_named(released: Course) -> None:
    line = "assert_close(student.slope(u, v)[0], v * v * u)"
    change_release(released, lambda nb: nb.metadata.update(draft=line))
    found = faults(looked_at(released))
    assert "valley.ipynb, its metadata contains part of the hidden test" in found[HIDDEN]
    assert "valley.ipynb: the metadata 'draft'" in found[TRACES]


# --- What a machine leaves ----------------------------------------------------------------------


def test_output_with_a_number_is_named(released: Course) -> None:
    def run(notebook: NotebookNode) -> None:
        setup = cell(notebook, "t-setup")
        setup.outputs = [new_output("stream", name="stdout", text="3.5\n")]
        setup.execution_count = 3

    change_release(released, run)
    assert faults(looked_at(released))[TRACES].splitlines() == [
        "valley.ipynb, cell 2 (t-setup) has an output",
        "valley.ipynb, cell 2 (t-setup) has the execution count 3",
    ]


def spoil_attachment(notebook: NotebookNode) -> None:
    cell(notebook, "t-intro")["attachments"] = {"valley.png": {"image/png": "aGk="}}


def spoil_tag(notebook: NotebookNode) -> None:
    cell(notebook, "t-values-answer").metadata["tags"] = ["raises-exception", "difficult"]


def spoil_mark(notebook: NotebookNode) -> None:
    cell(notebook, "t-slope").metadata["nbgrader"]["hint"] = 3


def spoil_editable(notebook: NotebookNode) -> None:
    cell(notebook, "t-slope").metadata["editable"] = "a + b"


def spoil_kernel(notebook: NotebookNode) -> None:
    notebook.metadata.kernelspec["name"] = "annas-env"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_attachment, "cell 1 (t-intro) has the attachment valley.png"),
        (
            spoil_tag,
            "cell 6 (t-values-answer) has the metadata tags = ['raises-exception', 'difficult']",
        ),
        (spoil_mark, "cell 5 (t-slope) has the metadata nbgrader = {"),
        (spoil_editable, "cell 5 (t-slope) has the metadata editable = 'a + b'"),
        (spoil_kernel, "valley.ipynb: the metadata 'kernelspec' differs from that of a release"),
    ],
)
def test_what_a_release_has_no_use_for_is_named(
    released: Course, spoil: Callable[[NotebookNode], None], message: str
) -> None:
    change_release(released, spoil)
    assert message in faults(looked_at(released))[TRACES]


def test_attachment_in_the_source_is_named(course: Course) -> None:
    change_source(course, spoil_attachment)
    assert "has the attachment valley.png" in faults(looked_at_anew(course))[TRACES]


@pytest.mark.parametrize(
    "path", ["/home/anna/course/data.csv", "C:\\Users\\anna\\data.csv", "file:///tmp/data.csv"]
)
def test_path_of_a_machine_is_named(course: Course, path: str) -> None:
    change_source(course, lambda nb: cell(nb, "t-experiment").update(source=f"data = r'{path}'"))
    found = faults(looked_at_anew(course))["no path of a machine"]
    assert found == f"valley.ipynb, cell 10 (t-experiment) contains a path of a machine: {path}"


def test_the_course_folder_itself_is_a_path_of_a_machine(released: Course) -> None:
    with (released.release("tiny") / "README.md").open("a") as file:
        file.write(f"\nSee {released.root}\n")
    assert "README.md contains a path" in faults(looked_at(released))["no path of a machine"]


@pytest.mark.parametrize(
    "text", ["https://example.org/home/page", "a/tmp/b", "source/tiny/valley.ipynb", "n/work"]
)
def test_addresses_and_fractions_are_no_paths(course: Course, text: str) -> None:
    with (course.source("tiny") / "README.md").open("a") as file:
        file.write(f"\n{text}\n")
    assert looked_at_anew(course).ok


# --- What belongs together ----------------------------------------------------------------------


def hidden(course: Course) -> Path:
    return course.hidden("tiny") / "test_valley.py"


def test_item_without_hidden_test_is_named(released: Course) -> None:
    text = hidden(released).read_text()
    hidden(released).write_text(text[: text.index('@item("t-plot")')])
    assert faults(looked_at(released)) == {NAMES: "item t-plot has no hidden test"}


def test_hidden_test_for_no_item_is_named(released: Course) -> None:
    replace_text(hidden(released), '@item("t-plot")', '@item("t-plots")')
    assert faults(looked_at(released))[NAMES].splitlines() == [
        "test_valley.py, test_plot is for t-plots, which is not an item of tiny",
        "item t-plot has no hidden test",
    ]


def test_hidden_test_for_a_manual_item_is_named(released: Course) -> None:
    replace_text(hidden(released), '@item("t-plot")', '@item("t-proof")')
    assert "t-proof, which is a manual item" in faults(looked_at(released))[NAMES]


def test_item_with_robustness_tests_alone_is_named(released: Course) -> None:
    replace_text(hidden(released), '@item("t-plot")', '@item("t-plot", costs=0.5)')
    assert "item t-plot has only robustness tests" in faults(looked_at(released))[TESTS]


def test_part_without_core_test_is_named(released: Course) -> None:
    replace_text(hidden(released), '"t-slope", costs', '"t-slope", part="whole", costs')
    assert "part 'whole' of t-slope has no core test" in faults(looked_at(released))[TESTS]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('@item("t-plot")\n', "", "test_plot has 0 @item decorators"),
        ('@item("t-plot")', "@item(NAME)", "give @item its name"),
        ('    """Integers are numbers too."""\n', "", "test_integers_are_welcome has no docstring"),
    ],
)
def test_hidden_test_that_does_not_say_its_item_is_named(
    released: Course, old: str, new: str, message: str
) -> None:
    replace_text(hidden(released), old, new)
    assert message in faults(looked_at(released))[NAMES]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "(1 point) diff",
            "(2 points) diff",
            " has a rubric of 2.5 points; the grade cell of t-proof says 1.5",
        ),
        ("#### Rubric", "Rubric", ": the line `#### Rubric` is missing; write it"),
        ("- (1 point) diff", "- diff", ", line 5: this rubric line does not have the form"),
        (
            "- (1 point) diff",
            "- (-1 point) diff",
            ", line 5: a deduction has no evidence, since tests confirm only what is right",
        ),
        (
            "(-0.5 points) mixes",
            "(0.5 points) mixes",
            " has a rubric of 2 points; the grade cell of t-proof says 1.5",
        ),
        ("(-0.5 points) mixes", "(-0 points) mixes", ", line 7: this rubric line has 0 points"),
        (
            "[evidence: ",
            "[evidence of ",
            ", line 5: the evidence does not have the form `[evidence: ITEM",
        ),
        (
            "t-slope/first",
            "t-gone",
            " names the evidence t-gone, but t-gone is not an item of tiny",
        ),
        (
            "t-slope/first",
            "t-proof",
            " names the evidence t-proof, but t-proof is a manual item of tiny",
        ),
        (
            "t-slope/first",
            "t-slope/middle",
            " names the evidence t-slope/middle; t-slope has the parts first, last",
        ),
    ],
)
def test_rubric_that_does_not_add_up_is_named(
    course: Course, old: str, new: str, message: str
) -> None:
    def spoil(notebook: NotebookNode) -> None:
        proof = cell(notebook, "t-proof")
        proof.source = proof.source.replace(old, new)

    change_source(course, spoil)
    row = POINTS if "has a rubric of" in message else "rubrics"
    assert f"valley.ipynb, cell 11 (t-proof){message}" in faults(looked_at_anew(course))[row]


def test_check_without_answer_cell_is_named(course: Course) -> None:
    change_source(course, lambda nb: nb.cells.append(check("t-more", 1)))
    with hidden(course).open("a") as file:
        file.write('\n\n@item("t-more")\ndef test_more(student):\n    """More."""\n')
    assert faults(looked_at_anew(course))[NAMES] == (
        "checks.py has no function t_more for item t-more"
    )
    with (course.source("tiny") / "checks.py").open("a") as file:
        file.write("\n\ndef t_more(names):\n    pass\n")
    assert faults(looked_at_anew(course))["answer and check cells"] == (
        "valley.ipynb, cell 13 (t-more): item t-more has no answer cell before its check cell"
    )


@pytest.mark.parametrize("hints", ['"a nudge", "a form"', '"a nudge", shape="a form"', ""])
def test_check_without_three_hints_is_named(course: Course, hints: str) -> None:
    file = course.source("tiny") / "checks.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("def t_slope(", f"@check({hints})\ndef t_slope("), encoding="utf-8"
    )
    assert "checks.py, t_slope: @check has " in faults(looked_at_anew(course))[NAMES]


def test_answer_without_check_or_directive_is_named(course: Course) -> None:
    extra = [code("t-more-answer", "x = 1", solution=True), answer("t-last-answer", "")]
    change_source(course, lambda nb: nb.cells.extend(extra))
    found = faults(looked_at_anew(course))["answer and check cells"]
    assert "cell 13 (t-more-answer) is an answer cell without a REFERENCE line" in found
    assert "cell 13 (t-more-answer) is an answer cell that no check cell follows" in found
    assert "cell 14 (t-last-answer) is an answer cell that no check cell follows" in found


def test_check_cell_with_other_content_is_named(course: Course) -> None:
    change_source(course, lambda nb: cell(nb, "t-slope").update(source="assert slope(1, 2) == 4"))
    found = faults(looked_at_anew(course))[NAMES]
    assert "cell 5 (t-slope): a check cell must contain only `checks.t_slope(globals())`" in found


@pytest.mark.parametrize(
    "source",
    [
        "# a first look\nchecks.t_slope(globals())  # locked\n",
        "checks.t_slope( globals() );",
        "import checks\n\nchecks.t_slope(\n    globals(),\n)",
    ],
)
def test_check_cell_may_be_written_in_another_form(course: Course, source: str) -> None:
    change_source(course, lambda nb: cell(nb, "t-slope").update(source=source))
    assert NAMES not in faults(looked_at_anew(course))


@pytest.mark.parametrize(
    "source",
    [
        "checks.t_slope(globals())\nchecks.t_slope(globals())",
        "checks.t_plot(globals())",
        "checks.t_slope()",
        "import checks",
        "",
        "checks.t_slope(globals()",
    ],
)
def test_check_cell_that_does_not_call_its_check_once_is_named(course: Course, source: str) -> None:
    change_source(course, lambda nb: cell(nb, "t-slope").update(source=source))
    found = faults(looked_at_anew(course))[NAMES]
    assert "cell 5 (t-slope): a check cell must contain only `checks.t_slope(globals())`" in found


@pytest.mark.parametrize("name", ["2-slope", "lambda"])
def test_item_without_a_name_in_python_is_to_be_renamed(course: Course, name: str) -> None:
    def rename(notebook: NotebookNode) -> None:
        cell(notebook, "t-slope").metadata["nbgrader"]["grade_id"] = name

    change_source(course, rename)
    found = faults(looked_at_anew(course))[NAMES]
    assert f"rename the item, such as q-{name}" in found


@pytest.mark.parametrize("points", ["two", 0, -1])
def test_points_that_can_not_be_meant_name_their_cell(course: Course, points: object) -> None:
    def change(notebook: NotebookNode) -> None:
        cell(notebook, "t-slope").metadata["nbgrader"]["points"] = points

    change_source(course, change)
    with pytest.raises(CourseError, match=r"valley\.ipynb, cell 5 \(t-slope\) has the points"):
        proved(course)


@pytest.mark.parametrize("folder", ["hidden", "solutions"])
def test_missing_folder_is_told_once(course: Course, folder: str) -> None:
    path = getattr(course, folder)("tiny")
    shutil.rmtree(path)
    try:
        found = list(faults(proved(course)).values())
    except ReleaseError as error:
        found = [str(error)]
    assert found == [f"{path} is missing: put the {NEEDED[folder]} there"]


NEEDED = {"hidden": "hidden tests", "solutions": "reference solutions"}


def test_notebook_without_items_is_named(course: Course) -> None:
    write_notebook(course.source("tiny") / "Untitled.ipynb", new_notebook(cells=[]))
    found = faults(looked_at_anew(course))["items and points"]
    assert found == "Untitled.ipynb has no item: add one, or move the notebook elsewhere"


def test_points_are_shown(released: Course) -> None:
    (finding,) = [f for f in looked_at(released).findings if f.check == "items and points"]
    assert finding.detail == "3 auto and 1 manual items; 4.5 points and 1 bonus point"


@pytest.mark.parametrize("file", ["solutions/tiny/valley.py", "autograder/hidden/tiny/test_x.py"])
def test_file_that_is_not_python_is_named(released: Course, file: str) -> None:
    (released.root / file).write_text("def (:\n")
    with pytest.raises(ReleaseError, match="can't be parsed"):
        looked_at(released)


def test_deleted_cell_is_named(released: Course) -> None:
    change_release(released, lambda nb: nb.cells.remove(cell(nb, "t-plot")))
    assert faults(checked(released)) == {
        STALE_RELEASE: "release/tiny/valley.ipynb is out of date, in the cells t-plot"
    }


# --- Trees that are out of date -----------------------------------------------------------------


def test_stale_release_is_named_with_its_cell(released: Course) -> None:
    change_release(released, lambda nb: cell(nb, "t-intro").update(source="# Another valley"))
    assert faults(checked(released)) == {
        STALE_RELEASE: "release/tiny/valley.ipynb is out of date, in the cells t-intro"
    }


def test_stale_source_is_named_with_its_cell(released: Course) -> None:
    solutions = released.solutions("tiny") / "valley.py"
    replace_text(solutions, "squared_norm * v", "v * squared_norm")
    assert faults(checked(released)) == {
        STALE_SOURCE: "source/tiny/valley.ipynb is out of date, in the cells t-slope-answer"
    }


@pytest.mark.parametrize("prove", [checked, proved])
def test_line_that_filling_would_drop_is_told_once(
    released: Course, prove: Callable[[Course], Proof]
) -> None:
    def add(notebook: NotebookNode) -> None:
        cell(notebook, "t-slope-answer").source += "\n\nassert slope is not None"

    change_source(released, add)
    assert set(faults(prove(released))) == {"filling drops no line that was typed by hand"}


def test_changed_docstring_is_told_of_the_source_alone(released: Course) -> None:
    solutions = released.solutions("tiny") / "valley.py"
    replace_text(solutions, "The slope of ½‖u‖²v².", "The slope of the valley.")
    assert set(faults(checked(released))) == {STALE_SOURCE}


def test_stale_companion_is_named(released: Course) -> None:
    with (released.source("tiny") / "README.md").open("a") as file:
        file.write("One more line.\n")
    assert faults(checked(released)) == {STALE_RELEASE: "release/tiny/README.md is out of date"}


@pytest.mark.parametrize("content", ["", "{}", "not JSON"])
def test_release_that_does_not_open_is_named(released: Course, content: str) -> None:
    (released.release("tiny") / "valley.ipynb").write_text(content)
    found = faults(checked(released))["the notebooks open"]
    assert found.startswith("release/tiny/valley.ipynb is not a notebook")


def test_missing_release_is_a_fault(course: Course) -> None:
    assert "release/tiny is missing" in faults(checked(course))[FILES]


# --- Marks --------------------------------------------------------------------------------------


def test_reference_that_misses_a_point_is_named_with_the_claim(released: Course) -> None:
    cruel = Marker().but("t-values", lambda answers: answers["last_part"] == 16)
    assert faults(checked(released, cruel)) == {
        REFERENCE: "item t-values: the reference earns 0 of 1: “a claim of its own” Look again."
    }


def test_point_that_an_untouched_skeleton_earns_is_named(released: Course) -> None:
    lenient = Marker().but("t-slope", lambda answers: callable(answers["slope"]))
    found = faults(checked(released, lenient))
    assert found[SKELETON] == (
        "item t-slope: 2 of 2 points for the untouched skeleton, "
        "since these claims hold: “a claim of its own”"
    )


def shape_is_right(answers: Namespace) -> bool:
    first, last = answers["slope"](np.ones(3), 1.0)
    return first.shape == (3,) and isinstance(last, float)


def answer_is_finite_and_not_zero(answers: Namespace) -> bool:
    return bool(answers["slope"](np.array([0.4, -2.0]), 1.3)[0].all())


def answer_is_the_argument(answers: Namespace) -> bool:
    return np.array_equal(answers["slope"](np.array([0.4, -2.0]), 1.0)[0], [0.4, -2.0])


def values_are_ones(answers: Namespace) -> bool:
    return answers["first_part"].shape == (2,) and bool((answers["first_part"] > 0).all())


def axes_are_labelled(answers: Namespace) -> bool:
    axes = answers["plot_slope"](np.arange(3.0), np.arange(3.0)).axes[0]
    return axes.get_xlabel() == "position" and len(axes.get_legend().get_texts()) == 1


def figure_has_a_line(answers: Namespace) -> bool:
    return (
        len(answers["plot_slope"](np.arange(3.0), np.arange(3.0)).axes[0].lines[0].get_xdata()) == 3
    )


@pytest.mark.parametrize(
    ("item", "judge", "kinds"),
    [
        ("t-slope", shape_is_right, {"zeros", "ones", "random", "arguments"}),
        ("t-slope", answer_is_finite_and_not_zero, {"ones", "random", "arguments"}),
        ("t-slope", answer_is_the_argument, {"arguments"}),
        ("t-values", values_are_ones, {"ones"}),
        ("t-plot", axes_are_labelled, {"zeros", "ones", "random", "arguments"}),
        ("t-plot", figure_has_a_line, {"ones", "random", "arguments"}),
    ],
)
def test_item_that_junk_can_earn_is_named(
    released: Course, item: str, judge: Callable[[Namespace], bool], kinds: set[str]
) -> None:
    found = faults(checked(released, Marker().but(item, judge)))
    caught = {check.removeprefix(JUNK).split(",")[0].split(" ")[0] for check in found}
    names = {"zeros": "zeros", "ones": "ones", "random": "random", "arguments": "the"}
    assert {kind for kind, word in names.items() if word in caught} >= kinds
    assert all(check.startswith(JUNK) and f"item {item}:" in found[check] for check in found)


def test_all_trials_are_marked(released: Course) -> None:
    marker = Marker()
    checked(released, marker)
    assert marker.marked == [
        "reference",
        "skeleton",
        "junk-zeros",
        "junk-ones",
        "junk-random",
        "junk-arguments",
    ]


def test_experiment_that_does_not_wait_for_its_functions_is_named(course: Course) -> None:
    change_source(course, lambda nb: cell(nb, "t-experiment").update(source="slope(np.ones(2), 1)"))
    assert faults(proved(course, Marker())) == {
        SKELETON: "valley.ipynb, cell 10 (t-experiment) stops at an unfinished answer with the "
        "skeleton: guard it with `if checks.ready(...)`"
    }


def test_marking_that_is_impossible_is_a_fault(released: Course) -> None:
    class Refusing(Marker):
        def __call__(self, *_: Any, **__: Any) -> Marking:
            raise CourseError("the hidden tests did not run")

    found = faults(checked(released, Refusing()))
    assert found[REFERENCE] == "the trial can't be marked: the hidden tests did not run"


# --- The proof itself ---------------------------------------------------------------------------


def test_proof_as_table() -> None:
    proof = Proof("tiny", (Finding("files", True, "4"), Finding("points", False, "[bold] x")))
    console = Console(width=60, record=True, force_terminal=False)
    console.print(proof.table())
    shown = console.export_text()
    assert "tiny: not fit to publish" in shown
    assert "✗" in shown
    assert "[bold] x" in shown
