"""Build the autograded notebooks, which the formgrader shows to markers.

An autograded notebook is a marked notebook with two changes. The output of each check cell ends
with the points. The rubric is below each answer that a person marks.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import msgspec
import nbformat
from nbformat import NotebookNode
from nbformat.v4.rwbase import split_lines, strip_transient
from nbgrader.utils import compute_checksum

from autograder.content.sanitize import as_plain_text, clean_markdown
from autograder.course.assignment import Assignment, Item, read_notebook
from autograder.course.gradecells import (
    by_grade_id,
    checksum_of,
    grade_id,
    is_graded,
    nbgrader_metadata,
)
from autograder.course.rubric import Rubric
from autograder.errors import CourseError, RecordError
from autograder.gradebook.evidence import marker_text
from autograder.grading.mark import Marking

Content = tuple[str, str]
"""The text of a cell, and the names of its pictures."""

_BOX = re.compile(r"</?div[^<>]*>")


def autograded(
    assignment: Assignment,
    name: str,
    skeleton: NotebookNode,
    rubrics: Mapping[str, Rubric],
    marking: Marking,
) -> NotebookNode:
    """Return the notebook of the problem `name` for the formgrader.

    Raises RecordError unless the notebook has each cell of the release exactly once.
    """
    run = marking.notebooks.get(name)
    if run is None:
        run = _stub(skeleton, marking.report.notebooks[name].message)
    _check_cells(name, run, skeleton)
    cells = []
    for original in run.cells:
        cell, item = NotebookNode(original), item_of(original, assignment)
        if item is None:
            cells.append(cell)
            continue
        if item.bonus:
            _drop_points(cell)
            if item.kind == "manual":
                cells.append(_marker_note(item))
        if item.kind == "auto":
            points = 0.0 if item.bonus else marking.report.items[item.name].points
            cell.outputs = _score_outputs(cell, points)
        cells.append(cell)
        if item.name in rubrics:
            rubric = marker_text(item, rubrics[item.name], marking.report)
            cells.append(_note(rubric, f"rubric-{item.name}"))
    return NotebookNode({**run, "cells": cells})


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook as nbformat does; raise ValidationError if the notebook is invalid."""
    nbformat.validate(notebook)
    # nbformat.v4.writes gives the same file, but its JSON encoder is several times slower
    lines = strip_transient(split_lines(deepcopy(notebook)))
    compact = json.dumps(lines, sort_keys=True, ensure_ascii=False)
    path.write_bytes(msgspec.json.format(compact.encode("utf-8"), indent=1) + b"\n")


def contents(path: Path) -> dict[str, Content]:
    """Return the contents of a notebook's cells, by nbgrader id; {} if the file is missing."""
    if not path.is_file():
        return {}
    try:
        notebook = read_notebook(path)
    except CourseError:  # damaged: every cell counts as new
        return {}
    return {name: content(cell) for name, cell in by_grade_id(notebook).items()}


def content(cell: NotebookNode) -> Content:
    """Return the text of a cell, and the names of its pictures.

    A name holds the fingerprint of the picture as it was submitted. So a picture counts as the same
    even if a newer Pillow encodes it differently.
    """
    return str(cell.source), repr(sorted(cell.get("attachments", {})))


def is_blank(text: str, pictures: Mapping[str, object], released: str) -> bool:
    """Return whether a student wrote nothing in an answer and attached no picture.

    White space and the tags of the box around the released text do not count.
    """
    return not pictures and _essence(text) in ("", _essence(released))


def _essence(text: str) -> str:
    """Return an answer without white space, invisible characters, and the tags of its box."""
    lines = ("".join(line.split()) for line in as_plain_text(text).split("\n"))
    return "".join(line for line in lines if not _BOX.fullmatch(line))


def item_of(cell: NotebookNode, assignment: Assignment) -> Item | None:
    """Return the item that this grade cell belongs to; None for any other cell."""
    return assignment.items[grade_id(cell)] if is_graded(cell) else None


def _check_cells(name: str, notebook: NotebookNode, skeleton: NotebookNode) -> None:
    """Raise RecordError unless each released cell exists once; marks could shift otherwise."""
    found, wanted = (
        Counter(filter(None, map(grade_id, each.cells))) for each in (notebook, skeleton)
    )
    if found != wanted:
        wrong = sorted(((found - wanted) + (wanted - found)).keys())
        raise RecordError(
            f"{name}: these cells must exist exactly once, as in the release: {', '.join(wrong)}"
        )


def _score_outputs(cell: NotebookNode, points: float) -> list[NotebookNode]:
    """Return two outputs: the visible check's text, and the points as a number for nbgrader."""
    shown = [o for o in cell.outputs if o.output_type == "stream" and o.name == "stdout"]
    score = NotebookNode(
        output_type="execute_result",
        data=NotebookNode({"text/plain": repr(float(points))}),
        metadata=NotebookNode(),
        execution_count=1,
    )
    return [*shown, score]


def _drop_points(cell: NotebookNode) -> None:
    """Set the maximum of a bonus item's cell to 0 points, as in the gradebook.

    The checksum is updated too, because nbgrader uses it to recognise an unchanged answer.
    """
    cell.metadata = deepcopy(cell.metadata)
    known = nbgrader_metadata(cell)
    untouched = checksum_of(cell) == compute_checksum(cell)
    known["points"] = 0
    if untouched:
        known["checksum"] = compute_checksum(cell)


def _marker_note(item: Item) -> NotebookNode:
    text = (
        f"**For the marker:** {item.name} is a bonus item. Its points (at most "
        f"{item.max_points:g}) are extra credit; points typed as a score are moved there."
    )
    return _note(text, f"note-{item.name}")


def _stub(skeleton: NotebookNode, reason: str) -> NotebookNode:
    """Return the released notebook without answers; the reason is written above the first cell."""
    # the reason may contain a file name that a student chose
    text = f"**This notebook could not be marked.** {clean_markdown(reason)}"
    return NotebookNode({**skeleton, "cells": [_note(text, "note-not-marked"), *skeleton.cells]})


def _note(text: str, name: str) -> NotebookNode:
    return NotebookNode(id=name[:64], cell_type="markdown", metadata=NotebookNode(), source=text)
