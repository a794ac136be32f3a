"""What nbgrader's gradebook knows of an assignment, and safe ways to write into it.

Bonus items have a maximum of 0 in the gradebook and their points as extra credit: nbgrader has no
bonus of its own, and adds extra credit to a score but not to what can be reached. So 30 regular
points stay 30. The released notebooks keep the points of their bonus items.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import sqlite3
import time
import warnings
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nbgrader.api
from nbformat import NotebookNode
from nbgrader.api import Assignment as Homework
from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveCells
from sqlalchemy import (
    Column,
    ColumnElement,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    select,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError, SAWarning, SQLAlchemyError
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from traitlets import Dict
from traitlets.config import Config

from autograder.course.assignment import Assignment, Course
from autograder.course.gradecells import (
    by_grade_id,
    checksum_of,
    grade_id,
    points_by_item,
)
from autograder.errors import RecordError
from autograder.gradebook import backup
from autograder.grading.mark import read_skeletons

LOCK_SECONDS = 60.0
"""How long to wait for somebody else's change to the gradebook, such as a marker's, to end."""

LOCKED = (
    "the gradebook stayed locked for {:g} seconds: close what is changing it (a formgrader, "
    "another run, a database browser) and run the command again"
)

IMPATIENT_SECONDS = 1.0
"""How long to wait once somebody has held the gradebook for longer than `LOCK_SECONDS`."""

FULL = "the disk is full: make room on it and run the command again"


_KIT_TABLES = MetaData()


def _of_student(name: str, column: Column[Any]) -> Table:
    """A table of the kit's own with a row for each student of an assignment."""
    keys = (Column(key, String(128), primary_key=True) for key in ("assignment", "student"))
    return Table(name, _KIT_TABLES, *keys, column)


_RECORDED_CREDIT = Table(
    "fdl_recorded_credit",
    _KIT_TABLES,
    Column("grade_id", String(32), primary_key=True),
    Column("points", Float, nullable=False),
)
_RECORDED_FOLDER = _of_student("fdl_recorded_folder", Column("digest", String(64), nullable=False))
_RECORDED_EXTENSION = Table(
    "fdl_recorded_extension",
    _KIT_TABLES,
    Column("submission_id", String(32), primary_key=True),
    Column("seconds", Float, nullable=False),
)
_FINGERPRINT = _of_student("fdl_fingerprint", Column("fingerprint", String(64), nullable=False))
_SECONDS = _of_student("fdl_marking_seconds", Column("seconds", Float, nullable=False))
_PSEUDONYM = _of_student("fdl_pseudonym", Column("number", Integer, nullable=False))

# nbgrader's own indexes lead from a cell to the grades of the whole class: without these, the time
# to record one student grows with the number of those recorded.
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS fdl_grade_by_notebook ON grade (notebook_id, cell_id)",
    "CREATE INDEX IF NOT EXISTS fdl_comment_by_notebook ON comment (notebook_id, cell_id)",
    "CREATE INDEX IF NOT EXISTS fdl_notebook_by_submission ON submitted_notebook (assignment_id)",
)


# --- the gradebook -------------------------------------------------------------------------------


class _PatientSession(Session):
    """A session in which nbgrader's many commits (one a cell) only send; `finish` commits.

    While `gathers` is set, they don't even send: a query or the end of the transaction does.
    """

    gathers = False

    def commit(self) -> None:
        """Send the changes to the database, within the transaction."""
        if not self.gathers:
            self.flush()

    def finish(self) -> None:
        """End the transaction and keep its changes."""
        super().commit()


class PatientGradebook(Gradebook):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's Gradebook that waits for locks, and keeps a `transaction` whole or not at all."""

    engine: Engine

    def __init__(self, db_url: str, course_id: str) -> None:
        self._at_hand: dict[tuple[Any, ...], Any] = {}
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
        """Keep all changes made inside, or none if it ends with an exception."""
        session: _PatientSession = self.db()
        session.rollback()
        try:
            if self._is_file:
                connection = session.connection()
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * self._seconds:.0f}")
                # from the start: a transaction that reads first can't wait for a lock later on
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                self._seconds = LOCK_SECONDS
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

    @contextlib.contextmanager
    def at_hand(self, notebook: str, assignment: str, student: str) -> Iterator[None]:
        """Have the grades and comments of a notebook ready; nbgrader asks for each on its own."""
        of = self.find_submission_notebook(notebook, assignment, student).id
        session: _PatientSession = self.db()
        where = (notebook, assignment, student)
        for kind in (Grade, Comment):
            wanted = select(BaseCell.name, kind).join(BaseCell, BaseCell.id == kind.cell_id)
            for name, row in session.execute(wanted.where(kind.notebook_id == of)):
                self._at_hand[kind, name, *where] = row
        session.gathers = True
        try:
            yield
            session.flush()
        finally:
            session.gathers = False
            self._at_hand.clear()

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str) -> Any:
        """As nbgrader's; those that are `at_hand` are not looked for."""
        where = (grade_cell, notebook, assignment, student)
        return self._at_hand.get((Grade, *where)) or super().find_grade(*where)

    def find_comment(self, solution_cell: str, notebook: str, assignment: str, student: str) -> Any:
        """As nbgrader's; those that are `at_hand` are not looked for."""
        where = (solution_cell, notebook, assignment, student)
        return self._at_hand.get((Comment, *where)) or super().find_comment(*where)

    def recorded_credit(self, grade_id: str) -> float | None:
        """The extra credit that the kit itself last gave to a grade; None if it never did."""
        wanted = select(_RECORDED_CREDIT.c.points).where(_RECORDED_CREDIT.c.grade_id == grade_id)
        points: float | None = self.db().execute(wanted).scalar()
        return points

    def note_credit(self, grade_id: str, points: float) -> None:
        """Remember what the kit gave, to tell it from what a person types over it."""
        table = _RECORDED_CREDIT
        self.db().execute(delete(table).where(table.c.grade_id == grade_id))
        self.db().execute(table.insert().values(grade_id=grade_id, points=points))

    def recorded_extension(self, submission_id: str) -> timedelta | None:
        """The extension that the kit itself last gave to a submission; None if it never did."""
        table = _RECORDED_EXTENSION
        wanted = select(table.c.seconds).where(table.c.submission_id == submission_id)
        seconds: float | None = self.db().execute(wanted).scalar()
        return None if seconds is None else timedelta(seconds=seconds)

    def note_extension(self, submission_id: str, extension: timedelta | None) -> None:
        """Remember what the kit gave, to tell it from what a person gives through nbgrader."""
        table = _RECORDED_EXTENSION
        self.db().execute(delete(table).where(table.c.submission_id == submission_id))
        if extension is not None:
            seconds = extension.total_seconds()
            row = {"submission_id": submission_id, "seconds": seconds}
            self.db().execute(table.insert().values(row))

    def recorded_folder(self, assignment: str, student: str) -> str | None:
        """The digest of the folder that was recorded last; None if there is none."""
        table = _RECORDED_FOLDER
        wanted = select(table.c.digest).where(*_row_of(table, assignment, student))
        digest: str | None = self.db().execute(wanted).scalar()
        return digest

    def note_folder(self, assignment: str, student: str, digest: str) -> None:
        """Remember the digest of the folder that belongs to the marks."""
        self._note(_RECORDED_FOLDER, assignment, student, digest=digest)

    def fingerprints(self, assignment: str) -> dict[str, str]:
        """What each student's marks were given for, where that is known, by student.

        Those are left out whose marks were removed since, such as by `nbgrader db student remove`.
        """
        table = _FINGERPRINT
        wanted = (
            select(table.c.student, table.c.fingerprint)
            .join(SubmittedAssignment, SubmittedAssignment.student_id == table.c.student)
            .join(Homework, Homework.id == SubmittedAssignment.assignment_id)
            .where(table.c.assignment == assignment, Homework.name == assignment)
        )
        rows = self.db().execute(wanted).all()
        return {str(student): str(fingerprint) for student, fingerprint in rows}

    def note_fingerprint(self, assignment: str, student: str, fingerprint: str) -> None:
        """Remember what the marks are given for; "" where that is not known."""
        self._note(_FINGERPRINT, assignment, student, fingerprint=fingerprint)

    def marking_seconds(self, assignment: str) -> dict[str, float]:
        """How long marking took when it was last recorded, by student.

        It differs from run to run, so it can't stand in a Report.
        """
        table = _SECONDS
        wanted = select(table.c.student, table.c.seconds)
        rows = self.db().execute(wanted.where(table.c.assignment == assignment)).all()
        return {str(student): float(seconds) for student, seconds in rows}

    def note_seconds(self, assignment: str, student: str, seconds: float) -> None:
        """Remember how long marking took."""
        self._note(_SECONDS, assignment, student, seconds=seconds)

    def pseudonyms(self, assignment: str) -> dict[str, int]:
        """The numbers that stand for students on pages without names."""
        table = _PSEUDONYM
        wanted = select(table.c.student, table.c.number)
        rows = self.db().execute(wanted.where(table.c.assignment == assignment)).all()
        return {str(student): int(number) for student, number in rows}

    def note_pseudonym(self, assignment: str, student: str, number: int) -> None:
        """Let a number stand for a student."""
        self._note(_PSEUDONYM, assignment, student, number=number)

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

    def _note(self, table: Table, assignment: str, student: str, **values: object) -> None:
        self.db().execute(delete(table).where(*_row_of(table, assignment, student)))
        row = {"assignment": assignment, "student": student, **values}
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


def _row_of(table: Table, assignment: str, student: str) -> tuple[ColumnElement[bool], ...]:
    return table.c.assignment == assignment, table.c.student == student


@contextlib.contextmanager
def open_database(db_url: str, course: Course) -> Iterator[PatientGradebook]:
    """The gradebook at that address, after it was checked and copied; makes one if there is none.

    RecordError where it can't be opened or used.
    """
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


def copy_gradebook(course: Course, db_url: str) -> None:
    """Keep a copy of what was recorded, if that can be done: the next command makes one anyway."""
    path = backup.file_of(db_url)
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


# --- the assignment in the gradebook -------------------------------------------------------------


class SaveCellsWithBonus(SaveCells):  # type: ignore[misc]  # nbgrader has no types
    """SaveCells that lets nothing be reached by bonus items: their maximum is 0."""

    bonus = Dict(help="The names of the bonus items of each assignment.").tag(config=True)

    def _create_grade_cell(self, cell: NotebookNode) -> None:
        super()._create_grade_cell(cell)
        name = grade_id(cell)
        if name in self.bonus.get(self.assignment_id, ()):
            self.new_grade_cells[name]["max_score"] = 0.0


def prepare_gradebook(course: Course, assignment: Assignment, db_url: str) -> None:
    """Tell the gradebook what the assignment consists of, unless it knows already."""
    skeletons = read_skeletons(assignment, course.release(assignment.name))
    bonus = {item.name for item in assignment.items.values() if item.bonus}
    with open_database(db_url, course) as gradebook:
        due = assignment.due.astimezone(UTC).replace(tzinfo=None)
        if not _is_due(gradebook, assignment.name, due):
            with gradebook.transaction():
                gradebook.update_or_create_assignment(assignment.name, duedate=due)
        stale = [
            name
            for name, skeleton in skeletons.items()
            if not _is_known(gradebook, assignment.name, name, skeleton, bonus)
        ]
    try:
        for name in stale:
            where = {"notebook": name, "assignment": assignment.name, "db_url": db_url}
            saver = SaveCellsWithBonus(log=QuietLog(), bonus={assignment.name: bonus})
            saver.preprocess(deepcopy(skeletons[name]), {"nbgrader": where})
    except (SQLAlchemyError, RuntimeError) as error:
        raise RecordError(
            f"the gradebook {db_url} can't take up {assignment.name}: {first_line(error)}. Where "
            "cells were added or removed after marks were recorded, start with a new gradebook "
            "file: move the old one, and the folder with its copies, to another place."
        ) from error


def _is_due(gradebook: Any, assignment: str, due: datetime) -> bool:
    try:
        return bool(gradebook.find_assignment(assignment).duedate == due)
    except MissingEntry:
        return False


def _is_known(
    gradebook: Any, assignment: str, name: str, skeleton: NotebookNode, bonus: Collection[str]
) -> bool:
    try:
        known = gradebook.find_notebook(name, assignment)
    except MissingEntry:
        return False
    wanted = {name: checksum_of(cell) for name, cell in by_grade_id(skeleton).items()}
    points = {
        name: 0.0 if name in bonus else worth for name, worth in points_by_item(skeleton).items()
    }
    return wanted == {cell.name: cell.checksum for cell in known.source_cells} and points == {
        cell.name: cell.max_score for cell in known.grade_cells
    }


# --- the course folder as nbgrader sees it -------------------------------------------------------


def course_id(course: Course) -> str:
    """The course's name in the gradebook."""
    return course.settings.course.id


def bonus_items(course: Course) -> Mapping[str, list[str]]:
    """The names of the bonus items of each assignment, as the settings have them."""
    return {name: list(each.bonus) for name, each in course.settings.homework.items()}


def course_directory(course: Course, assignment: Assignment) -> Any:
    """nbgrader's own view of the course folder."""
    config = Config()
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.course_id = course_id(course)
    config.CourseDirectory.assignment_id = assignment.name
    return CourseDirectory(config=config, log=QuietLog())


class QuietLog(logging.Logger):
    """A log that prints nothing."""

    def __init__(self) -> None:
        super().__init__("fdl-nbgrader", logging.ERROR)
        self.addHandler(logging.NullHandler())
