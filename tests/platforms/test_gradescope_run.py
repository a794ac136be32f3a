"""The zip's scripts without a container: marks as from `fdl mark`, and marking that times out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from autograder.course.assignment import Assignment, Course
from autograder.course.samples import SampleStudent, load_sample_class, write_submission
from autograder.platforms.gradescope.package import GradescopeSettings, write_autograder
from tests.grading import tiny_class

CHECKOUT = Path(__file__).parents[2]


class Homework(NamedTuple):
    """A course, one of its homeworks, and a student with known points for each automatic item."""

    course: Course
    assignment: Assignment
    student: SampleStudent
    points: dict[str, float]


def tiny(folder: Path) -> Homework:
    """The made-up course with one notebook, and a student with a wrong value."""
    tiny_class.make_class(folder)
    course = Course(folder)
    assignment = course.assignment(tiny_class.HOMEWORK)
    [student] = [each for each in tiny_class.STUDENTS if each.name == "bela"]
    return Homework(
        course, assignment, student, {**student.true_points(assignment), "t-values": 0.0}
    )


def homework_2(_: Path) -> Homework:
    course = Course(CHECKOUT)
    assignment = course.assignment("hw2")
    [student] = [each for each in load_sample_class(course, "hw2") if each.name == "chloe"]
    return Homework(course, assignment, student, student.true_points(assignment))


def unpacked(course: Course, assignment: Assignment, folder: Path) -> Path:
    """The container's folders, with the zip's content where Gradescope puts it."""
    archive = folder / f"{assignment.name}.zip"
    write_autograder(course, assignment, GradescopeSettings(assignment.name), archive)
    made = folder / "autograder"
    with zipfile.ZipFile(archive) as files:
        files.extractall(made / "source")
    return made


def results_in(root: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(
        (root / "results" / "results.json").read_text(encoding="utf-8")
    )
    return found


@pytest.mark.parametrize("make", [tiny, pytest.param(homework_2, marks=pytest.mark.slow)])
def test_marks_are_the_true_ones(make: Callable[[Path], Homework], tmp_path: Path) -> None:
    homework = make(tmp_path / "made")
    root = unpacked(homework.course, homework.assignment, tmp_path)
    write_submission(homework.course, homework.assignment, homework.student, root / "submission")
    (root / "results").mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "autograder.platforms.gradescope.run", str(root)],
        env={**os.environ, "PYTHONPATH": f"{root}/source/course{os.pathsep}{CHECKOUT}"},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tests = results_in(root)["tests"]
    assert isinstance(tests, list)
    points = {
        test["name"].split()[0].strip(":"): test["score"] for test in tests if "score" in test
    }
    assert points == homework.points, done.stdout
    assert results_in(root)["score"] == sum(points.values())


def test_marking_that_is_cut_off_leaves_results_that_say_so(tmp_path: Path) -> None:
    course = Course(CHECKOUT)
    root = unpacked(course, course.assignment("hw2"), tmp_path)
    python = root / "kit" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexec sleep 600\n", encoding="ascii")
    python.chmod(0o755)
    (root / "submission").mkdir()
    (root / "source" / "seconds").write_text("0.2\n", encoding="ascii")
    done = subprocess.run(
        ["bash", str(root / "source" / "run_autograder")],
        env={**os.environ, "FDL_GRADESCOPE_ROOT": str(root)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert "Marking did not finish" in str(results_in(root)["output"])
    assert results_in(root)["score"] == 0
    for name in ("source", "submission", "results"):
        assert (root / name).stat().st_mode & 0o077 == 0
