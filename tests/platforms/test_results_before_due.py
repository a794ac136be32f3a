"""On Gradescope, no student reads a result before the due date; `fdl mark` always shows results."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Course
from autograder.grading.mark import Marking
from autograder.grading.report import Claim
from autograder.platforms.gradescope import run
from autograder.platforms.gradescope.package import GradescopeSettings
from tests.gradebook.course import mark, write_course

PAST, FUTURE = "2024-11-21T23:55:00+01:00", "2099-11-21T23:55:00+01:00"
RESULT = "It is 2x."


def marked(course: Course) -> Marking:
    """A Marking in which one failed claim contains a result."""
    marking = mark(course, {"a-slope": 0.0})
    claim = Claim("The slope is right.", False, "It is wrong.", result=RESULT)
    item = replace(marking.report.items["a-slope"], claims=(claim,))
    report = replace(marking.report, items={**marking.report.items, "a-slope": item})
    return replace(marking, report=report)


def due(course: Course, date: str) -> Course:
    """Return the same course with another due date."""
    path = course.root / "course.toml"
    text = path.read_text(encoding="utf-8").replace("due = 2024-11-21T23:55:00", f"due = {date}")
    path.write_text(text, encoding="utf-8")
    return Course(course.root)


def with_extension(course: Course, date: str) -> Course:
    path = course.root / "course.toml"
    longer = f"\n[assignments.hw.extensions]\nanybody = {date}\n"
    path.write_text(path.read_text(encoding="utf-8") + longer, encoding="utf-8")
    return Course(course.root)


def metadata(date: str | None, own: tuple[str | None, ...] = (None,)) -> dict[str, Any]:
    users = [
        {"name": "Anna", **({"assignment": {"due_date": each}} if each else {})} for each in own
    ]
    return {"created_at": PAST, "assignment": {"due_date": date}, "users": users}


CASES: dict[str, tuple[dict[str, Any] | None, str, str | None, bool]] = {
    "all over": (metadata(PAST), PAST, None, True),
    "due later on Gradescope": (metadata(FUTURE), PAST, None, False),
    "due later in the settings": (metadata(PAST), FUTURE, None, False),
    "an extension of the settings, whoever has it": (metadata(PAST), PAST, FUTURE, False),
    "an extension on Gradescope": (metadata(PAST, (FUTURE,)), PAST, None, False),
    "own date on Gradescope is over": (metadata(PAST, (PAST,)), PAST, FUTURE, True),
    "one of a group has an extension": (metadata(PAST, (PAST, FUTURE)), PAST, None, False),
    "one of a group has no date": (metadata(FUTURE, (PAST, None)), PAST, None, False),
    "no metadata, over": (None, PAST, None, True),
    "no metadata, not over": (None, FUTURE, None, False),
    "odd users": ({**metadata(PAST), "users": "anna"}, PAST, FUTURE, False),
    "no date on Gradescope": (metadata(None), PAST, None, True),
}


@pytest.mark.parametrize("visibility", ["visible", "after_due_date", "after_published", "hidden"])
@pytest.mark.parametrize("name", CASES)
def test_gradescope_is_told_results_once_they_are_due(
    name: str, visibility: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about, settings, extension, is_stated = CASES[name]
    course = due(write_course(tmp_path / "source" / "course"), settings[:19])
    if extension:
        course = with_extension(course, extension[:19])
    (tmp_path / "source" / "settings.json").write_text(
        GradescopeSettings("hw", visibility).to_json(), encoding="utf-8"
    )
    if about is not None:
        (tmp_path / "submission_metadata.json").write_text(json.dumps(about), encoding="utf-8")
    monkeypatch.setattr(run, "mark_submission", lambda *_args, **_options: marked(course))
    text = run.mark(tmp_path).to_json()
    assert "The slope is right." in text
    assert (RESULT in text) is is_stated
