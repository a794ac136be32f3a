"""Read the state of the gradebook quickly: write nothing, and do not load nbgrader."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from autograder.durable import make_folder, write_bytes
from autograder.gradebook.bonus import LOST

SECONDS = 0.2
"""Seconds to wait for another program that is changing the gradebook."""

PAGES = "pages"
"""Name of the students' pages as a receiver of marks; the other receivers are export systems."""

AWAITS_MARKING = f"(grade.needs_manual_grade OR {LOST})"
"""SQL condition on a row of `grade` and its `cell`: whether it awaits marking by hand."""

_START = datetime(1970, 1, 1)

_QUERY = f"""
SELECT homework.name, handed_in.student_id, handed_in.timestamp, handed_in.extension,
    sum({AWAITS_MARKING}),
    group_concat(grade.cell_id || ' ' || ifnull(grade.auto_score, '') || ' ' ||
        ifnull(grade.manual_score, '') || ' ' || ifnull(grade.extra_credit, ''))
FROM submitted_assignment AS handed_in
JOIN assignment AS homework ON homework.id = handed_in.assignment_id
LEFT JOIN submitted_notebook AS notebook ON notebook.assignment_id = handed_in.id
LEFT JOIN grade ON grade.notebook_id = notebook.id
LEFT JOIN grade_cells AS cell ON cell.id = grade.cell_id
GROUP BY handed_in.id
"""

_COMMENTS = """
SELECT homework.name, handed_in.student_id, group_concat(comment.cell_id || comment.manual_comment)
FROM comment
JOIN submitted_notebook AS notebook ON notebook.id = comment.notebook_id
JOIN submitted_assignment AS handed_in ON handed_in.id = notebook.assignment_id
JOIN assignment AS homework ON homework.id = handed_in.assignment_id
WHERE comment.manual_comment IS NOT NULL
GROUP BY handed_in.id
"""


@dataclass(frozen=True)
class Graded:
    """A graded submission: its time (UTC), and the number of items that await marking by hand.

    `marks` is a hash of the submission's points and comments, which shows whether they changed.
    `extension` is the extension in the gradebook; an extension in the settings overrides it.
    """

    handed_in: datetime | None
    awaiting: int
    marks: str
    extension: timedelta | None


@contextmanager
def read_only(gradebook: Path, seconds: float) -> Iterator[sqlite3.Connection]:
    """Open the gradebook to read it; wait for at most `seconds` while a program changes it."""
    address = f"file:{quote(str(gradebook))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=seconds)) as database:
        yield database


def glance(gradebook: Path) -> Mapping[str, Mapping[str, Graded]]:
    """Return the graded submissions by homework and student.

    Raises sqlite3.DatabaseError if the gradebook cannot be read.
    """
    found: dict[str, dict[str, Graded]] = {}
    with read_only(gradebook, SECONDS) as database:
        comments = {row[:2]: row[2] for row in database.execute(_COMMENTS)}
        for row in database.execute(_QUERY):
            homework, student, handed_in, extension, awaiting, points = row
            moment = datetime.fromisoformat(handed_in) if handed_in else None
            # SQLAlchemy stores an interval as a time after the start of 1970
            longer = datetime.fromisoformat(extension) - _START if extension else None
            marks = repr((sorted((points or "").split(",")), comments.get((homework, student))))
            digest = hashlib.sha256(marks.encode()).hexdigest()[:16]
            found.setdefault(homework, {})[student] = Graded(moment, awaiting or 0, digest, longer)
    return found


def graded_now(gradebook: Path, homework: str) -> Mapping[str, Graded]:
    """Return a homework's graded submissions by student; {} if the gradebook is unreadable."""
    try:
        return glance(gradebook).get(homework, {})
    except (sqlite3.DatabaseError, ValueError):
        return {}


def keep_handed_on(record: Path, to: str, graded: Mapping[str, Graded]) -> None:
    """Store hashes of the marks that are now on these students' pages, or in a system's file."""
    known = handed_on(record)
    known[to] = known.get(to, {}) | {student: each.marks for student, each in graded.items()}
    make_folder(record.parent)
    write_bytes(record, json.dumps(known, indent=1, sort_keys=True).encode())


def handed_on(record: Path) -> dict[str, dict[str, str]]:
    """Return the stored hashes by receiver and student; {} if the file cannot be read."""
    try:
        return dict(json.loads(record.read_bytes()))
    except (OSError, ValueError, TypeError):
        return {}


def outdated(known: Mapping[str, str], graded: Mapping[str, Graded]) -> list[str]:
    """Return the students whose marks differ from the stored hash; skip students without a hash."""
    return [name for name, each in graded.items() if known.get(name, each.marks) != each.marks]
