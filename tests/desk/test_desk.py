"""The marking desk without its page: what is saved, and what is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import msgspec
import nbformat
import pytest

from autograder.course.assignment import Course
from autograder.desk.desk import Desk, StaleError
from autograder.desk.messages import Given, RubricChange
from autograder.errors import DeskError
from autograder.gradebook.database import open_gradebook
from autograder.gradebook.handmarks import RubricStep
from tests.desk.conftest import Marker
from tests.gradebook.course import mark, read_marks, record


def test_ticks_become_points_in_nbgraders_gradebook(marked: Course, rita: Marker) -> None:
    view = rita.gives("a-proof", "anna", "s1", "s2", comment="Nice: $f'$")
    assert view.mark is not None
    assert view.mark.points == 1.5
    found = read_marks(marked).students["anna"].items["a-proof"]
    assert (found.points, found.open) == (1.5, False)


def test_points_of_a_bonus_text_are_extra_credit(marked: Course, rita: Marker) -> None:
    rita.gives("b-essay", "cleo", "s1")
    found = read_marks(marked).students["cleo"]
    assert found.items["b-essay"].points == 1.0
    assert not found.items["b-essay"].open
    assert found.bonus == 1.0 + found.items["b-bonus"].points


def test_a_withdrawn_mark_makes_the_answer_open_again(marked: Course, rita: Marker) -> None:
    view = rita.gives("a-proof", "anna", "s1")
    given = Given(marker="Rita", state=view.state, ticks=None)
    assert rita.desk.save(view.entry.id, given).entry.open
    assert read_marks(marked).students["anna"].items["a-proof"].open


def test_an_adjustment_needs_a_reason_and_stays_within_the_maximum(rita: Marker) -> None:
    with pytest.raises(DeskError, match="reason"):
        rita.gives("a-proof", "anna", "s1", adjustment=0.25)
    view = rita.gives("a-proof", "anna", "s1", "s2", "s3", adjustment=9, reason="superb")
    assert view.mark is not None
    assert view.mark.points == 2.0
    view = rita.gives("a-proof", "anna", adjustment=-3, reason="copied")
    assert view.mark is not None
    assert view.mark.points == 0.0


def test_the_second_marker_sees_what_the_first_did(rita: Marker, sam: Marker) -> None:
    before = sam.sees("a-proof", "anna").state
    rita.gives("a-proof", "anna", "s1")
    with pytest.raises(StaleError):
        sam.gives("a-proof", "anna", "s1", "s2", state=before)
    now = sam.sees("a-proof", "anna")
    assert now.mark is not None
    assert (now.mark.marker, now.mark.ticks) == ("Rita", ("s1",))


def test_equal_answers_share_a_group_and_blank_ones_are_known(rita: Marker) -> None:
    proofs = {
        each.name: each for each in rita.desk.queue("Rita", names=True).answers
        if each.item == "a-proof"
    }  # fmt: skip
    assert proofs["anna"].group == proofs["ben"].group != proofs["cleo"].group
    assert {name for name, each in proofs.items() if each.blank} == {"dora"}


def test_a_group_is_saved_as_a_whole_or_not_at_all(rita: Marker, sam: Marker) -> None:
    views = [rita.sees("a-proof", name) for name in ("anna", "ben")]
    sam.gives("a-proof", "ben", "s1")
    given = {
        view.entry.id: Given(marker="Rita", state=view.state, ticks=("s1", "s2")) for view in views
    }
    with pytest.raises(StaleError):
        rita.desk.save_all(given)
    assert rita.sees("a-proof", "anna").mark is None
    fresh = {
        name: msgspec.structs.replace(each, state=rita.desk.answer(name, "Rita").state)
        for name, each in given.items()
    }
    assert [view.mark.points for view in rita.desk.save_all(fresh) if view.mark] == [1.5, 1.5]


def test_a_changed_rubric_changes_the_points_of_everybody_with_that_step(
    marked: Course, rita: Marker
) -> None:
    rita.gives("a-proof", "anna", "s1", "s2")
    rita.gives("a-proof", "ben", "s1")
    rita.gives("a-proof", "cleo", "s3")
    [item, _] = rita.desk.queue("Rita").items
    steps = [
        msgspec.structs.replace(step, points=0.25) if step.id == "s1" else step
        for step in item.steps
    ]
    change = RubricChange(
        marker="Rita",
        rubric=item.rubric,
        steps=(*steps, RubricStep("", -0.5, "confuses $f$ and $f'$")),
    )
    changes = rita.desk.change_rubric("a-proof", change)
    assert sorted((each.before, each.after) for each in changes) == [(0.5, 0.25), (1.5, 1.25)]
    assert read_marks(marked).students["anna"].items["a-proof"].points == 1.5
    rita.desk.change_rubric("a-proof", msgspec.structs.replace(change, apply=True))
    points = {
        name: each.items["a-proof"].points for name, each in read_marks(marked).students.items()
    }
    assert points == {"anna": 1.25, "ben": 0.25, "cleo": 0.5, "dora": 0.0}
    with pytest.raises(StaleError):
        rita.desk.change_rubric("a-proof", change)


def test_a_mark_typed_in_the_formgrader_is_shown_and_not_overwritten(
    marked: Course, rita: Marker
) -> None:
    before = rita.gives("a-proof", "anna", "s1").state
    with closing(sqlite3.connect(marked.gradebook)) as database:
        database.execute("UPDATE grade SET manual_score = 2 WHERE manual_score = 0.5")
        database.commit()
    with pytest.raises(StaleError):
        rita.gives("a-proof", "anna", "s1", "s2", state=before)
    view = rita.sees("a-proof", "anna")
    assert view.typed is not None
    assert view.typed.points == 2.0
    assert view.entry.typed


@pytest.mark.parametrize(
    ("score", "credit", "points"), [(0.5, None, 0.5), (0.25, 0.5, 0.75), (0.0, 0.5, 0.5)]
)
def test_a_bonus_score_typed_elsewhere_is_shown_with_its_points(
    marked: Course, rita: Marker, score: float, credit: float | None, points: float
) -> None:
    type_scores(marked, "cleo", "b-essay", score, credit)
    view = rita.sees("b-essay", "cleo")
    assert view.typed is not None
    assert view.typed.points == points
    assert not view.entry.open
    rita.gives("b-essay", "cleo")
    assert scores(marked, "cleo", "b-essay") == (None, 0.0, False)


def test_a_bonus_score_that_nbgrader_made_0_awaits_its_mark(marked: Course, rita: Marker) -> None:
    type_scores(marked, "cleo", "b-essay", 0.0, None)
    view = rita.sees("b-essay", "cleo")
    assert view.typed is None
    assert view.entry.open


def type_scores(
    course: Course, student: str, item: str, score: float | None, credit: float | None
) -> None:
    with open_gradebook(course) as gradebook, gradebook.transaction():
        submission = gradebook.find_submission("hw", student)
        [grade] = [g for n in submission.notebooks for g in n.grades if g.name == item]
        grade.manual_score, grade.extra_credit = score, credit
        grade.needs_manual_grade = False


def scores(course: Course, student: str, item: str) -> tuple[float | None, float | None, bool]:
    with open_gradebook(course) as gradebook:
        submission = gradebook.find_submission("hw", student)
        [grade] = [g for n in submission.notebooks for g in n.grades if g.name == item]
        return grade.manual_score, grade.extra_credit, grade.needs_manual_grade


def test_a_changed_text_returns_with_its_old_mark(marked: Course, rita: Marker) -> None:
    for student in ("anna", "ben"):
        rita.gives("a-proof", student, "s1")
    assignment = marked.assignment("hw")
    record(marked, assignment, "anna", mark(marked, answers={"a-proof": "Another proof."}))
    record(
        marked, assignment, "ben", mark(marked, answers={"a-proof": "The chain  rule,\n$f' = 2x$."})
    )
    anna, ben = (rita.sees("a-proof", name) for name in ("anna", "ben"))
    assert anna.mark is None
    assert anna.earlier is not None
    assert (anna.earlier.points, anna.entry.open, anna.entry.changed) == (0.5, True, True)
    assert ben.mark is not None
    assert not ben.entry.open


def test_the_log_cannot_be_changed(marked: Course, rita: Marker) -> None:
    rita.gives("a-proof", "anna", "s1")
    with closing(sqlite3.connect(marked.gradebook)) as database:
        for statement in ("DELETE FROM fdl_hand_marks", "UPDATE fdl_hand_marks SET entry = ''"):
            with pytest.raises(sqlite3.IntegrityError, match="cannot be changed"):
                database.execute(statement)


def test_suggestions_come_from_the_hidden_tests_and_count_only_when_accepted(
    rita: Marker,
) -> None:
    view = rita.sees("a-proof", "anna")
    assert "s2" in view.suggested
    assert "s1" not in view.suggested
    assert view.mark is None
    assert view.entry.points is None


def test_names_stay_hidden_unless_asked_for(desk: Desk) -> None:
    assert {each.name for each in desk.queue("Rita").answers} == {""}
    assert "anna" not in msgspec.json.encode(desk.queue("Rita")).decode()


def test_a_changed_rubric_is_named_with_its_author(rita: Marker, sam: Marker) -> None:
    view = rita.gives("a-proof", "anna", "s1")
    item = rita.desk.queue("Rita").items[0]
    assert item.rubric_by == ""
    steps = (RubricStep("s1", 0.25, "differentiates"), *item.steps[1:])
    change = RubricChange(marker="Sam", rubric=item.rubric, steps=steps, apply=True)
    sam.desk.change_rubric("a-proof", change)
    assert rita.desk.queue("Rita").items[0].rubric_by == "Sam"
    for student, state in (("anna", view.state), ("ben", rita.sees("a-proof", "ben").state)):
        with pytest.raises(StaleError, match="Sam has changed the rubric"):
            rita.gives("a-proof", student, "s2", state=state, rubric=item.rubric)
    with pytest.raises(StaleError, match="Sam has changed the rubric"):
        rita.desk.change_rubric("a-proof", msgspec.structs.replace(change, marker="Rita"))


@pytest.mark.parametrize("name", ["RITA", "rita ", "  Rita", "ＲＩＴＡ"])
def test_another_spelling_is_the_same_marker(desk: Desk, rita: Marker, name: str) -> None:
    rita.gives("a-proof", "anna", "s1")
    again = Marker(desk, name)
    assert desk.queue(name).marker == "Rita"
    view = again.gives("a-proof", "anna", "s2")
    assert view.mark is not None
    assert view.mark.marker == "Rita"
    assert [each.marker for each in desk.progress()[1]] == ["Rita"]
    assert desk.queue("Rita Maria").marker == "Rita Maria"


def test_a_changed_source_is_read_without_a_restart(marked: Course, rita: Marker) -> None:
    path = marked.source("hw") / "a_slopes.ipynb"
    text = path.read_text()
    assert "the slope doubles" in rita.desk.queue("Rita").items[0].model
    path.write_text(text.replace("the slope doubles", "the slope trebles"))
    assert "the slope trebles" in rita.desk.queue("Rita").items[0].model
    path.write_text("{ half of a notebo")
    rita.gives("a-proof", "anna", "s1")
    assert "the slope trebles" in rita.desk.queue("Rita").items[0].model
    path.write_text(text)
    assert "the slope doubles" in rita.desk.queue("Rita").items[0].model


def test_points_of_a_new_release_count_without_a_restart(marked: Course, rita: Marker) -> None:
    view = rita.sees("a-proof", "anna")
    for tree in (marked.source("hw"), marked.release("hw")):
        path = tree / "a_slopes.ipynb"
        notebook = nbformat.read(path, as_version=4)
        notebook.cells[-1].metadata.nbgrader.points = 3
        nbformat.write(notebook, path)
    assert rita.desk.queue("Rita").items[0].max_points == 3
    given = Given(
        marker="Rita", state=view.state, ticks=("s1", "s2", "s3"), adjustment=1, reason="more"
    )
    saved = rita.desk.save(view.entry.id, given)
    assert saved.mark is not None
    assert saved.mark.points == 3


def test_an_item_that_a_new_release_removes_is_refused_in_words(
    marked: Course, rita: Marker
) -> None:
    name = rita.id("a-proof", "anna")
    state = rita.sees("a-proof", "anna").state
    for tree in (marked.source("hw"), marked.release("hw")):
        path = tree / "a_slopes.ipynb"
        notebook = nbformat.read(path, as_version=4)
        del notebook.cells[-1]
        nbformat.write(notebook, path)
    with pytest.raises(DeskError, match=r"a-proof|reload the page"):
        rita.desk.save(name, Given(marker="Rita", state=state, ticks=("s1",)))
    assert {each.item for each in rita.desk.queue("Rita").answers} == {"b-essay"}
    with pytest.raises(DeskError, match="reload the page"):
        rita.desk.answer(name, "Rita")
