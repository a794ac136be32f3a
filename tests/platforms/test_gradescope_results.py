"""Gradescope gets points, words and dates, and no data that a student must not see."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET

from autograder.capacity import Machine
from autograder.course.assignment import Assignment, Course
from autograder.course.limits import Limits
from autograder.grading.report import CellFault, Claim, NotebookReport, Report
from autograder.platforms.gradescope import Visibility
from autograder.platforms.gradescope.metadata import HandedIn, read_metadata
from autograder.platforms.gradescope.package import GradescopeSettings
from autograder.platforms.gradescope.results import Results, results_of, results_of_failure
from autograder.platforms.gradescope.run import main, mark_settings
from tests.gradebook.course import mark, write_course
from tests.platforms.container import METADATA


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return write_course(tmp_path / "course")


@pytest.fixture
def assignment(course: Course) -> Assignment:
    return course.assignment("hw")


def told(assignment: Assignment, report: Report, **options: Any) -> Results:
    titles = {"a-slope": "The slope"}
    return results_of(
        assignment, titles, report, **{"visibility": Visibility.AFTER_PUBLISHED, **options}
    )


def test_points_are_those_of_the_report_and_bonus_comes_on_top(
    course: Course, assignment: Assignment
) -> None:
    report = mark(course, {"a-bend": 0.5}).report
    data = json.loads(told(assignment, report).to_json())
    assert data["score"] == 1.0 + 0.5 + 2.0
    scored = {test["name"]: test for test in data["tests"] if "score" in test}
    assert {name: (test["score"], test["max_score"]) for name, test in scored.items()} == {
        "a-slope: The slope": (1.0, 1.0),
        "a-bend": (0.5, 2.0),
        "b-bonus (bonus)": (2.0, 2.0),
    }
    assert sum(test["score"] for test in scored.values()) == data["score"]
    assert scored["b-bonus (bonus)"]["tags"] == ["b_extras", "bonus"]


def test_texts_have_neither_points_nor_a_maximum(course: Course, assignment: Assignment) -> None:
    data = json.loads(told(assignment, mark(course).report).to_json())
    [proof] = [test for test in data["tests"] if test["name"] == "a-proof"]
    assert "score" not in proof
    assert "max_score" not in proof
    assert "A person will read and mark this answer" in proof["output"]
    assert "worth 2 points" in proof["output"]


def test_what_is_not_written_is_one_line(course: Course, assignment: Assignment) -> None:
    report = mark(course, {"a-slope": 0.0, "a-bend": 0.0}).report
    stub = Claim("It works.", False, "Not written yet.", unwritten="bend")
    changed = {
        "a-slope": replace(report.items["a-slope"], attempted=False),
        "a-bend": replace(report.items["a-bend"], claims=(stub, stub)),
        "a-proof": replace(report.items["a-proof"], attempted=False),
    }
    results = told(assignment, replace(report, items={**report.items, **changed}))
    output = {test.name.partition(":")[0]: test.output for test in results.tests}
    assert output["a-slope"] == "<p>– Not attempted.</p>"
    assert output["a-bend"] == (
        "<p>– Not written yet: <code>bend</code> still raises NotImplementedError.</p>"
    )
    assert output["a-proof"].startswith("<p>Not attempted. It is worth 2 points")


def test_marks_are_shown_when_the_instructor_wants(course: Course, assignment: Assignment) -> None:
    report = mark(course).report
    hidden = told(assignment, report)
    assert {test.visibility for test in hidden.tests[1:]} == {"after_published"}
    assert hidden.tests[0].visibility == "visible"
    assert hidden.stdout_visibility == "hidden"
    assert "3 of 3" not in hidden.output + hidden.tests[0].output
    assert "3 of 3 points" in told(assignment, report, visibility=Visibility.VISIBLE).output


def test_notebook_that_can_not_be_read_is_told_at_once(
    course: Course, assignment: Assignment
) -> None:
    report = mark(course, broken={"b_extras": "b_extras.ipynb can't be read: it is empty."}).report
    first = told(assignment, report).tests[0]
    assert first.status == "failed"
    assert first.score is UNSET
    assert "it is empty" in first.output


def test_words_of_a_student_are_text(course: Course, assignment: Assignment) -> None:
    evil = "<img src=x onerror=alert(1)>\x1b[31m\u202e"
    report = mark(course).report
    fault = CellFault(1, f"NameError: {evil}", 3, evil, "a-slope")
    notebook = NotebookReport("marked", notes=(evil,), faults=(fault,))
    item = replace(
        report.items["a-slope"],
        claims=(Claim("The claim.", False, evil),),
        message=evil,
        diagnosis=evil,
        found=evil,
    )
    report = replace(
        report,
        notebooks={**report.notebooks, "a_slopes": notebook},
        items={**report.items, "a-slope": item},
    )
    text = "".join(test.output for test in told(assignment, report).tests)
    assert "&lt;img src=x" in text
    assert not any(sign in text for sign in ("<img", "\x1b", "\u202e"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_lateness_is_told_and_costs_nothing(course: Course, assignment: Assignment) -> None:
    due = at("2024-11-21T23:55:00+01:00")
    late = HandedIn(at("2024-11-22T03:00:00+00:00"), due, at("2024-11-22T00:00:00+01:00"))
    results = told(assignment, mark(course).report, handed_in=late)
    assert "4 hours and 5 minutes after it was due" in results.output
    assert "after the last date for late submissions" in results.output
    assert results.extra_data["late_seconds"] == 4 * 3600 + 300
    assert results.score == 5.0
    on_time = replace(late, at=due)
    assert "on time" in told(assignment, mark(course).report, handed_in=on_time).output


def test_metadata_is_read_as_gradescope_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "submission_metadata.json"
    path.write_text(json.dumps(METADATA), encoding="utf-8")
    found = read_metadata(path)
    assert found is not None
    assert found.words() == "1 day, 2 hours and 6 minutes"
    assert found.data()["late_due"] is None


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "[" * 100_000, '{"created_at": 7}', '{"created_at": "2024-11-21T23:55:00"}'],
)
def test_metadata_of_any_other_kind_says_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "submission_metadata.json"
    path.write_text(text, encoding="utf-8")
    assert read_metadata(path) is None


def test_marking_that_breaks_tells_students_no_detail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "results").mkdir()
    settings = '{"assignment": "hw", "visibility": "secret-key"}'
    (tmp_path / "source" / "settings.json").write_text(settings, encoding="utf-8")
    main(tmp_path)
    text = (tmp_path / "results" / "results.json").read_text(encoding="utf-8")
    assert text == results_of_failure().to_json()
    assert json.loads(text)["score"] == 0.0
    assert "secret-key" not in text
    assert "secret-key" in capsys.readouterr().out  # only instructors see this output


def test_time_and_memory_stay_within_the_containers(tmp_path: Path) -> None:
    settings, machine = GradescopeSettings("hw", minutes=20), Machine(groups=tmp_path)
    assert mark_settings(settings, Limits(), machine).limits.submission_seconds < settings.seconds
    assert settings.seconds < 20 * 60
    (tmp_path / "memory.max").write_text("1073741824\n", encoding="ascii")
    assert mark_settings(settings, Limits(), machine).limits.total_memory_bytes < 2**30
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert mark_settings(settings, Limits(), machine).limits.total_memory_bytes == 4 * 2**30
