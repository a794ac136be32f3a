"""The student reads of files with another problem's name, other endings, and untouched copies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder.commands.grade import Row
from autograder.course.assignment import Course
from autograder.grading.report import NotebookReport, Report
from autograder.runs.grade import Recorded
from autograder.submission.form import Form
from autograder.submission.reading import read_cells
from autograder.submission.receiving import ReceivedNotebook, read_submission

from .forms import HILL, VALLEY, cell, filled, filled_hill, hill, skeletons, valley, write

ROOT = Path(__file__).parents[2]
COUNTS = f"{HILL}.ipynb has the cells of {VALLEY}, so it counts for that problem."


def read(folder: Path) -> dict[str, ReceivedNotebook]:
    return dict(read_submission(folder, skeletons()).notebooks)


def test_problem_whose_file_has_other_cells_says_so(tmp_path: Path) -> None:
    write(tmp_path / f"{HILL}.ipynb", filled())
    received = read(tmp_path)
    assert received[VALLEY].state == "marked"
    assert "recognised by its cells" in received[VALLEY].notes[0]
    assert received[HILL].message == (
        f"Your submission has no notebook with the cells of {HILL}. {COUNTS}"
    )


def test_problem_with_another_file_says_so_too(tmp_path: Path) -> None:
    write(tmp_path / f"{HILL}.ipynb", filled())
    write(tmp_path / f"{HILL} (1).ipynb", filled_hill())
    received = read(tmp_path)
    assert received[HILL].notes[0] == COUNTS
    write(tmp_path / f"{HILL} (1).ipynb", b"<!DOCTYPE html>")
    message = read(tmp_path)[HILL].message
    assert "the file is a web page, not a notebook; download" in message
    assert COUNTS in message


def test_table_of_the_class_says_so(tmp_path: Path) -> None:
    write(tmp_path / f"{HILL}.ipynb", filled())
    write(tmp_path / f"{HILL} (1).ipynb", filled_hill())
    notebooks = {
        name: NotebookReport("marked", notes=(*each.notes, "Another note."))
        for name, each in read(tmp_path).items()
    }
    report = Report("hw", "anna", 1, "", {}, 1, 1, 0, 0, notebooks, {})
    row = Row.of(Recorded("anna", report), Course(ROOT).assignment("hw2"))
    assert row.notes == (f"{HILL}: {COUNTS}",)


@pytest.mark.parametrize(
    "name", [f"{VALLEY}.json", f"{VALLEY}.txt", f"{VALLEY}.ipynb.html", VALLEY]
)
def test_notebook_with_another_ending_is_read(name: str, tmp_path: Path) -> None:
    write(tmp_path / name, filled())
    write(tmp_path / "notes.txt", "mine")
    write(tmp_path / "package.json", "{}")
    (tmp_path / HILL).mkdir()
    received = read(tmp_path)
    assert received[VALLEY].file == name
    assert received[HILL].state == "missing"


@pytest.mark.parametrize("name", [f"{VALLEY} (1).ipynb", f"a copy of {VALLEY}.ipynb"])
def test_untouched_notebook_of_an_earlier_release_does_not_hide_answers(
    name: str, tmp_path: Path
) -> None:
    old = valley()
    for each in old.cells:
        each.source = each.source.replace("raise Not", "# an earlier remark\n    raise Not")
    write(tmp_path / f"{VALLEY}.ipynb", old)
    write(tmp_path / name, filled())
    received = read(tmp_path)[VALLEY]
    assert received.file == name
    assert f"{VALLEY}.ipynb (untouched)" in received.notes[0]


def test_work_is_what_the_release_does_not_have() -> None:
    form = Form(hill())

    def worked(source: str) -> int:
        notebook = hill()
        cell(notebook, "h-top-answer").source = source
        return form.worked(read_cells(json.dumps(notebook).encode())[0])

    stub = cell(hill(), "h-top-answer").source
    assert worked(stub) == 0
    assert worked("") == 0
    assert worked(stub.replace("def top", "# mine\ndef top")) == 0, "it still raises"
    assert worked(f"def helper():\n    return 1\n\n{stub}") == 1
    assert worked("def top():\n    return 1") == 1
