"""A small course to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course.assignment import Course
from tests.release.tiny import write_course


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course with the homework `tiny`, which has one notebook."""
    write_course(tmp_path)
    return Course(tmp_path)
