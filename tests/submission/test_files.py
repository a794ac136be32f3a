"""Choosing the files to read, and the problem for each file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder.errors import SubmissionError
from autograder.submission import files as module
from autograder.submission.receiving import ReceivedNotebook, Submission, read_submission

from .forms import (
    HILL,
    SLOPE,
    VALLEY,
    assert_fit,
    cell,
    filled,
    filled_hill,
    forget,
    hill,
    skeletons,
    valley,
    write,
)


def read(folder: Path) -> Submission:
    return read_submission(folder, skeletons())


def slope_of(received: ReceivedNotebook) -> str:
    assert received.notebook is not None, received.message
    assert_fit(received.notebook, valley())
    return str(cell(received.notebook, "v-slope-answer").source)


def test_complete_submission_is_read_without_a_note(tmp_path: Path) -> None:
    write(tmp_path / f"{VALLEY}.ipynb", filled())
    write(tmp_path / f"{HILL}.ipynb", filled_hill())
    received = read(tmp_path)
    assert list(received.notebooks) == [VALLEY, HILL]
    assert received.notebooks[VALLEY].notebook == filled()
    assert received.notebooks[HILL].notebook == filled_hill()
    assert all(not n.notes and n.state == "marked" for n in received.notebooks.values())


def test_missing_notebook_is_named_and_the_other_one_is_still_read(tmp_path: Path) -> None:
    write(tmp_path / f"{HILL}.ipynb", filled_hill())
    received = read(tmp_path)
    assert received.notebooks[VALLEY].state == "missing"
    assert received.notebooks[VALLEY].notebook is None
    assert f"{VALLEY}.ipynb" in received.notebooks[VALLEY].message
    assert received.notebooks[HILL].notebook == filled_hill()


def test_empty_folder_has_every_notebook_missing(tmp_path: Path) -> None:
    assert {n.state for n in read(tmp_path).notebooks.values()} == {"missing"}


@pytest.mark.parametrize("name", ["nowhere", "a" * 5000, "nul\0"])
def test_path_with_nothing_at_it_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(SubmissionError):
        read(tmp_path / name)


@pytest.mark.parametrize(
    "name",
    [
        f"{VALLEY} (1).ipynb",
        f"{VALLEY}-Copy1.ipynb",
        "Problem1_Valley.IPYNB",
        "problem1-valley.ipynb",
        "Problem 1 Valley final.ipynb",
        f"anna_muster_{VALLEY}.ipynb",
        f"s1234567{VALLEY}.ipynb",
        f"{VALLEY}_anna.ipynb",
        f"{VALLEY}.ipynb.txt",
        f"{VALLEY}.ipynb.json",
        f"hw2/{VALLEY}.ipynb",
        f"anna's work/{VALLEY} (2).ipynb",
    ],
)
def test_renamed_notebook_is_found(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, filled())
    received = read(tmp_path)
    assert slope_of(received.notebooks[VALLEY]) == SLOPE
    assert received.notebooks[HILL].state == "missing"
    exact = Path(name).name.startswith(f"{VALLEY}.ipynb")
    assert bool(received.notebooks[VALLEY].notes) is not exact


@pytest.mark.parametrize("name", ["final.ipynb", "momentum.ipynb", "Untitled3.ipynb"])
def test_foreign_name_is_recognised_by_the_cells_ids(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, filled())
    received = read(tmp_path).notebooks[VALLEY]
    assert slope_of(received) == SLOPE
    assert any(name in note and VALLEY in note for note in received.notes)


def test_foreign_name_is_recognised_by_the_functions_names(tmp_path: Path) -> None:
    notebook = filled()
    for c in list(notebook.cells):
        forget(notebook, c.metadata.nbgrader.grade_id)
    write(tmp_path / "final.ipynb", notebook)
    assert slope_of(read(tmp_path).notebooks[VALLEY]) == SLOPE


def test_swapped_names_are_told_by_the_cells(tmp_path: Path) -> None:
    write(tmp_path / f"{VALLEY}.ipynb", filled_hill())
    write(tmp_path / f"{HILL}.ipynb", filled())
    received = read(tmp_path)
    assert slope_of(received.notebooks[VALLEY]) == SLOPE
    assert received.notebooks[HILL].notebook == filled_hill()


def test_one_pasted_cell_of_another_problem_does_not_confuse(tmp_path: Path) -> None:
    notebook = filled()
    notebook.cells.append(filled_hill().cells[1])
    write(tmp_path / "work.ipynb", notebook)
    received = read(tmp_path)
    assert slope_of(received.notebooks[VALLEY]) == SLOPE
    assert received.notebooks[HILL].state == "missing"


def test_notebook_that_fits_several_problems_belongs_to_none(tmp_path: Path) -> None:
    notebook = hill()
    notebook.cells += valley().cells[:8]
    write(tmp_path / "everything.ipynb", notebook)
    for received in read(tmp_path).notebooks.values():
        assert received.state == "missing"
        assert "everything.ipynb" in received.message


def test_notebook_of_another_course_belongs_to_none(tmp_path: Path) -> None:
    write(tmp_path / "x.ipynb", '{"nbformat": 4, "cells": [{"cell_type": "code", "source": "1"}]}')
    assert {n.state for n in read(tmp_path).notebooks.values()} == {"missing"}


def test_problem1_is_not_taken_for_problem12(tmp_path: Path) -> None:
    write(tmp_path / "problem12.ipynb", "broken")
    received = read_submission(tmp_path, {"problem1": valley(), "problem12": hill()})
    assert received.notebooks["problem1"].state == "missing"
    assert received.notebooks["problem12"].state == "unreadable"


def test_exact_name_is_taken_before_a_fuller_copy(tmp_path: Path) -> None:
    partly = valley()
    cell(partly, "v-slope-answer").source = "def slope(x): return 7"
    write(tmp_path / f"{VALLEY}.ipynb", partly)
    write(tmp_path / f"{VALLEY} (1).ipynb", filled())
    received = read(tmp_path).notebooks[VALLEY]
    assert slope_of(received) == "def slope(x): return 7"
    assert any(f"not {VALLEY} (1).ipynb" in note for note in received.notes)


def test_without_the_exact_name_the_most_answers_are_taken(tmp_path: Path) -> None:
    write(tmp_path / f"{VALLEY} (1).ipynb", filled(v_proof=cell(valley(), "v-proof").source))
    write(tmp_path / f"{VALLEY} (2).ipynb", filled())
    write(tmp_path / f"{VALLEY} (3).ipynb", valley())
    received = read(tmp_path).notebooks[VALLEY]
    assert slope_of(received) == SLOPE
    assert any(f"{VALLEY} (2).ipynb was used" in note for note in received.notes)


def test_copies_with_as_many_answers_are_taken_by_name(tmp_path: Path) -> None:
    write(tmp_path / f"{VALLEY}-b.ipynb", filled(v_slope_answer="def slope(x): return 'b'"))
    write(tmp_path / f"{VALLEY}-a.ipynb", filled(v_slope_answer="def slope(x): return 'a'"))
    assert "'a'" in slope_of(read(tmp_path).notebooks[VALLEY])


@pytest.mark.parametrize("content", [valley(), "not JSON"])
def test_exact_name_without_an_answer_yields_to_a_filled_copy(
    tmp_path: Path, content: object
) -> None:
    write(tmp_path / f"{VALLEY}.ipynb", content)  # type: ignore[arg-type]
    write(tmp_path / f"{VALLEY} (1).ipynb", filled())
    assert slope_of(read(tmp_path).notebooks[VALLEY]) == SLOPE


def test_file_further_up_is_taken_before_one_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "a" / f"{VALLEY}.ipynb", filled(v_slope_answer="def slope(x): return 'a'"))
    write(tmp_path / f"{VALLEY}.ipynb", filled())
    assert slope_of(read(tmp_path).notebooks[VALLEY]) == SLOPE


@pytest.mark.parametrize("folder", [".ipynb_checkpoints", "__MACOSX"])
def test_what_programs_leave_behind_is_not_read(tmp_path: Path, folder: str) -> None:
    write(tmp_path / folder / f"{VALLEY}.ipynb", filled())
    write(tmp_path / f"._{VALLEY}.ipynb", b"\0\5\x16\7")
    assert read(tmp_path).notebooks[VALLEY].state == "missing"


def test_other_files_are_not_carried(tmp_path: Path) -> None:
    write(tmp_path / f"{VALLEY}.ipynb", filled())
    write(tmp_path / "checks.py", "raise SystemExit")
    write(tmp_path / "numpy.py", "raise SystemExit")
    assert set(read(tmp_path).notebooks) == {VALLEY, HILL}


def test_single_notebook_is_a_submission(tmp_path: Path) -> None:
    path = write(tmp_path / f"{VALLEY} (1).ipynb", filled())
    write(tmp_path / f"{HILL}.ipynb", filled_hill())
    received = read(path)
    assert slope_of(received.notebooks[VALLEY]) == SLOPE
    assert received.notebooks[HILL].state == "missing"
    assert received.name == f"{VALLEY} (1)"


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("submitted/anna/hw2", "anna"),
        (f"submitted/anna/hw2/{VALLEY}.ipynb", "anna"),
        ("inbox/ben", "ben"),
        (f"inbox/ben/{VALLEY}.ipynb", VALLEY),
    ],
)
def test_student_is_named_by_the_folder(tmp_path: Path, place: str, name: str) -> None:
    folder = tmp_path / place
    write(folder if folder.suffix else folder / f"{VALLEY}.ipynb", filled())
    assert read(folder).name == name


def test_name_of_the_working_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "submitted/anna/hw2" / f"{VALLEY}.ipynb", filled())
    monkeypatch.chdir(tmp_path / "submitted/anna/hw2")
    assert read(Path()).name == "anna"


def test_names_that_are_no_text_can_be_shown(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"m\xfcller\n")
    write(folder / os.fsdecode(f"{VALLEY}\xfc\x1b[31m".encode("latin-1") + b".ipynb"), filled())
    received = read(folder)
    shown = [received.name, *received.notebooks[VALLEY].notes]
    assert all(line.isprintable() and line.encode() for line in shown)


# --- folders, links and devices instead of a file -------------------------------------------------


def blocked(tmp_path: Path, what: str) -> Path:
    path = tmp_path / "work" / f"{VALLEY}.ipynb"
    path.parent.mkdir()
    secret = write(tmp_path / "other" / "secret.ipynb", filled())
    if what == "folder":
        path.mkdir()
    elif what == "link to a notebook":
        path.symlink_to(secret)
    elif what == "link to nothing":
        path.symlink_to(tmp_path / "nothing")
    elif what == "link to itself":
        path.symlink_to(path)
    elif what == "link to a device":
        path.symlink_to("/dev/zero")
    else:
        os.mkfifo(path)
    return path


BLOCKS = [
    "folder",
    "link to a notebook",
    "link to nothing",
    "link to itself",
    "link to a device",
    "pipe",
]


@pytest.mark.parametrize("what", BLOCKS)
@pytest.mark.parametrize("alone", [False, True])
def test_what_is_no_file_is_unreadable_and_not_opened(
    tmp_path: Path, what: str, alone: bool
) -> None:
    path = blocked(tmp_path, what)
    write(path.parent / f"{HILL}.ipynb", filled_hill())
    if alone and what == "folder":
        pytest.skip("a folder is a submission")
    received = read(path if alone else path.parent).notebooks
    assert received[VALLEY].state == "unreadable"
    assert received[VALLEY].notebook is None
    assert f"{VALLEY}.ipynb can't be read: the path is a" in received[VALLEY].message
    assert alone or received[HILL].notebook == filled_hill()


def test_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "bob" / f"{VALLEY}.ipynb", filled())
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "hw2").symlink_to(tmp_path / "bob")
    for path in (tmp_path / "anna", tmp_path / "anna" / "hw2"):
        assert {n.state for n in read(path).notebooks.values()} == {"missing"}
    assert "a link" in read(tmp_path / "anna" / "hw2").notebooks[VALLEY].message


def test_file_that_turns_into_a_link_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = write(tmp_path / "secret.ipynb", filled())
    path = write(tmp_path / "work" / f"{VALLEY}.ipynb", "x")
    real_open = os.open

    def swap(*args: object, **kwargs: object) -> int:
        path.unlink()
        path.symlink_to(secret)
        return real_open(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", swap)
    received = read(path.parent).notebooks[VALLEY]
    monkeypatch.undo()
    assert received.state == "unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_file_without_permission_is_unreadable(tmp_path: Path) -> None:
    write(tmp_path / f"{VALLEY}.ipynb", filled()).chmod(0)
    assert "opened" in read(tmp_path).notebooks[VALLEY].message


def test_file_above_the_limit_is_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = write(tmp_path / f"{VALLEY}.ipynb", filled()).stat().st_size
    write(tmp_path / f"{HILL}.ipynb", filled_hill())
    monkeypatch.setattr(module, "MAX_BYTES", size - 1)
    received = read(tmp_path).notebooks
    assert received[VALLEY].state == "unreadable"
    assert "too large" in received[VALLEY].message
    assert received[HILL].notebook == filled_hill()
    monkeypatch.setattr(module, "MAX_BYTES", size)
    assert slope_of(read(tmp_path).notebooks[VALLEY]) == SLOPE


def test_sparse_file_of_a_terabyte_is_unreadable_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / f"{VALLEY}.ipynb", "")
    os.truncate(path, 10**12)
    assert "too large" in read(tmp_path).notebooks[VALLEY].message


def test_hundreds_of_files_do_not_hide_the_right_one(tmp_path: Path) -> None:
    for number in range(300):
        write(tmp_path / f"a{number}.ipynb", "x")
    write(tmp_path / f"{VALLEY} (1).ipynb", filled())
    assert slope_of(read(tmp_path).notebooks[VALLEY]) == SLOPE
