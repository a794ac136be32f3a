"""Every command computes the same penalties, and later marks change these penalties correctly."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.course.assignment import Course
from autograder.gradebook.database import PatientGradebook
from autograder.gradebook.penalties import read_marks_settled
from autograder.gradebook.recorder import Recorder
from autograder.grading.fingerprint import Fingerprints
from autograder.grading.mark import Marking
from autograder.pages.feedback import write_feedback
from autograder.platforms.nbgrader import converters
from autograder.submission.timestamps import YEARS, read_timestamp
from tests.gradebook.course import record

from .conftest import Marker
from .course import hand_in, mark, read_marks

PERCENT = 'late = "percent"\nlate_percent_per_day = 10\n'
EARNED = PERCENT + 'late_percent_of = "earned"\n'
STOP = 'late = "stop"\n'
A_DAY_LATE = "2024-11-22 12:00:00 UTC"
TWO_DAYS_LATE = "2024-11-23 12:00:00 UTC"


def with_rules(course: Course, rules: str = "", extensions: str = "") -> Course:
    """The course, with these rules and extensions in its settings."""
    path = course.root / "course.toml"
    text = path.read_text(encoding="utf-8").split("\n[rules]")[0]
    more = f"\n[rules]\n{rules}\n[assignments.hw.extensions]\n{extensions}\n"
    path.write_text(text + more, encoding="utf-8")
    return Course(course.root)


def hand_in_at(course: Course, moment: str, student: str = "anna") -> None:
    (hand_in(course, student) / "timestamp.txt").write_text(moment)


def grade(course: Course, student: str = "anna", marking: Marking | None = None) -> None:
    record(course, course.assignment("hw"), student, marking or mark(course))


def autograde(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run `nbgrader autograde hw` with the course's own nbgrader_config.py."""
    monkeypatch.setattr(converters, "mark_submission", lambda course, *_, **__: mark(course))
    loader = PyFileConfigLoader("nbgrader_config.py", path=str(course.root))
    config = Config(loader.load_config())
    coursedir = CourseDirectory(config=config, assignment_id="hw", student_id="*")
    converter = converters.MarkedAutograde(coursedir=coursedir, config=config)
    converter.force = True
    converter.start()


def totals(course: Course, student: str = "anna") -> list[str]:
    """Return the totals at the top of the feedback page."""
    write_feedback(course, course.assignment("hw"), [student])
    path = course.root / "feedback" / student / "hw" / "index.html"
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    return [" ".join(tile.get_text(" ").split()) for tile in page.select(".totals li")]


@pytest.mark.parametrize(
    ("rules", "penalty"),
    [
        (PERCENT, 1.0),
        pytest.param(EARNED, 0.6, marks=pytest.mark.slow),
        (STOP, 5.0),
        pytest.param('late = "none"', 0.0, marks=pytest.mark.slow),
    ],
)
def test_both_ways_of_grading_give_the_same_penalty(
    course: Course,
    marker: Marker,
    monkeypatch: pytest.MonkeyPatch,
    rules: str,
    penalty: float,
) -> None:
    course = with_rules(course, rules)
    hand_in_at(course, TWO_DAYS_LATE)
    grade(course)
    assert marker.penalty() == pytest.approx(penalty)
    marker.penalise("a_slopes", 0.1)
    autograde(course, monkeypatch)
    assert marker.penalty() == pytest.approx(penalty)


def test_marks_that_come_later_are_part_of_what_a_day_costs(course: Course, marker: Marker) -> None:
    course = with_rules(course, EARNED)
    hand_in_at(course, A_DAY_LATE)
    grade(course)
    assert marker.penalty() == pytest.approx(0.3)
    marker.give("a-proof", 2.0)
    marker.give("b-essay", None, extra=1.0)
    anna = read_marks(course).students["anna"]
    assert (anna.penalty, anna.total) == (pytest.approx(0.5), pytest.approx(5 + 3 - 0.5))
    assert marker.penalty() == pytest.approx(0.3)  # reading writes nothing
    read_marks_settled(course, ["hw"])
    assert marker.penalty() == pytest.approx(0.5)


def test_grading_the_others_settles_a_penalty_after_marks_by_hand(
    course: Course, marker: Marker
) -> None:
    course = with_rules(course, EARNED)
    hand_in_at(course, A_DAY_LATE)
    grade(course)
    marker.give("a-proof", 2.0)
    grade(course, "bela")
    assert marker.penalty() == pytest.approx(0.5)
    assert marker.penalty("bela") == 0


def test_penalty_limited_by_what_was_earned_grows_with_marks_by_hand(
    course: Course, marker: Marker
) -> None:
    course = with_rules(course, 'late = "percent"\nlate_percent_per_day = 90')
    hand_in_at(course, A_DAY_LATE)
    grade(course)
    assert read_marks(course).students["anna"].total == 2.0  # the bonus points
    marker.give("a-proof", 2.0)
    anna = read_marks(course).students["anna"]
    assert (anna.penalty, anna.total) == (4.5, 2.5)


def test_no_notebook_bears_more_than_it_earned_and_all_bear_the_whole(course: Course) -> None:
    course = with_rules(course, STOP)
    hand_in_at(course, A_DAY_LATE)
    grade(course)
    with PatientGradebook(f"sqlite:///{course.root / 'gradebook.db'}", "made-up") as book:
        notebooks = book.find_submission("hw", "anna").notebooks
        borne = {each.name: (each.late_submission_penalty, each.score) for each in notebooks}
    assert borne == {"a_slopes": (3.0, 3.0), "b_extras": (2.0, 2.0)}
    assert read_marks(course).students["anna"].total == 0


def test_extension_saves_whoever_has_it(course: Course, marker: Marker) -> None:
    course = with_rules(course, STOP, "anna = { hours = 24 }")
    for student in ("anna", "bela"):
        hand_in_at(course, A_DAY_LATE, student)
        grade(course, student)
    assert (marker.penalty("anna"), marker.penalty("bela")) == (0.0, 5.0)
    assert marker.late("anna") == 0  # nbgrader has recorded the extension too


def test_extension_given_or_taken_back_later_counts_without_marking_anew(
    course: Course, marker: Marker
) -> None:
    course = with_rules(course, STOP)
    hand_in_at(course, A_DAY_LATE)
    grade(course)
    longer = with_rules(course, STOP, "anna = 2024-11-23T00:00:00")
    read_marks_settled(longer, ["hw"])
    assert (marker.penalty(), marker.late()) == (0.0, 0.0)
    read_marks_settled(with_rules(course, STOP), ["hw"])
    assert marker.penalty() == 5.0
    assert marker.late() > 0


def test_extension_that_a_person_gave_through_nbgrader_stays(
    course: Course, marker: Marker
) -> None:
    course = with_rules(course, STOP)
    hand_in_at(course, A_DAY_LATE)
    grade(course)
    url = f"sqlite:///{course.root / 'gradebook.db'}"
    with PatientGradebook(url, "made-up") as book, book.transaction():
        book.find_submission("hw", "anna").extension = timedelta(days=2)
    for _ in range(2):
        grade(course)
        read_marks_settled(course, ["hw"])
        assert (marker.penalty(), marker.late()) == (0.0, 0.0)
        assert read_marks(course).students["anna"].total == 5.0


def test_timestamp_a_moment_after_due_date_and_grace_is_late(
    course: Course, marker: Marker
) -> None:
    course = with_rules(course, STOP + "late_grace_minutes = 10")
    for moment, penalty in (("23:05:00", 0.0), ("23:05:00.000001", 5.0)):
        folder = course.root / "submitted" / "anna" / "hw"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "timestamp.txt").write_text(f"2024-11-21 {moment} UTC")
        grade(course)
        assert marker.penalty() == penalty


def test_feedback_takes_the_penalty_from_marks_as_they_are_now(
    course: Course, marker: Marker
) -> None:
    course = with_rules(course, EARNED)
    hand_in_at(course, A_DAY_LATE)
    grade(course)
    marker.give("a-proof", 2.0)
    marker.give("b-essay", None, extra=0.0)
    assert totals(course)[:2] == ["4.5 of 5 points", "2 of 3 bonus points"]
    assert "−0.5 late penalty (already subtracted above)" in totals(course)


def test_feedback_shows_no_point_less_than_none_where_all_is_lost(course: Course) -> None:
    course = with_rules(course, STOP)
    hand_in_at(course, A_DAY_LATE)
    grade(course)
    assert totals(course)[:2] == ["0 of 5 points so far", "0 of 3 bonus points so far"]


@pytest.mark.parametrize(
    ("above", "shown"),
    [
        ("true", "7 of 5 total"),
        ("false", "5 of 5 total; bonus points count up to the maximum"),
    ],
)
def test_feedback_says_what_counts_together_where_the_course_has_a_rule(
    course: Course, marker: Marker, above: str, shown: str
) -> None:
    grade(course)
    marker.give("a-proof", 2.0)
    marker.give("b-essay", None, extra=0.0)
    assert not any(" total" in tile for tile in totals(course))
    assert totals(with_rules(course, f"bonus_above_maximum = {above}"))[-1] == shown


@pytest.mark.parametrize(
    ("written", "penalty"),
    [
        ("2024-11-21 23:55:00.000000 CET", 0.0),
        ("2024-11-21 23:55:01.000000 CET", 5.0),
        ("2024-10-27 02:30:00 CEST", 0.0),
    ],
)
def test_timestamp_with_the_short_name_of_the_zone_is_of_that_zone(
    course: Course, marker: Marker, written: str, penalty: float
) -> None:
    course = with_rules(course, STOP)
    hand_in_at(course, written)
    grade(course)
    assert marker.penalty() == penalty


def test_short_names_tell_the_two_hours_of_the_change_apart(tmp_path: Path) -> None:
    moments = []
    for zone in ("CEST", "CET"):
        (tmp_path / "timestamp.txt").write_text(f"2024-10-27 02:30:00 {zone}")
        moments.append(read_timestamp(tmp_path))
    assert moments == [datetime(2024, 10, 27, 0, 30), datetime(2024, 10, 27, 1, 30)]


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
@pytest.mark.parametrize(
    "content",
    [
        "2024-11-20 10:00:00 Europe/../../etc/passwd",
        "2024-11-20 10:00:00 ../../../etc/passwd",
        "2024-11-20 10:00:00 /etc/passwd",
        "2024-11-20 10:00:00 :/etc/localtime",
        "2024-11-20 10:00:00 /dev/zero",
        "2024-11-20 10:00:00 Europe/Zurich\0",
        "99999-11-20 10:00:00 UTC",
        "0001-01-01 00:00:00 +1400",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31 23:59:59 UTC",
        "2024-11-20 25:61:61 UTC",
        "2024-02-30 10:00:00 UTC",
        "9" * 190,
        "1e999999999",
        "-1",
        "2024-11-20 10:00:00 " + "9" * 170,
        "NaN",
        "inf inf inf",
        "{}",
        "\x1b[2J",
        "\u202e2024",
        "2024-11-20 １０:００:００ UTC+99999999999999",
        "(" * 190,
        "a b c d e f",
        "",
        " ",
    ],
)
def test_absurd_times_are_none_or_a_time_that_can_be_counted_with(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "timestamp.txt").write_text(content, encoding="utf-8")
    found = read_timestamp(tmp_path)
    assert found is None or found.year in YEARS
    if found is not None:
        assert found.tzinfo is None
        found.replace(tzinfo=UTC).astimezone(ZoneInfo("Pacific/Kiritimati"))


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
def test_time_with_an_unknown_zone_is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "timestamp.txt").write_text("2024-11-20 10:00:00 XYZ", encoding="utf-8")
    assert read_timestamp(tmp_path) is None
    (tmp_path / "timestamp.txt").write_text("2024-11-20 10:00:00 America/Argentina/Salta")
    assert read_timestamp(tmp_path) == datetime(2024, 11, 20, 13)


def test_no_file_is_opened_for_a_zone_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dateutil.tz.gettz", lambda name: pytest.fail(f"opened {name}"))
    for zone in ("/etc/passwd", "Europe/../passwd", ":/etc/passwd", "a/./b", "a//b", "x/y.z"):
        (tmp_path / "timestamp.txt").write_text(f"2024-11-20 10:00:00 {zone}", encoding="utf-8")
        assert read_timestamp(tmp_path) is None


@pytest.mark.parametrize("kind", ["bytes", "huge", "pipe", "folder", "link", "socket"])
def test_what_is_no_small_text_file_is_no_time(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "timestamp.txt"
    if kind == "bytes":
        path.write_bytes(bytes(range(128, 256)))
    elif kind == "huge":
        with path.open("wb") as file:
            file.truncate(10**9)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("/etc/hostname")
    else:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    assert read_timestamp(tmp_path) is None


def test_rules_do_not_touch_who_was_in_time(course: Course, marker: Marker) -> None:
    course = with_rules(course, PERCENT)
    hand_in_at(course, "2024-11-21 22:55:00 UTC")
    grade(course)
    assert marker.penalty() == 0.0


def test_submission_is_not_marked_anew_for_rules_and_dates(course: Course) -> None:
    folder = hand_in(course, "anna")
    before = Fingerprints(course, course.assignment("hw")).of(folder)
    course = with_rules(course, STOP, "anna = { hours = 4 }")
    assert Fingerprints(course, course.assignment("hw")).of(folder) == before
    path = course.root / "course.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("seed = 7", "seed = 8"))
    course = Course(course.root)
    assert Fingerprints(course, course.assignment("hw")).of(folder) != before


def test_api_of_nbgrader_opens_the_course_with_rules(course: Course) -> None:
    course = with_rules(course, PERCENT)
    hand_in_at(course, A_DAY_LATE)
    with Recorder(course, course.assignment("hw")) as book:
        book.record("anna", mark(course))
    loader = PyFileConfigLoader("nbgrader_config.py", path=str(course.root))
    config = Config(loader.load_config())
    [entry] = NbGraderAPI(CourseDirectory(config=config), config=config).get_submissions("hw")
    assert entry["score"] == 5.0
