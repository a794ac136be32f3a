"""Keep the cells of earlier releases, so that no student is blamed for an instructor's change.

Students may work in a notebook of an earlier release, in which cells had other points or texts.
`fdl release` notes these cells in `release/.earlier/HW.json` before it replaces a release. The file
grows only if cells change.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import cast

import msgspec
from nbformat import NotebookNode

from autograder.course.assignment import read_notebook
from autograder.course.gradecells import by_grade_id, declared
from autograder.course.layout import earlier_file, notebook_files
from autograder.durable import make_folder, write_bytes
from autograder.errors import CourseError
from autograder.submission.cells import normal

_ABSENT = None
"""Value in place of a cell's version if a release did not have the cell."""

Declared = tuple[str | int | float | bool | None, ...]


class Version(msgspec.Struct, frozen=True, array_like=True):
    """A cell in an earlier release: its nbgrader metadata, and the digest of its text."""

    declared: Declared
    text: str


Versions = tuple[Version | None, ...]
"""All versions of a cell in earlier releases; None if a release did not have the cell."""

Cells = Mapping[str, Versions]
"""The cells of a problem in earlier releases, by nbgrader id."""


@dataclass(frozen=True)
class EarlierCell:
    """The earlier versions of one released cell."""

    versions: Versions = ()

    def has_text(self, text: str) -> bool:
        """Return whether the cell had this text in an earlier release."""
        if not self.versions:
            return False
        digest = _digest(text)
        return any(each.text == digest for each in self.versions if each)

    def has_declared(self, found: tuple[object, ...]) -> bool:
        """Return whether the cell had these nbgrader metadata in an earlier release."""
        return any(each.declared == found for each in self.versions if each)

    @property
    def was_absent(self) -> bool:
        """Whether an earlier release did not have the cell."""
        return _ABSENT in self.versions


def cell_in(cells: Cells, name: str) -> EarlierCell:
    """Return the earlier versions of the cell `name`."""
    return EarlierCell(cells.get(name, (_ABSENT,) if cells else ()))


def read_earlier(release: Path) -> dict[str, Cells]:
    """Return the cells of the releases before `release`, by problem; {} if there are none.

    Raises CourseError if the file cannot be read.
    """
    path = earlier_file(release)
    if not path.exists():
        return {}
    try:
        found: dict[str, Cells]
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, Versions]])
    except (OSError, msgspec.MsgspecError) as error:
        raise CourseError(
            f"{path} can't be read ({error}): restore it from version control, or delete it; "
            "without it, students who work in an earlier release are blamed for changed cells"
        ) from error
    return found


def keep_earlier(release: Path, fresh: Path) -> None:
    """Note the cells of the release that `fresh` is about to replace, if `fresh` changes them."""
    known, new = read_earlier(release), _cells_in(fresh)
    found = {
        problem: _with_versions(known.get(problem, {}), cells)
        for problem, cells in _cells_in(release).items()
        if cells != new.get(problem)
    }
    if (known | found) != known:
        path = earlier_file(release)
        make_folder(path.parent)
        content = msgspec.json.encode(known | found, order="sorted")
        write_bytes(path, msgspec.json.format(content, indent=1) + b"\n")


def _cells_in(release: Path) -> dict[str, dict[str, Version]]:
    """Return the cells of each problem, by nbgrader id; skip notebooks that can't be read."""
    found = {}
    for path in notebook_files(release):
        with suppress(CourseError):
            cells = by_grade_id(read_notebook(path))
            found[path.stem] = {name: _version(cell) for name, cell in cells.items()}
    return found


def _version(cell: NotebookNode) -> Version:
    return Version(cast("Declared", declared(cell)), _digest(normal(str(cell.source))))


def _with_versions(known: Cells, now: Mapping[str, Version]) -> dict[str, Versions]:
    return {
        name: tuple(dict.fromkeys((*cell_in(known, name).versions, now.get(name, _ABSENT))))
        for name in (*now, *(name for name in known if name not in now))
    }


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
