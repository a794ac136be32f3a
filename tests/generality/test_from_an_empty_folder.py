"""A teacher's way with the second homework: from an empty folder to feedback and export.

The same commands run in a checkout, and with the kit installed from its wheel.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from autograder.course.assignment import Course, read_notebook
from autograder.course.gradecells import by_grade_id
from autograder.course.samples import load_sample_class, write_submission
from autograder.gradebook.database import open_gradebook
from autograder.grading import forkserver

from ..grading.tiny_class import run_here
from ..new.test_wheel import programs as programs
from ..new.test_wheel import run
from ..new.test_wheel import wheel as wheel
from .course import HOMEWORK, SEED, TITLE, Fdl, write_files

TEXT_POINTS = 1.5
"""Points that a person gives for each text."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    folder.mkdir()
    return folder


@pytest.fixture
def fdl_of_the_checkout(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fdl]:
    def fdl(*arguments: str) -> str:
        done = run_here(arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    monkeypatch.chdir(root)
    yield fdl
    forkserver.stop()


@pytest.mark.slow
def test_checkout(fdl_of_the_checkout: Fdl, root: Path) -> None:
    follow(fdl_of_the_checkout, root)


@pytest.mark.slow
def test_wheel(programs: Path, root: Path) -> None:
    where = run([str(programs / "python"), "-c", "import autograder; print(autograder)"], root)
    assert str(programs.parent) in where, "the wheel is what is tested"
    follow(lambda *arguments: run([str(programs / "fdl"), *arguments], root), root)


def follow(fdl: Fdl, root: Path) -> None:
    """Release, grade, regrade after a change of points, and write feedback and export."""
    fdl("new", HOMEWORK, "--title", TITLE, "--seed", str(SEED))
    write_files(root)
    release(fdl)
    assert "fit to publish" in fdl("release", HOMEWORK, "--check")
    no_tag_is_typed(Course(root))

    hand_in(Course(root))
    table = fdl("grade", HOMEWORK)
    for student, points in {"ada": "13", "bela": "0", "chloe": "12", "dmitri": "10.5"}.items():
        [row] = [line for line in table.splitlines() if f" {student} " in line]
        assert f" {points} of 13 " in row
    training_is_short(root)
    mark_texts(root)

    change_points(Course(root), "p1-accuracy", 2)
    release(fdl)
    fdl("regrade", HOMEWORK)
    assert totals(fdl)["ada"] == 13 + 1 + TEXT_POINTS, "nothing is recorded without --apply"
    fdl("regrade", HOMEWORK, "--apply")
    assert totals(fdl) == {"ada": 15 + TEXT_POINTS, "bela": 0, "chloe": 14, "dmitri": 12.5}

    fdl("feedback", HOMEWORK)
    page = (root / "feedback" / "dmitri" / HOMEWORK / "index.html").read_text(encoding="utf-8")
    assert "a unit that is zero lets nothing through" in page
    assert "the item asks for a share from 0 to 1" in page
    assert len(list(root.glob(f"feedback/*/{HOMEWORK}/problem2_network.html"))) == 4


def release(fdl: Fdl) -> None:
    told = fdl("release", HOMEWORK)
    assert "hw1: fit to publish" in told
    assert "53 of 53 caught, 53 diagnosed" in told
    assert "none of 10 passes" in told  # of the visible checks, without answers


def no_tag_is_typed(course: Course) -> None:
    """Only the released cell of the values may stop with an error, and the build says so."""
    for name in ("problem1_softmax", "problem2_network"):
        typed = read_notebook(course.source(HOMEWORK) / f"{name}.ipynb")
        built = read_notebook(course.release(HOMEWORK) / f"{name}.ipynb")
        assert [cell.id for cell in typed.cells if "tags" in cell.metadata] == []
        tagged = {cell.id: cell.metadata.tags for cell in built.cells if "tags" in cell.metadata}
        values = {"p1-hand-answer": ["raises-exception"]} if name == "problem1_softmax" else {}
        assert tagged == values


def hand_in(course: Course) -> None:
    """Write the submissions of the sample students, whose true marks are known."""
    assignment = course.assignment(HOMEWORK)
    for student in load_sample_class(course, HOMEWORK):
        folder = course.submission(student.name, HOMEWORK)
        write_submission(course, assignment, student, folder)
        assert sorted(os.listdir(folder)) == ["problem1_softmax.ipynb", "problem2_network.ipynb"]


def training_is_short(root: Path) -> None:
    """Marking trains one network and skips the search that takes a student about a minute."""
    path = root / "autograded" / "ada" / HOMEWORK / "problem2_network.ipynb"
    cells = by_grade_id(read_notebook(path))
    assert "image/png" in str(cells["p2-experiment"].outputs)
    assert cells["p2-search"].outputs == []


def mark_texts(root: Path) -> None:
    """Give points for each text that waits for them, as the formgrader does."""
    with open_gradebook(Course(root)) as book, book.transaction():
        notebook = book.find_submission_notebook("problem2_network", HOMEWORK, "ada")
        [text] = [grade for grade in notebook.grades if grade.name == "p2-zeros"]
        assert text.needs_manual_grade
        text.manual_score, text.needs_manual_grade = TEXT_POINTS, False


def change_points(course: Course, item: str, points: float) -> None:
    path = course.source(HOMEWORK) / "problem1_softmax.ipynb"
    notebook = read_notebook(path)
    by_grade_id(notebook)[item].metadata["nbgrader"]["points"] = points
    nbformat.write(notebook, path)


def totals(fdl: Fdl) -> dict[str, float]:
    """Return what `fdl export` writes: the total of each student."""
    rows = csv.DictReader(io.StringIO(fdl("export", HOMEWORK, "--to", "csv").lstrip("\ufeff")))
    return {row["student"]: float(row["total"]) for row in rows}
