"""Submissions that were made from an earlier release: nobody is blamed for what changed since."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.course.assignment import Course
from autograder.course.bundle import course_files
from autograder.course.layout import earlier_file
from autograder.errors import CourseError
from autograder.release import publish
from autograder.release.proof.findings import Proof
from autograder.submission.earlier import keep_earlier, read_earlier
from autograder.submission.receiving import ReceivedNotebook, read_submission
from tests.gradebook.course import notebooks, write_course

from .forms import (
    ANSWERS,
    PROOF,
    VALLEY,
    cell,
    drop,
    insert_text,
    skeletons,
    text,
    valley,
    write,
)

Change = Callable[[NotebookNode], object]


def _points(notebook: NotebookNode) -> None:
    for name in ("v-slope", "v-proof"):
        cell(notebook, name).metadata.nbgrader.points = 7
    cell(notebook, "v-title").source = "# A valley (7 points)"


def _stubs(notebook: NotebookNode) -> None:
    for name in ANSWERS:
        cell(notebook, name).source += " (old)"


def _more(notebook: NotebookNode) -> None:
    notebook.cells.insert(2, text("v-hint", "*A hint that was removed.*"))


CHANGES: dict[str, Change] = {
    "points": _points,
    "read-only text": lambda n: cell(n, "v-proof-question").update(source="**Prove it well.**"),
    "read-only code": lambda n: cell(n, "v-given").update(source="def given(): return 'before'"),
    "stubs": _stubs,
    "flags": lambda n: cell(n, "v-given").metadata.nbgrader.update(grade=True, points=1),
    "a text less": lambda n: drop(n, "v-proof-question"),
    "an answer less": lambda n: drop(n, "v-bend-answer", "v-bend"),
    "a text more": _more,
}


@pytest.fixture(params=[*CHANGES])
def earlier(request: pytest.FixtureRequest) -> NotebookNode:
    """An earlier release of the valley, which differs in one way."""
    notebook = valley()
    CHANGES[request.param](notebook)
    return notebook


def released(folder: Path, *earlier: NotebookNode) -> Path:
    """Release these notebooks one after the other, and last the valley as it is now."""
    release = folder / "release" / "hw"
    release.mkdir(parents=True)
    for notebook in (*earlier, valley()):
        replaced(release, notebook)
    return release


def replaced(release: Path, notebook: NotebookNode) -> None:
    """Replace the release by this notebook."""
    fresh = release.parents[1] / "fresh"
    fresh.mkdir(exist_ok=True)
    nbformat.write(notebook, fresh / f"{VALLEY}.ipynb")
    keep_earlier(release, fresh)
    nbformat.write(notebook, release / f"{VALLEY}.ipynb")


def received(folder: Path, notebook: NotebookNode, *earlier: NotebookNode) -> ReceivedNotebook:
    release = released(folder, *earlier)
    write(folder / "in" / f"{VALLEY}.ipynb", notebook)
    found = read_submission(folder / "in", skeletons(), read_earlier(release))
    return found.notebooks[VALLEY]


def test_unchanged_notebook_of_an_earlier_release_is_untouched(
    tmp_path: Path, earlier: NotebookNode
) -> None:
    found = received(tmp_path, earlier, earlier)
    assert found.notes == ()
    assert found.notebook is not None
    texts = [c for c in found.notebook.cells if c.cell_type == "markdown"]
    assert texts == [c for c in valley().cells if c.cell_type == "markdown"]


def test_answers_in_an_earlier_release_count_without_a_note(
    tmp_path: Path, earlier: NotebookNode
) -> None:
    submitted = answered(earlier)
    other = valley()
    cell(other, "v-title").source = "# A steep valley"
    found = received(tmp_path, submitted, valley(), earlier, other)
    assert found.notes == ()
    assert found.notebook is not None
    assert cell(found.notebook, "v-proof").source == PROOF
    assert cell(found.notebook, "v-proof").metadata == cell(valley(), "v-proof").metadata


def test_without_the_file_a_change_of_points_looks_like_the_students(tmp_path: Path) -> None:
    earlier = valley()
    _points(earlier)
    release = released(tmp_path, earlier)
    earlier_file(release).unlink()
    write(tmp_path / "in" / f"{VALLEY}.ipynb", answered(earlier))
    notes = read_submission(tmp_path / "in", skeletons(), read_earlier(release)).notebooks
    assert "metadata of cells was changed" in "\n".join(notes[VALLEY].notes)


@pytest.mark.parametrize("name", ["v-slope", "v-proof", "v-given"])
def test_forged_points_are_named_in_an_earlier_release_too(tmp_path: Path, name: str) -> None:
    earlier = valley()
    _points(earlier)
    submitted = answered(earlier)
    cell(submitted, name).metadata.nbgrader.points = 1000
    notes = "\n".join(received(tmp_path, submitted, earlier).notes)
    assert f"metadata of cells was changed; the original metadata counts: {name}." in notes


def test_changed_read_only_cell_is_named_in_an_earlier_release_too(tmp_path: Path) -> None:
    earlier = valley()
    _points(earlier)
    submitted = answered(earlier)
    cell(submitted, "v-title").source = "# My own title"
    notes = "\n".join(received(tmp_path, submitted, earlier).notes)
    assert "Read-only cells were changed; the originals were restored: v-title." in notes


def test_picture_in_an_earlier_stub_reaches_the_marker(tmp_path: Path) -> None:
    earlier = valley()
    _stubs(earlier)
    submitted = answered(earlier)
    proof = cell(submitted, "v-proof")
    proof.source = cell(earlier, "v-proof").source
    dot = (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5Erk"
        "Jggg=="
    )
    proof.attachments = {"photo.png": {"image/png": dot}}
    found = received(tmp_path, submitted, earlier)
    assert found.notebook is not None
    assert "attachment:photo-" in cell(found.notebook, "v-proof").source
    assert [each.picture.name for each in found.pictures if each.name] == ["photo.png"]


def test_file_grows_only_if_cells_change(tmp_path: Path) -> None:
    release = released(tmp_path, valley())
    assert not earlier_file(release).exists()
    earlier = valley()
    _points(earlier)
    replaced(release, earlier)
    replaced(release, valley())
    before = earlier_file(release).read_bytes()
    same = valley()
    insert_text(same, "v-title", "An open cell does not count.")
    for notebook in (same, earlier, valley()):
        replaced(release, notebook)
    assert earlier_file(release).read_bytes() == before


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', '{"a": {"b": [[1]]}}'])
def test_damaged_file_is_named_with_the_way_out(tmp_path: Path, content: str) -> None:
    release = released(tmp_path)
    earlier_file(release).parent.mkdir()
    earlier_file(release).write_text(content)
    with pytest.raises(CourseError, match=r"hw\.json can't be read .* or delete it"):
        read_earlier(release)


def test_damaged_release_can_be_replaced(tmp_path: Path) -> None:
    release = released(tmp_path)
    (release / f"{VALLEY}.ipynb").write_text("not a notebook")
    replaced(release, valley())
    assert read_earlier(release) == {}


def test_release_notes_the_cells_that_it_replaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = write_course(tmp_path)
    fresh = notebooks({})
    cell(fresh["a_slopes"], "a-proof").metadata.nbgrader.points = 3

    def build(_: Path, tree: Path, *__: object, **___: object) -> None:
        tree.mkdir(parents=True)
        for name, notebook in fresh.items():
            nbformat.write(notebook, tree / f"{name}.ipynb")

    monkeypatch.setattr(publish, "stage_source", lambda course, *_: course.source("hw"))
    monkeypatch.setattr(publish, "build", build)
    monkeypatch.setattr(publish, "prove", lambda *_, **__: Proof("hw", (), complete=True))
    publish.release(course, "hw", check=True)
    assert read_earlier(course.release("hw")) == {}
    publish.release(course, "hw")
    kept = read_earlier(course.release("hw"))["a_slopes"]["a-proof"]
    assert [each.declared[-1] for each in kept if each] == [2]
    publish.release(course, "hw")
    assert read_earlier(course.release("hw"))["a_slopes"]["a-proof"] == kept
    packed = course_files(Course(tmp_path), "hw")
    assert "release/.earlier/hw.json" in packed


def answered(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of the notebook with the answers to the items that it has."""
    copy = nbformat.from_dict(notebook)
    for found in copy.cells:
        found.source = ANSWERS.get(found.metadata.nbgrader.grade_id, found.source)
    return copy
