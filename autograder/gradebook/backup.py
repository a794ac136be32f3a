"""Check and back up the gradebook's file before each use, and restore backups.

Marks from tests can be computed again, but marks given by hand cannot. So each command that opens
the gradebook first lets SQLite check the file, and makes a backup in the same folder if the file
has changed. If the gradebook is damaged, empty or missing, the command stops with an error and
changes nothing. `restore` replaces the gradebook with the last backup, and adds all marks given
by hand that can still be read in the damaged file.
"""

from __future__ import annotations

import contextlib
import csv
import fcntl
import math
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from itertools import chain, count
from pathlib import Path
from typing import Any

from autograder.course.layout import CourseFolder
from autograder.durable import make_folder, sync
from autograder.errors import RecordError
from autograder.grading.report import Report

RECENT = 10
"""Number of recent backups to keep, in addition to the newest backup of each recent day."""

DAYS = 60
"""Number of recent days; the newest backup of each of these days is kept."""

TIME_FORMAT = "%Y-%m-%dT%H-%M-%S"
BY_HAND = "marks-by-hand.csv"

_BESIDE = ("-journal", "-wal", "-shm")
_SPARE_ROWS = 10_000
"""Number of rows to search in the damaged file after the backup's last row."""

_ADVICE = (
    "Nothing was written to this file. Close the programs that use it (formgrader, database "
    "browser) and run `fdl restore`. This command restores the last backup, adds all marks given "
    "by hand that can still be read, and keeps the damaged file"
)

_LOG = "fdl_hand_marks"
"""The table with the desk's log (see `handmarks`)."""

_CHUNK = 2**20
"""Number of bytes to compare at a time."""

_GIVEN = {
    "grade": ("manual_score", "extra_credit", "needs_manual_grade"),
    "comment": ("manual_comment",),
}
"""Columns with marks and comments that people gave by hand, by table."""


class Damaged(RecordError):
    """An error: the gradebook's file is damaged, empty or missing."""


def file_of(db_url: str) -> Path | None:
    """Return the gradebook's file; None if the gradebook is on a server."""
    from sqlalchemy.engine import make_url  # slow to import

    url = make_url(db_url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database).absolute()


def files_beside(gradebook: Path) -> list[Path]:
    """Return the files that SQLite may keep beside the gradebook while it is being changed."""
    return [gradebook.with_name(gradebook.name + ending) for ending in _BESIDE]


def backup_folder(gradebook: Path) -> Path:
    """Return the folder with the gradebook's backups."""
    return gradebook.with_name(f"{gradebook.stem}-copies")


def backups(gradebook: Path) -> list[Path]:
    """Return the gradebook's backups, the oldest first."""
    return sorted(backup_folder(gradebook).glob(f"{gradebook.stem}-*{gradebook.suffix}"))


# --- making a backup -----------------------------------------------------------------------------


def ensure_exists(gradebook: Path, make: Callable[[Path], None]) -> None:
    """Call `make` if no gradebook has existed yet; raise Damaged if the gradebook was lost."""
    temporary = gradebook.with_name(f".{gradebook.name}-unfinished")
    if _has_content(gradebook) and not temporary.exists():
        return
    make_folder(gradebook.parent)
    with _locked(gradebook.parent):
        if _has_content(gradebook):
            # another process has just made it, or was killed while making it
            shutil.rmtree(temporary, ignore_errors=True)
            return
        if backups(gradebook):
            what = "is empty" if gradebook.exists() else "is missing"
            raise Damaged(
                f"the gradebook {gradebook} {what}, although marks were recorded in it: run `fdl "
                "restore` to restore the last backup. To begin a new gradebook instead, first move "
                f"{backup_folder(gradebook)} to another folder"
            )
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            make(temporary / gradebook.name)
            sync(temporary / gradebook.name)
            (temporary / gradebook.name).replace(gradebook)
            sync(gradebook.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _has_content(gradebook: Path) -> bool:
    return gradebook.exists() and gradebook.stat().st_size > 0


def back_up(gradebook: Path, now: datetime, seconds: float) -> None:
    """Check a gradebook, and back it up if it differs from the last backup.

    Raises Damaged if the check fails, and sqlite3.OperationalError if another program keeps the
    gradebook locked for longer than `seconds`.
    """
    folder = backup_folder(gradebook)
    make_folder(folder)
    with _locked(folder):
        fresh = folder / ".unfinished"
        try:
            _copy(gradebook, fresh, seconds)
            last = backups(gradebook)[-1:]
            if not (last and _are_equal(last[0], fresh)):
                sync(fresh)
                fresh.replace(_new_name(gradebook, now))
                _delete_old(gradebook, now)
                sync(folder)
        finally:
            fresh.unlink(missing_ok=True)


def _copy(gradebook: Path, target: Path, seconds: float) -> None:
    target.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(gradebook, timeout=seconds)) as database:
            database.isolation_level = None
            # lock first: without a lock, `backup` waits for other programs without a time limit
            database.execute("BEGIN")
            _check(gradebook, database)
            with closing(sqlite3.connect(target)) as copy:
                copy.execute("PRAGMA journal_mode = OFF")
                copy.execute("PRAGMA synchronous = OFF")
                database.backup(copy)
    except sqlite3.OperationalError:
        # locked, or the disk is full: the gradebook may still be sound
        raise
    except sqlite3.DatabaseError as error:
        raise Damaged(f"the gradebook {gradebook} is damaged ({error}). {_ADVICE}") from error


def _check(gradebook: Path, database: sqlite3.Connection) -> None:
    """Raise Damaged if SQLite reports an error, or if tables of a gradebook are missing."""
    from nbgrader.api import Base  # slow to import

    found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    tables = {name for (name,) in found}
    if missing := sorted(set(Base.metadata.tables) - tables):
        raise Damaged(
            f"{gradebook} is not a gradebook, or is damaged: the file lacks the tables "
            f"{', '.join(missing)}. {_ADVICE}"
        )
    [(verdict, *_), *_] = database.execute("PRAGMA integrity_check(1)").fetchall()
    if verdict != "ok":
        raise Damaged(f"the gradebook {gradebook} is damaged ({verdict}). {_ADVICE}")


def _are_equal(path: Path, other: Path) -> bool:
    """Return whether two databases are equal, apart from their change counters."""
    if path.stat().st_size != other.stat().st_size:
        return False
    with path.open("rb") as one, other.open("rb") as two:
        if _without_counters(one.read(_CHUNK)) != _without_counters(two.read(_CHUNK)):
            return False
        while chunk := one.read(_CHUNK):
            if chunk != two.read(_CHUNK):
                return False
    return True


def _without_counters(head: bytes) -> bytes:
    """Return the first bytes of a database, with the change counters set to 0."""
    data = bytearray(head)
    data[24:28], data[92:100] = bytes(4), bytes(8)
    return bytes(data)


def _new_name(gradebook: Path, now: datetime) -> Path:
    # always later than the last backup's name, even if the clock was set back
    if known := backups(gradebook):
        last = datetime.strptime(_time_in(known[-1], gradebook), TIME_FORMAT)
        now = max(now, last.replace(tzinfo=now.tzinfo) + timedelta(seconds=1))
    name = f"{gradebook.stem}-{now.strftime(TIME_FORMAT)}{gradebook.suffix}"
    return backup_folder(gradebook) / name


def _time_in(backup: Path, gradebook: Path) -> str:
    return backup.stem.removeprefix(f"{gradebook.stem}-")


def _delete_old(gradebook: Path, now: datetime) -> None:
    oldest = (now - timedelta(days=DAYS)).strftime(TIME_FORMAT)
    earlier = backups(gradebook)[:-RECENT]
    newest_of_day = {path.stem.rpartition("T")[0]: path for path in earlier}.values()
    for path in earlier:
        if _time_in(path, gradebook) < oldest or path not in newest_of_day:
            path.unlink()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Allow only one process of the kit to run the `with` block at a time."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # some network file systems have no file locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


# --- restoring a backup --------------------------------------------------------------------------


@dataclass(frozen=True)
class ManualMark:
    """A mark by hand: points, extra credit or a comment for one cell of a student's notebook."""

    assignment: str
    student: str
    cell: str
    score: float | None = None
    extra_credit: float | None = None
    comment: str | None = None

    @property
    def answer(self) -> tuple[str, str, str]:
        """The marked answer: assignment, student and cell."""
        return self.assignment, self.student, self.cell

    @property
    def has_points(self) -> bool:
        """Whether the mark has more than a comment."""
        return self.score is not None or self.extra_credit is not None


@dataclass(frozen=True)
class Restored:
    """The result of a restore: the backup, the damaged file's folder, and the rescued marks.

    `unread` is the number of the backup's marks and comments whose rows in the damaged file could
    not be read. `entries` is the number of entries of the marking desk's log that were carried
    over, and `lost` the number of entries that could not be read.
    """

    copy: Path
    kept: Path | None
    carried: tuple[ManualMark, ...]
    unread: int
    entries: int = 0
    lost: int = 0


LogRow = tuple[Any, ...]
"""A row of the desk's log in the damaged file: number, uid, assignment and entry."""

CarryLog = Callable[
    [Path, Iterator[LogRow], Collection[tuple[str, str, str]]], tuple[list[ManualMark], int, int]
]
"""A function that adds rows of the desk's log to a restored gradebook.

Its arguments are the gradebook's file, the rows after the backup's last row, and the answers whose
marks could not be read, each as assignment, student and cell. The function returns the marks in the
rows, the number of added entries, and the number of entries that could not be read.
"""


def restore(gradebook: Path, now: datetime, carry_log: CarryLog | None = None) -> Restored:
    """Restore a damaged, empty or missing gradebook from its newest sound backup.

    `carry_log` adds the entries of the desk's log; without it, these entries are not carried over.
    """
    make_folder(backup_folder(gradebook))
    with _locked(backup_folder(gradebook)):
        if _has_content(gradebook) and _is_sound(gradebook):
            raise RecordError(f"the gradebook {gradebook} is not damaged: nothing was changed")
        backup = next((path for path in reversed(backups(gradebook)) if _is_sound(path)), None)
        if backup is None and not _has_content(gradebook):
            raise RecordError(
                f"there is no gradebook {gradebook}, and no backup: run `fdl grade HOMEWORK`"
            )
        if backup is None:
            raise RecordError(
                f"{backup_folder(gradebook)} has no sound backup of {gradebook}: nothing was "
                "changed. If you have a backup elsewhere, copy it into this folder"
            )
        kept = _save_damaged(gradebook, now)
        fresh = gradebook.with_name(f".{gradebook.name}-restored")
        shutil.copyfile(backup, fresh)
        carried: list[ManualMark] = []
        unread = entries = lost = 0
        if kept is not None:
            with _opened_damaged(kept / gradebook.name) as old:
                carried, unread, places = _carry_over(old, fresh, gradebook.parent)
                if carry_log is not None:
                    marks, entries, lost = carry_log(fresh, _log_rows(old, fresh), places)
                    listed = {each.answer for each in carried if each.has_points}
                    carried += [each for each in marks if each.answer not in listed]
            _write_marks(kept / BY_HAND, carried)
        sync(fresh)
        for path in files_beside(gradebook):
            # SQLite would write the pages of these damaged files into the restored gradebook
            path.unlink(missing_ok=True)
        sync(gradebook.parent)
        fresh.replace(gradebook)
        sync(gradebook.parent)
        return Restored(backup, kept, tuple(carried), unread, entries, lost)


def _is_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path, timeout=1)) as database:
            _check(path, database)
    except (Damaged, sqlite3.DatabaseError):
        return False
    return True


def _save_damaged(gradebook: Path, now: datetime) -> Path | None:
    """Copy the damaged files to a new folder; return the folder, or None if there are no files."""
    damaged = [path for path in (gradebook, *files_beside(gradebook)) if path.is_file()]
    if not damaged:
        return None
    stem = f"damaged-{now.strftime(TIME_FORMAT)}"
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    paths = (backup_folder(gradebook) / name for name in names)
    folder = next(path for path in paths if not path.exists())
    make_folder(folder)
    for path in damaged:
        shutil.copyfile(path, folder / path.name)
        sync(folder / path.name)
    sync(folder)
    return folder


def _carry_over(
    old: sqlite3.Connection, fresh: Path, root: Path
) -> tuple[list[ManualMark], int, set[tuple[str, str, str]]]:
    """Copy the marks given by hand since the backup from the damaged file into the fresh one.

    Returns these marks, the number of rows that could not be read, and these rows' answers.
    """
    carried: list[ManualMark] = []
    unread = 0
    places: set[tuple[str, str, str]] = set()
    with closing(sqlite3.connect(fresh)) as new:
        grades = _last_row(new, "grade")
        ours = dict(_readable(old, "SELECT grade_id, points FROM fdl_recorded_credit", grades))
        for table, columns in _GIVEN.items():
            known = _known_rows(new, table, columns)
            query = f"SELECT id, {', '.join(columns)} FROM {table}"
            rows = _readable(old, query, _last_row(new, table))
            found = {row: values for row, *values in rows if _is_plausible(table, values)}
            unread += len(known.keys() - found.keys())
            places |= {known[row][0] for row in known.keys() - found.keys()}
            for row, values in found.items():
                if row not in known or known[row][1] == values:
                    continue
                where, before = known[row]
                given = _manual_mark(where, table, values)
                if (
                    given.score is None
                    and given.extra_credit is not None
                    and (given.extra_credit in (ours.get(row), _reported(root, given)))
                ):  # bonus points from tests are not marks by hand, and are computed again
                    continue
                setting = ", ".join(f"{column} = ?" for column in columns)
                new.execute(f"UPDATE {table} SET {setting} WHERE id = ?", (*values, row))
                if given != _manual_mark(where, table, before):
                    carried.append(given)
        new.commit()
    return carried, unread, places


def _log_rows(old: sqlite3.Connection, fresh: Path) -> Iterator[LogRow]:
    """Yield the readable rows of the desk's log after the backup's last row."""
    with closing(sqlite3.connect(fresh)) as new:
        try:
            last = _last_row(new, _LOG)
        except sqlite3.OperationalError:  # an older backup without the table
            last = 0
    query = f"SELECT number, uid, assignment, entry FROM {_LOG}"
    yield from _readable(old, query, last, last)


@contextlib.contextmanager
def _opened_damaged(damaged: Path) -> Iterator[sqlite3.Connection]:
    # opens a copy, because SQLite may change a file when opening it
    with tempfile.TemporaryDirectory(dir=damaged.parent) as folder:
        for path in filter(Path.is_file, (damaged, *files_beside(damaged))):
            shutil.copyfile(path, Path(folder, path.name))
        with closing(sqlite3.connect(Path(folder, damaged.name))) as database:
            with contextlib.suppress(sqlite3.DatabaseError):
                # lets SQLite read as much as possible from a truncated file
                database.execute("PRAGMA writable_schema = ON")
            yield database


def _known_rows(
    database: sqlite3.Connection, table: str, columns: tuple[str, ...]
) -> dict[str, tuple[tuple[str, str, str], list[object]]]:
    """Return each row's assignment, student, cell and values of the columns, by row id."""
    wanted = ", ".join(f"row.{column}" for column in columns)
    found = database.execute(
        f"""SELECT row.id, homework.name, handed_in.student_id, cell.name, {wanted}
        FROM {table} AS row JOIN base_cell AS cell ON cell.id = row.cell_id
        JOIN submitted_notebook AS notebook ON notebook.id = row.notebook_id
        JOIN submitted_assignment AS handed_in ON handed_in.id = notebook.assignment_id
        JOIN assignment AS homework ON homework.id = handed_in.assignment_id"""
    )
    return {row: ((a, s, c), values) for row, a, s, c, *values in found}


def _last_row(database: sqlite3.Connection, table: str) -> int:
    [(last,)] = database.execute(f"SELECT max(rowid) FROM {table}").fetchall()
    return int(last or 0)


def _readable(
    database: sqlite3.Connection, query: str, last: int, after: int = 0
) -> Iterator[tuple[Any, ...]]:
    """Yield the readable rows one by one, so that a damaged page loses only its own rows.

    `last` is the backup's last row; rows up to `after` are skipped.
    """
    for row in range(after + 1, last + _SPARE_ROWS):
        with contextlib.suppress(sqlite3.Error, OverflowError):
            yield from database.execute(f"{query} WHERE rowid = ?", (row,)).fetchall()


def _reported(root: Path, given: ManualMark) -> float | None:
    """Return the cell's points from tests in the student's stored Report."""
    path = CourseFolder(root).report(given.student, given.assignment)
    try:
        item = Report.read(path).items[given.cell]
        return item.points if item.kind == "auto" else None
    except (RecordError, KeyError):
        return None


def _is_plausible(table: str, values: list[object]) -> bool:
    if table == "comment":
        return values[0] is None or isinstance(values[0], str)
    *points, awaited = values
    return awaited in (0, 1) and all(
        each is None or (isinstance(each, float | int) and math.isfinite(each)) for each in points
    )


def _manual_mark(where: tuple[str, str, str], table: str, values: list[Any]) -> ManualMark:
    if table == "comment":
        return ManualMark(*where, comment=values[0])
    return ManualMark(*where, *values[:2])


def _write_marks(path: Path, marks: list[ManualMark]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("assignment", "student", "cell", "score", "extra credit", "comment"))
        table.writerows(map(astuple, marks))
    sync(path)
