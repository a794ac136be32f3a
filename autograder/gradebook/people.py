"""Store the course's students in the gradebook, as `nbgrader db student import` does."""

from __future__ import annotations

from collections.abc import Mapping

from autograder.course.assignment import Course
from autograder.gradebook.database import open_gradebook


def keep_people(course: Course, people: Mapping[str, Mapping[str, str]]) -> None:
    """Add students to the gradebook, or update their data.

    `people` maps a student id to some of `first_name`, `last_name`, `email` and `lms_user_id`.
    Other fields and other students stay unchanged.
    """
    with open_gradebook(course) as gradebook, gradebook.transaction():
        for student, known in people.items():
            gradebook.update_or_create_student(student, **known)
