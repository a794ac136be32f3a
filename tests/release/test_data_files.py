"""Data files that course.toml lists: released beside the notebooks, and readable in the sandbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograder.course.assignment import Course
from autograder.errors import CourseError
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import mark_submission
from autograder.release import Proof
from autograder.release.newhomework import EXAMPLE
from autograder.release.proof import tidy
from autograder.release.proof.junk import write_reference
from autograder.release.proof.killmatrix import kill_matrix

from .helpers import change_source, faults, looked_at, looked_at_anew, replace_text
from .marking import mark_on_paper, release
from .misconceptions import write_misconceptions
from .tiny import given

FILES = ["measurements.csv", "weights.npy", "picture.png"]
SETTINGS = MarkSettings(unprotected=True)

READ = """
heights = np.loadtxt("measurements.csv", delimiter=",")
weights = np.load("weights.npy")
brightness = plt.imread("picture.png").mean()
with open("measurements.csv") as file:
    first_line = file.readline()
"""

FIT = '''

def scale_of_data(factor: float) -> float:
    """The largest measurement times the factor; the file is read again at each call."""
    return float(np.loadtxt("measurements.csv", delimiter=",").max()) * factor


#: the sum of the weights in `weights.npy`
weight = float(np.load("weights.npy").sum())
'''

HIDDEN = '''

@item("t-data", part="function")
def test_scale(student, rng):
    """The largest measurement counts."""
    factor = rng.normal()
    assert_close(student.scale_of_data(factor), 7.5 * factor)


@item("t-data", part="value")
def test_weight(student):
    """The weights are added up."""
    assert_close(student.value("weight"), 6.0)
'''

OPENS_DATA = '''

@item("t-data", part="function")
def test_scale_of_file(student):
    """The largest measurement, as the test reads it from the file, counts."""
    assert_close(student.scale_of_data(1.0), np.loadtxt("measurements.csv", delimiter=",").max())
'''

CHECK = '''

def t_data(names):
    """A first look at what was read from the files."""
    verdict("t-data", lambda: abs(names["scale_of_data"](2.0) - 15) < 1e-9 and names["weight"] == 6)
'''

MISCONCEPTION = """
@misconceptions.function("t-data", "scale_of_data", "The largest, not the first.")
def first_measurement(factor):
    return float(np.loadtxt("measurements.csv", delimiter=",")[0, 0]) * factor
"""


def list_files(course: Course, *names: str) -> Course:
    """Return the same course with these files listed in its settings."""
    settings = course.root / "course.toml"
    replace_text(settings, "seed = 7\n", f"seed = 7\nfiles = {list(names)!r}\n")
    return Course(course.root)


def write_data(folder: Path) -> None:
    (folder / "measurements.csv").write_text("1.0,2.0\n3.0,7.5\n", encoding="utf-8")
    np.save(folder / "weights.npy", np.array([1.0, 2.0, 3.0]))
    plt.imsave(folder / "picture.png", np.ones((4, 4, 3)))


@pytest.fixture
def data(course: Course) -> Course:
    """The made-up course, with an item that needs data files."""
    from .tiny import answer, check

    cells = [
        given("t-read", READ),
        answer("t-data-answer", "### REFERENCE valley.scale_of_data, valley.weight"),
        check("t-data", 2),
    ]
    cells[1].metadata["tags"] = ["raises-exception"]
    change_source(course, lambda nb: nb.cells.extend(cells))
    for path, text in (
        (course.solutions("tiny") / "valley.py", FIT),
        (course.hidden("tiny") / "test_valley.py", HIDDEN),
        (course.source("tiny") / "checks.py", CHECK),
    ):
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    write_misconceptions(course, MISCONCEPTION)
    write_data(course.source("tiny"))
    return list_files(course, *FILES)


def proved(course: Course) -> Proof:
    return release(course, "tiny", mark=mark_on_paper, matrix=kill_matrix)


def test_listed_files_are_released_beside_the_notebooks(data: Course) -> None:
    found = proved(data)
    assert found.ok, found.faults
    for name in FILES:
        released = (data.release("tiny") / name).read_bytes()
        assert released == (data.source("tiny") / name).read_bytes()
    assert release(data, "tiny", check=True, mark=mark_on_paper, matrix=kill_matrix).ok


@pytest.fixture
def handed_in(data: Course, tmp_path: Path) -> tuple[Course, Path]:
    """Return the course as workers get it, and a right submission with changed data files."""
    assert proved(data).ok
    root = tmp_path / "elsewhere"
    for part in ("source", "release", "solutions", "autograder"):
        shutil.copytree(data.root / part, root / part)
    shutil.copyfile(data.root / "course.toml", root / "course.toml")
    course = Course(root)
    submission = tmp_path / "submitted" / "anna" / "tiny"
    write_reference(course.source("tiny"), course.release("tiny"), submission)
    for name in FILES:
        (submission / name).write_bytes(b"my own data\n")
    return course, submission


def points(course: Course, submission: Path) -> Mapping[str, float]:
    marking = mark_submission(course, course.assignment("tiny"), submission, settings=SETTINGS)
    (report,) = marking.report.notebooks.values()
    assert report.faults == ()
    return {name: item.points for name, item in marking.report.items.items()}


def test_files_are_read_in_the_sandbox_and_a_students_own_copy_is_not(
    handed_in: tuple[Course, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    course, submission = handed_in
    monkeypatch.chdir(tmp_path)
    assert points(course, submission) == {
        "t-slope": 2,
        "t-values": 1,
        "t-plot": 1,
        "t-proof": 0,
        "t-data": 2,
    }
    assert Path.cwd() == tmp_path


def test_plain_pytest_reads_the_files_and_finds_a_relative_submission(
    handed_in: tuple[Course, Path],
) -> None:
    course, submission = handed_in
    hidden = course.hidden("tiny")
    shutil.copyfile(EXAMPLE / "hidden" / "conftest.py", hidden / "conftest.py")
    with (hidden / "test_valley.py").open("a", encoding="utf-8") as file:
        file.write(OPENS_DATA)
    named = os.path.relpath(submission, course.root)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", hidden, f"--submission={named}", "--unprotected"],
        cwd=course.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_release_that_lacks_a_file_can_not_mark(handed_in: tuple[Course, Path]) -> None:
    course, submission = handed_in
    (course.release("tiny") / "weights.npy").unlink()
    with pytest.raises(CourseError, match=r"release/tiny/weights.npy can't be read .*release the"):
        points(course, submission)


# --- Faults in data files -------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_listed_file_that_is_missing_is_named_once(data: Course, name: str) -> None:
    (data.source("tiny") / name).unlink()
    assert faults(proved(data)) == {
        "files of source/tiny": f"source/tiny/{name}, which course.toml lists among its files, "
        "is missing"
    }


@pytest.mark.parametrize("name", ["points.csv", "values.npz", "map.tif"])
def test_file_that_is_not_listed_is_named_once(data: Course, name: str) -> None:
    (data.source("tiny") / name).write_bytes(b"1,2\n")
    found = faults(proved(data))
    assert set(found) == {"files of source/tiny"}
    assert f'[assignments.tiny] files = ["{name}"]' in found["files of source/tiny"]


def test_file_that_is_a_link_is_named(data: Course, tmp_path: Path) -> None:
    path = data.source("tiny") / "weights.npy"
    path.rename(tmp_path / "weights.npy")
    path.symlink_to(tmp_path / "weights.npy")
    assert "weights.npy is a link" in faults(proved(data))["files of source/tiny"]


def test_files_that_are_too_large_are_named(data: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "MAX_DATA_BYTES", 50)
    assert "a sandbox accepts" in faults(proved(data))["files of source/tiny"]


def test_changed_file_makes_the_release_stale(data: Course) -> None:
    assert proved(data).ok
    (data.source("tiny") / "measurements.csv").write_text("1.0,2.0\n3.0,9.5\n", encoding="utf-8")
    found = release(data, "tiny", check=True, mark=mark_on_paper)
    assert faults(found) == {
        "the release is built from the source": "release/tiny/measurements.csv is out of date"
    }


def test_solution_in_a_data_file_is_found(data: Course) -> None:
    with (data.source("tiny") / "measurements.csv").open("a") as file:
        file.write("# squared_norm = float(np.dot(u, u))\n")
    found = faults(looked_at_anew(data))["no solution is given away"]
    assert "measurements.csv contains part of the solution of valley.slope" in found


def test_data_that_is_no_text_is_no_fault(data: Course) -> None:
    assert proved(data).ok
    assert faults(looked_at(data)) == {}


@pytest.mark.parametrize("names", [["data/points.csv"], [".hidden"], [""], ["a.csv", "a.csv"]])
def test_name_that_is_no_file_beside_the_notebooks_is_refused(
    course: Course, names: list[str]
) -> None:
    with pytest.raises(CourseError, match="files"):
        list_files(course, *names).assignment("tiny")
