"""Each system's form, filled in and read back: no text runs, and no student is lost or mixed up."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.commands.marks import System
from autograder.errors import RecordError
from autograder.exports import SYSTEMS, ExportedFile, cells, export
from autograder.gradebook.marks import Marks, Person

from .people import HOSTILE, PLAIN, marks_of

FORMS = Path(__file__).parent / "forms"
BY_NUMBER = {"anna": "24-100-001", "bela": "24-100-002", "zoe": "24-100-003"}


def form(name: str) -> bytes:
    return (FORMS / f"{name}.csv").read_bytes()


def rows(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(
        csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    )


def column(content: bytes, name: str, delimiter: str = ",") -> list[str]:
    header, *body = rows(content, delimiter)
    return [row[header.index(name)] for row in body]


def numbered(marks: Marks) -> Marks:
    """Return the same students with their matriculation numbers."""
    people = [replace(each.person, id=BY_NUMBER[name]) for name, each in marks.students.items()]
    return marks_of(people, [each.total for each in marks.students.values()])


def write(header: Sequence[str], body: Sequence[Sequence[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([header, *body])
    return out.getvalue().encode()


def unchanged_but(before: bytes, after: bytes, *names: str) -> bool:
    """Return whether two files differ only in these columns."""
    (header, *old), (heading, *new) = rows(before), rows(after)
    kept = [place for place, name in enumerate(header) if name not in names]
    return header == heading and [[row[k] for k in kept] for row in old] == [
        [row[k] for k in kept] for row in new
    ]


# each system's own form


def test_moodle_worksheet_is_filled_in_its_own_form() -> None:
    result = export(marks_of(totals=[25.5, 30, 7.125]), "moodle", form("moodle-worksheet"))
    assert column(result.content, "Grade") == ["25.5", "30", "7.13"]
    assert unchanged_but(form("moodle-worksheet"), result.content, "Grade")
    assert result.content.startswith(b"\xef\xbb\xbf")
    assert result.is_whole


def test_moodle_gradebook_is_filled_by_its_numbers() -> None:
    marks = numbered(marks_of(PLAIN[:2]))
    result = export(marks, "moodle", form("moodle-gradebook"))
    assert column(result.content, "Assignment: Homework 2 (Real)") == ["1", "2"]
    assert unchanged_but(form("moodle-gradebook"), result.content, "Assignment: Homework 2 (Real)")
    assert result.is_whole


GRADEBOOKS = {
    "moodle": (("First name", "Last name", "Email address"), "Assignment: {} (Real)"),
    "canvas": (("Student", "ID", "Email address", "SIS Login ID", "Section"), "{} (882)"),
}


@pytest.mark.parametrize("system", GRADEBOOKS)
@pytest.mark.parametrize(
    "other", ["Homework 20", "Homework 2b", "Homework 2.5", "My Homework 2.1", "xHomework 2"]
)
def test_column_of_a_homework_with_a_longer_name_is_not_filled(system: str, other: str) -> None:
    names, form_of_title = GRADEBOOKS[system]
    person = ["Anna"] + ["anna.mueller@example.ch"] * (len(names) - 1)
    theirs = write([*names, form_of_title.format(other)], [[*person, ""]])
    with pytest.raises(RecordError, match="which column of the roster is for the points"):
        export(marks_of(PLAIN[:1]), system, theirs)


@pytest.mark.parametrize("system", GRADEBOOKS)
def test_column_is_found_beside_homeworks_with_longer_names(system: str) -> None:
    names, form_of_title = GRADEBOOKS[system]
    titles = [form_of_title.format(f"homework {number}") for number in ("20", "2", "12")]
    person = ["Anna"] + ["anna.mueller@example.ch"] * (len(names) - 1)
    theirs = write([*names, *titles], [[*person, "", "", ""]])
    result = export(marks_of(PLAIN[:1]), system, theirs)
    assert rows(result.content)[1][-3:] == ["", "1", ""]


def test_moodle_knows_a_participant_by_its_own_number_too() -> None:
    people = (Person("x", lms_id="104712"), Person("Participant 104711"))
    result = export(marks_of(people), "moodle", form("moodle-worksheet"))
    assert column(result.content, "Grade") == ["2", "1", ""]


def test_grade_that_moodle_would_pass_over_is_told() -> None:
    result = export(marks_of(totals=[33, 30, 1]), "moodle", form("moodle-worksheet"))
    [fault] = result.faults
    assert "Participant 104711" in fault
    assert "skips grades above 30, but this grade is 33" in fault
    assert not result.is_whole


def test_canvas_gradebook_is_filled_in_its_own_form() -> None:
    result = export(marks_of(), "canvas", form("canvas"))
    assert column(result.content, "Homework 2 (882)") == ["", "30.00", "1", "EX", "N/A", ""]
    assert unchanged_but(form("canvas"), result.content, "Homework 2 (882)")
    assert [fault.split(" in Canvas")[0] for fault in result.faults] == [
        "bela stays EX",
        "zoe stays N/A",
    ]
    assert result.only_theirs == ()


def test_canvas_test_student_and_rows_about_columns_are_nobody() -> None:
    result = export(marks_of(PLAIN[:1]), "canvas", form("canvas"))
    assert result.only_theirs == ("Nagy, Béla (5102)", "Zahnd, Zoë (5103)")


def test_canvas_with_another_maximum_is_told() -> None:
    theirs = form("canvas").replace(b"30.00,30.00", b"30.00,25.00")
    result = export(marks_of(PLAIN[:1]), "canvas", theirs)
    assert any("Canvas has 25 points possible, hw2 has 30" in fault for fault in result.faults)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("Current Score", "read only"),
        ("SIS User ID", "identifies students"),
        ("Homework 9", "no column 'Homework 9'"),
    ],
)
def test_canvas_column_that_takes_no_points_is_refused(wanted: str, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        export(marks_of(), "canvas", form("canvas"), column=wanted)


def test_canvas_column_can_be_named() -> None:
    result = export(marks_of(), "canvas", form("canvas"), column="Homework 1 (881)")
    assert column(result.content, "Homework 1 (881)")[2:5] == ["1", "2", "3"]


def test_ilias_status_file_is_filled_and_marked_for_update() -> None:
    result = export(marks_of(PLAIN[:2]), "ilias", form("ilias-status"))
    assert column(result.content, "mark") == ["1", "2", ""]
    assert column(result.content, "update") == ["1", "1", "0"]
    assert unchanged_but(form("ilias-status"), result.content, "mark", "update")
    assert result.only_theirs == ("zoe",)


def test_ilias_needs_its_own_file_in_its_own_order() -> None:
    with pytest.raises(RecordError, match=r"status\.csv .*--roster"):
        export(marks_of(), "ilias")
    moved = form("ilias-status").replace(b'"update","usr_id"', b'"usr_id","update"')
    with pytest.raises(RecordError, match="by their order"):
        export(marks_of(), "ilias", moved)


def test_ilias_has_no_other_column_for_points() -> None:
    with pytest.raises(RecordError, match="leave out --column"):
        export(marks_of(), "ilias", form("ilias-status"), column="comment")


def test_the_command_offers_every_system() -> None:
    assert [each.value for each in System] == list(SYSTEMS)


def test_ilias_status_that_would_be_refused_is_told() -> None:
    theirs = form("ilias-status").replace(b'"Anna","notgraded"', b'"Anna","bestanden"')
    assert "anna has the status 'bestanden'" in export(marks_of(), "ilias", theirs).faults[0]


def test_gradescope_table_is_filled_with_items() -> None:
    result = export(marks_of(), "gradescope", form("gradescope"))
    assert column(result.content, "Total Score") == ["1", "2", "3"]
    assert column(result.content, "1: p1-rate (20.0 pts)") == ["1", "2", "3"]
    assert result.is_whole


def test_class_list_of_ones_own_gets_a_column() -> None:
    result = export(numbered(marks_of(PLAIN[:2])), "csv", form("class-list"))
    assert rows(result.content, ";") == [
        ["Matriculation number", "Name", "E-mail", "total"],
        ["24-100-001", "Müller, Anna", "anna.mueller@example.ch", "1"],
        ["24-100-002", "Nagy Béla", "bela@example.ch", "2"],
    ]


def test_without_a_roster_every_item_is_in_the_plain_file() -> None:
    header, anna, *_ = rows(export(marks_of(totals=[12.5, 0, 0]), "csv").content)
    assert dict(zip(header, anna, strict=True)) == {
        "student": "anna", "last_name": "Müller", "first_name": "Anna",
        "email": "anna.mueller@example.ch", "p1-rate": "12.5", "p1-proof": "0", "p2-extra": "0",
        "points": "12.5", "bonus": "0", "penalty": "0", "total": "12.5", "maximum": "30",
        "final": "yes", "open_items": "",
    }  # fmt: skip


def test_without_a_roster_canvas_and_moodle_get_a_small_file_of_ids() -> None:
    assert rows(export(marks_of(PLAIN[:1]), "canvas").content) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 2"],
        ["    Points Possible", "", "", "", "", "30"],
        ["Müller, Anna", "", "", "anna", "", "1"],
    ]
    assert rows(export(marks_of(PLAIN[:1]), "moodle").content) == [
        ["First name", "Last name", "ID number", "Email address", "Assignment: Homework 2 (Real)"],
        ["Anna", "Müller", "anna", "anna.mueller@example.ch", "1"],
    ]


# names made to break a file


def _moodle(people: Sequence[Person]) -> bytes:
    header = ("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade",
              "Last modified (grade)", "ID number")  # fmt: skip
    return write(
        header,
        [
            (f"Participant {n}", f"{p.first_name} {p.last_name}", p.email, "", "", "30", "-", p.id)
            for n, p in enumerate(people)
        ],
    )


def _canvas(people: Sequence[Person]) -> bytes:
    header = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 2 (1)")
    possible = ("    Points Possible", "", "", "", "", "30.00")
    body = [
        (f"{p.last_name}, {p.first_name}", n, p.id, p.email, "1", "") for n, p in enumerate(people)
    ]
    return write(header, [possible, *body])


def _ilias(people: Sequence[Person]) -> bytes:
    header = rows(form("ilias-status"))[0]
    body = [
        (0, n, p.id, p.last_name, p.first_name, "notgraded", "", "", "", "", "")
        for n, p in enumerate(people)
    ]
    return write(header, body)


def _gradescope(people: Sequence[Person]) -> bytes:
    header = ("First Name", "Last Name", "SID", "Email", "Total Score")
    return write(header, [(p.first_name, p.last_name, p.id, p.email, "") for p in people])


def _plain(people: Sequence[Person]) -> bytes:
    header = ("first", "last", "id", "email", "total")
    return write(header, [(p.first_name, p.last_name, p.id, p.email, "") for p in people])


ROSTERS: dict[str, tuple[Callable[[Sequence[Person]], bytes], str]] = {
    "csv": (_plain, "total"),
    "moodle": (_moodle, "Grade"),
    "canvas": (_canvas, "Homework 2 (1)"),
    "ilias": (_ilias, "mark"),
    "gradescope": (_gradescope, "Total Score"),
}

RUNS = re.compile(r"\s*[=+\-@＝＋－＠]")


def is_run(cell: str) -> bool:
    """Return whether a spreadsheet may interpret the cell as a formula with an effect."""
    bare = re.fullmatch(r"[\w.@+-]*", cell)  # a simple name has no effect
    return bool(RUNS.match(cell)) and not bare


def assert_nothing_runs(content: bytes) -> None:
    text = content.decode("utf-8-sig")
    for delimiter in ",;\t|":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            assert [cell for cell in row if is_run(cell)] == []


def test_the_check_itself_finds_what_runs() -> None:
    with pytest.raises(AssertionError):
        assert_nothing_runs(write(["a"], [["=1+1"]]))
    with pytest.raises(AssertionError):
        assert_nothing_runs(write(["a", "b"], [["x", 'y";=1+1;"']]))
    assert_nothing_runs(write(["a"], [["-1"]]))


def hostile_export(system: str) -> tuple[bytes, ExportedFile]:
    roster = ROSTERS[system][0](HOSTILE)
    return roster, export(marks_of(HOSTILE), system, roster)


@pytest.mark.parametrize("system", ROSTERS)
def test_nobody_is_lost_or_mixed_up_whatever_the_names(system: str) -> None:
    _, result = hostile_export(system)
    values = column(result.content, ROSTERS[system][1])[-len(HOSTILE) :]
    assert values == [str(n) for n in range(1, len(HOSTILE) + 1)]
    assert result.is_whole


@pytest.mark.parametrize("system", ROSTERS)
def test_no_name_runs_in_a_spreadsheet(system: str) -> None:
    roster, result = hostile_export(system)
    with pytest.raises(AssertionError):
        assert_nothing_runs(roster)
    assert_nothing_runs(result.content)


@pytest.mark.parametrize("system", ROSTERS)
def test_the_roster_comes_back_in_any_order_with_the_same_marks(system: str) -> None:
    make, points = ROSTERS[system]
    result = export(marks_of(HOSTILE), system, make(HOSTILE[::-1]))
    values = column(result.content, points)[-len(HOSTILE) :]
    assert values == [str(n) for n in range(len(HOSTILE), 0, -1)]


@pytest.mark.parametrize("system", sorted(set(SYSTEMS) - {"ilias"}))
def test_without_a_roster_names_do_no_harm_either(system: str) -> None:
    content = export(marks_of(HOSTILE), system).content
    assert_nothing_runs(content)
    header, *body = rows(content)
    body = [row for row in body if "Points Possible" not in row[0]]
    assert len(body) == len(HOSTILE)
    assert {len(row) for row in body} == {len(header)}
    for row, person in zip(body, HOSTILE, strict=True):
        assert person.id in [cell.removeprefix("'") for cell in row]


def test_number_or_id_at_the_start_of_a_row_begins_no_formula() -> None:
    people = (Person("-1", last_name="cmd|' /C calc'!A0"),)
    assert_nothing_runs(export(marks_of(people), "csv").content)
    assert_nothing_runs(export(marks_of(people), "csv", b"id,name\n-1,cmd|' /C calc'!A0\n").content)


def test_same_names_are_told_apart_by_their_ids() -> None:
    twins = HOSTILE[8:10]
    assert twins[0].last_name == twins[1].last_name
    for system, (make, points) in ROSTERS.items():
        result = export(marks_of(twins, [11, 22]), system, make(twins[::-1]))
        assert column(result.content, points)[-2:] == ["22", "11"]


def test_a_name_alone_never_finds_anybody() -> None:
    people = [replace(person, id=f"other-{person.id}", email="") for person in PLAIN]
    result = export(marks_of(people), "moodle", form("moodle-worksheet"))
    assert column(result.content, "Grade") == ["", "12.00", ""]
    assert len(result.only_theirs) == len(result.only_ours) == 3


# --- students in only one of the two lists --------------------------------------------------------


def test_who_is_missing_on_either_side_is_told_and_nobody_is_dropped() -> None:
    marks = marks_of((PLAIN[0], Person("ghost")))
    result = export(marks, "moodle", form("moodle-worksheet"))
    assert column(result.content, "Grade") == ["1", "12.00", ""]
    assert result.only_theirs == (
        "Participant 104712 (Béla Nagy)",
        "Participant 104713 (Zoë Zahnd)",
    )
    assert result.only_ours == ("ghost",)
    assert not result.is_whole


def test_row_that_may_be_two_students_is_left_alone() -> None:
    marks = marks_of((Person("anna"), Person("other", email="anna.mueller@example.ch")))
    result = export(marks, "gradescope", form("gradescope"))
    assert column(result.content, "Total Score")[0] == ""
    assert "matches several students (anna, other): no mark was written" in result.faults[0]


def test_student_in_two_rows_is_left_alone() -> None:
    theirs = form("gradescope") + b"Anna,M,anna,second@example.ch,,,,,,,,,,,\n"
    result = export(marks_of(), "gradescope", theirs)
    assert column(result.content, "Total Score") == ["", "2", "3", ""]
    assert "anna matches several rows" in result.faults[0]


def test_another_systems_number_is_not_taken_for_an_id_of_ours() -> None:
    people = (Person("5102"), Person("3302"), Person("104712"))
    for system, name in (
        ("canvas", "canvas"),
        ("ilias", "ilias-status"),
        ("moodle", "moodle-worksheet"),
    ):
        result = export(marks_of(people), system, form(name))
        assert result.only_ours == ("5102", "3302", "104712")


def test_letters_of_either_case_are_the_same_id() -> None:
    marks = marks_of((Person("ANNA"), Person("x", email="BELA@example.ch"), PLAIN[2]))
    assert export(marks, "gradescope", form("gradescope")).is_whole


# marks that are not final


@pytest.mark.parametrize("system", SYSTEMS)
def test_open_marks_are_refused(system: str) -> None:
    with pytest.raises(RecordError, match=r"1 marks are not final.*bela.*--partial"):
        export(marks_of(open_ones=["bela"]), system, None)


@pytest.mark.parametrize("system", ROSTERS)
def test_partial_export_leaves_the_cell_of_an_open_mark_as_it_was(system: str) -> None:
    make, points = ROSTERS[system]
    result = export(marks_of(open_ones=["bela"]), system, make(PLAIN), partial=True)
    assert column(result.content, points)[-3:] == ["1", "", "3"]
    assert result.left_open == ("bela",)
    assert result.is_whole


def test_partial_export_does_not_touch_a_grade_that_was_there() -> None:
    marks = marks_of(open_ones=["bela"])
    result = export(marks, "moodle", form("moodle-worksheet"), partial=True)
    assert column(result.content, "Grade") == ["1", "12.00", "3"]
    result = export(marks, "ilias", form("ilias-status"), partial=True)
    assert column(result.content, "update") == ["1", "0", "1"]


def test_partial_export_without_a_roster_has_no_mark_that_is_not_final() -> None:
    marks = marks_of(open_ones=["bela"])
    assert column(export(marks, "csv", partial=True).content, "total") == ["1", "", "3"]
    assert column(export(marks, "csv", partial=True).content, "p1-proof") == ["0", "", "0"]
    for system in ("moodle", "canvas"):
        assert b"bela" not in export(marks, system, partial=True).content


# files that are not rosters


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"PK\x03\x04...", "Excel"),
        ("Identifier;Grade\nMüller;\n".encode("latin-1"), "not UTF-8"),
        (b"a,b\n1,2,3\n", "row 1 below the roster's header has 3 cells, but the header has 2"),
        (b'a,b\n"1,2\n', "not a CSV file: line"),
        (b"a,b\n1,2\n", "no column 'Identifier', so it is not a file of Moodle"),
        (b"x" * 20_000_001, "larger than"),
    ],
)
def test_roster_that_is_no_class_list_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(RecordError, match=re.escape(words)):
        export(marks_of(), "moodle", content)


@pytest.mark.parametrize("system", ["csv", "canvas", "ilias", "gradescope"])
def test_file_of_another_system_is_refused(system: str) -> None:
    with pytest.raises(RecordError, match="the roster has no column"):
        export(marks_of(), system, b"Foo,Bar\n1,2\n")


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [b",", b";", b"\t"])
def test_file_keeps_its_separators_line_ends_and_mark(
    newline: bytes, mark: bytes, delimiter: bytes
) -> None:
    lines = [[b"id", b"total"], [b"anna", b""], [b"bela", b""], [b"zoe", b""]]
    theirs = mark + newline.join(delimiter.join(line) for line in lines) + newline
    result = export(marks_of(), "csv", theirs).content
    assert result == theirs.replace(b"anna" + delimiter, b"anna" + delimiter + b"1").replace(
        b"bela" + delimiter, b"bela" + delimiter + b"2"
    ).replace(b"zoe" + delimiter, b"zoe" + delimiter + b"3")


# cells


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (12.5, "12.5"), (30.0, "30"), (0.0, "0"), (-1.0, "-1"), (1 / 3, "0.33"), (2.675, "2.68"),
        (1.005, "1.01"), (100.0, "100"), (10.999, "11"), (1e-9, "0"), (-1e-9, "0"),
    ],
)  # fmt: skip
def test_points_are_written_as_a_person_would(value: float, shown: str) -> None:
    assert cells.points(value) == shown


@pytest.mark.parametrize("value", ["-1", "+1.5", "-0,5", "12", "-3 %", ".5"])
def test_numbers_stay_numbers(value: str) -> None:
    assert cells.text(value) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("\t=1", "' =1"),
        ("-1+2", "'-1+2"),
        ("a;=1", "a;'=1"),
        ("Müller-Meier", "Müller-Meier"),
        ("a\nb", "a b"),
        ("–", "–"),
    ],
)
def test_texts_are_one_line_that_is_no_formula(value: str, shown: str) -> None:
    assert cells.text(value) == shown


def test_identifiers_stay_unless_they_could_run() -> None:
    assert cells.identifier("-anna@example.ch") == "-anna@example.ch"
    assert cells.identifier("=cmd|'x'!A0") == "'=cmd|'x'!A0"
