"""If the clock is set back, no copy of the gradebook and no record of a change is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.gradebook import backup
from autograder.runs.regrade import _new_file
from tests.gradebook.course import record

from .course import mark

NOW = datetime(2024, 11, 21, 23, 0, tzinfo=UTC)


def change(gradebook: Path, name: str) -> None:
    with closing(sqlite3.connect(gradebook)) as database, database:
        database.execute("UPDATE student SET first_name = ?", (name,))


def name_in(gradebook: Path) -> str:
    with closing(sqlite3.connect(gradebook)) as database:
        [(name,)] = database.execute("SELECT first_name FROM student").fetchall()
    return str(name)


@pytest.mark.parametrize(
    "steps",
    [
        [timedelta(hours=-1)] * 15,
        [timedelta(days=-400)] * 15,
        [timedelta(0)] * 15,
        [timedelta(days=30_000), timedelta(days=-30_000)] * 7,
        [timedelta(seconds=1), timedelta(hours=-2)] * 7,
    ],
)
def test_newest_copy_is_the_last_whatever_the_clock_says(
    steps: list[timedelta], course: Course
) -> None:
    (course.root / "submitted" / "anna" / "hw").mkdir(parents=True)
    record(course, course.assignment("hw"), "anna", mark(course))
    gradebook, now = course.root / "gradebook.db", NOW
    for number, step in enumerate(steps):
        now += step
        change(gradebook, f"name {number}")
        backup.back_up(gradebook, now, 1.0)
        assert name_in(backup.backups(gradebook)[-1]) == f"name {number}"
    assert len(backup.backups(gradebook)) >= backup.RECENT
    gradebook.write_bytes(b"")
    backup.restore(gradebook, now - timedelta(days=1_000))
    assert name_in(gradebook) == f"name {len(steps) - 1}"


def test_what_changed_at_the_same_time_twice_is_kept_twice(tmp_path: Path) -> None:
    first = _new_file(tmp_path, "2024-11-21T23-00-00", ".json", "1")
    second = _new_file(tmp_path, "2024-11-21T23-00-00", ".json", "2")
    assert [path.read_text(encoding="utf-8") for path in (first, second)] == ["1", "2"]
