"""A fault in a course's own code is reported by file, line and advice, without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.course.code import (
    load_beside_tests,
    load_references,
    serve_hidden_tests,
    serve_solutions,
)
from autograder.course.samples import load_sample_class
from autograder.errors import CourseError
from autograder.grading.hiddentests import HiddenTests
from autograder.grading.misconceptions import load_misconceptions, world_of
from autograder.grading.plugin import MarkingPlugin
from tests.release.tiny import write_course

NAME = "tiny"


@pytest.fixture
def course(tmp_path: Path) -> Iterator[Course]:
    write_course(tmp_path)
    yield Course(tmp_path)
    for name in [name for name in sys.modules if f".{NAME}" in name]:
        del sys.modules[name]


def references(course: Course) -> object:
    return load_references(course, course.assignment(NAME))


def world(course: Course) -> object:
    [problem] = course.assignment(NAME).problems
    return world_of(course, course.assignment(NAME), problem.name, {})


def hidden_tests(course: Course) -> object:
    serve_solutions(course.solutions(NAME))
    return HiddenTests(course.hidden(NAME), MarkingPlugin(course.assignment(NAME)))


def misconceptions(course: Course) -> object:
    return load_misconceptions(course, course.assignment(NAME))


def sample_class(course: Course) -> object:
    return load_sample_class(course, NAME)


FAULTS = {
    "import nothing_of_this_name": r"nothing_of_this_name is not installed: run `pip install no",
    "import numpy.nothing": r"there is no module numpy\.nothing: correct the name",
    "from numpy import nothing": r"cannot import name 'nothing' from 'numpy'.*: define the name in",
    "def broken(:": r"correct this line: def broken\(:",
    "1 / 0": r"ZeroDivisionError: division by zero; correct this line",
    "nothing": r"NameError: name 'nothing' is not defined; correct",
    "raise SystemExit(3)": r"SystemExit: 3",
    f"from solutions.{NAME} import nothing": r"cannot import name 'nothing'",
    f"import solutions.{NAME}.nothing": rf"there is no module solutions\.{NAME}\.nothing",
}

LOADERS: list[tuple[Callable[[Course], object], Callable[[Course], Path]]] = [
    (references, lambda course: course.solutions(NAME) / "valley.py"),
    (references, lambda course: course.solutions(NAME) / "__init__.py"),
    (world, lambda course: course.solutions(NAME) / "valley.py"),
    (hidden_tests, lambda course: course.hidden(NAME) / "test_valley.py"),
    (hidden_tests, lambda course: course.hidden(NAME) / "conftest.py"),
    (misconceptions, lambda course: course.hidden(NAME) / "misconceptions.py"),
    (sample_class, lambda course: course.hidden(NAME) / "sample_class.py"),
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("load", "where"), LOADERS)
def test_fault_is_told_by_file_and_line(
    course: Course,
    load: Callable[[Course], object],
    where: Callable[[Course], Path],
    fault: str,
) -> None:
    path = where(course)
    path.write_text(f'"""A module."""\n\n{fault}\n', encoding="utf-8")
    with pytest.raises(CourseError, match=FAULTS[fault]) as told:
        load(course)
    assert f"{path}, line 3: " in str(told.value)
    assert "Traceback" not in str(told.value)


def test_fault_of_a_reference_is_told_where_it_is(course: Course) -> None:
    """Hidden tests and misconceptions that import the faulty module are not blamed for it."""
    reference = course.solutions(NAME) / "valley.py"
    reference.write_text("import nothing_of_this_name\n", encoding="utf-8")
    text = f"from solutions.{NAME} import valley\n"
    (course.hidden(NAME) / "misconceptions.py").write_text(text, encoding="utf-8")
    with pytest.raises(CourseError) as told:
        misconceptions(course)
    assert str(told.value).startswith(f"{reference}, line 1: ")


def test_fault_of_the_kit_s_own_names_it_and_where(course: Course) -> None:
    path = course.hidden(NAME) / "misconceptions.py"
    path.write_text(
        "from autograder.grading.misconceptions import Catalogue\n\nmisconceptions = Catalogue()\n"
        "misconceptions.values('t-values', 'nine', '', last_part=9.0)\n",
        encoding="utf-8",
    )
    with pytest.raises(CourseError, match="has no sentence for the student") as told:
        misconceptions(course)
    assert str(told.value).startswith(f"{path}, line 4: ")


def test_name_that_a_reference_lacks_is_told_with_who_wants_it(course: Course) -> None:
    path = course.solutions(NAME) / "valley.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("def slope(", "def steepness("), encoding="utf-8")
    with pytest.raises(CourseError, match=rf"{path} does not define slope, .* for t-slope"):
        references(course)


def test_missing_modules_are_told(course: Course) -> None:
    assert load_beside_tests(course, NAME, "misconceptions") is None
    (course.solutions(NAME) / "valley.py").unlink()
    with pytest.raises(CourseError, match=r"valley\.py does not exist"):
        references(course)
    with pytest.raises(CourseError, match="write STUDENTS in"):
        sample_class(course)
    with pytest.raises(CourseError, match="there are no hidden tests in"):
        HiddenTests(course.hidden("hw9"), MarkingPlugin(course.assignment(NAME)))


def test_module_that_failed_is_read_again_once_it_is_mended(course: Course) -> None:
    path = course.hidden(NAME) / "sample_class.py"
    path.write_text("STUDENTS = nobody\n", encoding="utf-8")
    with pytest.raises(CourseError, match="nobody"):
        sample_class(course)
    path.write_text("STUDENTS = ()\n", encoding="utf-8")
    assert sample_class(course) == ()
    path.write_text('STUDENTS = ("anna",)\n', encoding="utf-8")
    with pytest.raises(CourseError, match="write STUDENTS in"):
        sample_class(course)


def test_installed_package_of_solutions_is_never_taken(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "site" / "solutions" / "other"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("")
    (installed.parent / "__init__.py").write_text("raise SystemExit('it was imported')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "solutions", raising=False)
    (course.hidden(NAME) / "sample_class.py").write_text("import solutions.other\n")
    with pytest.raises(CourseError, match=r"there is no module solutions\.other"):
        sample_class(course)
    assert references(course)


def test_folder_of_hidden_tests_that_is_not_there_is_nobodys(tmp_path: Path) -> None:
    serve_hidden_tests(tmp_path / "x")
    assert "autograder.hidden.x" not in sys.modules
