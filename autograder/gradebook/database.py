"""nbgrader's gradebook with the kit's own tables, and safe ways to write into it."""

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
from nbgrader.api import Assignment as Homework
from nbgrader.api import (
    BaseCell,
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
"""Seconds to wait for somebody else's change to the gradebook, such as a marker's, to end."""

LOCKED = (
    "the gradebook stayed locked for {:g} seconds: close what is changing it (a formgrader, "
    "another run, a database browser) and run the command again"
)

IMPATIENT_SECONDS = 1.0
"""Seconds to wait once somebody has held the gradebook for longer than `LOCK_SECONDS`."""

FULL = "the disk is full: make room on it and run the command again"


_KIT_TABLES = MetaData()


def _table(name: str, keys: Iterable[str], column: str, kind: TypeEngine[Any]) -> Table:
    """A table of the kit's own with one value for each key."""
    columns = (Column(key, String(128), primary_key=True) for key in keys)
    return Table(name, _KIT_TABLES, *columns, Column(column, kind, nullable=False))


_OF_STUDENT = ("assignment", "student")

_CREDIT = _table("fdl_recorded_credit", ["grade_id"], "points", Float())
_EXTENSION = _table("fdl_recorded_extension", ["submission_id"], "seconds", Float())

FOLDER = _table("fdl_recorded_folder", _OF_STUDENT, "digest", String(64))
"""The digest of the folder in autograded/ that belongs to a student's marks."""

FINGERPRINT = _table("fdl_fingerprint", _OF_STUDENT, "fingerprint", String(64))
"""What a student's marks are given for; "" if that is not known."""

SECONDS = _table("fdl_marking_seconds", _OF_STUDENT, "seconds", Float())
"""Seconds that marking a student took; they differ from run to run, so no Report has them."""

PSEUDONYM = _table("fdl_pseudonym", _OF_STUDENT, "number", Integer())
"""The number that stands for a student on pages without names."""

# nbgrader's own indexes lead from a cell to the grades of the whole class: without these, the time
# to record one student grows with the number of those recorded.
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS fdl_grade_by_notebook ON grade (notebook_id, cell_id)",
    "CREATE INDEX IF NOT EXISTS fdl_comment_by_notebook ON comment (notebook_id, cell_id)",
    "CREATE INDEX IF NOT EXISTS fdl_notebook_by_submission ON submitted_notebook (assignment_id)",
)


# --- the gradebook -------------------------------------------------------------------------------


class _PatientSession(Session):
    """A session in which nbgrader's many commits (one a cell) only send; `finish` commits."""

    def commit(self) -> None:
        """Send the changes to the database, within the transaction."""
        self.flush()

    def finish(self) -> None:
        """End the transaction and keep its changes."""
        super().commit()


class PatientGradebook(Gradebook):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's Gradebook that waits for locks, and keeps a `transaction` whole or not at all."""

    engine: Engine

    def __init__(self, db_url: str, course_id: str) -> None:
        self._is_open = False
        self._open_patiently(db_url, course_id)
        # the first connection is nbgrader's own and waits 5 seconds
        self.engine.dispose()
        self._is_file = self.engine.dialect.name == "sqlite"
        options = {"timeout": LOCK_SECONDS} if self._is_file else {}
        self._seconds = LOCK_SECONDS
        self.engine = create_engine(db_url, connect_args=options)
        if self._is_file:
            event.listen(self.engine, "connect", _keep_for_good)
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
                return
            except OperationalError as error:
                if not _says(error, "locked") or time.monotonic() > deadline:
                    raise

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all changes made inside, or none if it ends with an exception.

        Inside another transaction, this one is part of it.
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
                # from the start: a transaction that reads first can't wait for a lock later on
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                self._seconds = LOCK_SECONDS
            self._is_open = True
            with warnings.catch_warnings(), _told_once():
                # nbgrader builds a submission before it is in the session
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
        """As nbgrader's, which makes an object for each cell: that takes several times as long."""
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
        """The extra credit that the kit itself last gave, by the grade's id."""
        wanted = select(_CREDIT).where(_CREDIT.c.grade_id.in_(list(grades)))
        return {str(grade): float(points) for grade, points in self.db().execute(wanted)}

    def note_credit(self, points: Mapping[str, float]) -> None:
        """Remember what the kit gave, to tell it from what a person types over it."""
        for grade, each in points.items():
            self._put(_CREDIT, grade, each)

    def recorded_extensions(self, submission: str | None = None) -> dict[str, timedelta]:
        """The extensions that the kit itself last gave (to one submission), by its id."""
        wanted = select(_EXTENSION)
        if submission is not None:
            wanted = wanted.filter_by(submission_id=submission)
        return {name: timedelta(seconds=each) for name, each in self.db().execute(wanted)}

    def note_extension(self, submission_id: str, extension: timedelta | None) -> None:
        """Remember what the kit gave, to tell it from what a person gives through nbgrader."""
        seconds = None if extension is None else extension.total_seconds()
        self._put(_EXTENSION, submission_id, seconds)

    def note(self, table: Table, assignment: str, student: str, value: object) -> None:
        """Keep the value of a student in one of the kit's tables."""
        self._put(table, assignment, student, value)

    def noted(self, table: Table, assignment: str) -> dict[str, Any]:
        """The values in one of the kit's tables, by student."""
        wanted = select(*list(table.c)[1:]).filter_by(assignment=assignment)
        return {str(student): value for student, value in self.db().execute(wanted)}

    def recorded_folder(self, assignment: str, student: str) -> str | None:
        """The digest of the folder that was recorded last; None if there is none."""
        wanted = select(FOLDER.c.digest).filter_by(assignment=assignment, student=student)
        digest: str | None = self.db().execute(wanted).scalar()
        return digest

    def fingerprints(self, assignment: str) -> dict[str, str]:
        """What each student's marks were given for, where that is known, by student.

        Those are left out whose marks were removed since, such as by `nbgrader db student remove`.
        """
        wanted = (
            select(SubmittedAssignment.student_id)
            .join(Homework, Homework.id == SubmittedAssignment.assignment_id)
            .where(Homework.name == assignment)
        )
        marked = set(self.db().execute(wanted).scalars())
        known = self.noted(FINGERPRINT, assignment)
        return {student: known[student] for student in known.keys() & marked}

    def awaiting(self, assignment: str) -> dict[str, list[str]]:
        """The items that await a person, by student."""
        wanted = (
            select(SubmittedAssignment.student_id, BaseCell.name)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .join(BaseCell, BaseCell.id == Grade.cell_id)
            .join(Homework, Homework.id == SubmittedAssignment.assignment_id)
            .where(Homework.name == assignment, Grade.needs_manual_grade)
        )
        found: dict[str, list[str]] = {}
        for student, item in self.db().execute(wanted):
            found.setdefault(student, []).append(item)
        return found

    def _put(self, table: Table, *row: object) -> None:
        """Put a row in the place of the one with the same keys; without a value, remove that."""
        named = dict(zip(table.primary_key.columns.keys(), row, strict=False))
        self.db().execute(delete(table).filter_by(**named))
        if row[-1] is not None:
            self.db().execute(table.insert().values(row))


def _keep_for_good(connection: sqlite3.Connection, _: object) -> None:
    # a transaction that has ended stays ended where the machine loses power: SQLite's own setting
    # may bring its journal back, while the folder that belongs to the marks is in its place
    connection.execute("PRAGMA synchronous = EXTRA")


@contextlib.contextmanager
def _told_once() -> Iterator[None]:
    """Keep nbgrader from printing the traceback of an error that it raises again."""
    log = logging.getLogger("tornado.application")  # the one that it uses

    def is_news(entry: logging.LogRecord) -> bool:
        return not entry.getMessage().startswith("Rolling back session")

    log.addFilter(is_news)
    try:
        yield
    finally:
        log.removeFilter(is_news)


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return _says(error, "full")


def _says(error: BaseException | None, word: str) -> bool:
    """Whether SQLite itself says that; what is raised for it may quote what was to be stored."""
    while error is not None:
        if isinstance(error, sqlite3.OperationalError):
            return word in str(error)
        error = error.__cause__ or error.__context__
    return False


@contextlib.contextmanager
def open_gradebook(course: Course, db_url: str | None = None) -> Iterator[PatientGradebook]:
    """The gradebook (default: the course's), checked and copied before; made if there is none.

    RecordError where it can't be opened or used.
    """
    db_url = db_url or gradebook_url(course)
    try:
        path = backup.file_of(db_url)
        if path is not None:
            backup.make_sure(path, lambda new: _make_gradebook(new, course))
            backup.keep_copy(path, datetime.now(course.timezone), LOCK_SECONDS)
        gradebook = PatientGradebook(db_url, course_id(course))
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _unusable(db_url, error) from error
    with gradebook:
        try:
            yield gradebook
        except SQLAlchemyError as error:
            raise _unusable(db_url, error) from error


def _make_gradebook(path: Path, course: Course) -> None:
    PatientGradebook(f"sqlite:///{path}", course_id(course)).close()


def copy_gradebook(course: Course, db_url: str | None) -> None:
    """Keep a copy of what was recorded, if that can be done: the next command makes one anyway."""
    path = backup.file_of(db_url or gradebook_url(course))
    if path is not None:
        with contextlib.suppress(RecordError, sqlite3.Error, OSError):
            backup.keep_copy(path, datetime.now(course.timezone), LOCK_SECONDS)


def restore_gradebook(course: Course) -> backup.Restored:
    """Put the last copy of the course's gradebook back where it is damaged, empty or gone."""
    path = course.gradebook
    try:
        return backup.restore(path, datetime.now(course.timezone))
    except (sqlite3.Error, OSError) as error:
        raise _unusable(str(path), error) from error


def _unusable(db_url: str, error: Exception) -> RecordError:
    if _says(error, "locked"):
        return RecordError(LOCKED.format(LOCK_SECONDS))
    if _is_full(error):
        return RecordError(FULL)
    return RecordError(f"the gradebook {db_url} can't be used: {first_line(error)}")


def first_line(error: BaseException) -> str:
    """What an error says, without the lines that SQLAlchemy adds."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def newest_migration() -> str:
    """Return the version of nbgrader's newest migration, which a new gradebook is given.

    nbgrader itself starts the program `alembic` for it, which takes seconds, has to be on PATH, and
    reads settings from the current folder, which may be a student's.
    """
    from alembic.script import ScriptDirectory  # rarely needed, and slow to import

    migrations = Path(nbgrader.api.__file__).with_name("alembic")
    head = ScriptDirectory(str(migrations)).get_current_head()
    if head is None:
        raise RecordError("nbgrader is installed without its migrations: install it again")
    return head


nbgrader.api.get_alembic_version = newest_migration


# --- the course folder as nbgrader sees it -------------------------------------------------------


def course_id(course: Course) -> str:
    """The course's name in the gradebook."""
    return course.settings.course.id


def gradebook_url(course: Course) -> str:
    """The address of the course's gradebook, as nbgrader has it without settings of its own."""
    return f"sqlite:///{course.gradebook}"
