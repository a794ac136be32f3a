"""Functions that break a course and check the findings of a proof."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode

from autograder.course.assignment import Course, read_notebook
from autograder.release import Proof
from autograder.release.build import build
from autograder.release.proof.freshness import stage_source
from autograder.release.proof.proof import Reading

from .marking import MarkFunction, mark_on_paper, release
from .tiny import write_notebook


def cell(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    """Return the cell with this nbgrader id."""
    (found,) = [
        c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    ]
    return found


def change(path: Path, alter: Callable[[NotebookNode], object]) -> None:
    """Change a notebook on disk."""
    notebook = read_notebook(path)
    alter(notebook)
    write_notebook(path, notebook)


def change_release(course: Course, alter: Callable[[NotebookNode], object]) -> None:
    change(course.release("tiny") / "valley.ipynb", alter)


def change_source(course: Course, alter: Callable[[NotebookNode], object]) -> None:
    change(course.source("tiny") / "valley.ipynb", alter)


def replace_text(path: Path, old: str, new: str) -> None:
    """Replace a text that the file must contain."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def fingerprint(*trees: Path) -> dict[str, str]:
    """Return every file and folder of the trees, with each file's hash."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for tree in trees
        for path in sorted(tree.rglob("*"))
    }


def checked(course: Course, mark: MarkFunction = mark_on_paper) -> Proof:
    """Return the proof of the course as it is now."""
    return release(course, "tiny", check=True, mark=mark)


def looked_at(course: Course, name: str = "tiny") -> Proof:
    """Return the findings from reading the trees; nothing is marked, filled or built.

    The source must be filled. The function does not check whether the trees are up to date.
    """
    return _read(course, name, course.source(name), course.release(name))


def looked_at_anew(course: Course) -> Proof:
    """Return the same findings for a release that is newly built from the source."""
    with TemporaryDirectory() as folder:
        assignment = course.assignment("tiny")
        source = stage_source(course, assignment, Path(folder))
        tree = Path(folder) / "release" / "tiny"
        build(source, tree, assignment)
        return _read(course, "tiny", source, tree)


def _read(course: Course, name: str, filled: Path, tree: Path) -> Proof:
    reading = Reading(course, course.assignment(name), filled, tree)
    findings = (*reading.files(), *reading.contents())
    assert len({finding.check for finding in findings}) == len(findings)
    return Proof(name, findings)


def faults(proof: Proof) -> dict[str, str]:
    """Return the faults that prevent a release, by the checked part."""
    return {finding.check: finding.detail for finding in proof.faults}
