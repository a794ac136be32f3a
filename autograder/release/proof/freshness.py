"""Check that the generated source and release are up to date."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from autograder.course.assignment import Assignment, Course
from autograder.course.gradecells import grade_id
from autograder.course.layout import COMPANIONS, CourseFolder
from autograder.release.fill import filled_source, read_source


def stage_source(course: Course, assignment: Assignment, folder: Path) -> Path:
    """Write the filled source into `folder`/source/NAME, and change no file of the course."""
    source, stage = course.source(assignment.name), CourseFolder(folder).source(assignment.name)
    stage.mkdir(parents=True)
    for file, text in filled_source(course, assignment.name).items():
        (stage / file).write_text(text, encoding="utf-8", newline="\n")
    for file in (*COMPANIONS, *assignment.files):
        path = source / file
        if path.is_file() and not path.is_symlink() and not (stage / file).exists():
            shutil.copyfile(path, stage / file)
    return stage


def stale_faults(tree: Path, fresh: Path, label: str) -> Iterator[str]:
    """Yield the files of `tree` that differ from the files of `fresh`, with the differing cells."""
    for path in sorted(fresh.iterdir()):
        present = tree / path.name
        if not present.is_file():
            yield f"{label}/{path.name} is missing"
        elif present.read_bytes() != path.read_bytes():
            yield f"{label}/{path.name} is out of date{_where(present, path)}"


def _where(present: Path, fresh: Path) -> str:
    """Return as text the cells in which two notebooks differ."""
    if fresh.suffix != ".ipynb":
        return ""
    old, new = _cells(read_source(present)), _cells(read_source(fresh))
    names = [name for name in dict.fromkeys([*new, *old]) if new.get(name) != old.get(name)]
    if not names:
        return ""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f", in the cells {', '.join(names[:5])}{more}"


def _cells(notebook: NotebookNode) -> dict[str, NotebookNode]:
    return {grade_id(cell) or str(cell.id): cell for cell in notebook.cells}
