"""Nobody is left out of an export, and nobody gets the mark of somebody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from autograder.course.assignment import Assignment, Course
from autograder.errors import RecordError
from autograder.exports import export
from autograder.exports.names import first_and_last
from autograder.exports.standing import read_standing
from autograder.gradebook.database import open_gradebook
from autograder.gradebook.marks import Marks, Person, marks_in, read_people
from autograder.gradebook.people import keep_people
from tests.gradebook.conftest import (  # noqa: F401 (fixtures)
    assignment,
    course,
    empty_gradebook,
    prepared,
)
from tests.gradebook.course import mark, record

from .people import PLAIN, marks_of
from .test_exports import ROSTERS, column, form, rows, write

DUE = datetime(2024, 11, 21, 22, 55, tzinfo=UTC)
FIRST, *REST = PLAIN


def with_absent(*, awaited: bool = False) -> Marks:
    """Return marks of a class in which only the first student handed in."""
    everybody = marks_of(PLAIN, [1.0, 0.0, 0.0])
    absent = {
        each.id: replace(everybody.students[each.id], absent=True, awaited=awaited) for each in REST
    }
    return replace(everybody, students={FIRST.id: everybody.students[FIRST.id]}, absent=absent)


# students who handed in nothing


@pytest.mark.parametrize("system", ROSTERS)
def test_who_handed_in_nothing_has_0_points(system: str) -> None:
    make, points = ROSTERS[system]
    result = export(with_absent(), system, make(PLAIN))
    assert column(result.content, points)[-3:] == ["1", "0", "0"]
    assert result.is_whole
    assert result.given_zero == ("bela", "zoe")
    assert result.reached == ("anna",)


@pytest.mark.parametrize("system", ROSTERS)
def test_nobody_has_0_points_before_the_due_date(system: str) -> None:
    make, points = ROSTERS[system]
    result = export(with_absent(awaited=True), system, make(PLAIN))
    assert column(result.content, points)[-3:] == ["1", "", ""]
    assert result.is_whole
    assert result.given_zero == ()


def test_a_mark_that_a_teacher_entered_stays() -> None:
    result = export(with_absent(), "moodle", form("moodle-worksheet"))
    assert column(result.content, "Grade") == ["1", "12.00", "0"]
    assert result.given_zero == ("zoe",)
    result = export(with_absent(), "ilias", form("ilias-status"))
    assert column(result.content, "mark") == ["1", "12", "0"]
    assert column(result.content, "update") == ["1", "0", "1"]


def test_a_dash_of_moodles_gradebook_is_no_mark() -> None:
    result = export(with_absent(), "moodle", form("moodle-gradebook"))
    assert column(result.content, "Assignment: Homework 2 (Real)") == ["1", "0"]
    assert result.given_zero == ("bela",)


def test_files_without_a_roster_have_everybody() -> None:
    header, *body = rows(export(with_absent(), "csv").content)
    about = [dict(zip(header, row, strict=True)) for row in body]
    assert [(row["student"], row["p1-rate"], row["total"], row["final"]) for row in about] == [
        ("anna", "1", "1", "yes"), ("bela", "", "0", "yes"), ("zoe", "", "0", "yes"),
    ]  # fmt: skip
    assert [row[-1] for row in rows(export(with_absent(), "moodle").content)[1:]] == ["1", "0", "0"]
    assert [row[-1] for row in rows(export(with_absent(), "canvas").content)[2:]] == ["1", "0", "0"]
    header, *body = rows(export(with_absent(), "gradescope").content)
    assert [row[header.index("Status")] for row in body] == ["Graded", "Missing", "Missing"]
    assert {len(row) for row in body} == {len(header)}


def test_files_without_a_roster_give_nobody_0_points_before_the_due_date() -> None:
    header, *body = rows(export(with_absent(awaited=True), "csv").content)
    assert [(row[0], row[header.index("total")]) for row in body] == [
        ("anna", "1"), ("bela", ""), ("zoe", ""),
    ]  # fmt: skip
    for system in ("moodle", "canvas"):
        assert b"bela" not in export(with_absent(awaited=True), system).content


def test_who_left_the_course_does_not_matter_without_a_mark() -> None:
    theirs = write(["id", "total"], [["anna", ""]])
    assert export(with_absent(), "csv", theirs).is_whole


@pytest.mark.parametrize(
    ("moment", "awaited"),
    [
        (DUE - timedelta(seconds=1), {"bela", "zoe"}),
        (DUE, {"zoe"}),
        (DUE + timedelta(days=2), set()),
    ],
)
def test_a_due_date_with_its_extension_decides(
    course: Course,  # noqa: F811
    assignment: Assignment,  # noqa: F811
    moment: datetime,
    awaited: set[str],
) -> None:
    settings = course.root / "course.toml"
    extension = "\n[assignments.hw.extensions]\nzoe = { hours = 24 }\n"
    settings.write_text(settings.read_text(encoding="utf-8") + extension, encoding="utf-8")
    record(course, assignment, "anna", mark(course))
    keep_people(course, {"bela": {"email": "bela@example.ch"}, "zoe": {}})
    with open_gradebook(course) as gradebook:
        people = read_people(gradebook)
        found = marks_in(gradebook, Course(course.root), "hw", people, moment=moment)
    assert found is not None
    assert (list(found.students), list(found.absent)) == (["anna"], ["bela", "zoe"])
    assert {name for name, each in found.absent.items() if each.awaited} == awaited
    assert found.absent["bela"].person.email == "bela@example.ch"


@pytest.mark.parametrize("system", ROSTERS)
def test_submission_that_is_not_marked_yet_is_no_0(system: str) -> None:
    """The marking failed, or the files came after the last run."""
    marks = with_absent()
    marks = replace(marks, absent={k: replace(m, unmarked=True) for k, m in marks.absent.items()})
    make, points = ROSTERS[system]
    with pytest.raises(RecordError, match=r"not marked yet: bela, zoe\. Run `fdl grade hw2`"):
        export(marks, system, make(PLAIN))
    result = export(marks, system, make(PLAIN), partial=True)
    assert column(result.content, points)[-3:] == ["1", "", ""]
    assert result.given_zero == ()
    assert result.left_open == ("bela", "zoe")


@pytest.mark.parametrize("system", ["csv", "moodle", "canvas", "gradescope"])
def test_file_without_a_roster_has_no_0_for_what_is_not_marked_yet(system: str) -> None:
    marks = with_absent()
    marks = replace(marks, absent={k: replace(m, unmarked=True) for k, m in marks.absent.items()})
    result = export(marks, system, partial=True)
    assert result.given_zero == ()
    assert result.left_open == ("bela", "zoe")
    assert b"Missing" not in result.content


def test_folder_in_submitted_is_not_marked_yet(
    course: Course,  # noqa: F811
    assignment: Assignment,  # noqa: F811
) -> None:
    record(course, assignment, "anna", mark(course))
    keep_people(course, {"bela": {}, "zoe": {}})
    course.submission("bela", "hw").mkdir(parents=True)
    with open_gradebook(course) as gradebook:
        found = marks_in(gradebook, course, "hw", read_people(gradebook), moment=DUE)
    assert found is not None
    assert found.unmarked_students == ("bela",)
    assert found.absent["zoe"].final
    standing = {each.person.id: each for each in read_standing(course).students}
    assert not standing["bela"].final
    assert "known_as" not in read_standing(course).to_json()


# two systems in one course: the same number may stand for two people


def test_a_number_of_another_system_is_weaker_than_a_login() -> None:
    ours = (Person("anna"), Person("moodler", lms_id="3301"))
    result = export(marks_of(ours), "ilias", form("ilias-status"))
    assert column(result.content, "mark") == ["1", "12", ""]
    assert result.faults == ()
    assert result.only_ours == ("moodler",)


def test_a_number_of_another_system_is_not_believed_against_a_name() -> None:
    ours = (Person("x", "Otto", "Other", lms_id="3301"), Person("y", "Béla", "N.", lms_id="3302"))
    result = export(marks_of(ours, [5, 6]), "ilias", form("ilias-status"))
    assert column(result.content, "mark") == ["", "6", ""]
    assert result.only_ours == ("x",)


def test_a_student_with_better_evidence_elsewhere_is_not_found_by_a_number() -> None:
    ours = (Person("zoe", lms_id="3301"),)
    result = export(marks_of(ours), "ilias", form("ilias-status"))
    assert column(result.content, "mark") == ["", "12", "1"]
    assert result.faults == ()


# names


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("Anna Meier", ("Anna", "Meier")),
        ("Meier, Anna", ("Anna", "Meier")),
        ("Meier,Anna Maria", ("Anna Maria", "Meier")),
        ("von Neumann, John", ("John", "von Neumann")),
        ("Anna Maria Meier", ("Anna Maria", "Meier")),
        ("  Anna   Meier ", ("Anna", "Meier")),
        ("Ludwig van Beethoven", ("Ludwig", "van Beethoven")),
        ("Oscar de la Hoya", ("Oscar", "de la Hoya")),
        ("Jean-Luc Le Goff", ("Jean-Luc", "Le Goff")),
        ("van der Berg", ("", "van der Berg")),
        ("Al Gore", ("Al", "Gore")),
        ("Meier,", ("", "Meier,")),
        ("李小龙", ("", "李小龙")),
        ("Madonna", ("", "Madonna")),
        ("", ("", "")),
    ],
)
def test_whole_name_is_split(whole: str, parts: tuple[str, str]) -> None:
    assert first_and_last(Person("x", "", whole)) == parts
    header, row = rows(export(marks_of([Person("x", "", whole)]), "csv").content)
    about = dict(zip(header, row, strict=True))
    assert (about["first_name"], about["last_name"]) == parts


def test_names_that_are_split_already_stay() -> None:
    assert first_and_last(Person("x", "Ana", "García López")) == ("Ana", "García López")


# the column for the points

HEADER = ["id", "Midterm Exam (157892)", "Midterm Exam 2 (157893)", "Assignment: Final (Real)"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("Midterm Exam", 1),
        ("midterm exam", 1),
        ("Midterm Exam (157892)", 1),
        (" Midterm Exam 2 ", 2),
        ("Final", 3),
        ("Assignment: Final", 3),
        ("assignment: final (real)", 3),
    ],
)
def test_column_is_found_without_what_the_platform_adds(wanted: str, found: int) -> None:
    header = ["Email", *HEADER]
    body = [["anna.mueller@example.ch", "anna", "", "", ""]]
    theirs = write(header, body)
    result = export(marks_of(PLAIN[:1]), "gradescope", theirs, column=wanted)
    assert [place for place, cell in enumerate(rows(result.content)[1]) if cell == "1"] == [
        found + 1
    ]


@pytest.mark.parametrize("wanted", ["Midterm", "Exam", "157892", ""])
def test_part_of_a_name_is_no_column(wanted: str) -> None:
    theirs = write(["Email", *HEADER], [["anna.mueller@example.ch", "anna", "", "", ""]])
    with pytest.raises(RecordError, match="no column"):
        export(marks_of(PLAIN[:1]), "gradescope", theirs, column=wanted)


def test_two_columns_of_the_same_name_are_told() -> None:
    theirs = write(["Email", "Quiz (1)", "Quiz (2)"], [["anna.mueller@example.ch", "", ""]])
    with pytest.raises(RecordError, match=r"more than one column 'Quiz': Quiz \(1\), Quiz \(2\)"):
        export(marks_of(PLAIN[:1]), "gradescope", theirs, column="Quiz")
    result = export(marks_of(PLAIN[:1]), "gradescope", theirs, column="Quiz (2)")
    assert rows(result.content)[1][1:] == ["", "1"]


def test_canvas_column_is_found_without_its_number() -> None:
    result = export(marks_of(), "canvas", form("canvas"), column="Homework 1")
    assert column(result.content, "Homework 1 (881)")[2:5] == ["1", "2", "3"]


ROSTERS_WITH_NUMBERS = {
    "moodle": (
        "Identifier,Full name,ID number,Status,Grade,Maximum Grade,Grade can be changed,"
        "Last modified (submission),Last modified (grade),Feedback comments\n"
        "Participant 101,{first} {last},{number},-,,30.00,Yes,-,-,\n"
    ),
    "moodle gradebook": (
        "First name,Last name,ID number,Assignment: Homework 2 (Real),Last downloaded\n"
        "{first},{last},{number},-,1\n"
    ),
    "canvas": (
        "Student,ID,SIS User ID,SIS Login ID,Section,Homework 2 (15)\n"
        "    Points Possible,,,,,30\n"
        '"{last}, {first}",9,{number},amueller,S,\n'
    ),
    "gradescope": (
        "First Name,Last Name,SID,Email,Sections,Total Score\n"
        "{first},{last},{number},a@elsewhere.example,,\n"
    ),
    "csv": "matriculation number,name\n{number},{first} {last}\n",
}


@pytest.mark.parametrize("form", ROSTERS_WITH_NUMBERS)
def test_number_of_the_university_finds_a_student_if_the_name_fits(form: str) -> None:
    people = [replace(PLAIN[0], email="", lms_id="24-111"), PLAIN[1]]
    marks, system = marks_of(people, [17.0, 3.0]), form.partition(" ")[0]
    theirs = ROSTERS_WITH_NUMBERS[form].format(first="Anna", last="Müller", number="24-111")
    result = export(marks, system, theirs.encode())
    assert "17" in result.content.decode()
    other = ROSTERS_WITH_NUMBERS[form].format(first="Bert", last="Schulz", number="24-111")
    assert "17" not in export(marks, system, other.encode()).content.decode()
