"""Hidden tests import the solutions of their own course, even if several courses are loaded."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.course.code import serve_solutions
from autograder.course.samples import load_sample_class
from autograder.grading.inprocess import LocalMarker
from autograder.release.newhomework import begin_course, make_homework

from .conftest import planned


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """Remove the packages of made-up homeworks, so that no other test finds them."""
    yield
    for name in [name for name in sys.modules if name.startswith(("solutions.hw3", "solutions.x"))]:
        del sys.modules[name]


def package(root: Path, answer: int, *, start: str | None = None) -> Path:
    folder = root / "x"
    folder.mkdir(parents=True)
    (folder / "one.py").write_text(f"ANSWER = {answer}\n")
    if start is not None:
        (folder / "__init__.py").write_text(start)
    return folder


def answer() -> object:
    return importlib.import_module("solutions.x.one").ANSWER


def test_each_course_gets_its_own(tmp_path: Path) -> None:
    first, second = package(tmp_path / "a", 1), package(tmp_path / "b", 2, start="START = 3\n")
    found = []
    for folder in (first, second, second, first):
        serve_solutions(folder)
        found.append(answer())
    assert found == [1, 2, 2, 1]
    serve_solutions(second)
    assert importlib.import_module("solutions.x").START == 3


def test_what_is_loaded_from_the_same_place_is_kept(tmp_path: Path) -> None:
    folder = package(tmp_path, 1)
    serve_solutions(folder)
    loaded = importlib.import_module("solutions.x.one")
    (tmp_path / "link").symlink_to(tmp_path)
    serve_solutions(tmp_path / "link" / "x")
    assert importlib.import_module("solutions.x.one") is loaded


def test_missing_folder_changes_nothing(tmp_path: Path) -> None:
    serve_solutions(tmp_path / "x")
    assert "solutions.x" not in sys.modules


def changed_course(root: Path, old: str, new: str) -> Course:
    """Make a course by `fdl new`, and change its reference."""
    course = begin_course(root)
    make_homework(course, planned())
    module = course.solutions("hw3") / "newton.py"
    text = module.read_text(encoding="utf-8")
    assert text.count(old) == 1
    module.write_text(text.replace(old, new), encoding="utf-8")
    return Course(root)


def test_hidden_tests_of_two_courses_hold_their_own_reference(tmp_path: Path) -> None:
    """If two courses have a homework of one name, each reference gets full marks in its course."""
    courses = [
        changed_course(tmp_path / "a", "x - f(x)", "x - 1.0 * f(x)"),
        changed_course(tmp_path / "b", "x - f(x)", "x - 0.5 * f(x)"),
    ]
    for course in (*courses, courses[0]):
        marker = LocalMarker(course, course.assignment("hw3"))
        marking = marker.mark("problem1_newton", {}, ["p1-newton"])
        assert marking.lost("p1-newton") == 0
    own = LocalMarker(courses[0], courses[0].assignment("hw3"))
    other = LocalMarker(courses[1], courses[1].assignment("hw3")).world("problem1_newton")
    marking = own.mark("problem1_newton", {"newton": other["newton"]}, ["p1-newton"])
    assert marking.lost("p1-newton") == 1


def test_folders_of_a_course_are_its_own_and_never_the_kits(tmp_path: Path) -> None:
    course = begin_course(tmp_path)
    assert course.solutions("hw3") == tmp_path / "solutions" / "hw3"
    assert course.hidden("hw3") == tmp_path / "autograder" / "hidden" / "hw3"
    assert not course.hidden("hw2").exists(), "the checkout's homework is none of this course's"


def test_sample_class_is_the_courses_own(tmp_path: Path) -> None:
    course = begin_course(tmp_path)
    make_homework(course, planned())
    assert [student.name for student in load_sample_class(course, "hw3")][:2] == ["ada", "bela"]
