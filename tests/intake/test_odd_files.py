"""Odd files are accepted or named: other archives, other endings, web pages, wrong folders."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.submission.files import UnreadableError, misplaced
from autograder.submission.intake import archives

from .conftest import (
    NAME,
    OTHER,
    PROBLEM,
    Files,
    Take,
    archive,
    notebook,
    placed,
    saved,
    time_of,
)

FILE = f"{PROBLEM}.ipynb"
WORK = notebook("work")
ANNA = "Anna Meier_1_assignsubmission_file_"
BOB = "Bob Müller_2_assignsubmission_file_"


def tar(*members: tuple[str, bytes], mode: str = "w", **about: object) -> bytes:
    """Return a tar file; `about` changes the members' entries."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as made:  # type: ignore[call-overload]
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_732_100_000
            for key, value in about.items():
                setattr(info, key, value)
            made.addfile(info, io.BytesIO(content))
    return target.getvalue()


PACKED = tar((f"hw2/{FILE}", WORK), ("hw2/notes.pdf", b""), mode="w:gz")


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.tar.gz", PACKED), ("x.TGZ", PACKED), ("x.tar", gzip.decompress(PACKED))],
)
def test_tar_archives_are_read_like_zip_files(
    name: str, content: bytes, course: Course, take: Take, tmp_path: Path
) -> None:
    result = take(saved(tmp_path, "m.zip", archive({f"{ANNA}/{name}": content})))
    assert placed(course)[f"Anna-Meier/{NAME}/{FILE}"] == WORK
    assert f"{time_of(course, 'Anna-Meier'):%Y-%m-%d}" == "2024-11-20"
    assert any(file.where.endswith("notes.pdf") for file in result.left_out)
    take(saved(tmp_path, name, content), student="bob")
    take(saved(tmp_path / "class", f"cleo{name[1:]}", content).parent)
    assert {key.partition("/")[0] for key in placed(course)} == {"Anna-Meier", "bob", "cleo"}


BOMB = gzip.compress(b"0" * 50_000_000)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.7z", b"7z\xbc\xaf\x27\x1c", "a 7z archive can't be opened; ask for a zip file"),
        ("x.rar", b"Rar!\x1a\x07", "a RAR archive can't be opened"),
        ("x.tar.xz", b"", "an xz archive can't be opened"),
        ("x.ipynb.gz", gzip.compress(WORK), "a gzip file can't be opened"),
        ("x.zip", b"7z\xbc\xaf\x27\x1c" + b"0" * 100, "it is a 7z archive"),
        ("x.zip", PACKED, "it is a gzip archive"),
        ("x.tar.gz", archive({FILE: WORK}), "it is a zip archive"),
        ("x.tar.gz", b"", "not a tar file"),
        ("x.tar.gz", PACKED[:-40], "not a tar file"),
        ("x.tar.gz", BOMB, "unpacks to more than"),
        ("x.tar", tar((FILE, WORK))[:600], "damaged"),
        ("x.tar", tar((FILE, b""), type=tarfile.SYMTYPE, linkname="/etc/passwd"), "a link"),
        ("x.tar", tar((FILE, b""), type=tarfile.LNKTYPE, linkname=FILE), "a link"),
        ("x.tar", tar((FILE, b""), type=tarfile.FIFOTYPE), "a link, or not a file"),
        ("x.tar", tar((f"../../{FILE}", WORK)), "out of its folder"),
        ("x.tar", tar((f"/{FILE}", WORK)), "an absolute path"),
        ("x.tar", tar(*((f"{n}.txt", b"") for n in range(501))), "more than 500 files"),
        ("x.tar", tar(("a.zip", archive({FILE: WORK}))), "inside the student's archive"),
    ],
)
def test_other_archives_are_named_and_cost_nobody_else(
    name: str, content: bytes, why: str, course: Course, take: Take, tmp_path: Path
) -> None:
    files = {f"{ANNA}/{name}": content, f"{BOB}/{FILE}": WORK}
    result = take(saved(tmp_path, "m.zip", archive(files)))
    assert [each.student for each in result.taken] == ["Bob-Müller"]
    assert any(why in file.why for file in result.left_out), result.left_out
    assert set(placed(course)) == {f"Bob-Müller/{NAME}/{part}" for part in (FILE, "timestamp.txt")}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.tar.gz", BOMB),
        ("x.tar.gz", b""),
        ("x.zip", PACKED),
        ("x.zip", archive({str(number): b"" for number in range(3)})),
    ],
)
def test_archive_that_is_refused_is_closed(
    name: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def recorded(path: Path, mode: str, real: Callable[..., IO[bytes]] = Path.open) -> IO[bytes]:
        opened.append(real(path, mode))
        return opened[-1]

    path = saved(tmp_path, name, content)
    monkeypatch.setattr(archives, "MAX_ENTRIES", 2)
    monkeypatch.setattr(Path, "open", recorded)
    with pytest.raises(UnreadableError):
        archives.open_archive(path, name, nested=False)
    assert [file.closed for file in opened] == [True]


def test_size_of_a_tar_file_is_limited(
    take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 1_000)
    content = tar((FILE, b"0" * 2_000), mode="w:gz")
    result = take(saved(tmp_path, "anna.tar.gz", content))
    assert "the file is larger than" in result.left_out[0].why


@pytest.mark.parametrize(
    "name", [f"{FILE}.json", f"{PROBLEM}.json", f"{PROBLEM}.txt", PROBLEM, f"{FILE}.download"]
)
def test_notebook_with_another_ending_is_a_notebook(
    name: str, course: Course, take: Take, tmp_path: Path
) -> None:
    files = {f"{ANNA}/{name}": WORK, f"{ANNA}/{OTHER}.txt": b"my notes", f"{ANNA}/x.json": b"{}"}
    result = take(saved(tmp_path, "m.zip", archive(files)))
    assert placed(course)[f"Anna-Meier/{NAME}/{FILE}"] == WORK
    assert [file.why for file in result.left_out] == ["not a notebook"] * 2


@pytest.mark.parametrize("name", [FILE, f"{FILE}.html", f"{FILE}.htm", f"{FILE}.txt"])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\n<!DOCTYPE html><title>x</title>", "a web page"),
        (b"<html lang=en>", "a web page"),
        (b"PK\x03\x04" + b"x" * 99, "a zip archive or an office document"),
        (b"%PDF-1.7", "a PDF file"),
        (b"# my work\nimport numpy as np\n", "a Python file"),
    ],
)
def test_file_that_is_no_notebook_is_named(
    name: str, content: bytes, kind: str, take: Take, tmp_path: Path
) -> None:
    (taken,) = take(saved(tmp_path, "m.zip", archive({f"{ANNA}/{name}": content}))).taken
    assert f"{name} can't be read: the file is {kind}, not a notebook" in taken.notes[0]


def test_file_that_is_not_an_export_is_named(take: Take, tmp_path: Path) -> None:
    for name, why in {"m.7z": "a 7z archive", FILE: "neither a folder nor an archive"}.items():
        (left,) = take(saved(tmp_path, name, WORK)).left_out
        assert why in left.why


COMMANDS = (
    ["intake", NAME, "x.zip"], ["grade", NAME], ["regrade", NAME], ["feedback", NAME],
    ["export", NAME, "--to", "csv"], ["report", NAME], ["status"], ["standing"],
    ["mark", "submitted/anna"],
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command[0]))
def test_every_command_notices_notebooks_one_folder_too_high(
    command: list[str], course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(course.submitted / "anna", FILE, WORK)
    monkeypatch.chdir(course.root)
    output = CliRunner().invoke(app, command).output
    assert "too high" in output
    assert f"Move them to submitted/anna/{NAME}/" in output


def test_wrong_folders_are_named_and_right_ones_are_not(course: Course) -> None:
    saved(course.submitted / "anna" / NAME, FILE, WORK)
    saved(course.submitted / "anna", "notes.txt", b"")
    saved(course.submitted / ".earlier", FILE, WORK)
    assert list(misplaced(course.submitted, [NAME])) == []
    for number in range(7):
        saved(course.submitted / f"bob{number}", FILE, WORK)
    saved(course.submitted, FILE, WORK)
    saved(course.submitted / NAME / "cleo", FILE, WORK)
    itself, high, swapped = misplaced(course.submitted, [NAME, "hw3"])
    assert "submitted/ itself" in itself
    assert "submitted/bob4 and 2 more" in high
    assert "submitted/bob0/HOMEWORK/" in high
    assert f"submitted/{NAME} is named like a homework" in swapped


def test_notebook_of_one_student_is_taken_in_by_itself(
    course: Course, take: Take, tmp_path: Path
) -> None:
    content = notebook("anna")
    path = saved(tmp_path, f"{PROBLEM} (1).ipynb", content)
    link = tmp_path / f"{PROBLEM} (2).ipynb"
    link.symlink_to(path)
    result = take(path)
    assert [file.why for file in result.left_out] == [
        "neither a folder nor an archive, but one student's notebook: add --student NAME"
    ]
    assert placed(course) == {}
    for given in (path, link):
        take(given, student="anna", replace=True)
        assert placed(course)[f"anna/{NAME}/{PROBLEM}.ipynb"] == content
        shutil.rmtree(course.submitted)
    result = take(saved(tmp_path, "notes.docx", b"x"), student="anna")
    assert "not a notebook" in " ".join(file.why for file in result.left_out)


def test_notebook_that_cannot_be_read_needs_attention(take: Take, tmp_path: Path) -> None:
    page = b"<!DOCTYPE html><html></html>"
    result = take(saved(tmp_path, "m.zip", archive({f"{ANNA}/{FILE}": page})))
    (anna,) = result.taken
    assert anna.unreadable == (PROBLEM,)
    assert "a web page" in " ".join(anna.notes)
    assert not result.is_clean


@pytest.mark.parametrize("files", [{}, {"__MACOSX/._a": b"", ".DS_Store": b""}])
def test_empty_export_is_named(files: Files, take: Take, tmp_path: Path) -> None:
    result = take(saved(tmp_path, "m.zip", archive(files)))
    assert "download it again" in result.left_out[-1].why
    assert not result.is_clean


@pytest.mark.parametrize("name", ["~$lab.docx", f"{FILE}~", "__MACOSX/a.txt", "Thumbs.db"])
def test_files_that_programs_left_need_no_attention(name: str, take: Take, tmp_path: Path) -> None:
    files = {f"{ANNA}/{FILE}": WORK, f"{ANNA}/{name}": b"x"}
    assert take(saved(tmp_path, "m.zip", archive(files))).is_clean


def test_archive_in_the_archive_of_a_student_is_named_with_the_way_out(
    take: Take, tmp_path: Path
) -> None:
    inner = archive({"b.zip": archive({FILE: WORK})})
    result = take(saved(tmp_path, "m.zip", archive({f"{ANNA}/a.zip": inner})))
    assert "take it out and give it with --student" in result.left_out[0].why
