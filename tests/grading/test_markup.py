"""Texts by students have no effect on the terminal, or in any table, CSV file, log or page.

Hostile texts are put into every place that a student can fill: lines of code, errors, outputs,
titles of figures, and the ids and metadata of cells. The names of folders, files, archives and
people are hostile too. Then every command runs, and the test searches all printed and written text
for effects.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands.common import err, out
from autograder.course.assignment import Course
from autograder.course.samples import SampleStudent, write_submission
from tests.consoles import wide_consoles
from tests.grading.tiny_class import HOMEWORK, VALUES, Done, run_here
from tests.test_words import acts

MARKUP = "# [/red] [bold][link=http://evil.example]x[/]"
ESCAPES = "\x1b]0;you were had\x07\x1b[2J\x9b31m\x9d0;x\x9c"
TURNED = "\u202eevil\u2066\u200b\u2028\x85\r0 of 20 points\b\ud800"
PLANTED = f"{ESCAPES}{TURNED}{MARKUP}"

CODE = {
    "an error's text": f"raise ValueError({PLANTED!r})",
    "an error's line": f"raise ValueError('a') {MARKUP}\u202e\u200b",
    "an error's line with escapes": f"raise ValueError('a'); '{ESCAPES}'; {MARKUP}",
    "an error's name": "class É(Exception): pass\nÉ.__name__ = '\\x1b[2J[/red]'\nraise É('[/red]')",
    "an answer": f"first_part = [{PLANTED!r}]\nlast_part = {PLANTED!r}",
    "a key": f"first_part = {{{PLANTED!r}: 1}}\nlast_part = {PLANTED!r}",
    "an output": f"print({PLANTED!r})\nfirst_part = [9.0, 18.0]\nlast_part = 15.0",
    "what is on stderr": f"import sys\nsys.stderr.write({PLANTED!r})\nlast_part = 1",
    "an exit": f"import sys\nsys.exit({PLANTED!r})",
    "a syntax error": f"x = = 1 {MARKUP}",
    "a warning": f"import warnings\nwarnings.warn({PLANTED!r})\nlast_part = 1",
    "a keyboard interrupt": f"raise KeyboardInterrupt({PLANTED!r})",
    "a name that is not there": "first_part = ａｂｃ　" + MARKUP,
    "a repr": f"class R:\n    def __repr__(s): return {PLANTED!r}\nfirst_part = last_part = R()",
}
SLOPE = {
    "an error of a function": f"def slope(u, v):\n    raise KeyError({PLANTED!r}) {MARKUP}",
    "a text for a number": f"def slope(u, v):\n    return {PLANTED!r}, {PLANTED!r}",
    "an error's cause": f"def slope(u, v):\n    raise ValueError('x') from KeyError({PLANTED!r})",
}
FIGURE = f"""
def plot_slope(positions, slopes):
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots()
    axes.plot(positions, slopes * 2, label={PLANTED.replace(chr(0xD800), "")!r})
    axes.set(xlabel={ESCAPES!r}, ylabel={MARKUP!r}, title={MARKUP!r})
    axes.legend()
    return figure
"""

FOLDERS = [
    b"[bold] anna [red]",
    b"bela [link=http:evil]",
    "turned\u202egnp".encode(),
    "zero\u200bwidth".encode(),
    "separated\u2028lines\u2029".encode(),
    b"cleared\x1b[2J\x1b]0;had\x07",
    b"over\rwritten\x08",
    "c1\x9b31m".encode(),
    b"no utf-8 \xff\xfe",
    "=1+1 \u3164".encode(),
]


def hand_in(course: Course, folder: bytes, student: SampleStudent) -> None:
    """Write a submission into a folder whose name may contain any bytes."""
    scratch = course.root / "submitted" / "scratch" / HOMEWORK
    write_submission(course, course.assignment(HOMEWORK), student, scratch)
    (scratch / "timestamp.txt").write_bytes(PLANTED.encode("utf-8", "replace"))
    notebook = json.loads((scratch / "valley.ipynb").read_text(encoding="utf-8"))
    notebook["metadata"]["authors"] = [{"name": PLANTED}]
    notebook["metadata"]["kernelspec"] = {"name": PLANTED, "display_name": PLANTED}
    notebook["cells"].append(
        {
            "cell_type": "markdown",
            "id": "x" * 60,
            "metadata": {"tags": [PLANTED], "name": PLANTED},
            "source": [f"{PLANTED}\n"],
            "attachments": {PLANTED: {"image/png": "AAAA"}},
        }
    )
    (scratch / "valley.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    extra = os.fsencode(scratch) + b"/[red]\x1b[2J\xff " + "\u202e.ipynb".encode()
    with open(extra, "wb") as file:
        file.write(b"{}")
    os.rename(os.fsencode(scratch.parent), os.fsencode(course.root / "submitted") + b"/" + folder)


def students() -> Iterator[tuple[bytes, SampleStudent]]:
    """Return a student for each place, and one for each name of a folder."""
    for number, (what, code) in enumerate(CODE.items()):
        yield f"code-{number}".encode(), SampleStudent("x", what, {VALUES: code})
    for number, (what, code) in enumerate(SLOPE.items()):
        yield f"slope-{number}".encode(), SampleStudent("x", what, {"t-slope-answer": code})
    yield b"figure", SampleStudent("x", "a figure's texts", {"t-plot-answer": FIGURE})
    for name in FOLDERS:
        yield name, SampleStudent("x", "a folder's name", {VALUES: CODE["an error's text"]})


def looked_at(done: Done, *codes: int) -> str:
    """Return all text that a command printed; nothing in the text may have an effect."""
    assert done.returncode in codes, done.stdout + done.stderr
    printed = done.stdout.removeprefix("\ufeff") + done.stderr  # a CSV file starts like this
    assert acts(printed) == []
    assert "Traceback" not in printed
    return printed


def made(root: Path, before: set[Path] = frozenset()) -> set[Path]:  # type: ignore[assignment]
    """Return every file that commands have written for people or other programs."""
    ends = {".html", ".csv", ".json", ".txt", ".log", ".md"}
    folders = ("autograded", "feedback", "reports", "regraded", "outbox")
    found = {path for name in folders for path in (root / name).rglob("*") if path.suffix in ends}
    return {path for path in found if path.name != "timestamp.txt"} - set(before)


def assert_files_are_harmless(root: Path) -> None:
    for path in made(root):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            page = BeautifulSoup(text, "html.parser")
            assert page.find_all("link", href=re.compile("evil")) == []
            assert page.find_all("a", href=re.compile("evil")) == []
        assert acts(text.replace("\r\n", "\n").removeprefix("\ufeff")) == [], path


@pytest.fixture
def course(tiny: Course, tmp_path: Path) -> Course:
    root = Path(shutil.copytree(tiny.root, tmp_path / "course"))
    shutil.rmtree(root / "submitted")
    (root / "submitted").mkdir()
    return Course(root)


def fdl(course: Course, *arguments: str) -> Done:
    return run_here([*arguments, "--course", str(course.root)])


EVERYDAY = ("an error's line",)


@pytest.mark.parametrize(
    "what",
    [*EVERYDAY, *(pytest.param(w, marks=pytest.mark.slow) for w in CODE if w not in EVERYDAY)],
)
def test_code_of_a_student_acts_nowhere_in_what_mark_prints(what: str, course: Course) -> None:
    hand_in(course, b"[red] anna", SampleStudent("anna", what, {VALUES: CODE[what]}))
    folder = str(course.root / "submitted" / "[red] anna" / HOMEWORK)
    table = looked_at(fdl(course, "mark", folder), 0)
    assert "[red] anna" in table
    if what == "an error's line":
        assert MARKUP in " ".join(table.split())
    as_json = fdl(course, "mark", folder, "--format", "json")
    looked_at(as_json, 0)
    json.loads(as_json.stdout)


@pytest.mark.slow
def test_texts_of_students_act_nowhere_in_any_command(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, student in students():
        hand_in(course, name, student)
    printed = looked_at(fdl(course, "grade", HOMEWORK), 1)
    for told in ("[bold] anna [red]", "bela [link=http:evil]", "turned?gnp", "cleared?]0;had?"):
        assert told in printed
    looked_at(fdl(course, "grade", HOMEWORK, "--profile"), 1)

    name_people(course)
    outbox = course.root / "outbox"
    outbox.mkdir()
    for folder in ("[bold] anna [red]", "zero\u200bwidth", "code-4", "slope-1", "figure"):
        path = str(course.root / "submitted" / folder / HOMEWORK)
        looked_at(fdl(course, "mark", path), 0)
        page = str(outbox / "instructor.html")
        looked_at(fdl(course, "mark", path, "--instructor", "--output", page), 0)
    looked_at(fdl(course, "feedback", HOMEWORK), 0)
    looked_at(fdl(course, "feedback", HOMEWORK, "--to", "mail"), 0, 1)
    hand_back(course, outbox)
    looked_at(fdl(course, "report", HOMEWORK), 0)
    looked_at(fdl(course, "report", HOMEWORK, "--anonymous"), 0)
    for system in ("csv", "moodle", "canvas", "gradescope"):
        target = str(outbox / f"{system}.csv")
        options = ["export", HOMEWORK, "--to", system, "--partial"]
        looked_at(fdl(course, *options), 0, 1)
        looked_at(fdl(course, *options, "-o", target), 0, 1)
        rows = list(csv.reader(io.StringIO(Path(target).read_text(encoding="utf-8-sig"))))
        looked_at(fdl(course, *options, "--roster", target), 0, 1, 2)
        assert len({len(row) for row in rows}) == 1
    for form in ("table", "csv", "json"):
        looked_at(fdl(course, "standing", "--to", form), 0)
    assert_files_are_harmless(course.root)

    hidden = course.root / f"autograder/hidden/{HOMEWORK}/test_valley.py"
    text = hidden.read_text(encoding="utf-8")
    hidden.write_text(text.replace('"last_part"), 15.0', '"last_part"), 1'), encoding="utf-8")
    for options in ([], ["--format", "json"], ["--apply"]):
        looked_at(fdl(course, "regrade", HOMEWORK, *options), 0, 1)
    assert_files_are_harmless(course.root)
    looked_at(fdl(course, "restore"), 0, 2)
    assert_files_are_harmless(course.root)


def hand_back(course: Course, outbox: Path) -> None:
    """Pack feedback by exports in which people have hostile names."""
    forms = {
        "moodle": "{0}_{1}_assignsubmission_file_/x",
        "ilias": "multi_feedback/{0}_a_b_{1}/",
        "canvas": "{0}_{1}_2_x.zip",
    }
    for system, form in forms.items():
        roster = outbox / f"{system}.zip"
        with zipfile.ZipFile(roster, "w") as archive:
            for number, name in enumerate([*NAMES, "bela [link=http:evil]"]):
                archive.writestr(zipfile.ZipInfo(form.format(name, number)), b"")
        target = str(outbox / f"feedback-{system}.zip")
        options = ("--to", system, "--roster", str(roster), "-o", target)
        looked_at(fdl(course, "feedback", HOMEWORK, *options), 0, 1)


def name_people(course: Course) -> None:
    """Put hostile names and addresses into the gradebook, as an import of a list would."""
    name = PLANTED.replace("\ud800", "")
    with sqlite3.connect(course.root / "gradebook.db") as gradebook:
        gradebook.execute(
            "UPDATE student SET first_name = ?, last_name = ?, email = ?, lms_user_id = ?",
            (f"=1+1{name}", f"{name},=1", f"{name}@example.org", name),
        )


NAMES = [PLANTED.replace("\ud800", "").replace("/", ""), "[/red]", "\u202e[/bold]", "a\x1b[2J"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize("way", ["{0}_1_assignsubmission_file_/{0}.ipynb", "{0}/{0}", "{0}.ipynb"])
def test_names_in_archives_act_nowhere_in_what_intake_prints(
    way: str, form: str, name: str, course: Course, tmp_path: Path
) -> None:
    path = tmp_path / f"m{re.sub('[^a-z[]', '', name)[:20]}.zip"
    skeleton = (course.release(HOMEWORK) / "valley.ipynb").read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2):
            archive.writestr(zipfile.ZipInfo(way.format(f"{number}{name}")), skeleton)
        archive.writestr("x.zip", b"PK")
    looked_at(fdl(course, "intake", HOMEWORK, str(path), "--format", form), 0, 1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["name", "first name", "student", "heading", "email"])
def test_names_in_lists_act_nowhere(place: str, name: str, course: Course, tmp_path: Path) -> None:
    people = tmp_path / "students.csv"
    columns = {"student": "anna", "name": "Anna", "first name": "A", "email": "a@example.org"}
    heads = [name if place == "heading" and key == "student" else key for key in columns]
    columns = {key: name if key == place else value for key, value in columns.items()}
    with people.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heads, list(columns.values())])
    (tmp_path / "anna").mkdir()
    shutil.copy(course.release(HOMEWORK) / "valley.ipynb", tmp_path / "anna")
    options = ["intake", HOMEWORK, str(tmp_path / "anna"), "--students", str(people)]
    looked_at(fdl(course, *options), 0, 1, 2)


@pytest.mark.parametrize(
    "folder", [b"[/red]\x1b[2J\xff", *(pytest.param(f, marks=pytest.mark.slow) for f in FOLDERS)]
)
def test_names_of_folders_act_nowhere_in_messages(folder: bytes, course: Course) -> None:
    """A shell inserts file names into a command, and each error message may quote the names."""
    name = os.fsdecode(folder)
    for arguments in (
        ["mark", str(course.root / "submitted" / name)],
        ["mark", name, name],
        [name],
        ["mark", f"--{name}"],
        ["grade", HOMEWORK, "--student", name],
        ["grade", name],
        ["grade", HOMEWORK, "--jobs", name],
        ["regrade", HOMEWORK, "--student", name],
        ["feedback", HOMEWORK, "--student", name],
        ["feedback", HOMEWORK, "--to", name],
        ["feedback", HOMEWORK, "--to", "moodle", "--roster", name],
        ["export", HOMEWORK, "--to", name],
        ["export", HOMEWORK, "--to", "csv", "--roster", name],
        ["intake", HOMEWORK, name],
        ["intake", HOMEWORK, ".", "--student", name],
        ["standing", "--to", name],
        ["report", name],
    ):
        printed = looked_at(fdl_quietly(course, arguments), 0, 1, 2)
        assert printed.strip()


def fdl_quietly(course: Course, arguments: Sequence[str]) -> Done:
    """Run a command that ends with an error before it marks any submission."""
    with wide_consoles():
        ended = CliRunner().invoke(app, [*arguments, "--course", str(course.root)])
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return Done(ended.exit_code, ended.stdout, ended.stderr)


def test_consoles_of_the_commands_know_no_markup() -> None:
    for console in (out, err):
        with console.capture() as told:
            console.print(f"[red]{MARKUP}")
        assert "[red]" in told.get()
        assert MARKUP.partition(" ")[2] in " ".join(told.get().split())
