"""What a mark depends on, as one hash: the submission, the assignment, the grader and its settings.

Marking is a pure function of these. So where the hash is the same as it was, so are the marks, and
nothing has to be run to know them.

The hash is one for all items: a change of one problem's tests has every notebook of every student
marked anew. A hash for each problem would save the others' time, but tests may share helpers, and a
Report is made of one run. That a change is never missed is worth more.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autograder.assignment import Assignment, Course
from autograder.grading.mark import MarkSettings
from autograder.sandbox import Protection, examine
from autograder.sandbox.view import view
from autograder.settings import SETTINGS
from autograder.submission import content_of

KIT = "fdl-homework-kit"
PACKAGES = (
    "numpy", "matplotlib", "ipython", "msgpack", "nbconvert", "nbformat", "nbgrader", "nh3",
    "pillow", "pytest",
)  # fmt: skip
"""Packages that mark, or show what is marked."""

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
            if name != SETTINGS:
                _add(found, name, content)
        _add(found, SETTINGS, _settings_of_marking(course, assignment.name))
        _add(found, "grader", _grader().encode())
        self._common = found
        self._problems = tuple(problem.name for problem in assignment.problems)

    def of(self, path: Path) -> str:
        """The fingerprint of the submission in a folder, or of one notebook: 64 letters."""
        found = self._common.copy()
        for name, content in content_of(path, self._problems):
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


def _settings_of_marking(course: Course, assignment: str) -> bytes:
    """The settings without what is worked out from marks, and without other assignments'.

    So more time for one marks nobody anew, nor does the next homework.
    """
    of_all = ("rules", "standing", "assignments")
    settings = {key: value for key, value in course.settings.items() if key not in of_all}
    of_dates = ("opens", "due", "rules", "extensions")
    own = course.settings.get("assignments", {}).get(assignment, {})
    settings["assignment"] = {key: value for key, value in own.items() if key not in of_dates}
    return json.dumps(settings, sort_keys=True, default=str).encode()


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
    """What this grader is, in parts that people know: versions, and the hash of its code."""
    versions = {name: _version(name) for name in PACKAGES}
    return {"kit": _version(KIT), "code": _code(), **versions, "Python": sys.version}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


@cache
def _grader() -> str:
    """What a mark depends on of this grader: its code, all that is installed, and Python."""
    return repr((_code(), _packages(), sys.version))


@cache
def _code() -> str:
    folder = Path(__file__).parents[1]
    found = hashlib.sha256()
    for path in _files(folder):
        inside = path.relative_to(folder)
        if path.suffix in _CODE and inside.parts[0] != "hidden":
            _add(found, str(inside), path.read_bytes())
    return found.hexdigest()


def _packages() -> list[str]:
    """The installed packages with their versions: a student's code may import any of them."""
    return sorted(
        path.name
        for folder in view().packages
        for kind in ("dist-info", "egg-info")
        for path in folder.glob(f"*.{kind}")
    )


def _add(found: hashlib._Hash, name: str, content: bytes) -> None:
    """Add a part so that no two lists of parts read alike."""
    label = name.encode("utf-8", "surrogateescape")
    found.update(b"%d %d " % (len(label), len(content)) + label + content)
