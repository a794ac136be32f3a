"""Fixtures for the tests of the notebooks and of the visible checks."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from nbformat import NotebookNode

from autograder.course.assignment import Course, read_notebook
from autograder.release.checksfile import self_contained
from solutions.hw2 import figures, landscape, momentum, ntk

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "source" / "hw2"

Names = dict[str, Any]


@pytest.fixture(scope="session", autouse=True)
def _no_windows() -> None:
    mpl.use("Agg")


@pytest.fixture(autouse=True)
def _figures_closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def checks_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The students' checks.py: the source's own, with the machinery and the facts in it."""
    source = (SOURCE / "checks.py").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("released") / "checks.py"
    path.write_text(self_contained(source, Course(ROOT).assignment("hw2")), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def checks(checks_file: Path) -> Iterator[ModuleType]:
    """The students' checks.py, imported as the notebooks do, by the name `checks`."""
    spec = importlib.util.spec_from_file_location("checks", checks_file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["checks"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["checks"]


@pytest.fixture
def names() -> Names:
    """The names that finished notebooks define: every reference function by its name."""
    return {
        name: thing
        for module in (momentum, landscape, ntk, figures)
        for name, thing in vars(module).items()
        if not name.startswith("_")
    }


@pytest.fixture(scope="session")
def notebooks() -> dict[str, NotebookNode]:
    """The three source notebooks by their names."""
    return {path.stem: read_notebook(path) for path in sorted(SOURCE.glob("*.ipynb"))}


@pytest.fixture
def folder(tmp_path: Path, checks_file: Path) -> Path:
    """A student's folder, so far with checks.py alone."""
    (tmp_path / "checks.py").write_bytes(checks_file.read_bytes())
    return tmp_path


@pytest.fixture
def packing(folder: Path) -> ModuleType:
    """The folder's checks.py as a module."""
    spec = importlib.util.spec_from_file_location("packing", folder / "checks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["packing"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    del sys.modules["packing"]
    return module


@pytest.fixture
def _nothing_runs(packing: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let packing read the files and run nothing."""
    monkeypatch.setattr(packing, "run_again", lambda *_: packing.Run({}, 0))
