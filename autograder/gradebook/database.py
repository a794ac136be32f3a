"""Open nbgrader's gradebook with the kit's own tables, and write to it safely."""

from __future__ import annotations

import contextlib
import errno
import logging
import sqlite3
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nbgrader.api
from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    SolutionCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from nbgrader.utils import parse_utc
from sqlalchemy import (
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    select,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError, SAWarning, SQLAlchemyError
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from sqlalchemy.types import TypeEngine

from autograder.course.assignment import Course
from autograder.errors import RecordError
from autograder.gradebook import backup

LOCK_SECONDS = 60.0
"""Seconds to wait while another program, such as a formgrader, changes the gradebook."""

LOCKED = (
    "the gradebook stayed locked for {:g} seconds: close the program that is changing it (a "
    "formgrader, another run, a database browser) and run the command again"
)

IMPATIENT_SECONDS = 1.0
"""Seconds to wait again after another program has locked the gradebook for `LOCK_SECONDS`."""

FULL = "the disk is full: free some space on it and run the command again"


_KIT_TABLES = MetaData()


def _table(name: str, keys: Iterable[str], column: str, kind: TypeEngine[Any]) -> Table:
    """Return a database table for the kit's own data, with one value for each key."""
    columns = (Column(key, String(128), primary_key=True) for key in keys)
    return Table(name, _KIT_TABLES, *columns, Column(column, kind, nullable=False))


_OF_STUDENT = ("assignment", "student")

_CREDIT = _table("fdl_recorded_credit", ["grade_id"], "points", Float())
_EXTENSION = _table("fdl_recorded_extension", ["submission_id"], "seconds", Float())

FOLDER = _table("fdl_recorded_folder", _OF_STUDENT, "digest", String(64))
"""Digest (hex digits) of the folder in autograded/ that belongs to a student's marks."""

FINGERPRINT = _table("fdl_fingerprint", _OF_STUDENT, "fingerprint", String(64))
"""Fingerprint of the submission, tests and settings that gave a student's marks; "" if unknown."""

SECONDS = _table("fdl_marking_seconds", _OF_STUDENT, "seconds", Float())
"""Seconds that marking a student took. Reports omit this time, because it varies between runs."""

PSEUDONYM = _table("fdl_pseudonym", _OF_STUDENT, "number", Integer())
"""Number that replaces a student's name on pages without names."""

KNOWN_AS = Table(
    "fdl_known_as",
    _KIT_TABLES,
    *(Column(key, String(128), primary_key=True) for key in ("student", "source", "word")),
)
"""Numbers, logins and addresses of the students, from lists and platforms (see `people`)."""

HAND_MARKS = Table(
    "fdl_hand_marks",
    _KIT_TABLES,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("uid", String(32), nullable=False, unique=True),
    Column("assignment", String(128), nullable=False, index=True),
    Column("entry", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Log of marks given by hand (see `handmarks`): entries as JSON, in the order of their arrival."""

# With these triggers, SQLite refuses to change or delete an entry of the log
_APPEND_ONLY = tuple(
    f"CREATE TRIGGER IF NOT EXISTS fdl_hand_marks_{word.lower()} BEFORE {word} ON fdl_hand_marks "
    "BEGIN SELECT RAISE(ABORT, 'entries of fdl_hand_marks cannot be changed'); END"
    for word in ("UPDATE", "DELETE")
)

# nbgrader's indexes find the grades of the whole class by cell. Without the indexes below, the time
# to record one student grows with the number of recorded students.
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS fdl_grade_by_notebook ON grade (notebook_id, cell_id)",
    "CREATE INDEX IF NOT EXISTS fdl_comment_by_notebook ON comment (notebook_id, cell_id)",
    "CREATE INDEX IF NOT EXISTS fdl_notebook_by_submission ON submitted_notebook (assignment_id)",
)


# --- the gradebook -------------------------------------------------------------------------------


class _PatientSession(Session):
    """A database session in which nbgrader's many calls of `commit` only flush."""

    def commit(self) -> None:
        """Send the changes to the database, but do not end the transaction."""
        self.flush()

    def finish(self) -> None:
        """Commit the transaction."""
        super().commit()


class PatientGradebook(Gradebook):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's Gradebook, extended: it waits for locks and has a `transaction`."""

    engine: Engine

    def __init__(self, db_url: str, course_id: str) -> None:
        self._is_open = False
        self._open_patiently(db_url, course_id)
        # nbgrader made the first connection, which waits only 5 seconds for a lock
        self.engine.dispose()
        self._is_file = self.engine.dialect.name == "sqlite"
        options = {"timeout": LOCK_SECONDS} if self._is_file else {}
        self._seconds = LOCK_SECONDS
        self.engine = create_engine(db_url, connect_args=options)
        if self._is_file:
            event.listen(self.engine, "connect", _make_durable)
        self.db = scoped_session(sessionmaker(bind=self.engine, class_=_PatientSession))

    def _open_patiently(self, db_url: str, course_id: str) -> None:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                super().__init__(db_url, course_id)
                _KIT_TABLES.create_all(self.engine)
                with self.engine.begin() as connection:
                    for index in _INDEXES:
                        connection.exec_driver_sql(index)
                    if self.engine.dialect.name == "sqlite":
                        for trigger in _APPEND_ONLY:
                            connection.exec_driver_sql(trigger)
                return
            except OperationalError as error:
                if not _says(error, "locked") or time.monotonic() > deadline:
                    raise

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all changes of the `with` block, or no change if the block ends with an exception.

        A transaction inside another transaction becomes part of the outer transaction.
        """
        if self._is_open:
            yield
            return
        session: _PatientSession = self.db()
        session.rollback()
        try:
            if self._is_file:
                connection = session.connection()
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * self._seconds:.0f}")
                # lock before reading: after that, SQLite would not wait for a lock
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                self._seconds = LOCK_SECONDS
            self._is_open = True
            with warnings.catch_warnings(), _without_tracebacks():
                # SQLAlchemy warns that nbgrader links a submission before adding it
                warnings.simplefilter("ignore", SAWarning)
                yield
            session.finish()
        except BaseException as error:
            session.rollback()
            if _says(error, "locked"):
                waited, self._seconds = self._seconds, min(self._seconds, IMPATIENT_SECONDS)
                raise RecordError(LOCKED.format(waited)) from error
            if _is_full(error):
                raise RecordError(FULL) from error
            raise
        finally:
            self._is_open = False

    def add_submission(self, assignment: str, student: str, **known: Any) -> SubmittedAssignment:
        """Add a submission as nbgrader does, but without creating slow objects for each cell."""
        if "timestamp" in known:
            known["timestamp"] = parse_utc(known["timestamp"])
        homework = self.find_assignment(assignment)
        submission = SubmittedAssignment(assignment=homework, student_id=student, **known)
        notebooks = {
            each.id: SubmittedNotebook(notebook=each, assignment=submission)
            for each in homework.notebooks
        }
        self.db.add(submission)
        self.db.flush()
        for table, kinds in ((Grade, (GradeCell, TaskCell)), (Comment, (SolutionCell, TaskCell))):
            rows = [
                {"cell_id": cell, "notebook_id": notebooks[notebook].id}
                for kind in kinds
                for cell, notebook in self.db.execute(
                    select(kind.id, kind.notebook_id).where(kind.notebook_id.in_(notebooks))
                )
            ]
            if rows:
                self.db.execute(insert(table), rows)
        return submission

    def recorded_credit(self, grades: Iterable[str]) -> dict[str, float]:
        """Return the extra credit that the kit stored last, by the grade's id."""
        wanted = select(_CREDIT).where(_CREDIT.c.grade_id.in_(list(grades)))
        return {str(grade): float(points) for grade, points in self.db().execute(wanted)}

    def note_credit(self, points: Mapping[str, float]) -> None:
        """Store the kit's extra credit, so that points typed by a person can be recognised."""
        for grade, each in points.items():
            self._put(_CREDIT, grade, each)

    def recorded_extensions(self, submission: str | None = None) -> dict[str, timedelta]:
        """Return the extensions that the kit stored last, by submission id (default: of all)."""
        wanted = select(_EXTENSION)
        if submission is not None:
            wanted = wanted.filter_by(submission_id=submission)
        return {name: timedelta(seconds=each) for name, each in self.db().execute(wanted)}

    def note_extension(self, submission_id: str, extension: timedelta | None) -> None:
        """Store the kit's extension, so that an extension given in nbgrader can be recognised."""
        seconds = None if extension is None else extension.total_seconds()
        self._put(_EXTENSION, submission_id, seconds)

    def note(self, table: Table, assignment: str, student: str, value: object) -> None:
        """Store a student's value in one of the kit's tables."""
        self._put(table, assignment, student, value)

    def noted(self, table: Table, assignment: str) -> dict[str, Any]:
        """Return the values in one of the kit's tables, by student."""
        wanted = select(*list(table.c)[1:]).filter_by(assignment=assignment)
        return {str(student): value for student, value in self.db().execute(wanted)}

    def recorded_folder(self, assignment: str, student: str) -> str | None:
        """Return the digest of the student's last recorded folder; None if there is no digest."""
        wanted = select(FOLDER.c.digest).filter_by(assignment=assignment, student=student)
        digest: str | None = self.db().execute(wanted).scalar()
        return digest

    def changes_by_others(self) -> int:
        """Return a number that differs as soon as another program has changed the gradebook."""
        connection = self.db().connection()
        return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())

    def _put(self, table: Table, *row: object) -> None:
        """Replace the row with the same keys; if the new value is None, only delete the row."""
        named = dict(zip(table.primary_key.columns.keys(), row, strict=False))
        self.db().execute(delete(table).filter_by(**named))
        if row[-1] is not None:
            self.db().execute(table.insert().values(row))


def _make_durable(connection: sqlite3.Connection, _: object) -> None:
    # With SQLite's default, a power failure may undo a finished transaction after the folder with
    # the same marks was replaced.
    connection.execute("PRAGMA synchronous = EXTRA")


@contextlib.contextmanager
def _without_tracebacks() -> Iterator[None]:
    """Keep nbgrader from logging the traceback of an error that nbgrader also raises."""
    log = logging.getLogger("tornado.application")  # nbgrader's logger

    def is_wanted(entry: logging.LogRecord) -> bool:
        return not entry.getMessage().startswith("Rolling back session")

    log.addFilter(is_wanted)
    try:
        yield
    finally:
        log.removeFilter(is_wanted)


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return _says(error, "full")


def _says(error: BaseException | None, word: str) -> bool:
    """Return whether SQLite reports an error that contains `word`.

    Other errors do not count, because they may quote texts that contain the word.
    """
    while error is not None:
        if isinstance(error, sqlite3.OperationalError):
            return word in str(error)
        error = error.__cause__ or error.__context__
    return False


@contextlib.contextmanager
def open_gradebook(course: Course, db_url: str | None = None) -> Iterator[PatientGradebook]:
    """Check, back up and open the gradebook (default: the course's); create it if necessary.

    Raises RecordError if the gradebook can't be opened or used.
    """
    db_url = db_url or gradebook_url(course)
    try:
        path = backup.file_of(db_url)
        if path is not None:
            backup.ensure_exists(path, lambda new: _make_gradebook(new, course))
            backup.back_up(path, datetime.now(course.timezone), LOCK_SECONDS)
        gradebook = PatientGradebook(db_url, course_id(course))
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise unusable(db_url, error) from error
    with gradebook:
        try:
            yield gradebook
        except SQLAlchemyError as error:
            raise unusable(db_url, error) from error


def _make_gradebook(path: Path, course: Course) -> None:
    PatientGradebook(f"sqlite:///{path}", course_id(course)).close()


def back_up_gradebook(course: Course, db_url: str | None) -> bool:
    """Back up the gradebook after recording; return whether that worked.

    Ignore errors: the next command tries again.
    """
    path = backup.file_of(db_url or gradebook_url(course))
    if path is not None:
        with contextlib.suppress(RecordError, sqlite3.Error, OSError):
            backup.back_up(path, datetime.now(course.timezone), LOCK_SECONDS)
            return True
    return False


def unusable(db_url: str, error: Exception) -> RecordError:
    """Return an error that says why the gradebook can't be used."""
    if _says(error, "locked"):
        return RecordError(LOCKED.format(LOCK_SECONDS))
    if _is_full(error):
        return RecordError(FULL)
    return RecordError(f"the gradebook {db_url} can't be used: {first_line(error)}")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message; SQLAlchemy adds further lines."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def newest_migration() -> str:
    """Return the version of nbgrader's newest migration, for new gradebooks.

    nbgrader itself runs the program `alembic` to get the version. This program takes seconds, must
    be on PATH, and reads settings from the current folder, which may contain a student's files.
    """
    from alembic.script import ScriptDirectory  # rarely needed, and slow to import

    migrations = Path(nbgrader.api.__file__).with_name("alembic")
    head = ScriptDirectory(str(migrations)).get_current_head()
    if head is None:
        raise RecordError(
            "nbgrader is installed without its database migrations: reinstall nbgrader"
        )
    return head


nbgrader.api.get_alembic_version = newest_migration


# --- the course folder as nbgrader sees it -------------------------------------------------------


def course_id(course: Course) -> str:
    """Return the course's name in the gradebook."""
    return course.settings.course.id


def gradebook_url(course: Course) -> str:
    """Return the URL of the course's gradebook; nbgrader's default is the same."""
    return f"sqlite:///{course.gradebook}"
