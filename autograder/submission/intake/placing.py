"""Into `submitted/`: whole or not at all, and nothing that was there is lost."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from autograder.course.layout import EARLIER
from autograder.submission.files import (
    MANIFEST,
    MAX_BYTES,
    TIMESTAMP,
    UnreadableError,
    read_bytes,
    read_timestamp_file,
)
from autograder.submission.timestamps import parse_time

State = Literal["new", "replaced", "unchanged", "older"]


@dataclass(frozen=True)
class Placed:
    """What became of a submission, and what to tell of it."""

    state: State
    message: str = ""


@dataclass(frozen=True)
class _Work:
    """A submission's notebooks by their files' names, its time and its manifest."""

    files: Mapping[str, bytes]
    time: datetime | None
    manifest: bytes = b""


def place(
    submitted: Path,
    student: str,
    assignment: str,
    notebooks: Mapping[str, bytes],
    time: datetime | None,
    *,
    replace: bool,
    manifest: bytes = b"",
) -> Placed:
    """Put a student's notebooks, their time and their manifest into submitted/STUDENT/ASSIGNMENT.

    What is there stays unless the new submission is known to be newer (or `replace` says so); the
    one of the two that is not used is kept under submitted/.earlier/STUDENT/.
    """
    target = submitted / student / assignment
    files = {f"{problem}.ipynb": content for problem, content in notebooks.items()}
    new = _Work(files, time, manifest)
    if not os.path.lexists(target):
        _write(submitted, target, new)
        return Placed("new")
    if target.is_symlink() or not target.is_dir():
        return Placed("older", f"{target} is no folder; move it away")
    there = {path.name: _content(path) for path in target.glob("*.ipynb")}
    known = _time_of(target)
    if there == files:
        if known is None and time is not None:
            _write_time(target, time)
            return Placed("unchanged", "its time was added")
        return Placed("unchanged")
    is_newer = known is not None and time is not None and time > known
    if not (is_newer or replace):
        aside = _aside(submitted, student, assignment, new)
        if not aside.exists():
            _write(submitted, aside, _Work(files, time))
        why = "what is there is newer" if known and time else "which is newer is not known"
        kept = aside.relative_to(submitted.parent)
        return Placed("older", f"{why}; kept as {kept}, --replace takes it")
    aside = _move(target, _aside(submitted, student, assignment, _Work(there, known)))
    _write(submitted, target, new)
    message = f"the earlier one is kept as {aside.relative_to(submitted.parent)}"
    if lost := sorted(set(there) - set(files)):
        message += f"; only the earlier one has {', '.join(lost)}"
    return Placed("replaced", message)


def _content(path: Path) -> bytes:
    try:
        return read_bytes(path, MAX_BYTES)
    except UnreadableError as error:
        return f"unreadable: {error}".encode("utf-8", "replace")


def _time_of(folder: Path) -> datetime | None:
    return parse_time(read_timestamp_file(folder))


def _write_time(folder: Path, time: datetime) -> None:
    """The time as nbgrader writes it, which its plugin for late submissions reads."""
    text = f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
    (folder / TIMESTAMP).write_text(text, encoding="ascii")


def _write(submitted: Path, target: Path, work: _Work) -> None:
    """Write a folder beside its place, then move it there: no half of it is ever seen."""
    target.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".intake-", dir=submitted))
    try:
        for name, content in work.files.items():
            (stage / name).write_bytes(content)
        if work.time is not None:
            _write_time(stage, work.time)
        if work.manifest:
            (stage / MANIFEST).write_bytes(work.manifest)
        stage.chmod(0o755)
        os.replace(stage, target)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise


def _aside(submitted: Path, student: str, assignment: str, work: _Work) -> Path:
    """A place that is the same for the same submission, so that it is kept once."""
    digest = hashlib.sha256()
    for name, content in sorted(work.files.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    stamp = f"{work.time.astimezone(UTC):%Y%m%dT%H%M%SZ}" if work.time else "undated"
    return submitted / EARLIER / student / f"{assignment}-{stamp}-{digest.hexdigest()[:8]}"


def _move(folder: Path, place: Path) -> Path:
    """Move a submission, with all that lies beside its notebooks, to this place or one beside."""
    number = 1
    while place.exists():
        number += 1
        place = place.with_name(f"{place.name.partition('+')[0]}+{number}")
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(folder, place)
    return place
