"""What a mark depends on, as one hash: the submission, the assignment, the grader and its settings.

Marking is a pure function of these. So where the hash is the same as it was, so are the marks, and
nothing has to be run to know them.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import autograder
from autograder.assignment import Assignment, Course
from autograder.grading.mark import MarkSettings
from autograder.sandbox import Protection, examine
from autograder.settings import SETTINGS
from autograder.submission import content_of

PACKAGES = (
    "numpy", "matplotlib", "ipython", "msgpack", "nbconvert", "nbformat", "nbgrader", "nh3",
    "pillow", "pytest",
)  # fmt: skip
"""Other versions of these may give other marks, or record them otherwise."""

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
        protection: Protection | None = None,
    ) -> None:
        """`protection` is what the submissions are marked behind (default: this machine's)."""
        settings = settings or MarkSettings()
        behind = protection or examine(
            use_outer=settings.use_outer, unprotected=settings.unprotected
        )
        found = hashlib.sha256()
        for part in (
            assignment.name,
            assignment.seed if seed is None else seed,
            sorted(asdict(settings.limits).items()),
            behind.level,
            sorted(behind.walls().items()),
        ):
            _add(found, "settings", repr(part).encode())
        for name, content in _assignment_files(course, assignment.name):
            _add(found, name, content)
        _add(found, "grader", _grader().encode())
        self._common = found

    def of(self, path: Path) -> str:
        """The fingerprint of the submission in a folder, or of one notebook: 64 letters."""
        found = self._common.copy()
        for name, content in content_of(path):
            _add(found, name, content)
        return found.hexdigest()


def _assignment_files(course: Course, assignment: str) -> Iterator[tuple[str, bytes]]:
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
def _grader() -> str:
    """What this grader is: its own code, the packages that it marks with, and Python."""
    folder = Path(autograder.__file__).parent
    found = hashlib.sha256()
    for path in _files(folder):
        inside = path.relative_to(folder)
        if path.suffix in _CODE and inside.parts[0] != "hidden":
            _add(found, str(inside), path.read_bytes())
    for name in PACKAGES:
        _add(found, name, _version(name).encode())
    _add(found, "Python", sys.version.encode())
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
