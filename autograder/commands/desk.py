"""`fdl desk`: mark texts and proofs by hand."""

from __future__ import annotations

from autograder.commands import options
from autograder.commands.common import command
from autograder.course.assignment import Course


@command()
def desk(homework: options.Homework, course: options.CoursePath = None) -> None:
    """Mark texts and proofs by hand, one answer at a time, in the browser."""
    Course.find(course).assignment(homework)
