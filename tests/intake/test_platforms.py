"""Each platform's export is read correctly, by the names, numbers and times that it states."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from autograder.course.assignment import Course

from .conftest import (
    NAME,
    OTHER,
    PROBLEM,
    Take,
    archive,
    notebook,
    package,
    placed,
    saved,
    time_of,
)

FIRST, SECOND = notebook("first"), notebook("second")

GRADESCOPE = """\
---
submission_101:
  :submitters:
  - :name: Anna Meier
    :sid: '24-111-222'
    :email: anna@example.org
  - :name: Bob Müller
    :sid:
    :email: bob@example.org
  :created_at: 2024-11-20 19:30:00.123456000 Z
  :score: 1.0
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    tests: []
"""

ROWS = """\
student,first name,last name,email,number
anna,Anna,Meier,anna@example.org,24-111-222
bob,Bob,Müller,bob@example.org,24-333-444
cleo,Cleo,d'Arc,cleo@example.org,24-555-666
"""


def test_moodle_folders(course: Course, take: Take, tmp_path: Path) -> None:
    files = {
        f"Anna Meier_123456_assignsubmission_file_/{PROBLEM}.ipynb": FIRST,
        "Anna Meier_123456_assignsubmission_onlinetext_/onlinetext.html": b"hello",
        f"Bob Müller_123457_assignsubmission_file/{NAME}_submission.zip": package(
            {f"{OTHER}.ipynb": SECOND}
        ),
    }
    result = take(saved(tmp_path, "Course-HW2-99.zip", archive(files)), rows=ROWS)
    assert {key: value for key, value in placed(course).items() if "timestamp" not in key} == {
        f"anna/{NAME}/{PROBLEM}.ipynb": FIRST,
        f"bob/{NAME}/{OTHER}.ipynb": SECOND,
    }
    assert [each.platform for each in result.taken] == ["moodle", "moodle"]
    assert result.absent == ["cleo"]
    assert "typed online" in "".join(file.why for file in result.left_out)


def test_moodle_without_folders_and_without_a_list(
    course: Course, take: Take, tmp_path: Path
) -> None:
    names = ("Anna Meier_1", "Anna Meier_2", "Bob Müller_3")
    files = {f"{name}_assignsubmission_file_{PROBLEM}.ipynb": FIRST for name in names}
    take(saved(tmp_path, "m.zip", archive(files)))
    students = {key.partition("/")[0] for key in placed(course)}
    assert students == {"Anna-Meier-1", "Anna-Meier-2", "Bob-Müller"}


def test_canvas_files(course: Course, take: Take, tmp_path: Path) -> None:
    files = {
        f"meieranna_991_4711_{PROBLEM}.ipynb": FIRST,
        f"meieranna_991_4711_{PROBLEM}-1.ipynb": SECOND,
        f"mullerbob_LATE_992_4712_{OTHER}.ipynb": FIRST,
        f"darccleo_993_4713_{NAME}_submission-2.zip": package({f"{PROBLEM}.ipynb": FIRST}),
    }
    result = take(saved(tmp_path, "submissions.zip", archive(files)), rows=ROWS)
    anna, bob, cleo = result.taken
    assert placed(course)[f"anna/{NAME}/{PROBLEM}.ipynb"] == SECOND, "the second upload"
    assert "newest with this name" in " ".join(anna.notes)
    assert (bob.student, cleo.student) == ("bob", "cleo")
    assert "late" in " ".join(bob.notes)
    assert "manifest" in cleo.time_source


@pytest.mark.parametrize("root", ["HW 2/Abgaben/", "HW 2/Submissions/Team 7/", "Abgaben/"])
def test_ilias_folders(root: str, course: Course, take: Take, tmp_path: Path) -> None:
    files = {
        f"{root}Meier_Anna_am_17_4711/20241121230000_{PROBLEM}.ipynb": FIRST,
        f"{root}Müller_Bob_bmuel_4712/{OTHER}.ipynb": SECOND,
    }
    logins = "student,login\nanna,am_17\nbob,bmuel\n"
    result = take(saved(tmp_path, "export.zip", archive(files)), rows=logins)
    assert {each.student for each in result.taken} == {"anna", "bob"}
    assert {each.platform for each in result.taken} == {"ilias"}
    assert time_of(course, "anna") == datetime(2024, 11, 21, 22), "winter time, given in UTC"
    assert result.taken[0].time_source == "the platform"


def test_multi_feedback_folders_of_ilias(course: Course, take: Take, tmp_path: Path) -> None:
    root = "multi_feedback_HW2_77"
    folder = tmp_path / root
    saved(folder, f"Meier_Anna_ameier_4711/{PROBLEM}.ipynb", FIRST)
    saved(folder, "status.xlsx", b"")
    take(folder)
    assert f"ameier/{NAME}/{PROBLEM}.ipynb" in placed(course)


@pytest.mark.parametrize("form", ["yml", "json"])
def test_gradescope_groups_and_times(form: str, course: Course, take: Take, tmp_path: Path) -> None:
    about = {
        "submission_101": {
            "submitters": [
                {"name": "Anna Meier", "sid": "24-111-222", "email": "anna@example.org"},
                {"name": "Bob Müller", "sid": None, "email": "bob@example.org"},
            ],
            "created_at": "2024-11-20T19:30:00.123456+00:00",
        }
    }
    text = GRADESCOPE if form == "yml" else json.dumps(about)
    files = {
        f"assignment_7_export/submission_metadata.{form}": text.encode(),
        f"assignment_7_export/submission_101/{PROBLEM}.ipynb": FIRST,
        f"assignment_7_export/submission_999/{PROBLEM}.ipynb": SECOND,
    }
    result = take(saved(tmp_path, "export.zip", archive(files)), rows=ROWS)
    for student in ("anna", "bob"):
        assert placed(course)[f"{student}/{NAME}/{PROBLEM}.ipynb"] == FIRST
        assert time_of(course, student) == datetime(2024, 11, 20, 19, 30, 0, 123456)
    (stranger,) = [file for file in result.left_out if "does not say who" in file.why]
    assert "submission_999" in stranger.where
    assert not result.is_clean


def test_gradescope_names_people_without_a_folder(take: Take, tmp_path: Path) -> None:
    people = {1: "Anna Meier", 2: "Bob\x1b Müller"}
    about = {f"submission_{n}": {"submitters": [{"name": who}]} for n, who in people.items()}
    files = {
        "assignment_7_export/submission_metadata.json": json.dumps(about).encode(),
        f"assignment_7_export/submission_1/{PROBLEM}.ipynb": FIRST,
    }
    result = take(saved(tmp_path, "export.zip", archive(files)))
    assert [each.student for each in result.taken] == ["Anna-Meier"]
    (left,) = result.left_out
    assert "no folder for them; export it again: Bob" in left.why
    assert "Anna" not in left.why
    assert "\x1b" not in left.why
    assert not result.is_clean


def test_folder_of_folders_and_archives(course: Course, take: Take, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    saved(folder, f"anna/mine/{PROBLEM}.ipynb", FIRST)
    saved(folder, f"bob/{NAME}/{PROBLEM}.ipynb", FIRST)
    saved(folder, f"bob/{NAME}/timestamp.txt", b"2024-11-19 08:00:00 UTC")
    saved(folder, "cleo.zip", package({f"{PROBLEM}.ipynb": SECOND}))
    take(folder)
    assert {key.partition("/")[0] for key in placed(course)} == {"anna", "bob", "cleo"}
    assert time_of(course, "bob") == datetime(2024, 11, 19, 8)


@pytest.mark.parametrize("name", ["anna.zip", "anna", f"anna/{NAME}"])
def test_one_student_alone(name: str, course: Course, take: Take, tmp_path: Path) -> None:
    given = tmp_path / "given" / name
    if name.endswith(".zip"):
        saved(given.parent, given.name, archive({f"{PROBLEM}.ipynb": FIRST}))
    else:
        saved(given, f"{PROBLEM}.ipynb", FIRST)
    take(given)
    assert placed(course)[f"anna/{NAME}/{PROBLEM}.ipynb"] == FIRST


def test_package_alone_needs_a_student(course: Course, take: Take, tmp_path: Path) -> None:
    path = saved(tmp_path, f"{NAME}_submission (1).zip", package({f"{PROBLEM}.ipynb": FIRST}))
    result = take(path)
    assert placed(course) == {}
    assert "--student" in "".join(file.why for file in result.left_out)
    take(path, student="anna")
    assert placed(course)[f"anna/{NAME}/{PROBLEM}.ipynb"] == FIRST
    assert time_of(course, "anna") == datetime(2024, 11, 20, 10)


def test_names_are_found_in_every_order_and_spelling(take: Take, tmp_path: Path) -> None:
    for number, name in enumerate(("Meier, Anna", "anna meier", "MEIER ANNA", "Meier_Anna")):
        files = {f"{name}_9_assignsubmission_file_/{PROBLEM}.ipynb": notebook(str(number))}
        result = take(saved(tmp_path, "m.zip", archive(files)), rows=ROWS, replace=True)
        assert [each.student for each in result.taken] == ["anna"], name


def test_two_of_one_name_are_nobodys_until_a_number_tells(take: Take, tmp_path: Path) -> None:
    files = {f"Anna Meier_{n}_assignsubmission_file_/{PROBLEM}.ipynb": FIRST for n in (1, 2)}
    path = saved(tmp_path, "m.zip", archive(files))
    rows = "student,name\nanna1,Anna Meier\nanna2,Anna Meier\n"
    result = take(path, rows=rows)
    assert result.taken == []
    assert all("anna1 or anna2" in file.why for file in result.unknown_senders)
    result = take(path, rows="student,name,lms\nanna1,Anna Meier,1\nanna2,Anna Meier,2\n")
    assert {each.student for each in result.taken} == {"anna1", "anna2"}


def test_name_of_one_with_the_number_of_another_is_nobodys(take: Take, tmp_path: Path) -> None:
    files = {f"Bob Müller_1_assignsubmission_file_/{PROBLEM}.ipynb": FIRST}
    rows = "student,name,lms\nanna,Anna Meier,1\nbob,Bob Müller,2\n"
    result = take(saved(tmp_path, "m.zip", archive(files)), rows=rows)
    assert result.taken == []
    assert "anna's" in result.unknown_senders[0].why


@pytest.mark.parametrize("packed", ["0001-01-01T00:00:00+10:00", "9999-12-31", "soon"])
def test_impossible_time_in_a_manifest_counts_for_nothing(
    packed: str, course: Course, take: Take, tmp_path: Path
) -> None:
    inside = package({f"{PROBLEM}.ipynb": FIRST}, packed)
    result = take(saved(tmp_path, "anna.zip", inside))
    assert result.taken[0].time is None
    assert f"anna/{NAME}/timestamp.txt" not in placed(course)


def test_half_a_name_is_nobodys_and_a_whole_one_goes_before_it(take: Take, tmp_path: Path) -> None:
    rows = "student,first name,last name\nanna,Anna,Meier\nberta,Berta,Meier\n"
    files = {
        f"Abgaben/Meier_Anna_unknown_1/{PROBLEM}.ipynb": FIRST,
        f"Abgaben/Meier_Unknown_unknown2_2/{PROBLEM}.ipynb": FIRST,
    }
    result = take(saved(tmp_path, "x.zip", archive(files)), rows=rows)
    assert [each.student for each in result.taken] == ["anna"]
    assert len(result.unknown_senders) == 1


def test_unmatched_are_listed_both_ways(take: Take, tmp_path: Path) -> None:
    files = {f"Eve Stranger_7_assignsubmission_file_/{PROBLEM}.ipynb": FIRST}
    result = take(saved(tmp_path, "m.zip", archive(files)), rows=ROWS)
    assert [file.sender for file in result.unknown_senders] == ["Eve Stranger (7)"]
    assert result.absent == ["anna", "bob", "cleo"]


def test_notebook_of_another_name_is_known_by_its_items(
    course: Course, take: Take, tmp_path: Path
) -> None:
    folder = tmp_path / "anna"
    saved(folder, "my work.ipynb", notebook("x", item="p3a-proof"))
    saved(folder, f"{OTHER}x.txt", b"")
    saved(folder, "shopping.ipynb", notebook("x"))
    result = take(folder)
    assert f"anna/{NAME}/{OTHER}.ipynb" in placed(course)
    assert "no problem" in "".join(file.why for file in result.left_out)
    assert "my work.ipynb was used" in " ".join(result.taken[0].notes)


def test_exact_name_goes_before_a_copy(course: Course, take: Take, tmp_path: Path) -> None:
    folder = tmp_path / "anna"
    saved(folder, f"{PROBLEM}.ipynb", FIRST)
    saved(folder, f"{PROBLEM}-Copy1.ipynb", SECOND)
    result = take(folder)
    assert placed(course)[f"anna/{NAME}/{PROBLEM}.ipynb"] == FIRST
    assert f"not {PROBLEM}-Copy1.ipynb" in " ".join(result.taken[0].notes)
    assert not result.is_clean


def test_package_of_another_homework_and_changed_one_are_told(take: Take, tmp_path: Path) -> None:
    whole = package({f"{PROBLEM}.ipynb": FIRST}, assignment="hw1")
    files = {"Anna Meier_1_assignsubmission_file_/x.zip": whole}
    result = take(saved(tmp_path, "m.zip", archive(files)))
    assert "packed for hw1" in " ".join(result.taken[0].notes)
    changed = tmp_path / "bob"
    saved(changed, f"{PROBLEM}.ipynb", SECOND)
    with zipfile.ZipFile(io.BytesIO(package({f"{PROBLEM}.ipynb": FIRST}))) as inside:
        saved(changed, "manifest.json", inside.read("manifest.json"))
    result = take(changed)
    assert "was changed after it was packed" in " ".join(result.taken[0].notes)


def test_the_versions_of_a_package_are_kept_and_nothing_else_of_it(
    course: Course, take: Take, tmp_path: Path
) -> None:
    told = {"versions": {"python": "3.12.1", "numpy": "2.0\n", "evil": "1.0"}, "warnings": ["x"]}
    about = {"schema": "fdl-submission", "assignment": NAME, "packed": "2024-11-20T10:00:00Z"}
    manifest = json.dumps({**about, "notebooks": {}, **told}).encode()
    files = {f"{PROBLEM}.ipynb": FIRST, "manifest.json": manifest}
    inner = archive(files)
    name = f"Anna Meier_123456_assignsubmission_file_/{NAME}_submission.zip"
    take(saved(tmp_path, "Course-HW2-99.zip", archive({name: inner})), rows=ROWS)
    kept = placed(course)[f"anna/{NAME}/manifest.json"]
    assert json.loads(kept) == {"versions": {"python": "3.12.1"}}


def test_only_name_of_a_student_is_the_whole_name(take: Take, tmp_path: Path) -> None:
    rows = "student,first name,last name\nanna,Anna,Meier\nyu,Yu,\nli,,Li\n"
    files = {
        f"{name}_{number}_assignsubmission_file/{PROBLEM}.ipynb": FIRST
        for number, name in enumerate(("Anna", "Yu", "Li ."))
    }
    result = take(saved(tmp_path, "m.zip", archive(files)), rows=rows)
    assert sorted(each.student for each in result.taken) == ["li", "yu"]
    assert [file.sender for file in result.unknown_senders] == ["Anna (0)"]
