"""Find out which students use another system, in a course that uses several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from autograder.course.assignment import Course
from autograder.gradebook.glance import handed_on
from autograder.gradebook.people import read_platforms

LEARNING_PLATFORMS = ("moodle", "canvas", "ilias", "gradescope")


def elsewhere(course: Course, students: Iterable[str], system: str) -> Mapping[str, list[str]]:
    """Return those of the students who use other systems than `system`, by system.

    A student uses a system if the student handed in there, or if the student's marks of any
    homework were exported to it.
    """
    used: dict[str, set[str]] = {}
    for student, platform in read_platforms(course.platforms).items():
        used.setdefault(platform, set()).add(student)
    for record in course.all_handed_on():
        for platform, marks in handed_on(record).items():
            used.setdefault(platform, set()).update(marks)
    others = [name for name in LEARNING_PLATFORMS if name != system]
    wanted = set(students)
    found = {name: sorted(wanted & used.get(name, set())) for name in others}
    return {name: who for name, who in found.items() if who}
