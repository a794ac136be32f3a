"""Reading saved notebooks"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_UNANSWERED = "Your answer goes here"


@dataclass(frozen=True)
class Saved:
    """A saved notebook; `fault` says why it can't be read, `file` is a copy's name."""

    problem: str
    content: bytes
    time: float
    cells: tuple[Mapping[str, Any], ...]
    fault: str = ""
    file: str = ""

    @property
    def name(self) -> str:
        return f"{self.problem}.ipynb"

    @property
    def shown(self) -> str:
        """The name of the file in the student's folder."""
        return self.file or self.name

    @property
    def code(self) -> tuple[str, ...]:
        return tuple(cell_text(cell) for cell in self.cells if cell.get("cell_type") == "code")


def saved_notebook(folder: Path, problem: str, file: str = "") -> Saved | None:
    """Return the saved notebook of a problem, or its copy `file`; None if there is none."""
    path = folder / (file or f"{problem}.ipynb")
    if not path.is_file():
        return None
    content, time = path.read_bytes(), path.stat().st_mtime
    try:
        cells = json.loads(content)["cells"]
        cells = tuple(cell for cell in cells if isinstance(cell, Mapping))
    except (ValueError, KeyError, TypeError, RecursionError):
        return Saved(problem, content, time, (), "the file is not a notebook. Is it damaged?", file)
    return Saved(problem, content, time, cells, file=file)


def saved_here(problem: str) -> Saved | None:
    """Return the saved notebook of a problem that is beside this file; None if there is none."""
    try:
        return saved_notebook(Path(__file__).resolve().parent, problem)
    except OSError:
        return None


def cell_text(cell: Mapping[str, Any]) -> str:
    """Return a cell's text, which a file stores as one string or as a list of lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(map(str, source))


def grade_id(cell: Mapping[str, Any]) -> str:
    """Return the item that a cell is marked for, or ""."""
    metadata = cell.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, Mapping) else None
    if not isinstance(mark, Mapping):
        return str(cell.get("id", ""))
    return str(mark.get("grade_id", "")) if mark.get("grade") else ""


def is_written(notebook: Saved, item: str) -> bool:
    """Return whether a text item has a text that differs from the released one."""
    mine = [cell for cell in notebook.cells if grade_id(cell) == item]
    return any(cell_text(cell).strip() and not _is_as_released(cell) for cell in mine)


def empty_parts(notebook: Saved, item: str) -> str:
    """Return how many parts of a text's frame are still empty, in words; "" if none is.

    A part begins with a line such as `**Claim.** …` and is empty if only this line is there. If a
    student left the frame unchanged and wrote everything below it, in place of the line “Your
    answer goes here”, no part counts as empty.
    """
    parts: list[str] = []
    is_below = False
    for text in text_cells(notebook, item):
        rest = re.sub(rf"^(?:</div>|.*{_UNANSWERED}.*)$", "", text, flags=re.MULTILINE)
        parts += re.split(r"^(?=\*\*(?!✎))", rest, flags=re.MULTILINE)[1:]
        is_below |= _UNANSWERED not in text
    empty = [part for part in parts if re.fullmatch(r".*…\s*", part)]
    as_released = [part for part in parts if re.match(r".*…[^\S\n]*$", part, re.MULTILINE)]
    if is_below and [*empty, *parts[len(empty) :][:1]] == as_released == parts[: len(as_released)]:
        return ""
    verb = "is" if len(empty) == 1 else "are"
    return f"{len(empty)} of {len(parts)} parts {verb} still empty" if empty else ""


def is_line_left(notebook: Saved, item: str) -> bool:
    """Return whether a written text still contains the line that it should replace."""
    mine = (cell for cell in notebook.cells if grade_id(cell) == item)
    return any(_UNANSWERED in cell_text(cell) for cell in mine) and is_written(notebook, item)


def _is_as_released(cell: Mapping[str, Any]) -> bool:
    """Return whether a text is the released one, by the checksum that nbgrader left in the cell."""
    import hashlib

    mark = cell.get("metadata", {}).get("nbgrader")
    if not isinstance(mark, Mapping) or not isinstance(mark.get("checksum"), str):
        return _UNANSWERED in cell_text(cell)  # some editors drop unknown metadata
    about = [str(bool(mark.get(key))) for key in ("grade", "solution", "locked")]
    try:
        parts = [cell_text(cell), "markdown", *about, grade_id(cell), str(float(mark["points"]))]
    except (KeyError, TypeError, ValueError):
        return False
    digest = hashlib.md5("".join(parts).encode(errors="replace"), usedforsecurity=False)
    return digest.hexdigest() == str(mark["checksum"])


def text_cells(notebook: Saved, item: str) -> list[str]:
    """Return the text of an item's cells."""
    return [cell_text(cell) for cell in notebook.cells if grade_id(cell) == item]
