"""`fdl demo` gives the class the expected marks, and prints next steps that can be copied."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from autograder.commands.demo import (
    compare,
    limits_of,
    longest_first,
    make_scratch_course,
    worth_reading,
)
from autograder.course.assignment import Course
from autograder.course.limits import Limits
from autograder.course.samples import SampleStudent, load_sample_class
from autograder.errors import CourseError
from autograder.grading.report import Report
from tests.grading.tiny_class import HOMEWORK, ROOT, make_class, run

SAMPLE_CLASS = """
from autograder.course.limits import Limits
from autograder.course.samples import SampleStudent

WRONG = "first_part = [9.0, 18.0]\\nlast_part = 1"
ENDLESS = "import time\\nwhile True:\\n    time.sleep(1)"
STUDENTS = (
    SampleStudent("ada", "answers all"),
    SampleStudent("bela", "has a wrong value", {"t-values-answer": WRONG}, lost={"t-values": 1.0}),
    SampleStudent("hana", "never ends", before={"t-plot-answer": ENDLESS}, waits=True),
)
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    root = tmp_path_factory.mktemp("Kurs mit Übungen") / "course"
    make_class(root)
    made = Course(root)
    (made.hidden(HOMEWORK) / "sample_class.py").write_text(SAMPLE_CLASS, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def printed(course: Course) -> tuple[str, str]:
    """The demo's output: its result, and the messages during the run."""
    done = run(["autograder.cli", "demo", HOMEWORK, "--course", str(course.root)], ROOT)
    return done.stdout, done.stderr


def test_each_student_is_shown_once_marked_and_in_the_table(printed: tuple[str, str]) -> None:
    table, progress = printed
    for name in ("ada", "bela", "hana"):
        assert re.search(rf"^{name}: .*correct: yes$", progress, re.MULTILINE)
        [row] = [line for line in table.splitlines() if f"│ {name} " in line]
        assert row.rstrip(" │").endswith("yes")


def test_the_pages_to_open_are_there(printed: tuple[str, str]) -> None:
    addresses = re.findall(r"file://\S+", printed[0])
    paths = [Path(url2pathname(urlsplit(address).path)) for address in addresses]
    assert [path.is_file() for path in paths] == [True, True]
    assert [path.name for path in paths] == ["index.html", f"{HOMEWORK}.html"]


def test_three_commands_are_to_be_typed_next(printed: tuple[str, str]) -> None:
    commands = re.findall(r"^  \S+ (\w+) tiny.*# ", printed[0], re.MULTILINE)
    assert commands == ["release", "intake", "grade"]


def test_code_that_waits_for_a_limit_is_marked_first(course: Course) -> None:
    assert longest_first(load_sample_class(course, HOMEWORK)) == ["hana", "ada", "bela"]


def test_the_demo_waits_less_than_a_real_run_unless_the_homework_says(course: Course) -> None:
    homework = course.assignment(HOMEWORK)
    found = limits_of(homework)
    assert (found.cell_seconds, found.call_seconds) == (5.0, 2.0)
    own = replace(homework, limits=Limits(cell_seconds=60))
    assert limits_of(own).cell_seconds == 60


def test_a_mark_that_is_not_as_it_should_be_is_named(
    course: Course, printed: tuple[str, str]
) -> None:
    assert printed
    path = course.root / "demo" / "autograded" / "bela" / HOMEWORK / "report.json"
    report = Report.from_json(path.read_text(encoding="utf-8"))
    found = compare(course.assignment(HOMEWORK), SampleStudent("bela", "answers all"), report)
    assert not found.right
    assert found.row()[-1] == "NO: t-values 0 instead of 1"
    assert worth_reading([found]).name == "bela"


@pytest.mark.parametrize("marker", ["", "course.toml"])
def test_a_folder_with_other_files_is_not_emptied(
    course: Course, tmp_path: Path, marker: str
) -> None:
    kept = tmp_path / (marker or "gradebook.db")
    kept.write_text("mine", encoding="utf-8")
    with pytest.raises(CourseError, match="name a new or empty folder with --folder"):
        make_scratch_course(course, course.assignment(HOMEWORK), (), tmp_path)
    assert kept.read_text(encoding="utf-8") == "mine"


def test_the_default_folder_is_emptied_only_if_it_has_a_course(tmp_path: Path) -> None:
    make_class(tmp_path, ())
    course = Course(tmp_path)
    homework = course.assignment(HOMEWORK)
    notes = course.demo / "notes.txt"
    course.demo.mkdir()
    notes.touch()
    with pytest.raises(CourseError, match="is not a scratch course"):
        make_scratch_course(course, homework, (), course.demo)
    (course.demo / "course.toml").touch()  # as in demos of earlier versions
    make_scratch_course(course, homework, (), course.demo)
    assert not notes.exists()


def test_a_scratch_course_and_an_empty_folder_are_used(course: Course, tmp_path: Path) -> None:
    homework = course.assignment(HOMEWORK)
    make_scratch_course(course, homework, (), tmp_path)
    (tmp_path / "old").touch()
    scratch = make_scratch_course(course, homework, (), tmp_path)
    assert scratch.settings_file.is_file()
    assert not (tmp_path / "old").exists()
