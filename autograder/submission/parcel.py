"""Send a submission to another machine as bytes, which that machine does not trust.

The receiving machine writes nothing of a parcel to a disk. A parcel is read in the same way as
files, so that a mark does not depend on the machine. Names come from a student, so names are
compared as text and never opened as paths.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from autograder.errors import SubmissionError
from autograder.submission.files import (
    MAX_BYTES,
    MAX_FILES,
    MAX_MANIFEST,
    FilePlace,
    SentFile,
    UnreadableError,
    Words,
    find_files,
    read_files,
    read_manifest_file,
)
from autograder.submission.receiving import submission_name


class Parcel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All files of a submission that may be notebooks, likely ones first.

    Decoding raises SubmissionError if `pack` could not have made this parcel.
    """

    name: Words
    files: Annotated[tuple[SentFile, ...], msgspec.Meta(max_length=MAX_FILES)]
    manifest: Annotated[bytes, msgspec.Meta(max_length=MAX_MANIFEST)]

    def __post_init__(self) -> None:
        sizes = [len(each.content or b"") for each in self.files]
        if max(sizes, default=0) > MAX_BYTES or sum(sizes) > 2 * MAX_BYTES:
            raise SubmissionError("the data received is not a submission: the data is too large")
        for each in self.files:
            if os.path.basename(each.name) != each.name:
                raise SubmissionError(
                    f"the data received is not a submission: {each.name!r} is a path"
                )


def pack(path: Path, problems: Sequence[str]) -> Parcel:
    """Pack the submission in the folder (or the one notebook) `path`.

    `problems` are the names of the assignment's problems. Raise SubmissionError if there is nothing
    at `path`.
    """
    files = [_sent(*found) for found in read_files(find_files(path, problems))]
    return Parcel(submission_name(path), tuple(files), read_manifest_file(path))


def _sent(place: FilePlace, content: bytes | UnreadableError) -> SentFile:
    name = os.fsencode(place.path.name)
    if isinstance(content, UnreadableError):
        return SentFile(name, place.shown, place.depth, None, str(content))
    return SentFile(name, place.shown, place.depth, content, "")
