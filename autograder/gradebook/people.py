"""Store the course's students in the gradebook, as `nbgrader db student import` does.

nbgrader has one number for a student. The kit's own table stores all numbers, logins and addresses,
so that an intake finds a student again by any of them.

A course may use several platforms, so a small file beside the exports has the platform that each
student uses now. The table cannot replace this file. It has all accounts that a student ever used,
but not their order. A student who is only found in a roster has no account in the table.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from autograder.course.assignment import Course
from autograder.durable import make_folder, write_bytes
from autograder.gradebook.backup import backups
from autograder.gradebook.glance import read_only
from autograder.submission.intake.known import KnownPerson
from autograder.submission.intake.roster import Roster

LIST = "list"
"""Source of numbers, logins and addresses from a list of students; other sources are platforms."""

_SECONDS = 10.0
"""Seconds to wait for another program that is changing the gradebook."""

_TABLE = "SELECT 1 FROM sqlite_master WHERE name = 'fdl_known_as'"


def keep_people(
    course: Course,
    people: Mapping[str, Mapping[str, str]],
    words: Mapping[str, Iterable[tuple[str, str]]] | None = None,
) -> None:
    """Add students to the gradebook, or update their data.

    `people` maps a student id to some of `first_name`, `last_name`, `email` and `lms_user_id`.
    Other fields and other students stay unchanged. `words` maps a student id to numbers, logins
    and addresses, each with its source.
    """
    from autograder.gradebook.database import KNOWN_AS, open_gradebook  # loads nbgrader

    words = words or {}
    with open_gradebook(course) as gradebook, gradebook.transaction():
        for student, known in people.items():
            gradebook.update_or_create_student(student, **known)
        for student in words.keys() - people.keys():
            gradebook.update_or_create_student(student)
        add = KNOWN_AS.insert().prefix_with("OR IGNORE", dialect="sqlite")
        rows = [(student, *word) for student, each in words.items() for word in dict.fromkeys(each)]
        for row in rows:
            gradebook.db().execute(add.values(row))


def keep_list(
    course: Course,
    roster: Roster,
    accounts: Mapping[str, Iterable[tuple[str, str]]],
    doubts: Iterable[str],
) -> None:
    """Store the students of a list, and the accounts from which files were taken in.

    `doubts` are students whom the gradebook may have under another name, so they are left out.
    """
    left_out = set(doubts)
    people = {name: each for name, each in roster.people.items() if name not in left_out}
    words = {name: [(LIST, word) for word in roster.words(name)] for name in people}
    for student, each in accounts.items():
        words.setdefault(student, []).extend(each)
    keep_people(course, people, words)


def keep_accounts(
    course: Course,
    known: Iterable[KnownPerson],
    accounts: Mapping[str, Iterable[tuple[str, str]]],
) -> None:
    """Store the accounts from which files were taken in, unless all of them are known already."""
    old = {(person.student, *account) for person in known for account in person.accounts}
    new = {
        student: fresh
        for student, each in accounts.items()
        if (fresh := [account for account in each if (student, *account) not in old])
    }
    if new:
        keep_people(course, {}, new)


def known_people(course: Course) -> list[KnownPerson]:
    """Return the students in the gradebook; raise RecordError if it is unreadable or lost."""
    if not (course.gradebook.exists() or backups(course.gradebook)):
        return []
    try:
        return _read(course.gradebook)
    except sqlite3.Error:
        # a command that was killed may have left the gradebook in the middle of a change
        from autograder.gradebook.database import open_gradebook, unusable

        with open_gradebook(course):
            pass
        try:
            return _read(course.gradebook)
        except sqlite3.Error as error:
            raise unusable(str(course.gradebook), error) from error


def _read(gradebook: Path) -> list[KnownPerson]:
    """Read the students without loading nbgrader, which takes seconds."""
    words: dict[str, list[tuple[str, str]]] = {}
    with read_only(gradebook, _SECONDS) as database:
        columns = "id, first_name, last_name, email, lms_user_id"
        rows = database.execute(f"SELECT {columns} FROM student ORDER BY id").fetchall()
        if database.execute(_TABLE).fetchone():
            for student, *word in database.execute(
                "SELECT student, source, word FROM fdl_known_as"
            ):
                words.setdefault(student, []).append((word[0], word[1]))
    return [_person([value or "" for value in row], words.get(row[0], [])) for row in rows]


def _person(row: Sequence[str], words: Sequence[tuple[str, str]]) -> KnownPerson:
    student, first, last, email, number = row
    name = f"{first} {last}".strip()
    listed = (email, number, *(word for source, word in words if source == LIST))
    return KnownPerson(
        student,
        (name,) if name else (),
        tuple(dict.fromkeys(filter(None, listed))),
        tuple(each for each in words if each[0] != LIST),
    )


def keep_platforms(path: Path, platforms: Mapping[str, str]) -> None:
    """Store the platform on which each of the students hands in; other students stay unchanged."""
    known = read_platforms(path)
    now = {**known, **platforms}
    if now != known:
        make_folder(path.parent)
        write_bytes(path, json.dumps(now, indent=1, sort_keys=True).encode())


def keep_new_platforms(path: Path, platforms: Mapping[str, str]) -> None:
    """Store the platform of those students whose platform is unknown."""
    known = read_platforms(path)
    keep_platforms(path, {who: where for who, where in platforms.items() if who not in known})


def read_platforms(path: Path) -> dict[str, str]:
    """Return the stored platforms by student; {} if the file cannot be read."""
    try:
        return {str(who): str(where) for who, where in json.loads(path.read_bytes()).items()}
    except (OSError, ValueError, AttributeError):
        return {}
