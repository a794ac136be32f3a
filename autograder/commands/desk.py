"""`fdl desk`: mark texts and proofs by hand."""

from __future__ import annotations

from autograder.commands import markers, options
from autograder.commands.common import command
from autograder.course.assignment import Course


@command()
def desk(
    homework: options.Homework,
    deal: markers.Deal = None,
    overlap: markers.Overlap = None,
    merge: markers.MergeFrom = None,
    export: markers.ExportTo = None,
    course: options.CoursePath = None,
) -> None:
    """Mark texts and proofs by hand, one answer at a time, in the browser."""
    found = Course.find(course)
    found.assignment(homework)
    if markers.for_markers(found, homework, deal or (), overlap, export, merge or ()):
        return
