"""Backups of the gradebook's file: it is checked and copied before it is used.

Marks that tests gave can be computed again; those that a person gave can't. So each command that
opens the gradebook first has SQLite check it, and keeps a copy beside it whenever it has changed. A
gradebook that is damaged, empty or missing is never written to or replaced by a new one: the
command stops and says so, and `restore` restores the last copy, with those marks by hand in it that
can still be read in the damaged file.
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
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from itertools import chain, count
from pathlib import Path
from typing import Any

from nbgrader.api import Base
from sqlalchemy.engine import make_url

from autograder.course.layout import CourseFolder
from autograder.durable import make_folder, sync
from autograder.errors import RecordError
from autograder.grading.report import Report

KEPT = 10
"""Number of recent copies to keep, besides the newest of each of the last `DAYS` days."""

DAYS = 60
"""Number of days of which the newest copy is kept."""

MADE = "%Y-%m-%dT%H-%M-%S"
BY_HAND = "marks-by-hand.csv"

_BESIDE = ("-journal", "-wal", "-shm")
_SPARE_ROWS = 10_000  # how far past the copy's last row the damaged file is searched

_ADVICE = (
    "Nothing was written to it. Close what uses it (formgrader, database browser) and run `fdl "
    "restore`: it puts the last copy back, with all marks by hand that can still be read, and "
    "keeps the damaged file"
)

_PIECE = 2**20

_GIVEN = {
    "grade": ("manual_score", "extra_credit", "needs_manual_grade"),
    "comment": ("manual_comment",),
}
"""The columns that hold what a person gave, by table."""


class Damaged(RecordError):
    """The gradebook's file is not sound."""


def file_of(db_url: str) -> Path | None:
    """The gradebook's file; None where a server keeps it."""
    url = make_url(db_url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database).absolute()


def _files_of(gradebook: Path) -> list[Path]:
    """The gradebook's file, and those that SQLite may have beside it."""
    return [gradebook.with_name(gradebook.name + ending) for ending in ("", *_BESIDE)]


def copies_of(gradebook: Path) -> Path:
    """The folder with the gradebook's copies."""
    return gradebook.with_name(f"{gradebook.stem}-copies")


def copies(gradebook: Path) -> list[Path]:
    """The gradebook's copies, the oldest first."""
    return sorted(copies_of(gradebook).glob(f"{gradebook.stem}-*{gradebook.suffix}"))


# --- before it is used ---------------------------------------------------------------------------


def make_sure(gradebook: Path, make: Callable[[Path], None]) -> None:
    """Have `make` make a gradebook where there was none; RecordError where one has gone."""
    place = gradebook.with_name(f".{gradebook.name}-unfinished")
    if _is_begun(gradebook) and not place.exists():
        return
    make_folder(gradebook.parent)
    with _alone(gradebook.parent):
        if _is_begun(gradebook):  # meanwhile, by another process; or by one that was killed then
            shutil.rmtree(place, ignore_errors=True)
            return
        if copies(gradebook):
            what = "is empty" if gradebook.exists() else "is gone"
            raise Damaged(
                f"the gradebook {gradebook} {what}, though marks were recorded in it: run `fdl "
                "restore` to put the last copy back; or, to begin a new gradebook, move "
                f"{copies_of(gradebook)} to another place first"
            )
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        try:
            make(place / gradebook.name)
            sync(place / gradebook.name)
            (place / gradebook.name).replace(gradebook)
            sync(gradebook.parent)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _is_begun(gradebook: Path) -> bool:
    return gradebook.exists() and gradebook.stat().st_size > 0


def keep_copy(gradebook: Path, now: datetime, seconds: float) -> None:
    """Check a gradebook, and keep a copy of it if it is not as in the last one.

    Damaged tells of what is wrong with it; sqlite3.OperationalError of a lock that was held for
    longer than `seconds`.
    """
    folder = copies_of(gradebook)
    make_folder(folder)
    with _alone(folder):
        fresh = folder / ".unfinished"
        try:
            _copy(gradebook, fresh, seconds)
            last = copies(gradebook)[-1:]
            if not (last and _are_alike(last[0], fresh)):
                sync(fresh)
                fresh.replace(_new_name(gradebook, now))
                _thin_out(gradebook, now)
                sync(folder)
        finally:
            fresh.unlink(missing_ok=True)


def _copy(gradebook: Path, target: Path, seconds: float) -> None:
    target.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(gradebook, timeout=seconds)) as database:
            database.isolation_level = None
            # a lock of this connection's own: `backup` would wait for others without end
            database.execute("BEGIN")
            _check(gradebook, database)
            with closing(sqlite3.connect(target)) as copy:
                copy.execute("PRAGMA journal_mode = OFF")
                copy.execute("PRAGMA synchronous = OFF")
                database.backup(copy)
    except sqlite3.OperationalError:  # locked, or the disk is full: nothing that it says of itself
        raise
    except sqlite3.DatabaseError as error:
        raise Damaged(f"the gradebook {gradebook} is damaged ({error}). {_ADVICE}") from error


def _check(gradebook: Path, database: sqlite3.Connection) -> None:
    """Damaged where SQLite, or what should be in a gradebook, says so."""
    found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    tables = {name for (name,) in found}
    if missing := sorted(set(Base.metadata.tables) - tables):
        raise Damaged(
            f"{gradebook} is no gradebook, or a damaged one: it lacks the tables "
            f"{', '.join(missing)}. {_ADVICE}"
        )
    [(verdict, *_), *_] = database.execute("PRAGMA integrity_check(1)").fetchall()
    if verdict != "ok":
        raise Damaged(f"the gradebook {gradebook} is damaged ({verdict}). {_ADVICE}")


def _are_alike(path: Path, other: Path) -> bool:
    """Whether two databases are the same but for the numbers that count their changes."""
    if path.stat().st_size != other.stat().st_size:
        return False
    with path.open("rb") as one, other.open("rb") as two:
        if _uncounted(one.read(_PIECE)) != _uncounted(two.read(_PIECE)):
            return False
        while piece := one.read(_PIECE):
            if piece != two.read(_PIECE):
                return False
    return True


def _uncounted(head: bytes) -> bytes:
    """The beginning of a database without the numbers that count its changes."""
    data = bytearray(head)
    data[24:28], data[92:100] = bytes(4), bytes(8)
    return bytes(data)


def _new_name(gradebook: Path, now: datetime) -> Path:
    # never before the last one: a clock may go back
    if known := copies(gradebook):
        last = datetime.strptime(_moment(known[-1], gradebook), MADE).replace(tzinfo=now.tzinfo)
        now = max(now, last + timedelta(seconds=1))
    return copies_of(gradebook) / f"{gradebook.stem}-{now.strftime(MADE)}{gradebook.suffix}"


def _moment(copy: Path, gradebook: Path) -> str:
    return copy.stem.removeprefix(f"{gradebook.stem}-")


def _thin_out(gradebook: Path, now: datetime) -> None:
    oldest = (now - timedelta(days=DAYS)).strftime(MADE)
    earlier = copies(gradebook)[:-KEPT]
    newest_of_day = {path.stem.rpartition("T")[0]: path for path in earlier}.values()
    for path in earlier:
        if _moment(path, gradebook) < oldest or path not in newest_of_day:
            path.unlink()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no other process of the kit in here meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # some network file systems have no such locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


# --- from a copy ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mark:
    """What a person gave: points, extra credit or a comment on one cell of a student's notebook."""

    assignment: str
    student: str
    cell: str
    score: float | None = None
    extra_credit: float | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Restored:
    """What was put back: the copy, where the damaged file is kept, and the marks carried over.

    `unread` counts the marks and comments of the copy whose rows could not be read any more.
    """

    copy: Path
    kept: Path | None
    carried: tuple[Mark, ...]
    unread: int


def restore(gradebook: Path, now: datetime) -> Restored:
    """Put the newest sound copy in the place of a gradebook that is damaged, empty or gone."""
    make_folder(copies_of(gradebook))
    with _alone(copies_of(gradebook)):
        if _is_begun(gradebook) and _is_sound(gradebook):
            raise RecordError(f"the gradebook {gradebook} is sound: nothing was changed")
        copy = next((path for path in reversed(copies(gradebook)) if _is_sound(path)), None)
        if copy is None:
            raise RecordError(
                f"there is no sound copy of {gradebook} in {copies_of(gradebook)}: put one back "
                "from elsewhere. Nothing was changed"
            )
        kept = _keep_damaged(gradebook, now)
        fresh = gradebook.with_name(f".{gradebook.name}-restored")
        shutil.copyfile(copy, fresh)
        carried: list[Mark] = []
        unread = 0
        if kept is not None:
            carried, unread = _carry_over(kept / gradebook.name, fresh, gradebook.parent)
            _write_marks(kept / BY_HAND, carried)
        sync(fresh)
        for path in _files_of(gradebook)[1:]:
            # of the damaged one: SQLite would put its pages into the restored one
            path.unlink(missing_ok=True)
        sync(gradebook.parent)
        fresh.replace(gradebook)
        sync(gradebook.parent)
        return Restored(copy, kept, tuple(carried), unread)


def _is_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path, timeout=1)) as database:
            _check(path, database)
    except (Damaged, sqlite3.DatabaseError):
        return False
    return True


def _keep_damaged(gradebook: Path, now: datetime) -> Path | None:
    """Copy the damaged files to a folder of their own; None where there are none."""
    there = [path for path in _files_of(gradebook) if path.is_file()]
    if not there:
        return None
    stem = f"damaged-{now.strftime(MADE)}"
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    paths = (copies_of(gradebook) / name for name in names)
    folder = next(path for path in paths if not path.exists())
    make_folder(folder)
    for path in there:
        shutil.copyfile(path, folder / path.name)
        sync(folder / path.name)
    sync(folder)
    return folder


def _carry_over(damaged: Path, fresh: Path, root: Path) -> tuple[list[Mark], int]:
    """Bring what a person gave since the copy was made from the damaged file into the copy."""
    carried: list[Mark] = []
    unread = 0
    with closing(sqlite3.connect(fresh)) as new, _opened_damaged(damaged) as old:
        grades = _last_row(new, "grade")
        ours = dict(_readable(old, "SELECT grade_id, points FROM fdl_recorded_credit", grades))
        for table, columns in _GIVEN.items():
            known = _known_rows(new, table, columns)
            query = f"SELECT id, {', '.join(columns)} FROM {table}"
            rows = _readable(old, query, _last_row(new, table))
            found = {row: values for row, *values in rows if _is_plausible(table, values)}
            unread += len(known.keys() - found.keys())
            for row, values in found.items():
                if row not in known or known[row][1] == values:
                    continue
                where, before = known[row]
                given = _mark(where, table, values)
                if (
                    given.score is None
                    and given.extra_credit is not None
                    and (given.extra_credit in (ours.get(row), _reported(root, given)))
                ):  # bonus points of tests are no mark by hand, and are had again
                    continue
                setting = ", ".join(f"{column} = ?" for column in columns)
                new.execute(f"UPDATE {table} SET {setting} WHERE id = ?", (*values, row))
                if given != _mark(where, table, before):
                    carried.append(given)
        new.commit()
    return carried, unread


@contextlib.contextmanager
def _opened_damaged(damaged: Path) -> Iterator[sqlite3.Connection]:
    # in a copy: to open it may change it
    with tempfile.TemporaryDirectory(dir=damaged.parent) as folder:
        for path in filter(Path.is_file, _files_of(damaged)):
            shutil.copyfile(path, Path(folder, path.name))
        with closing(sqlite3.connect(Path(folder, damaged.name))) as database:
            with contextlib.suppress(sqlite3.DatabaseError):
                # so that SQLite reads a file that ends too early as far as it goes
                database.execute("PRAGMA writable_schema = ON")
            yield database


def _known_rows(
    database: sqlite3.Connection, table: str, columns: tuple[str, ...]
) -> dict[str, tuple[tuple[str, str, str], list[object]]]:
    """Of each row who and what it is about, and the columns."""
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


def _readable(database: sqlite3.Connection, query: str, last: int) -> Iterator[tuple[Any, ...]]:
    """Row by row, so that a damaged page costs no more than what is on it."""
    for row in range(1, last + _SPARE_ROWS):
        with contextlib.suppress(sqlite3.Error, OverflowError):
            yield from database.execute(f"{query} WHERE rowid = ?", (row,)).fetchall()


def _reported(root: Path, given: Mark) -> float | None:
    """The points of tests that the Report beside a student's notebooks gives for the cell."""
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


def _mark(where: tuple[str, str, str], table: str, values: list[Any]) -> Mark:
    if table == "comment":
        return Mark(*where, comment=values[0])
    return Mark(*where, *values[:2])


def _write_marks(path: Path, marks: list[Mark]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("assignment", "student", "cell", "score", "extra credit", "comment"))
        table.writerows(map(astuple, marks))
    sync(path)
