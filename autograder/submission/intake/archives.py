"""List the files in an untrusted archive (zip or tar) or folder, and read them within a budget.

No file of an archive is ever written to the disk. A name that leads elsewhere, a link, an encrypted
member or a zip bomb is listed with the reason why it is not opened.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import re
import stat
import struct
import tarfile
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from autograder.submission.files import (
    MAX_BYTES,
    UnreadableError,
    kind_of_content,
    read_bytes,
)
from autograder.words import on_one_line, printable

MAX_ENTRIES = 50_000
"""Largest number of files in one archive or folder."""
MAX_NESTED_ENTRIES = 500
"""Largest number of files in an archive that is inside another archive, made by a student."""
MAX_TOTAL_BYTES = 8_000_000_000
MAX_RATIO = 200
"""Largest ratio of a member's size to its packed size, for members above SMALL_BYTES."""
SMALL_BYTES = 1_000_000
MAX_DEPTH = 12
MAX_NAME = 1_000
_DIRECTORY_BYTES = 400
"""Largest size of an archive's directory, which lists its members, in bytes for each member."""

TOO_LARGE = f"the file is larger than {MAX_BYTES // 1_000_000} MB"
NOT_A_FILE = "the entry is a link, or not a file"

ARCHIVE_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
"""Endings of archives that can be opened."""
_OTHER_ARCHIVES = {
    ".7z": "a 7z archive", ".rar": "a RAR archive", ".tar.bz2": "a bzip2 archive",
    ".tar.xz": "an xz archive", ".gz": "a gzip file", ".bz2": "a bzip2 file", ".xz": "an xz file",
    ".zst": "a zstd file",
}  # fmt: skip
"""Endings of archives that cannot be opened; `.tar.xz` comes before `.xz`, and so on."""

_DRIVE = re.compile(r"[A-Za-z]:")
_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1
_ZIP64_LOCATOR, _END = b"PK\x06\x07", b"PK\x05\x06"
_DATELESS = (1980, 1, 1, 0, 0, 0)


@dataclass
class IntakeBudget:
    """The number of bytes that may still be read from all given files."""

    left: int = MAX_TOTAL_BYTES

    def spend(self, amount: int) -> None:
        """Count the bytes read; raise UnreadableError if too many bytes have been read."""
        self.left -= amount
        if self.left < 0:
            raise UnreadableError("all files together are too large")


@dataclass(frozen=True)
class Found:
    """A file that was found: its path as clean parts, its time, and a function that reads it.

    `time` has a time zone. If `refusal` gives a reason why the file is not opened, `parts` is only
    for display.
    """

    where: str
    parts: tuple[str, ...]
    time: datetime | None
    read: Callable[[], bytes] = field(repr=False)
    refusal: str = ""

    @property
    def name(self) -> str:
        return self.parts[-1]


def in_folder(folder: Path, budget: IntakeBudget) -> Iterator[Found]:
    """Yield the files in a folder and its subfolders; links are listed but not followed."""
    count = 0
    for place, folders, files in os.walk(folder):
        here = Path(place)
        depth = len(here.relative_to(folder).parts)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(set(folders) - set(links)) if depth < MAX_DEPTH else []
        for name in sorted(files + links):
            count += 1
            if count > MAX_ENTRIES:
                raise UnreadableError(f"the folder has more than {MAX_ENTRIES} files")
            path = here / name
            parts = (folder.name, *path.relative_to(folder).parts)
            yield _in_folder(path, tuple(map(_normal, parts)), budget)


def given_file(path: Path, budget: IntakeBudget) -> Found:
    """Return a single file that the teacher gave to the intake; follow it if it is a link."""
    return _in_folder(Path(os.path.realpath(path)), (_normal(path.name),), budget)


def _in_folder(path: Path, parts: tuple[str, ...], budget: IntakeBudget) -> Found:
    def read() -> bytes:
        content = read_bytes(path, MAX_BYTES)
        budget.spend(len(content))
        return content

    status = os.lstat(path)
    time = datetime.fromtimestamp(status.st_mtime, UTC)
    refusal = "" if stat.S_ISREG(status.st_mode) else NOT_A_FILE
    return Found(on_one_line("/".join(parts)), parts, time, read, refusal)


Archive = zipfile.ZipFile | tarfile.TarFile


def is_archive(name: str) -> bool:
    """Return whether a file's name is that of an archive that can be opened."""
    return name.lower().endswith(ARCHIVE_ENDINGS)


def without_ending(name: str) -> str:
    """Return the name of an archive of any kind without its ending, or any other name unchanged."""
    endings = (*ARCHIVE_ENDINGS, *_OTHER_ARCHIVES)
    ending = max((each for each in endings if name.lower().endswith(each)), key=len, default="")
    return name[: len(name) - len(ending)]


def other_archive(name: str) -> str:
    """Return why an archive with this name can't be opened; "" for any other name."""
    kinds = (kind for ending, kind in _OTHER_ARCHIVES.items() if name.lower().endswith(ending))
    kind = "" if is_archive(name) else next(kinds, "")
    return kind and f"{kind} can't be opened; ask for a zip file, or pack the files as .zip"


def open_archive(content: Path | bytes, name: str, *, nested: bool) -> Archive:
    """Open an archive; raise UnreadableError if it is damaged, too large or of another kind."""
    if reason := other_archive(name):
        raise UnreadableError(reason)
    if name.lower().endswith(".zip"):
        return open_zip(content, nested=nested)
    return _open_tar(content, is_packed=not name.lower().endswith(".tar"), nested=nested)


def in_archive(
    archive: Archive, shown: str, outer: tuple[str, ...], zone: ZoneInfo, budget: IntakeBudget
) -> Iterator[Found]:
    """Yield an archive's files: `outer` is put before each path, and `zone` is the times' zone."""
    if isinstance(archive, zipfile.ZipFile):
        yield from in_zip(archive, shown, outer, zone, budget)
    else:
        yield from _in_tar(archive, shown, outer, budget)


def open_zip(content: Path | bytes, *, nested: bool) -> zipfile.ZipFile:
    """Open a zip file; raise UnreadableError if it is damaged or its directory is too large."""
    most = MAX_NESTED_ENTRIES if nested else MAX_ENTRIES
    file: IO[bytes] | None = None
    try:
        file = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
        _check_directory(file, most, nested=nested)
        archive = zipfile.ZipFile(file)
        if len(archive.filelist) > most:
            advice = "; if it is an export, give it to fdl intake by itself" if nested else ""
            raise UnreadableError(f"the archive has more than {most} files{advice}")
    except UnreadableError:
        _close(file)
        raise
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise _not_opened(file, "a zip file", error) from error
    return archive


def _close(file: IO[bytes] | None) -> None:
    if file is not None:
        file.close()


def _not_opened(file: IO[bytes] | None, kind: str, error: Exception) -> UnreadableError:
    """Close a file and return an error that says what the file is instead of an archive."""
    start = b""
    if file is not None:
        with contextlib.suppress(OSError, ValueError):
            file.seek(0)
            start = file.read(1_000)
    _close(file)
    reason = f"it is {found}" if (found := kind_of_content(start)) else str(error)
    return UnreadableError(f"the file is not {kind} that can be opened ({reason})")


def _check_directory(file: IO[bytes], most: int, *, nested: bool) -> None:
    """Check the size of an archive's directory before all of it is read into memory."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - 65_600)
    file.seek(start)
    tail = file.read()
    ends = [match.start() for match in re.finditer(re.escape(_END), tail)]
    for end in ends:
        directory = int.from_bytes(tail[end + 12 : end + 16], "little")
        large = tail[max(0, end - 20) : end].startswith(_ZIP64_LOCATOR)
        if nested and large:
            raise UnreadableError("the archive is in the format for huge archives (zip64)")
        if not large and directory > most * _DIRECTORY_BYTES:
            raise UnreadableError(f"the archive's directory is too large for {most} files")
    file.seek(0)


def in_zip(
    archive: zipfile.ZipFile,
    shown: str,
    outer: tuple[str, ...],
    zone: ZoneInfo,
    budget: IntakeBudget,
) -> Iterator[Found]:
    """Yield a zip file's files; the arguments are those of `in_archive`."""
    for info in archive.infolist():
        if info.filename.endswith("/"):
            continue
        read = _reader(archive, info, budget)
        found = _Member(member_name(info), _time(info, zone), read, _refusal(info))
        yield found.found(shown, outer)


@dataclass(frozen=True)
class _Member:
    """A file in an archive, under the name that the archive gives it."""

    name: str
    time: datetime | None
    read: Callable[[], bytes]
    refusal: str

    def found(self, shown: str, outer: tuple[str, ...]) -> Found:
        """Return the file with its path as clean parts, below `outer`."""
        refusal = self.refusal
        try:
            parts = _clean(self.name)
        except UnreadableError as error:
            parts, refusal = (printable(self.name),), str(error)
        name = self.name if len(self.name) <= MAX_NAME else printable(self.name)
        where = on_one_line(f"{shown}: {name}")
        return Found(where, (*outer, *parts), self.time, self.read, refusal)


def member_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name, even if the archiver wrote UTF-8 without declaring the encoding."""
    if not info.flag_bits & _UTF8_FLAG:
        try:
            return info.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.filename


def _clean(name: str) -> tuple[str, ...]:
    """Return a member's name as parts; raise UnreadableError if it is odd or leads elsewhere."""
    if len(name) > MAX_NAME:
        raise UnreadableError("the file's name is too long")
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        raise UnreadableError("the file's name has control characters")
    name = name.replace("\\", "/")
    if name.startswith("/") or _DRIVE.match(name):
        raise UnreadableError("the file's name is an absolute path")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts:
        raise UnreadableError("the file's name leads out of its folder")
    if not parts or len(parts) > MAX_DEPTH:
        raise UnreadableError(
            "the file is in too many nested folders" if parts else "the file has no name"
        )
    return tuple(map(_normal, parts))


def _normal(part: str) -> str:
    return unicodedata.normalize("NFC", part)


def _refusal(info: zipfile.ZipInfo) -> str:
    """Return the reason why a member must not be opened, according to its directory entry."""
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return NOT_A_FILE
    if info.flag_bits & _ENCRYPTED_FLAG:
        return "the file is encrypted"
    if info.file_size > MAX_BYTES:
        return TOO_LARGE
    if info.file_size > max(SMALL_BYTES, MAX_RATIO * info.compress_size):
        return f"the file unpacks to more than {MAX_RATIO} times its size"
    return ""


def _reader(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: IntakeBudget
) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(info) as file:
                content = file.read(MAX_BYTES + 1)
        except (
            zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError,
            NotImplementedError,
        ) as error:  # fmt: skip
            raise UnreadableError(f"the file is damaged ({error})") from error
        if len(content) > MAX_BYTES:
            raise UnreadableError(TOO_LARGE)
        budget.spend(len(content))
        return content

    return read


def _time(info: zipfile.ZipInfo, zone: ZoneInfo) -> datetime | None:
    """Return the time at which a member was changed, or None; `zone` is the zone of local times."""
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == 0x5455 and size >= 5 and len(extra) >= 9 and extra[4] & 1:
            return datetime.fromtimestamp(struct.unpack("<i", extra[5:9])[0], UTC)
        extra = extra[4 + size :]
    if info.date_time == _DATELESS:
        return None
    try:
        return datetime(*info.date_time, tzinfo=zone)
    except ValueError:
        return None


def _open_tar(content: Path | bytes, *, is_packed: bool, nested: bool) -> tarfile.TarFile:
    file: IO[bytes] | None = None
    try:
        file = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
        plain = _unpacked(file, MAX_BYTES if nested else MAX_TOTAL_BYTES) if is_packed else file
        return tarfile.TarFile(fileobj=plain)
    except UnreadableError:
        _close(file)
        raise
    except _TAR_ERRORS as error:
        raise _not_opened(file, "a tar file", error) from error


_TAR_ERRORS = (
    tarfile.TarError, zlib.error, OSError, EOFError, ValueError, OverflowError, RecursionError,
    IndexError, KeyError,
)  # fmt: skip
"""Errors that a broken tar file can cause."""


def _unpacked(file: IO[bytes], most: int) -> IO[bytes]:
    """Return the content of a gzip file; raise UnreadableError if it is much larger than packed."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    limit = min(most, max(SMALL_BYTES, MAX_RATIO * size))
    plain: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=MAX_BYTES)  # noqa: SIM115
    with gzip.GzipFile(fileobj=file) as packed:
        while chunk := packed.read(min(limit + 1, 1_000_000)):
            if plain.tell() + len(chunk) > limit:
                plain.close()
                raise UnreadableError(f"the file unpacks to more than {limit:,} bytes")
            plain.write(chunk)
    plain.seek(0)
    return plain


def _in_tar(
    archive: tarfile.TarFile, shown: str, outer: tuple[str, ...], budget: IntakeBudget
) -> Iterator[Found]:
    most = MAX_ENTRIES if len(outer) else MAX_NESTED_ENTRIES
    try:
        for number, info in enumerate(archive):
            if number >= most:
                raise UnreadableError(f"the archive has more than {most} files")
            if not info.isdir():
                yield _in_tar_member(archive, info, budget).found(shown, outer)
    except _TAR_ERRORS as error:
        raise UnreadableError(f"the archive is damaged ({error})") from error


def _in_tar_member(
    archive: tarfile.TarFile, info: tarfile.TarInfo, budget: IntakeBudget
) -> _Member:
    def read() -> bytes:
        try:
            file = archive.extractfile(info)
            content = b"" if file is None else file.read(MAX_BYTES + 1)
        except _TAR_ERRORS as error:
            raise UnreadableError(f"the file is damaged ({error})") from error
        if len(content) > MAX_BYTES:
            raise UnreadableError(TOO_LARGE)
        budget.spend(len(content))
        return content

    refusal = TOO_LARGE if info.size > MAX_BYTES else ""
    if not info.isreg() or info.issparse():
        refusal = NOT_A_FILE
    try:
        time = datetime.fromtimestamp(info.mtime, UTC) if info.mtime else None
    except (ValueError, OverflowError, OSError):
        time = None
    return _Member(info.name, time, read, refusal)
