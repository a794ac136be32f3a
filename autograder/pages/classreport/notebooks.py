"""Read answers and the output of visible checks from an autograded notebook.

The kit writes these notebooks, but their texts and outputs come from students. So the content is
not trusted, and a value of an unexpected type counts as missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autograder.course.gradecells import grade_id, is_solution

Visible = Literal["passes", "fails", "not done"]

MAX_NOTEBOOK_BYTES = 200_000_000
_SIGNS: Mapping[str, Visible] = {"✓": "passes", "✗": "fails", "…": "not done"}
_HEADLINE = re.compile(r"^([✓✗…]) ([\w-]{1,64}):", re.MULTILINE)


@dataclass(frozen=True)
class StudentCell:
    """A cell of a notebook; `name` is the nbgrader id, or "" if the student added the cell.

    `printed` is the cell's text output.
    """

    name: str
    is_code: bool
    is_answer: bool
    text: str
    printed: str = ""


def read_cells(path: Path) -> tuple[StudentCell, ...]:
    """Return a notebook's cells; () if the file is missing, too large or not a notebook."""
    try:
        if path.stat().st_size > MAX_NOTEBOOK_BYTES:
            return ()
        cells = json.loads(path.read_bytes())["cells"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ()
    return tuple(_cell(cell) for cell in cells if isinstance(cell, dict)) if (
        isinstance(cells, list)
    ) else ()  # fmt: skip


def visible_check(cell: StudentCell, item: str) -> Visible | None:
    """Return the result of an item's visible check, read from the cell's output; None if unknown.

    A check's headline begins with a sign and the item's name. A student's code may print such a
    headline too, so two different headlines count as unknown.
    """
    signs = {sign for sign, name in _HEADLINE.findall(cell.printed) if name == item}
    return _SIGNS[signs.pop()] if len(signs) == 1 else None


def _cell(cell: Mapping[str, Any]) -> StudentCell:
    return StudentCell(
        name=grade_id(cell),
        is_code=cell.get("cell_type") == "code",
        is_answer=is_solution(cell),
        text=_text(cell.get("source")),
        printed="\n".join(_printed(cell.get("outputs"))),
    )


def _printed(outputs: object) -> Iterator[str]:
    for output in outputs if isinstance(outputs, list) else ():
        output = _mapping(output)
        kind = output.get("output_type")
        if kind == "stream" and output.get("name") == "stdout":
            yield _text(output.get("text"))
        elif kind in ("display_data", "execute_result"):
            yield _text(_mapping(output.get("data")).get("text/plain"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """Return a notebook's text, which may be stored as a list of lines."""
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""
