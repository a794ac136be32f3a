"""`fdl standing` and `fdl export`, from a gradebook to the printed and written marks."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from autograder.cli import app
from autograder.course.assignment import Assignment, Course
from autograder.gradebook.database import PatientGradebook
from tests.gradebook.course import record, record_class

from .conftest import Marker
from .course import mark
from .shared import copied

BEST = '\n[standing]\nassignments = ["hw0", "hw", "hw3"]\nbest = 2\n'
NOTHING = {"a-slope": 0.0, "a-bend": 0.0, "b-bonus": 0.0}


def run(course: Course, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--course", str(course.root)])


def add(course: Course, text: str) -> None:
    path = course.root / "course.toml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def add_earlier_homework(course: Course, points: dict[str, float]) -> None:
    """Add a homework hw0 of 10 points, which has no source here, to the gradebook."""
    url = f"sqlite:///{course.root / 'gradebook.db'}"
    with PatientGradebook(url, "made-up") as book, book.transaction():
        book.add_assignment("hw0")
        book.add_notebook("n", "hw0")
        book.add_grade_cell("x", "n", "hw0", max_score=10, cell_type="code")
        for student, score in points.items():
            book.update_or_create_student(student)
            book.add_submission("hw0", student)
            book.db().flush()
            grade = book.find_grade("x", "n", "hw0", student)
            grade.auto_score, grade.needs_manual_grade = score, False


@pytest.fixture(scope="session")
def taught_once(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = copied(prepared, tmp_path_factory.mktemp("standing") / "course")
    markings = {"anna": mark(course), "bela": mark(course, NOTHING)}
    record_class(course, course.assignment("hw"), markings)
    marker = Marker(course)
    marker.give("a-proof", 0.0)
    marker.give("b-essay", None, extra=0.0)
    add_earlier_homework(course, {"anna": 7.0, "chloe": 9.0})
    add(course, BEST)
    return course.root


@pytest.fixture
def taught(course: Course, taught_once: Path) -> Course:
    """Anna has 3 + 2 bonus points of 5; bela's texts are unmarked; chloe submitted only hw0."""
    return copied(taught_once, course.root)


def standing_json(course: Course) -> dict[str, dict[str, Any]]:
    result = run(course, "standing", "--to", "json")
    assert result.exit_code == 0
    content = json.loads(result.stdout)
    assert (content["schema"], content["best"], content["missing"]) == (
        "fdl-standing/1", 2, ["hw3"],
    )  # fmt: skip
    return {each["person"]["id"]: each for each in content["students"]}


def test_best_two_of_three_homeworks_make_the_standing(taught: Course) -> None:
    found = standing_json(taught)
    assert {name: each["percent"] for name, each in found.items()} == {
        "anna": pytest.approx((70 + 100) / 2),
        "bela": 0.0,
        "chloe": pytest.approx((90 + 0) / 2),
    }
    assert found["anna"]["homework"] == {
        "hw0": {"points": 7.0, "maximum": 10.0, "counts": True, "final": True},
        "hw": {"points": 5.0, "maximum": 5.0, "counts": True, "final": True},
        "hw3": {"points": None, "maximum": None, "counts": False, "final": True},
    }
    assert [each["final"] for each in found.values()] == [False] * 3  # hw3 comes later


def test_standing_is_not_final_while_a_student_still_has_time(taught: Course) -> None:
    def final() -> dict[str, object]:
        found = standing_json(Course(taught.root))
        return {name: each["homework"]["hw"]["final"] for name, each in found.items()}

    assert final() == {"anna": True, "bela": False, "chloe": True}
    path = taught.root / "course.toml"
    path.write_text(path.read_text("utf-8").replace("due = 2024", "due = 2099"), encoding="utf-8")
    assert final() == {"anna": True, "bela": False, "chloe": False}


def test_standing_is_printed_with_what_is_open_and_what_is_not_there_yet(taught: Course) -> None:
    result = run(taught, "standing")
    assert result.exit_code == 0
    lines = [[c.strip() for c in line.split("│")] for line in result.output.splitlines()]
    table = {line[1]: line[2:-1] for line in lines if len(line) > 3}
    assert table == {
        "anna": ["7 of 10", "5 of 5", "not yet", "85.0"],
        "bela": ["–", "0 of 5*", "not yet", "0.0*"],
        "chloe": ["9 of 10", "–", "not yet", "45.0"],
    }
    assert "best 2 of 3" in result.output
    assert "hw3 has no marks and counts as 0. Next: fdl grade hw3" in result.output
    assert "whose marks are not final: 1" in " ".join(result.output.split())


def test_standing_is_exported_as_csv(taught: Course, tmp_path: Path) -> None:
    path = tmp_path / "standing.csv"
    assert run(taught, "standing", "--to", "csv", "-o", str(path)).exit_code == 0
    header, anna, bela, _ = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    assert dict(zip(header, anna, strict=True)) == {
        "student": "anna", "last_name": "", "first_name": "", "email": "",
        "hw0": "7", "hw0_maximum": "10", "hw0_counts": "yes",
        "hw": "5", "hw_maximum": "5", "hw_counts": "yes",
        "hw3": "", "hw3_maximum": "", "hw3_counts": "no",
        "percent": "85", "final": "no",
    }  # fmt: skip
    assert bela[-1] == "no"


def test_bonus_rule_counts_in_the_standing(taught: Course, marker: Marker) -> None:
    marker.give("a-proof", 2.0)
    assert standing_json(taught)["anna"]["percent"] == pytest.approx((70 + 140) / 2)
    add(taught, "\n[rules]\nbonus_above_maximum = false\n")
    assert standing_json(Course(taught.root))["anna"]["percent"] == pytest.approx(85)


def test_a_course_without_marks_is_told_what_to_do(course: Course) -> None:
    (course.root / "gradebook.db").unlink()
    for words in (["standing"], ["export", "hw", "--to", "csv"]):
        result = run(course, *words)
        assert result.exit_code == 2
        assert "there is no gradebook yet" in " ".join(result.output.split())


def test_export_refuses_what_is_not_final_and_writes_the_rest_when_asked(
    taught: Course, tmp_path: Path
) -> None:
    path = tmp_path / "marks.csv"
    refused = run(taught, "export", "hw", "--to", "csv", "-o", str(path))
    assert refused.exit_code == 2
    assert "1 marks are not final" in " ".join(refused.output.split())
    assert "fdl desk hw" in refused.output
    assert "--partial" in refused.output
    assert not path.exists()
    result = run(taught, "export", "hw", "--to", "csv", "-o", str(path), "--partial")
    assert result.exit_code == 0
    assert "Skipped, because their marks are not final: bela" in result.output
    header, *body = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    assert {row[0]: row[header.index("total")] for row in body} == {
        "anna": "5", "bela": "", "chloe": "0",
    }  # fmt: skip
    assert "Handed in nothing, so they have 0 points: chloe" in " ".join(result.output.split())


def test_export_fills_a_roster_and_ends_with_1_where_the_two_do_not_agree(
    course: Course, assignment: Assignment, tmp_path: Path
) -> None:
    record(course, assignment, "anna", mark(course, answers={}))
    roster = tmp_path / "roster.csv"
    roster.write_text("id,total\nanna,\n\x1b[31mzoe,\n", encoding="utf-8")
    result = run(course, "export", "hw", "--to", "csv", "--roster", str(roster))
    assert result.exit_code == 1
    assert result.stdout.startswith("id,total\nanna,5\n")
    assert "Students in the roster without a mark in the gradebook: zoe" in result.stderr
    assert "\x1b[31m" not in result.stderr
    roster.write_text("id,total\nanna,\n", encoding="utf-8")
    assert run(course, "export", "hw", "--to", "csv", "--roster", str(roster)).exit_code == 0


def test_export_has_the_penalty_of_marks_as_they_are_now(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    folder = course.root / "submitted" / "anna" / "hw"
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text("2024-11-22 12:00:00 UTC")
    rules = 'late = "percent"\nlate_percent_per_day = 10\nlate_percent_of = "earned"'
    record(course, assignment, "anna", mark(course))
    add(course, f"\n[rules]\n{rules}\n")
    marker.give("a-proof", 2.0)
    marker.give("b-essay", None, extra=0.0)
    result = run(Course(course.root), "export", "hw", "--to", "csv")
    header, anna = csv.reader(io.StringIO(result.stdout.lstrip("\ufeff")))
    found = dict(zip(header, anna, strict=True))
    assert (found["points"], found["bonus"], found["penalty"], found["total"]) == (
        "5", "2", "0.5", "6.5",
    )  # fmt: skip
    assert marker.penalty() == pytest.approx(0.5)


def test_homework_that_the_gradebook_does_not_have_is_told(taught: Course) -> None:
    result = run(taught, "export", "hw3", "--to", "csv")
    assert result.exit_code == 2
    assert "no marks for hw3" in " ".join(result.output.split())
