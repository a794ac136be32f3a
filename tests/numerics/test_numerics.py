"""The race compares answers before times, names every library left out, and shows its results."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from solutions.hw2 import ntk
from tests.numerics.child import peak_memory
from tests.numerics.problems import (
    LIMIT,
    NETWORK,
    PROBLEMS,
    Problem,
    distance,
    explicit_kernel,
)
from tests.numerics.race import DisagreementError, Home, Result, check, find_homes, race
from tests.numerics.tables import Race, rows
from tests.numerics.ways import WAYS, closed_form, kit_kernel

HERE = Home(sys.executable, "numpy")
ABSENT = dict.fromkeys(("jax", "torch", "neural_tangents"), "x is not installed")
SMALL = (PROBLEMS[0], PROBLEMS[4])


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return race({"numpy": HERE, **ABSENT}, SMALL, rounds=2)


def test_every_way_is_told_of(results: list[Result]) -> None:
    told = [(result.problem, result.way) for result in results]
    assert told == [(str(problem), way.name) for problem in SMALL for way in WAYS[problem.task]]


def test_what_is_installed_is_measured_and_what_is_not_is_named(results: list[Result]) -> None:
    modules = {way.name: way.module for ways in WAYS.values() for way in ways}
    for result in results:
        if modules[result.way] == "numpy":
            assert not result.why
            assert len(result.seconds) == 2
            assert result.peak > result.memory >= 0
            assert result.off < 1e-6
        else:
            assert result.why == "x is not installed"
            assert not result.seconds


def test_modules_are_found_or_it_is_said_why_not(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'ImportError: it is too old' >&2\nexit 1\n")
    python.chmod(0o755)
    assert set(find_homes([str(python)]).values()) == {
        f"{name} cannot be imported: ImportError: it is too old"
        for name in ("numpy", "jax", "torch", "neural-tangents")
    }
    found = find_homes([str(python), sys.executable])["numpy"]
    assert found == Home(sys.executable, f"numpy {np.__version__}")


def test_answer_that_is_off_stops_the_race() -> None:
    problem = Problem(NETWORK, {"N": 5, "m": 30, "d": 3})
    kit, other = WAYS[NETWORK][:2]
    right = kit_kernel(*problem.inputs())()
    assert check(problem, kit, right, None) < 1e-12
    assert check(problem, other, right * (1 + 1e-9), right) < 1e-8
    for way, expected in ((kit, None), (other, right)):
        for wrong in (right * 1.001, right[:2], np.full_like(right, np.nan)):
            with pytest.raises(DisagreementError, match="no time of it would mean anything"):
                check(problem, way, wrong, expected)


def test_distance_is_relative_to_the_largest_entry() -> None:
    assert distance(np.array([4.0, 1.0]), np.array([4.0, 1.2])) == pytest.approx(0.05)


def test_closed_form_is_the_limit() -> None:
    (X,) = Problem(LIMIT, {"N": 7, "d": 3}).inputs()
    for n in (1, 2):
        assert distance(closed_form(X, n), ntk.limit_ntk(X, n)) < 1e-7


def test_explicit_kernel_is_of_the_first_inputs() -> None:
    v, W, X = Problem(NETWORK, {"N": 5, "m": 30, "d": 3}).inputs()
    assert explicit_kernel((v, W, X), 2).shape == (2, 2)
    np.testing.assert_allclose(explicit_kernel((v, W, X), 5), kit_kernel(v, W, X)(), rtol=1e-12)


def test_peak_is_the_highest_of_this_process() -> None:
    before = peak_memory()
    held = np.ones(before // 8 + 10_000_000)
    assert peak_memory() >= before + 80_000_000
    del held
    assert peak_memory() >= before + 80_000_000


def test_ratios_are_of_medians_between_the_extremes() -> None:
    kit = Result("p", "kit", seconds=(1.0, 2.0, 4.0), memory=3_000_000, peak=90_000_000)
    other = replace(kit, way="other", seconds=(3.0, 6.0, 8.0))
    absent = Result("p", "absent", "absent is not installed")
    assert list(rows([kit, other, absent])) == [
        ("kit", "2", "", "", "", "3 MB", "90 MB"),
        ("other", "6", "3", "0.75", "8", "3 MB", "90 MB"),
        ("absent", "absent is not installed", "", "", "", "", ""),
    ]


def test_page_and_json_hold_everything(results: list[Result], tmp_path: Path) -> None:
    errors = {"1": [3.25e-15, 0.5], "2": [1e-16, 4.0]}
    found = Race(results, ["numpy 2", "jax is not installed"], "2 processors", errors)
    page = found.page()
    row = "| 1 | 3.2e-15 | 5.0e-01 |"
    for text in ("- jax is not installed", "2 processors", row, *map(str, SMALL)):
        assert text in page
    assert "@" not in page
    assert page.count("| x is not installed |") == sum(1 for result in results if result.why)
    file = tmp_path / "race.json"
    file.write_text(found.to_json())
    assert Race.read(file) == found
