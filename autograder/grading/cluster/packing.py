"""Packs an assignment for workers."""

from __future__ import annotations

import msgpack

from autograder.course.assignment import Course
from autograder.course.layout import SETTINGS
from autograder.grading.cluster.bundle import FORMAT, Bundle, name_of
from autograder.grading.versions import assignment_files

_PLACES = {
    "source": "source/{}",
    "release": "release/{}",
    "hidden": "autograder/hidden/{}",
    "solutions": "solutions/{}",
}
"""Where the parts of an assignment are in a course."""


def pack(course: Course, assignment: str) -> Bundle:
    """Pack what marking the assignment needs, and nothing else of the course."""
    files = sorted(
        (_place(name, assignment), content)
        for name, content in assignment_files(course, assignment)
        if name == SETTINGS or name.partition("/")[0] in _PLACES
    )
    content: bytes = msgpack.packb([FORMAT, files])
    return Bundle(name_of(content), content)


def _place(name: str, assignment: str) -> str:
    part, slash, rest = name.partition("/")
    return f"{_PLACES[part].format(assignment)}/{rest}" if slash else name
