"""`fdl new` as an instructor runs it, and the steps from there to marks."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.capacity import Machine
from autograder.cli import app
from autograder.course.assignment import Course
from autograder.release.proof.junk import KINDS

from .test_solutions import _forgotten as _forgotten


def fdl(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.split())


def test_options_reach_the_settings(tmp_path: Path) -> None:
    dates = ("--opens", "2031-02-01", "--due", "2031-02-20T12:00")
    options = ("--title", "On roots", *dates, "--seed", "11", "--course", tmp_path)
    code, told = fdl("new", "hw1", *options)
    assert (code, "opens 2031-02-01 00:00, due 2031-02-20 12:00" in told) == (0, True)
    assignment = Course(tmp_path).assignment("hw1")
    assert (assignment.title, assignment.seed) == ("On roots", 11)


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ("2031-02-20", "2031-02-20 23:59"),
        ("2031-02-20T00:00", "2031-02-20 00:00"),
        ("2031-02-20T12:30:00", "2031-02-20 12:30"),
    ],
)
def test_only_a_due_date_without_a_time_is_the_end_of_that_day(
    given: str, due: str, tmp_path: Path
) -> None:
    code, told = fdl("new", "hw1", "--due", given, "--course", tmp_path)
    assert (code, f"due {due}" in told) == (0, True)


@pytest.mark.parametrize("given", ["soon", "2031-02-30", "2031-02-20T25:00", "20.2.2031"])
def test_text_that_is_not_a_date_is_refused(given: str, tmp_path: Path) -> None:
    for option in ("--opens", "--due"):
        code, told = fdl("new", "hw1", option, given, "--course", tmp_path)
        assert (code, f"{given} is not a date" in told) == (2, True), told


def test_second_homework_stands_beside_the_first(tmp_path: Path) -> None:
    assert fdl("new", "hw1", "--course", tmp_path)[0] == 0
    assert fdl("new", "hw2", "--course", tmp_path)[0] == 0
    course = Course(tmp_path)
    assert course.assignment_names == ("hw1", "hw2")
    assert course.hidden("hw2") == tmp_path / "autograder" / "hidden" / "hw2"


def test_what_is_there_is_told_and_ends_with_code_2(tmp_path: Path) -> None:
    assert fdl("new", "hw1", "--course", tmp_path)[0] == 0
    code, told = fdl("new", "hw1", "--course", tmp_path)
    assert (code, "exists already" in told) == (2, True)


def test_refused_name_begins_no_course(tmp_path: Path) -> None:
    place = tmp_path / "course"
    code, told = fdl("new", "hw-1", "--course", place)
    assert (code, "can't be a homework's name" in told) == (2, True)
    assert not place.exists()


def test_folder_with_other_things_is_no_place_for_a_course(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "thesis.tex").write_text("")
    monkeypatch.chdir(tmp_path)
    assert fdl("new", "hw1")[0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.fixture
def one_kind_of_junk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a proof mark one kind of junk instead of four, and use one processor.

    Each processor costs a process of its own that imports the kit.
    """
    kind, words = next(iter(KINDS.items()))
    monkeypatch.setattr("autograder.release.proof.trials.KINDS", {kind: words})
    monkeypatch.setattr(Machine, "processors", lambda _: 1)


@pytest.mark.usefixtures("one_kind_of_junk")
def test_new_homework_passes_its_proof_as_it_is(tmp_path: Path) -> None:
    passes_its_proof(tmp_path)


@pytest.mark.slow
def test_new_homework_passes_the_whole_proof_as_it_is(tmp_path: Path) -> None:
    passes_its_proof(tmp_path)


def passes_its_proof(tmp_path: Path) -> None:
    assert fdl("new", "hw3", "--course", tmp_path, "--seed", "5")[0] == 0
    code, told = fdl("release", "hw3", "--course", tmp_path)
    assert (code, "hw3: fit to publish" in told) == (0, True), told
    assert "18 of 18 caught, 18 diagnosed" in told
    assert (tmp_path / "release" / "hw3" / "problem1_newton.ipynb").is_file()
