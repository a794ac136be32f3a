"""Courses for new homeworks, and dates that do not depend on the current day."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import matplotlib as mpl
import pytest

from autograder.course.assignment import Course
from autograder.release.newhomework import NewHomework, begin_course

mpl.use("Agg")

TODAY = datetime(2031, 3, 3, 14, 20)


def planned(name: str = "hw3", seed: int = 7) -> NewHomework:
    return NewHomework.planned(name, TODAY, seed=seed)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course without homeworks, in a folder outside this checkout."""
    return begin_course(tmp_path / "course", "Europe/Zurich")
