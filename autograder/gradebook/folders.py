"""A student's folder in autograded/: replaced as a whole, and in step with the gradebook.

What is recorded is written beside the folder it replaces, and the gradebook keeps a digest of it in
the transaction that holds the marks. So a run that was killed can be finished: of the folder and
the unfinished one beside it, that one is right whose digest the gradebook has.

All of it reaches the disk before the next step relies on it, so that the same holds where the
machine loses power.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from autograder.course.assignment import Assignment, Course
from autograder.durable import sync
from autograder.gradebook.database import PatientGradebook


def autograded_folder(course: Course, assignment: str, student: str) -> Path:
    """The folder of a student's autograded notebooks."""
    return course.root / "autograded" / student / assignment


def unfinished(final: Path) -> Path:
    """Where a folder is written until all of it is there and recorded."""
    return final.with_name(f".{final.name}-unfinished")


def digest(folder: Path) -> str:
    """What is in the files of a folder, in 64 letters; hidden ones are other programs' business."""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        inside = path.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts):
            continue
        name, content = str(inside).encode(), path.read_bytes()
        found.update(b"%d %d %b%b" % (len(name), len(content), name, content))
    return found.hexdigest()


def settle(gradebook: PatientGradebook, assignment: str, student: str, final: Path) -> None:
    """Put the unfinished folder in its place if it was recorded, and let no other lie about."""
    staging, old = unfinished(final), _old(final)
    if not staging.is_dir() and not old.is_dir():
        return
    with gradebook.transaction():  # so that no other process does the same
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
    """Settle what runs that were killed left of any student."""
    for name in (unfinished(Path(assignment.name)), _old(Path(assignment.name))):
        for left in sorted((course.root / "autograded").glob(f"*/{name}")):
            final = left.with_name(assignment.name)
            settle(gradebook, assignment.name, left.parent.name, final)


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, if there is one."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)


def _old(final: Path) -> Path:
    return final.with_name(f".{final.name}-old")


def _replace(final: Path, staging: Path) -> None:
    """Put the folder `staging` in the place of `final`."""
    old = _old(final)
    remove(old)
    if final.exists():
        final.rename(old)
    staging.rename(final)
    sync(final.parent)  # the new name before the earlier files go
    sync(final.parent.parent)
    remove(old)
