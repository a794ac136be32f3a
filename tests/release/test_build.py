"""nbgrader builds the release from the source."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.course.assignment import Course, read_notebook
from autograder.errors import ReleaseError
from autograder.release import build, fill_source
from autograder.release.preprocessors import CODE_STUB, NOTEBOOK_METADATA, raises_at_once

from .helpers import cell, change_source, fingerprint
from .tiny import code

STUB = '    # YOUR CODE HERE\n    raise NotImplementedError("this answer is still to be written")'


@pytest.fixture
def filled(course: Course) -> Course:
    fill_source(course, "tiny")
    return course


def built(course: Course) -> Path:
    tree = course.root / "built" / "tiny"
    build(course.source("tiny"), tree, course.assignment("tiny"))
    return tree


def test_release_holds_stubs_in_the_place_of_answers(filled: Course) -> None:
    notebook = read_notebook(built(filled) / "valley.ipynb")
    answer = cell(notebook, "t-slope-answer").source
    assert answer.startswith("def slope(u: np.ndarray, v: float)")
    assert answer.endswith('‖u‖²v.\n    """\n' + STUB)
    assert cell(notebook, "t-proof").source.startswith("*Your answer goes here")
    assert "REFERENCE" not in str(notebook)
    assert "GIVEN" not in str(notebook)


def test_instructors_cells_are_locked_and_answers_cannot_be_deleted(filled: Course) -> None:
    notebook = read_notebook(built(filled) / "valley.ipynb")
    for name in ("t-intro", "t-setup", "t-slope", "t-summary"):
        assert cell(notebook, name).metadata.editable is False
    assert cell(notebook, "t-slope-answer").metadata.deletable is False
    assert "editable" not in cell(notebook, "t-slope-answer").metadata


def test_outputs_counts_and_foreign_metadata_are_dropped(filled: Course) -> None:
    def run(notebook: NotebookNode) -> None:
        setup = cell(notebook, "t-setup")
        setup.execution_count = 7
        setup.outputs = [new_output("stream", name="stdout", text="3.14\n")]
        setup.metadata.update({"collapsed": True, "slideshow": {"a": 1}, "tags": ["draft"]})
        setup.metadata["nbgrader"]["comment"] = "remember the trick"
        cell(notebook, "t-proof")["attachments"] = {"sketch.png": {"image/png": "aGk="}}
        notebook.metadata["toc"] = {"base": 1}

    change_source(filled, run)
    notebook = read_notebook(built(filled) / "valley.ipynb")
    setup = cell(notebook, "t-setup")
    assert setup.outputs == []
    assert setup.execution_count is None
    assert set(setup.metadata) == {"nbgrader", "deletable", "editable"}
    assert "comment" not in setup.metadata.nbgrader
    assert "attachments" not in cell(notebook, "t-proof")
    assert notebook.metadata == NOTEBOOK_METADATA


def test_the_tag_that_lets_a_stub_raise_stays(filled: Course) -> None:
    notebook = read_notebook(built(filled) / "valley.ipynb")
    assert cell(notebook, "t-values-answer").metadata.tags == ["raises-exception"]


def test_only_stubs_that_raise_at_once_get_the_tag(filled: Course) -> None:
    """The author types no tag: the stub of a function raises only if the function is called."""

    def forget(notebook: NotebookNode) -> None:
        cell(notebook, "t-values-answer").metadata["tags"] = ["draft"]
        cell(notebook, "t-values-answer").source += "\n%precision 3"

    change_source(filled, forget)
    notebook = read_notebook(built(filled) / "valley.ipynb")
    assert cell(notebook, "t-values-answer").metadata.tags == ["raises-exception"]
    tagged = [each.metadata.nbgrader.grade_id for each in notebook.cells if "tags" in each.metadata]
    assert tagged == ["t-values-answer"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (CODE_STUB, True),
        ("# the slope\n" + CODE_STUB, True),
        ("%matplotlib inline\n!ls\n" + CODE_STUB, True),
        (f"class Ball:\n    {CODE_STUB.splitlines()[1]}", True),
        (f"for _ in range(2):\n    {CODE_STUB.splitlines()[1]}", True),
        (f"def slope(u):\n{STUB}", False),
        (f"async def slope(u):\n{STUB}", False),
        (f"class Ball:\n    def roll(self):\n        {CODE_STUB.splitlines()[1]}", False),
        (f"if True:\n    def slope(u):\n        {CODE_STUB.splitlines()[1]}", False),
        (f"def slope(u):\n{STUB}\n\n\nfirst_part = 3", False),
        ("", False),
        ("this is not Python", False),
    ],
)
def test_a_stub_raises_at_once_outside_of_functions(source: str, expected: bool) -> None:
    assert raises_at_once(source) is expected


def test_only_notebooks_and_companions_are_released(filled: Course) -> None:
    source = filled.source("tiny")
    (source / "notes.txt").write_text("exam next week")
    (source / "checks.pyc").write_bytes(b"\0")
    (source / ".ipynb_checkpoints").mkdir()
    (source / ".ipynb_checkpoints" / "valley-checkpoint.ipynb").write_text("{}")
    names = {path.name for path in built(filled).iterdir()}
    assert names == {"valley.ipynb", "checks.py", "README.md", "requirements.txt"}


def test_builds_are_equal_byte_by_byte(filled: Course) -> None:
    first = filled.root / "one" / "tiny"
    second = filled.root / "two" / "tiny"
    build(filled.source("tiny"), first, filled.assignment("tiny"))
    build(filled.source("tiny"), second, filled.assignment("tiny"))
    assert list(fingerprint(first).values()) == list(fingerprint(second).values())


def test_building_touches_nothing_but_its_destination(filled: Course) -> None:
    before, folder = fingerprint(filled.root), Path.cwd()
    tree = built(filled)
    after = {
        path: value
        for path, value in fingerprint(filled.root).items()
        if not Path(path).is_relative_to(tree.parent)
    }
    assert after == before
    assert Path.cwd() == folder


def in_this_process() -> None:
    """Do the command's work without a gradebook, so that nbgrader starts no process for it."""
    from nbgrader.apps import GenerateAssignmentApp

    app = GenerateAssignmentApp()
    app.initialize(["tiny", "--no-db"])
    app.start()


def as_a_command() -> None:
    subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", "tiny"],
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize(
    "nbgrader", [in_this_process, pytest.param(as_a_command, marks=pytest.mark.slow)]
)
def test_plain_nbgrader_writes_the_same_bytes(
    filled: Course,
    nbgrader: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (filled.root / "nbgrader_config.py").write_text(
        "from autograder.release.preprocessors import configure\n"
        "c = get_config()\n"
        "configure(c)\n"
        "c.CourseDirectory.course_id = 'tiny-course'\n"
    )
    monkeypatch.chdir(filled.root)
    scripts = Path(sys.executable).parent  # nbgrader's command runs alembic's
    monkeypatch.setenv("PATH", f"{scripts}{os.pathsep}{os.environ['PATH']}")
    nbgrader()
    ours = filled.root / "ours" / "tiny"
    build(
        filled.source("tiny"),
        ours,
        filled.assignment("tiny"),
        config=filled.root / "nbgrader_config.py",
    )
    theirs = fingerprint(filled.release("tiny"))
    assert list(theirs.values()) == list(fingerprint(ours).values())
    assert not (filled.root / "ours" / "gradebook.db").exists()


def test_course_settings_for_nbgrader_are_used(filled: Course) -> None:
    config = filled.root / "nbgrader_config.py"
    config.write_text("c = get_config()\nc.ClearSolutions.text_stub = 'Write here.'\n")
    tree = filled.root / "built" / "tiny"
    build(filled.source("tiny"), tree, filled.assignment("tiny"), config=config)
    assert cell(read_notebook(tree / "valley.ipynb"), "t-proof").source == "Write here."


def test_settings_that_fail_are_named(filled: Course) -> None:
    config = filled.root / "nbgrader_config.py"
    config.write_text("1 / 0\n")
    with pytest.raises(ReleaseError, match=r"nbgrader_config.py can't be read: ZeroDivisionError"):
        build(
            filled.source("tiny"), filled.root / "built", filled.assignment("tiny"), config=config
        )


@pytest.mark.parametrize(
    "source",
    ["### BEGIN SOLUTION\nx = 1", "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION"],
)
def test_unbalanced_solution_markers_are_named(filled: Course, source: str) -> None:
    extra = code("t-extra-answer", source, solution=True)
    change_source(filled, lambda nb: nb.cells.append(extra))
    with pytest.raises(ReleaseError, match=r"valley.ipynb, cell 13 \(t-extra-answer\)"):
        built(filled)


def test_solution_in_a_locked_cell_is_named(filled: Course) -> None:
    source = "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"
    change_source(filled, lambda nb: cell(nb, "t-experiment").update(source=source))
    with pytest.raises(ReleaseError, match=r"cell 10 \(t-experiment\).*non-solution cell"):
        built(filled)
    assert not (filled.root / "built").exists()


def test_grade_id_that_stands_twice_is_named(filled: Course) -> None:
    twin = code("t-slope", "x = 1", locked=True)
    twin.id = "another"
    change_source(filled, lambda nb: nb.cells.append(twin))
    with pytest.raises(ReleaseError, match=r"valley.ipynb.*t-slope"):
        built(filled)


def test_fault_of_the_checks_is_told(filled: Course) -> None:
    checks = filled.source("tiny") / "checks.py"
    own = "from autograder.release.checkskit import *\n\ndef summary(problem, names): ..."
    checks.write_text(f'"""My checks."""\n\n{own}\n', encoding="utf-8")
    with pytest.raises(ReleaseError, match=r"tiny/checks.py defines summary, but checkskit"):
        built(filled)
