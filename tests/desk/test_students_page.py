"""The part of a student's page about an answer that a person marked at the desk."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from bs4 import BeautifulSoup, Tag
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.desk.messages import Given, RubricChange
from autograder.errors import CourseError
from autograder.gradebook.handmarks import RubricStep
from autograder.pages.feedback import write_feedback
from tests.desk.conftest import Marker
from tests.gradebook.conftest import Marker as Formgrader
from tests.gradebook.course import mark, read_marks, record

BEFORE_DUE = datetime(2024, 11, 20, tzinfo=UTC)


def box(
    course: Course, item: str = "a-proof", student: str = "anna", moment: datetime | None = None
) -> Tag:
    """The part of a student's page about one item."""
    write_feedback(course, course.assignment("hw"), [student], moment=moment)
    path = course.feedback(student, "hw") / "index.html"
    found = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").find(id=item)
    assert isinstance(found, Tag)
    return found


def told(tag: Tag) -> list[str]:
    """The steps, in words; formulas as typed."""
    for picture in tag.select("img"):
        picture.replace_with(str(picture["alt"]))
    return [" ".join(line.get_text(" ").split()) for line in tag.select(".steps li")]


def with_setting(course: Course, value: str) -> Course:
    text = course.settings_file.read_text(encoding="utf-8")
    course.settings_file.write_text(text.replace("seed = 7", f"seed = 7\nshow_steps = {value}"))
    return Course(course.root)


ALL = [
    "✓ earned: 0.5 points differentiates $x^2$ and says which rule that is",
    "✗ missed: 1 point finds the factor two",
    "✗ missed: 0.5 points bends it",
]


def test_steps_are_told_in_words_with_the_comment(marked: Course, rita: Marker) -> None:
    rita.gives("a-proof", "anna", "s1", comment="Which *rule*?")
    found = box(marked)
    assert told(found) == ALL
    comment = found.select_one(".comment")
    assert comment is not None
    assert "Which <em>rule</em>?" in str(comment)


@pytest.mark.parametrize(("value", "count"), [('"all"', 3), ('"earned"', 1), ('"none"', 0)])
def test_the_course_says_which_steps_are_told(
    marked: Course, rita: Marker, value: str, count: int
) -> None:
    rita.gives("a-proof", "anna", "s1")
    assert told(box(with_setting(marked, value))) == ALL[:count]


def test_another_setting_is_refused_in_words(marked: Course) -> None:
    message = r'assignments\.hw\.show_steps is \'some\'; write one of: "all", "earned", "none"'
    with pytest.raises(CourseError, match=message):
        _ = with_setting(marked, '"some"').settings


def test_only_ticked_deductions_are_told_and_the_adjustment_with_its_reason(
    marked: Course, rita: Marker
) -> None:
    rita.gives("b-essay", "cleo", "s1", "s2")
    rita.gives("b-essay", "anna", "s1", adjustment=-0.25, reason="no *unit*")
    assert told(box(marked, "b-essay", "cleo")) == [
        "✓ earned: 1 point says why it is flat",
        "− deducted: −0.5 points calls it steep",
    ]
    assert told(box(marked, "b-essay")) == [
        "✓ earned: 1 point says why it is flat",
        "± adjusted: −0.25 points no unit",
    ]


def test_steps_wait_for_the_due_date_and_points_and_comment_do_not(
    marked: Course, rita: Marker
) -> None:
    rita.gives("a-proof", "anna", "s1", comment="Which rule?", adjustment=0.5, reason="the 2")
    found = box(marked, moment=BEFORE_DUE)
    text = found.get_text(" ")
    assert told(found) == []
    assert "1 of 2" in text
    assert "Which rule?" in text
    assert "factor two" not in text
    assert "the 2" not in text


def test_an_open_answer_has_no_steps(marked: Course, rita: Marker) -> None:
    assert told(box(marked)) == []
    view = rita.gives("a-proof", "anna", "s1")
    rita.desk.save(view.entry.id, Given(marker="Rita", state=view.state, ticks=None))
    assert told(box(marked)) == []


def test_an_answer_that_changed_has_no_steps(marked: Course, rita: Marker) -> None:
    rita.gives("a-proof", "anna", "s1")
    record(marked, marked.assignment("hw"), "anna", mark(marked, answers={"a-proof": "Else."}))
    assert told(box(marked)) == []


def test_a_mark_from_the_formgrader_has_no_steps(marked: Course, rita: Marker) -> None:
    rita.gives("a-proof", "anna", "s1")
    Formgrader(marked).give("a-proof", 1.75)
    found = box(marked)
    assert told(found) == []
    assert "1.75 of 2" in found.get_text(" ")


def test_a_second_marker_is_not_told(marked: Course, rita: Marker) -> None:
    rita.gives("a-proof", "anna", "s1")
    found = box(marked).get_text(" ")
    assert "Rita" not in found


def changed(rita: Marker, alter: Callable[[list[RubricStep]], list[RubricStep]]) -> None:
    [item, _] = rita.desk.queue("Rita").items
    steps = tuple(alter(list(item.steps)))
    rita.desk.change_rubric(
        "a-proof", RubricChange(marker="Rita", rubric=item.rubric, steps=steps, apply=True)
    )


def test_steps_are_told_in_their_newest_words(marked: Course, rita: Marker) -> None:
    rita.gives("a-proof", "anna", "s1")
    changed(rita, lambda steps: [msgspec.structs.replace(steps[0], text="names it"), *steps[1:]])
    assert told(box(marked))[0] == "✓ earned: 0.5 points names it"


def test_markup_in_a_step_or_a_reason_does_nothing(marked: Course, rita: Marker) -> None:
    attack = "<img src=x onerror=alert(1)> [a](javascript:alert(2)) <script>alert(3)</script>"
    rita.gives("a-proof", "anna", "s1", adjustment=0.25, reason=attack, comment=attack)
    changed(rita, lambda steps: [msgspec.structs.replace(steps[0], text=attack), *steps[1:]])
    found = box(marked)
    assert found.select("script, a[href^=javascript], img") == []
    assert "onerror=alert(1)" in told(found)[0]


# --- everybody sees the marks at once ---


def test_marks_from_the_desk_count_everywhere(marked: Course, rita: Marker) -> None:
    rita.gives("a-proof", "anna", "s1", "s2")
    rita.gives("b-essay", "cleo", "s1", "s2", comment="Steep?")
    rita.gives("a-proof", "cleo", "s3")
    students = read_marks(marked).students
    assert students["anna"].items["a-proof"].points == 1.5
    assert students["cleo"].items["b-essay"].points == 0.5
    assert students["cleo"].final
    cleo = Formgrader(marked)
    grade, essay = cleo.grade("a-proof", "cleo"), cleo.grade("b-essay", "cleo")
    assert (grade["manual_score"], grade["needs_manual_grade"]) == (0.5, False)
    assert (essay["extra_credit"], essay["needs_manual_grade"]) == (0.5, False)
    assert "Steep?" in box(marked, "b-essay", "cleo").get_text(" ")
    assert exported(marked, "export", "hw", "--to", "csv", "--partial")["cleo"]["total"] == "6"
    assert exported(marked, "standing", "--to", "csv")["cleo"]["hw"] == "6"


def exported(course: Course, *command: str) -> dict[str, dict[str, str]]:
    """The table that a command prints, by student."""
    ended = CliRunner().invoke(app, [*command, "--course", str(course.root)])
    assert ended.exit_code == 0, ended.output
    rows = list(csv.DictReader(io.StringIO(ended.stdout)))
    return {row[next(iter(row))]: row for row in rows}
