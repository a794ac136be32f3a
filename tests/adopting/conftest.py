"""Adopt notebooks that a test writes, without the packages of other tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib as mpl
import pytest
from nbformat import NotebookNode

from .nbgraderbooks import Brought, bring, write

mpl.use("Agg")

Bring = Callable[..., Brought]


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """Remove the packages of adopted homeworks, so that no other test finds them."""
    yield
    parts = ("solutions.h", "autograder.hidden.h", "solutions.ps1", "autograder.hidden.ps1")
    for name in [
        n for n in sys.modules if n in parts or n.startswith(tuple(f"{p}." for p in parts))
    ]:
        del sys.modules[name]


@pytest.fixture
def brought(tmp_path: Path) -> Bring:
    """A function that writes cells into the notebook p.ipynb and adopts it."""

    def adopted(*cells: NotebookNode) -> Brought:
        write(tmp_path / "old" / "p.ipynb", *cells)
        return bring(tmp_path / "old", tmp_path / "course")

    return adopted
