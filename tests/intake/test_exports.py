"""Exports in every form reach the right students: nobody lost or twice, every stray listed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.errors import SubmissionError
from autograder.submission.intake.run import Intake
from autograder.submission.intake.worksheets import read_groups

from .conftest import NAME, Files, Take, archive, notebook, placed, saved
from .exports import (
    ANNA,
    BELA,
    CLEO,
    ENGLISH,
    FILE,
    GROUP_FOLDERS,
    GROUPS,
    ID_NUMBERS,
    JOERG,
    LIST,
    SAMPLES,
    Person,
    Sample,
    team,
    unpacked,
    worksheet,
)


def given(form: str, sample: Sample, tmp_path: Path) -> Path:
    """Return an export as a zip file or as a folder."""
    if form == "folder":
        return unpacked(tmp_path / "e", sample.files)
    return saved(tmp_path, "e.zip", archive(sample.files))


def taken_in(take: Take, course: Course, path: Path, sample: Sample, tmp_path: Path) -> Intake:
    groups = None
    if sample.groups:
        table = saved(tmp_path, "groups.csv", sample.groups.encode())
        groups = read_groups(table, course.timezone)
    return take(path, rows=sample.rows, groups=groups)


def notebooks(course: Course) -> dict[str, bytes]:
    return {key: data for key, data in placed(course).items() if key.endswith(".ipynb")}


@pytest.mark.parametrize("form", ["zip", "folder"])
@pytest.mark.parametrize("name", SAMPLES)
def test_export_reaches_the_right_students(
    name: str, form: str, course: Course, take: Take, tmp_path: Path
) -> None:
    sample = SAMPLES[name]
    path = given(form, sample, tmp_path)
    result = taken_in(take, course, path, sample, tmp_path)
    expected = {f"{student}/{NAME}/{FILE}": data for student, data in sample.work.items()}
    assert notebooks(course) == expected, result
    assert [each.state for each in result.taken] == ["new"] * len(expected)
    assert result.unknown_senders == []
    listed = sorted(file.where for file in result.left_out)
    assert len(listed) == len(sample.strays), listed
    for stray in sample.strays:
        assert any(stray in where for where in listed), stray
    if sample.times:
        times = {data for key, data in placed(course).items() if key.endswith("timestamp.txt")}
        assert times == {sample.times.encode()}
        assert {each.time_source for each in result.taken} == {"the platform"}
    before = placed(course)
    again = taken_in(take, course, path, sample, tmp_path)
    assert [each.state for each in again.taken] == ["unchanged"] * len(expected)
    assert placed(course) == before
    assert not (course.submitted / ".earlier").exists()


EVIL = notebook("evil")
BOTH = "student,name,number\nanna,Anna Meier,101\nbela,Béla Kovács,102\n"


def students(course: Course) -> set[str]:
    return {key.partition("/")[0] for key in placed(course)}


def told(result: Intake) -> str:
    """Return the reasons for skipped files that a person should check."""
    files = [*result.unknown_senders, *(file for file in result.left_out if file.matters)]
    return " ".join(f"{file.where} {file.why}" for file in files)


@pytest.mark.parametrize("where", ["archive", "folder"])
@pytest.mark.parametrize("own", ["moodle: the worksheet", "ilias: folders", "gradescope: folders"])
def test_export_made_up_by_a_student_is_the_students(
    own: str, where: str, course: Course, take: Take, tmp_path: Path
) -> None:
    """A student imitates an export, with a worksheet, inside the own folder of Moodle."""
    evil = {name: EVIL if name.endswith(".ipynb") else d for name, d in SAMPLES[own].files.items()}
    mine = "Béla Kovács_102_assignsubmission_file_"
    inner = {f"{mine}/{name}": data for name, data in evil.items()}
    files = {
        f"Anna Meier_101_assignsubmission_file_/{FILE}": ANNA.work,
        **(inner if where == "folder" else {f"{mine}/all.zip": archive(evil)}),
    }
    result = take(saved(tmp_path, "e.zip", archive(files)), rows=f"{LIST}bob,Bob,Bob,b@x.org,1,b\n")
    assert {key: data for key, data in notebooks(course).items() if data == EVIL} == {
        f"bela/{NAME}/{FILE}": EVIL
    }
    assert notebooks(course)[f"anna/{NAME}/{FILE}"] == ANNA.work
    assert result.notes == [], "only a worksheet beside the folders counts"


OTHERS = {
    "a folder": {f"joerg/{FILE}": JOERG.work},
    "a deep folder": {f"joerg/{NAME}/{FILE}": JOERG.work},
    "an archive": {"joerg.zip": archive({FILE: JOERG.work})},
}


@pytest.mark.parametrize("others", OTHERS)
@pytest.mark.parametrize(("above", "below"), [("class/", ""), ("", ""), ("", "x/"), ("", "x/y/")])
@pytest.mark.parametrize(
    "own", ["moodle: the worksheet", "ilias: folders", "gradescope: folders", "canvas: files"]
)
def test_class_folder_is_no_export_because_of_one_student(
    own: str, above: str, below: str, others: str, course: Course, take: Take, tmp_path: Path
) -> None:
    evil = {name: EVIL if name.endswith(".ipynb") else d for name, d in SAMPLES[own].files.items()}
    files = {f"{above}student_7/{below}{name}": data for name, data in evil.items()}
    files |= {f"{above}{name}": data for name, data in OTHERS[others].items()} | {"README.md": b""}
    for rows in ("", LIST):
        result = take(saved(tmp_path, "e.zip", archive(files)), rows=rows)
        assert notebooks(course) == {f"joerg/{NAME}/{FILE}": JOERG.work}
        assert "student_7" in told(result)


@pytest.mark.parametrize(
    "evil", [f"Béla Kovács_102_assignsubmission_file_{FILE}", f"kovácsbéla_102_8_{FILE}"]
)
def test_file_among_files_with_free_names_makes_no_export(
    evil: str, course: Course, take: Take, tmp_path: Path
) -> None:
    files = {f"Anna {FILE}": ANNA.work, f"hw2 cleo {FILE}": CLEO.work, evil: EVIL, "a.pdf": b""}
    result = take(saved(tmp_path, "e.zip", archive(files)), rows=LIST)
    assert placed(course) == {}
    assert "no student in the roster matches" in told(result)


@pytest.mark.parametrize("own", ["moodle: the worksheet", "ilias: folders", "gradescope: folders"])
def test_archive_with_an_export_is_no_students_work(
    own: str, course: Course, take: Take, tmp_path: Path
) -> None:
    files = {"cleo.zip": archive(SAMPLES[own].files), "joerg.zip": archive({FILE: JOERG.work})}
    result = take(saved(tmp_path, "e.zip", archive(files)))
    assert notebooks(course) == {f"joerg/{NAME}/{FILE}": JOERG.work}
    assert "looks like an export" in told(result)


def test_export_in_the_archive_of_a_student_is_the_students(
    course: Course, take: Take, tmp_path: Path
) -> None:
    evil = archive(dict.fromkeys(SAMPLES["moodle: folders, from 4.1 on"].files, EVIL))
    take(saved(tmp_path, "bela.zip", evil), rows=LIST)
    assert students(course) == {"bela"}


@pytest.mark.parametrize("extra", [{}, {"Grades.csv": SAMPLES["moodle: the worksheet"].files}])
@pytest.mark.parametrize("name", ["moodle: folders", "gradescope: folders", "ilias: folders"])
def test_export_that_is_packed_twice_is_named(
    name: str, extra: Files, course: Course, take: Take, tmp_path: Path
) -> None:
    files = SAMPLES[f"{name}, from 4.1 on" if name.startswith("moodle") else name].files
    outer = {"FDL-Homework 2-4711.zip": archive(files), **dict.fromkeys(extra, b"a,b\n1,2\n")}
    result = take(saved(tmp_path, "outer.zip", archive(outer)), rows=LIST)
    assert placed(course) == {}
    assert "Take it out and give it to fdl intake by itself" in told(result)


@pytest.mark.parametrize("rows", ["", LIST], ids=["no list", "list"])
@pytest.mark.parametrize("table", ["list", "worksheet"])
def test_display_name_of_a_group_hands_in_for_nobody_else(
    table: str, rows: str, course: Course, take: Take, tmp_path: Path
) -> None:
    """Béla is named like the group of Cleo and Jörg in an assignment without groups."""
    files = {
        f"Anna Meier_101_assignsubmission_file/{FILE}": ANNA.work,
        f"B-2_102_assignsubmission_file/{FILE}": EVIL,
        f"Jörg Müller-Lüdenscheidt_104_assignsubmission_file/{FILE}": JOERG.work,
    }
    named = Person("bela", "B-2", "", 102, "bk_7", "24-333-444")
    sheet = worksheet(groups=team, people=(ANNA, replace(named, first="B-2"), CLEO, JOERG))
    if table == "worksheet":
        files["Grades.csv"] = sheet
    groups = saved(tmp_path, "groups.csv", GROUPS.replace("A 1,", "B-2,").encode())
    path = saved(tmp_path, "e.zip", archive(files))
    result = take(path, rows=rows, groups=read_groups(groups, course.timezone))
    evil = {key.partition("/")[0] for key, data in notebooks(course).items() if data == EVIL}
    assert not evil & {"anna", "joerg", "Anna-Meier"}
    assert JOERG.work in notebooks(course).values()
    if rows:
        assert evil == ({"bela"} if table == "worksheet" else set()), result


def test_worksheet_can_be_given_beside_the_export(
    course: Course, take: Take, tmp_path: Path
) -> None:
    path = saved(tmp_path, "e.zip", archive(SAMPLES["moodle: folders, from 4.1 on"].files))
    sheet = saved(tmp_path, "Grades.csv", worksheet())
    other = saved(tmp_path, "other.csv", worksheet(people=[replace(ANNA, number=7)]))
    broken = saved(tmp_path, "broken.csv", b"PK\x03\x04")
    result = take(sheet, path, other, broken, rows=ID_NUMBERS)
    assert students(course) == {"anna", "bela", "cleo", "joerg"}
    assert "times of 4 senders" in result.notes[0]
    assert "another homework" in result.notes[1]
    (left,) = result.left_out
    assert "broken.csv: the table is" in left.why


def test_team_of_ilias_without_a_list_is_noted(take: Take, tmp_path: Path) -> None:
    sample = SAMPLES["ilias: teams"]
    result = take(saved(tmp_path, "e.zip", archive(sample.files)), rows=LIST)
    assert {each.student for each in result.taken} == {"anna", "cleo"}
    assert "Team 12 handed this in: to give it to all members, add --groups." in (
        result.taken[0].notes
    )


def test_row_of_a_worksheet_counts_for_the_same_name_alone(
    course: Course, take: Take, tmp_path: Path
) -> None:
    """The worksheet of another homework gives number 101 to somebody else."""
    other = Person("x", "Béla", "Kovács", 101, "bk", BELA.id_number)
    files = {f"Anna Meier_101_assignsubmission_file/{FILE}": ANNA.work}
    files["Grades.csv"] = worksheet(people=[other])
    result = take(saved(tmp_path, "e.zip", archive(files)), rows=LIST)
    assert students(course) == {"anna"}
    assert "another homework" in told(result)


def test_worksheets_that_disagree_are_not_used(course: Course, take: Take, tmp_path: Path) -> None:
    other = replace(ANNA, id_number=BELA.id_number)
    files = {f"Participant_101_assignsubmission_file/{FILE}": EVIL}
    files |= {"a.csv": worksheet(people=[other]), "b.csv": worksheet(people=[ANNA])}
    take(saved(tmp_path, "e.zip", archive(files)), rows=ID_NUMBERS)
    assert students(course) == set()


def test_phone_number_in_a_worksheet_is_no_id_number(
    course: Course, take: Take, tmp_path: Path
) -> None:
    """Students fill in some identity fields themselves, such as their phone number."""
    sheet = worksheet(people=[replace(ANNA, last="M", id_number=BELA.id_number)])
    files = {f"Anna M_101_assignsubmission_file/{FILE}": EVIL}
    files["Grades.csv"] = sheet.replace(b"ID number", b"Phone")
    take(saved(tmp_path, "e.zip", archive(files)), rows=ID_NUMBERS)
    assert students(course) == set()


def test_worksheet_tells_the_gradebook_numbers_and_addresses(take: Take, tmp_path: Path) -> None:
    files = SAMPLES["moodle: the worksheet in German"].files
    result = take(saved(tmp_path, "e.zip", archive(files)))
    assert result.people["Anna-Meier"] == {"email": ANNA.email, "lms_user_id": ANNA.id_number}
    assert len(result.people) == 4
    assert "ID numbers, addresses and times of 4 senders" in result.notes[0]


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("Thursday, 21 November 2024, 10:15 PM", "22:15"),
        ("Thursday, 21 November 2024, 12:15 AM", "00:15"),
        ("Thursday, November 21, 2024, 10:15 PM", "22:15"),
        ("Donnerstag, 21. November 2024, 22:15", "22:15"),
        ("jeudi 21 novembre 2024, 22:15", "22:15"),
        ("jueves, 21 de noviembre de 2024, 22:15", "22:15"),
        ("giovedì, 21 novembre 2024, 22:15", "22:15"),
        ("donderdag, 21 november 2024, 22:15", "22:15"),
        ("czwartek, 21 listopada 2024, 22:15", "22:15"),
        ("čtvrtek, 21. listopadu 2024, 22.15", "22:15"),
        ("четверг, 21 ноября 2024, 22:15", "22:15"),
        ("Friday, 21 November 2024, 10:15 PM", ""),
        ("Thursday, 31 November 2024, 10:15 PM", ""),
        ("2024년 11월 21일, 오후 10:15", ""),
        ("-", ""),
        ("Thursday" + " " * 100_000, ""),
        ("t " * 50_000, ""),
    ],
)
def test_dates_of_worksheets_are_read_in_many_languages_or_not_at_all(
    date: str, time: str, course: Course, take: Take, tmp_path: Path
) -> None:
    sheet = worksheet((*ENGLISH[:4], date), people=[ANNA])
    files = {f"Anna Meier_101_assignsubmission_file/{FILE}": ANNA.work, "Grades.csv": sheet}
    result = take(saved(tmp_path, "e.zip", archive(files)), rows=LIST)
    (anna,) = result.taken
    if time:
        assert anna.time is not None
        assert f"{anna.time.astimezone(course.timezone):%Y-%m-%d %H:%M}" == f"2024-11-21 {time}"
    else:
        assert anna.time_source == "the files' dates"
        assert "Moodle set to English" in " ".join(result.notes)


def test_command_shows_the_worksheet_and_the_groups(course: Course, tmp_path: Path) -> None:
    files = {**GROUP_FOLDERS, "Grades.csv": worksheet(), "Grades.xlsx": b"PK"}
    path = saved(tmp_path, "e.zip", archive(files))
    command = ["intake", NAME, str(path), "--course", str(course.root)]
    table = saved(tmp_path, "groups.csv", GROUPS.encode())
    run = CliRunner().invoke(app, [*command, "--groups", str(table)])
    assert run.exit_code == 1, run.output
    assert students(course) == {"anna", "bela", "cleo", "joerg"}
    text = " ".join(run.output.replace("│", " ").split())
    assert "a spreadsheet, which is not read" in text
    table.write_text("name,colour\nAnna,red\n", encoding="utf-8")
    run = CliRunner().invoke(app, [*command, "--groups", str(table)])
    assert run.exit_code == 2
    assert "needs a column group" in run.output
    run = CliRunner().invoke(app, [*command, "--groups", "nothing.csv"])
    assert run.exit_code == 2
    assert "No such file" in run.output


@pytest.mark.parametrize("around", ["x/", "x/y/", "a/b/c/x/", "a/b/c/d/x/"])
@pytest.mark.parametrize(
    "name", ["ilias: folders", "moodle: folders, from 4.1 on", "gradescope: folders"]
)
def test_export_may_be_inside_several_folders(
    name: str, around: str, take: Take, tmp_path: Path
) -> None:
    sample = SAMPLES[name]
    files = {f"{around}{name}": data for name, data in sample.files.items()} | {"a.txt": b"a"}
    result = take(saved(tmp_path, "e.zip", archive(files)), rows=sample.rows)
    assert {each.student for each in result.taken} == set(sample.work)
    assert [file.where for file in result.strays if "a.txt" in file.where] == ["e.zip: a.txt"]


def test_two_exports_may_be_inside_several_folders(
    course: Course, take: Take, tmp_path: Path
) -> None:
    files = {
        f"a/b/c/Sheet 1{part}/Abgaben/{p.last}_{p.first}_{p.login}_{p.number}/{FILE}": p.work
        for part, p in (("a", ANNA), ("a", JOERG), ("b", CLEO))
    }
    take(saved(tmp_path, "e.zip", archive(files)), rows=LIST)
    expected = {f"{p.student}/{NAME}/{FILE}": p.work for p in (ANNA, CLEO, JOERG)}
    assert notebooks(course) == expected


def test_folder_of_one_student_is_no_export_at_any_depth(take: Take, tmp_path: Path) -> None:
    files = {
        f"class/joerg/{NAME}/a/b/Abgaben/{p.last}_{p.first}_{p.login}_{p.number}/{FILE}": p.work
        for p in (ANNA, BELA)
    }
    result = take(saved(tmp_path, "e.zip", archive(files)), rows=LIST)
    assert {each.student for each in result.taken} <= {"joerg"}


def test_list_of_students_in_the_wrong_place_makes_no_folders(
    course: Course, take: Take, tmp_path: Path
) -> None:
    files = {f"{ANNA.name}_101_assignsubmission_file/{FILE}": ANNA.work}
    export = saved(tmp_path, "e.zip", archive(files))
    table = saved(tmp_path, "list.csv", LIST.encode())
    with pytest.raises(SubmissionError, match=r"give it with --students .*list\.csv"):
        take(export, table)
    with pytest.raises(SubmissionError, match="no column group"):
        take(export, groups=read_groups(table, course.timezone))
    with pytest.raises(SubmissionError, match="only tables"):
        take(table)
    assert placed(course) == {}


def test_groups_that_are_not_in_the_export_are_told(
    course: Course, take: Take, tmp_path: Path
) -> None:
    files = {f"{ANNA.name}_101_assignsubmission_file/{FILE}": ANNA.work}
    table = saved(tmp_path, "groups.csv", GROUPS.encode())
    export = saved(tmp_path, "e.zip", archive(files))
    result = take(export, rows=LIST, groups=read_groups(table, course.timezone))
    assert [each.student for each in result.taken] == ["anna"]
    whys = [file.why for file in result.strays]
    assert whys == ["a table that names no group of the export"]


def test_strays_are_listed_and_files_of_archivers_are_not(course: Course, tmp_path: Path) -> None:
    files = {
        f"{ANNA.name}_101_assignsubmission_file/{FILE}": ANNA.work,
        ".DS_Store": b"",
        **{f"note {number}.txt": b"" for number in range(25)},
    }
    export = saved(tmp_path, "e.zip", archive(files))
    run = CliRunner().invoke(app, ["intake", NAME, str(export), "--course", str(course.root)])
    assert run.exit_code == 0, run.output
    assert run.output.count("e.zip: note ") == 20
    assert "and 5 more" in run.output
    assert ".DS_Store" not in run.output
    assert "26 files not needed" in run.output
