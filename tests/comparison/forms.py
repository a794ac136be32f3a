"""Code that all three tools share: filling a notebook and writing it to a file."""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import nbformat
import numpy as np
from nbformat import NotebookNode
from nbgrader.api import Grade, Gradebook, MissingEntry
from sqlalchemy.exc import DatabaseError

from tests.attacks.attack import fill
from tests.comparison import homework, net
from tests.comparison.attack import Idea
from tests.comparison.tool import Marks, Secrets

CANARIES: Mapping[str, str] = {
    "another student's submission": "# zoe wrote 5d1f7a03c2 for herself alone",
    "an instructor's note": "the exam on 9e44b1d6 is about saddle points",
}
"""Lines in Zoe's submission, and in the course's file notes.txt."""


def common_places() -> dict[str, str]:
    """Return the places that are the same for every tool."""
    return {
        "course": str(net.COURSE),
        "home": str(net.SCRATCH / "home"),
        "tcp": str(net.PORT),
        "abstract": net.ABSTRACT,
    }


def fill_notebook(
    notebook: NotebookNode,
    code: Mapping[str, str],
    idea: Idea,
    answer_of: Callable[[NotebookNode], str | None],
) -> None:
    """Write the answers and an idea's additional cells into a skeleton."""
    cells: list[NotebookNode] = []
    is_first = True
    for cell in notebook.cells:
        answer = answer_of(cell) if cell.cell_type == "code" else None
        if answer is not None:
            if is_first and "start" in code:
                cells.append(nbformat.v4.new_code_cell(code["start"]))
            is_first = False
            if answer in code:
                cell.source = code[answer]
            elif idea.is_answered(answer):
                cell.source = homework.reference(answer)
        cells.append(cell)
    if "end" in code:
        cells.append(nbformat.v4.new_code_cell(code["end"]))
    notebook.cells = cells


def write_notebook(
    tool: str, path: Path, notebook: NotebookNode, idea: Idea, places: Mapping[str, str]
) -> None:
    """Write a submission's notebook, and the files that an idea puts beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if idea.alter is not None:
        idea.alter(tool, notebook)
    if idea.link:
        path.symlink_to(fill(idea.link, places))
    else:
        path.write_text(nbformat.writes(notebook), encoding="utf-8")
    for name, text in idea.files.items():
        beside = path.parent / name
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")


def recorded(database: Path, assignment: str, names: Mapping[str, str]) -> Marks:
    """Return the marks in nbgrader's gradebook, by the names of this comparison's items."""
    wanted = {name: item for item, name in names.items()}
    found: dict[str, dict[str, float]] = {}
    if not database.is_file():
        return found
    try:
        with Gradebook(f"sqlite:///{database}") as book:
            for submission in book.assignment_submissions(assignment):
                grades = [g for notebook in submission.notebooks for g in notebook.grades]
                points = {
                    wanted[grade.name]: _points(grade)
                    for grade in grades
                    if grade.name in wanted and _is_marked(grade)
                }
                if points:
                    found[submission.student_id] = points
    except (DatabaseError, MissingEntry):
        return {}
    return found


def _is_marked(grade: Grade) -> bool:
    return grade.auto_score is not None or grade.manual_score is not None


def _points(grade: Grade) -> float:
    own = grade.auto_score if grade.manual_score is None else grade.manual_score
    return float(own) + float(grade.extra_credit or 0.0)


def peer_secrets() -> Secrets:
    """Return the homework's secrets in the forms of the two other tools."""
    hidden = [
        line.strip()
        for item in homework.ITEMS
        for line in homework.HIDDEN[item].splitlines()
        if "hidden_" in line or "expected_" in line
    ]
    return Secrets(
        {
            "hidden test": sorted(set(hidden)),
            "reference solution": solution_lines(),
            **{kind: [line] for kind, line in CANARIES.items()},
        },
        digits_of(homework.hidden_inputs()),
    )


def solution_lines() -> list[str]:
    """Return lines of the reference that reveal how an item is solved."""
    found = set()
    for answer in homework.ANSWERS:
        lines = set(homework.reference(answer).splitlines())
        for line in lines - set(homework.skeleton(answer).splitlines()):
            if len(line.strip()) >= 25:
                found.add(line.strip())
    return sorted(found)


def digits_of(arrays: Sequence[np.ndarray]) -> frozenset[str]:
    """The first ten digits of every number in these arrays."""
    found: set[str] = set()
    for array in arrays:
        if array.dtype.kind == "f":
            texts = (repr(abs(float(number))) for number in array.ravel())
            found.update(text[:11] for text in texts if re.fullmatch(r"\d\.\d{9,}", text))
    return frozenset(found)


def write_archive(path: Path, folder: Path) -> None:
    """Pack a submission's folder as students of otter-grader submit it."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_symlink():
                entry = zipfile.ZipInfo(str(file.relative_to(folder)))
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(entry, os.readlink(file))
            elif file.is_file():
                archive.write(file, file.relative_to(folder))
