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
from typing import Annotated

import msgspec

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
Words = Annotated[str, msgspec.Meta(max_length=MAX_WORDS)]


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


class SentBytes(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A file of a parcel on its way."""

    name: Annotated[bytes, msgspec.Meta(max_length=MAX_WORDS)]
    shown: Words
    depth: int
    content: bytes | None
    failure: Words

    def opened(self) -> SentFile:
        """The file; SubmissionError if its name is a path."""
        path = Path(os.fsdecode(self.name))
        if path.name != str(path):
            raise SubmissionError(f"what was sent is no submission: {self.name!r} is a path")
        return SentFile(path, self.shown, self.depth, self.content, self.failure)


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parcel on its way: anything may be in it that fits these types."""

    name: Words
    files: Annotated[tuple[SentBytes, ...], msgspec.Meta(max_length=MAX_FILES)]
    manifest: Annotated[bytes, msgspec.Meta(max_length=MAX_MANIFEST)]

    def opened(self) -> Parcel:
        """The parcel; SubmissionError if it is not one that `pack` makes."""
        sizes = [len(each.content or b"") for each in self.files]
        if max(sizes, default=0) > MAX_BYTES or sum(sizes) > 2 * MAX_BYTES:
            raise SubmissionError("what was sent is no submission: it is too large")
        return Parcel(self.name, tuple(each.opened() for each in self.files), self.manifest)


def pack(path: Path, problems: Sequence[str]) -> Sent:
    """The submission in the folder (or the one notebook) `path`; SubmissionError if none is there.

    `problems` are the names of the assignment's problems.
    """
    files = [_sent(*found) for found in read_files(find_files(path, problems))]
    return Sent(submission_name(path), tuple(files), read_manifest_file(path))


def _sent(place: FilePlace, content: bytes | UnreadableError) -> SentBytes:
    name = os.fsencode(place.path.name)
    if isinstance(content, UnreadableError):
        return SentBytes(name, place.shown, place.depth, None, str(content))
    return SentBytes(name, place.shown, place.depth, content, "")
