"""Find out which students use another system, in a course that uses several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograder.course.assignment import Course
from autograder.gradebook.glance import handed_on
from autograder.gradebook.people import read_platforms

LEARNING_PLATFORMS = ("moodle", "canvas", "ilias", "gradescope")


@dataclass(frozen=True)
class Elsewhere:
    """Students of other systems, by system, and the students who are known to use none."""

    users: Mapping[str, Sequence[str]]
    unexplained: tuple[str, ...]

    def remarks(self) -> Iterator[str]:
        """Yield a line about the students of each system."""
        for system, students in self.users.items():
            yield f"Not in the roster, but users of {system}: {', '.join(students)}"


def elsewhere(course: Course, students: Sequence[str], system: str) -> Elsewhere:
    """Find out which of the students use other systems than `system`.

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
    found = {name: [who for who in students if who in used.get(name, ())] for name in others}
    explained = {student for who in found.values() for student in who}
    return Elsewhere(
        {name: who for name, who in found.items() if who},
        tuple(student for student in students if student not in explained),
    )
