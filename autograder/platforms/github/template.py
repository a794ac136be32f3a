"""The repositories for GitHub Classroom: students' template, and the workflow that marks.

template/   the release with a workflow that runs its visible checks; students get copies
marking/    a workflow for the private repository that holds the course; it marks a student's
            repository with hidden tests, which never leave it
"""

from __future__ import annotations

import math
from importlib.resources import files
from pathlib import Path

from autograder.course.assignment import Assignment, Course
from autograder.course.bundle import files_in, write_files
from autograder.errors import RecordError
from autograder.grading.mark import read_skeletons
from autograder.platforms.github.step import CELL_SECONDS

MINUTES = 30
"""Minutes that a workflow has, as our files state them: installing what is needed takes some."""

TEMPLATE, MARKING = "template", "marking"

_WORKFLOWS = ".github/workflows"


def write_classroom(course: Course, assignment: Assignment, folder: Path) -> list[Path]:
    """Write both into `folder`, which must not hold anything yet; the files."""
    release = course.release(assignment.name)
    read_skeletons(assignment, release)  # there has to be one
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RecordError(f"{folder} is there already: name a folder that is new or empty")
    content = {f"{TEMPLATE}/{name}": path.read_bytes() for name, path in files_in(release)}
    content |= {
        f"{TEMPLATE}/{_WORKFLOWS}/classroom.yml": _own("classroom.yml", assignment),
        f"{TEMPLATE}/.github/classroom/step.py": _own("step.py", assignment),
        f"{MARKING}/{_WORKFLOWS}/mark-{assignment.name}.yml": _own("mark.yml", assignment),
    }
    return write_files(content, folder)


def _own(name: str, assignment: Assignment) -> bytes:
    """One of our files, with the homework's name, and with time for what its limits allow."""
    text = files("autograder.platforms.github").joinpath(name).read_text(encoding="utf-8")
    limits = assignment.limits
    minutes = max(MINUTES, 2 * math.ceil(limits.submission_seconds / 60))
    seconds = max(CELL_SECONDS, math.ceil(limits.cell_seconds))
    for old, new in (
        ("@assignment@", assignment.name),
        (f"timeout-minutes: {MINUTES}\n", f"timeout-minutes: {minutes}\n"),
        (f"\nCELL_SECONDS = {CELL_SECONDS}\n", f"\nCELL_SECONDS = {seconds}\n"),
    ):
        text = text.replace(old, new)
    return text.encode()
