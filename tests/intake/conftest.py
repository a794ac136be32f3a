"""A small course, notebooks that belong to it, and hand-made archives."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Course
from autograder.submission.intake.roster import Roster
from autograder.submission.intake.run import Intake, take_in

ROOT = Path(__file__).parents[2]
NAME = "hw2"
PROBLEM = "problem1_momentum"
OTHER = "problem3_ntk"

Files = Mapping[str, bytes]
Take = Callable[..., Intake]

NOON = (2024, 11, 20, 12, 0, 0)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    root = tmp_path / "course"
    shutil.copytree(ROOT / "source", root / "source")
    shutil.copy(ROOT / "course.toml", root)
    return Course(root)


@pytest.fixture
def take(course: Course) -> Take:
    """Run the intake of files or folders; students come from rows of a CSV file, if given."""

    def run(*paths: Path, rows: str = "", **options: Any) -> Intake:
        if rows:
            path = course.root / "students.csv"
            path.write_text(rows, encoding="utf-8")
            options["roster"] = Roster.read(path)
        return take_in(course, course.assignment(NAME), paths, **options)

    return run


def notebook(text: str = "", item: str = "") -> bytes:
    """Return a notebook's file with one cell; `item` is the item that the cell belongs to."""
    mark = {"nbgrader": {"grade": True, "grade_id": item}} if item else {}
    cell = {"cell_type": "markdown", "metadata": mark, "source": text, "id": "a"}
    return json.dumps(
        {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


def archive(files: Files, time: tuple[int, int, int, int, int, int] = NOON) -> bytes:
    """Return a zip file's bytes; file names are written unchanged, whatever they contain."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(zipfile.ZipInfo(name, time), data)
    return content.getvalue()


def package(
    files: Files, packed: str = "2024-11-20T10:00:00+00:00", assignment: str = NAME
) -> bytes:
    """Return a file as `checks.pack()` writes it."""
    digests = {name: {"sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    manifest = {
        "schema": "fdl-submission",
        "version": 1,
        "assignment": assignment,
        "packed": packed,
        "notebooks": digests,
    }
    return archive({**files, "manifest.json": json.dumps(manifest).encode()}, (1980, 1, 1, 0, 0, 0))


def saved(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def placed(course: Course) -> dict[str, bytes]:
    """Return every file in submitted/ that a marking run would see."""
    root = course.root / "submitted"
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.relative_to(root).parts[0].startswith(".")
    }


def time_of(course: Course, student: str) -> datetime:
    text = (course.root / "submitted" / student / NAME / "timestamp.txt").read_text()
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f UTC")
