"""Find out which students use another system, in a course that uses several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograder.course.assignment import Course
from autograder.gradebook.people import read_platforms

LEARNING_PLATFORMS = ("moodle", "canvas", "ilias", "gradescope")


@dataclass(frozen=True)
class Elsewhere:
    """Students who use other systems, by system, and students who are not known to use any."""

    users: Mapping[str, Sequence[str]]
    unexplained: tuple[str, ...]

    def remarks(self) -> Iterator[str]:
        """Yield a line about the students of each system."""
        for system, students in self.users.items():
            yield f"Not in the roster, but users of {system}: {', '.join(students)}"


def elsewhere(course: Course, students: Sequence[str], system: str) -> Elsewhere:
    """Find out which of the students use other systems than `system`.

    A student uses a system if the student handed in there, or was found in its roster.
    """
    used = read_platforms(course.platforms)
    others = [name for name in LEARNING_PLATFORMS if name != system]
    users = {name: [who for who in students if used.get(who) == name] for name in others}
    return Elsewhere(
        {name: who for name, who in users.items() if who},
        tuple(student for student in students if used.get(student) not in others),
    )
