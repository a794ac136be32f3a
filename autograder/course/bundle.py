"""The files of a course that marking one assignment needs, and how they travel.

A cluster's workers, the zip for Gradescope and the demo's course all get the same files, named by
their paths in the course. For a worker they are packed, and known by the hash of what is packed.
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
from autograder.course.layout import SETTINGS
from autograder.errors import CourseError

MAX_BYTES = 500_000_000
"""Bytes of a bundle, at most."""
MAX_FILES = 10_000
"""Number of files in a bundle, at most."""


class _Content(msgspec.Struct, tag="fdl-bundle/2", forbid_unknown_fields=True):
    files: Annotated[dict[str, bytes], msgspec.Meta(max_length=MAX_FILES)]


@dataclass(frozen=True)
class Bundle:
    """Packed files, and the SHA-256 of the pack."""

    name: str
    content: bytes


def files_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file beneath the folder by its name from there; nothing hidden or compiled."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_left_out(name))
        for path in (Path(here, name) for name in sorted(names) if not _is_left_out(name)):
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path


def course_files(course: Course, assignment: str, *others: str) -> dict[str, bytes]:
    """Return what marking the assignment needs, by path in the course, as far as it exists.

    `others` are files at the course's root that are wanted besides.
    """
    roots = [name for name in (SETTINGS, *others) if (course.root / name).is_file()]
    found = {name: (course.root / name).read_bytes() for name in roots}
    for folder in _folders(course, assignment):
        place = folder.relative_to(course.root).as_posix()
        found |= {f"{place}/{name}": path.read_bytes() for name, path in files_in(folder)}
    return found


def files_for_marking(course: Course, assignment: str, *others: str) -> dict[str, bytes]:
    """Return the same; CourseError if one of the four folders is empty or missing."""
    for folder in _folders(course, assignment):
        if not any(files_in(folder)):
            is_release = folder == course.release(assignment)
            advice = f": `fdl release {assignment}`" if is_release else ""
            raise CourseError(f"{folder} is empty or missing, and marking needs it{advice}")
    return course_files(course, assignment, *others)


def _folders(course: Course, assignment: str) -> list[Path]:
    parts = (course.source, course.release, course.solutions, course.hidden)
    return [part(assignment) for part in parts]


def write_files(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write the files below the folder; CourseError if a path would leave it."""
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
        raise CourseError(f"rename this file, its name is not UTF-8: {error.object!r}") from error
    return Bundle(hashlib.sha256(content).hexdigest(), content)


def keep(bundle: Bundle, folder: Path) -> Path:
    """Unpack into a folder for this account alone, and return the course in it.

    CourseError if the content is not what its name says, or would leave the folder.
    """
    files = _unpacked(bundle)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if (kept := find(bundle.name, folder)) is not None:
        return kept
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))  # 0700 as well
    try:
        write_files(files, new)
        os.rename(new, folder / bundle.name)
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        if (kept := find(bundle.name, folder)) is not None:  # somebody else was quicker
            return kept
        raise CourseError(f"the bundle can't be kept in {folder}: {error}") from error
    return folder / bundle.name


def find(name: str, folder: Path) -> Path | None:
    """Return the course of a bundle that `keep` has unpacked there; None without one."""
    kept = folder / name
    return kept if kept.is_dir() else None


def _unpacked(bundle: Bundle) -> dict[str, bytes]:
    if len(bundle.content) > MAX_BYTES:
        raise CourseError("what was sent is no bundle of an assignment: it is too large")
    if (found := hashlib.sha256(bundle.content).hexdigest()) != bundle.name:
        raise CourseError(
            f"the assignment's bundle was changed on the way: its name is {bundle.name[:12]}, that "
            f"of its content {found[:12]}"
        )
    try:
        files = msgspec.msgpack.decode(bundle.content, type=_Content).files
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CourseError(f"what was sent is no bundle of an assignment: {error}") from error
    for name in files:
        _path_inside(name)
    return files


def _path_inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in name:
        raise CourseError(f"this is no bundle of an assignment: {name!r} leads out of its folder")
    return path


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__" or name.endswith(".pyc")
