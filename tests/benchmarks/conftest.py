"""Tells at the end of the run what the benchmarks measured."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from .figures import Figures

OUTPUT = "FDL_BENCHMARK_JSON"
"""Environment variable: the file that takes the figures (default: one in pytest's own folder)."""

FIGURES = pytest.StashKey[Figures]()


@pytest.fixture(scope="session")
def figures(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Figures]:
    """Where every benchmark of the run puts what it measured; written out after the last one."""
    found = Figures()
    request.config.stash[FIGURES] = found
    default = tmp_path_factory.getbasetemp() / "throughput.json"
    path = Path(os.environ.get(OUTPUT, default))
    yield found
    found.write(path)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    found = config.stash.get(FIGURES, None)
    if found is None or not found.rounds:
        return
    console = Console(width=100)
    with console.capture() as capture:
        console.print(found.tables())
    terminalreporter.write_sep("=", "throughput")
    terminalreporter.write(capture.get())
