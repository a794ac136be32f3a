"""A worked notebook counts, whatever its name; what was left out is said with whole names."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course

from .conftest import NAME, OTHER, PROBLEM, ROOT, Take, archive, package, placed, saved, time_of

Time = tuple[int, int, int, int, int, int]

STUB = 'raise NotImplementedError("this answer is still to be written")'
FILE = f"{PROBLEM}.ipynb"
SEPTEMBER, OCTOBER, NOVEMBER = (
    (2024, 9, 18, 9, 0, 0),
    (2024, 10, 18, 9, 0, 0),
    (2024, 11, 20, 9, 0, 0),
)


@pytest.fixture
def course(course: Course) -> Course:
    """The course with its release, which shows what an untouched notebook is."""
    shutil.copytree(ROOT / "release", course.root / "release")
    return course


def untouched(problem: str = PROBLEM) -> bytes:
    return (ROOT / "release" / NAME / f"{problem}.ipynb").read_bytes()


def saved_again(content: bytes) -> bytes:
    """Return the same notebook as another program saves it."""
    return json.dumps(json.loads(content), indent=3).encode()


def worked(answer: str = "return 1", problem: str = PROBLEM) -> bytes:
    content = json.loads(untouched(problem))
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"]).replace(STUB, answer)
    return json.dumps(content).encode()


def zip_of(folder: Path, *parts: tuple[str, bytes, Time]) -> Path:
    """Write anna.zip, whose files have these names, contents and times."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data, time in parts:
            target.writestr(zipfile.ZipInfo(name, time), data)
    return saved(folder, "anna.zip", content.getvalue())


def used(course: Course, problem: str = PROBLEM) -> bytes:
    return placed(course)[f"anna/{NAME}/{problem}.ipynb"]


COPIES = (
    f"{PROBLEM} (1).ipynb", f"{PROBLEM} 2.ipynb", f"{PROBLEM}-1.ipynb", f"{PROBLEM}-Copy1.ipynb",
    f"Copy of {FILE}", f"Kopie von {FILE}", f"{PROBLEM} - Kopie.ipynb", f"{PROBLEM} (Kopie).ipynb",
    f"{PROBLEM}-checkpoint.ipynb", f"{FILE} (2)", f"{FILE}.txt", f"sub/{FILE}",
    f"old/{PROBLEM}.ipynb", "Untitled1.ipynb", "my work.ipynb", "Problem 1 Momentum.ipynb",
    f"{PROBLEM}.json",
)  # fmt: skip


TIMES = {"anna": (OCTOBER, NOVEMBER), "bob": (NOVEMBER, OCTOBER), "cleo": (NOVEMBER, NOVEMBER)}


@pytest.mark.parametrize("name", COPIES)
def test_worked_copy_wins_over_the_untouched_notebook(
    name: str, course: Course, take: Take, tmp_path: Path
) -> None:
    answered = worked()
    for student, (first, second) in TIMES.items():
        path = zip_of(tmp_path, (FILE, saved_again(untouched()), first), (name, answered, second))
        result = take(path, student=student)
        assert placed(course)[f"{student}/{NAME}/{FILE}"] == answered
        (note,) = result.taken[0].notes
        assert f"{Path(name).name} was used for {PROBLEM}" in note
        assert f"{FILE} (untouched)" in note
        assert result.is_clean, "an untouched copy needs no attention"
        (left,) = result.left_out
        assert left.where.endswith(FILE)
        assert "untouched" in left.why


def test_untouched_notebook_of_an_earlier_release_is_untouched_too(
    course: Course, take: Take, tmp_path: Path
) -> None:
    old = json.loads(untouched())
    for cell in old["cells"]:
        cell["source"] = "".join(cell["source"]).replace("Returns all", "Gives back all")
        if "Your answer goes here" in cell["source"]:
            cell["source"] = cell["source"].splitlines()[-1]
    files = [
        (FILE, json.dumps(old).encode(), NOVEMBER),
        (f"{PROBLEM} (1).ipynb", worked(), OCTOBER),
    ]
    take(zip_of(tmp_path, *files), student="anna")
    assert used(course) == worked()


@pytest.mark.parametrize(
    ("names", "times", "winner", "why"),
    [
        ((FILE, f"{PROBLEM} (1).ipynb"), (OCTOBER, NOVEMBER), 1, "the newest"),
        ((FILE, f"{PROBLEM} (1).ipynb"), (NOVEMBER, OCTOBER), 0, "the newest"),
        (
            (f"{PROBLEM} (2).ipynb", f"{PROBLEM} (10).ipynb"),
            (NOVEMBER, NOVEMBER),
            1,
            "highest",
        ),
        ((f"{PROBLEM}-1.ipynb", FILE), (NOVEMBER, NOVEMBER), 0, "highest"),
        ((f"{FILE} (3)", f"{PROBLEM} 2.ipynb"), (NOVEMBER, NOVEMBER), 0, "highest"),
        ((FILE, f"Copy of {FILE}"), (NOVEMBER, NOVEMBER), 0, "exact"),
    ],
)
def test_newest_worked_notebook_wins_then_the_highest_number(
    names: tuple[str, str],
    times: tuple[Time, Time],
    winner: int,
    why: str,
    course: Course,
    take: Take,
    tmp_path: Path,
) -> None:
    contents = worked("return 1"), worked("return 2")
    result = take(zip_of(tmp_path, *zip(names, contents, times, strict=True)), student="anna")
    assert used(course) == contents[winner]
    (note,) = result.taken[0].notes
    assert f"{names[winner]} was used" in note
    assert why in note
    assert f"not {names[1 - winner]}" in note
    assert not result.is_clean, "two different answers are a person's decision"


def test_of_untouched_notebooks_the_exact_name_is_used(
    course: Course, take: Take, tmp_path: Path
) -> None:
    files = [
        (FILE, untouched(), OCTOBER),
        (f"{PROBLEM} (1).ipynb", saved_again(untouched()), NOVEMBER),
    ]
    result = take(zip_of(tmp_path, *files), student="anna")
    assert used(course) == untouched()
    assert "this name is exact" in result.taken[0].notes[0]


def test_notebook_that_can_be_read_wins_over_a_newer_web_page(
    course: Course, take: Take, tmp_path: Path
) -> None:
    page = b"<!DOCTYPE html><html>momentum</html>"
    files = [(FILE, page, NOVEMBER), (f"{PROBLEM} (1).ipynb", worked(), OCTOBER)]
    result = take(zip_of(tmp_path, *files), student="anna")
    assert used(course) == worked()
    assert "a web page, not a notebook" in result.taken[0].notes[0]


def test_several_archives_of_a_student_are_one_submission(
    course: Course, take: Take, tmp_path: Path
) -> None:
    early = package({FILE: worked("return 1"), f"{OTHER}.ipynb": worked("return 1", OTHER)})
    late = package({FILE: worked("return 2")}, "2024-11-21T10:00:00+00:00")
    blank = package({FILE: untouched()}, "2024-11-22T10:00:00+00:00")
    names = ("hw2_submission.zip", "hw2_submission (1).zip", "hw2_submission (2).zip")
    parts = [(name, data, OCTOBER) for name, data in zip(names, (late, early, blank), strict=True)]
    take(zip_of(tmp_path, *parts), student="anna")
    assert used(course) == worked("return 2")
    assert used(course, OTHER) == worked("return 1", OTHER)
    paths = [saved(tmp_path, *part[:2]) for part in parts]
    take(*paths, student="bob")
    assert placed(course)[f"bob/{NAME}/{FILE}"] == worked("return 2")
    assert placed(course)[f"bob/{NAME}/{OTHER}.ipynb"] == worked("return 1", OTHER)


def test_later_untouched_submission_does_not_replace_answers(
    course: Course, take: Take, tmp_path: Path
) -> None:
    take(zip_of(tmp_path, (FILE, worked(), OCTOBER)), student="anna")
    blank = zip_of(tmp_path, (FILE, untouched(), NOVEMBER))
    result = take(blank, student="anna")
    assert used(course) == worked()
    assert "untouched, the existing one has answers" in result.taken[0].notes[0]
    assert not result.is_clean
    take(blank, student="anna", replace=True)
    assert used(course) == untouched()
    take(zip_of(tmp_path, (FILE, worked("return 2"), OCTOBER)), student="anna")
    assert used(course) == worked("return 2"), "answers count, also from an earlier time"


def test_work_under_another_problems_name_is_not_lost(
    course: Course, take: Take, tmp_path: Path
) -> None:
    wrong = f"{OTHER}.ipynb"
    files = [(FILE, untouched(), NOVEMBER), (wrong, worked(), OCTOBER)]
    result = take(zip_of(tmp_path, *files), student="anna")
    taken = result.taken[0]
    assert placed(course)[f"anna/{NAME}/{wrong}"] == worked(), "its name tells the student"
    assert f"{wrong} has the cells of {PROBLEM}" in " ".join(taken.notes)
    assert taken.notebooks == (PROBLEM,)
    assert OTHER in taken.missing
    files.append((f"{OTHER} (1).ipynb", worked(problem=OTHER), NOVEMBER))
    take(zip_of(tmp_path, *files), student="anna", replace=True)
    assert used(course) == worked()
    assert used(course, OTHER) == worked(problem=OTHER)


@pytest.mark.parametrize("columns", [40, 80])
def test_names_are_whole_at_any_width(
    columns: int, course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    name = f"{PROBLEM} of Anna-Maria von der Heide, my final version of November (1).ipynb"
    files = [(f"hw2/{FILE}", untouched(), OCTOBER), (f"hw2/{name}", worked(), NOVEMBER)]
    files += [(f"hw2/{PROBLEM} older.ipynb", worked("return 2"), OCTOBER)]
    path = zip_of(tmp_path, *files)
    command = ["intake", NAME, str(path), "--student", "anna", "--course", str(course.root)]
    output = CliRunner().invoke(app, command).output
    assert f"{name} was used for {PROBLEM}" in output
    assert f"{FILE} (untouched)" in output
    assert f"hw2/{PROBLEM} older.ipynb (anna): {name} was used" in output


DATES = {
    "an untouched copy": ((FILE, "worked", OCTOBER), (f"{PROBLEM}-1.ipynb", "", NOVEMBER)),
    "an untouched notebook": ((FILE, "worked", OCTOBER), (f"{OTHER}.ipynb", "", NOVEMBER)),
    "an equal copy": ((FILE, "worked", OCTOBER), (f"Copy of {FILE}", "worked", NOVEMBER)),
    "an older answer": ((FILE, "worked", OCTOBER), (f"{PROBLEM}-1.ipynb", "other", SEPTEMBER)),
    "nothing but untouched notebooks": ((FILE, "", OCTOBER), (f"sub/{FILE}", "", OCTOBER)),
}


@pytest.mark.parametrize("files", DATES.values(), ids=DATES)
@pytest.mark.parametrize("stamped", [False, True])
def test_files_that_are_not_used_make_nobody_late(
    stamped: bool, files: tuple[tuple[str, str, Time]], course: Course, take: Take, tmp_path: Path
) -> None:
    """ILIAS writes the time of each file before its name."""
    parts = []
    for name, answer, time in files:
        problem = OTHER if name.startswith(OTHER) else PROBLEM
        content = worked(f"return {answer!r}", problem) if answer else untouched(problem)
        folder, _, base = name.rpartition("/")
        stamp = f"{datetime(*time):%Y%m%d%H%M%S}_" if stamped else ""
        parts.append((f"Meier_Anna_anna_41/{folder}/{stamp}{base}", content, time))
    result = take(zip_of(tmp_path, *parts))
    assert [each.student for each in result.taken] == ["anna"]
    assert f"{time_of(course, 'anna'):%Y-%m-%d %H:%M}" == "2024-10-18 07:00"
    assert result.taken[0].time_source == ("the platform" if stamped else "the files' dates")


def test_later_answer_counts_with_its_time(course: Course, take: Take, tmp_path: Path) -> None:
    files = (FILE, worked(), OCTOBER), (f"{OTHER}.ipynb", worked("return 2", OTHER), NOVEMBER)
    take(zip_of(tmp_path, *files))
    assert f"{time_of(course, 'anna'):%Y-%m-%d}" == "2024-11-20"


def test_package_that_is_not_used_makes_nobody_late(
    course: Course, take: Take, tmp_path: Path
) -> None:
    first = package({FILE: worked()}, "2024-10-18T09:00:00+00:00")
    second = package({FILE: untouched()}, "2024-11-20T09:00:00+00:00")
    take(zip_of(tmp_path, ("a.zip", first, OCTOBER), ("b.zip", second, NOVEMBER)), student="anna")
    assert f"{time_of(course, 'anna'):%Y-%m-%d %H}" == "2024-10-18 09"


def test_equal_copies_are_named(take: Take, tmp_path: Path) -> None:
    files = (FILE, worked(), OCTOBER), (f"old/{FILE}", worked(), OCTOBER)
    result = take(zip_of(tmp_path, *files), student="anna")
    (note,) = result.taken[0].notes
    assert note == f"The same as anna.zip: {FILE}: anna.zip: old/{FILE}."
    assert result.is_clean


@pytest.mark.parametrize("clock", [(2024, 12, 24, 9, 0, 0), (1980, 1, 1, 0, 0, 0)])
def test_notebook_is_not_newer_than_its_archive(
    clock: Time, course: Course, take: Take, tmp_path: Path
) -> None:
    """Moodle writes the time of the upload, and the student's clock may be wrong."""
    inner = archive({FILE: worked()}, clock)
    path = zip_of(tmp_path, ("Anna_1_assignsubmission_file/hw2.zip", inner, OCTOBER))
    assert take(path).taken[0].time_source == "the files' dates"
    assert f"{time_of(course, 'Anna'):%Y-%m-%d %H:%M}" == "2024-10-18 07:00"
