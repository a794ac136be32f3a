"""`fdl regrade` shows the changes first; `--apply` keeps the marks that a person gave."""

from __future__ import annotations

import errno
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

import autograder.sandbox
from autograder.cli import app
from autograder.commands import grade as grade_command
from autograder.course.assignment import Assignment, Course
from autograder.desk.desk import Desk
from autograder.desk.messages import Given
from autograder.gradebook.database import open_gradebook
from autograder.gradebook.handmarks import HandMark, read_hand_marks
from autograder.gradebook.recorder import Recorder
from autograder.grading import classrun, forkserver
from autograder.grading.fingerprint import Fingerprints
from autograder.grading.jobs import Job, Marked
from autograder.grading.mark import Marking
from autograder.grading.report import ItemReport, Report
from autograder.runs import regrade as regrading
from autograder.runs.regrade import Spool, read_graded
from tests.consoles import wide_consoles
from tests.gradebook.course import record, record_class

from .conftest import Marker
from .course import NO_WALLS, hand_in, mark
from .shared import copied

Regrade = Callable[..., Result]
STUDENTS = ("anna", "bela", "carla")


@pytest.fixture(scope="session")
def graded_once(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Anna has all answers right, bela has a wrong slope, and carla has a wrong bonus item."""
    course = copied(prepared, tmp_path_factory.mktemp("regrade") / "course")
    points: dict[str, dict[str, float]]
    points = {"anna": {}, "bela": {"a-slope": 0.0}, "carla": {"b-bonus": 0.0}}
    for student in points:
        hand_in(course, student)
    markings = {student: mark(course, earned) for student, earned in points.items()}
    record_class(course, course.assignment("hw"), markings)
    return course.root


@pytest.fixture
def graded(course: Course, graded_once: Path) -> Course:
    return copied(graded_once, course.root)


@pytest.fixture
def regrade(graded: Course, monkeypatch: pytest.MonkeyPatch) -> Regrade:
    """Run the command with marking that finds `new`; students without an entry fail."""

    monkeypatch.setattr(grade_command, "out", Console(width=160))  # one line for each row
    monkeypatch.setattr(forkserver, "start", lambda: None)  # no marking process will be started

    def run(new: Mapping[str, Marking], *options: str) -> Result:
        def mark_class(_c: Any, _a: Any, jobs: Any, **_settings: Any) -> Iterator[Marked]:
            for job in jobs:
                marking = new.get(job.student)
                yield Marked(job.student, marking, "" if marking else "it broke")

        monkeypatch.setattr(classrun, "mark_class", mark_class)
        monkeypatch.setattr(autograder.sandbox, "examine", lambda **_: NO_WALLS)
        command = ["regrade", "hw", "--course", str(graded.root), *options]
        with wide_consoles():
            return CliRunner().invoke(app, command)

    return run


def told(result: Result) -> dict[str, Any]:
    """Return the JSON that the command printed."""
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def points(result: Result) -> dict[str, dict[str, tuple[float | None, float | None]]]:
    """Return the points before and after, by student and item."""
    return {
        student: {change["item"]: (change["before"], change["after"]) for change in changes}
        for student, changes in told(result)["changes"].items()
    }


def why(result: Result, student: str = "anna") -> dict[str, list[str]]:
    return {change["item"]: change["reasons"] for change in told(result)["changes"][student]}


def reports(course: Course) -> Mapping[str, Report]:
    graded = read_graded(course, course.assignment("hw"))
    return {student: graded.report(student) for student in graded.seeds}


def kept(course: Course, suffix: str = ".json") -> list[Path]:
    return sorted((course.root / "regraded" / "hw").glob(f"*{suffix}"))


def files(course: Course) -> dict[str, bytes]:
    paths = (path for path in course.root.rglob("*") if path.is_file())
    return {str(path.relative_to(course.root)): path.read_bytes() for path in paths}


def with_item(marking: Marking, name: str, **values: Any) -> Marking:
    """Return the Marking with another item report of this name."""
    items = dict(marking.report.items)
    items[name] = replace(items[name], **values)
    return replace(marking, report=replace(marking.report, items=items))


# what is shown


def test_it_lists_exactly_the_marks_that_change_and_writes_nothing(
    graded: Course, regrade: Regrade
) -> None:
    before = files(graded)
    new = {
        "anna": mark(graded, {"a-bend": 0.0}),
        "bela": mark(graded),
        "carla": mark(graded, {"b-bonus": 0.0}),
    }
    result = regrade(new, "--format", "json")
    assert result.exit_code == 0, result.output
    assert points(result) == {"anna": {"a-bend": (2, 0)}, "bela": {"a-slope": (0, 1)}}
    assert told(result)["unchanged"] == ["carla"]
    assert why(result) == {"a-bend": ["now fails: The claim about a-bend."]}
    assert why(result, "bela") == {"a-slope": ["now holds: The claim about a-slope."]}
    assert files(graded) == before
    assert regrade(new).exit_code == 0
    assert files(graded) == before


def test_items_and_the_class_have_totals(graded: Course, regrade: Regrade) -> None:
    new = {
        "anna": mark(graded, {"a-bend": 0.5, "b-bonus": 0.0}),
        "bela": mark(graded, {"a-slope": 0.0, "a-bend": 1.0, "b-bonus": 0.5}),
        "carla": mark(graded),
    }
    found = told(regrade(new, "--format", "json"))
    assert found["totals"] == {
        "a-bend": {"students": 2, "points": -2.5},
        "b-bonus": {"students": 3, "points": -1.5},
    }
    assert found["class"] == {"students": 3, "points": -2.5, "bonus_points": -1.5}


def test_the_table_says_who_what_and_why(graded: Course, regrade: Regrade) -> None:
    output = " ".join(regrade({name: mark(graded) for name in STUDENTS}).stdout.split())
    for words in (
        "bela │ a-slope │ 0 of 1 → 1 of 1 │ now holds: The claim about a-slope.",
        "all students │ b-bonus │ +2 │ 1 student",
        "all students │ all items │ +1, +2 bonus │ 2 students",
        "Students with changed marks: 2; without: 1.",
    ):
        assert words in output, output


def test_other_words_for_the_same_marks_are_counted_in_a_line(
    graded: Course, regrade: Regrade
) -> None:
    marking = mark(graded)
    (claim,) = marking.report.items["a-slope"].claims
    new = {"anna": with_item(marking, "a-slope", claims=(replace(claim, message="Well done."),))}
    output = regrade(new, "--student", "anna").stdout
    assert "Students with changed marks: 0; without: 1." in output
    assert "Items with the same points but other claims or texts: 1." in output
    assert "Marks of hw" not in output


def test_only_the_students_named_are_marked(graded: Course, regrade: Regrade) -> None:
    found = told(regrade({"bela": mark(graded)}, "--student", "bela", "--format", "json"))
    assert (list(found["changes"]), found["failed"], found["unchanged"]) == (["bela"], {}, [])


def test_each_student_is_marked_with_the_seed_of_the_stored_report(
    graded: Course, assignment: Assignment, regrade: Regrade, monkeypatch: pytest.MonkeyPatch
) -> None:
    marking = mark(graded)
    record(graded, assignment, "bela", replace(marking, report=replace(marking.report, seed=99)))
    seeds: dict[str, int] = {}

    def mark_class(_c: Any, _a: Any, jobs: Any, *, seed: int, **_: Any) -> Iterator[Marked]:
        for job in jobs:
            seeds[job.student] = seed
            report = replace(mark(graded).report, seed=seed)
            yield Marked(job.student, replace(marking, report=report))

    regrade({})  # sets up the made-up walls
    monkeypatch.setattr(classrun, "mark_class", mark_class)
    options = ["regrade", "hw", "--course", str(graded.root), "--format", "json"]
    result = CliRunner().invoke(app, options)
    assert seeds == {"anna": 7, "bela": 99, "carla": 7}
    assert told(result)["seeds"] == seeds


# --- students who can't be compared ---------------------------------------------------------------


def test_who_can_not_be_marked_keeps_the_marks_and_fails_the_command(
    graded: Course, regrade: Regrade
) -> None:
    before = reports(graded)
    new = {"anna": mark(graded), "carla": mark(graded)}
    assert "bela could not be marked and keeps the earlier marks: it broke" in regrade(new).stdout
    result = regrade(new, "--apply", "--format", "json")
    assert result.exit_code == 1
    assert told(result)["failed"] == {"bela": "it broke"}
    after = reports(graded)
    assert after["bela"] == before["bela"]
    assert after["carla"] != before["carla"]


def test_who_was_never_graded_is_named_and_left_alone(graded: Course, regrade: Regrade) -> None:
    hand_in(graded, "dora")
    result = regrade({name: mark(graded) for name in (*STUDENTS, "dora")}, "--apply")
    assert result.exit_code == 0
    assert "Skipped, because they were never graded: dora." in result.stdout
    assert "dora" not in reports(graded)


def test_who_has_no_submission_or_no_readable_report_keeps_the_marks(
    graded: Course, regrade: Regrade
) -> None:
    (graded.root / "submitted" / "anna" / "hw").rmdir()
    damaged = graded.root / "autograded" / "bela" / "hw" / "report.json"
    damaged.chmod(0o600)
    damaged.write_text('{"schema": "of another time"}')
    result = regrade(dict.fromkeys(STUDENTS, mark(graded)), "--apply", "--format", "json")
    failed = told(result)["failed"]
    assert "no longer in submitted/" in failed["anna"]
    assert "of another time" in failed["bela"]
    assert list(told(result)["changes"]) == ["carla"]
    assert damaged.read_text() == '{"schema": "of another time"}'


@pytest.mark.parametrize("anew", ["empty", pytest.param("gone", marks=pytest.mark.slow)])
def test_gradebook_that_was_begun_anew_or_is_gone_is_no_obstacle(
    graded: Course, regrade: Regrade, marker: Marker, empty_gradebook: Path, anew: str
) -> None:
    gradebook = graded.root / "gradebook.db"
    gradebook.unlink()
    shutil.rmtree(graded.root / "gradebook-copies")
    new = dict.fromkeys(STUDENTS, mark(graded, {"a-slope": 0.5}))
    assert set(points(regrade(new, "--format", "json"))) == set(STUDENTS)
    assert not gradebook.exists()
    if anew == "empty":
        shutil.copyfile(empty_gradebook, gradebook)
    assert regrade(new, "--student", "anna", "--apply").exit_code == 0
    assert marker.students() == ["anna"]
    assert set(points(regrade(new, "--format", "json"))) == {"bela", "carla"}


def test_what_a_run_that_was_killed_had_recorded_is_compared(
    graded: Course, regrade: Regrade
) -> None:
    folder = graded.root / "autograded" / "bela"
    (folder / "hw").rename(folder / ".hw-unfinished")  # the gradebook still has the Report's digest
    result = regrade({name: mark(graded) for name in STUDENTS}, "--format", "json")
    assert set(points(result)) == {"bela", "carla"}


# why


def test_claims_that_come_go_or_count_otherwise_are_named(graded: Course, regrade: Regrade) -> None:
    marking = mark(graded)
    (claim,) = marking.report.items["a-bend"].claims
    changed = (replace(claim, part="other"), replace(claim, claim="A claim of late.", passed=False))
    new = with_item(marking, "a-bend", points=1.0, claims=changed)
    new = with_item(new, "a-slope", points=0.0, claims=())
    assert why(regrade({"anna": new}, "--student", "anna", "--format", "json")) == {
        "a-slope": ["no longer tested: The claim about a-slope."],
        "a-bend": ["counts differently: The claim about a-bend.", "new, fails: A claim of late."],
    }


def test_claim_that_stands_twice_holds_only_as_a_whole(graded: Course, regrade: Regrade) -> None:
    marking = mark(graded)
    (claim,) = marking.report.items["a-bend"].claims
    twice = (replace(claim, passed=False), claim)
    new = {"anna": with_item(marking, "a-bend", points=0.0, claims=twice)}
    found = why(regrade(new, "--student", "anna", "--format", "json"))
    assert found == {"a-bend": ["now fails: The claim about a-bend."]}


def test_misconceptions_that_change_points_are_named(
    graded: Course, assignment: Assignment, regrade: Regrade
) -> None:
    named = {"diagnosis": "The factor is missing.", "misconception": "no-factor"}
    wrong = mark(graded, {"a-bend": 0.0})
    new = with_item(wrong, "a-bend", points=0.5, **named)
    record(graded, assignment, "anna", wrong)
    options = ("--student", "anna", "--format", "json")
    assert why(regrade({"anna": new}, *options)) == {
        "a-bend": ["now diagnosed: The factor is missing."]
    }
    assert regrade({"anna": new}, "--student", "anna", "--apply").exit_code == 0
    keeps_more = with_item(new, "a-bend", points=1.0)
    expected = {"a-bend": ["the named misconception now leaves a different share of the points"]}
    assert why(regrade({"anna": keeps_more}, *options)) == expected
    expected = {"a-bend": ["no longer diagnosed: The factor is missing."]}
    assert why(regrade({"anna": wrong}, *options)) == expected


def test_notebook_that_is_not_marked_any_more_is_the_reason(
    graded: Course, regrade: Regrade
) -> None:
    new = {"anna": mark(graded, broken={"a_slopes": "It is not JSON."})}
    found = why(regrade(new, "--student", "anna", "--format", "json"))
    assert found["a-slope"][0] == "could not be marked now: It is not JSON."


# changed items


def change_points(course: Course, old: str, new: str) -> None:
    for tree in (course.source("hw"), course.release("hw")):
        path = tree / "a_slopes.ipynb"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


def test_changed_maximum_is_shown_and_recorded(
    graded: Course, regrade: Regrade, marker: Marker
) -> None:
    change_points(graded, '"points": 1', '"points": 3')
    new = {name: mark(graded, {"a-slope": 3.0}) for name in STUDENTS}
    result = regrade(new, "--apply", "--format", "json")
    assert result.exit_code == 0, result.output
    assert why(result)["a-slope"] == ["it is worth 3 instead of 1"]
    assert why(result, "bela")["a-slope"][0] == "it is worth 3 instead of 1"
    assert told(result)["totals"]["a-slope"] == {"students": 3, "points": 2 + 3 + 2}
    assert marker.total("bela")[:2] == (3.0 + 2.0 + 2.0, 7.0)
    assert "applies to all students" not in regrade(new).stdout


def test_changed_maximum_of_an_answer_in_words_is_shown_and_its_mark_stays(
    graded: Course, regrade: Regrade, marker: Marker
) -> None:
    marker.give("a-proof", 1.5)
    change_points(graded, '"points": 2,\n     "schema_version": 3,\n     "solution": true',
                  '"points": 4,\n     "schema_version": 3,\n     "solution": true')  # fmt: skip
    result = regrade({name: mark(graded) for name in STUDENTS}, "--apply")
    output = " ".join(result.stdout.split())
    assert "anna │ a-proof │ 1.5 by hand, kept (of 2 → of 4)" in output
    assert "bela │ a-proof │ open (of 2 → of 4)" in output
    assert "A changed maximum applies to all students at once" in output
    assert marker.grade("a-proof")["manual_score"] == 1.5
    assert marker.total()[1] == 5.0 + 2.0


def test_points_that_were_not_released_are_refused_before_marking(
    graded: Course, regrade: Regrade
) -> None:
    path = graded.source("hw") / "a_slopes.ipynb"
    path.write_text(path.read_text().replace('"points": 1', '"points": 3'))
    result = regrade({})
    assert result.exit_code == 2
    assert "(a-slope): run `fdl release hw` first" in " ".join(result.output.split())


def test_items_that_come_or_go_are_named(graded: Course, regrade: Regrade) -> None:
    marking = mark(graded)
    items: dict[str, ItemReport] = dict(marking.report.items)
    items["a-new"] = items.pop("a-bend")
    new = replace(marking, report=replace(marking.report, items=items))
    result = regrade({"anna": new}, "--student", "anna", "--format", "json")
    assert why(result) == {"a-new": ["the item is new"], "a-bend": ["the item was removed"]}
    assert points(result)["anna"] == {"a-new": (None, 2), "a-bend": (2, None)}
    output = " ".join(regrade({"anna": new}, "--student", "anna").stdout.split())
    assert "no item → 2 of 2" in output
    assert "2 of 2 → no item" in output


def test_gradebook_that_can_not_take_an_item_up_is_left_as_it_was(
    graded: Course, regrade: Regrade
) -> None:
    change_points(graded, '"grade_id": "a-bend"', '"grade_id": "a-turn"')
    before = files(graded)
    new = mark(graded, {"a-turn": 2.0})
    result = regrade(dict.fromkeys(STUDENTS, new), "--apply")
    assert result.exit_code == 2
    assert "the item is new" in result.output
    assert "start a new gradebook" in " ".join(result.output.split())
    assert files(graded) == before


# applied


def test_applied_it_records_and_keeps_marks_and_comments_of_persons(
    graded: Course, regrade: Regrade, marker: Marker
) -> None:
    marker.give("a-proof", 1.5)
    marker.give("b-essay", None, extra=0.5)
    marker.comment("a-proof", "Say why.")
    new = {name: mark(graded, {"a-bend": 0.0, "b-bonus": 1.0}) for name in STUDENTS}
    assert regrade(new, "--apply").exit_code == 0
    assert marker.grade("a-bend")["auto_score"] == 0
    assert marker.grade("b-bonus")["extra_credit"] == 1
    assert marker.grade("a-proof")["manual_score"] == 1.5
    assert marker.grade("b-essay")["extra_credit"] == 0.5
    assert marker.comment_on("a-proof") == "Say why."
    assert not marker.grade("a-proof")["needs_manual_grade"]


def test_applied_it_moves_bonus_points_typed_as_a_score(
    graded: Course, regrade: Regrade, marker: Marker
) -> None:
    marker.give("b-essay", 0.5)
    marker.give("b-bonus", 0.0, extra=2.0)
    new = {name: mark(graded, {"b-bonus": 1.0}) for name in STUDENTS}
    assert regrade(new, "--apply").exit_code == 0
    essay, bonus = marker.grade("b-essay"), marker.grade("b-bonus")
    assert (essay["manual_score"], essay["extra_credit"]) == (None, 0.5)
    assert (bonus["manual_score"], bonus["extra_credit"]) == (None, 1.0)


def test_applied_it_keeps_the_marks_of_the_desk_with_their_history(
    graded: Course, regrade: Regrade, marker: Marker
) -> None:
    def seen() -> tuple[list[HandMark], list[tuple[str, float | None, bool, str]]]:
        desk = Desk(graded, "hw")
        views = {each.id: desk.answer(each.id, "Rita") for each in desk.queue("Rita").answers}
        desk.close()
        with open_gradebook(graded) as gradebook:
            log = read_hand_marks(gradebook, "hw")
        history = [each for marks in log.answers.values() for each in marks.history]
        return history, [
            (name, each.entry.points, each.entry.open, each.mark.comment if each.mark else "")
            for name, each in sorted(views.items())
        ]

    desk = Desk(graded, "hw")
    for entry in desk.queue("Rita", names=True).answers:
        step, *_ = next(each for each in desk.queue("").items if each.name == entry.item).steps
        if entry.name != "carla":
            state = desk.answer(entry.id, "Rita").state
            given = Given(
                marker="Rita", state=state, ticks=(step.id,), adjustment=0.25, reason="neat",
                comment="Say why.", flagged=entry.item == "b-essay",
            )  # fmt: skip
            desk.save(entry.id, given)
    desk.close()
    before = seen()
    assert len(before[0]) == 4

    new = {name: mark(graded, {"a-bend": 0.0, "b-bonus": 1.0}) for name in STUDENTS}
    assert regrade(new, "--apply").exit_code == 0

    assert seen() == before
    assert marker.grade("a-bend")["auto_score"] == 0
    proof, essay = marker.grade("a-proof"), marker.grade("b-essay")
    assert (proof["manual_score"], proof["needs_manual_grade"]) == (0.75, False)
    assert (essay["manual_score"], essay["extra_credit"]) == (None, 1.0)
    assert not essay["needs_manual_grade"]
    assert marker.comment_on("a-proof") == "Say why."
    assert regrade(new, "--apply").exit_code == 0
    assert seen() == before


def test_second_run_after_applying_shows_and_records_nothing(
    graded: Course, regrade: Regrade
) -> None:
    new = {name: mark(graded, {"a-bend": 0.0}) for name in STUDENTS}
    assert regrade(new, "--apply").exit_code == 0
    stored = {name: report.to_json() for name, report in reports(graded).items()}
    assert stored == {name: marking.report.to_json() for name, marking in new.items()}
    before = files(graded)
    again = regrade(new, "--apply", "--format", "json")
    assert (again.exit_code, points(again), told(again)["other_findings"]) == (0, {}, 0)
    assert files(graded) == before


@pytest.mark.parametrize("earned", [{"a-slope": 0.0, "b-bonus": 0.0}, {"a-bend": 1.0}])
def test_points_that_a_person_gave_to_an_auto_item_stay(
    graded: Course, regrade: Regrade, marker: Marker, earned: dict[str, float]
) -> None:
    marker.give("a-slope", 0.5)
    marker.give("b-bonus", None, extra=1.0)
    new = {"anna": mark(graded, earned)}
    found = told(regrade(new, "--student", "anna", "--format", "json"))
    given = {"a-slope": 0.5, "a-bend": None, "b-bonus": 1.0}
    assert {c["item"]: c["kept"] for c in found["changes"]["anna"]} == {
        item: given[item] for item in earned
    }
    assert found["class"]["points"] == (-1.0 if "a-bend" in earned else 0.0)
    regrade(new, "--student", "anna", "--apply")
    assert marker.grade("a-slope")["manual_score"] == 0.5
    assert marker.grade("b-bonus")["extra_credit"] == 1.0


def test_points_kept_by_hand_are_marked_as_such_in_the_table(
    graded: Course, regrade: Regrade, marker: Marker
) -> None:
    marker.give("a-slope", 0.5)
    new = {"anna": mark(graded, {"a-slope": 0.0})}
    output = " ".join(regrade(new, "--student", "anna").stdout.split())
    assert "a-slope │ 0.5 by hand, kept (1 of 1 → 0 of 1)" in output
    assert "please check the mark by hand" in output


def test_record_holds_points_claims_version_and_seeds(graded: Course, regrade: Regrade) -> None:
    new = {name: mark(graded, {"a-bend": 0.0}) for name in STUDENTS}
    assert regrade(new, "--apply").exit_code == 0
    [path] = kept(graded)
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["schema"] == "fdl-regrading/1"
    assert record["kit"]
    assert record["seeds"] == dict.fromkeys(STUDENTS, 7)
    assert record["at"][:19].replace(":", "-") == path.stem
    assert record["not_recorded"] == {}
    [change] = record["changes"]["anna"]
    assert (change["before"], change["after"], change["max_after"]) == (2.0, 0.0, 2.0)
    claims = {when: [c["passed"] for c in change[f"claims_{when}"]] for when in ("before", "after")}
    assert claims == {"before": [True], "after": [False]}
    [page] = kept(graded, ".txt")
    assert page.stem == path.stem
    text = " ".join(page.read_text(encoding="utf-8").split())
    assert "seed 7" in text
    assert "anna │ a-bend │ 2 of 2 → 0 of 2 │ now fails: The claim about a-bend." in text


def test_no_record_is_ever_overwritten(
    graded: Course, regrade: Regrade, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(datetime):
        def strftime(self, _form: str) -> str:
            return "2026-11-23T12-00-00"

    monkeypatch.setattr("autograder.commands.grade.datetime", Stopped)
    for earned in (0.0, 1.0, 0.5):
        new = {name: mark(graded, {"a-bend": earned}) for name in STUDENTS}
        assert regrade(new, "--apply").exit_code == 0
    stem = "2026-11-23T12-00-00"
    names = [f"{stem}{end}{suffix}" for end in ("", "-2", "-3") for suffix in (".json", ".txt")]
    assert sorted(os.listdir(graded.root / "regraded" / "hw")) == sorted(names)
    after = {
        path.stem: json.loads(path.read_text())["changes"]["anna"][0]["after"]
        for path in kept(graded)
    }
    assert after == {stem: 0.0, f"{stem}-2": 1.0, f"{stem}-3": 0.5}


def test_student_whose_recording_fails_is_told_and_the_record_says_so(
    graded: Course, regrade: Regrade
) -> None:
    before = reports(graded)
    new = {name: mark(graded, {"a-bend": 0.0}) for name in STUDENTS}
    new["bela"].notebooks["a_slopes"].cells.pop()  # the cells differ from the release's cells now
    result = regrade(new, "--apply")
    assert result.exit_code == 1
    assert "the marks of bela could not be recorded" in " ".join(result.output.split())
    after = reports(graded)
    assert {name for name in STUDENTS if after[name] != before[name]} == {"anna", "carla"}
    [path] = kept(graded)
    assert list(json.loads(path.read_text(encoding="utf-8"))["not_recorded"]) == ["bela"]
    assert list(points(regrade(new, "--format", "json"))) == ["bela"]


def test_run_that_stops_half_way_leaves_what_it_was_about_to_change(
    graded: Course, regrade: Regrade, monkeypatch: pytest.MonkeyPatch
) -> None:
    def record_one(_recorder: Recorder, _student: str, _marking: Marking) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(Recorder, "record", record_one)
    new = {name: mark(graded, {"a-bend": 0.0}) for name in STUDENTS}
    regrade(new, "--apply")
    [path] = kept(graded)
    assert path.name.endswith(".unfinished.json")
    assert set(json.loads(path.read_text(encoding="utf-8"))["changes"]) == set(STUDENTS)


def test_after_it_was_applied_nothing_is_left_to_grade(graded: Course, regrade: Regrade) -> None:
    new = {name: mark(graded) for name in STUDENTS}  # anna's Report is unchanged
    assert regrade(new).exit_code == 0
    assert unchanged(graded) == 0
    assert regrade(new, "--apply").exit_code == 0
    assert unchanged(graded) == 3
    assert regrade(new, "--apply").exit_code == 0  # no Report changes here
    assert unchanged(graded) == 3


def unchanged(course: Course) -> int:
    """Return the number of students who need no grading."""
    homework = course.assignment("hw")
    prints = Fingerprints(course, homework, protections=[NO_WALLS])
    with Recorder(course, homework) as book:
        return sum(
            book.recorded(name, prints.of(course.root / "submitted" / name / "hw")) is not None
            for name in STUDENTS
        )


def test_markings_wait_in_a_file_without_a_name(graded: Course) -> None:
    markings = {name: mark(graded, {"a-bend": float(k)}) for k, name in enumerate(STUDENTS)}
    before = files(graded)
    prints: Any = SimpleNamespace(of=lambda path: f"of {path.name}")
    with Spool(graded, lambda _seed: prints) as spool:
        spool.expect([Job(name, Path(name)) for name in markings], seed=1)
        for name, marking in reversed(markings.items()):
            spool.put(name, marking)
        assert list(spool) == [(name, f"of {name}") for name in STUDENTS]
        assert {name: spool.take(name) for name in ("bela", "anna", "carla")} == markings
        assert files(graded) == before


def test_where_new_marks_can_not_wait_nothing_changes_and_it_is_told(
    graded: Course, regrade: Regrade, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(graded)

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pickle, "dump", refuse)
    result = regrade({name: mark(graded) for name in STUDENTS}, "--apply")
    assert result.exit_code == 2
    told_words = " ".join(result.output.split())
    assert "No space left on device" in told_words
    assert "Nothing was changed" in told_words
    assert files(graded) == before


def test_a_report_that_goes_meanwhile_costs_its_student_alone(
    graded: Course, regrade: Regrade, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = regrading.Graded.report

    def get(stored: regrading.Graded, student: str) -> Report:
        if student == "bela":
            (graded.root / "autograded" / "bela" / "hw" / "report.json").unlink()
        return read(stored, student)

    monkeypatch.setattr(regrading.Graded, "report", get)
    result = regrade({name: mark(graded) for name in STUDENTS}, "--format", "json")
    assert result.exit_code == 1
    assert "can't be read any more" in told(result)["failed"]["bela"]
    assert list(told(result)["changes"]) == ["carla"]
