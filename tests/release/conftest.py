"""A made-up course, small enough to break in every way."""

from __future__ import annotations

import shutil
from pathlib import Path

import matplotlib as mpl
import pytest

from autograder.course.assignment import Course

from .marking import Marker, release
from .tiny import write_course

mpl.use("Agg")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this user's own cached proofs unchanged, because only a few are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course with the assignment `tiny`, which is not filled and not released."""
    write_course(tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("published") / "course"
    write_course(root)
    result = release(Course(root), "tiny", mark=Marker())
    assert result.ok, result.faults
    return root


@pytest.fixture
def released(published: Path, tmp_path: Path) -> Course:
    """The same course, filled and released, for one test to break."""
    shutil.copytree(published, tmp_path / "released")
    return Course(tmp_path / "released")
