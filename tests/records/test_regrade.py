"""`fdl regrade`: what would change is shown first; applied, it keeps what persons gave."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from autograder.assignment import Assignment, Course
from autograder.cli import app
from autograder.grading import classrun
from autograder.grading.classrun import Marked
from autograder.grading.mark import Marking
from autograder.records.gradebook import record
from autograder.records.regrade import stored_reports

from .conftest import Marker
from .course import hand_in, mark

Regrade = Callable[..., Result]


@pytest.fixture
def graded(course: Course, assignment: Assignment) -> Course:
    """Anna has everything right, bela the slope wrong, carla the bonus wrong."""
    points = {"anna": {}, "bela": {"a-slope": 0.0}, "carla": {"b-bonus": 0.0}}
    for student, earned in points.items():
        hand_in(course, student)
        record(course, assignment, student, mark(course, earned))
    return course


@pytest.fixture
def regrade(graded: Course, monkeypatch: pytest.MonkeyPatch) -> Regrade:
    """Runs the command where marking now finds `new`; students without one fail."""

    def run(new: Mapping[str, Marking], *options: str) -> Result:
        def mark_class(_c: Any, _a: Any, jobs: Any, **_settings: Any) -> Iterator[Marked]:
            for job in jobs:
                marking = new.get(job.student)
                yield Marked(job.student, marking, "" if marking else "it broke")

        monkeypatch.setattr(classrun, "mark_class", mark_class)
        return CliRunner().invoke(app, ["regrade", "hw", "--course", str(graded.root), *options])

    return run


def changes(result: Result) -> dict[str, dict[str, tuple[float | None, float | None]]]:
    found = json.loads(result.stdout)["changes"]
    return {
        student: {change["item"]: (change["before"], change["after"]) for change in of_student}
        for student, of_student in found.items()
    }


def test_it_lists_exactly_the_marks_that_change_and_writes_nothing(
    graded: Course, assignment: Assignment, regrade: Regrade, marker: Marker
) -> None:
    before = stored_reports(graded, assignment)
    new = {
        "anna": mark(graded, {"a-bend": 0.0}),
        "bela": mark(graded),
        "carla": mark(graded, {"b-bonus": 0.0}),
    }
    result = regrade(new, "--format", "json")
    assert result.exit_code == 0, result.output
    assert changes(result) == {"anna": {"a-bend": (2, 0)}, "bela": {"a-slope": (0, 1)}}
    told = json.loads(result.stdout)
    assert told["unchanged"] == ["carla"]
    assert told["totals"] == {
        "a-bend": {"students": 1, "points": -2.0},
        "a-slope": {"students": 1, "points": 1.0},
    }
    assert told["changes"]["anna"][0]["reasons"] == ["no longer holds: The claim about a-bend."]
    assert stored_reports(graded, assignment) == before
    assert marker.grade("a-bend")["auto_score"] == 2
    assert not (graded.root / "regraded").exists()


def test_the_table_says_who_what_and_why(graded: Course, regrade: Regrade) -> None:
    new = {name: mark(graded) for name in ("anna", "bela", "carla")}
    output = " ".join(regrade(new).stdout.split())
    for words in ("bela", "0 of 1 → 1 of 1", "now holds: The", "Students whose marks change: 2"):
        assert words in output, output


def test_applied_it_records_and_keeps_a_dated_record(
    graded: Course, regrade: Regrade, marker: Marker
) -> None:
    marker.give("a-proof", 1.5)
    marker.comment("a-proof", "Say why.")
    new = {name: mark(graded, {"a-bend": 0.0}) for name in ("anna", "bela", "carla")}
    assert regrade(new, "--apply").exit_code == 0
    assert marker.grade("a-bend")["auto_score"] == 0
    assert marker.grade("a-proof")["manual_score"] == 1.5
    assert marker.comment_on("a-proof") == "Say why."
    (kept,) = (graded.root / "regraded" / "hw").iterdir()
    told = json.loads(kept.read_text(encoding="utf-8"))
    assert told["schema"] == "fdl-regrading/1"
    assert set(told["changes"]) == {"anna", "bela", "carla"}
    again = regrade(new, "--apply", "--format", "json")
    assert changes(again) == {}
    assert regrade({**new, "anna": mark(graded)}, "--apply").exit_code == 0
    assert len(list((graded.root / "regraded" / "hw").iterdir())) == 2


def test_points_that_a_person_gave_to_an_auto_item_stay(
    graded: Course, regrade: Regrade, marker: Marker
) -> None:
    marker.give("a-slope", 0.5)
    marker.give("b-bonus", None, extra=1.0)
    new = {"anna": mark(graded, {"a-slope": 0.0, "b-bonus": 0.0})}
    result = regrade(new, "--student", "anna", "--apply", "--format", "json")
    told = json.loads(result.stdout)
    assert [change["by_hand"] for change in told["changes"]["anna"]] == [True, True]
    assert {item: total["points"] for item, total in told["totals"].items()} == {
        "a-slope": 0.0,
        "b-bonus": 0.0,
    }
    assert marker.grade("a-slope")["manual_score"] == 0.5
    assert marker.grade("b-bonus")["extra_credit"] == 1.0


def test_who_can_not_be_marked_keeps_the_marks_and_who_was_never_graded_has_none(
    graded: Course, assignment: Assignment, regrade: Regrade
) -> None:
    hand_in(graded, "dora")
    before = stored_reports(graded, assignment)
    result = regrade({"anna": mark(graded), "carla": mark(graded)}, "--apply", "--format", "json")
    told = json.loads(result.stdout)
    assert told["failed"] == {"bela": "it broke"}
    assert told["ungraded"] == ["dora"]
    after = stored_reports(graded, assignment)
    assert after["bela"] == before["bela"]
    assert "dora" not in after


def test_other_words_for_the_same_marks_are_counted_in_a_line(
    graded: Course, regrade: Regrade
) -> None:
    marking = mark(graded)
    items = dict(marking.report.items)
    (claim,) = items["a-slope"].claims
    items["a-slope"] = replace(items["a-slope"], claims=(replace(claim, message="Well done."),))
    reworded = replace(marking, report=replace(marking.report, items=items))
    result = regrade({"anna": reworded}, "--student", "anna")
    assert "Students whose marks change: 0" in result.stdout
    assert "Items with other words for the same mark: 1." in result.stdout


def test_items_that_come_go_or_change_their_worth_are_named(
    graded: Course, regrade: Regrade
) -> None:
    marking = mark(graded)
    items = dict(marking.report.items)
    items["a-new"] = items.pop("a-bend")
    items["a-slope"] = replace(items["a-slope"], max_points=3.0)
    new = replace(marking, report=replace(marking.report, items=items))
    told = json.loads(regrade({"anna": new}, "--student", "anna", "--format", "json").stdout)
    assert {change["item"]: change["reasons"] for change in told["changes"]["anna"]} == {
        "a-slope": ["it is worth 3 instead of 1"],
        "a-new": ["the item is new"],
        "a-bend": ["the item is no more"],
    }
