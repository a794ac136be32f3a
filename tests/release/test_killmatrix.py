"""A release is fit only if each misconception loses only its own item, under its own name."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest

from autograder.capacity import Machine
from autograder.course.assignment import Course
from autograder.errors import CourseError
from autograder.grading.misconceptions import load_misconceptions
from autograder.release.proof.killmatrix import KillMatrix, kill_matrix

from .helpers import replace_text
from .marking import mark_on_paper, release
from .misconceptions import SOUND, TWIN, UNTESTED, write_misconceptions


def matrix_of(course: Course) -> KillMatrix:
    return kill_matrix(course, course.assignment("tiny"), workers=1)


@pytest.fixture(scope="module")
def sound(published: Path, tmp_path_factory: pytest.TempPathFactory) -> KillMatrix:
    """The matrix of the misconceptions in SOUND."""
    root = tmp_path_factory.mktemp("sound") / "course"
    shutil.copytree(published, root)
    write_misconceptions(Course(root), SOUND)
    return matrix_of(Course(root))


def test_each_loses_its_own_item_and_is_called_by_name(sound: KillMatrix) -> None:
    assert list(sound.faults()) == []
    assert {row.name: (row.lost, row.named) for row in sound.rows} == {
        "factor_not_squared": ({"t-slope": 0.75, "t-values": 0, "t-plot": 0}, "factor_not_squared"),
        "norm_not_squared": ({"t-slope": 0.5, "t-values": 0, "t-plot": 0}, "norm_not_squared"),
        "nothing_squared": ({"t-slope": 1, "t-values": 0, "t-plot": 0}, "nothing_squared"),
        "parts_exchanged": ({"t-slope": 0, "t-values": 1, "t-plot": 0}, "parts_exchanged"),
        "axes_exchanged": ({"t-slope": 0, "t-values": 0, "t-plot": 1}, "axes_exchanged"),
    }


def test_items_of_which_it_shows_nothing_are_named(released: Course) -> None:
    write_misconceptions(released, SOUND.partition("misconceptions.values")[0])
    found = "3 of 3 caught, 3 diagnosed; no misconceptions for t-values, t-plot"
    assert matrix_of(released).summary() == found


def test_a_release_with_a_survivor_is_not_written(released: Course) -> None:
    write_misconceptions(released, SOUND, UNTESTED)
    before = (released.release("tiny") / "valley.ipynb").read_bytes()
    replace_text(released.solutions("tiny") / "valley.py", "or 1.0", "or 1")
    proof = release(
        released, "tiny", mark=mark_on_paper, matrix=lambda course, _assignment: matrix_of(course)
    )
    assert [finding.detail for finding in proof.faults] == [
        "item t-plot: the item's tests do not notice the misconception 'unlabelled'"
    ]
    assert (released.release("tiny") / "valley.ipynb").read_bytes() == before


def test_an_item_that_another_ones_misconception_costs_is_named(released: Course) -> None:
    write_misconceptions(
        released,
        SOUND,
        'misconceptions.values("t-values", "no_slope", "...", last_part=0.0, slope=None)',
    )
    assert list(matrix_of(released).faults()) == [
        "item t-slope loses points with 'no_slope', which belongs to t-values"
    ]


def test_two_that_answer_alike_are_not_called_by_name(released: Course) -> None:
    write_misconceptions(released, SOUND, TWIN)
    named = {row.name: row.named for row in matrix_of(released).rows}
    assert (named["factor_not_squared"], named["factor_left_as_it_is"]) == ("", "")
    assert named["norm_not_squared"] == "norm_not_squared"


def test_the_table_has_a_row_for_each(sound: KillMatrix) -> None:
    rows = list(csv.reader(io.StringIO(sound.to_csv())))
    head = ["item", "misconception", "named", "keeps", "t-slope", "t-values", "t-plot"]
    assert rows[0] == head
    assert rows[3] == ["t-slope", "nothing_squared", "nothing_squared", "0.5", "1", "0", "0"]
    page = sound.to_html()
    assert "The factor v is to be squared." in page
    assert "5 of 5 caught, 5 diagnosed" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('misconceptions.values("t-none", "a", "...", x=1)', "t-none, which is not an auto item"),
        ('misconceptions.values("t-values", "a", " ", x=1)', "has no sentence"),
        ('misconceptions.values("t-values", "a", "...", keeps=1.0, x=1)', "keeps=1.0"),
        ('misconceptions.values("t-values", "parts_exchanged", "...", x=1)', "there are two"),
        (
            "from solutions.hw2 import momentum\n"
            'misconceptions.change("t-slope", "a", "...", momentum.momentum, ("no such", ""))',
            "occurs 0 times in momentum",
        ),
    ],
)
def test_a_catalogue_that_can_not_be_meant_is_refused(
    released: Course, text: str, told: str
) -> None:
    write_misconceptions(released, SOUND, text)
    with pytest.raises(CourseError, match=told):
        load_misconceptions(released, released.assignment("tiny"))


def test_the_command_writes_both_files(
    released: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from autograder.cli import app

    # test_real_path tests misconceptions in separate processes
    monkeypatch.setattr(Machine, "processors", lambda _: 1)
    write_misconceptions(released, SOUND)
    monkeypatch.chdir(released.root)
    result = CliRunner().invoke(app, ["prove", "tiny", "--matrix", str(tmp_path / "kills.html")])
    assert result.exit_code == 0, result.output
    assert "5 of 5 caught" in result.output
    assert (tmp_path / "kills.csv").read_text().count("\n") == 6
    assert "axes_exchanged" in (tmp_path / "kills.html").read_text()
    write_misconceptions(released, SOUND, UNTESTED)
    assert CliRunner().invoke(app, ["prove", "tiny"]).exit_code == 1
