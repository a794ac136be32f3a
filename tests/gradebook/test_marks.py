"""The table of marks, as it is read from the gradebook."""

from __future__ import annotations

import re

import pytest

from autograder.course.assignment import Assignment, Course
from autograder.errors import RecordError
from autograder.gradebook.penalties import read_marks_settled

from .conftest import Marker
from .course import BONUS, REGULAR, mark, read_marks, record


def test_table_holds_points_of_each_item_and_what_is_open(
    course: Course, assignment: Assignment
) -> None:
    record(course, assignment, "anna", mark(course, {"a-bend": 0.5}))
    marks = read_marks(course)
    anna = marks.students["anna"]
    assert {name: (each.points, each.open) for name, each in anna.items.items()} == {
        "a-slope": (1.0, False),
        "a-bend": (0.5, False),
        "a-proof": (0.0, True),
        "b-bonus": (2.0, False),
        "b-essay": (0.0, True),
    }
    assert (anna.regular, anna.bonus, anna.penalty, anna.total) == (1.5, 2.0, 0.0, 3.5)
    assert anna.open_items == ("a-proof", "b-essay")
    assert marks.open_students == ("anna",)


def test_marks_of_persons_count_and_settle_an_item(recorded: Course, marker: Marker) -> None:
    marker.give("a-proof", 1.5)
    marker.give("b-essay", None, extra=0.5)
    marker.give("a-slope", 0.25)
    anna = read_marks(recorded).students["anna"]
    assert (anna.regular, anna.bonus, anna.final) == (0.25 + 2.0 + 1.5, 2.5, True)
    assert anna.total == marker.total()[0]


def test_items_say_what_they_are(recorded: Course, assignment: Assignment) -> None:
    marks = read_marks(recorded)
    assert marks.title == "Homework: slopes"
    assert marks.max_points == REGULAR
    assert sum(item.max_points for item in marks.items.values() if item.bonus) == BONUS
    assert [(i.name, i.problem, i.kind) for i in marks.items.values()] == [
        (i.name, i.problem, i.kind) for i in assignment.items.values()
    ]


def test_penalty_that_nbgrader_recorded_stands_without_a_rule(
    recorded: Course, marker: Marker
) -> None:
    marker.penalise("a_slopes", 0.75)
    anna = read_marks(recorded).students["anna"]
    assert (anna.penalty, anna.total) == (0.75, 4.25)


def test_assignment_is_read_without_its_source(recorded: Course) -> None:
    for path in recorded.source("hw").glob("*"):
        path.unlink()
    recorded.source("hw").rmdir()
    settings = (recorded.root / "course.toml").read_text(encoding="utf-8")
    (recorded.root / "course.toml").write_text(settings.split("[assignments.hw]")[0])
    marks = read_marks(Course(recorded.root))
    assert marks.students["anna"].total == 5.0
    assert marks.max_points == REGULAR


def test_what_is_not_in_the_gradebook_is_said(recorded: Course) -> None:
    people, found = read_marks_settled(recorded, ["hw", "other"])
    assert (list(people), list(found)) == (["anna"], ["hw"])
    (recorded.root / "gradebook.db").unlink()
    with pytest.raises(RecordError, match=re.escape(str(recorded.root))):
        read_marks_settled(recorded, ["hw"])
    assert not (recorded.root / "gradebook.db").exists()
