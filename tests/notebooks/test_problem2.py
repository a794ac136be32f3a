"""Problem 2 shows the paths of the two updates, and the minutes that its title promises."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from nbformat import NotebookNode

from solutions.hw2 import landscape

from .conftest import Names

PROBLEM = "problem2_landscape"


def run(cell_id: str, notebooks: dict[str, NotebookNode], names: Names) -> None:
    (source,) = [cell.source for cell in notebooks[PROBLEM].cells if cell.id == cell_id]
    exec(compile(source, cell_id, "exec"), names)


@pytest.fixture
def given(names: Names, checks: ModuleType) -> Names:
    return {"checks": checks, "plt": plt, "np": np, **names}


def test_your_two_updates_draw_the_trace_along_their_paths(
    notebooks: dict[str, NotebookNode], given: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    run("p2b-paths", notebooks, given)
    lines = {line.get_label(): np.asarray(line.get_ydata(), float) for line in plt.gca().lines}
    for label, rho in (("GD", 0.0), ("USAM", 0.5)):
        path = landscape.usam(landscape.gradient, np.array([1.5, 0.5, 1.0]), 0.02, rho, 120)
        right = [landscape.hessian_trace(x) for x in path]
        np.testing.assert_allclose(lines[label], right, rtol=1e-9)
    assert lines["USAM"][-1] < 0.8 * lines["GD"][-1]
    assert "after 120 steps" in capsys.readouterr().out


def uphill(u: Any, v: float, eta: float, rho: float) -> tuple[Any, float]:
    factor = 1 + 5 * (eta + rho)
    return factor * v**2 * u, factor * float(u @ u) * float(v)


def test_an_update_that_diverges_ends_its_path_early(
    notebooks: dict[str, NotebookNode], given: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    run("p2b-paths", notebooks, given | {"usam_update": uphill})
    text = capsys.readouterr().out
    assert "does not pass yet" in text
    assert re.search(r"USAM .*, diverged after \d steps", text)


def test_surface_lists_the_starts_whose_ends_differ_most_and_least(
    notebooks: dict[str, NotebookNode], given: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    run("p2c-surface", notebooks, given)
    gaps = [
        float(gap) for gap in re.findall(r"^ +-?\d.* (\d\.\d\d)$", capsys.readouterr().out, re.M)
    ]
    assert len(gaps) == 7
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 1 > 0.02 > gaps[-1]


def test_comparison_says_how_many_runs_diverged(
    notebooks: dict[str, NotebookNode], given: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its function serves the playground too, where runs diverge without a warning."""
    run("p2c-traces", notebooks, given)
    assert "0.100  0.20          1.014    0 of 20" in capsys.readouterr().out
    starts = np.random.default_rng(0).normal(size=(4, 3))
    given["compare"]([0.1], [0.0, 50.0], starts)
    assert "0.100  50.00            nan    4 of 4" in capsys.readouterr().out


def test_title_says_the_sum_of_the_minutes(notebooks: dict[str, NotebookNode]) -> None:
    texts = [cell.source for cell in notebooks[PROBLEM].cells if cell.cell_type == "markdown"]
    minutes = sum(int(found) for found in re.findall(r"About (\d+) minutes, ", "\n".join(texts)))
    assert f"take about {minutes} minutes in all" in texts[0]
