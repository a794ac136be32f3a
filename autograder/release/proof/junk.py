"""Write sample submissions for the proof: the reference, the skeleton, and junk."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

from nbformat import NotebookNode

from autograder.course.directives import (
    directive_of,
    without_directives,
    without_rubric,
    without_solution_markers,
)
from autograder.course.gradecells import grade_id, is_answer, is_coded, is_manual
from autograder.course.layout import notebook_files
from autograder.release.fill import read_source, to_text
from autograder.release.proof import scrambler
from autograder.release.proof.texts import cells

KINDS = {
    "zeros": "zeros, and figures that are labelled but empty",
    "ones": "ones, and figures with level lines",
    "random": "random numbers, and figures with random lines",
    "arguments": "the function's own arguments, as numbers and as lines",
}
"""The kinds of junk, with their names in messages."""


def write_reference(source: Path, release: Path, folder: Path) -> None:
    """Write the submission of a student whose answers are the reference solutions."""
    for name, skeleton, filled in pairs(source, release):
        write_notebook(folder / name, with_answers(skeleton, filled))


def write_skeleton(release: Path, folder: Path) -> None:
    """Write the submission of a student who did nothing."""
    for path in notebook_files(release):
        write_notebook(folder / path.name, read_source(path))


def write_junk(source: Path, release: Path, folder: Path, kind: str) -> None:
    """Write a submission whose answers have the right shapes but junk values."""
    for name, skeleton, filled in pairs(source, release):
        junk = with_answers(skeleton, filled)
        answers = {
            grade_id(cell): directive.references
            for where, cell in cells({name: filled})
            if (directive := directive_of(cell, where)) and directive.verb == "REFERENCE"
        }
        # marking may undo changes in all cells except answer cells
        text = Path(scrambler.__file__).read_text(encoding="utf-8")
        for cell in junk.cells:
            if is_answer(cell) and grade_id(cell) in answers:
                names = [each.name for each in answers[grade_id(cell)]]
                lines = [f"{answer} = junk_answer({answer}, {kind!r})" for answer in names]
                cell.source = "\n".join([cell.source, text, *lines])
                text = ""
        write_notebook(folder / name, junk)


def with_answers(skeleton: NotebookNode, filled: NotebookNode) -> NotebookNode:
    """Return the released notebook with the code answers of the source."""
    answers = {
        where.label: without_rubric(cell.source, where) if is_manual(cell) else cell.source
        for where, cell in cells({"": filled})
        if is_coded(cell)
    }
    notebook = deepcopy(skeleton)
    for cell in notebook.cells:
        if is_coded(cell) and grade_id(cell) in answers:
            answer = without_directives(answers[grade_id(cell)])
            cell.source = without_solution_markers(answer)
    return notebook


def pairs(source: Path, release: Path) -> Iterator[tuple[str, NotebookNode, NotebookNode]]:
    """Yield the name of each notebook, its released version and its filled version."""
    for path in notebook_files(source):
        yield path.name, read_source(release / path.name), read_source(path)


def write_notebook(path: Path, notebook: NotebookNode) -> None:
    """Write a notebook; create its folder if necessary."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_text(notebook), encoding="utf-8", newline="\n")
