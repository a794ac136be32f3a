"""List the content of another system's export: the names of files and folders, and the tables.

The export is a zip file, or a folder if the browser has unpacked the zip file. Only the names and
a few tables are read: students' files are never opened.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.csvtable import MAX_BYTES
from autograder.errors import RecordError
from autograder.exports.sheet import Sheet, read_sheet
from autograder.submission.files import UnreadableError
from autograder.submission.intake.archives import MAX_ENTRIES, MAX_NAME, member_name, open_zip

Parts = tuple[str, ...]

MAX_TABLES = 10
"""Number of tables to read from one export."""
MAX_DEPTH = 3
"""Largest number of parts in a table's path; deeper tables are submissions, not exported lists."""
_EXCEL = ("xl", "workbook.xml")


@dataclass(frozen=True)
class Listing:
    """The names in an export, as parts of paths, with the content of its CSV files.

    `folders` are the paths of folders, `files` of files.
    """

    folders: frozenset[Parts]
    files: tuple[Parts, ...]
    tables: Mapping[Parts, bytes]

    @property
    def paths(self) -> list[Parts]:
        """All paths, in a fixed order."""
        return sorted({*self.folders, *self.files})


def read_roster(path: Path) -> Listing | Sheet:
    """Return the names in a zip file or folder, or a CSV file's table; may raise RecordError."""
    try:
        if path.is_dir():
            return _in_folder(path)
        if zipfile.is_zipfile(path):
            return _in_zip(path)
        with path.open("rb") as file:
            return read_sheet(file.read(MAX_BYTES + 1))
    except UnreadableError as error:
        raise RecordError(f"{path} can't be read: {error}") from error


def _in_zip(path: Path) -> Listing:
    folders, files, tables = set[Parts](), list[Parts](), dict[Parts, bytes]()
    with open_zip(path, nested=False) as archive:
        for info in archive.infolist():
            parts = _parts(member_name(info))
            if not parts:
                continue
            if info.filename.endswith("/"):
                folders.add(parts)
                continue
            files.append(parts)
            if _may_be_table(parts, len(tables)) and info.file_size <= MAX_BYTES:
                tables[parts] = _content(archive, info)
    if _EXCEL in files:
        raise RecordError(f"{path} is an Excel file: save it as CSV UTF-8")
    return _listing(folders, files, tables)


def _in_folder(folder: Path) -> Listing:
    folders, files, tables = set[Parts](), list[Parts](), dict[Parts, bytes]()
    for place, inner, names in os.walk(folder):
        here = Path(place)
        folders.update((here / name).relative_to(folder).parts for name in inner)
        for name in sorted(names):
            path = here / name
            parts = path.relative_to(folder).parts
            files.append(parts)
            if _may_be_table(parts, len(tables)) and _is_small_file(path):
                tables[parts] = path.read_bytes()
        if len(files) + len(folders) > MAX_ENTRIES:
            raise RecordError(f"{folder} has more than {MAX_ENTRIES} files")
    return _listing(folders, files, tables)


def _listing(folders: set[Parts], files: list[Parts], tables: Mapping[Parts, bytes]) -> Listing:
    for parts in (*folders, *files):
        folders.update(_above(parts))
    return Listing(frozenset(folders), tuple(sorted(files)), tables)


def _above(parts: Parts) -> Iterator[Parts]:
    yield from (parts[:length] for length in range(1, len(parts)))


def _parts(name: str) -> Parts:
    """Return a member's path as parts; () if the path is too long, unprintable or contains ".."."""
    parts = tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
    is_odd = len(name) > MAX_NAME or ".." in parts or len(parts) > 20
    return () if is_odd or any(not part.isprintable() for part in parts) else parts


def _may_be_table(parts: Parts, known: int) -> bool:
    is_csv = parts[-1].lower().endswith(".csv") and not parts[-1].startswith(".")
    return is_csv and len(parts) <= MAX_DEPTH and known < MAX_TABLES


def _is_small_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_BYTES


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return a member's content; b"" if it is damaged, encrypted or larger than declared."""
    try:
        with archive.open(info) as file:
            content = file.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError):
        return b""
    return content if len(content) <= MAX_BYTES else b""
