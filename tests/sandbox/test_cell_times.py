"""One answer that never ends leaves time for the rest of the submission."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autograder.sandbox import Cell, Limits, Notebook, Sandbox

from .rooms import protection

LOOP = "while True:\n    pass"
TIMED = "import time\nstart = time.monotonic()"
TELL = "print(time.monotonic() - start)"


def test_cells_get_less_time_after_one_that_was_stopped() -> None:
    sources = [TIMED, LOOP, TELL, TIMED, LOOP, TELL, TIMED, LOOP, TELL]
    cells = [Cell(index, source) for index, source in enumerate(sources)]
    found = protection("both walls") or protection("inner wall alone")
    if found is None:
        pytest.skip("no wall is available on this machine")
    with Sandbox(found, replace(Limits(), cell_seconds=1.5)) as sandbox:
        notebook = Notebook(sandbox, "notebook", cells, {}, seed=1)
        notebook.run(deadline=float("inf"))
    errors = {k: result.error.kind for k, result in notebook.results.items() if result.error}
    assert errors == {1: "timeout", 4: "timeout", 7: "timeout"}
    took = [float(notebook.results[index].outputs[0]["text"]) for index in (2, 5, 8)]
    assert took[0] > 1.4
    assert took[1] < took[0] / 2
    assert took[2] < took[1]
