"""Publishing writes only a release that is fit for students, and checking writes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.errors import ReleaseError
from autograder.release import publish

from .helpers import cell, change_source, fingerprint, replace_text
from .marking import Marker, mark_on_paper, release
from .tiny import write_course

LEFT = (
    ".ipynb_checkpoints/valley-checkpoint.ipynb", "__pycache__/checks.pyc", ".DS_Store",
    "Thumbs.db", "desktop.ini", ".valley.ipynb.swp", "valley.ipynb~", "#checks.py#",
    "._valley.ipynb", ".~lock.data.csv#", "~$README.docx", ".vscode/settings.json",
    ".virtual_documents/valley.ipynb",
)  # fmt: skip
"""Files that editors, file managers and Python leave beside the files of a course."""


def test_first_release_fills_the_source_and_writes_the_release(course: Course) -> None:
    result = release(course, "tiny", mark=Marker())
    assert result.ok
    assert sorted(path.name for path in course.release("tiny").iterdir()) == [
        "README.md",
        "checks.py",
        "requirements.txt",
        "valley.ipynb",
    ]
    assert release(course, "tiny", check=True, mark=Marker()).ok


def test_releasing_again_writes_nothing(released: Course) -> None:
    before = {path: path.stat().st_mtime_ns for path in released.root.rglob("*")}
    result = release(released, "tiny", mark=mark_on_paper)
    assert result.ok
    assert {path: path.stat().st_mtime_ns for path in released.root.rglob("*")} == before


def test_two_courses_give_the_same_bytes(tmp_path: Path, released: Course) -> None:
    write_course(tmp_path / "elsewhere" / "deep" / "course")
    other = Course(tmp_path / "elsewhere" / "deep" / "course")
    release(other, "tiny", mark=mark_on_paper)
    for ours, theirs in (
        (released.release("tiny"), other.release("tiny")),
        (released.source("tiny"), other.source("tiny")),
    ):
        assert list(fingerprint(ours).values()) == list(fingerprint(theirs).values())


def test_change_of_the_solutions_reaches_both_trees(released: Course) -> None:
    replace_text(released.solutions("tiny") / "valley.py", "The slope of", "The steepness of")
    assert release(released, "tiny", mark=mark_on_paper).ok
    for tree in (released.release("tiny"), released.source("tiny")):
        assert "The steepness of" in (tree / "valley.ipynb").read_text()


def leave(folder: Path) -> list[Path]:
    """Write the files of `LEFT` into a folder; return their paths."""
    paths = [folder / name for name in LEFT]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"left")
    return paths


def test_what_editors_leave_beside_the_source_stops_no_release(course: Course) -> None:
    leave(course.source("tiny"))
    assert release(course, "tiny", mark=mark_on_paper).ok
    assert release(course, "tiny", check=True, mark=mark_on_paper).ok
    assert not [name for name in LEFT if (course.release("tiny") / name).exists()]


def test_lock_of_an_editor_is_no_notebook(course: Course) -> None:
    (course.source("tiny") / ".#valley.ipynb").symlink_to("somebody@somewhere")
    assert release(course, "tiny", mark=mark_on_paper).ok
    assert release(course, "tiny", check=True, mark=mark_on_paper).ok


def test_what_editors_leave_in_the_release_is_named_and_swept(released: Course) -> None:
    paths = leave(released.release("tiny"))
    proof = release(released, "tiny", check=True, mark=mark_on_paper)
    lines = [line for fault in proof.faults for line in fault.detail.splitlines()]
    for name in LEFT:
        place = f"release/tiny/{name.partition('/')[0]}"
        [found] = [line for line in lines if line.startswith((f"{place} ", f"{place}/ "))]
        assert "run `fdl release tiny`, which deletes it" in found
    assert release(released, "tiny", mark=mark_on_paper).ok
    assert release(released, "tiny", check=True, mark=mark_on_paper).ok
    assert not [path for path in paths if path.exists()]


def test_other_files_beside_the_source_stop_a_release(course: Course) -> None:
    (course.source("tiny") / "notes.txt").write_text("left")
    assert not release(course, "tiny", mark=mark_on_paper).ok


def test_new_release_sweeps_the_old_tree(released: Course) -> None:
    (released.release("tiny") / ".ipynb_checkpoints").mkdir()
    (released.release("tiny") / "old.ipynb").write_text("{}")
    assert release(released, "tiny", mark=mark_on_paper).ok
    assert {path.name for path in released.release("tiny").iterdir()} == {
        "README.md",
        "checks.py",
        "requirements.txt",
        "valley.ipynb",
    }
    assert {path.name for path in released.release("tiny").parent.iterdir()} == {"tiny"}


def test_failed_proof_leaves_source_and_release_byte_by_byte(released: Course) -> None:
    replace_text(released.solutions("tiny") / "valley.py", "The slope of", "The steepness of")
    before = fingerprint(released.root)
    cruel = Marker().but("t-plot", lambda _: False)
    result = release(released, "tiny", mark=cruel)
    assert not result.ok
    assert fingerprint(released.root) == before


def test_release_that_can_not_be_built_leaves_everything(released: Course) -> None:
    source = "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"
    change_source(released, lambda nb: cell(nb, "t-experiment").update(source=source))
    before = fingerprint(released.root)
    with pytest.raises(ReleaseError, match="t-experiment"):
        release(released, "tiny", mark=mark_on_paper)
    assert fingerprint(released.root) == before


@pytest.mark.parametrize("stale", [False, True])
def test_check_changes_nothing(released: Course, stale: bool) -> None:
    if stale:
        replace_text(released.solutions("tiny") / "valley.py", "The slope of", "The rise of")
    before = fingerprint(released.root)
    result = release(released, "tiny", check=True, mark=mark_on_paper)
    assert result.ok is not stale
    assert fingerprint(released.root) == before


def test_check_of_a_course_never_released_changes_nothing(course: Course) -> None:
    before = fingerprint(course.root)
    assert not release(course, "tiny", check=True, mark=mark_on_paper).ok
    assert fingerprint(course.root) == before


def test_release_that_can_not_be_moved_in_puts_the_old_one_back(
    released: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint(released.release("tiny"))
    fresh = released.root / "fresh"
    fresh.mkdir()
    (fresh / "valley.ipynb").write_text("{}")
    move = Path.rename

    def fail_for_new(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError("no space left on device")
        return move(path, target)

    monkeypatch.setattr(Path, "rename", fail_for_new)
    with pytest.raises(OSError, match="no space left"):
        publish.replace_tree(fresh, released.release("tiny"))
    assert fingerprint(released.release("tiny")) == before
    assert [path.name for path in released.release("tiny").parent.iterdir()] == ["tiny"]


def test_progress_is_told(released: Course) -> None:
    told: list[str] = []
    release(released, "tiny", check=True, mark=mark_on_paper, say=told.append)
    assert told == [
        "filling the source and building the release",
        "reading the source and the release",
        *(f"marking trial submissions: {done} of 6" for done in range(7)),
    ]
