"""A second `fdl grade` marks only changed submissions, and keeps marks given by a person.

Markings are made by hand here; `tests/grading/test_grade_command.py` runs similar tests with real
marking.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from typer.testing import CliRunner, Result

import autograder.sandbox
from autograder.cli import app
from autograder.commands.common import err
from autograder.course.assignment import Course
from autograder.grading import classrun, forkserver
from autograder.grading.jobs import Job, Marked
from tests.faults import result
from tests.gradebook.course import record

from .conftest import Marker
from .course import NO_WALLS, hand_in, mark
from .shared import copied
from .test_commands import rows

STUDENTS = ("anna", "bela")


class Class:
    """Replaces marking: defines each student's result, and records which students were marked."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.points: dict[str, dict[str, float]] = {}
        self.broken: set[str] = set()
        self.stop_at = ""
        self.marked: list[str] = []
        self.seed: object = None

    def mark(self, _c: Any, _a: Any, jobs: list[Job], *, seed: Any, **_: Any) -> Iterator[Marked]:
        self.seed = seed
        for job in jobs:
            if job.student == self.stop_at:
                raise KeyboardInterrupt
            self.marked.append(job.student)
            if job.student in self.broken:
                yield Marked(job.student, None, "it broke")
            else:
                yield Marked(job.student, mark(self.course, self.points.get(job.student)))

    def grade(self, *options: str) -> Result:
        self.marked = []
        return CliRunner().invoke(app, ["grade", "hw", "--course", str(self.course.root), *options])

    def tables(self) -> dict[str, Any]:
        return result.tables(self.course.root / "gradebook.db")


@pytest.fixture(scope="session")
def graded_once(
    prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, list[str]]]:
    """A course whose class was graded once, and the printed table."""
    course = copied(prepared, tmp_path_factory.mktemp("graded-once") / "course")
    for student in STUDENTS:
        folder = hand_in(course, student)
        (folder / "a_slopes.ipynb").write_text(student, encoding="utf-8")
    for name in ("autograder/hidden/hw/test_slopes.py", "solutions/hw/slopes.py"):
        (course.root / name).parent.mkdir(parents=True)
        (course.root / name).write_text("slope = 2\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        made = stand_in(course, patch)
        first = made.grade()
    assert (first.exit_code, made.marked) == (0, list(STUDENTS))
    return course.root, table(first)


@pytest.fixture
def made(
    course: Course,
    graded_once: tuple[Path, dict[str, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> Class:
    """A class that was graded once."""
    return stand_in(copied(graded_once[0], course.root), monkeypatch)


def stand_in(course: Course, patch: pytest.MonkeyPatch) -> Class:
    """Replace marking by a Class."""
    made = Class(course)
    made.points["bela"] = {"a-bend": 0.5}
    patch.setattr(classrun, "mark_class", made.mark)
    patch.setattr(forkserver, "start", lambda: None)  # no marking process will be started
    patch.setattr(autograder.sandbox, "examine", lambda **_: NO_WALLS)
    patch.setattr(err, "_width", 200)
    return made


def table(result: Result) -> dict[str, list[str]]:
    return rows(result.output)


def test_a_run_opens_the_gradebook_once(made: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum also holds for a run that reads changed points and adds a penalty."""
    for tree in (made.course.source("hw"), made.course.release("hw")):
        path = tree / "a_slopes.ipynb"
        path.write_text(path.read_text().replace('"points": 1', '"points": 4'))
    settings = made.course.root / "course.toml"
    settings.write_text(settings.read_text() + '\n[rules]\nlate = "stop"\n')
    folder = made.course.root / "submitted" / "anna" / "hw"
    (folder / "timestamp.txt").write_text("2024-11-23 12:00:00 UTC")
    opened = []
    first = Gradebook.__init__

    def note(gradebook: Gradebook, *arguments: Any, **more: Any) -> None:
        opened.append(arguments)
        first(gradebook, *arguments, **more)

    monkeypatch.setattr(Gradebook, "__init__", note)
    assert made.grade().exit_code == 0
    assert made.marked == list(STUDENTS)
    assert len(opened) == 1
    monkeypatch.undo()
    with Gradebook(f"sqlite:///{made.course.root / 'gradebook.db'}") as book:
        assert book.find_submission("hw", "anna").late_submission_penalty > 0
        assert book.find_assignment("hw").max_score == 5 + 3


def test_second_run_marks_nothing_and_shows_the_same_table(
    made: Class, graded_once: tuple[Path, dict[str, list[str]]]
) -> None:
    before = made.tables()
    second = made.grade()
    assert second.exit_code == 0
    assert made.marked == []
    assert table(second) == graded_once[1]
    assert set(table(second)) == set(STUDENTS)
    assert "2 of 2 submissions have not changed" in second.output
    assert made.tables() == before


def test_again_marks_all(made: Class) -> None:
    result = made.grade("--again")
    assert made.marked == list(STUDENTS)
    assert "have not changed" not in result.output


ONE: dict[str, Callable[[Path], object]] = {
    "notebook": lambda folder: (folder / "a_slopes.ipynb").write_text("new", encoding="utf-8"),
    "one more notebook": lambda folder: (folder / "b_extras.ipynb").write_text(
        "", encoding="utf-8"
    ),
    "timestamp": lambda folder: (folder / "timestamp.txt").write_text("2024-11-22 UTC"),
    "everything": lambda folder: shutil.rmtree(folder) or folder.mkdir(),
}


@pytest.mark.parametrize("change", ONE.values(), ids=ONE.keys())
def test_who_hands_in_anew_is_marked_anew_and_nobody_else(
    made: Class, change: Callable[[Path], object]
) -> None:
    made.points["bela"] = {"a-bend": 1.0}
    change(made.course.root / "submitted" / "bela" / "hw")
    result = made.grade()
    assert made.marked == ["bela"]
    assert table(result)["bela"][0] == "2 of 3"
    assert table(result)["anna"][0] == "3 of 3"
    assert "1 of 2 submissions have not changed" in result.output
    made.grade()
    assert made.marked == []


def test_who_hands_in_for_the_first_time_is_marked_and_nobody_else(made: Class) -> None:
    hand_in(made.course, "dan")
    made.grade()
    assert made.marked == ["dan"]


ALL = {
    "hidden test": ("autograder/hidden/hw/test_slopes.py", "slope = 2", "slope = 3"),
    "solution": ("solutions/hw/slopes.py", "slope = 2", "slope = 3"),
    "seed": ("course.toml", "seed = 7", "seed = 8"),
}


@pytest.mark.parametrize(("name", "old", "new"), ALL.values(), ids=ALL.keys())
def test_what_all_marks_depend_on_has_all_marked_anew(
    made: Class, name: str, old: str, new: str
) -> None:
    path = made.course.root / name
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new), encoding="utf-8")
    made.grade()
    assert made.marked == list(STUDENTS)
    made.grade()
    assert made.marked == []
    path.write_text(text, encoding="utf-8")
    made.grade()
    assert made.marked == list(STUDENTS)


def test_another_seed_has_all_marked_anew_and_is_handed_on(made: Class) -> None:
    made.grade("--seed", "8")
    assert (made.marked, made.seed) == (list(STUDENTS), 8)
    made.grade("--seed", "8")
    assert made.marked == []
    made.grade()
    assert (made.marked, made.seed) == (list(STUDENTS), None)


def test_a_student_who_is_named_twice_is_marked_once(made: Class) -> None:
    result = made.grade("--again", "--student", "bela", "--student", "bela")
    assert made.marked == ["bela"]
    assert list(table(result)) == ["bela"]


def test_who_could_not_be_marked_is_tried_again(made: Class) -> None:
    hand_in(made.course, "dan")
    made.broken.add("dan")
    assert made.grade().exit_code == 1
    assert made.grade().exit_code == 1
    assert made.marked == ["dan"]
    made.broken.clear()
    assert made.grade().exit_code == 0
    assert made.marked == ["dan"]


def test_who_could_not_be_marked_anew_keeps_the_marks_and_is_tried_again(made: Class) -> None:
    notebook = made.course.root / "submitted" / "bela" / "hw" / "a_slopes.ipynb"
    notebook.write_text("new", encoding="utf-8")
    made.broken.add("bela")
    before = made.tables()
    assert made.grade().exit_code == 1
    assert made.tables() == before
    made.broken.clear()
    made.grade()
    assert made.marked == ["bela"]


# the records


def test_marks_and_comments_of_persons_stay_and_are_no_reason_to_mark(
    made: Class, marker: Marker
) -> None:
    marker.give("a-proof", 1.5)
    marker.give("b-essay", None, extra=1.0)
    marker.comment("a-proof", "Which rule?")
    before = made.tables()
    result = made.grade()
    assert made.marked == []
    assert table(result)["anna"][2] == "0"
    assert made.tables() == before
    made.grade("--again")
    assert marker.grade("a-proof")["manual_score"] == 1.5
    assert marker.grade("b-essay")["extra_credit"] == 1.0
    assert marker.comment_on("a-proof") == "Which rule?"


SPOILED: dict[str, Callable[[Path], object]] = {
    "a notebook changed": lambda folder: _append(folder / "a_slopes.ipynb"),
    "a notebook removed": lambda folder: (folder / "b_extras.ipynb").unlink(),
    "the Report changed": lambda folder: _append(folder / "report.json"),
    "a file added": lambda folder: _append(folder / "notes.txt"),
    "the folder removed": shutil.rmtree,
    "somebody else's": lambda folder: (
        shutil.rmtree(folder),
        shutil.copytree(folder.parents[1] / "anna" / "hw", folder),
    ),
}


def _append(path: Path) -> None:
    if path.exists():
        path.chmod(0o600)  # recorded files are read-only
    with open(path, "a", encoding="utf-8") as file:
        file.write("\n")


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_an_autograded_folder_that_somebody_changed_is_made_anew(
    made: Class, spoil: Callable[[Path], object]
) -> None:
    folder = made.course.root / "autograded" / "bela" / "hw"
    before = result.written(made.course.root)
    spoil(folder)
    made.grade()
    assert made.marked == ["bela"]
    # if nbconvert makes a notebook again, the kit's added notes get other ids
    assert result.written(made.course.root).keys() == before.keys()
    made.grade()
    assert made.marked == []


def test_marks_that_were_removed_from_the_gradebook_are_made_anew(made: Class) -> None:
    with Gradebook(f"sqlite:///{made.course.root}/gradebook.db", "made-up") as book:
        book.remove_student("bela")
    made.grade()
    assert made.marked == ["bela"]


def test_marks_that_something_else_recorded_are_not_taken_for_known(made: Class) -> None:
    """`nbgrader autograde` or `fdl regrade` may have recorded marks with another seed."""
    homework = made.course.assignment("hw")
    record(made.course, homework, "bela", mark(made.course, {"a-bend": 0.0}))
    made.grade()
    assert made.marked == ["bela"]


@pytest.mark.parametrize("anew", ["empty", pytest.param("gone", marks=pytest.mark.slow)])
def test_a_gradebook_that_is_begun_anew_has_all_marked(
    made: Class, empty_gradebook: Path, anew: str
) -> None:
    (made.course.root / "gradebook.db").unlink()
    shutil.rmtree(made.course.root / "gradebook-copies")
    if anew == "empty":
        shutil.copyfile(empty_gradebook, made.course.root / "gradebook.db")
    made.grade()
    assert made.marked == list(STUDENTS)


# --- a stopped run --------------------------------------------------------------------------------


def test_a_run_that_is_stopped_says_how_to_go_on_and_the_next_one_does(made: Class) -> None:
    made.stop_at = "bela"
    stopped = made.grade("--again")
    assert stopped.exit_code == 130
    assert made.marked == ["anna"]
    assert "run the same command again" in stopped.output
    assert "Traceback" not in stopped.output
    hand_in(made.course, "dan")
    made.stop_at = "dan"
    assert made.grade().exit_code == 130
    made.stop_at = ""
    assert made.grade().exit_code == 0
    assert made.marked == ["dan"]


# what is printed


def test_progress_is_told_in_plain_lines_where_there_is_no_terminal(made: Class) -> None:
    output = made.grade("--again").output
    lines = [line for line in output.splitlines() if line.startswith("Marking hw: ")]
    assert lines[0] == "Marking hw: 1 of 2"
    assert lines[-1].startswith("Marking hw: 2 of 2, ")
    assert lines[-1].endswith(" per minute, 0:00:00 left")
    assert "\x1b" not in output
    assert "\r" not in output


def test_looking_up_who_has_not_changed_is_no_progress(made: Class) -> None:
    lines = [line for line in made.grade().output.splitlines() if line.startswith("Marking hw: ")]
    assert lines == ["Marking hw: 2 of 2"]


def test_profile_is_of_those_who_were_marked(made: Class) -> None:
    output = made.grade("--profile", "--again").output
    assert "Mean seconds per submission, over 2 submissions" in " ".join(output.split())
    assert set(rows(output)) >= {"recording", "total"}
    assert "Seconds" not in made.grade("--profile").output
