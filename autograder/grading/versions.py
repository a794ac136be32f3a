"""Versions and hashes of this grader and of an assignment.

Results that depend only on the grader and the assignment can be cached under these hashes.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autograder.course.assignment import Assignment, Course
from autograder.course.bundle import files_in
from autograder.sandbox.visiblefiles import view

KIT = "fdl-homework-kit"
PACKAGES = (
    "numpy", "matplotlib", "ipython", "msgpack", "msgspec", "nbconvert", "nbformat", "nbgrader",
    "nh3", "pillow", "pytest",
)  # fmt: skip
"""Packages that are used to mark or to show marks."""

_CODE = {".py", ".html", ".css"}
AFTER_MARKING = frozenset(
    {"cli.py", "commands", "desk", "exports", "gradebook", "pages", "platforms", "release", "runs"}
)
"""Parts of the kit that marking does not import."""


def hash_of_tests(course: Course, assignment: Assignment, seed: int) -> str:
    """Return the hash of everything that the tests' outcomes depend on, except the answers."""
    asked = (assignment.name, list(assignment.items.items()))
    parts = (seed, *asked, assignment.tolerance, assignment.limits, hash_of_grader(recording=False))
    folders = course.hidden(assignment.name), course.solutions(assignment.name)
    return hashlib.sha256(repr((parts, hash_of_folders(*folders))).encode()).hexdigest()


def hash_of_folders(*folders: Path) -> str:
    """Return the hash of the files in these folders: their relative names and contents."""
    found = hashlib.sha256()
    for number, folder in enumerate(folders):
        for name, path in files_in(folder):
            add(found, f"{number}/{name}", path.read_bytes())
    return found.hexdigest()


@cache
def grader_parts() -> Mapping[str, str]:
    """Return this grader's parts for people to compare: versions, and the hash of its code."""
    versions = {name: _version(name) for name in PACKAGES}
    return {"kit": _version(KIT), "code": _code(), **versions, "Python": sys.version}


def differences(there: Mapping[str, str], here: Mapping[str, str]) -> Iterator[str]:
    """Yield each difference between two graders, in words."""
    names = [name for name in {**here, **there} if there.get(name) != here.get(name)]
    for name in names:
        yield f"{name} {_short(name, there)} there, {_short(name, here)} here"
    if names and "kit" not in names:
        yield f"both have version {here['kit']} of the kit"


def _short(name: str, parts: Mapping[str, str]) -> str:
    """Return a part's version on one line; only the beginning of a hash."""
    value = " ".join(parts.get(name, "none").split())
    return value[:12] if name == "code" else value


@cache
def hash_of_grader(*, recording: bool = True) -> str:
    """Return the hash of this grader: its code, all installed packages, and Python.

    With `recording=False`, code that only records, releases or prints marks does not count.
    """
    code = _code(frozenset() if recording else AFTER_MARKING)
    return hashlib.sha256(repr((code, _packages(), sys.version)).encode()).hexdigest()


def add(found: hashlib._Hash, name: str, content: bytes) -> None:
    """Add a part to the hash, so that different lists of parts never look the same."""
    label = name.encode("utf-8", "surrogateescape")
    found.update(b"%d %d " % (len(label), len(content)) + label + content)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


@cache
def _code(left_out: frozenset[str] = frozenset()) -> str:
    found = hashlib.sha256()
    for name, path in files_in(Path(__file__).parents[1]):
        if path.suffix in _CODE and name.partition("/")[0] not in left_out | {"hidden"}:
            add(found, name, path.read_bytes())
    return found.hexdigest()


def _packages() -> list[str]:
    """Return all installed packages with their versions; student code may import any of them."""
    return sorted(
        path.name
        for folder in view().packages
        for kind in ("dist-info", "egg-info")
        for path in folder.glob(f"*.{kind}")
    )
