"""The output of `fdl grade` for a class with Markings that were made by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

import autograder.sandbox
from autograder.cli import app
from autograder.course.assignment import Course
from autograder.grading import classrun, forkserver
from autograder.grading.jobs import Marked

from .conftest import Marker
from .course import NO_WALLS, hand_in, mark


@pytest.fixture
def markings(monkeypatch: pytest.MonkeyPatch) -> dict[str, Marked]:
    """The marking of each student's submission."""
    made: dict[str, Marked] = {}

    def mark_class(_course: Any, _assignment: Any, jobs: Any, **_settings: Any) -> Iterator[Marked]:
        yield from [made[job.student] for job in jobs]

    monkeypatch.setattr(classrun, "mark_class", mark_class)
    monkeypatch.setattr(forkserver, "start", lambda: None)  # no marking process will be started
    monkeypatch.setattr(autograder.sandbox, "examine", lambda **_: NO_WALLS)
    return made


def rows(output: str) -> dict[str, list[str]]:
    """Return the first line's cells of each row in a printed table, by the first cell."""
    lines = [line.strip("│").split("│") for line in output.splitlines() if line.startswith("│")]
    return {
        name.strip(): [cell.strip() for cell in cells] for name, *cells in lines if name.strip()
    }


def grade(course: Course) -> tuple[int, dict[str, list[str]]]:
    result = CliRunner().invoke(app, ["grade", "hw", "--course", str(course.root)])
    return result.exit_code, rows(result.output)


def test_table_says_that_open_means_points(course: Course, markings: dict[str, Marked]) -> None:
    hand_in(course, "anna")
    markings["anna"] = Marked("anna", mark(course))
    result = CliRunner().invoke(app, ["grade", "hw", "--course", str(course.root)])
    [heads] = [line for line in result.output.splitlines() if line.startswith("┃")]
    assert [head.strip() for head in heads.strip("┃").split("┃")] == [
        "student", "points", "bonus", "open points", "notes"
    ]  # fmt: skip
    assert max(map(len, result.output.splitlines())) <= 80


def test_texts_that_nobody_wrote_are_not_open(
    course: Course, markings: dict[str, Marked], marker: Marker
) -> None:
    for student, answers in {"anna": None, "bela": {}, "chloe": {"b-essay": "So."}}.items():
        hand_in(course, student)
        markings[student] = Marked(student, mark(course, answers=answers))
    code, table = grade(course)
    assert code == 0
    assert {student: cells[2] for student, cells in table.items()} == {
        "anna": "3",
        "bela": "0",
        "chloe": "1",
    }
    marker.give("a-proof", 1.5)
    assert grade(course)[1]["anna"][2] == "1"


def test_student_who_could_not_be_marked_is_told_of_and_fails_the_command(
    course: Course, markings: dict[str, Marked]
) -> None:
    for student in ("anna", "bela [1]"):
        hand_in(course, student)
    markings["anna"] = Marked("anna", mark(course))
    markings["bela [1]"] = Marked("bela [1]", None, "it broke")
    code, table = grade(course)
    assert code == 1
    assert table["anna"][:2] == ["3 of 3", "2 of 2"]
    assert table["bela [1]"] == ["", "", "", "it broke"]


def test_a_folder_that_is_passed_over_is_named(course: Course, markings: dict[str, Marked]) -> None:
    hand_in(course, "anna")
    hand_in(course, ".zoe")
    markings["anna"] = Marked("anna", mark(course, answers={}))
    result = CliRunner().invoke(app, ["grade", "hw", "--course", str(course.root)])
    assert result.exit_code == 0
    assert "skipping submitted/.zoe: student folders cannot start with a dot" in result.output
    assert "zoe" not in rows(result.output)


def test_more_time_for_a_name_that_nobody_has_is_told(
    course: Course, markings: dict[str, Marked]
) -> None:
    hand_in(course, "anna")
    markings["anna"] = Marked("anna", mark(course, answers={}))
    with open(course.root / "course.toml", "a", encoding="utf-8") as file:
        file.write("\n[assignments.hw.extensions]\nanna = { hours = 1 }\nana = { hours = 2 }\n")
    result = CliRunner().invoke(app, ["grade", "hw", "--course", str(course.root)])
    assert result.exit_code == 0
    said = " ".join(result.output.split())
    assert "gives ana an extension, but submitted/ana does not exist. Is the name" in said
    assert "gives anna" not in said


def test_the_marks_are_printed_for_programs(
    course: Course, markings: dict[str, Marked], marker: Marker
) -> None:
    """The JSON result names students who were not marked, and nothing else is printed."""
    for student in ("anna", "bela"):
        hand_in(course, student)
    markings["anna"] = Marked("anna", mark(course, points={"a-bend": 0.5}))
    markings["bela"] = Marked("bela", None, "it \x1b[31mbroke")
    arguments = ["grade", "hw", "--course", str(course.root), "--format", "json"]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 1
    assert "\x1b" not in first.stdout
    content = json.loads(first.stdout)
    assert (content["schema"], content["assignment"]) == ("fdl-grade/1", "hw")
    anna, bela = (content["students"][name] for name in ("anna", "bela"))
    assert (anna["points"], anna["max_points"]) == (1.5, 3)
    assert (anna["bonus_points"], anna["max_bonus_points"]) == (2, 2)
    assert (anna["open_points"], anna["unchanged"], anna["error"]) == (3, False, "")
    assert bela["error"] == "it \x1b[31mbroke"
    marker.give("a-proof", 1.5)
    again = json.loads(CliRunner().invoke(app, arguments).stdout)["students"]["anna"]
    assert again == {**anna, "open_points": 1, "unchanged": True, "seconds": {}}
