"""In the sandbox that marks submissions, checks print plain text and packing does nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox import Limits, examine
from autograder.sandbox.session import Cell, CellResult, Notebook, Sandbox

CELLS = (
    "import checks\ndef gd_update(u, v, eta):\n    return u, v",
    "checks.p2b_gd_update(globals())",
    "checks.pack()",
    "open('problem1_momentum.ipynb', 'w').write('{\"cells\": []}')\nchecks.pack()",
    "checks.hint('p2b-gd-update')",
)


@pytest.fixture(scope="module")
def results(checks_file: Path) -> Iterator[dict[int, CellResult]]:
    files = {"checks.py": checks_file.read_bytes()}
    with Sandbox(examine(use_outer=True), Limits()) as sandbox:
        cells = [Cell(index, source) for index, source in enumerate(CELLS)]
        notebook = Notebook(sandbox, "problem2_landscape", cells, files, 0)
        notebook.run(time.monotonic() + 600)
        yield notebook.results
        notebook.close()


def shown(result: CellResult) -> str:
    assert result.error is None
    assert all(output["output_type"] == "stream" for output in result.outputs)
    return "".join(output["text"] for output in result.outputs)


def test_check_prints_plain_text_there(results: dict[int, CellResult]) -> None:
    text = shown(results[1])
    assert text.startswith("✗ p2b-gd-update: not right yet – ")
    assert len(text) < 1_000


def test_pack_does_nothing_there(results: dict[int, CellResult]) -> None:
    assert shown(results[2]).startswith("checks.pack(): found no notebook of this homework")


def test_pack_starts_no_process_there_even_if_notebooks_were_put_beside_it(
    results: dict[int, CellResult],
) -> None:
    assert "it can't be run from here (PermissionError" in shown(results[3])


def test_hints_can_be_asked_for_there(results: dict[int, CellResult]) -> None:
    assert "Hint 1 of 3" in shown(results[4])
