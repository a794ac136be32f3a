"""Check that a release has no stray files, and no traces of the machine that built it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path

from nbformat import NotebookNode

from autograder.course.assignment import Assignment
from autograder.course.layout import COMPANIONS, SETTINGS, is_left_by_program
from autograder.release.pictures import picture_faults
from autograder.release.preprocessors import NOTEBOOK_METADATA, strip
from autograder.release.proof.texts import Text, cells

_MACHINE_PATH = re.compile(
    r"(?<![\w./:~)\]}-])(?:/(?:home|Users|root|tmp|var|mnt|opt|private|work|srv|media|data)/[\w.]"
    r"|file:///|[A-Za-z]:\\{1,2}(?:Users|Documents|Windows))[^\s\"'<>]*"
)

_SWEPT = "students would get it: delete it, or run `fdl release {}`, which deletes it"

MAX_DATA_BYTES = 15_000_000
"""Maximum size of all data files of a homework together, in bytes.

Each sandbox gets a copy of all data files."""


def expected_files(assignment: Assignment) -> frozenset[str]:
    """Return the names of the files that an assignment's source and release should have."""
    notebooks = (f"{problem.name}.ipynb" for problem in assignment.problems)
    return frozenset((*notebooks, *COMPANIONS, *assignment.files))


def file_faults(
    tree: Path, assignment: Assignment, label: str, *, in_use: bool = False
) -> Iterator[str]:
    """Yield files that do not belong in a folder, and files that are missing.

    If `in_use` is True, files that JupyterLab, Python and file managers leave are allowed.
    """
    expected = expected_files(assignment)
    if not tree.is_dir():
        yield f"{label} is missing"
        return
    for path in sorted(tree.iterdir()):
        is_left = is_left_by_program(path.name)
        if in_use and is_left:
            continue
        where = f"{label}/{path.name}"
        if path.is_symlink():
            yield f"{where} is a link; replace the link with the file itself"
        elif path.is_dir():
            advice = _SWEPT.format(assignment.name) if is_left else "delete the folder"
            yield f"{where}/ does not belong in this place; {advice}"
        elif is_left:
            yield f"{where} does not belong in this place; {_SWEPT.format(assignment.name)}"
        elif path.name not in expected:
            yield (
                f"{where} does not belong in this place; delete it or move it elsewhere, or list "
                f"it in {SETTINGS} if students need it: [assignments.{assignment.name}] "
                f'files = ["{path.name}"]'
            )
    for name in sorted(expected):
        if not (tree / name).is_file():
            listed = (
                f", which {SETTINGS} lists among its files," if name in assignment.files else ""
            )
            yield f"{label}/{name}{listed} is missing"
    size = sum((tree / n).stat().st_size for n in assignment.files if (tree / n).is_file())
    if size > MAX_DATA_BYTES:
        yield (
            f"{label}: the data files take {size / 1e6:.0f} MB together, but a sandbox accepts "
            f"at most {MAX_DATA_BYTES / 1e6:.0f} MB: make them smaller"
        )


def cell_faults(released: Mapping[str, NotebookNode]) -> Iterator[str]:
    """Yield outputs, counts, attachments and metadata that a release must not have."""
    for where, cell in cells(released):
        if cell.get("outputs"):
            yield f"{where} has an output"
        if cell.get("execution_count") is not None:
            yield f"{where} has the execution count {cell.execution_count}"
        yield from picture_faults(cell, where)
        clean = deepcopy(cell)
        strip(clean)
        if clean.source != cell.source:
            yield f"{where} still has its directive line"
        for key, value in sorted(cell.metadata.items()):
            if clean.metadata.get(key) != value or not isinstance(value, bool | dict | list):
                yield f"{where} has the metadata {key} = {value!r}, which a release does not need"
    for name, notebook in released.items():
        for key in sorted(set(notebook.metadata) | set(NOTEBOOK_METADATA)):
            if notebook.metadata.get(key) != NOTEBOOK_METADATA.get(key):
                yield f"{name}: the metadata {key!r} differs from that of a release"


def path_faults(all_texts: Iterable[Text], *, own: Iterable[Path] = ()) -> Iterator[str]:
    """Yield absolute paths of this machine, and paths that look like home or scratch folders."""
    prefixes = {str(path) for path in (*own, Path.home(), Path(sys.prefix)) if len(path.parts) > 2}
    for text in all_texts:
        found = _MACHINE_PATH.search(text.content)
        known = next((prefix for prefix in prefixes if prefix in text.content), None)
        if found or known:
            yield f"{text.where} contains a path of a machine: {found[0] if found else known}"
