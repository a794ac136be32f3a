"""The made-up course `tiny` with a small class, and the real command that grades the class."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.course.samples import SampleStudent, write_submission
from autograder.grading import forkserver
from autograder.grading.report import Report
from tests.consoles import wide_consoles
from tests.release.marking import Marker, release
from tests.release.tiny import write_course

HOMEWORK = "tiny"
ROOT = Path(__file__).parents[2]
VALUES = "t-values-answer"

STUDENTS = (
    SampleStudent("anna", "answers all"),
    SampleStudent("bela", "has a wrong value", {VALUES: "first_part = [9.0, 18.0]\nlast_part = 1"}),
    SampleStudent("chloe", "has a cell that ends its process", {VALUES: "import os\nos._exit(0)"}),
    SampleStudent("dan", "sends no notebook", spoil=lambda at: _spoil(at, "not JSON", "no date")),
    SampleStudent("emil", "is late", spoil=lambda at: _spoil(at, "", "2024-11-22 10:00:00 UTC")),
)


def _spoil(folder: Path, notebook: str, timestamp: str) -> None:
    if notebook:
        (folder / "valley.ipynb").write_text(notebook, encoding="utf-8")
    (folder / "timestamp.txt").write_text(timestamp, encoding="utf-8")


def make_class(root: Path, students: Sequence[SampleStudent] = STUDENTS) -> None:
    """Make the released course in `root`, with all students' submissions."""
    write_course(root)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    course = Course(root)
    assert release(course, HOMEWORK, mark=Marker()).ok
    for student in students:
        folder = root / "submitted" / student.name / HOMEWORK
        write_submission(course, course.assignment(HOMEWORK), student, folder)


@dataclass(frozen=True)
class Done:
    """The end of a command and its output, as `subprocess.run` returns them."""

    returncode: int
    stdout: str
    stderr: str


def run_here(arguments: Sequence[str]) -> Done:
    """Run a command of the kit in this process, which saves the seconds for imports.

    As always, separate processes mark the class; the server that forks these processes keeps
    running for the next command.
    """
    with mock.patch.object(forkserver, "stop"), wide_consoles():
        ended = CliRunner().invoke(app, list(arguments))
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return Done(ended.exit_code, ended.stdout, ended.stderr)


def grade_here(root: Path, *options: str) -> Done:
    """Grade as `grade` does, but in this process."""
    done = run_here(["grade", HOMEWORK, "--course", str(root), *options])
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def grade(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `fdl grade tiny OPTIONS` in the course, without a terminal."""
    command = ["autograder.cli", "grade", HOMEWORK, "--course", str(root), *options]
    return run(command, ROOT)


def run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a module in a folder; the module must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def reports(root: Path) -> dict[str, str]:
    """Return each student's Report as recorded."""
    paths = root.glob(f"autograded/*/{HOMEWORK}/report.json")
    return {path.parents[1].name: path.read_text(encoding="utf-8") for path in paths}


def points(root: Path) -> Mapping[str, float]:
    """Return each student's points in the recorded Report."""
    found = {name: Report.from_json(text) for name, text in reports(root).items()}
    return {name: report.points + report.bonus_points for name, report in found.items()}
