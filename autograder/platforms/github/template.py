"""The repositories for GitHub Classroom: students' template, and the workflow that marks.

template/   the release with a workflow that runs its visible checks; students get copies
marking/    a workflow for the private repository that holds the course; it marks a student's
            repository with hidden tests, which never leave it
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from autograder.course.assignment import Assignment, Course
from autograder.course.bundle import files_in, write_files
from autograder.errors import RecordError
from autograder.grading.mark import read_skeletons

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
    text = files("autograder.platforms.github").joinpath(name).read_text(encoding="utf-8")
    return text.replace("@assignment@", assignment.name).encode()
