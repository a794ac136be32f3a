"""nbgrader's own commands in a course: the formgrader's buttons and the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import BasePlugin
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.course.assignment import Assignment, Course
from autograder.errors import SandboxError
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import Marking
from autograder.platforms.nbgrader import converters

from .conftest import Marker
from .course import REGULAR, hand_in, mark


class Marks:
    """Replaces marking: defines each submission's result, and records the marked students."""

    def __init__(self) -> None:
        self.points: dict[str, dict[str, float]] = {}
        self.broken: set[str] = set()
        self.asked: list[str] = []
        self.unprotected = False

    def __call__(
        self, course: Course, _assignment: Assignment, path: Path, *, settings: MarkSettings
    ) -> Marking:
        student = path.parent.name
        self.asked.append(student)
        self.unprotected = settings.unprotected
        if student in self.broken:
            raise SandboxError("no wall works here")
        return mark(course, self.points.get(student))


@pytest.fixture
def marks(monkeypatch: pytest.MonkeyPatch) -> Marks:
    stand_in = Marks()
    monkeypatch.setattr(converters, "mark_submission", stand_in)
    return stand_in


def settings_of(course: Course) -> Config:
    loader = PyFileConfigLoader("nbgrader_config.py", path=str(course.root))
    return Config(loader.load_config())


@pytest.fixture
def api(course: Course) -> Any:
    """The converters that the formgrader's buttons call, with the course's own configuration."""
    config = settings_of(course)
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def run(
    course: Course,
    student: str = "*",
    force: bool = False,
    late: type[BasePlugin] | None = None,
    **settings: Any,
) -> None:
    """Run marking as `nbgrader autograde hw --student STUDENT` does."""
    config = settings_of(course)
    if late is not None:
        config.AssignLatePenalties.plugin_class = late
    config.MarkedAutograde.update(settings)
    coursedir = CourseDirectory(config=config, assignment_id="hw", student_id=student)
    converter = converters.MarkedAutograde(coursedir=coursedir, config=config)
    converter.force = force
    converter.start()


def test_buttons_use_our_converters(course: Course, api: Any, marks: Marks, marker: Marker) -> None:
    hand_in(course, "anna")
    marks.points["anna"] = {"a-bend": 0.5, "b-bonus": 1.0}
    assert api.autograde("hw", "anna")["success"]
    assert marker.total() == (1.0 + 0.5 + 1.0, REGULAR, True)
    assert api.generate_feedback("hw", "anna")["success"]
    folder = course.root / "feedback" / "anna" / "hw"
    assert sorted(os.listdir(folder)) == ["a_slopes.html", "b_extras.html", "index.html"]
    assert "0.5 of 2" in (folder / "index.html").read_text(encoding="utf-8")


def test_submission_is_marked_once_for_all_its_notebooks(course: Course, marks: Marks) -> None:
    hand_in(course, "anna")
    run(course)
    assert marks.asked == ["anna"]


@pytest.mark.parametrize("name", ["a_slopes (1).ipynb", "a_slopes.ipynb", "other.txt", None])
def test_submission_is_marked_whatever_its_files_are(
    course: Course, marks: Marks, marker: Marker, name: str | None
) -> None:
    folder = hand_in(course, "anna")
    if name:
        (folder / name).write_text("no notebook at all")
    run(course)
    assert marks.asked == ["anna"]
    assert marker.total()[0] == 5.0


def test_student_whose_marking_fails_stops_no_other(
    course: Course, marks: Marks, marker: Marker
) -> None:
    for student in ("anna", "bela", "chloe"):
        hand_in(course, student)
    marks.broken.add("bela")
    with pytest.raises(NbGraderException, match="not marked: bela"):
        run(course)
    assert marker.students() == ["anna", "chloe"]


def test_failed_marking_leaves_earlier_marks(course: Course, marks: Marks, marker: Marker) -> None:
    hand_in(course, "anna")
    run(course)
    marks.broken.add("anna")
    with pytest.raises(NbGraderException, match="anna"):
        run(course, force=True)
    assert marker.total()[0] == 5.0
    assert (course.root / "autograded" / "anna" / "hw" / "a_slopes.ipynb").is_file()


def test_what_is_recorded_is_skipped_unless_forced(course: Course, marks: Marks) -> None:
    hand_in(course, "anna")
    run(course)
    run(course)
    assert marks.asked == ["anna"]
    run(course, force=True)
    assert marks.asked == ["anna", "anna"]


def test_newer_submission_is_marked_again(course: Course, marks: Marks) -> None:
    timestamp = hand_in(course, "anna") / "timestamp.txt"
    for date in ("2024-11-01 12:00:00 UTC", "2024-11-01 12:00:00 UTC", "2024-11-02 12:00:00 UTC"):
        timestamp.write_text(date)
        run(course)
    assert marks.asked == ["anna", "anna"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("*", ["anna", "anna [1]", "bela"]), ("anna", ["anna"]), ("anna [1]", ["anna [1]"]),
     ("a*", ["anna", "anna [1]"])],
)  # fmt: skip
def test_students_are_chosen_by_name_or_pattern(
    course: Course, marks: Marks, wanted: str, expected: list[str]
) -> None:
    for student in ("anna", "anna [1]", "bela", ".hidden"):
        hand_in(course, student)
    run(course, wanted)
    assert marks.asked == expected


@pytest.mark.usefixtures("marks")
def test_student_who_is_not_there_is_told(course: Course) -> None:
    hand_in(course, "anna")
    with pytest.raises(NbGraderException, match="'dora'"):
        run(course, "dora")


@pytest.mark.usefixtures("marks")
def test_course_without_submissions_is_told(course: Course) -> None:
    with pytest.raises(NbGraderException, match=r"submitted/STUDENT/hw/"):
        run(course)


def test_marking_without_walls_must_be_asked_for(course: Course, marks: Marks) -> None:
    hand_in(course, "anna")
    run(course)
    assert not marks.unprotected
    run(course, force=True, unprotected=True)
    assert marks.unprotected


@pytest.mark.parametrize("kind", ["pipe", "no date"])
def test_formgraders_list_survives_a_planted_timestamp(
    course: Course, api: Any, marks: Marks, kind: str
) -> None:
    timestamp = hand_in(course, "anna") / "timestamp.txt"
    if kind == "pipe":
        os.mkfifo(timestamp)
    else:
        timestamp.write_text("yesterday")
    run(course)
    assert marks.asked == ["anna"]
    assert [entry["student"] for entry in api.get_submissions("hw")] == ["anna"]


@pytest.mark.usefixtures("marks")
def test_formgrader_finds_every_notebook_of_a_broken_submission(course: Course, api: Any) -> None:
    hand_in(course, "anna")
    run(course)
    for problem in ("a_slopes", "b_extras"):
        assert len(api.get_notebook_submissions("hw", problem)) == 1


def test_assigning_anew_keeps_bonus_out_of_what_can_be_reached(
    course: Course, api: Any, marks: Marks, marker: Marker
) -> None:
    hand_in(course, "anna")
    run(course)
    assert api.generate_assignment("hw")["success"]
    assert marker.total()[1] == REGULAR
    assert marks.asked == ["anna"]


def test_list_of_marks_counts_bonus_as_extra(course: Course, api: Any, marks: Marks) -> None:
    hand_in(course, "anna")
    run(course)
    [entry] = api.get_submissions("hw")
    assert (entry["score"], entry["max_score"]) == (5.0, REGULAR)
    assert marks.asked == ["anna"]


class HalfAPoint(BasePlugin):  # type: ignore[misc]
    """A rule that takes half a point from each late notebook."""

    def late_submission_penalty(self, *_args: object) -> float:
        return 0.5


def test_late_penalty_of_the_courses_configuration_is_taken_and_given_back(
    course: Course, marks: Marks, marker: Marker
) -> None:
    timestamp = hand_in(course, "anna") / "timestamp.txt"
    for date, penalty in (("2024-11-23", 1.0), ("2024-11-01", 0.0)):
        timestamp.write_text(f"{date} 12:00:00 UTC")
        run(course, force=True, late=HalfAPoint)
        assert marker.penalty() == penalty
    assert marks.asked == ["anna", "anna"]
