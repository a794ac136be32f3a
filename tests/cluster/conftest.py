from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.grading.tiny_class import grade_here

from .machines import ROOT, Machines, make_class, reports


@pytest.fixture(scope="package")
def traps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traps")


@pytest.fixture(scope="package")
def handed_in(tmp_path_factory: pytest.TempPathFactory, traps: Path) -> Path:
    root = tmp_path_factory.mktemp("cluster") / "course"
    make_class(root, traps)
    return root


@pytest.fixture
def course(handed_in: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(handed_in, tmp_path / "course"))


@pytest.fixture(scope="package")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    found = Machines(tmp_path_factory.mktemp("machines"))
    try:
        found.start()
        yield found
    finally:
        found.close()


@pytest.fixture(scope="package")
def local(handed_in: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The records of a run on this machine."""
    root = Path(shutil.copytree(handed_in, tmp_path_factory.mktemp("local") / "course"))
    grade_here(root, "--jobs", "2")
    return reports(root)


@dataclass(frozen=True)
class Quick:
    """The addresses of two schedulers: one with two workers, one without workers."""

    crowded: str
    empty: str


@pytest.fixture(scope="package")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quick]:
    """Schedulers and workers that share a process, for tests that do not change them."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.cluster.oneprocess"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "DASK_TEMPORARY_DIRECTORY": str(tmp_path_factory.mktemp("dask"))},
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Quick(*process.stdout.readline().split())
        process.stdin.close()
