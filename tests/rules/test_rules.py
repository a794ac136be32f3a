"""Edge cases of the course's rules: late penalties, bonus points, and the homework that counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autograder.course.assignment import Course
from autograder.course.rules import Counting, Deadline, LatePolicy, Rules
from autograder.course.settings import Settings, parse_settings
from autograder.errors import CourseError

ZURICH = ZoneInfo("Europe/Zurich")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MOMENT = timedelta(microseconds=1)


OPENS = "opens = 2024-10-01T12:00:00\n"
DATES = f"{OPENS}due = 2024-11-21T23:55:00\n"


def settings(text: str) -> Settings:
    return parse_settings('[course]\ntitle = "T"\ntimezone = "Europe/Zurich"\n' + text)


def rules(text: str, assignment: str = "hw") -> Rules:
    return settings(f"{text}\n[assignments.{assignment}]\n{DATES}").homework[assignment].rules


def deadline(text: str) -> Deadline:
    return settings(f"[assignments.hw]\n{OPENS}{text}").homework["hw"].deadline


def policy(text: str) -> LatePolicy:
    found = rules("[rules]\n" + text).late
    assert found is not None
    return found


def told(text: str) -> str:
    """Return the message about wrong settings."""
    with pytest.raises(CourseError) as error:
        rules(text)
    return str(error.value)


# being late


@pytest.mark.parametrize(
    ("late", "days"),
    [
        (timedelta(0), 0),
        (MOMENT, 1),
        (DAY, 1),
        (DAY + MOMENT, 2),
        (3 * DAY, 3),
    ],
)
def test_started_days_count(late: timedelta, days: int) -> None:
    assert LatePolicy(percent_per_day=10).days(late) == days


@pytest.mark.parametrize(
    ("late", "days"),
    [(15 * MINUTE, 0), (15 * MINUTE + MOMENT, 1), (DAY, 1), (DAY + 15 * MINUTE, 2)],
)
def test_after_the_grace_days_count_from_the_due_date(late: timedelta, days: int) -> None:
    assert LatePolicy(percent_per_day=10, grace=15 * MINUTE).days(late) == days


def test_percent_is_of_the_maximum_unless_told_otherwise() -> None:
    of_maximum = policy('late = "percent"\nlate_percent_per_day = 10')
    of_earned = policy('late = "percent"\nlate_percent_per_day = 10\nlate_percent_of = "earned"')
    assert of_maximum.penalty(HOUR, 20, 4, 30) == pytest.approx(3)
    assert of_earned.penalty(HOUR, 20, 4, 30) == pytest.approx(2)


def test_percent_takes_regular_points_alone_and_no_more_than_there_are() -> None:
    late = LatePolicy(percent_per_day=30)
    assert late.penalty(HOUR, 2, 4, 30) == 2
    assert late.penalty(HOUR, 0, 4, 30) == 0
    assert late.penalty(HOUR, -1, 4, 30) == 0


def test_where_all_is_lost_bonus_points_are_lost_too() -> None:
    late = LatePolicy(percent_per_day=50, of="earned")
    assert late.penalty(DAY, 20, 4, 30) == 10
    assert late.penalty(DAY + MOMENT, 20, 4, 30) == 24


def test_hard_stop_takes_all_after_the_grace_and_nothing_before() -> None:
    stop = policy('late = "stop"\nlate_grace_minutes = 30')
    assert stop.penalty(30 * MINUTE, 20, 4, 30) == 0
    assert stop.penalty(30 * MINUTE + MOMENT, 20, 4, 30) == 24
    assert policy('late = "stop"').penalty(MOMENT, 20, 4, 30) == 24


def test_percent_can_end_in_a_hard_stop() -> None:
    late = policy('late = "percent"\nlate_percent_per_day = 10\nlate_stop_after_days = 2')
    assert late.penalty(2 * DAY, 20, 4, 30) == pytest.approx(6)
    assert late.penalty(2 * DAY + MOMENT, 20, 4, 30) == 24


def test_no_penalty_is_a_rule_too() -> None:
    assert policy('late = "none"').penalty(9 * DAY, 20, 4, 30) == 0
    assert rules("").late is None


def test_homework_has_its_own_rules_key_by_key() -> None:
    text = """
        [rules]
        late = "percent"
        late_percent_per_day = 10
        late_grace_minutes = 5
        [assignments.hw.rules]
        late_percent_per_day = 20
    """
    assert rules(text).late == LatePolicy(20, grace=5 * MINUTE)
    other = '[rules]\nlate = "percent"\n[assignments.other.rules]\nlate = "none"'
    assert rules(other, "other").late == LatePolicy()
    course_alone = text.partition("[assignments")[0]
    assert rules(course_alone, "third").late == LatePolicy(10, grace=5 * MINUTE)


# bonus points


def test_bonus_points_lift_above_the_maximum_or_fill_it() -> None:
    assert Rules().total(28, 5, 0, 30) == 33
    assert Rules(bonus_above_maximum=False).total(28, 5, 0, 30) == 30
    assert Rules(bonus_above_maximum=False).total(20, 5, 0, 30) == 25


def test_penalty_is_taken_off_after_bonus_points_have_filled_up() -> None:
    assert Rules(bonus_above_maximum=False).total(28, 5, 3, 30) == 27
    assert Rules().total(28, 5, 3, 30) == 30
    assert Rules(bonus_above_maximum=False).total(28, 5, 33, 30) == 0


def test_extra_points_of_regular_items_are_no_bonus_points() -> None:
    assert Rules(bonus_above_maximum=False).total(31, 5, 0, 30) == 31


# dates


def test_due_date_is_meant_in_the_courses_zone_before_and_after_winter_time() -> None:
    assert deadline("due = 2024-10-26T23:55:00").due.astimezone(UTC).hour == 21
    assert deadline("due = 2024-11-21T23:55:00").due.astimezone(UTC).hour == 22


def test_lateness_counts_the_hour_that_winter_time_adds() -> None:
    due = deadline("due = 2024-10-26T23:55:00")
    a_day_later = datetime(2024, 10, 27, 23, 55, tzinfo=ZURICH)
    assert due.late(a_day_later, None) == 25 * HOUR
    assert LatePolicy(percent_per_day=10).days(due.late(a_day_later, None)) == 2


def test_extension_to_a_date_beyond_winter_time_ends_at_that_date() -> None:
    due = deadline("due = 2024-10-26T23:55:00\nextensions.anna = 2024-10-27T23:55:00")
    assert due.extensions == {"anna": 25 * HOUR}
    end = datetime(2024, 10, 27, 23, 55, tzinfo=ZURICH)
    assert due.late(end, due.extensions["anna"]) == timedelta(0)
    assert due.late(end + MOMENT, due.extensions["anna"]) == MOMENT


def test_extension_in_hours_is_of_real_hours() -> None:
    due = deadline("due = 2024-10-26T23:55:00\nextensions.bela = { hours = 48 }")
    assert due.extensions == {"bela": 48 * HOUR}
    assert due.late(datetime(2024, 10, 28, 22, 55, tzinfo=ZURICH), 48 * HOUR) == timedelta(0)


def test_time_that_comes_twice_is_refused_with_both_ways_to_write_it() -> None:
    with pytest.raises(CourseError) as error:
        deadline("due = 2024-10-27T02:30:00")
    assert "assignments.hw.due" in str(error.value)
    assert "comes twice in Europe/Zurich" in str(error.value)
    assert "2024-10-27T02:30:00+02:00 or 2024-10-27T02:30:00+01:00" in str(error.value)


@pytest.mark.parametrize("moment", ["2024-10-27T02:00:00", "2024-10-27T02:59:59"])
def test_the_whole_doubled_hour_is_refused(moment: str) -> None:
    with pytest.raises(CourseError, match="comes twice"):
        deadline(f"due = {moment}")


@pytest.mark.parametrize("moment", ["2024-10-27T01:59:59", "2024-10-27T03:00:00"])
def test_times_beside_the_doubled_hour_are_taken(moment: str) -> None:
    assert deadline(f"due = {moment}").due.isoformat().startswith(moment)


def test_time_that_never_comes_is_refused_with_two_that_do() -> None:
    with pytest.raises(CourseError) as error:
        deadline("due = 2025-03-30T02:30:00")
    assert "never comes in Europe/Zurich" in str(error.value)
    assert "2025-03-30T01:30:00+01:00 or 2025-03-30T03:30:00+02:00" in str(error.value)


def test_times_that_a_message_gives_are_taken() -> None:
    summer = deadline("due = 2024-10-27T02:30:00+02:00").due
    winter = deadline("due = 2024-10-27T02:30:00+01:00").due
    assert winter.astimezone(UTC) - summer.astimezone(UTC) == HOUR
    assert summer.tzinfo == ZURICH


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("extensions.anna = 2024-11-20T23:55:00", ["extensions.anna", "earlier than the due date"]),
        ("extensions.anna = 48", ["extensions.anna is 48", "{ hours = 48 }"]),
        ("extensions.anna = { hours = -1 }", ["extensions.anna.hours is -1", "number from 0"]),
        ("extensions.anna = { hour = 4 }", ["no key 'hour'", "did you mean hours?"]),
        ("extensions.anna = {}", ["extensions.anna is {}", "{ hours = 48 }"]),
        ("extensions = 3", ["assignments.hw.extensions is 3", "as a table"]),
        ("extensions.anna = 2025-03-30T02:30:00", ["extensions.anna", "never comes"]),
    ],
)
def test_wrong_extension_is_told(text: str, words: list[str]) -> None:
    with pytest.raises(CourseError) as error:
        deadline(f"due = 2024-11-21T23:55:00\n{text}")
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("due", ["", "due = 2024-11-21", 'due = "tomorrow"'])
def test_due_date_that_is_none_is_told(due: str) -> None:
    with pytest.raises(CourseError, match=r"assignments\.hw\.due .*2024-11-21T23:55:00"):
        deadline(due)


def test_submission_without_a_time_is_not_late() -> None:
    assert deadline("due = 2024-11-21T23:55:00").late(None, None) == timedelta(0)


# wrong rules


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('late = "per cent"', ["rules.late is 'per cent'", '"none", "percent", "stop"']),
        ('late = "percent"', ["rules.late_percent_per_day is missing", "such as 10"]),
        (
            "late_percent_per_day = 10",
            ["rules.late is missing", "late_percent_per_day needs this key"],
        ),
        ('late = "percent"\nlate_percent_per_day = 110', ["is 110", "number from 0 to 100"]),
        ('late = "percent"\nlate_percent_per_day = "10"', ["is '10'", "number from 0 to 100"]),
        ('late = "percent"\nlate_percent_per_day = nan', ["is nan", "number from 0 to 100"]),
        ('late = "stop"\nlate_grace_minutes = true', ["late_grace_minutes is true", "a number"]),
        ('late_percent_off = "earned"', ["no key 'late_percent_off'", "late_percent_of?"]),
        ("bonus_above_maximum = 1", ["bonus_above_maximum is 1", "true or false"]),
    ],
)
def test_wrong_rule_is_told_with_its_key_and_what_to_write(text: str, words: list[str]) -> None:
    message = told("[rules]\n" + text)
    for word in ("course.toml", *words):
        assert word in message


def test_message_names_the_place_where_the_key_stands() -> None:
    text = '[rules]\nlate = "stop"\n[assignments.hw.rules]\nlate_grace_minutes = -1'
    assert "assignments.hw.rules.late_grace_minutes is -1" in told(text)
    text = '[rules]\nlate = "soft"\n[assignments.hw.rules]\nlate_grace_minutes = 1'
    assert "course.toml: rules.late is 'soft'" in told(text)


def test_wrong_rule_stops_the_reading_of_an_assignment(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    text = (root / "course.toml").read_text(encoding="utf-8")
    (tmp_path / "course.toml").write_text(text + '\n[assignments.hw2.rules]\nlate = "soon"\n')
    (tmp_path / "source").symlink_to(root / "source")
    with pytest.raises(CourseError, match="late is 'soon'"):
        Course(tmp_path).assignment("hw2")


# what counts


def test_best_two_of_three_count_and_missing_ones_are_worth_nothing() -> None:
    counting = Counting(("hw1", "hw2", "hw3"), 2)
    shares = {"hw1": 0.5, "hw2": 0.9, "hw3": 0.7}
    assert counting.chosen(shares) == ("hw2", "hw3")
    assert counting.standing(shares) == pytest.approx(0.8)
    assert counting.chosen({"hw3": 0.7}) == ("hw1", "hw3")
    assert counting.standing({"hw3": 0.7}) == pytest.approx(0.35)
    assert counting.standing({}) == 0


def test_of_equal_ones_the_earlier_counts() -> None:
    counting = Counting(("hw1", "hw2", "hw3"), 2)
    assert counting.chosen(dict.fromkeys(counting.assignments, 0.5)) == ("hw1", "hw2")
    assert counting.chosen({"hw1": 0.1, "hw2": 0.5, "hw3": 0.5}) == ("hw2", "hw3")
    assert counting.chosen({"hw1": 0.5, "hw2": 0.1, "hw3": 0.1}) == ("hw1", "hw2")


def test_share_above_the_whole_counts_as_it_is() -> None:
    assert Counting(("hw1", "hw2"), 1).standing({"hw1": 1.2, "hw2": 1}) == pytest.approx(1.2)


def test_all_homework_counts_unless_told_otherwise() -> None:
    text = f"[assignments.hw1]\n{DATES}[assignments.hw2]\n{DATES}"
    assert settings(text).counting == Counting(("hw1", "hw2"), 2)
    text = '[standing]\nassignments = ["hw1", "hw2", "hw3"]\nbest = 2'
    assert settings(text).counting == Counting(("hw1", "hw2", "hw3"), 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('assignments = ["hw1"]\nbest = 2', ["standing.best is 2", "from 1 to 1"]),
        ('assignments = ["a", "b"]\nbest = 0', ["standing.best is 0", "whole number of 1 or more"]),
        ('assignments = ["a", "b"]\nbest = 1.5', ["standing.best is 1.5", "whole number"]),
        ('assignments = ["a", "a"]', ["standing.assignments is ['a', 'a']", "each name once"]),
        ('assignments = "hw1"', ["standing.assignments is 'hw1'", "list of names"]),
        ("asignments = []", ["no key 'asignments'", "did you mean assignments?"]),
    ],
)
def test_wrong_counting_is_told(text: str, words: list[str]) -> None:
    with pytest.raises(CourseError) as error:
        _ = settings("[standing]\n" + text).counting
    for word in words:
        assert word in str(error.value)


def test_course_without_homework_has_no_standing(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text('[course]\ntitle = "Empty"\n')
    with pytest.raises(CourseError, match="names no homework"):
        _ = Course(tmp_path).counting
