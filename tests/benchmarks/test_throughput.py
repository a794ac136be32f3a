"""Seconds per submission: the kit beside stock nbgrader, and where the kit's time goes.

Both grade the same submissions in courses of their own, with the real commands, the gradebook made
beforehand. Only the ratios mean something on another machine; nothing here fails for being slow.
`FDL_BENCHMARK_ROUNDS` says how often each command is run (default 3).
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from autograder.assignment import Assignment, Course
from autograder.sandbox import examine

from . import bare_cells, stopwatch
from .courses import (
    Marks,
    ScratchCourse,
    make_kit_course,
    make_stock_course,
    recorded_marks,
    run,
    sample_students,
    true_marks,
)
from .figures import ALL_JOBS, BARE, BARE_WITH_FIGURES, ONE_JOB, STOCK, Figures

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("FDL_BENCHMARK_ROUNDS", "3"))
HOMEWORK = "hw2"


@dataclass(frozen=True)
class Bench:
    """The two courses, and the marks that both should record."""

    assignment: Assignment
    kit: ScratchCourse
    stock: ScratchCourse
    marks: Marks


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, figures: Figures) -> Bench:
    """Both courses, with the same submissions in them."""
    course = Course.find(Path(__file__).parent)
    assignment = course.assignment(HOMEWORK)
    students = sample_students(course, assignment)
    root = tmp_path_factory.mktemp("courses")
    figures.protection = f"walls: {examine().level}"
    figures.submissions = len(students)
    return Bench(
        assignment,
        make_kit_course(course, assignment, students, root / "kit"),
        make_stock_course(course, assignment, students, root / "stock"),
        true_marks(assignment, students),
    )


@pytest.fixture
def measure(
    bench: Bench, benchmark: BenchmarkFixture, tmp_path: Path, figures: Figures
) -> Callable[..., None]:
    """Time a command in fresh copies of a course, and hold each gradebook to the true marks."""

    def measured(way: str, template: ScratchCourse, command: str, *arguments: str) -> None:
        numbers = itertools.count()
        copies: list[Path] = []

        def fresh() -> tuple[tuple[Path], dict[str, object]]:
            copies.append(template.copy(tmp_path / f"round-{next(numbers)}"))
            return (copies[-1],), {}

        def grade(root: Path) -> None:
            start = time.perf_counter()
            run(root, command, *arguments)
            figures.add(way, (time.perf_counter() - start) / len(bench.marks))

        benchmark.pedantic(grade, setup=fresh, rounds=ROUNDS, iterations=1)
        for copy in copies:
            assert recorded_marks(copy, bench.assignment) == bench.marks

    return measured


def test_kit_with_one_job(bench: Bench, measure: Callable[..., None]) -> None:
    measure(ONE_JOB, bench.kit, "fdl", "grade", HOMEWORK, "--jobs", "1")


def test_kit_with_the_default_jobs(bench: Bench, measure: Callable[..., None]) -> None:
    measure(ALL_JOBS, bench.kit, "fdl", "grade", HOMEWORK)


def test_stock_nbgrader(bench: Bench, measure: Callable[..., None]) -> None:
    measure(STOCK, bench.stock, "nbgrader", "autograde", HOMEWORK)


def test_cells_alone(
    bench: Bench, benchmark: BenchmarkFixture, figures: Figures, tmp_path: Path
) -> None:
    """The floor: what the cells of one submission and their figures take, run by nothing."""
    root = bench.kit.copy(tmp_path / "course")
    folder = root / "submitted" / next(iter(bench.marks)) / HOMEWORK

    def run_cells() -> None:
        seconds = run_script(bare_cells, folder, root / "release" / HOMEWORK)
        figures.add(BARE, seconds["cells"])
        figures.add(BARE_WITH_FIGURES, seconds["cells"] + seconds["figures"])

    benchmark.pedantic(run_cells, rounds=ROUNDS, iterations=1)


def test_where_the_time_goes(
    bench: Bench, benchmark: BenchmarkFixture, figures: Figures, tmp_path: Path
) -> None:
    """One marking process, with a stopwatch around each stage."""
    root = bench.kit.copy(tmp_path / "course")
    found = benchmark.pedantic(run_script, (stopwatch, root, HOMEWORK), rounds=1, iterations=1)
    count = len(bench.marks)
    figures.stages = {stage: seconds / count for stage, seconds in found["seconds"].items()}
    figures.calls = {stage: calls / count for stage, calls in found["calls"].items()}
    assert recorded_marks(root, bench.assignment) == bench.marks


def run_script(script: ModuleType, *arguments: object) -> dict[str, Any]:
    """What one of the scripts beside this file prints; -P keeps this folder off its path."""
    command = [sys.executable, "-P", str(script.__file__), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    data: dict[str, Any] = json.loads(done.stdout)
    return data
