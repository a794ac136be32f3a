"""Find and open the files of an untrusted submission that may be notebooks.

Only regular files are opened, no link is followed, and no more than the limit is read.
"""

from __future__ import annotations

import os
import re
import stat
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, TypeVar

import msgspec

from autograder.course.layout import SUBMITTED, is_hidden
from autograder.errors import SubmissionError
from autograder.words import listed, printable

MAX_BYTES = 100_000_000
"""Largest size of a notebook file in bytes; all files of a submission may have twice as much."""
MAX_FILES = 20

TIMESTAMP = "timestamp.txt"
"""Name of the file with the submission time, which nbgrader keeps beside the notebooks."""
MAX_TIMESTAMP_BYTES = 200

MANIFEST = "manifest.json"
"""Name of the file in which `checks.pack()` describes a submission, including its versions."""
MAX_MANIFEST = 200_000

NOTEBOOK_NAME = re.compile(r"(.*)\.ipynb(?:\.(?:json|txt))?(?: ?\(\d+\))?", re.I | re.S)


MAX_WORDS = 10_000
"""Largest number of characters in a file's name, or in the reason why a file can't be read."""
Words = Annotated[str, msgspec.Meta(max_length=MAX_WORDS)]

CELLS_OF = "the cells of"
"""Words in all sentences about files that have the name of another problem."""

_RENAMED = re.compile(r"(.+?)\.ipynb[^/]*|(.+)\.(?:json|txt)(?: ?\(\d+\))?|([^.]+)", re.I | re.S)
"""Names of notebooks to which a browser or a mail program gave another ending."""

_CONTENTS = (
    (re.compile(rb"\s*<(?:!doctype|html|head|body|\?xml|svg)", re.I), "a web page"),
    (re.compile(rb"PK"), "a zip archive or an office document"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "a 7z archive"),
    (re.compile(rb"Rar!"), "a RAR archive"),
    (re.compile(rb"\x1f\x8b"), "a gzip archive"),
    (re.compile(rb"%PDF"), "a PDF file"),
    (re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8"), "a picture"),
    (re.compile(rb"(?:#.*\n|\s)*(?:import|from|def|class)\s"), "a Python file"),
)
"""First bytes of files that are not notebooks, and what to call these files."""


class UnreadableError(Exception):
    """An error: a file is not a notebook.

    The text completes the sentence "NAME can't be read: ...".
    """


@dataclass(frozen=True)
class FilePlace:
    """A file that may be a notebook: its path, and its name inside the submission."""

    path: Path
    shown: str
    depth: int

    @property
    def stem(self) -> str:
        return stem_of(self.path.name)

    def read(self, limit: int) -> bytes:
        """Return at most `limit` bytes of content; raise UnreadableError with the reason."""
        return read_bytes(self.path, limit)


class SentFile(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A file of a received submission: its content, or the reason why the content is missing."""

    name: Annotated[bytes, msgspec.Meta(max_length=MAX_WORDS)]
    shown: Words
    depth: int
    content: bytes | None
    failure: Words

    @property
    def stem(self) -> str:
        return stem_of(os.fsdecode(self.name))

    def read(self, limit: int) -> bytes:
        """Return the content; raise UnreadableError with the reason that the sender found."""
        if self.content is None or len(self.content) > limit:
            raise UnreadableError(self.failure or "the file is too large")
        return self.content


AnyFile = FilePlace | SentFile
F = TypeVar("F", bound=FilePlace | SentFile)


def find_files(path: Path, problems: Sequence[str]) -> list[FilePlace]:
    """Return the likely notebooks in the folder `path`, the likeliest first; or the file `path`."""
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError) as error:
        raise SubmissionError(
            f"there is no submission at {path}: give a folder with notebooks, or one notebook"
        ) from error
    if not stat.S_ISDIR(mode):
        return [FilePlace(path, printable(path.name), 0)]
    found = list(_notebooks_in(path, 0, problems))
    for folder in _listing(path):
        if folder.is_dir(follow_symlinks=False) and not is_hidden(folder.name):
            found += _notebooks_in(Path(folder.path), 1, problems)

    def rank(place: FilePlace) -> tuple[bool, bool, int, str, bytes]:
        stem, path = place.stem, os.fsencode(place.path)
        strange = not problem_by_name(stem, problems)
        return stem not in problems, strange, place.depth, place.shown, path

    return sorted(found, key=rank)


def misplaced(submitted: Path, homework: Sequence[str]) -> Iterator[str]:
    """Yield messages about notebooks in `submitted/` that are not in STUDENT/HOMEWORK/."""
    name = homework[0] if len(homework) == 1 else "HOMEWORK"
    folders = [entry for entry in _listing(submitted) if not is_hidden(entry.name)]
    students = sorted(entry.name for entry in folders if entry.is_dir(follow_symlinks=False))
    if _notebooks_directly_in(submitted):
        yield (
            f"{SUBMITTED}/ itself has notebooks, which no command reads. Move them to "
            f"{SUBMITTED}/STUDENT/{name}/"
        )
    high = [each for each in students if _notebooks_directly_in(submitted / each)]
    if high:
        first = printable(high[0])
        yield (
            f"notebooks are one folder too high, where no command reads them, in "
            f"{listed([f'{SUBMITTED}/{printable(each)}' for each in high])}. Move them to "
            f"{SUBMITTED}/{first}/{name}/"
        )
    for each in [each for each in students if each in homework]:
        yield (
            f"{SUBMITTED}/{each} is named like a homework. The folder must be "
            f"{SUBMITTED}/STUDENT/{each}/"
        )


def _notebooks_directly_in(folder: Path) -> bool:
    return next(_notebooks_in(folder, 0), None) is not None


def read_files(places: Sequence[F]) -> Iterator[tuple[F, bytes | UnreadableError]]:
    """Yield each file's content, or the reason why it can't be read, within the limits."""
    budget = 2 * MAX_BYTES
    for place in places[:MAX_FILES]:
        try:
            content = place.read(min(MAX_BYTES, budget))
        except UnreadableError as error:
            yield place, error
        except MemoryError:
            yield place, UnreadableError("the file is too large")
        else:
            budget -= len(content)
            yield place, content
            del content  # before the next file is read


def content_of(path: Path, problems: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield all contents on which a mark depends: the notebooks, the timestamp, the manifest.

    If a file can't be read, the reason is yielded with a name that no file can have.
    """
    for place, content in read_files(find_files(path, problems)):
        name = str(place.path.relative_to(path.parent))
        if isinstance(content, UnreadableError):
            yield f"{name}\0unreadable", str(content).encode("utf-8", "surrogateescape")
        else:
            yield name, content
    yield TIMESTAMP, read_timestamp_file(path)
    if manifest := read_manifest_file(path):
        yield MANIFEST, manifest


def read_timestamp_file(folder: Path) -> bytes:
    """Return the beginning of the submission's timestamp, or b"" if it is not a regular file."""
    try:
        with _open_regular(folder / TIMESTAMP) as file:
            return file.read(MAX_TIMESTAMP_BYTES)
    except (UnreadableError, OSError):
        return b""


def read_manifest_file(folder: Path) -> bytes:
    """Return the manifest of a packed submission, or b"" without a small regular file."""
    try:
        return read_bytes(folder / MANIFEST, MAX_MANIFEST)
    except UnreadableError:
        return b""


def _notebooks_in(folder: Path, depth: int, problems: Sequence[str] = ()) -> Iterator[FilePlace]:
    """Yield a folder's notebooks, and files with other endings that have a problem's name."""
    for entry in _listing(folder):
        name = entry.name
        is_renamed = may_be_notebook(name) and entry.is_file(follow_symlinks=False)
        is_named = NOTEBOOK_NAME.fullmatch(name) or (
            is_renamed and problem_by_name(stem_of(name), problems)
        )
        if is_named and not is_hidden(name):
            shown = f"{folder.name}/{name}" if depth else name
            yield FilePlace(Path(entry.path), printable(shown), depth)


def _listing(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # a folder that can't be listed counts as empty
        return []


def stem_of(name: str) -> str:
    """Return a notebook file's name without its ending and without the number of a copy."""
    match = NOTEBOOK_NAME.fullmatch(name) or _RENAMED.fullmatch(name)
    return next(filter(None, match.groups()), name) if match else name


def may_be_notebook(name: str) -> bool:
    """Return whether a file may be a notebook, although its name has another ending."""
    return _RENAMED.fullmatch(name) is not None


def kind_of_content(content: bytes) -> str:
    """Return the kind of a file that is not a notebook, by its first bytes; "" if unknown."""
    start = content[:1_000].removeprefix(BOM_UTF8)
    return next((kind for signs, kind in _CONTENTS if signs.match(start)), "")


def problem_by_name(stem: str, problems: Sequence[str]) -> str:
    """Return the longest problem name in a file's name; case and separators do not matter."""
    found = [problem for problem in problems if name_pattern(problem).search(stem)]
    return max(found, key=len, default="")


def name_pattern(problem: str) -> re.Pattern[str]:
    """Return a pattern for a problem's name in a file's name, in any case, with any separators."""
    words = re.findall(r"[^\W_]+", problem) or [re.escape(problem)]
    # problem1 must not match problem12, and 2nd must not match 12nd
    before = r"(?<!\d)" if words[0][0].isdigit() else ""
    after = r"(?!\d)" if words[-1][-1].isdigit() else ""
    return re.compile(before + r"[\W_]*".join(words) + after, re.IGNORECASE)


def read_bytes(path: Path, limit: int) -> bytes:
    """Return a regular file's content, of at most `limit` bytes; else raise UnreadableError."""
    with _open_regular(path) as file:
        try:
            size = os.fstat(file.fileno()).st_size
            if size <= limit and len(content := file.read(limit + 1)) <= limit:
                return content
        except OSError as error:
            raise UnreadableError(f"it can't be read ({error.strerror})") from error
    raise UnreadableError(
        f"the file is too large (more than {MAX_BYTES // 1_000_000} MB, or twice that with the "
        "other files); clear the notebook's outputs and save it again"
    )


def _open_regular(path: Path) -> IO[bytes]:
    """Open the regular file at `path`; raise UnreadableError if there is none."""
    try:
        mode = os.lstat(path).st_mode
        if not stat.S_ISREG(mode):
            raise UnreadableError(f"the path is {_kind_of_file(mode)}, not a file")
        # without O_NONBLOCK, a pipe that was put there in the meantime would make us wait forever
        file = open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")  # noqa: SIM115
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UnreadableError(f"it can't be opened ({reason})") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UnreadableError("the path is not a file")
    return file


def _kind_of_file(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a link" if stat.S_ISLNK(mode) else "a device or a pipe"
