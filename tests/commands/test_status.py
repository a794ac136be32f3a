"""`fdl` alone shows each homework's progress and the next command, and writes nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from typer.testing import CliRunner, Result

from autograder import exports
from autograder.cli import app
from autograder.course.assignment import Course
from autograder.course.layout import INDEX
from tests.consoles import wide_consoles
from tests.gradebook.conftest import Marker
from tests.gradebook.course import hand_in, mark, record, write_course
from tests.gradebook.shared import copied
from tests.release.tiny import write_course as write_tiny

ROOT = Path(__file__).parents[2]
GRADED = ("anna", "bela")


@pytest.fixture(scope="module")
def class_graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with two marked students; a text of Anna's still needs a mark from a person."""
    course = write_course(tmp_path_factory.mktemp("status") / "course")
    for student, answers in zip(GRADED, ({"a-proof": "So."}, {}), strict=True):
        hand_in(course, student)
        record(course, course.assignment("hw"), student, mark(course, answers=answers))
    return course.root


@pytest.fixture
def course(class_graded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    found = copied(class_graded, tmp_path / "course")
    monkeypatch.chdir(found.root)
    return found


def run(*arguments: str) -> Result:
    with wide_consoles():
        return CliRunner().invoke(app, arguments)


def status(*arguments: str) -> dict[str, Any]:
    result = run("status", "--format", "json", *arguments)
    assert result.exit_code == 0, result.output
    content: dict[str, Any] = json.loads(result.stdout)
    return content


def files(root: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of every file in a folder."""
    found = ((path, path.lstat()) for path in root.rglob("*"))
    return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in found}


# --- from the release to the export --------------------------------------------------------------


def test_each_step_of_a_homework_is_followed_by_the_next(course: Course) -> None:
    shutil.move(course.gradebook, course.root / "kept.db")
    shutil.move(course.submitted, course.root / "kept")
    shutil.move(course.root / "autograded", course.root / "kept.autograded")
    shutil.move(course.release("hw"), course.root / "kept.release")
    assert status()["next"] == "fdl release hw"
    assert status()["homework"]["hw"]["release"] == "no"

    shutil.move(course.root / "kept.release", course.release("hw"))
    assert status()["homework"]["hw"]["release"] == "yes"
    assert status()["next"] == "fdl intake hw EXPORT.zip --students students.csv"
    assert status()["reason"] == "hw was due on 2024-11-21 23:55"

    shutil.move(course.root / "kept", course.submitted)
    assert status()["next"] == "fdl grade hw"
    assert status()["reason"] == "submissions to grade: 2"

    shutil.move(course.root / "kept.db", course.gradebook)
    shutil.move(course.root / "kept.autograded", course.root / "autograded")
    assert status()["next"] == "fdl desk hw"
    found = status()["homework"]["hw"]
    assert (found["submitted"], found["graded"], found["to_grade"]) == (2, 2, 0)
    assert (found["by_hand"], found["feedback"], found["exported"]) == (1, 0, {})

    Marker(course).give("a-proof", 1.5)
    assert status()["homework"]["hw"]["by_hand"] == 0
    assert status()["next"] == "fdl feedback hw"

    for student in GRADED:
        page = course.feedback(student, "hw") / INDEX
        page.parent.mkdir(parents=True)
        page.touch()
    assert status()["homework"]["hw"]["feedback"] == 2
    assert status()["next"] == "fdl export hw --to csv --output hw.csv"

    assert run("export", "hw", "--to", "csv", "-o", "hw.csv").exit_code == 0
    assert (course.exported("hw") / "csv.csv").read_bytes() == Path("hw.csv").read_bytes()
    assert list(status()["homework"]["hw"]["exported"]) == ["csv"]
    assert status()["next"] == "fdl standing"
    assert status()["reason"].endswith("for solutions: fdl release hw --solutions")

    course.published_solutions("hw").mkdir(parents=True)
    assert status()["reason"] == "all marks were exported"


def test_solutions_wait_for_an_extension_that_was_given_in_nbgrader(course: Course) -> None:
    assert status()["homework"]["hw"]["solutions"] == "possible"
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        gradebook.grant_extension("hw", "anna", weeks=5000)
    assert status()["homework"]["hw"]["solutions"] == "no"
    with course.settings_file.open("a", encoding="utf-8") as file:
        file.write("\n[assignments.hw.extensions]\nanna = { hours = 48 }\n")
    assert status()["homework"]["hw"]["solutions"] == "possible"


def test_a_newer_submission_is_graded_again_and_gets_new_feedback(course: Course) -> None:
    Marker(course).give("a-proof", 1.5)
    for student in GRADED:
        page = course.feedback(student, "hw") / INDEX
        page.parent.mkdir(parents=True)
        page.touch()
    folder = course.submission("bela", "hw")
    (folder / "timestamp.txt").write_text("2024-11-20 10:00:00 UTC", encoding="utf-8")
    assert status()["homework"]["hw"]["to_grade"] == 1
    assert status()["next"] == "fdl grade hw"
    record(course, course.assignment("hw"), "bela", mark(course, answers={}))
    assert status()["homework"]["hw"]["to_grade"] == 0
    later = course.feedback("bela", "hw").stat().st_mtime + 60
    os.utime(course.report("bela", "hw"), (later, later))
    assert status()["homework"]["hw"]["feedback"] == 1
    assert status()["next"] == "fdl feedback hw"


def test_a_mark_given_later_makes_pages_and_exports_outdated(course: Course) -> None:
    def hand_on(*commands: str) -> None:
        for command in commands:
            done = run(*command.split())
            assert done.exit_code == 0, done.output

    Marker(course).give("a-proof", 1.5)
    hand_on("feedback hw", "export hw --to csv -o hw.csv")
    assert status()["next"] == "fdl standing"
    Marker(course).give("a-proof", 0.5)
    assert status()["homework"]["hw"]["feedback"] == 1
    assert status()["next"] == "fdl feedback hw"
    hand_on("feedback hw")
    assert status()["homework"]["hw"]["outdated_exports"] == ["csv"]
    assert status()["next"] == "fdl export hw --to csv --output hw.csv"
    hand_on("export hw --to csv -o hw.csv")
    assert status()["next"] == "fdl standing"


def test_a_mark_that_is_saved_during_an_export_is_exported_again(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def export_slowly(*arguments: Any, **options: Any) -> exports.ExportedFile:
        Marker(course).give("a-proof", 0.5)
        return export(*arguments, **options)

    export = exports.export
    monkeypatch.setattr(exports, "export", export_slowly)
    Marker(course).give("a-proof", 1.5)
    assert run("export", "hw", "--to", "csv", "-o", "hw.csv").exit_code == 0
    assert status()["homework"]["hw"]["outdated_exports"] == ["csv"]


def test_bonus_text_whose_points_nbgrader_lost_has_to_be_marked(course: Course) -> None:
    Marker(course).give("a-proof", 1.5)
    assert status()["homework"]["hw"]["by_hand"] == 0
    Marker(course).give("b-essay", 0.0)  # nbgrader's page makes 0 of 0.5 typed points
    assert status()["homework"]["hw"]["by_hand"] == 1
    assert status()["next"] == "fdl desk hw"
    Marker(course).give("b-essay", None, extra=0.0)
    assert status()["homework"]["hw"]["by_hand"] == 0


def test_the_most_urgent_homework_comes_first(course: Course) -> None:
    text = course.settings_file.read_text(encoding="utf-8")
    other = text.partition("[assignments.hw]")[2].replace("2024", "2034")
    course.settings_file.write_text(f"{text}\n[assignments.hw0]\n{other}", encoding="utf-8")
    for folder in (course.source, course.release):
        shutil.copytree(folder("hw"), folder("hw0"))
    assert status()["next"] == "fdl desk hw"
    Marker(course).give("a-proof", 1.5)
    assert status()["next"] == "fdl feedback hw"
    shutil.rmtree(course.submitted)
    course.gradebook.unlink()
    shutil.rmtree(course.root / "autograded")
    assert status()["next"].startswith("fdl intake hw ")
    shutil.rmtree(course.release("hw0"))
    assert status()["next"] == "fdl release hw0"


@pytest.mark.usefixtures("course")
def test_fdl_alone_prints_the_table_and_one_next_line() -> None:
    result = run()
    assert result.exit_code == 0
    [row] = [line.split() for line in result.stdout.splitlines() if line.startswith(" hw")]
    assert row == ["hw", "2024-11-21", "yes", "2", "2", "1", "0", "no"]
    [last] = [line for line in result.stdout.splitlines() if line.startswith("Next: ")]
    assert last.startswith("Next: fdl desk hw  # ")


def test_it_writes_nothing_and_loads_no_nbgrader(course: Course) -> None:
    before = files(course.root)
    code = (
        "import sys; from autograder.cli import app; sys.argv = ['fdl']\n"
        "try: app()\n"
        "finally: print([name for name in ('nbgrader', 'sqlalchemy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=course.root, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert "Next: fdl desk hw" in done.stdout
    assert files(course.root) == before


# --- whether the release is up to date -----------------------------------------------------------


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the real homework, with the files that `fdl release` reads and writes."""
    root = tmp_path_factory.mktemp("released") / "course"
    for tree in ("source", "release", "solutions"):
        shutil.copytree(ROOT / tree / "hw2", root / tree / "hw2")
    shutil.copy(ROOT / "course.toml", root)
    return root


def cells(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Change the first locked text cell of problem 1's source notebook."""

    def edit(root: Path) -> None:
        path = root / "source" / "hw2" / "problem1_momentum.ipynb"
        content = json.loads(path.read_text(encoding="utf-8"))
        marks = [(cell, cell["metadata"].get("nbgrader", {})) for cell in content["cells"]]
        change(next(cell for cell, mark in marks if mark.get("grade")))
        path.write_text(json.dumps(content), encoding="utf-8")

    return edit


def text(name: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        content = (root / name).read_text(encoding="utf-8")
        assert old in content
        (root / name).write_text(content.replace(old, new), encoding="utf-8")

    return edit


CHANGES: dict[str, Callable[[Path], None]] = {
    "a cell's text": cells(lambda cell: cell.update(source="# another text")),
    "an item's points": cells(lambda cell: cell["metadata"]["nbgrader"].update(points=9)),
    "the README": text("source/hw2/README.md", "# ", "# New: "),
    "a solution": text("solutions/hw2/momentum.py", "return", "return 0 +"),
    "a docstring": text("solutions/hw2/momentum.py", '"""', '"""New. '),
    "a notebook is missing": lambda root: next((root / "release/hw2").glob("*.ipynb")).unlink(),
}


def test_a_fresh_release_is_up_to_date(released: Path) -> None:
    assert status("--course", str(released))["homework"]["hw2"]["release"] == "yes"


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_since_the_release_is_noticed(released: Path, tmp_path: Path, change: str) -> None:
    root = Path(shutil.copytree(released, tmp_path / "course"))
    CHANGES[change](root)
    found = status("--course", str(root))
    assert found["homework"]["hw2"]["release"] == "out of date"
    assert found["next"] == "fdl release hw2"


# --- faults --------------------------------------------------------------------------------------


def test_outside_a_course_it_says_how_to_begin_and_shows_the_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run()
    assert result.exit_code == 0
    assert "Usage: " in result.output
    assert "`fdl new hw1`" in result.output
    assert "`cd`" in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + bytes(8000), b""])
def test_a_damaged_gradebook_is_restored_first(course: Course, content: bytes) -> None:
    course.gradebook.write_bytes(content)
    result = run()
    assert result.exit_code == 1
    assert f"the gradebook {course.gradebook} can't be read" in result.output
    assert "Next: fdl restore" in result.output
    assert course.gradebook.read_bytes() == content


def test_a_gradebook_that_is_being_changed_is_sound(course: Course) -> None:
    with closing(sqlite3.connect(course.gradebook, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        result = run()
    assert result.exit_code == 1
    assert "can't be read: database is locked" in result.output
    assert "Next: fdl  # " in result.output


KILLED = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN")
database.execute("CREATE TABLE filler (text)")
database.executemany("INSERT INTO filler VALUES (?)", [("x" * 500,)] * 500)
database.execute("COMMIT")
database.execute("PRAGMA cache_size = 5")
database.execute("BEGIN IMMEDIATE")
database.execute("UPDATE filler SET text = 'y' || text")
os._exit(9)
"""
"""A program that ends in the middle of a change that SQLite has begun to write."""


def test_a_gradebook_that_a_killed_command_left_is_put_right(course: Course) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(course.gradebook)], check=False)
    result = run()
    assert result.exit_code == 1
    assert "Next: fdl standing  # " in result.output
    assert run("standing").exit_code == 0
    assert status()["next"] == "fdl desk hw"


def test_a_missing_gradebook_is_restored_first(course: Course) -> None:
    course.gradebook.unlink()
    assert "Next: fdl restore" in run().output
    assert not course.gradebook.exists()


def test_a_source_that_cannot_be_read_is_named_beside_the_others(course: Course) -> None:
    text("course.toml", "[assignments.hw]", "[assignments.ha]")(course.root)
    with course.settings_file.open("a", encoding="utf-8") as file:
        file.write("\n[assignments.hw]\nopens = 2024-10-17T18:00:00\ndue = 2024-11-21T23:55:00\n")
    result = run()
    assert result.exit_code == 1
    assert "source/ha does not exist" in result.output
    assert "Next: fdl desk hw" in result.output
    as_data = run("status", "--format", "json")
    assert as_data.exit_code == 1
    found = json.loads(as_data.stdout)
    assert "source/ha does not exist" in found["faults"][0]
    assert found["homework"]["ha"]["release"] == "unknown"


def test_a_missing_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tiny(tmp_path)
    text("course.toml", "due = 2024-11-21T23:55:00", "")(tmp_path)
    monkeypatch.chdir(tmp_path)
    result = run()
    assert result.exit_code == 2
    assert "assignments.tiny.due is missing; write a" in result.output
    assert "Traceback" not in result.output


def test_a_course_without_homework_begins_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "course.toml").write_text('[course]\ntitle = "Empty"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert "Next: fdl new hw1" in run().output
