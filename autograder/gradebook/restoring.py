"""Restore a damaged gradebook from its last backup, with the log of marks given by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from autograder.course.assignment import Course
from autograder.errors import KitError, RecordError
from autograder.gradebook import backup
from autograder.gradebook.database import HAND_MARKS, PatientGradebook, course_id, unusable
from autograder.gradebook.handmarks import (
    AnyEntry,
    HandMark,
    HandMarks,
    append,
    decode,
    read_hand_marks,
    store_mark,
)


def restore_gradebook(course: Course) -> backup.Restored:
    """Restore the course's damaged, empty or missing gradebook from its last backup."""
    path = course.gradebook

    def carry_log(
        fresh: Path, rows: Iterator[backup.LogRow], unread: Collection[tuple[str, str, str]]
    ) -> tuple[list[backup.ManualMark], int, int]:
        return _carry_log(course, fresh, list(rows), unread)

    try:
        return backup.restore(path, datetime.now(course.timezone), carry_log)
    except (sqlite3.Error, OSError) as error:
        raise unusable(str(path), error) from error


def _carry_log(
    course: Course,
    fresh: Path,
    rows: list[backup.LogRow],
    unread: Collection[tuple[str, str, str]],
) -> tuple[list[backup.ManualMark], int, int]:
    """Add the rows that are entries to the log, in their order; see `backup.CarryLog`.

    If an answer is in `unread`, nbgrader's mark of the answer is written again from the log.
    """
    found = [(name, entry) for name, entry in map(_entry, rows) if entry is not None]
    numbers = [row[0] for row in rows if isinstance(row[0], int)]
    with PatientGradebook(f"sqlite:///{fresh}", course_id(course)) as gradebook:
        known = set(gradebook.db().execute(select(HAND_MARKS.c.uid)).scalars())
        first = len(known) + 1
        new = [(name, entry) for name, entry in found if entry.uid not in known]
        with gradebook.transaction():
            for name, entry in new:
                append(gradebook, name, [entry])
            for name in sorted({name for name, _ in new}):
                log = read_hand_marks(gradebook, name)
                places = {(item, student) for each, student, item in unread if each == name}
                _store_marks(gradebook, course, name, log, places)
    newest = {
        (name, each.student, each.item): each
        for name, each in new
        if isinstance(each, HandMark) and not each.second
    }
    marks = [
        backup.ManualMark(*answer, each.points, None, each.comment or None)
        for answer, each in newest.items()
        if each.is_marked
    ]
    lost = max(numbers, default=first - 1) - (first - 1) - len(new)
    return marks, len(new), max(lost, 0)


def _entry(row: backup.LogRow) -> tuple[str, AnyEntry | None]:
    """Return the assignment and the entry of a row; the entry is None if the row is damaged."""
    _, uid, assignment, text = row
    if isinstance(assignment, str) and isinstance(text, str):
        with suppress(RecordError):
            entry = decode(text)
            return assignment, entry if entry.uid == uid else None
    return "", None


def _store_marks(
    gradebook: PatientGradebook,
    course: Course,
    assignment: str,
    log: HandMarks,
    places: Collection[tuple[str, str]],
) -> None:
    """Write the log's marks of these answers into nbgrader's gradebook."""
    with suppress(KitError):  # the source may be missing: the desk then shows the difference
        items = course.assignment(assignment).items
        for item, student in sorted(places):
            mark = log.marks(item, student).newest
            if mark is not None and mark.is_marked:
                store_mark(gradebook, assignment, items[item], mark)
