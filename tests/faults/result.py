"""The result of a run, in a form that can be compared with another run's.

Files are compared byte by byte. Every row of every table of the gradebook is compared. The ids of
rows are random, so each id is replaced by the content of its row and of the parent rows.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from .madeupclass import BY_HAND, COMMENTS

_ID = re.compile(r"[0-9a-f]{32}")
_ROUNDS = 6  # a comment belongs to a notebook of a submission of an assignment of a course

Row = tuple[Any, ...]


def tables(gradebook: Path) -> dict[str, Counter[Row]]:
    """Return every row of every table with the number of its copies; ids are made comparable.

    The duration of marking is left out, because it differs between any two runs.
    """
    with closing(sqlite3.connect(gradebook, timeout=5)) as database:
        names = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name != "fdl_marking_seconds"
        ]
        rows = {name: database.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
    words: dict[str, str] = {}
    for _ in range(_ROUNDS):
        known = {
            row[0]: _digest(name, _row(row[1:], words))
            for name, found in rows.items()
            for row in found
            if _is_id(row[0]) and name != "fdl_recorded_credit"
        }
        words = known
    return {name: Counter(_row(row, words) for row in found) for name, found in rows.items()}


def _row(row: Row, words: dict[str, str]) -> Row:
    return tuple(words.get(value, "an id") if _is_id(value) else value for value in row)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _digest(name: str, row: Row) -> str:
    return hashlib.sha256(repr((name, row)).encode()).hexdigest()[:20]


def written(root: Path) -> dict[str, bytes | None]:
    """Return every file and folder that a run writes, except the gradebook and its copies."""
    return {
        str(path.relative_to(root)): None if path.is_dir() else path.read_bytes()
        for tree in ("autograded", "feedback")
        for path in sorted((root / tree).rglob("*"))
    }


def others(root: Path) -> list[str]:
    """Return the other entries of the course's folder."""
    return sorted(path.name for path in root.iterdir())


def is_sound(gradebook: Path) -> bool:
    """Return the result of SQLite's own integrity check."""
    with closing(sqlite3.connect(gradebook, timeout=5)) as database:
        return database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def by_hand(gradebook: Path) -> set[tuple[Any, ...]]:
    """Return the marks and comments in the gradebook that a person gave."""
    grades = """
        SELECT assignment.student_id, cell.name, grade.manual_score, grade.extra_credit
        FROM grade JOIN base_cell AS cell ON cell.id = grade.cell_id
        JOIN submitted_notebook AS notebook ON notebook.id = grade.notebook_id
        JOIN submitted_assignment AS assignment ON assignment.id = notebook.assignment_id
    """
    comments = """
        SELECT assignment.student_id, cell.name, comment.manual_comment
        FROM comment JOIN base_cell AS cell ON cell.id = comment.cell_id
        JOIN submitted_notebook AS notebook ON notebook.id = comment.notebook_id
        JOIN submitted_assignment AS assignment ON assignment.id = notebook.assignment_id
        WHERE comment.manual_comment IS NOT NULL
    """
    with closing(sqlite3.connect(gradebook, timeout=5)) as database:
        found = {row for row in database.execute(grades) if row[:2] in BY_HAND}
        return found | set(database.execute(comments))


def by_student(gradebook: Path) -> dict[str, Counter[Row]]:
    """Return all entries of the gradebook about each student's marks."""
    about = """JOIN base_cell AS cell ON cell.id = one.cell_id
        JOIN submitted_notebook AS notebook ON notebook.id = one.notebook_id
        JOIN submitted_assignment AS assignment ON assignment.id = notebook.assignment_id"""
    grades = f"""SELECT assignment.student_id, cell.name, one.auto_score, one.manual_score,
        one.extra_credit, one.needs_manual_grade, notebook.late_submission_penalty
        FROM grade AS one {about}"""
    comments = f"""SELECT assignment.student_id, cell.name, one.auto_comment, one.manual_comment
        FROM comment AS one {about}"""
    found: dict[str, Counter[Row]] = {}
    with closing(sqlite3.connect(gradebook, timeout=5)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'grade'").fetchall():
            return {}
        for student, *row in (*database.execute(grades), *database.execute(comments)):
            found.setdefault(student, Counter())[tuple(row)] += 1
    return found


BY_A_PERSON: set[tuple[Any, ...]] = {
    *((*who, *points) for who, points in BY_HAND.items()),
    *((*who, text) for who, text in COMMENTS.items()),
}
