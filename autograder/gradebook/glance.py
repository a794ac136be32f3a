"""A quick look into the gradebook's file, which writes nothing and does not load nbgrader."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

SECONDS = 0.2
"""Seconds to wait for another program that is changing the gradebook."""

_QUERY = """
SELECT homework.name, handed_in.student_id, handed_in.timestamp, sum(grade.needs_manual_grade)
FROM submitted_assignment AS handed_in
JOIN assignment AS homework ON homework.id = handed_in.assignment_id
LEFT JOIN submitted_notebook AS notebook ON notebook.assignment_id = handed_in.id
LEFT JOIN grade ON grade.notebook_id = notebook.id
GROUP BY handed_in.id
"""


@dataclass(frozen=True)
class Graded:
    """A graded submission: when it was handed in (UTC), and how many items await a person."""

    handed_in: datetime | None
    awaiting: int


def glance(gradebook: Path) -> Mapping[str, Mapping[str, Graded]]:
    """Return what is graded, by homework and student; sqlite3.DatabaseError if it is unreadable."""
    found: dict[str, dict[str, Graded]] = {}
    address = f"file:{quote(str(gradebook))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=SECONDS)) as database:
        for homework, student, handed_in, awaiting in database.execute(_QUERY):
            moment = datetime.fromisoformat(handed_in) if handed_in else None
            found.setdefault(homework, {})[student] = Graded(moment, awaiting or 0)
    return found
