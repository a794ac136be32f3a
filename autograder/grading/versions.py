"""What this grader and an assignment are, as versions and hashes.

Whatever is worked out from them alone can be kept under these hashes for as long as they hold.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autograder.course.assignment import Assignment, Course
from autograder.course.settings import SETTINGS
from autograder.sandbox.visiblefiles import view

KIT = "fdl-homework-kit"
PACKAGES = (
    "numpy", "matplotlib", "ipython", "msgpack", "nbconvert", "nbformat", "nbgrader", "nh3",
    "pillow", "pytest",
)  # fmt: skip
"""Packages that mark, or show what is marked."""

NBGRADER_SETTINGS = "nbgrader_config.py"
_CODE = {".py", ".html", ".css"}
AFTER_MARKING = frozenset(
    {"cli.py", "commands", "exports", "gradebook", "pages", "platforms", "release", "runs"}
)
"""Parts of the kit that marking imports nothing from."""


def assignment_files(course: Course, assignment: str) -> Iterator[tuple[str, bytes]]:
    """The files that say what is asked, how it is tested and how the marks are recorded."""
    for name in (SETTINGS, NBGRADER_SETTINGS):
        path = course.root / name
        if path.is_file():
            yield name, path.read_bytes()
    yield from _contents("source", course.source(assignment))
    yield from _contents("release", course.release(assignment))
    yield from _contents("hidden", course.hidden(assignment))
    yield from _contents("solutions", course.solutions(assignment))


def hash_of_tests(course: Course, assignment: Assignment, seed: int) -> str:
    """The hash of all that the outcomes of the hidden tests depend on, but for the answers."""
    found = hashlib.sha256()
    add(found, "seed", str(seed).encode())
    add(
        found,
        "items",
        repr((assignment.name, assignment.tolerance, list(assignment.items.items()))).encode(),
    )
    for name, content in (
        *_contents("hidden", course.hidden(assignment.name)),
        *_contents("solutions", course.solutions(assignment.name)),
    ):
        add(found, name, content)
    add(found, "grader", hash_of_grader(recording=False).encode())
    return found.hexdigest()


def hash_of_folders(*folders: Path) -> str:
    """Return the hash of the files in these folders: their names in them, and their contents."""
    found = hashlib.sha256()
    for number, folder in enumerate(folders):
        for name, content in _contents(str(number), folder):
            add(found, name, content)
    return found.hexdigest()


def settings_of_marking(course: Course, assignment: str) -> bytes:
    """The settings without what is worked out from marks, and without other assignments'.

    So more time for one marks nobody anew, nor does the next homework.
    """
    of_all = ("rules", "standing", "assignments")
    settings = {key: value for key, value in course.settings.items() if key not in of_all}
    of_dates = ("opens", "due", "rules", "extensions")
    own = course.settings.get("assignments", {}).get(assignment, {})
    settings["assignment"] = {key: value for key, value in own.items() if key not in of_dates}
    return json.dumps(settings, sort_keys=True, default=str).encode()


@cache
def grader_parts() -> Mapping[str, str]:
    """What this grader is, in parts that people know: versions, and the hash of its code."""
    versions = {name: _version(name) for name in PACKAGES}
    return {"kit": _version(KIT), "code": _code(), **versions, "Python": sys.version}


@cache
def hash_of_grader(*, recording: bool = True) -> str:
    """What a mark depends on of this grader: its code, all that is installed, and Python.

    With `recording=False`, the code that only records, releases or prints marks does not count.
    """
    found = hashlib.sha256()
    code = _code(frozenset() if recording else AFTER_MARKING)
    add(found, "grader", repr((code, _packages(), sys.version)).encode())
    return found.hexdigest()


def add(found: hashlib._Hash, name: str, content: bytes) -> None:
    """Add a part so that no two lists of parts read alike."""
    label = name.encode("utf-8", "surrogateescape")
    found.update(b"%d %d " % (len(label), len(content)) + label + content)


def _contents(name: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in _files(folder):
        yield f"{name}/{path.relative_to(folder)}", path.read_bytes()


def _files(folder: Path) -> Iterable[Path]:
    """The files in a folder, but for caches and what is hidden."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(p == "__pycache__" or p.startswith(".") for p in path.relative_to(folder).parts)
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


@cache
def _code(left_out: frozenset[str] = frozenset()) -> str:
    folder = Path(__file__).parents[1]
    found = hashlib.sha256()
    for path in _files(folder):
        inside = path.relative_to(folder)
        if path.suffix in _CODE and inside.parts[0] not in left_out | {"hidden"}:
            add(found, str(inside), path.read_bytes())
    return found.hexdigest()


def _packages() -> list[str]:
    """The installed packages with their versions: a student's code may import any of them."""
    return sorted(
        path.name
        for folder in view().packages
        for kind in ("dist-info", "egg-info")
        for path in folder.glob(f"*.{kind}")
    )
