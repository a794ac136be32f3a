"""`fdl grade` and `nbgrader autograde` record the same tables and the same notebooks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.course.samples import load_sample_class, write_submission
from tests.faults import result
from tests.grading import tiny_class

ROOT = Path(__file__).parents[2]

OURS_ALONE = {"fdl_fingerprint"}
"""The state that `fdl grade` keeps for its own next run."""


def tiny(root: Path) -> str:
    tiny_class.make_class(root)
    return tiny_class.HOMEWORK


def homework_2(root: Path) -> str:
    """The real course, with some of its sample students."""
    root.mkdir()
    for name in ("course.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / name, root)
    for tree in ("source", "release", "solutions", "autograder/hidden"):
        shutil.copytree(ROOT / tree / "hw2", root / tree / "hw2")
    course = Course(root)
    for student in load_sample_class(course, "hw2"):
        if student.name in ("ada", "emil", "mateo"):
            folder = root / "submitted" / student.name / "hw2"
            write_submission(course, course.assignment("hw2"), student, folder)
    return "hw2"


@pytest.mark.slow
@pytest.mark.parametrize("make", [tiny, homework_2])
def test_our_command_and_nbgraders_record_the_same(make: object, tmp_path: Path) -> None:
    assert callable(make)
    ours, plain = tmp_path / "ours", tmp_path / "plain"
    homework = make(ours)
    shutil.copytree(ours, plain)
    tiny_class.run(["autograder.cli", "grade", homework], ours)
    tiny_class.run(["nbgrader", "autograde", homework], plain)

    found, wanted = (result.tables(root / "gradebook.db") for root in (ours, plain))
    assert found.keys() == wanted.keys()
    for name in found.keys() - OURS_ALONE:
        assert found[name] == wanted[name], name
    assert all(found[name] for name in ("grade", "comment", "submitted_notebook", "student"))
    assert found["grade"].total() > 5

    files, theirs = result.written(ours), result.written(plain)
    assert files.keys() == theirs.keys()
    assert [name for name in files if files[name] != theirs[name]] == []
    assert any(name.endswith("report.json") for name in files)
    assert any(name.endswith(".ipynb") for name in files)
