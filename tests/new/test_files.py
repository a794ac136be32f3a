"""The files of a new homework, and the reasons for which the command refuses to make one."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from nbgrader.apps import GenerateAssignmentApp

from autograder.course.assignment import Course, read_notebook
from autograder.errors import CourseError
from autograder.grading.misconceptions import load_misconceptions
from autograder.release import build, newhomework
from autograder.release.fill import filled_source
from autograder.release.newhomework import EXAMPLE, NewHomework, course_for, make_homework

from .conftest import TODAY, planned

ROOT = Path(__file__).parents[2]


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_three_folders_and_an_entry_are_all_that_is_made(course: Course) -> None:
    before = files(course.root)
    made = make_homework(course, planned())
    new = {name.rpartition("/")[0] for name in files(course.root).keys() - before.keys()}
    assert new == {"source/hw3", "solutions/hw3", "autograder/hidden/hw3"}
    assert [path.relative_to(course.root).as_posix() for path in made] == [
        "source/hw3",
        "solutions/hw3",
        "autograder/hidden/hw3",
        "course.toml",
    ]
    changed = [name for name, content in before.items() if files(course.root)[name] != content]
    assert changed == ["course.toml"]


def test_there_is_an_item_of_each_kind(course: Course) -> None:
    make_homework(course, planned())
    items = Course(course.root).assignment("hw3").items.values()
    assert {(item.kind, item.bonus) for item in items} == {
        ("auto", False),
        ("auto", True),
        ("manual", False),
    }
    modules = {item.name: {reference.module for reference in item.references} for item in items}
    assert modules["p1-plot"] == {"figures"}


def test_every_auto_item_has_four_misconceptions_or_more(course: Course) -> None:
    make_homework(course, planned())
    found = Course(course.root)
    assignment = found.assignment("hw3")
    catalogue = load_misconceptions(found, assignment)
    for item in assignment.select("auto"):
        assert len(catalogue.of(item.name)) >= 4, item.name


@pytest.mark.parametrize("name", ["hw3", "week_12", "tangents"])
def test_no_placeholder_is_left_and_all_code_is_python(course: Course, name: str) -> None:
    make_homework(course, replace(planned(name), title='A "title" \\ with HOMEWORK_DUE in it'))
    for path, content in files(course.root).items():
        text = content.decode("utf-8").replace("HOMEWORK_DUE", "")
        assert "HOMEWORK" not in text, path
        if path.endswith(".py"):
            ast.parse(text)
    readme = (course.source(name) / "README.md").read_text(encoding="utf-8")
    assert readme.startswith('# A "title" \\ with HOMEWORK_DUE in it\n')


def test_source_is_filled_from_the_solutions_at_once(course: Course) -> None:
    make_homework(course, planned())
    for name, text in filled_source(Course(course.root), "hw3").items():
        assert (course.source("hw3") / name).read_text(encoding="utf-8") == text
    notebook = read_notebook(course.source("hw3") / "problem1_newton.ipynb")
    sources = [cell.source for cell in notebook.cells]
    assert any("### BEGIN SOLUTION" in source for source in sources)


# --- the settings --------------------------------------------------------------------------------


DATES = "opens = 2024-10-17T18:00:00\ndue = 2024-11-21T23:55:00\n"


@pytest.mark.parametrize("ending", ["", "\n", "\n\n\n"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_settings_keep_their_text(course: Course, ending: str, line_end: str) -> None:
    own = (
        f"# ours, mind\n[course]\ntitle='T'  # short\n\n[assignments.hw2]\n{DATES}seed = 1 # \u00e9"
    )
    own += ending
    path = course.root / "course.toml"
    path.write_bytes(own.replace("\n", line_end).encode())
    make_homework(Course(course.root), planned())
    text = path.read_bytes().decode()
    assert text.startswith(own.replace("\n", line_end))
    assert text.count("\n") == text.count(line_end)
    assert tomllib.loads(text)["assignments"]["hw2"]["seed"] == 1


def test_entry_holds_title_dates_and_seed(course: Course) -> None:
    make_homework(course, replace(planned(), title='On "roots" \\ tangents'))
    assignment = Course(course.root).assignment("hw3")
    assert assignment.title == 'On "roots" \\ tangents'
    assert f"{assignment.opens:%Y-%m-%d %H:%M}" == "2031-03-10 08:00"
    assert f"{assignment.due:%Y-%m-%d %H:%M}" == "2031-03-31 23:55"
    assert assignment.seed == 7
    assert assignment.items["p1-order"].bonus


def test_students_read_the_same_dates(course: Course) -> None:
    make_homework(course, planned())
    readme = (course.source("hw3") / "README.md").read_text(encoding="utf-8")
    assert "| opens | Monday, 10 March 2031, 08:00 |" in readme
    assert "| due | Monday, 31 March 2031, 23:55 |" in readme
    assert "date (Europe/Zurich)" in readme


def test_seeds_are_drawn() -> None:
    assert len({NewHomework.planned("hw3", TODAY).seed for _ in range(8)}) > 1


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["", "Hw3", "3hw", "hw-3", "hw 3", "../hw3", "a/b", ".", "class", "übung", "hw3\n", "_x"],
)
def test_name_that_is_no_folders_and_packages_is_refused(course: Course, name: str) -> None:
    before = files(course.root)
    with pytest.raises(CourseError, match="can't be a homework's name"):
        make_homework(course, planned(name))
    assert files(course.root) == before


@pytest.mark.parametrize("title", ["", "two\nlines", "a\x1b[31mred"])
def test_title_of_more_than_a_line_is_refused(course: Course, title: str) -> None:
    with pytest.raises(CourseError, match="can't be a title"):
        make_homework(course, replace(planned(), title=title))


def test_due_date_before_the_opening_is_refused(course: Course) -> None:
    homework = NewHomework.planned("hw3", TODAY, opens=TODAY, due=datetime(2031, 3, 3, 12, 0))
    with pytest.raises(CourseError, match="before it opens on 2031-03-03 14:20"):
        make_homework(course, homework)


def _folder(path: Path) -> None:
    path.mkdir(parents=True)


def _file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")


def _dangling(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("nowhere")


@pytest.mark.parametrize("place", ["source/hw3", "solutions/hw3", "autograder/hidden/hw3"])
@pytest.mark.parametrize("make", [_folder, _file, _dangling])
def test_nothing_is_written_over(course: Course, place: str, make: Callable[[Path], None]) -> None:
    make(course.root / place)
    before = files(course.root)
    with pytest.raises(CourseError, match=f"{place} exists already"):
        make_homework(course, planned())
    assert files(course.root) == before


def test_known_name_is_refused(course: Course) -> None:
    with (course.root / "course.toml").open("a") as settings:
        settings.write(f"\n[assignments.hw3]\n{DATES}")
    before = files(course.root)
    with pytest.raises(CourseError, match="already has an assignment hw3"):
        make_homework(Course(course.root), planned())
    assert files(course.root) == before


def test_settings_that_take_no_table_are_told_and_left_alone(course: Course) -> None:
    (course.root / "course.toml").write_text("assignments = {}\n[course]\ntitle = 'T'\n")
    before = files(course.root)
    with pytest.raises(CourseError, match=r"table \[assignments.hw3\] can.t be added"):
        make_homework(Course(course.root), planned())
    assert files(course.root) == before


def test_what_was_made_is_taken_back_when_something_goes_wrong(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    before = files(course.root)
    monkeypatch.setattr(newhomework, "fill_source", full)
    with pytest.raises(OSError, match="no space"):
        make_homework(course, planned())
    assert files(course.root) == before
    monkeypatch.undo()
    make_homework(course, planned())


# --- where it goes -------------------------------------------------------------------------------


def test_course_is_found_from_a_folder_in_it(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    (course.root / "notes").mkdir()
    monkeypatch.chdir(course.root / "notes")
    found = course_for(None)
    assert found is not None
    assert found.root == course.root


def test_course_begins_in_an_empty_folder_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    assert course_for(None) is None
    assert course_for(tmp_path / "to be made") is None
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(CourseError, match=r"no course.toml"):
        course_for(None)


def test_a_new_course_marks_as_this_one_does() -> None:
    """The example's nbgrader_config.py equals the file in this checkout."""
    name = "nbgrader_config.py"
    assert (EXAMPLE / "course" / name).read_bytes() == (ROOT / name).read_bytes()


def test_a_begun_course_keeps_what_is_there(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine")
    newhomework.begin_course(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "mine"
    assert Course(tmp_path).assignment_names == ()


def test_plain_nbgrader_releases_checks_that_need_no_kit(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_homework(course, planned())
    built = Course(course.root)
    build(built.source("hw3"), course.root / "ours", built.assignment("hw3"))
    monkeypatch.chdir(course.root)
    app = GenerateAssignmentApp()
    app.initialize(["hw3", "--no-db"])
    app.start()
    assert files(course.release("hw3")) == files(course.root / "ours")
    assert b"from autograder" not in files(course.release("hw3"))["checks.py"]
