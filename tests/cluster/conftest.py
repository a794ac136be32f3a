from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .machines import Machines, make_class, reports


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
    """What a run on this machine records."""
    from typer.testing import CliRunner

    from autograder.cli import app

    root = Path(shutil.copytree(handed_in, tmp_path_factory.mktemp("local") / "course"))
    ended = CliRunner().invoke(app, ["grade", "tiny", "--course", str(root), "--jobs", "2"])
    assert ended.exit_code == 0, ended.output
    return reports(root)
