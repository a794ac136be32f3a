"""What a mark depends on, as one hash: the submission, the assignment, the grader and its settings.

Marking is a pure function of these. So where the hash is the same as it was, so are the marks, and
nothing has to be run to know them.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import autograder
from autograder.assignment import SETTINGS, Assignment, Course
from autograder.grading.mark import MarkSettings
from autograder.sandbox import Protection, examine
from autograder.submission import content_of

PACKAGES = (
    "numpy", "matplotlib", "ipython", "msgpack", "nbconvert", "nbformat", "nbgrader", "nh3",
    "pillow", "pytest",
)  # fmt: skip
"""Other versions of these may give other marks, or record them otherwise."""

KIT = "fdl-homework-kit"
NBGRADER_SETTINGS = "nbgrader_config.py"
_CODE = {".py", ".html", ".css"}


class Fingerprints:
    """Fingerprints of submissions, for one assignment, grader, seed and settings."""

    def __init__(
        self,
        course: Course,
        assignment: Assignment,
        *,
        seed: int | None = None,
        settings: MarkSettings | None = None,
        protections: Sequence[Protection] = (),
    ) -> None:
        """`protections` are what each submission is marked behind, one or another of them.

        Default: this machine's.
        """
        settings = settings or MarkSettings()
        behind = protections or [
            examine(use_outer=settings.use_outer, unprotected=settings.unprotected)
        ]
        found = hashlib.sha256()
        for part in (
            assignment.name,
            assignment.seed if seed is None else seed,
            sorted(asdict(settings.limits).items()),
            *sorted(set(map(_stands_for, behind))),
        ):
            _add(found, "settings", repr(part).encode())
        for name, content in assignment_files(course, assignment.name):
            _add(found, name, content)
        _add(found, "grader", grader().encode())
        self._common = found

    def of(self, path: Path) -> str:
        """The fingerprint of the submission in a folder, or of one notebook: 64 letters."""
        found = self._common.copy()
        for name, content in content_of(path):
            _add(found, name, content)
        return found.hexdigest()


def _stands_for(protection: Protection) -> str:
    return repr((protection.level, sorted(protection.walls().items())))


def assignment_files(course: Course, assignment: str) -> Iterator[tuple[str, bytes]]:
    """The files that say what is asked, how it is tested and how the marks are recorded."""
    for name in (SETTINGS, NBGRADER_SETTINGS):
        path = course.root / name
        if path.is_file():
            yield name, path.read_bytes()
    folders = {
        "source": course.source(assignment),
        "release": course.release(assignment),
        "hidden": course.hidden(assignment),
        "solutions": course.solutions(assignment),
    }
    for name, folder in folders.items():
        for path in _files(folder):
            yield f"{name}/{path.relative_to(folder)}", path.read_bytes()


def _files(folder: Path) -> list[Path]:
    """The files in a folder, but for caches and what is hidden."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(p == "__pycache__" or p.startswith(".") for p in path.relative_to(folder).parts)
    )


@cache
def grader_parts() -> Mapping[str, str]:
    """What this grader is: the kit, its own code, the packages that it marks with, and Python."""
    folder = Path(autograder.__file__).parent
    code = hashlib.sha256()
    for path in _files(folder):
        inside = path.relative_to(folder)
        if path.suffix in _CODE and inside.parts[0] != "hidden":
            _add(code, str(inside), path.read_bytes())
    packages = {name: _version(name) for name in PACKAGES}
    return {"kit": _version(KIT), "code": code.hexdigest(), **packages, "Python": sys.version}


def grader() -> str:
    """The hash of `grader_parts`."""
    found = hashlib.sha256()
    for name, value in grader_parts().items():
        _add(found, name, value.encode())
    return found.hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _add(found: hashlib._Hash, name: str, content: bytes) -> None:
    """Add a part so that no two lists of parts read alike."""
    label = name.encode("utf-8", "surrogateescape")
    found.update(b"%d %d " % (len(label), len(content)) + label + content)
