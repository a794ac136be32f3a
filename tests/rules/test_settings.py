"""The settings of a homework: their defaults, their description in the docs, and their effects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from math import inf
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from typer.testing import CliRunner

import autograder.sandbox
from autograder.cli import app
from autograder.course import settings as settings_module
from autograder.course.assignment import Assignment, Course
from autograder.course.limits import Limits
from autograder.course.settings import parse_settings
from autograder.errors import RecordError
from autograder.grading import classrun, forkserver, mark
from autograder.grading.exceeded import change_limits, exceeded
from autograder.grading.fingerprint import Fingerprints
from autograder.grading.jobs import Job, MarkSettings
from autograder.platforms.github.template import write_template
from autograder.platforms.gradescope.package import GradescopeSettings
from autograder.sandbox import Cell, Notebook, Sandbox
from autograder.sandbox.inside.wire import TOO_LARGE
from autograder.sandbox.student import BadAnswer, unmarkable
from tests.gradebook.course import NO_WALLS, hand_in, write_course

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
START = """
[course]
title = "T"
[assignments.hw]
opens = 2024-10-01T12:00:00
due = 2024-11-21T23:55:00
"""
OWN = "\n[assignments.hw.limits]\ncell_seconds = 150\nsubmission_seconds = 400\n"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course whose homework trains for two minutes."""
    write_course(tmp_path)
    with (tmp_path / "course.toml").open("a", encoding="utf-8") as file:
        file.write(OWN)
    return Course(tmp_path)


def test_defaults() -> None:
    homework = parse_settings(START).homework["hw"]
    assert homework.limits == Limits()
    assert homework.tolerance == 2e-3
    assert (homework.title, homework.seed, homework.bonus, homework.files) == ("hw", 0, (), ())
    assert homework.show_steps == "all"


def test_settings_reach_the_assignment(course: Course) -> None:
    path = course.root / "course.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("seed = 7", 'seed = 7\ntolerance = 0.01\nfiles = ["a.csv"]'))
    found = Course(course.root).assignment("hw")
    assert (found.tolerance, found.files) == (0.01, ("a.csv",))
    assert found.limits == Limits(cell_seconds=150, submission_seconds=400)


# --- the docs ---


def _bounds() -> dict[str, tuple[float, float]]:
    """Return the least and the largest value that the settings may give to each limit."""
    hints = get_type_hints(Limits, include_extras=True)
    metas = {name: hint.__metadata__[0] for name, hint in hints.items()}
    return {name: (meta.ge, meta.le) for name, meta in metas.items()}


def test_docs_state_every_limit_with_its_default_and_bounds() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| (\S+) \| (\S+) \|", DOCS.read_text(), re.MULTILINE)
    stated = {name: tuple(map(float, numbers)) for name, *numbers in rows}
    bounds = _bounds()
    assert stated == {field.name: (field.default, *bounds[field.name]) for field in fields(Limits)}
    assert [name for name, *_ in rows] == [field.name for field in fields(Limits)]


@pytest.mark.parametrize("table", ["CourseTable", "_Homework"])
def test_docs_state_every_key(table: str) -> None:
    text = DOCS.read_text(encoding="utf-8")
    for field in fields(getattr(settings_module, table)):
        assert f"`{field.name}`" in text


def test_defaults_lie_within_their_bounds() -> None:
    for name, (low, high) in _bounds().items():
        assert low <= getattr(Limits(), name) <= high
        assert parse_settings(f"{START}[assignments.hw.limits]\n{name} = {_legal(name, low)}")


def _legal(name: str, low: float) -> float:
    """Return a limit's least value, unless another limit requires a larger one."""
    inner = {"submission_seconds": 30, "total_memory_bytes": 2**31, "total_descriptors": 256}
    inner |= {"disk_bytes": 2**26, "shown_bytes": 4_000_000}
    return max(low, inner.get(name, low))


# --- commands that respect the limits ---


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[Limits]:
    """Return the limits that each marking was given, without marking anything."""
    seen: list[Limits] = []

    class Stopped(Exception):
        """Raised when marking is about to begin."""

    def note(settings: MarkSettings, *_: Any, **__: Any) -> Any:
        seen.append(settings.limits)
        raise Stopped

    def note_pool(*given: Any, **__: Any) -> Iterator[Any]:
        note(given[-1])
        yield

    monkeypatch.setattr(mark, "open_sandbox", note)
    monkeypatch.setattr(
        autograder.sandbox, "Sandbox", lambda _walls, limits: note(MarkSettings(limits))
    )
    monkeypatch.setattr(classrun, "_run_pool", note_pool)
    monkeypatch.setattr(forkserver, "start", lambda: None)
    monkeypatch.setattr(autograder.sandbox, "examine", lambda **_: NO_WALLS)
    return seen


@pytest.mark.parametrize(
    "arguments",
    [
        ["mark", "submitted/anna/hw", "--assignment", "hw"],
        ["grade", "hw"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_commands_mark_within_the_limits_of_the_homework(
    course: Course, used: list[Limits], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    hand_in(course, "anna")
    monkeypatch.chdir(course.root)
    CliRunner().invoke(app, arguments)
    assert used == [course.assignment("hw").limits]


def test_class_is_marked_within_the_limits_of_the_homework(
    course: Course, used: list[Limits]
) -> None:
    """The trials of a release and `nbgrader autograde` give no settings of their own."""
    homework = course.assignment("hw")
    jobs = [Job("anna", course.root)]
    with pytest.raises(Exception):  # noqa: B017, PT011 (the fixture's own)
        list(classrun.mark_class(course, homework, jobs, workers=1))
    with pytest.raises(Exception):  # noqa: B017, PT011
        mark.mark_submission(course, homework, hand_in(course, "anna"))
    assert used == [homework.limits] * 2


def test_fingerprint_changes_with_a_limit(course: Course) -> None:
    homework, path = course.assignment("hw"), hand_in(course, "anna")
    found = Fingerprints(course, homework, protections=[NO_WALLS]).of(path)
    usual = Fingerprints(course, replace(homework, limits=Limits()), protections=[NO_WALLS]).of(
        path
    )
    assert found != usual


def test_gradescope_needs_time_for_the_submission(course: Course) -> None:
    limits = course.assignment("hw").limits
    GradescopeSettings("hw", minutes=8).check(limits)
    with pytest.raises(RecordError, match=r"400 s .*limits.submission_seconds.* add --minutes 8"):
        GradescopeSettings("hw", minutes=7).check(limits)


def test_workflow_has_time_for_the_limits(course: Course, tmp_path: Path) -> None:
    homework = course.assignment("hw")
    count = len(homework.problems)
    for limits, seconds in ((Limits(submission_seconds=1800), 1800), (Limits(), 120)):
        folder = tmp_path / str(seconds)
        write_template(course, replace(homework, limits=limits), folder)
        workflow = (folder / ".github/workflows/visible-checks.yml").read_text("utf-8")
        assert f"timeout-minutes: {10 + count * seconds // 60}\n" in workflow
        facts = json.loads((folder / ".github/checks/homework.json").read_text("utf-8"))
        assert facts["seconds"] == seconds


# --- messages about a limit that was exceeded ---

TOLD = {
    "cell_seconds": "This cell was stopped after 30 s.",
    "call_seconds": "The call did not end within 10 seconds.",
    "submission_seconds": "This cell was not run: the 90 s for the whole submission are over.",
    "memory_bytes": "MemoryError: Unable to allocate 8.00 GiB for an array",
    "total_memory_bytes": "This cell was left out: the code used more memory than a submission may",
    "processes": "RuntimeError: can't start new thread",
    "descriptors": "OSError: [Errno 24] Too many open files: 'x'",
    "total_descriptors": "This cell was left out: the code opened more files than a submission may",
    "file_bytes": "OSError: [Errno 27] File too large",
    "disk_bytes": "OSError: [Errno 28] No space left on device",
    "files": "This cell was left out: the code wrote more than a submission may",
    "output_bytes": "0\n[output cut here]\n",
    "shown_bytes": "[left out: this notebook shows more than is kept]\n",
    "message_bytes": unmarkable(TOO_LARGE),
    "answer_bytes": unmarkable(TOO_LARGE),
    "callbacks": "The code called functions passed to it too often: more than 9 calls.",
}


def test_every_limit_is_told() -> None:
    assert list(TOLD) == [field.name for field in fields(Limits)]


@pytest.mark.parametrize("name", TOLD)
def test_exceeded_limit_is_recognised(name: str) -> None:
    assert name in exceeded(["Something else.", TOLD[name]])
    assert name not in exceeded(["ValueError: not a limit"])


def test_answer_over_a_limit_is_told_as_too_large() -> None:
    source = "import numpy as np\ntext = 'x' * 200_000\ndef f():\n    return np.zeros(30_000)"
    limits = Limits(message_bytes=100_000, answer_bytes=100_000)
    with Sandbox(NO_WALLS, limits) as sandbox:
        notebook = Notebook(sandbox, "notebook", [Cell(0, source)], {}, seed=1)
        notebook.run(deadline=inf)
        student = notebook.student(lambda _: "")
        for ask in (student.f, lambda: student.value("text")):
            with pytest.raises(BadAnswer, match="too large") as failed:
                ask()
            assert failed.value.message == TOLD["answer_bytes"] == TOLD["message_bytes"]
        student.close()


def test_teacher_reads_key_file_and_value(course: Course) -> None:
    homework: Assignment = course.assignment("hw")
    assert change_limits(homework, ["cell_seconds"]) == (
        "[assignments.hw.limits] in course.toml has cell_seconds = 150"
    )
    assert change_limits(homework, []) == ""
