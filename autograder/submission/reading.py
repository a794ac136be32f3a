"""Read a notebook file of any nbformat as checked cells.

The JSON is checked piece by piece; outputs and metadata are dropped. Most of a large file is
pictures. They are cut out before the JSON is decoded, because decoding would need several times
their size in memory.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.course.gradecells import declared, grade_id
from autograder.submission.cells import CellKind, ReceivedCell
from autograder.submission.files import AnyFile, UnreadableError, kind_of_content, read_files
from autograder.submission.pictures import (
    Attachment,
    PictureRoom,
    attachments_of,
    without_inline,
)

MAX_PARTS = 10_000_000
"""Largest number of lists, dicts and members in a file; memory needs up to 20 times their size."""
MAX_CELLS = 5_000
MAX_CODE_BYTES = 500_000
"""Largest size of a code cell, in bytes; a cell is sent to a worker in one message."""
MAX_ALL_CODE_BYTES = 5_000_000
MAX_TEXT_BYTES = 5_000_000

DOWNLOAD = "download the notebook itself (in Jupyter: File → Download) and hand that file in"

_RUN = re.compile(rb"(?<![A-Za-z0-9+/=])([A-Za-z0-9+/=]{8})([A-Za-z0-9+/=]{65536,})")
"""A long run of base64. Its first 8 characters are kept: they may end an escape such as \\u00e9."""


@dataclass(frozen=True)
class Read:
    """A notebook file: its cells and notes, or the reason why there are no cells.

    `python` is the version of Python that the file was saved with, if the file states a version.
    """

    place: AnyFile
    cells: tuple[ReceivedCell, ...] = ()
    notes: tuple[str, ...] = ()
    failure: str = ""
    python: str = ""


def read_notebooks(places: Sequence[AnyFile]) -> Iterator[Read]:
    """Yield each file's cells, or the reason why there are none, for the first MAX_FILES files."""
    for place, content in read_files(places):
        try:
            if isinstance(content, UnreadableError):
                raise content
            cells, notes, python = read_cells(content)
            read = Read(place, cells, notes, python=python)
        except UnreadableError as error:
            read = Read(place, failure=str(error))
        except MemoryError:
            read = Read(place, failure="the file is too large")
        del content  # before the next file is read
        yield read


def plain_version(value: object) -> str:
    """Return an untrusted value if it is a version number, or else ""."""
    return value if isinstance(value, str) and _VERSION.fullmatch(value) else ""


_VERSION = re.compile(r"\d{1,2}\.\d{1,3}(?:\.[0-9A-Za-z]{1,8})?", re.ASCII)


def read_cells(content: bytes) -> tuple[tuple[ReceivedCell, ...], tuple[str, ...], str]:
    """Return the cells of a notebook file, notes on repairs, and Python's version.

    Raise UnreadableError if the file is not a notebook.
    """
    runs = _Runs(content)
    notebook, notes = _load(runs.shortened())
    major = notebook.get("nbformat")
    raw = _raw_cells(notebook)
    if len(raw) > MAX_CELLS:
        raise UnreadableError(f"the notebook has more than {MAX_CELLS:,} cells")
    if isinstance(major, int) and major != 4 and 0 < major < 100:
        notes.append(
            f"The notebook was saved as nbformat {major} instead of 4; it was read anyway."
        )
    room = PictureRoom()
    cells = [_read_cell(cell, number, runs, room) for number, cell in enumerate(raw, start=1)]
    if None in cells:
        notes.append("Cells that can't be read (without text, or much too long) were left out.")
    good = tuple(cell for cell in cells if cell is not None)
    if sum(len(cell.source) for cell in good if cell.kind != "markdown") > MAX_ALL_CODE_BYTES:
        raise UnreadableError(
            f"the notebook has more than {MAX_ALL_CODE_BYTES // 1_000_000} MB of code"
        )
    metadata = notebook.get("metadata")
    language = metadata.get("language_info") if isinstance(metadata, dict) else None
    python = plain_version(language.get("version")) if isinstance(language, dict) else ""
    return good, tuple(notes), python


class _Runs:
    """The long runs of base64 in a file, and the short placeholders that replace them."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._places = [match.span(2) for match in _RUN.finditer(content)]
        # with the file's digest, no text in the file can be equal to a placeholder
        digest = hashlib.blake2b(content, digest_size=16).hexdigest() if self._places else ""
        self._sign = f"run{digest}n"
        self._signs = re.compile(rf"{self._sign}(\d{{8}})")

    def shortened(self) -> bytes:
        """Return the file with a placeholder instead of each run."""
        if not self._places:
            return self._content
        pieces, end = [], 0
        for number, (start, stop) in enumerate(self._places):
            pieces += [self._content[end:start], f"{self._sign}{number:08d}".encode()]
            end = stop
        return b"".join([*pieces, self._content[end:]])

    def whole(self, text: str) -> str:
        """Return the text with each placeholder replaced by its run."""
        return self._signs.sub(lambda match: self._run(int(match[1])), text)

    def size_of(self, text: str) -> int:
        """Return the length of the text with all its runs."""
        runs = (self._places[int(match[1])] for match in self._signs.finditer(text))
        return len(text) + sum(stop - start for start, stop in runs)

    def _run(self, number: int) -> str:
        start, stop = self._places[number]
        return self._content[start:stop].decode("ascii")


def _load(content: bytes) -> tuple[dict[str, Any], list[str]]:
    if not content.strip(b"\0 \t\r\n"):
        raise UnreadableError("the file is empty")
    if sum(content.count(sign) for sign in (b"[", b"{", b",")) > MAX_PARTS:
        raise UnreadableError(
            "the notebook has too many parts; clear its outputs and save it again"
        )
    notes = []
    text = content.decode(json.detect_encoding(content), "replace")
    if "\ufffd" in text and "\ufffd".encode() not in content:
        notes.append("Some letters of the file are not in UTF-8 and could not be read.")
    text = text.strip("\0\ufeff \t\r\n")  # replaces the longer text in memory
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        if kind := kind_of_content(content):
            raise UnreadableError(f"the file is {kind}, not a notebook; {DOWNLOAD}") from error
        raise UnreadableError(f"the file is not JSON (line {error.lineno}: {error.msg})") from error
    except RecursionError as error:
        raise UnreadableError("the notebook is nested too deeply") from error
    except ValueError as error:  # such as a number of thousands of digits
        raise UnreadableError("the file has a value that JSON does not allow") from error
    if not isinstance(notebook, dict):
        raise UnreadableError("the file is JSON, but not a notebook")
    return notebook, notes


def _raw_cells(notebook: Mapping[str, Any]) -> list[Any]:
    """Return the list of cells; up to nbformat 3, the cells are in worksheets."""
    cells = notebook.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = notebook.get("worksheets")
    if not isinstance(sheets, list):
        raise UnreadableError("the file is JSON, but not a notebook: there is no list of cells")
    found: list[Any] = []
    for sheet in sheets:
        inside = sheet.get("cells") if isinstance(sheet, dict) else None
        found += inside if isinstance(inside, list) else []
    return found


def _read_cell(raw: object, number: int, runs: _Runs, room: PictureRoom) -> ReceivedCell | None:
    """Return one cell of any nbformat, or None if the cell has no text or too much text."""
    if not isinstance(raw, dict):
        return None
    kind = raw.get("cell_type")
    # up to nbformat 3, code is under "input", and a heading is its own kind of cell
    source = _joined(raw.get("source", raw.get("input")))
    if source is None:
        return None
    if kind == "heading":
        level = raw.get("level")
        depth = level if isinstance(level, int) and 1 <= level <= 6 else 1
        source = "#" * depth + " " + source
    kind = _kind(kind)
    attachments: dict[str, Attachment] = {}
    if kind != "code":
        source, attachments = without_inline(source, runs.whole)
        attachments |= attachments_of(raw, lambda value: _whole(value, runs))
        attachments = room.take(attachments)
    limit = MAX_CODE_BYTES if kind == "code" else MAX_TEXT_BYTES
    if runs.size_of(source) > limit or len((source := runs.whole(source)).encode()) > limit:
        return None
    cell_id = raw.get("id")
    return ReceivedCell(
        kind=kind,
        source=source,
        grade_id=grade_id(raw),
        declared=declared(raw),
        cell_id=cell_id if isinstance(cell_id, str) else "",
        attachments=attachments,
        number=number,
    )


def _whole(value: object, runs: _Runs) -> str | None:
    text = _joined(value)
    return None if text is None else runs.whole(text)


def _kind(name: object) -> CellKind:
    if name == "code":
        return "code"
    return "markdown" if name in ("markdown", "heading", "html") else "raw"


def _joined(source: object) -> str | None:
    """Return a cell's text as one string, without NUL and half surrogate pairs."""
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    source = source.replace("\0", "\ufffd").replace("\ufeff", "")
    if source.isascii():
        return source
    return source.encode("utf-8", "replace").decode()
