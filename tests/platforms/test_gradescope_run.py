"""The zip's two ends without a container: marks as `fdl mark` gives them, and a marking cut off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.assignment import Course
from autograder.records.gradescope.package import GradescopeSettings, write_autograder
from autograder.samples import load_sample_class, write_submission

CHECKOUT = Path(__file__).parents[2]
COURSE = Course(CHECKOUT)
HOMEWORK = COURSE.assignment("hw2")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The container's folders, with the zip's content where Gradescope puts it."""
    write_autograder(COURSE, HOMEWORK, GradescopeSettings("hw2"), tmp_path / "hw2.zip")
    made = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "hw2.zip") as files:
        files.extractall(made / "source")
    return made


def results_in(root: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(
        (root / "results" / "results.json").read_text(encoding="utf-8")
    )
    return found


def test_marks_are_the_true_ones(root: Path) -> None:
    [student] = [each for each in load_sample_class(COURSE, "hw2") if each.name == "chloe"]
    write_submission(COURSE, HOMEWORK, student, root / "submission")
    (root / "results").mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "autograder.records.gradescope.run", str(root)],
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
    assert points == student.true_points(HOMEWORK), done.stdout
    assert results_in(root)["score"] == sum(points.values())


def test_marking_that_is_cut_off_leaves_results_that_say_so(root: Path) -> None:
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
    assert "did not come to its end" in str(results_in(root)["output"])
    assert results_in(root)["score"] == 0
    for name in ("source", "submission", "results"):
        assert (root / name).stat().st_mode & 0o077 == 0
