"""Writing into submitted/ loses nothing: repeated files, newer files, and occupied places."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nbgrader.utils import parse_utc
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.course.layout import EARLIER
from autograder.errors import SubmissionError
from autograder.submission.intake import placing
from autograder.submission.intake.run import take_in

from .conftest import NAME, OTHER, PROBLEM, Take, archive, notebook, package, placed, saved

OLD, NEW = notebook("old"), notebook("new")
EARLY, LATE = "2024-11-20T10:00:00+00:00", "2024-11-21T10:00:00+00:00"


def sent(tmp_path: Path, content: bytes, packed: str, *others: str) -> Path:
    files = {f"{name}.ipynb": content for name in (PROBLEM, *others)}
    return saved(tmp_path, "anna.zip", package(files, packed))


def kept(course: Course) -> dict[str, bytes]:
    root = course.submitted / EARLIER
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*.ipynb")}


def test_again_changes_nothing(course: Course, take: Take, tmp_path: Path) -> None:
    path = sent(tmp_path, OLD, EARLY)
    take(path)
    before = placed(course)
    assert [each.state for each in take(path).taken] == ["unchanged"]
    assert placed(course) == before
    assert kept(course) == {}


def test_newer_takes_the_place_and_the_earlier_is_kept(
    course: Course, take: Take, tmp_path: Path
) -> None:
    take(sent(tmp_path, OLD, EARLY, OTHER))
    result = take(sent(tmp_path, NEW, LATE))
    assert result.taken[0].state == "replaced"
    assert f"only the earlier submission has {OTHER}.ipynb" in " ".join(result.taken[0].notes)
    assert not result.is_clean
    assert placed(course)[f"anna/{NAME}/{PROBLEM}.ipynb"] == NEW
    assert set(kept(course).values()) == {OLD}
    assert all(path.startswith(f"anna/{NAME}-20241120T100000Z-") for path in kept(course))


def test_older_stands_back_and_is_kept_once(course: Course, take: Take, tmp_path: Path) -> None:
    take(sent(tmp_path, NEW, LATE))
    for _ in range(2):
        result = take(sent(tmp_path, OLD, EARLY))
        assert result.taken[0].state == "older"
        assert not result.is_clean
    assert placed(course)[f"anna/{NAME}/{PROBLEM}.ipynb"] == NEW
    assert list(kept(course).values()) == [OLD]


def test_what_was_put_there_by_hand_stays_unless_told(
    course: Course, take: Take, tmp_path: Path
) -> None:
    by_hand = saved(course.root / "submitted" / "anna" / NAME, f"{PROBLEM}.ipynb", OLD)
    saved(by_hand.parent, "note.txt", b"mine")
    path = sent(tmp_path, NEW, LATE)
    assert take(path).taken[0].state == "older"
    assert by_hand.read_bytes() == OLD
    assert take(path, replace=True).taken[0].state == "replaced"
    assert by_hand.read_bytes() == NEW
    assert list((course.root / "submitted" / ".earlier").rglob("note.txt"))


def test_time_is_added_where_the_same_is_there_without_one(
    course: Course, take: Take, tmp_path: Path
) -> None:
    saved(course.root / "submitted" / "anna" / NAME, f"{PROBLEM}.ipynb", OLD)
    assert take(sent(tmp_path, OLD, EARLY)).taken[0].state == "unchanged"
    text = placed(course)[f"anna/{NAME}/timestamp.txt"].decode()
    assert parse_utc(text).isoformat() == "2024-11-20T10:00:00", "as nbgrader reads it"


def test_several_at_once_leave_the_newest(course: Course, take: Take, tmp_path: Path) -> None:
    first, second = (
        saved(tmp_path / str(n), "anna.zip", package({f"{PROBLEM}.ipynb": data}, time))
        for n, (data, time) in enumerate([(NEW, LATE), (OLD, EARLY)])
    )
    take(first, second)
    assert placed(course)[f"anna/{NAME}/{PROBLEM}.ipynb"] == NEW


def test_failed_writing_leaves_no_half(
    course: Course, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(placing, "_write_time", full)
    with pytest.raises(SubmissionError, match=r"anna/hw2 can't be written .*No space"):
        take(sent(tmp_path, OLD, EARLY))
    assert [p for p in (course.root / "submitted").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("step", ["write", "move"])
def test_failed_writing_leaves_the_earlier_submission(
    step: str, course: Course, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def replace(source: Path, target: Path, move: Callable[..., None] = os.replace) -> None:
        if source.name.startswith(".intake-"):
            full()
        move(source, target)

    take(sent(tmp_path, OLD, EARLY))
    before = placed(course)
    if step == "write":
        monkeypatch.setattr(placing, "_write_time", full)
    else:
        monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(SubmissionError, match=r"anna/hw2 can't be written .*No space"):
        take(sent(tmp_path, NEW, LATE))
    assert placed(course) == before
    assert kept(course) == {}


def test_archive_times_are_the_courses_local_ones(
    course: Course, take: Take, tmp_path: Path
) -> None:
    path = saved(tmp_path, "anna.zip", archive({f"{PROBLEM}.ipynb": OLD}, (2024, 11, 20, 12, 0, 0)))
    assert take(path).taken[0].time_source == "the files' dates"
    assert placed(course)[f"anna/{NAME}/timestamp.txt"] == b"2024-11-20 11:00:00.000000 UTC"


def test_command_tells_what_it_did_and_what_has_no_place(course: Course, tmp_path: Path) -> None:
    files = {
        f"Anna Meier_1_assignsubmission_file_/{PROBLEM}.ipynb": OLD,
        "Bob [red]Müller_2_assignsubmission_file_/essay.pdf": b"",
    }
    path = saved(tmp_path, "m.zip", archive(files))
    command = ["intake", NAME, str(path), "--course", str(course.root)]
    run = CliRunner().invoke(app, command)
    assert run.exit_code == 1, run.output
    assert "Anna-Meier" in run.output
    assert "[red]" in run.output, "names are text and no markup"
    told = json.loads(CliRunner().invoke(app, [*command, "--format", "json"]).output)
    assert told["schema"] == 1
    assert [each["state"] for each in told["taken"]] == ["unchanged"]
    assert {file["sender"] for file in told["left_out"]} == {"Bob [red]Müller (2)"}


def test_command_refuses_what_is_not_there(course: Course) -> None:
    run = CliRunner().invoke(app, ["intake", NAME, "nothing.zip", "--course", str(course.root)])
    assert run.exit_code == 2
    assert "does not exist" in run.output


@pytest.mark.parametrize("listed", [True, False])
def test_copy_of_a_data_file_is_left_out(course: Course, tmp_path: Path, listed: bool) -> None:
    settings = course.root / "course.toml"
    old, new = "seed = 20241121", 'files = ["measurements.csv"]\nseed = 20241121'
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace(old, new if listed else old), encoding="utf-8")
    course = Course(course.root)
    files = {f"{PROBLEM}.ipynb": OLD, "measurements.csv": b"my own\n"}
    path = saved(tmp_path, "anna.zip", archive(files))
    result = take_in(course, course.assignment(NAME), [path])
    (left,) = result.left_out
    assert left.matters is not listed
    assert left.where.endswith("measurements.csv")
    assert not [name for name in placed(course) if name.endswith(".csv")]


def test_folders_of_students_are_read_as_often_for_many_students(
    take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []

    def iterdir(path: Path, read: Callable[[Path], Iterator[Path]] = Path.iterdir) -> object:
        reads.append(path)
        return read(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    often = []
    for count in (2, 20):
        files = {
            f"Jan Doe{each}_{each}_assignsubmission_file/{PROBLEM}.ipynb": notebook(str(each))
            for each in range(1000, 1000 + count)
        }
        reads.clear()
        assert len(take(saved(tmp_path, f"{count}.zip", archive(files))).taken) == count
        often.append(len([path for path in reads if path.name == "submitted"]))
    assert often[0] == often[1]
