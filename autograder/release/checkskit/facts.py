"""The facts of a homework, read from the course around the working folder.

Checks in the source tree use this module. A release contains the facts as plain text instead.
"""

from __future__ import annotations

from pathlib import Path

from autograder.course.assignment import Assignment, Course
from autograder.course.limits import Limits
from autograder.course.settings import TOLERANCE as DEFAULT_TOLERANCE
from autograder.errors import CourseError
from autograder.release.checksfile import item_facts
from autograder.release.checkskit.items import Item


def _homework(folder: Path) -> Assignment | None:
    try:
        return Course.find(folder).assignment(folder.name)
    except CourseError:  # a copy outside a course
        return None


_HERE = _homework(Path.cwd())
ASSIGNMENT = _HERE.name if _HERE else ""
TOLERANCE = _HERE.tolerance if _HERE else DEFAULT_TOLERANCE
SECONDS = (_HERE.limits if _HERE else Limits()).submission_seconds
FILES = _HERE.files if _HERE else ()
PROBLEMS = {
    problem.name: tuple(Item(*item_facts(item)) for item in problem.items)
    for problem in (_HERE.problems if _HERE else ())
}
SETUP, GIVEN = (_HERE.setup_names, _HERE.given_names) if _HERE else ((), ())
