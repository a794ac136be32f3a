"""Replace a student's folder in autograded/ completely, and keep it consistent with the gradebook.

A new folder is first written beside the old folder. Its digest is stored in the gradebook, in the
same transaction as the marks. So, after a killed run, the next command keeps the folder whose
digest is in the gradebook.

Each step is flushed to the disk before the next step begins, so even a power failure leaves a state
that can be finished.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.course.assignment import Assignment, Course
from autograder.durable import sync

if TYPE_CHECKING:  # takes long to import
    from autograder.gradebook.database import PatientGradebook


def unfinished(final: Path) -> Path:
    """Return the temporary path that the folder `final` has until its marks are recorded."""
    return final.with_name(f".{final.name}-unfinished")


def digest(folder: Path) -> str:
    """Return a digest of a folder's files as 64 hex digits; hidden files are ignored."""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        inside = path.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts):
            continue
        name, content = str(inside).encode(), path.read_bytes()
        found.update(b"%d %d %b%b" % (len(name), len(content), name, content))
    return found.hexdigest()


def settle(gradebook: PatientGradebook, assignment: str, student: str, final: Path) -> None:
    """Finish a killed run: move the recorded folder into place, and remove unrecorded folders."""
    staging, old = unfinished(final), _old(final)
    if not staging.is_dir() and not old.is_dir():
        return
    with gradebook.transaction():  # keeps other processes out
        recorded = gradebook.recorded_folder(assignment, student)
        if staging.is_dir() and recorded == digest(staging):
            _replace(final, staging)
            return
        remove(staging)
        if final.exists():
            remove(old)
        elif old.is_dir():
            old.rename(final)


def settle_all(gradebook: PatientGradebook, course: Course, assignment: Assignment) -> None:
    """Finish killed runs for all students."""
    for left in left_folders(course, assignment.name):
        final = left.with_name(assignment.name)
        settle(gradebook, assignment.name, left.parent.name, final)


def left_folders(course: Course, assignment: str) -> Iterator[Path]:
    """Yield the folders that killed runs have left."""
    for name in (unfinished(Path(assignment)), _old(Path(assignment))):
        yield from course.all_autograded(str(name))


def remove(folder: Path) -> None:
    """Delete a folder and its contents, if the folder exists."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)


def _old(final: Path) -> Path:
    return final.with_name(f".{final.name}-old")


def _replace(final: Path, staging: Path) -> None:
    """Replace the folder `final` with `staging`."""
    old = _old(final)
    remove(old)
    if final.exists():
        final.rename(old)
    staging.rename(final)
    sync(final.parent)  # the new name must be on the disk before the old files are deleted
    sync(final.parent.parent)
    remove(old)
