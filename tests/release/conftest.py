"""A made-up course, small enough to break in every way."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.assignment import Course
from autograder.release import fill_source

from .tiny import write_course


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course with one filled assignment, `tiny`, that has no release yet."""
    write_course(tmp_path / "course")
    course = Course(tmp_path / "course")
    fill_source(course, "tiny")
    return course
