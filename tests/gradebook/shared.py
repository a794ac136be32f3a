"""Folders that are made once for all tests and workers of a run, and copied by each test."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.gradebook.database import open_gradebook

from .course import write_course


def once(
    config: pytest.Config,
    factory: pytest.TempPathFactory,
    name: str,
    make: Callable[[Path], object],
) -> Path:
    """Return the folder of this name; `make` fills the folder in the first worker that asks."""
    base = factory.getbasetemp()
    if hasattr(config, "workerinput"):  # in pytest-xdist's folder of the run
        base = base.parent
    folder, unfinished = base / f"shared-{name}", base / f"unfinished-{name}"
    with (base / f"lock-{name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(folder)
    return folder


def empty_gradebook(config: pytest.Config, factory: pytest.TempPathFactory) -> Path:
    """Return an empty gradebook, made as by a user whose virtual environment is not on PATH."""

    def make(folder: Path) -> None:
        course = write_course(folder / "course")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", "/usr/bin:/bin")
            with open_gradebook(course):
                pass

    return once(config, factory, "gradebook", make) / "course" / "gradebook.db"


def copied(original: Path, root: Path) -> Course:
    """Return a copy of a course, written over the files that `root` already contains."""
    shutil.copytree(original, root, dirs_exist_ok=True)
    return Course(root)
