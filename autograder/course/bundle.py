"""Collect, pack and unpack the course files that marking one assignment needs.

A cluster's workers, the zip for Gradescope and the demo's course all get the same files, named by
their paths in the course. For a worker, the files are packed into a bundle, which is named by its
hash.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

import msgspec

from autograder.course.assignment import Course
from autograder.course.layout import SETTINGS, earlier_file
from autograder.errors import CourseError

MAX_BYTES = 500_000_000
"""Largest size of a bundle, in bytes."""
MAX_FILES = 10_000
"""Largest number of files in a bundle."""


class _Content(msgspec.Struct, tag="fdl-bundle/2", forbid_unknown_fields=True):
    files: Annotated[dict[str, bytes], msgspec.Meta(max_length=MAX_FILES)]


@dataclass(frozen=True)
class Bundle:
    """A bundle: the packed files and their SHA-256 hash."""

    name: str
    content: bytes


def files_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file's relative and full path in the folder; skip hidden and compiled files."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_left_out(name))
        for path in (Path(here, name) for name in sorted(names) if not _is_left_out(name)):
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path


def course_files(course: Course, assignment: str, *others: str) -> dict[str, bytes]:
    """Return the existing files that marking the assignment needs, by their paths in the course.

    `others` are names of further files in the course's root to include.
    """
    earlier = earlier_file(course.release(assignment)).relative_to(course.root).as_posix()
    roots = [name for name in (SETTINGS, earlier, *others) if (course.root / name).is_file()]
    found = {name: (course.root / name).read_bytes() for name in roots}
    for folder in _folders(course, assignment):
        place = folder.relative_to(course.root).as_posix()
        found |= {f"{place}/{name}": path.read_bytes() for name, path in files_in(folder)}
    return found


def files_for_marking(course: Course, assignment: str, *others: str) -> dict[str, bytes]:
    """Return `course_files`; raise CourseError if one of the required folders is missing."""
    for folder in _folders(course, assignment):
        if not any(files_in(folder)):
            is_release = folder == course.release(assignment)
            advice = f": `fdl release {assignment}`" if is_release else ""
            raise CourseError(
                f"{folder} is empty or missing, but marking needs this folder{advice}"
            )
    return course_files(course, assignment, *others)


def _folders(course: Course, assignment: str) -> list[Path]:
    parts = (course.source, course.release, course.solutions, course.hidden)
    return [part(assignment) for part in parts]


def write_files(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write the files below the folder; raise CourseError if a path would leave the folder."""
    places = [folder / _path_inside(name) for name in files]
    for place, content in zip(places, files.values(), strict=True):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return places


def pack(files: Mapping[str, bytes]) -> Bundle:
    """Pack the files; the same files give the same bundle."""
    try:
        content = msgspec.msgpack.encode(_Content(dict(sorted(files.items()))))
    except UnicodeEncodeError as error:
        raise CourseError(
            f"the name of this file is not UTF-8, rename it: {error.object!r}"
        ) from error
    return Bundle(hashlib.sha256(content).hexdigest(), content)


def keep(bundle: Bundle, folder: Path) -> Path:
    """Unpack a bundle into a folder that only this account can open; return the course's path.

    Raises CourseError if the bundle's hash is wrong, or if a file's path would leave the folder.
    """
    files = _unpacked(bundle)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if (kept := find(bundle.name, folder)) is not None:
        return kept
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))  # also 0700
    try:
        write_files(files, new)
        os.rename(new, folder / bundle.name)
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        if (kept := find(bundle.name, folder)) is not None:  # another process was faster
            return kept
        raise CourseError(f"the bundle can't be kept in {folder}: {error}") from error
    return folder / bundle.name


def find(name: str, folder: Path) -> Path | None:
    """Return the course that `keep` unpacked into the folder, or None if it is not there."""
    kept = folder / name
    return kept if kept.is_dir() else None


def _unpacked(bundle: Bundle) -> dict[str, bytes]:
    if len(bundle.content) > MAX_BYTES:
        raise CourseError("the received data is not an assignment's bundle: it is too large")
    if (found := hashlib.sha256(bundle.content).hexdigest()) != bundle.name:
        raise CourseError(
            "the assignment's bundle was changed during the transfer: its hash should be "
            f"{bundle.name[:12]}, but is {found[:12]}"
        )
    try:
        files = msgspec.msgpack.decode(bundle.content, type=_Content).files
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CourseError(f"the received data is not an assignment's bundle: {error}") from error
    for name in files:
        _path_inside(name)
    return files


def _path_inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in name:
        raise CourseError(
            f"this is not an assignment's bundle: the path {name!r} leads out of its folder"
        )
    return path


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__" or name.endswith(".pyc")
