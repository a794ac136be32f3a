"""A release is fit to publish where each misconception loses its own item alone, under its name."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from textwrap import dedent

import pytest

from autograder.assignment import Course
from autograder.errors import CourseError
from autograder.grading.misconceptions import load_misconceptions
from autograder.release import release
from autograder.release.killmatrix import KillMatrix, kill_matrix

from .helpers import replace_text
from .marking import Marker

HEAD = """
from autograder.grading.misconceptions import Catalogue

misconceptions = Catalogue()
"""

SOUND = """
@misconceptions.function("t-slope", "slope", "The factor v is to be squared.")
def factor_not_squared(u, v):
    return v * u, float(np.dot(u, u)) * v


@misconceptions.function("t-slope", "slope", "The norm is to be squared.")
def norm_not_squared(u, v):
    return v * v * u, float(np.sqrt(np.dot(u, u))) * v


@misconceptions.function("t-slope", "slope", "Both parts lack a square.", keeps=0.5)
def nothing_squared(u, v):
    return v * u, float(np.sqrt(np.dot(u, u))) * v


misconceptions.values("t-values", "parts_exchanged", "v is the last entry.", last_part=9.0)


@misconceptions.function("t-plot", "plot_slope", "Positions belong on the horizontal axis.")
def axes_exchanged(positions, slopes):
    figure, axes = plt.subplots()
    axes.plot(slopes, positions)
    return figure
"""

UNTESTED = """
@misconceptions.function("t-plot", "plot_slope", "Label the axes.")
def unlabelled(positions, slopes):
    figure, axes = plt.subplots()
    axes.plot(positions, slopes)
    return figure
"""

TWIN = """
@misconceptions.function("t-slope", "slope", "Another word for the same.")
def factor_left_as_it_is(u, v):
    return u * v, (u @ u) * v
"""


def write(course: Course, *texts: str) -> None:
    path = course.hidden("tiny") / "misconceptions.py"
    path.write_text(dedent("\n".join([HEAD, *texts])), encoding="utf-8")


def matrix_of(course: Course) -> KillMatrix:
    return kill_matrix(course, course.assignment("tiny"), workers=1)


def test_each_loses_its_own_item_and_is_called_by_name(released: Course) -> None:
    write(released, SOUND)
    matrix = matrix_of(released)
    assert list(matrix.faults()) == []
    assert {row.name: (row.lost, row.named) for row in matrix.rows} == {
        "factor_not_squared": ({"t-slope": 0.75, "t-values": 0, "t-plot": 0}, "factor_not_squared"),
        "norm_not_squared": ({"t-slope": 0.5, "t-values": 0, "t-plot": 0}, "norm_not_squared"),
        "nothing_squared": ({"t-slope": 1, "t-values": 0, "t-plot": 0}, "nothing_squared"),
        "parts_exchanged": ({"t-slope": 0, "t-values": 1, "t-plot": 0}, "parts_exchanged"),
        "axes_exchanged": ({"t-slope": 0, "t-values": 0, "t-plot": 1}, "axes_exchanged"),
    }


def test_items_of_which_it_shows_nothing_are_named(released: Course) -> None:
    write(released, SOUND.partition("misconceptions.values")[0])
    found = "3 of 3 caught, 3 called by name; none is known for t-values, t-plot"
    assert matrix_of(released).summary() == found


def test_a_release_with_a_survivor_is_not_written(released: Course) -> None:
    write(released, SOUND, UNTESTED)
    before = (released.release("tiny") / "valley.ipynb").read_bytes()
    replace_text(released.solutions("tiny") / "valley.py", "or 1.0", "or 1")
    proof = release(released, "tiny", mark=Marker())
    assert [finding.detail for finding in proof.faults] == [
        "item t-plot: its tests let the misconception 'unlabelled' pass"
    ]
    assert (released.release("tiny") / "valley.ipynb").read_bytes() == before


def test_an_item_that_another_ones_misconception_costs_is_named(released: Course) -> None:
    write(
        released,
        SOUND,
        'misconceptions.values("t-values", "no_slope", "...", last_part=0.0, slope=None)',
    )
    assert list(matrix_of(released).faults()) == [
        "item t-slope: it loses points through 'no_slope', which is t-values's"
    ]


def test_two_that_answer_alike_are_not_called_by_name(released: Course) -> None:
    write(released, SOUND, TWIN)
    named = {row.name: row.named for row in matrix_of(released).rows}
    assert (named["factor_not_squared"], named["factor_left_as_it_is"]) == ("", "")
    assert named["norm_not_squared"] == "norm_not_squared"


def test_the_table_has_a_row_for_each(released: Course) -> None:
    write(released, SOUND)
    matrix = matrix_of(released)
    rows = list(csv.reader(io.StringIO(matrix.to_csv())))
    head = ["item", "misconception", "named", "keeps", "t-slope", "t-values", "t-plot"]
    assert rows[0] == head
    assert rows[3] == ["t-slope", "nothing_squared", "nothing_squared", "0.5", "1", "0", "0"]
    page = matrix.to_html()
    assert "The factor v is to be squared." in page
    assert "5 of 5 caught, 5 called by name" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('misconceptions.values("t-none", "a", "...", x=1)', "t-none, which is no auto item"),
        ('misconceptions.values("t-values", "a", " ", x=1)', "has no sentence"),
        ('misconceptions.values("t-values", "a", "...", keeps=1.0, x=1)', "keeps 1.0"),
        ('misconceptions.values("t-values", "parts_exchanged", "...", x=1)', "there are two"),
        (
            "from solutions.hw2 import momentum\n"
            'misconceptions.change("t-slope", "a", "...", momentum.momentum, ("no such", ""))',
            "stands 0 times in momentum",
        ),
    ],
)
def test_a_catalogue_that_can_not_be_meant_is_refused(
    released: Course, text: str, told: str
) -> None:
    write(released, SOUND, text)
    with pytest.raises(CourseError, match=told):
        load_misconceptions(released, released.assignment("tiny"))


def test_the_command_writes_both_files(
    released: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from autograder.cli import app

    write(released, SOUND)
    monkeypatch.chdir(released.root)
    result = CliRunner().invoke(app, ["prove", "tiny", "--matrix", str(tmp_path / "kills.html")])
    assert result.exit_code == 0, result.output
    assert "5 of 5 caught" in result.output
    assert (tmp_path / "kills.csv").read_text().count("\n") == 6
    assert "axes_exchanged" in (tmp_path / "kills.html").read_text()
    write(released, SOUND, UNTESTED)
    assert CliRunner().invoke(app, ["prove", "tiny"]).exit_code == 1
