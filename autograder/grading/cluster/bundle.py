"""The assignment as it comes to a worker: one pack of files, named by the hash of its content."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgpack

from autograder.errors import CourseError

FORMAT = "fdl-bundle/1"
MAX_BYTES = 500_000_000


@dataclass(frozen=True)
class Bundle:
    """Settings, source, release, hidden tests and solutions of one assignment, packed."""

    name: str
    content: bytes


def keep(bundle: Bundle, folder: Path) -> Path:
    """Unpack into a folder for this account alone, and give the course in it.

    CourseError where the content is not what its name says, or would leave the folder.
    """
    if name_of(bundle.content) != bundle.name:
        raise CourseError(
            f"the assignment's bundle was changed on the way: its name is {bundle.name[:12]}, that "
            f"of its content {name_of(bundle.content)[:12]}"
        )
    files = list(_files(bundle.content))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if (kept := find(bundle.name, folder)) is not None:
        return kept
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))  # 0700 as well
    try:
        for path, content in files:
            target = new / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        os.rename(new, folder / bundle.name)
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        if (kept := find(bundle.name, folder)) is not None:  # somebody else was quicker
            return kept
        raise CourseError(f"the bundle can't be kept in {folder}: {error}") from error
    return folder / bundle.name


def find(name: str, folder: Path) -> Path | None:
    """The course of a bundle that `keep` has unpacked there; None without one."""
    kept = folder / name
    return kept if kept.is_dir() else None


def name_of(content: bytes) -> str:
    """The name of a bundle with this content."""
    return hashlib.sha256(content).hexdigest()


def _files(content: bytes) -> Iterator[tuple[PurePosixPath, bytes]]:
    """The packed files, each of which has a path inside the folder that it goes to."""
    try:
        if len(content) > MAX_BYTES:
            raise ValueError("it is too large")
        kind, files = msgpack.unpackb(content)
        if kind != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        for name, inside in files:
            yield _path(name), _bytes(inside)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise CourseError(f"what was sent is no bundle of an assignment: {error}") from error


def _path(name: Any) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in name:
        raise ValueError(f"{name!r} leads out of the folder")
    return path


def _bytes(value: Any) -> bytes:
    if type(value) is not bytes:
        raise TypeError("a file's content is not bytes")
    return value
