from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import threading
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from sqlalchemy import event
from sqlalchemy.engine import Engine

from autograder.course.assignment import Assignment, Course
from autograder.errors import RecordError
from autograder.gradebook import database, folders
from autograder.gradebook.database import PatientGradebook
from autograder.gradebook.recorder import Recorder
from autograder.grading.mark import Marking
from autograder.grading.report import Report
from autograder.pages.feedback import write_feedback
from tests.gradebook.course import record, record_class

from .conftest import Marker
from .course import BONUS, REGULAR, TEXT_STUB, hand_in, mark, read_marks


def autograded(course: Course, problem: str, student: str = "anna") -> NotebookNode:
    path = course.root / "autograded" / student / "hw" / f"{problem}.ipynb"
    return nbformat.read(path, as_version=4)


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    [found] = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name]
    return found


def _add_cell(course: Course) -> None:
    path = course.release("hw") / "a_slopes.ipynb"
    notebook = nbformat.read(path, as_version=4)
    more = nbformat.v4.new_markdown_cell("More.", id="a-more")
    more.metadata["nbgrader"] = {**notebook.cells[0].metadata.nbgrader, "grade_id": "a-more"}
    notebook.cells.append(more)
    nbformat.write(notebook, path)


# points


def test_points_of_regular_items_are_scores(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    record(course, assignment, "anna", mark(course, {"a-bend": 1.33}))
    assert marker.grade("a-slope")["auto_score"] == 1.0
    assert marker.grade("a-bend")["auto_score"] == 1.33
    assert marker.grade("a-bend")["extra_credit"] is None


def test_no_points_are_zero_and_not_nothing(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    record(course, assignment, "anna", mark(course, dict.fromkeys(("a-slope", "b-bonus"), 0.0)))
    assert marker.grade("a-slope")["auto_score"] == 0.0
    assert marker.grade("b-bonus")["extra_credit"] == 0.0


@pytest.mark.usefixtures("recorded")
def test_bonus_points_are_extra_credit_and_cannot_be_missed(marker: Marker) -> None:
    grade = marker.grade("b-bonus")
    assert (grade["auto_score"], grade["extra_credit"], grade["max_score"]) == (0.0, 2.0, 0.0)
    assert marker.total() == (3.0 + 2.0, REGULAR, True)


@pytest.mark.usefixtures("recorded")
def test_full_marks_are_all_regular_and_all_bonus_points(marker: Marker) -> None:
    marker.give("a-proof", 2.0)
    marker.give("b-essay", None, extra=1.0)
    assert marker.total() == (REGULAR + BONUS, REGULAR, False)


def test_released_notebooks_keep_the_points_of_bonus_items(recorded: Course) -> None:
    released = nbformat.read(recorded.release("hw") / "b_extras.ipynb", as_version=4)
    assert cell(released, "b-bonus").metadata.nbgrader.points == 2
    assert cell(autograded(recorded, "b_extras"), "b-bonus").metadata.nbgrader.points == 0


def test_check_cell_keeps_what_it_printed_beside_one_clean_number(
    course: Course, assignment: Assignment
) -> None:
    record(course, assignment, "anna", mark(course, {"a-bend": 0.5}))
    shown, score = cell(autograded(course, "a_slopes"), "a-bend").outputs
    assert shown.text == "so far so good\n"
    assert (score.output_type, score.data) == ("execute_result", {"text/plain": "0.5"})


def test_report_lies_beside_the_notebooks(course: Course, assignment: Assignment) -> None:
    marking = mark(course)
    record(course, assignment, "anna", marking)
    folder = course.root / "autograded" / "anna" / "hw"
    stored = Report.from_json((folder / "report.json").read_text(encoding="utf-8"))
    assert stored == marking.report
    assert sorted(os.listdir(folder)) == ["a_slopes.ipynb", "b_extras.ipynb", "report.json"]


def test_nothing_of_the_submission_folder_is_copied(course: Course, assignment: Assignment) -> None:
    folder = hand_in(course, "anna")
    for name in ("conftest.py", "report.json", "gradebook.db", "a_slopes.ipynb"):
        (folder / name).write_text("planted")
    (folder / "a").symlink_to("/etc/passwd")
    record(course, assignment, "anna", mark(course))
    written = course.root / "autograded" / "anna" / "hw"
    assert sorted(os.listdir(written)) == ["a_slopes.ipynb", "b_extras.ipynb", "report.json"]
    assert all("planted" not in path.read_text() for path in written.iterdir())


# texts


@pytest.mark.usefixtures("recorded")
def test_answer_in_words_awaits_a_person(marker: Marker) -> None:
    grade = marker.grade("a-proof")
    assert (grade["auto_score"], grade["needs_manual_grade"]) == (None, True)


@pytest.mark.parametrize("item", ["a-proof", "b-essay"])
def test_untouched_text_has_no_points_and_awaits_nobody(
    course: Course, assignment: Assignment, marker: Marker, item: str
) -> None:
    record(course, assignment, "anna", mark(course, answers={}))
    grade = marker.grade(item)
    assert (grade["auto_score"], grade["needs_manual_grade"]) == (0.0, False)


@pytest.mark.parametrize(
    ("answers", "awaited"), [({}, 0.0), ({"a-proof": "Why."}, 2.0), ({"b-essay": "So."}, 1.0)]
)
def test_points_that_await_a_person_are_those_of_the_texts_that_were_written(
    course: Course, assignment: Assignment, answers: dict[str, str], awaited: float
) -> None:
    with Recorder(course, assignment) as book:
        assert book.record("anna", mark(course, answers=answers)) == awaited


def test_points_that_await_a_person_are_counted_as_the_formgrader_counts_them(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    with Recorder(course, assignment) as book:
        assert book.record("anna", mark(course)) == 2.0 + 1.0
        marker.give("a-proof", 2.0)
        assert book.record("anna", mark(course)) == 1.0
        assert book.record("anna", mark(course, answers={"a-proof": "Rewritten."})) == 2.0
        assert book.record("bela", mark(course, broken={"a_slopes": "Not JSON."})) == 1.0


def test_bonus_text_awaits_a_person_and_tells_where_its_points_go(
    recorded: Course, marker: Marker
) -> None:
    assert marker.grade("b-essay")["needs_manual_grade"]
    cells = autograded(recorded, "b_extras").cells
    [place] = [i for i, c in enumerate(cells) if "is a bonus item" in c.source]
    assert "extra credit" in cells[place].source
    assert cells[place + 1].metadata.nbgrader.grade_id == "b-essay"


@pytest.mark.usefixtures("recorded")
def test_points_for_a_bonus_text_count_once_typed(marker: Marker) -> None:
    before, _, _ = marker.total()
    marker.give("b-essay", None, extra=1.0)
    assert marker.total()[0] == before + 1.0
    assert not marker.grade("b-essay")["needs_manual_grade"]


# marking again


def test_mark_and_comment_of_a_person_survive(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    marker.give("a-proof", 1.5)
    marker.give("a-slope", 0.25)
    marker.comment("a-proof", "Which rule?")
    record(recorded, assignment, "anna", mark(recorded, {"a-slope": 0.0}, {"a-proof": "Another."}))
    assert marker.grade("a-proof")["manual_score"] == 1.5
    assert marker.grade("a-slope")["manual_score"] == 0.25
    assert marker.comment_on("a-proof") == "Which rule?"


def test_settled_mark_stays_settled_while_nothing_changed(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    marker.give("a-proof", 2.0)
    marker.give("b-essay", None, extra=1.0)
    marker.give("a-slope", 0.5)
    record(recorded, assignment, "anna", mark(recorded))
    assert marker.total()[2] is False


@pytest.mark.parametrize("item", ["a-proof", "b-essay"])
def test_changed_answer_awaits_another_look(
    recorded: Course, assignment: Assignment, marker: Marker, item: str
) -> None:
    marker.give("a-proof", 2.0)
    marker.give("b-essay", None, extra=1.0)
    record(recorded, assignment, "anna", mark(recorded, answers={item: "Rewritten."}))
    assert marker.grade(item)["needs_manual_grade"]


def test_changed_points_under_a_persons_mark_await_another_look(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    record(course, assignment, "anna", mark(course, {"a-slope": 0.0}))
    marker.give("a-slope", 0.5)
    record(course, assignment, "anna", mark(course))
    assert marker.grade("a-slope")["needs_manual_grade"]


def test_extra_credit_that_a_person_typed_survives(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    marker.give("b-bonus", None, extra=0.5)
    marker.give("a-slope", None, extra=0.25)
    for points in (1.0, 0.0, 2.0):
        record(recorded, assignment, "anna", mark(recorded, {"b-bonus": points}))
        assert marker.grade("b-bonus")["extra_credit"] == 0.5
        assert marker.grade("a-slope")["extra_credit"] == 0.25


@pytest.mark.parametrize(
    ("item", "score", "extra", "stays"),
    [
        ("b-essay", 0.5, None, 0.5),
        ("b-essay", 0.5, 0.25, 0.75),
        ("b-essay", 0.0, 0.5, 0.5),
        ("b-essay", 0.0, 0.0, 0.0),
        ("b-bonus", 0.0, 2.0, 2.0),
        ("b-bonus", 1.0, 0.0, 1.0),
    ],
)
def test_score_of_a_bonus_item_becomes_extra_credit_and_keeps_its_points(
    recorded: Course, assignment: Assignment, marker: Marker, item: str, score: float,
    extra: float | None, stays: float,
) -> None:  # fmt: skip
    marker.give(item, score, extra=extra)
    before = read_marks(recorded).students["anna"]
    record(recorded, assignment, "anna", mark(recorded))
    grade = marker.grade(item)
    found = (grade["manual_score"], grade["extra_credit"], grade["needs_manual_grade"])
    assert found == (None, stays, False)
    after = read_marks(recorded).students["anna"]
    assert before.items[item].points == after.items[item].points == stays


def test_bonus_text_whose_points_nbgrader_lost_is_open_again(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    with Recorder(recorded, assignment) as recorder:
        recorder.record("anna", mark(recorded), "print")
    marker.give("b-essay", 0.0)  # nbgrader's page makes 0 of 0.5 typed points
    assert read_marks(recorded).students["anna"].items["b-essay"].open
    with Recorder(recorded, assignment) as recorder:
        found = recorder.recorded("anna", "print")
        assert found is not None
        assert found[1] == 2.0 + 1.0
        assert recorder.record("anna", mark(recorded)) == 2.0 + 1.0
    grade = marker.grade("b-essay")
    found_now = (grade["manual_score"], grade["extra_credit"], grade["needs_manual_grade"])
    assert found_now == (None, None, True)


def test_score_of_0_for_a_tested_bonus_item_does_not_hide_its_points(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    marker.give("b-bonus", 0.0)
    record(recorded, assignment, "anna", mark(recorded))
    grade = marker.grade("b-bonus")
    assert (grade["manual_score"], grade["extra_credit"]) == (None, 2.0)


@pytest.mark.parametrize("kept", [True, False], ids=["folder kept", "folder gone"])
def test_extra_credit_of_our_own_follows_the_marks(
    course: Course, assignment: Assignment, marker: Marker, kept: bool
) -> None:
    for points in (2.0, 0.5, 1.0):
        record(course, assignment, "anna", mark(course, {"b-bonus": points}))
        assert marker.grade("b-bonus")["extra_credit"] == points
        if not kept:
            shutil.rmtree(course.root / "autograded" / "anna" / "hw")


def test_recording_twice_writes_the_same_bytes(course: Course, assignment: Assignment) -> None:
    folder = course.root / "autograded" / "anna" / "hw"
    record(course, assignment, "anna", mark(course))
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    record(course, assignment, "anna", mark(course))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_what_was_in_the_folder_before_is_gone(course: Course, assignment: Assignment) -> None:
    folder = course.root / "autograded" / "anna" / "hw"
    record(course, assignment, "anna", mark(course))
    (folder / "of an earlier run.txt").write_text("x")
    record(course, assignment, "anna", mark(course))
    assert sorted(os.listdir(folder)) == ["a_slopes.ipynb", "b_extras.ipynb", "report.json"]


# --- submissions that can't be marked -------------------------------------------------------------


def test_broken_notebook_scores_zero_and_can_be_opened(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    record(course, assignment, "anna", mark(course, broken={"a_slopes": "It is not JSON."}))
    assert marker.total() == (2.0, REGULAR, True)  # only the readable notebook counts
    for item in ("a-slope", "a-bend", "a-proof"):
        grade = marker.grade(item)
        assert (grade["auto_score"], grade["needs_manual_grade"]) == (0.0, False)
    stub = autograded(course, "a_slopes")
    assert "It is not JSON." in stub.cells[0].source
    assert cell(stub, "a-proof").source == TEXT_STUB
    nbformat.validate(stub)


def test_reason_that_quotes_a_students_file_name_is_inert(
    course: Course, assignment: Assignment
) -> None:
    reason = "x<img src=x onerror=alert(1)>.ipynb [a](javascript:alert(1)) can't be read."
    record(course, assignment, "anna", mark(course, broken={"a_slopes": reason}))
    source = autograded(course, "a_slopes").cells[0].source
    assert "<img" not in source
    assert "](" not in source


def test_recording_that_fails_leaves_marks_and_notebooks_as_they_were(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    record(course, assignment, "anna", mark(course, {"a-slope": 0.5}))
    folder = course.root / "autograded" / "anna" / "hw"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    # the first notebook is fit for nbgrader, the second is not: neither may be recorded
    with pytest.raises(RecordError, match="anna"):
        record(course, assignment, "anna", _unfit(mark(course, {"a-slope": 1.0})))
    assert marker.grade("a-slope")["auto_score"] == 0.5
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert os.listdir(folder.parent) == ["hw"]


def test_student_whose_recording_fails_stops_no_other(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    with Recorder(course, assignment) as recorder:
        recorder.record("anna", mark(course))
        with pytest.raises(RecordError, match="bela"):
            recorder.record("bela", _unfit(mark(course)))
        recorder.record("chloe", mark(course))
    assert marker.students() == ["anna", "chloe"]


def _unfit(marking: Marking) -> Marking:
    """Return a Marking with two cells of the same nbgrader id, which nbgrader refuses."""
    last = marking.notebooks["b_extras"]
    copy = deepcopy(last.cells[0])
    copy.id = "copy"
    last.cells.append(copy)
    return marking


@pytest.mark.parametrize("student", ["güneş", "anna [1]", "o'neil; drop", "a*", "-x", "5 & 6"])
def test_any_name_of_a_folder_can_be_a_student(
    course: Course, assignment: Assignment, marker: Marker, student: str
) -> None:
    hand_in(course, student)
    record(course, assignment, student, mark(course))
    assert marker.grade("a-slope", student)["auto_score"] == 1.0
    assert (course.root / "autograded" / student / "hw" / "a_slopes.ipynb").is_file()


@pytest.mark.parametrize(
    "student",
    ["", ".", "..", "../source", "a/b", "/etc", "a\0b", "\udcfc", "50%", "<b>", "a\u202eb"],
)
def test_name_that_is_no_folders_is_refused_before_anything_is_written(
    course: Course, assignment: Assignment, marker: Marker, student: str
) -> None:
    before = paths(course)
    with pytest.raises(RecordError, match=r"folder name|student's folder"):
        record(course, assignment, student, mark(course))
    assert paths(course) == before
    assert marker.students() == []


def paths(course: Course) -> list[Path]:
    """Return all files and folders of the course, except copies of the gradebook."""
    return sorted(p for p in course.root.rglob("*") if "gradebook-copies" not in str(p))


def test_answers_of_a_run_that_was_killed_while_it_replaced_them_are_found(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    marker.give("a-proof", 2.0)
    folder = recorded.root / "autograded" / "anna"
    (folder / "hw").rename(folder / ".hw-old")
    (folder / ".hw-unfinished").mkdir()
    record(recorded, assignment, "anna", mark(recorded))
    assert os.listdir(folder) == ["hw"]
    # the earlier answer was found and is unchanged, so no person has to mark it again
    assert not marker.grade("a-proof")["needs_manual_grade"]


MOMENTS = {
    "before the marks are kept": (PatientGradebook, "note", 1),
    "once the marks are kept": (folders, "_replace", 1),
    "once the earlier folder is away": (Path, "rename", 2),
    "once the new folder is there": (folders, "remove", 2),
}
"""The call at which a run is killed: a function's name, and the number of the call, from 1."""


@pytest.mark.parametrize("moment", MOMENTS)
def test_run_that_is_killed_leaves_marks_and_notebooks_that_belong_together(
    course: Course, assignment: Assignment, marker: Marker, moment: str
) -> None:
    record(course, assignment, "anna", mark(course, {"a-slope": 0.25}))
    _record_and_die(course, mark(course, {"a-slope": 0.5}), *MOMENTS[moment])
    write_feedback(course, assignment)
    points = 0.25 if moment == "before the marks are kept" else 0.5
    _assert_recorded(course, marker, points)
    record(course, assignment, "anna", mark(course, {"a-slope": 0.75}))
    _assert_recorded(course, marker, 0.75)
    assert os.listdir(course.root / "autograded" / "anna") == ["hw"]


def test_first_run_that_is_killed_leaves_nothing_or_all(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    _record_and_die(course, mark(course), *MOMENTS["before the marks are kept"])
    assert write_feedback(course, assignment) == []
    assert marker.students() == []
    _record_and_die(course, mark(course, {"a-slope": 0.5}), *MOMENTS["once the marks are kept"])
    assert len(write_feedback(course, assignment)) == 3
    _assert_recorded(course, marker, 0.5)


def _assert_recorded(course: Course, marker: Marker, points: float) -> None:
    """The gradebook, the Report and the autograded notebook agree about `a-slope`."""
    report = course.root / "autograded" / "anna" / "hw" / "report.json"
    stored = Report.from_json(report.read_text(encoding="utf-8"))
    score = cell(autograded(course, "a_slopes"), "a-slope").outputs[-1]
    assert marker.grade("a-slope")["auto_score"] == points
    assert stored.items["a-slope"].points == points
    assert score.data == {"text/plain": str(points)}


def _record_and_die(course: Course, marking: Marking, owner: Any, name: str, call: int) -> None:
    """Record marks in a process that is killed at this call of a function."""
    child = os.fork()
    if child == 0:
        calls = iter(range(1, call))
        rest = getattr(owner, name)

        def killed(*arguments: Any) -> Any:
            if next(calls, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return rest(*arguments)

        setattr(owner, name, killed)
        try:
            record(course, course.assignment("hw"), "anna", marking)
        finally:
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def test_notebook_without_one_of_the_releases_cells_is_refused(
    course: Course, assignment: Assignment
) -> None:
    marking = mark(course)
    cells = marking.notebooks["b_extras"].cells
    cells[:] = [c for c in cells if c.metadata.nbgrader.grade_id != "b-bonus"]
    with pytest.raises(RecordError, match=r"anna.*b_extras.*b-bonus"):
        record(course, assignment, "anna", marking)


# --- times of submissions -------------------------------------------------------------------------


def test_late_submission_is_told_by_its_timestamp(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    folder = hand_in(course, "anna")
    (folder / "timestamp.txt").write_text("2024-11-22 00:05:00 Europe/Zurich")
    record(course, assignment, "anna", mark(course))
    assert marker.late() == 600


def test_due_date_is_meant_in_the_courses_zone(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    folder = hand_in(course, "anna")
    (folder / "timestamp.txt").write_text("2024-11-21 22:55:30 UTC")
    record(course, assignment, "anna", mark(course))
    assert marker.late() == 30


@pytest.mark.parametrize(
    "content",
    [b"", b"yesterday", b"\xff\xfe\x00", b"9" * 400, b"2024-11-21 " * 9_000_000, b"0 0 0"],
    ids=["empty", "no date", "not text", "digits", "huge", "zeros"],
)
def test_timestamp_that_is_no_date_is_ignored(
    course: Course, assignment: Assignment, marker: Marker, content: bytes
) -> None:
    (hand_in(course, "anna") / "timestamp.txt").write_bytes(content)
    record(course, assignment, "anna", mark(course))
    assert marker.late() == 0


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_timestamp_that_is_no_file_is_never_opened(
    course: Course, assignment: Assignment, marker: Marker, kind: str
) -> None:
    path = hand_in(course, "anna") / "timestamp.txt"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        (course.root / "other.txt").write_text("2025-01-01 00:00:00 UTC")
        path.symlink_to(course.root / "other.txt")
    record(course, assignment, "anna", mark(course))
    assert marker.late() == 0


# the gradebook itself


def test_gradebook_was_made_without_our_tools_on_the_path(course: Course) -> None:
    # made by the fixture `prepared`, once for all tests
    assert (course.root / "gradebook.db").stat().st_size > 0


def test_locked_gradebook_is_waited_for(course: Course) -> None:
    url = f"sqlite:///{course.root / 'gradebook.db'}"
    lock = sqlite3.connect(course.root / "gradebook.db")
    waiting = threading.Event()

    def change(gradebook: PatientGradebook) -> None:
        with gradebook.transaction():
            gradebook.update_or_create_student("anna")

    with PatientGradebook(url, "made-up") as gradebook:
        event.listen(gradebook.engine, "before_cursor_execute", lambda *_: waiting.set())
        lock.execute("BEGIN IMMEDIATE")
        changing = threading.Thread(target=change, args=(gradebook,))
        changing.start()
        assert waiting.wait(120)
        lock.rollback()
        changing.join()
        assert [student.id for student in gradebook.students] == ["anna"]


def test_gradebook_that_stays_locked_is_told_and_nothing_is_lost(
    course: Course, assignment: Assignment, marker: Marker, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(course, assignment, "anna", mark(course, {"a-slope": 0.5}))
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.1)
    with Recorder(course, assignment) as book:
        lock = sqlite3.connect(course.root / "gradebook.db")
        lock.execute("BEGIN IMMEDIATE")
        with pytest.raises(RecordError, match=r"anna.*locked for 0\.1 seconds.*again$"):
            book.record("anna", mark(course))
        lock.rollback()
        assert marker.grade("a-slope")["auto_score"] == 0.5
        book.record("anna", mark(course))
    assert marker.grade("a-slope")["auto_score"] == 1.0


def test_damaged_gradebook_is_told(course: Course, assignment: Assignment) -> None:
    (course.root / "gradebook.db").write_bytes(b"no database at all, by no means" * 100)
    with pytest.raises(RecordError, match=r"gradebook\.db is damaged.*`fdl restore`"):
        record(course, assignment, "anna", mark(course))


def test_gradebook_learns_of_changed_points(recorded: Course, marker: Marker) -> None:
    for tree in (recorded.source("hw"), recorded.release("hw")):
        text = (tree / "a_slopes.ipynb").read_text()
        (tree / "a_slopes.ipynb").write_text(text.replace('"points": 1', '"points": 4'))
    record(recorded, recorded.assignment("hw"), "anna", mark(recorded, {"a-slope": 3.0}))
    assert marker.total()[:2] == (3.0 + 2.0 + 2.0, REGULAR + 3)


def test_gradebook_that_counts_bonus_as_regular_is_put_right(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    with sqlite3.connect(recorded.root / "gradebook.db") as database:
        database.execute("UPDATE grade_cells SET max_score = 2 WHERE max_score = 0")
    record(recorded, assignment, "anna", mark(recorded))
    assert marker.total()[1] == REGULAR


def test_cells_added_before_any_marks_are_learned(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    _add_cell(course)
    record(course, assignment, "anna", mark(course))
    assert marker.total()[0] == 5.0


def test_cells_added_after_marks_are_refused_with_advice(
    recorded: Course, assignment: Assignment
) -> None:
    _add_cell(recorded)
    with pytest.raises(RecordError, match="start a new gradebook"):
        record(recorded, assignment, "anna", mark(recorded))


def test_prepared_gradebook_is_left_alone(course: Course, assignment: Assignment) -> None:
    path = course.root / "gradebook.db"
    before = path.read_bytes()
    with Recorder(course, assignment):
        pass
    assert path.read_bytes() == before


# a large class


def test_recording_a_student_reads_no_other_students_rows(course: Course) -> None:
    """All lookups of a recording use indexes that lead to this student's rows."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _u: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            asked.append((statement, values))

    record_class(course, course.assignment("hw"), {"anna": mark(course), "bela": mark(course)})
    event.listen(Engine, "before_cursor_execute", note)
    try:
        record(course, course.assignment("hw"), "anna", mark(course))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    grows = ("grade", "comment", "submitted_notebook", "submitted_assignment", "student")
    with closing(sqlite3.connect(course.root / "gradebook.db")) as database:
        steps = {
            step
            for statement, values in asked
            if "anna" in str(values) or "notebook_id" in statement
            for *_, step in database.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        }
    assert any(step.startswith("SEARCH grade USING") for step in steps)
    for step in steps:
        verb, table, *_ = step.split()
        assert not (verb == "SCAN" and table in grows), step
        assert not (table in grows and step.endswith("(cell_id=?)")), step


def test_recording_asks_the_gradebook_once_for_all_items(
    course: Course, assignment: Assignment
) -> None:
    asked: list[str] = []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    marking = mark(course)
    with Recorder(course, assignment) as recorder:
        event.listen(Engine, "before_cursor_execute", note)
        try:
            recorder.record("anna", marking)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    assert len([each for each in asked if each.startswith("UPDATE grade ")]) == 1
    assert len([each for each in asked if each.startswith("INSERT INTO grade ")]) == 1
    assert len(asked) < 40
