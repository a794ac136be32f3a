"""Make the cells of an adopted notebook: their nbgrader settings, ids and rubrics."""

from __future__ import annotations

from collections.abc import Sequence

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.course.directives import BEGIN, END
from autograder.course.gradecells import grade_id
from autograder.release.adopting.reading import Marks
from autograder.release.adopting.regions import split_regions
from autograder.words import counted

RUBRIC = "#### Rubric"
STEP = "the answer is right and complete"
NO_MODEL = "There is no model answer yet."


def copied(cell: NotebookNode) -> NotebookNode:
    """Return a cell with its text and attachments, without outputs and foreign metadata."""
    if cell.cell_type == "code":
        made: NotebookNode = new_code_cell(cell.source)
    elif cell.cell_type == "markdown":
        made = new_markdown_cell(cell.source)
    else:
        made = new_markdown_cell(f"```\n{cell.source}\n```")
    if "attachments" in cell:
        made.attachments = cell.attachments
    return made


def declare(
    cell: NotebookNode,
    name: str,
    *,
    solution: bool = False,
    grade: bool = False,
    points: float | None = None,
) -> None:
    """Write nbgrader's metadata of an answer or a check."""
    known: dict[str, object] = {
        "grade": grade or points is not None,
        "grade_id": name,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if points is not None:
        known["points"] = int(points) if float(points).is_integer() else points
    cell.metadata.update(nbgrader=NotebookNode(known))


def lock(cell: NotebookNode, name: str) -> None:
    """Write nbgrader's metadata of a cell that students only read."""
    declare(cell, name)


def with_ids(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Give each cell a unique id; the same cells always get the same ids."""
    taken: set[str] = set()
    for number, cell in enumerate(cells, start=1):
        name = (grade_id(cell) or f"cell-{number}")[:56]
        while name in taken:
            name = f"{name[:52]}-{number}"
        taken.add(name)
        cell["id"] = name
    return cells


def with_rubric(source: str, steps: Sequence[tuple[float, str]], sign: str, old: Marks) -> str:
    """Return a manual answer with its rubric, which ends the solution or follows the answer."""
    scheme = [line for inside, run in split_regions(source, old.scheme) if inside for line in run]
    plain = "\n".join(
        line for inside, run in split_regions(source, old.scheme) if not inside for line in run
    )
    rubric = [RUBRIC, *(f"{sign}- ({counted(points, 'point')}) {text}" for points, text in steps)]
    marks = old.solution if not sign else (BEGIN, END)
    lines: list[str] = []
    put = False
    for inside, run in split_regions(plain, marks):
        if not inside:
            lines += run
            continue
        spaces = _indent(run)
        body = [*run, *(f"{spaces}{sign}{line}" for line in scheme)] if not put else run
        if not any(line.strip() for line in body):
            body = [f"{spaces}{sign}{NO_MODEL}"]
        lines += [spaces + BEGIN, *body, *([] if put else ["", *rubric]), spaces + END]
        put = True
    if put:
        return "\n".join(lines)
    model = "\n".join([*lines, *(f"{sign}{line}" for line in scheme)]).strip("\n")
    return "\n".join([model if model.strip() else f"{sign}{NO_MODEL}", "", *rubric])


def _indent(run: Sequence[str]) -> str:
    first = next((line for line in run if line.strip()), "")
    return first[: len(first) - len(first.lstrip())]
