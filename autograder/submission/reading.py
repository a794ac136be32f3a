"""Read a notebook file of any nbformat as checked cells.

The JSON is checked piece by piece; outputs and metadata are dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.course.gradecells import declared, grade_id
from autograder.submission.cells import CellKind, ReceivedCell
from autograder.submission.files import AnyFile, UnreadableError, read_files
from autograder.words import printable

MAX_PARTS = 10_000_000
"""Largest number of lists, maps and members in a file; each takes up to 20 times its size."""
MAX_CELLS = 5_000
MAX_CODE_BYTES = 500_000
"""Largest size of a code cell, in bytes; a cell is sent to a worker in one message."""
MAX_ALL_CODE_BYTES = 5_000_000
MAX_TEXT_BYTES = 5_000_000

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
BASE64 = re.compile(r"[A-Za-z0-9+/\s]*+={0,2}\s*+\Z")


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
        yield read


def plain_version(value: object) -> str:
    """Return an untrusted value if it is a version number, or else ""."""
    return value if isinstance(value, str) and _VERSION.fullmatch(value) else ""


_VERSION = re.compile(r"\d{1,2}\.\d{1,3}(?:\.[0-9A-Za-z]{1,8})?", re.ASCII)


def read_cells(content: bytes) -> tuple[tuple[ReceivedCell, ...], tuple[str, ...], str]:
    """Return the cells of a notebook file, notes on repairs, and Python's version.

    Raise UnreadableError if the file is not a notebook.
    """
    notebook, notes = _load(content)
    major = notebook.get("nbformat")
    raw = _raw_cells(notebook)
    if len(raw) > MAX_CELLS:
        raise UnreadableError(f"the notebook has more than {MAX_CELLS:,} cells")
    if isinstance(major, int) and major != 4 and 0 < major < 100:
        notes.append(
            f"The notebook was saved as nbformat {major} instead of 4; it was read anyway."
        )
    cells = [_read_cell(cell) for cell in raw]
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
    text = text.strip("\0\ufeff \t\r\n")  # a large file is in memory once, not twice
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
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


def _read_cell(raw: object) -> ReceivedCell | None:
    """Return one cell of any nbformat, or None if the cell has no text."""
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
    limit = MAX_CODE_BYTES if kind == "code" else MAX_TEXT_BYTES
    if len(source.encode()) > limit:
        return None
    cell_id = raw.get("id")
    return ReceivedCell(
        kind=kind,
        source=source,
        grade_id=grade_id(raw),
        declared=declared(raw),
        cell_id=cell_id if isinstance(cell_id, str) else "",
        attachments=_pictures(raw.get("attachments")),
    )


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


def _pictures(attachments: object) -> dict[str, dict[str, str]]:
    """Return pictures pasted into a text cell (a photo of a proof), without active content."""
    found: dict[str, dict[str, str]] = {}
    if not isinstance(attachments, dict):
        return found
    for name, bundle in attachments.items():
        if isinstance(bundle, dict):
            good = {
                kind: data
                for kind, raw in bundle.items()
                if kind in PICTURES and (data := _joined(raw)) and BASE64.match(data)
            }
            if good:
                found[printable(name)] = good
    return found
