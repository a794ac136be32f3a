"""A `fdl grade` that has nothing to do opens no gradebook, and notices each reason to open it."""

from __future__ import annotations

import os
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.course.assignment import Course
from autograder.gradebook import recorder
from autograder.gradebook.records import settled_reports, state
from autograder.grading.fingerprint import Fingerprints
from autograder.grading.report import Report

from .course import NO_WALLS
from .shared import copied
from .test_grade import STUDENTS, Class, graded_once, stand_in, table

__all__ = ["graded_once"]


@pytest.fixture
def made(
    course: Course,
    graded_once: tuple[Path, dict[str, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Class:
    """A class whose last run found nothing to do."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = stand_in(copied(graded_once[0], course.root), monkeypatch)
    assert made.grade().exit_code == 0
    return made


def settled(made: Class) -> Iterator[str]:
    """Yield the students whose Reports are read without the gradebook's help."""
    course = Course(made.course.root)
    assignment = course.assignment("hw")
    prints = Fingerprints(course, assignment, protections=[NO_WALLS])
    wanted = {each: prints.of(course.submission(each, "hw")) for each in STUDENTS}
    for student, _ in settled_reports(course, assignment, wanted):
        yield student


def is_settled(made: Class) -> bool:
    return tuple(settled(made)) == STUDENTS


def execute(course: Course, *statements: str) -> None:
    with closing(sqlite3.connect(course.gradebook)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_a_second_run_opens_no_gradebook_and_shows_the_same_table(
    made: Class,
    graded_once: tuple[Path, dict[str, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {path: path.read_bytes() for path in made.course.root.rglob("*") if path.is_file()}
    monkeypatch.setattr(Gradebook, "__init__", None)
    second = made.grade()
    assert second.exit_code == 0
    assert table(second) == graded_once[1]
    assert "2 of 2 submissions have not changed" in second.output
    after = {path: path.read_bytes() for path in made.course.root.rglob("*") if path.is_file()}
    assert after == before


CHANGES: dict[str, Callable[[Course], object]] = {
    "a person's points": lambda course: execute(
        course, "UPDATE grade SET manual_score = 1 WHERE id = (SELECT min(id) FROM grade)"
    ),
    "a rule": lambda course: append(course.settings_file, '\n[rules]\nlate = "stop"\n'),
    "the release": lambda course: append(course.release("hw") / "a_slopes.ipynb", " "),
    "the source": lambda course: append(course.source("hw") / "a_slopes.ipynb", " "),
    "a submission": lambda course: append(course.submission("anna", "hw") / "a_slopes.ipynb", " "),
    "a Report": lambda course: course.report("anna", "hw").unlink(),
    "a folder of a killed run": lambda course: (
        course.autograded("anna", "hw").with_name(".hw-unfinished").mkdir()
    ),
    "a change that another program has begun": lambda course: course.gradebook.with_name(
        "gradebook.db-journal"
    ).write_bytes(b""),
    "a damaged gradebook": lambda course: course.gradebook.write_bytes(
        course.gradebook.read_bytes()[:-1]
    ),
    "a missing gradebook": lambda course: course.gradebook.unlink(),
    "missing backups": lambda course: [
        path.unlink() for path in course.root.glob("gradebook-copies/*.db")
    ],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_each_change_makes_the_next_run_look_closely(
    made: Class, change: Callable[[Course], object]
) -> None:
    assert is_settled(made)
    change(made.course)
    assert not is_settled(made)


def test_the_students_before_a_changed_submission_are_not_looked_up_again(
    made: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    CHANGES["a submission"](made.course)
    append(made.course.submission("bela", "hw") / "a_slopes.ipynb", " ")
    assert list(settled(made)) == []
    assert made.grade().exit_code == 0
    assert sorted(made.marked) == ["anna", "bela"]
    append(made.course.submission("bela", "hw") / "a_slopes.ipynb", " ")
    assert list(settled(made)) == ["anna"]
    made.marked.clear()
    looked_up: list[str] = []
    monkeypatch.setattr(
        recorder.Recorder, "recorded", lambda _, student, __: looked_up.append(student)
    )
    again = made.grade()
    assert again.exit_code == 0
    assert looked_up == made.marked == ["bela"]
    assert set(table(again)) == set(STUDENTS)


def test_a_run_without_changes_keeps_no_report_of_the_students_before(
    made: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    monkeypatch.setattr(
        Report, "read", lambda path, original=Report.read: read.append(path) or original(path)
    )
    students = settled(made)
    for count, student in enumerate(STUDENTS, start=1):
        assert next(students) == student
        assert len(read) == count


def test_looking_for_changes_reads_a_large_gradebook_piece_by_piece(made: Class) -> None:
    size = 64_000_000
    os.truncate(made.course.gradebook, size)
    tracemalloc.start()
    try:
        state(made.course, made.course.assignment("hw"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < size / 4


def test_a_locked_gradebook_makes_the_next_run_wait_as_ever(made: Class) -> None:
    with closing(sqlite3.connect(made.course.gradebook)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert not is_settled(made)
    assert is_settled(made)


def test_a_rule_that_is_added_later_gives_its_penalties_without_marking(made: Class) -> None:
    execute(made.course, "UPDATE submitted_assignment SET timestamp = '2024-11-30 12:00:00.000000'")
    assert made.grade().exit_code == 0
    assert is_settled(made)
    append(made.course.settings_file, '\n[rules]\nlate = "stop"\n')
    assert made.grade().exit_code == 0
    assert made.marked == []
    with Gradebook(f"sqlite:///{made.course.gradebook}") as book:
        assert book.find_submission("hw", "anna").late_submission_penalty > 0
    assert is_settled(made)


def test_a_change_by_another_program_during_a_run_is_looked_at_by_the_next_run(
    made: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    def state_after_a_change(*arguments: object) -> str:
        execute(made.course, "UPDATE student SET email = 'anna@example.org' WHERE id = 'anna'")
        return state(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "state", state_after_a_change)
        assert made.grade("--again").exit_code == 0
    assert not is_settled(made)
    assert made.grade().exit_code == 0
    assert made.marked == []
    assert is_settled(made)


def test_a_run_that_fails_at_its_end_leaves_its_work_to_the_next(
    made: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(made.course, "UPDATE student SET email = 'anna@example.org' WHERE id = 'anna'")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "update_penalties", fail)
        assert made.grade().exit_code == 130
    assert not is_settled(made)
