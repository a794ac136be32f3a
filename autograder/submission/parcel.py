"""A submission as it is sent to another machine: its files' bytes, read here without trust.

Nothing of a parcel is written to a disk there. It is read as the files themselves would be, so
that a mark does not depend on where it is made. Names come from a student: they are letters to
look at, never paths to open.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import SubmissionError
from autograder.submission.files import (
    MAX_BYTES,
    MAX_FILES,
    MAX_MANIFEST,
    FilePlace,
    UnreadableError,
    find_files,
    read_files,
    read_manifest_file,
)
from autograder.submission.receiving import submission_name

MAX_WORDS = 10_000
"""The longest name, or reason why a file can't be read."""


@dataclass(frozen=True)
class SentFile(FilePlace):
    """A file of a parcel: its content, or the reason why it has none. `path` is its name alone."""

    content: bytes | None = None
    failure: str = ""

    def read(self, limit: int) -> bytes:
        """Its content; UnreadableError with the reason that was found where it was sent from."""
        if self.content is None or len(self.content) > limit:
            raise UnreadableError(self.failure or "it is too large")
        return self.content


@dataclass(frozen=True)
class Parcel:
    """All files of a submission that may be notebooks, likely ones first."""

    name: str
    files: tuple[SentFile, ...]
    manifest: bytes = b""

    def to_data(self) -> dict[str, Any]:
        """The parcel as plain data for msgpack."""
        return {
            "name": self.name,
            "manifest": self.manifest,
            "files": [
                [os.fsencode(each.path), each.shown, each.depth, each.content, each.failure]
                for each in self.files
            ],
        }

    @classmethod
    def from_data(cls, data: Any) -> Parcel:
        """Read what `to_data` gave; SubmissionError where it is something else."""
        try:
            files = tuple(_file(*each) for each in data["files"])
            parcel = cls(
                _text(data["name"]),
                files,
                _manifest(data["manifest"]),
            )
        except (LookupError, TypeError, ValueError) as error:
            raise SubmissionError(f"what was sent is no submission: {error}") from error
        total = sum(len(each.content or b"") for each in parcel.files)
        if len(parcel.files) > MAX_FILES or total > 2 * MAX_BYTES:
            raise SubmissionError("what was sent is no submission: it is too large")
        return parcel


def pack(path: Path, problems: Sequence[str]) -> Parcel:
    """The submission in the folder (or the one notebook) `path`; SubmissionError if none is there.

    `problems` are the names of the assignment's problems.
    """
    places = find_files(path, problems)
    files = (
        SentFile(Path(place.path.name), place.shown, place.depth, None, str(content))
        if isinstance(content, UnreadableError)
        else SentFile(Path(place.path.name), place.shown, place.depth, content)
        for place, content in read_files(places)
    )
    return Parcel(submission_name(path), tuple(files), read_manifest_file(path))


def _manifest(content: Any) -> bytes:
    if type(content) is not bytes or len(content) > MAX_MANIFEST:
        raise TypeError("a manifest is not bytes, or too many")
    return content


def _file(name: Any, shown: Any, depth: Any, content: Any, failure: Any) -> SentFile:
    if type(name) is not bytes or len(name) > MAX_WORDS or type(depth) is not int:
        raise TypeError("a file has no name")
    if content is not None and (type(content) is not bytes or len(content) > MAX_BYTES):
        raise TypeError("a file's content is not bytes, or too many")
    path = Path(os.fsdecode(name))
    if path.name != str(path):
        raise ValueError("a file's name is a path")
    return SentFile(path, _text(shown), depth, content, _text(failure))


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > MAX_WORDS:
        raise TypeError("a text is none, or too long")
    return value
