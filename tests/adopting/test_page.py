"""The page on adopting works from an empty folder to feedback, with nbgrader's own example."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from autograder.capacity import Machine
from autograder.course.assignment import Course
from autograder.course.gradecells import grade_id, is_coded
from autograder.grading import forkserver
from autograder.grading.report import Report
from autograder.release.proof.junk import KINDS, write_reference
from tests.grading.tiny_class import run_here

PAGE = Path(__file__).parents[2] / "docs" / "adopting.md"
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
LINES = [line for block in BLOCKS for line in block.splitlines()]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder, in which a proof marks one kind of junk."""
    kind, words = next(iter(KINDS.items()))
    monkeypatch.setattr("autograder.release.proof.trials.KINDS", {kind: words})
    monkeypatch.setattr(Machine, "processors", lambda _: 1)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    forkserver.stop()


def run(line: str) -> str:
    """Run a line of the page in the working folder; return its output."""
    program, *arguments = shlex.split(line)
    if program == "fdl":
        done = run_here(arguments)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return " ".join(done.stdout.split())
    if program == "cd":  # the fixture goes back
        os.chdir(*arguments)
        return ""
    own = [sys.executable, "-m", "nbgrader"] if program == "nbgrader" else [program]
    subprocess.run([*own, *arguments], env=os.environ, check=True, capture_output=True)
    return ""


def points_in(folder: Path) -> dict[str, float]:
    """The points of all cells of nbgrader's notebooks, by name."""
    cells = (cell for path in folder.glob("*.ipynb") for cell in nbformat.read(path, 4).cells)
    known = [cell.metadata.nbgrader for cell in cells if "nbgrader" in cell.metadata]
    return {each.grade_id.replace("_", "-"): each.points for each in known if "points" in each}


def test_the_page_shows_the_whole_way() -> None:
    programs = [line.split()[0] for line in LINES]
    assert programs == ["nbgrader", "mkdir", "cd", "fdl", "fdl", "mkdir", "cp", "fdl", "fdl"]


def test_example_course_is_adopted_with_its_points(empty: Path) -> None:
    for line in LINES[:4]:
        told = run(line)
    assert "Tests mark 4 items (3 points); a person marks 5 items (10 points)." in told
    course = Course(empty / "mycourse")
    items = course.assignment("ps1").items
    assert {name: item.max_points for name, item in items.items()} == points_in(
        empty / "course101" / "source" / "ps1"
    )
    assert course.assignment("ps1").proof == "light"


@pytest.mark.slow
def test_the_page_works_from_an_empty_folder(empty: Path) -> None:
    told = {line: run(line) for line in LINES}
    assert "ps1: fit to publish" in told["fdl release ps1"]
    assert "no misconceptions yet: 0 of 4 items" in told["fdl release ps1"]
    course = Course(empty / "mycourse")
    report = Report.read(course.report("anna", "ps1"))
    assert report.points == 0
    page = course.feedback("anna", "ps1") / "index.html"
    assert "Part A: correct-squares" in page.read_text(encoding="utf-8")
    assert "no misconceptions yet: 0 of 4 items" in run("fdl release ps1 --check")
    write_reference(course.source("ps1"), course.release("ps1"), course.submission("bela", "ps1"))
    run("fdl grade ps1")
    assert Report.read(course.report("bela", "ps1")).points == 3
    notebook = nbformat.read(course.autograded("bela", "ps1") / "problem1.ipynb", 4)
    (own,) = [c for c in notebook.cells if is_coded(c) and "application" in grade_id(c)]
    assert own.source.startswith("def pyramidal_number")
    assert "Rubric" not in own.source
