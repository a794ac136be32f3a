"""Store the course's students in the gradebook, as `nbgrader db student import` does.

A course may use several platforms. The gradebook has no field for a student's platform, so a small
file beside the exports has it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from autograder.course.assignment import Course
from autograder.durable import make_folder, write_bytes
from autograder.gradebook.database import open_gradebook


def keep_people(course: Course, people: Mapping[str, Mapping[str, str]]) -> None:
    """Add students to the gradebook, or update their data.

    `people` maps a student id to some of `first_name`, `last_name`, `email` and `lms_user_id`.
    Other fields and other students stay unchanged.
    """
    with open_gradebook(course) as gradebook, gradebook.transaction():
        for student, known in people.items():
            gradebook.update_or_create_student(student, **known)


def keep_platforms(path: Path, platforms: Mapping[str, str]) -> None:
    """Store the platform on which each of the students hands in; other students stay unchanged."""
    known = read_platforms(path)
    now = {**known, **platforms}
    if now != known:
        make_folder(path.parent)
        write_bytes(path, json.dumps(now, indent=1, sort_keys=True).encode())


def keep_new_platforms(path: Path, platforms: Mapping[str, str]) -> None:
    """Store the platform of those students whose platform is unknown."""
    known = read_platforms(path)
    keep_platforms(path, {who: where for who, where in platforms.items() if who not in known})


def read_platforms(path: Path) -> dict[str, str]:
    """Return the stored platforms by student; {} if the file cannot be read."""
    try:
        return {str(who): str(where) for who, where in json.loads(path.read_bytes()).items()}
    except (OSError, ValueError, AttributeError):
        return {}
