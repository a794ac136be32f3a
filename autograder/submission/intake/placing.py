"""Put submissions into `submitted/` completely or not at all, and keep earlier submissions."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
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
from autograder.submission.intake.roster import alike
from autograder.submission.timestamps import parse_time
from autograder.words import printable

Notebooks = Mapping[str, bytes]
"""Contents of notebooks, by their names without the ending."""

State = Literal["new", "replaced", "unchanged", "older"]


@dataclass(frozen=True)
class Placed:
    """The result of placing a submission, and a message about it.

    `lost` are the notebooks that only the replaced submission has.
    """

    state: State
    message: str = ""
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Work:
    """A submission: each problem's notebook, its time and its manifest."""

    notebooks: Notebooks
    time: datetime | None
    manifest: bytes = b""


class StudentFolders:
    """The names of the students' folders in `submitted/`; each run reads the names only once."""

    def __init__(self, submitted: Path) -> None:
        self._names = defaultdict[str, set[str]](set)
        for path in submitted.iterdir() if submitted.is_dir() else ():
            if path.name != EARLIER:
                self.add(path.name)

    def add(self, name: str) -> None:
        """Add the name of a new folder."""
        self._names[alike(name)].add(name)

    def fault_of(self, name: str) -> str:
        """Return why a new folder can't have this name, or "".

        Many disks do not distinguish upper and lower case.
        """
        others = self._names.get(alike(name), set()) - {name}
        if not others:
            return ""
        return (
            f"submitted/{printable(min(others))} differs from {name} only in case or in the form "
            "of its letters"
        )


def place(
    submitted: Path,
    student: str,
    assignment: str,
    new: Work,
    *,
    replace: bool,
    answers: Callable[[Notebooks], int] = lambda _: 0,
) -> Placed:
    """Put a student's work into submitted/STUDENT/ASSIGNMENT.

    An existing submission stays unless the new submission is known to be newer or `replace` is
    true. If `answers` finds answers in only one of the two submissions, the submission with answers
    is used, even if it is older. The other submission is kept under submitted/.earlier/STUDENT/.
    """
    target = submitted / student / assignment
    if not os.path.lexists(target):
        _write(submitted, target, new)
        return Placed("new")
    if target.is_symlink() or not target.is_dir():
        return Placed("older", f"{target} is not a folder; move it away")
    notebooks = {path.stem: _content(path) for path in target.glob("*.ipynb")}
    there = Work(notebooks, parse_time(read_timestamp_file(target)))
    if there.notebooks == new.notebooks:
        if there.time is None and new.time is not None:
            _write_time(target, new.time)
            return Placed("unchanged", "the time was added")
        return Placed("unchanged")
    is_newer = there.time is not None and new.time is not None and new.time > there.time
    worked, worked_before = answers(new.notebooks) > 0, answers(there.notebooks) > 0
    if worked != worked_before:
        is_newer = worked
    if not (is_newer or replace):
        aside = _aside(submitted, student, assignment, new)
        if not aside.exists():
            _write(submitted, aside, new)
        known = there.time and new.time
        why = (
            "the existing submission is newer"
            if known
            else "nothing shows which submission is newer"
        )
        if worked_before and not worked:
            why = "the new submission is untouched, the existing one has answers"
        kept = aside.relative_to(submitted.parent)
        return Placed(
            "older", f"{why}; the new submission is kept as {kept}, use --replace to use it"
        )
    with _staged(submitted, new) as stage:  # if this fails, the earlier submission stays
        aside = _move(target, _aside(submitted, student, assignment, there))
        try:
            os.replace(stage, target)
        except BaseException:
            os.replace(aside, target)
            raise
    message = f"the earlier submission is kept as {aside.relative_to(submitted.parent)}"
    if lost := tuple(sorted(set(there.notebooks) - set(new.notebooks))):
        names = ", ".join(f"{name}.ipynb" for name in lost)
        message += f"; only the earlier submission has {names}: copy what still counts"
    return Placed("replaced", message, lost)


def _content(path: Path) -> bytes:
    try:
        return read_bytes(path, MAX_BYTES)
    except UnreadableError as error:
        return f"unreadable: {error}".encode("utf-8", "replace")


def _write_time(folder: Path, time: datetime) -> None:
    """Write the time in nbgrader's form, which its plugin for late submissions reads."""
    text = f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
    (folder / TIMESTAMP).write_text(text, encoding="ascii")


def _write(submitted: Path, target: Path, work: Work) -> None:
    """Write a folder beside its final place, then move it there, so it is never half-written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with _staged(submitted, work) as stage:
        os.replace(stage, target)


@contextlib.contextmanager
def _staged(submitted: Path, work: Work) -> Iterator[Path]:
    """Write a folder for the caller to move to its final place; remove it after an error."""
    stage = Path(tempfile.mkdtemp(prefix=".intake-", dir=submitted))
    try:
        for name, content in work.notebooks.items():
            (stage / f"{name}.ipynb").write_bytes(content)
        if work.time is not None:
            _write_time(stage, work.time)
        if work.manifest:
            (stage / MANIFEST).write_bytes(work.manifest)
        stage.chmod(0o755)
        yield stage
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise


def _aside(submitted: Path, student: str, assignment: str, work: Work) -> Path:
    """Return the path of a submission that is not used; equal submissions have the same path."""
    digest = hashlib.sha256()
    for name, content in sorted(work.notebooks.items()):
        digest.update(f"{name}.ipynb\0".encode() + hashlib.sha256(content).digest())
    stamp = f"{work.time.astimezone(UTC):%Y%m%dT%H%M%SZ}" if work.time else "undated"
    return submitted / EARLIER / student / f"{assignment}-{stamp}-{digest.hexdigest()[:8]}"


def _move(folder: Path, place: Path) -> Path:
    """Move a submission with all its files to `place`, or to a numbered path if that exists."""
    number = 1
    while place.exists():
        number += 1
        place = place.with_name(f"{place.name.partition('+')[0]}+{number}")
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(folder, place)
    return place
