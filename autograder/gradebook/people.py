"""The course's students in the gradebook, as `nbgrader db student import` puts them there."""

from __future__ import annotations

from collections.abc import Mapping

from autograder.course.assignment import Course
from autograder.gradebook.database import open_gradebook


def keep_people(course: Course, people: Mapping[str, Mapping[str, str]]) -> None:
    """Have the gradebook know these students by what a list says of each.

    `people` are, by a student's id, some of `first_name`, `last_name`, `email`, `lms_user_id`. What
    the list does not say stays as it is, and so do students who are not on it.
    """
    with open_gradebook(course) as gradebook, gradebook.transaction():
        for student, known in people.items():
            gradebook.update_or_create_student(student, **known)
