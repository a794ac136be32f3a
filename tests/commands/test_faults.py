"""For a fault in a course, every command names the fault's place in one line, and exits with 2."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from autograder.cli import app
from autograder.commands.common import with_messages
from autograder.grading import forkserver
from tests.release.tiny import write_course

Fault = Callable[[Path], None]

OF_COURSE: dict[str, list[str]] = {
    "new": ["new", "hw9"],
    "restore": ["restore"],
    "standing": ["standing"],
    "export": ["export", "tiny", "--to", "csv"],
}
"""Commands that read only the settings."""

OF_HOMEWORK: dict[str, list[str]] = {
    "release": ["release", "tiny"],
    "release --check": ["release", "tiny", "--check"],
    "prove": ["prove", "tiny"],
    "intake": ["intake", "tiny", "export.zip"],
    "grade": ["grade", "tiny"],
    "regrade": ["regrade", "tiny"],
    "mark": ["mark", "submitted/anna/tiny", "--assignment", "tiny"],
    "report": ["report", "tiny"],
    "feedback": ["feedback", "tiny"],
    "gradescope": ["gradescope", "tiny", "-o", "tiny.zip"],
    "github": ["github", "tiny", "-o", "template"],
    "collect": ["collect", "tiny", "--students", "students.csv"],
    "demo": ["demo", "tiny"],
}
"""Commands that read the source notebooks too."""

MARKING = ("grade", "mark", "regrade", "gradescope", "github")
"""Commands that compare submissions with the release."""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_course(tmp_path)
    shutil.copytree(tmp_path / "source" / "tiny", tmp_path / "release" / "tiny")
    shutil.copytree(tmp_path / "source" / "tiny", tmp_path / "submitted" / "anna" / "tiny")
    (tmp_path / "export.zip").write_bytes(b"")
    monkeypatch.setattr(forkserver, "start", lambda: None)
    # building the app for each call takes longer than the call itself
    monkeypatch.setattr("typer.testing._get_command", lambda _app: COMMANDS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMMANDS = typer.main.get_command(app)


def run(arguments: list[str]) -> Result:
    return CliRunner().invoke(app, arguments)


def assert_told(result: Result, *words: str) -> None:
    """Assert that the command ended with code 2 and printed a few lines with these words."""
    said = result.output
    assert result.exit_code == 2, said
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 3, said
    for word in words:
        assert word in said


# --- course.toml ---


def replaced(old: str, new: str) -> Fault:
    def spoil(root: Path) -> None:
        path = root / "course.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return spoil


def added(text: str) -> Fault:
    def spoil(root: Path) -> None:
        with (root / "course.toml").open("a", encoding="utf-8") as file:
            file.write(text)

    return spoil


def homework(text: str) -> Fault:
    return replaced("seed = 7", text)


def limits(text: str) -> Fault:
    return added(f"\n[assignments.tiny.limits]\n{text}\n")


def content(raw: bytes) -> Fault:
    return lambda root: void((root / "course.toml").write_bytes(raw))


def void(_: Any) -> None:
    return None


def as_folder(root: Path) -> None:
    (root / "course.toml").unlink()
    (root / "course.toml").mkdir()


SETTINGS_FAULTS: dict[str, tuple[Fault, list[str]]] = {
    "broken TOML": (added("\nx = \n"), ["course.toml is not valid TOML", "line 12, column"]),
    "a folder": (as_folder, ["course.toml", "directory"]),
    "not UTF-8": (content(b"[course]\ntitle = 'caf\xe9'\n"), ["not UTF-8", "line 2"]),
    "empty": (content(b""), ["course.title is missing; write text"]),
    "unknown table": (added("\n[rule]\n"), ["has no key 'rule'", "did you mean rules?"]),
    "unknown course key": (
        replaced("timezone", "time_zone"),
        ["course has no key 'time_zone'", "did you mean timezone?"],
    ),
    "unknown rule": (
        added("\n[rules]\nlate_percent = 3\n"),
        ["rules has no key 'late_percent'", "did you mean"],
    ),
    "unknown standing key": (
        added("\n[standing]\nbset = 1\n"),
        ["standing has no key 'bset'", "did you mean best?"],
    ),
    "unknown homework key": (
        homework("sed = 7"),
        ["assignments.tiny has no key 'sed'", "did you mean seed?"],
    ),
    "unknown key of a homework's rules": (
        added("\n[assignments.tiny.rules]\nlat = 'stop'\n"),
        ["assignments.tiny.rules has no key 'lat'", "did you mean late?"],
    ),
    "unknown limit": (
        limits("cell_second = 9"),
        ["assignments.tiny.limits has no key 'cell_second'", "did you mean cell_seconds?"],
    ),
    "unknown key of an extension": (
        added("\n[assignments.tiny.extensions]\nanna = { hour = 3 }\n"),
        ["assignments.tiny.extensions.anna has no key 'hour'", "did you mean hours?"],
    ),
    "title a number": (homework("title2 = 3"), ["has no key 'title2'", "did you mean title?"]),
    "course title a number": (
        replaced('"A course of one valley"', "3"),
        ["course.title is 3; write text in quotes"],
    ),
    "course a list": (
        replaced("[course]", "[[course]]"),
        ["course is [{", "write it as a table, [course]"],
    ),
    "homework a list": (
        replaced("[assignments.tiny]", "[[assignments.tiny]]"),
        ["assignments.tiny is [{", "write it as a table, [assignments.tiny]"],
    ),
    "rules a number": (homework("rules = 3"), ["tiny.rules is 3; write it as a table"]),
    "limits a list": (homework("limits = [3]"), ["tiny.limits is [3]; write it as a table"]),
    "seed a text": (homework('seed = "x"'), ["assignments.tiny.seed is 'x'", "a whole number"]),
    "seed a fraction": (homework("seed = 1.5"), ["seed is 1.5; write a whole number"]),
    "seed true": (homework("seed = true"), ["seed is true; write a whole number"]),
    "seed negative": (homework("seed = -1"), ["seed is -1; write a whole number of 0 or more"]),
    "bonus a text": (
        replaced('["t-plot"]', '"t-plot"'),
        ["assignments.tiny.bonus is 't-plot'; write a list of names"],
    ),
    "bonus a list of numbers": (replaced('"t-plot"', "3"), ["tiny.bonus is [3]; write a list"]),
    "bonus twice": (
        replaced('["t-plot"]', '["t-plot", "t-plot"]'),
        ["bonus is ['t-plot', 't-plot']; write each name once"],
    ),
    "due a text": (
        replaced("2024-11-21T23:55:00", '"2024-11-21T23:55:00"'),
        ["assignments.tiny.due is '2024-11-21T23:55:00'; write a date and time such as 2024-"],
    ),
    "due a day": (replaced("2024-11-21T23:55:00", "2024-11-21"), ["due is 2024-11-21; write a"]),
    "due missing": (replaced("due = 2024-11-21T23:55:00", ""), ["tiny.due is missing; write a"]),
    "opens missing": (replaced("opens = 2024-10-17T18:00:00", ""), ["opens is missing; write a"]),
    "due before opens": (
        replaced("2024-11-21T23:55:00", "2024-10-01T23:55:00"),
        ["assignments.tiny.due is 2024-10-01T23:55:00; write a date after opens, 2024-10-17"],
    ),
    "due at an ambiguous time": (
        replaced("2024-11-21T23:55:00", "2024-10-27T02:30:00"),
        ["comes twice in Europe/Zurich", "02:30:00+02:00 or 2024-10-27T02:30:00+01:00"],
    ),
    "unknown zone": (
        replaced("Europe/Zurich", "Europe/Zürich"),
        ["course.timezone is 'Europe/Zürich'", "unknown", "did you mean Europe/Zurich?"],
    ),
    "a region as zone": (replaced("Europe/Zurich", "Europe"), ["timezone is 'Europe'; this zone"]),
    "zone a number": (replaced('"Europe/Zurich"', "1"), ["course.timezone is 1; write a zone"]),
    "tolerance 0": (homework("tolerance = 0"), ["tolerance is 0; write a number above 0 and"]),
    "tolerance 1": (homework("tolerance = 1.0"), ["tolerance is 1.0; write a number above 0 and"]),
    "tolerance nan": (homework("tolerance = nan"), ["tolerance is nan; write a number above 0"]),
    "a path among files": (homework('files = ["../a.csv"]'), ["files is '../a.csv'; write only"]),
    "a limit in words": (limits('cell_seconds = "long"'), ["limits.cell_seconds is 'long'; write"]),
    "a limit not finite": (limits("cell_seconds = inf"), ["seconds is inf; write a number of sec"]),
    "a limit of true": (limits("processes = true"), ["limits.processes is true; write a number"]),
    "a limit too small": (limits("memory_bytes = 1_000"), ["memory_bytes is 1000; write a number"]),
    "a cell longer than all": (
        limits("cell_seconds = 120"),
        ["limits.cell_seconds is 120, but submission_seconds, which includes it, is 90; change"],
    ),
    "best too large": (added("\n[standing]\nbest = 2\n"), ["standing.best is 2; write a whole"]),
    "extension a number": (
        added("\n[assignments.tiny.extensions]\nanna = 48\n"),
        ["extensions.anna is 48; write a new due date", "{ hours = 48 }"],
    ),
    "a homework that is a path": (
        added('\n[assignments."../x"]\n'),
        ["is '../x'; write the name of the homework's folders"],
    ),
}


@pytest.mark.parametrize("fault", SETTINGS_FAULTS)
def test_wrong_settings_are_told_by_every_command(root: Path, fault: str) -> None:
    spoil, words = SETTINGS_FAULTS[fault]
    spoil(root)
    for arguments in (OF_COURSE | OF_HOMEWORK).values():
        assert_told(run(arguments), *words)


# --- source notebooks ---


def notebook(change: Callable[[dict[str, Any]], object]) -> Fault:
    def spoil(root: Path) -> None:
        path = root / "source" / "tiny" / "valley.ipynb"
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")

    return spoil


def grade_cell(content: dict[str, Any]) -> dict[str, Any]:
    cells = (cell["metadata"].get("nbgrader", {}) for cell in content["cells"])
    found: dict[str, Any] = next(mark for mark in cells if mark.get("grade"))
    return found


def points(value: object) -> Fault:
    return notebook(lambda content: grade_cell(content).update(points=value))


def language(name: str) -> Fault:
    return notebook(
        lambda content: content["metadata"].update(
            kernelspec={"name": "ir", "display_name": "R", "language": name}
        )
    )


def source_text(text: str) -> Fault:
    return lambda root: void((root / "source/tiny/valley.ipynb").write_text(text))


PLACE = "valley.ipynb, cell"
SOURCE_FAULTS: dict[str, tuple[Fault, list[str]]] = {
    "points two": (points("two"), [PLACE, "has the points 'two'; write a number above 0"]),
    "points 0": (points(0), [PLACE, "has the points 0; write a number above 0"]),
    "points -1": (points(-1), [PLACE, "has the points -1; write a number above 0"]),
    "points nan": (points(float("nan")), [PLACE, "has the points nan; write a number above 0"]),
    "points true": (points(True), [PLACE, "has the points True; write a number above 0"]),
    "points missing": (
        notebook(lambda content: grade_cell(content).pop("points")),
        [PLACE, "has the points None; write a number above 0"],
    ),
    "kernel R": (language("R"), ["kernelspec.language is 'R'", "choose a Python kernel"]),
    "not JSON": (source_text("{"), ["valley.ipynb", "can't be read as a notebook"]),
    "no notebook": (source_text("[]"), ["valley.ipynb", "can't be read as a notebook"]),
    "unknown bonus item": (
        replaced('["t-plot"]', '["t-plto"]'),
        ["assignments.tiny.bonus names t-plto", "did you mean t-plot?"],
    ),
    "no source": (
        lambda root: shutil.rmtree(root / "source" / "tiny"),
        ["source/tiny does not exist"],
    ),
    "an unknown homework": (
        replaced("[assignments.tiny]", "[assignments.tinny]"),
        ["has no assignment 'tiny'", "did you mean tinny?"],
    ),
}


@pytest.mark.parametrize("fault", SOURCE_FAULTS)
def test_wrong_sources_are_told_by_every_command(root: Path, fault: str) -> None:
    spoil, words = SOURCE_FAULTS[fault]
    spoil(root)
    for arguments in OF_HOMEWORK.values():
        assert_told(run(arguments), *words)


# --- folders that are missing ---


@pytest.mark.parametrize("command", MARKING)
def test_missing_release_is_told(root: Path, command: str) -> None:
    shutil.rmtree(root / "release")
    assert_told(run(OF_HOMEWORK[command]), "release/tiny", "fdl release tiny")


@pytest.mark.parametrize("command", ["release", "gradescope"])
def test_missing_solutions_are_told(root: Path, command: str) -> None:
    shutil.rmtree(root / "solutions")
    assert_told(run(OF_HOMEWORK[command]), "solutions")


@pytest.mark.parametrize("command", ["grade", "regrade"])
def test_missing_submissions_are_told(root: Path, command: str) -> None:
    shutil.rmtree(root / "submitted")
    assert_told(run(OF_HOMEWORK[command]), "submitted")


def test_course_folder_that_does_not_exist_is_told(root: Path) -> None:
    for command, arguments in (OF_COURSE | OF_HOMEWORK).items():
        if command != "new":  # it begins one
            result = run([*arguments, "--course", str(root / "none")])
            assert_told(result, "none is not a folder")


def test_folder_outside_a_course_is_told(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    assert_told(run(["standing"]), "no course.toml in", "--course FOLDER")


# --- unexpected errors ---


@pytest.fixture
def log_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def raising(error: Exception) -> Result:
    one = typer.Typer()

    @one.command()
    @with_messages
    def command() -> None:
        raise error

    return CliRunner().invoke(one, [])


def test_unexpected_error_is_one_line_and_its_traceback_a_file(log_folder: Path) -> None:
    result = raising(ValueError("of\x1b[31m ours"))
    said = result.output
    assert result.exit_code == 3
    assert "Traceback" not in said
    assert "\x1b[31m" not in result.output
    assert "an error in fdl itself: ValueError: of ours" in said
    [path] = log_folder.glob("fdl-error-*.log")
    assert str(path) in said
    assert "Traceback" in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o077 == 0


def test_file_that_cannot_be_used_is_named_without_a_log(log_folder: Path) -> None:
    result = raising(PermissionError(13, "Permission denied", "/some/file"))
    assert result.exit_code == 2
    assert result.output.strip() == "fdl: /some/file: Permission denied"
    assert not list(log_folder.glob("fdl-error-*.log"))


def test_exits_and_wrong_calls_pass() -> None:
    assert raising(typer.Exit(5)).exit_code == 5
    assert "Traceback" not in raising(typer.BadParameter("no")).output


# --- the next command that a message suggests, for typical faults in a first term ---


def gone(*folders: str) -> Fault:
    return lambda root: shutil.rmtree(root.joinpath(*folders))


def damaged(root: Path) -> None:
    (root / "gradebook.db").write_bytes(b"no database")


def nothing(_root: Path) -> None:
    return None


NEXT: dict[str, tuple[Fault, list[str], str]] = {
    "no homework of that name": (nothing, ["grade", "hw7"], "fdl new hw7"),
    "a homework misspelt": (nothing, ["grade", "tinny"], "did you mean tiny?"),
    "not released: grade": (gone("release"), ["grade", "tiny"], "fdl release tiny"),
    "not released: feedback": (gone("release"), ["feedback", "tiny"], "fdl release tiny"),
    "not released: regrade": (gone("release"), ["regrade", "tiny"], "fdl release tiny"),
    "nothing submitted at all": (
        gone("submitted"),
        ["grade", "tiny"],
        "fdl intake tiny EXPORT.zip",
    ),
    "no submission of it": (
        gone("submitted", "anna"),
        ["grade", "tiny"],
        "fdl intake tiny EXPORT.zip",
    ),
    "unknown student": (nothing, ["grade", "tiny", "--student", "ana"], "did you mean anna?"),
    "not graded: feedback": (nothing, ["feedback", "tiny"], "fdl grade tiny"),
    "not graded: feedback of one": (
        nothing,
        ["feedback", "tiny", "--student", "anna"],
        "fdl grade tiny",
    ),
    "not graded: regrade": (nothing, ["regrade", "tiny"], "fdl grade tiny"),
    "not graded: report": (nothing, ["report", "tiny"], "fdl grade tiny"),
    "not graded: export": (nothing, ["export", "tiny", "--to", "csv"], "fdl grade tiny"),
    "not graded: standing": (nothing, ["standing"], "fdl grade tiny"),
    "no such export": (nothing, ["intake", "tiny", "x.zip"], "zip file or a folder"),
    "no such path": (nothing, ["mark", "submitted/ana/tiny"], "submitted/ana/tiny"),
    "a gradebook that is damaged": (damaged, ["feedback", "tiny"], "fdl restore"),
    "a name that is taken": (nothing, ["new", "tiny"], "choose another name"),
    "a table into a file": (nothing, ["standing", "-o", "x"], "--to csv"),
}


@pytest.mark.parametrize("fault", NEXT)
def test_an_error_says_what_to_do_next(root: Path, fault: str) -> None:
    spoil, arguments, advice = NEXT[fault]
    spoil(root)
    assert_told(run(arguments), advice)
