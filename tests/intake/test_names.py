"""No student can submit work for another by a name: of an account, a folder, a file or a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.errors import SubmissionError
from autograder.submission.intake import choosing
from autograder.submission.intake.roster import Roster
from autograder.submission.intake.run import Intake

from .conftest import NAME, PROBLEM, Take, archive, notebook, placed, saved

GOOD = notebook("hers")
FILE = f"{PROBLEM}.ipynb"
MARK = "_assignsubmission_file_"
ANNA, BOB = "Anna Meier", "Bob Müller"
ROWS = "student,name,login,number\nanna,Anna Meier,ameier,12\nbob,Bob Müller,bmuel,13\n"
NO_NUMBERS = "student,name\nanna,Anna Meier\nbob,Bob Müller\n"


def students(course: Course) -> set[str]:
    return {key.partition("/")[0] for key in placed(course)}


def given(take: Take, tmp_path: Path, names: Iterable[str], rows: str = "") -> Intake:
    """Return the result of an intake of an archive with notebooks of these names."""
    files = {name: notebook(str(number)) for number, name in enumerate(names)}
    return take(saved(tmp_path, "m.zip", archive(files)), rows=rows)


def told(result: Intake) -> str:
    """Return the reasons for skipped files that a person should check."""
    files = [*result.unknown_senders, *(file for file in result.left_out if file.matters)]
    return " ".join(f"{file.where} {file.why}" for file in files)


# --- Moodle --------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["_", ""])
@pytest.mark.parametrize("rows", [ROWS, ""])
def test_folder_of_moodle_is_read_from_the_right(
    rows: str, end: str, course: Course, take: Take, tmp_path: Path
) -> None:
    evil = f"{ANNA}_12{MARK}13_assignsubmission_file{end}"
    given(take, tmp_path, [f"{evil}/{FILE}", f"Cleo_14_assignsubmission_file{end}/{FILE}"], rows)
    assert "anna" not in students(course)
    assert ("bob" in students(course)) if rows else ("Anna-Meier" not in students(course))


TWO_READINGS = {
    "a number in the file's name": f"{ANNA}_12{MARK}{BOB}_13{MARK}{FILE}",
    "nothing but a number": f"{ANNA}_12{MARK}x_13{MARK}{FILE}",
    "three numbers": f"{ANNA}_12{MARK}x_13{MARK}y_14{MARK}{FILE}",
    "a text that was typed": f"{ANNA}_12_assignsubmission_onlinetext_x_13{MARK}{FILE}",
    "a folder of the student's": f"{ANNA}_12{MARK}{BOB}_13{MARK}/{FILE}",
    "a folder's name, then a file's": f"{ANNA}_12{MARK}sub_13{MARK}x/{FILE}",
    "Canvas": f"meieranna_12_13_14_{FILE}",
    "Canvas, in the file's name": f"meieranna_12_7_hw_13_8_{FILE}",
    "Canvas, late": f"meieranna_LATE_12_7_mullerbob_LATE_13_8_{FILE}",
    "ILIAS, a long login": f"Abgaben/Evil_Eve_x_ameier_4713/{FILE}",
    "ILIAS, a long name": f"Abgaben/Evil_Eve_bmuel_ameier_4713/{FILE}",
}
PLAIN = {
    "M": f"Cleo Weiß_15{MARK}{FILE}",
    "C": f"weisscleo_15_16_{FILE}",
    "I": f"Abgaben/Weiß_Cleo_cweiss_15/{FILE}",
}


def with_others(way: str, name: str) -> list[str]:
    """Return one student's file name, and another student's name in the same kind of export."""
    return [name, PLAIN[way[0] if way[0] in "CI" else "M"]]


@pytest.mark.parametrize("way", TWO_READINGS)
@pytest.mark.parametrize("rows", ["", NO_NUMBERS, ROWS], ids=["no list", "names", "numbers"])
def test_name_with_two_readings_is_nobodys(
    way: str, rows: str, course: Course, take: Take, tmp_path: Path
) -> None:
    result = given(take, tmp_path, with_others(way, TWO_READINGS[way]), rows)
    assert students(course) <= {"Cleo-Weiß", "weisscleo", "cweiss"}
    assert students(course) or rows, "who is beyond doubt is taken"
    assert "more than one way" in told(result)
    assert "--student" in told(result)
    assert not result.is_clean


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        (f"{ANNA}_12{MARK}{BOB}_13{MARK}{FILE}", "anna"),
        (f"x_99{MARK}y_12{MARK}{FILE}", "anna"),
        (f"meieranna_12_7_2024_1_{FILE}", "anna"),
        (f"meieranna_9_12_7_{FILE}", "anna"),
        (f"Abgaben/Meier_Anna_am_17_12/{FILE}", "anna"),
        (f"Abgaben/Meier_Anna Eva_a_meier_99/{FILE}", "anna"),
    ],
)
def test_list_settles_a_name_if_it_knows_one_reading_by_its_number(
    name: str, whose: str, course: Course, take: Take, tmp_path: Path
) -> None:
    rows = "student,first name,last name,login,number\nanna,Anna,Meier,a_meier,12\n"
    rows = rows.replace("Anna,Meier", "Anna Eva,Meier") if "Eva" in name else rows
    given(take, tmp_path, [name], rows)
    assert students(course) == {whose}


def test_grading_worksheet_of_moodle_tells_numbers(
    course: Course, take: Take, tmp_path: Path
) -> None:
    rows = "student,Identifier,Full name\nanna,Participant 12,Anna Meier\n"
    given(take, tmp_path, [f"x_99{MARK}y_12{MARK}{FILE}"], rows)
    assert students(course) == {"anna"}


@pytest.mark.parametrize("mark", [f"_13{MARK}", f"_13{MARK}/", f"_13{MARK}x/"])
@pytest.mark.parametrize("above", ["bob", "Bob Müller_13_x", f"{BOB}_77{MARK}", "a/b", "hw2"])
@pytest.mark.parametrize("rows", ["", ROWS], ids=["no list", "list"])
def test_separators_in_a_display_name_make_nobody_else_a_sender(
    rows: str, above: str, mark: str, course: Course, take: Take, tmp_path: Path
) -> None:
    if above.startswith(BOB) and rows:
        rows = rows.replace("13", "77") + "eve,Eve,eve,13\n"
    evil = f"{above}\\Eve{mark}{FILE}"
    other = f"{ANNA}_12{mark.replace('_13', '')}{FILE}"
    given(take, tmp_path, [evil, other], rows)
    assert not students(course) & {"bob", "Bob-Müller", "b", "a"}


def test_file_that_is_left_out_costs_nobody_else_a_place(
    course: Course, take: Take, tmp_path: Path
) -> None:
    names = [f"x/Eve_13{MARK}/{FILE}", f"{ANNA}_12{MARK}/{FILE}", f"{BOB}_14{MARK}/{FILE}"]
    result = given(take, tmp_path, names)
    assert students(course) == {"Anna-Meier", "Bob-Müller"}
    assert "not named as Moodle names folders" in told(result)


# --- numbers and names that look similar ----------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        f"Eve_１２{MARK}/{FILE}",
        f"Eve_١٢{MARK}/{FILE}",
        f"Eve_¹²{MARK}/{FILE}",
        f"eve_１２_7_{FILE}",
        f"Abgaben/Evil_Eve_eve_１２/{FILE}",
        f"Abgaben/Evil_Eve_ａmeier_99/{FILE}",
        f"Abgaben/Evil_Eve_a.meier_99/{FILE}",
        f"Abgaben/Evil_Eve_ámeier_99/{FILE}",
        f"Abgaben/Evil_Eve_a-meier_99/{FILE}",
        f"Abgaben/Evil_Eve_ameıer_99/{FILE}",
    ],
)
def test_numbers_and_logins_are_taken_letter_by_letter(
    name: str, course: Course, take: Take, tmp_path: Path
) -> None:
    result = given(take, tmp_path, [name], ROWS)
    assert students(course) == set()
    assert not result.is_clean


@pytest.mark.parametrize(
    "name", ["Anna Meier", "ANNA MEIER", "Ánna Meíer", "Ａnna Meier", "Meier, Anna"]
)
@pytest.mark.parametrize("rows", [NO_NUMBERS, ROWS])
def test_two_of_one_name_are_nobody_unless_a_number_tells(
    rows: str, name: str, course: Course, take: Take, tmp_path: Path
) -> None:
    result = given(take, tmp_path, [f"{ANNA}_12{MARK}/{FILE}", f"{name}_99{MARK}/{FILE}"], rows)
    assert students(course) == ({"anna"} if rows == ROWS else set())
    for path, content in placed(course).items():
        assert path.endswith("timestamp.txt") or content == notebook("0"), "not the other's"
    assert "number" in told(result)


def test_name_alone_makes_nobody_a_student_whose_number_is_known(
    course: Course, take: Take, tmp_path: Path
) -> None:
    result = given(take, tmp_path, [f"{ANNA}_99{MARK}/{FILE}", f"{BOB}_13{MARK}/{FILE}"], ROWS)
    assert students(course) == {"bob"}
    assert "the number is a different one" in told(result)


@pytest.mark.parametrize("twin", ["Anna", "ＡＮＮＡ", "ﬀanna"])
def test_list_has_no_two_students_whom_a_disk_takes_for_one(twin: str, tmp_path: Path) -> None:
    first = "ffanna" if twin == "ﬀanna" else "anna"
    path = saved(tmp_path, "s.csv", f"student\n{first}\n{twin}\n".encode())
    with pytest.raises(SubmissionError, match="twice"):
        Roster.read(path)


# --- Gradescope ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    name: str
    sid: str
    email: str

    def __str__(self) -> str:
        return f"  - :name: {self.name}\n    :sid: '{self.sid}'\n    :email: {self.email}\n"


GRADES = (
    "student,name,email,number\nanna,Anna Meier,anna@example.org,24-1\n"
    "bob,Bob Müller,bob@example.org,24-2\n"
)


@pytest.mark.parametrize(
    "person",
    [
        Person("Eve", "24-1", "bob@example.org"),
        Person("Bob Müller", "24-1", "eve@example.org"),
        Person("Anna Meier", "24-2", "eve@example.org"),
        Person("Eve", "24-2", "anna@example.org"),
        Person("Eve", "", "an.na@example.org"),
        Person("Eve", "", "anna@exam-ple.org"),
        Person("Eve", "", "ａnna@example.org"),
        Person("Eve", "", "ánna@example.org"),
        Person("Eve", "２４１", "eve@example.org"),
        Person("Eve", "anna-", "eve@example.org"),
    ],
    ids=str,
)
def test_submitters_of_gradescope_are_one_person_each(
    person: Person, course: Course, take: Take, tmp_path: Path
) -> None:
    about = f"---\nsubmission_1:\n  :submitters:\n{person}"
    files = {
        "a/submission_metadata.yml": about.encode(),
        f"a/submission_1/{FILE}": GOOD,
    }
    result = take(saved(tmp_path, "g.zip", archive(files)), rows=GRADES)
    assert students(course) == set()
    assert not result.is_clean


def metadata(name: str) -> bytes:
    return f"---\nsubmission_5:\n  :submitters:\n{Person(name, '', 'bob@example.org')}".encode()


OWN_EXPORT = {
    "a list of Gradescope's": {
        "submission_metadata.yml": metadata(BOB),
        f"submission_5/{FILE}": GOOD,
    },
    "folders of ILIAS": {f"Submissions/Müller_Bob_bmuel_13/{FILE}": GOOD},
    "multi-feedback of ILIAS": {f"multi_feedback/Müller_Bob_bmuel_13/{FILE}": GOOD},
    "folders of Moodle": {f"{BOB}_13{MARK}/{FILE}": GOOD},
    "folders of a class": {f"bob/{NAME}/{FILE}": GOOD},
    "files of Canvas": {f"mullerbob_13_7_{FILE}": GOOD},
}


@pytest.mark.parametrize("own", OWN_EXPORT)
@pytest.mark.parametrize("below", ["", f"{NAME}/"])
@pytest.mark.parametrize("others", [True, False])
def test_export_within_a_students_folder_is_the_students(
    others: bool, below: str, own: str, course: Course, take: Take, tmp_path: Path
) -> None:
    files = {f"class/anna/{below}{name}": content for name, content in OWN_EXPORT[own].items()}
    if others:
        files |= {f"class/cleo/{below}{FILE}": GOOD, f"class/dan/{below}{FILE}": GOOD}
    take(saved(tmp_path, "m.zip", archive(files)), rows=f"{ROWS}cleo,C,cleo,1\ndan,D,dan,2\n")
    assert "bob" not in students(course)
    if others:
        assert {"cleo", "dan"} <= students(course)


# --- lists of students ---------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_no_sign_in_a_name_begins_a_row(sign: str, tmp_path: Path) -> None:
    text = f"student,name,number\nanna,Anna,12\neve,Eve{sign}bob,13\n"
    roster = Roster.read(saved(tmp_path, "s.csv", text.encode()))
    assert tuple(roster.people) == ("anna", "eve")
    assert all(value.isprintable() for known in roster.people.values() for value in known.values())


HOSTILE_LISTS = {
    "bytes": b"\xff\xfe\x00student",
    "NUL": b"student\nan\0na\n",
    "an open quote": b'student,name\nanna,"Anna\nbob,Bob\n' + b"x" * 200_000,
    "no column": "\x1b[2J[/red],\u202ename\nx,y\n".encode(),
    "a path": b"student\n../../etc\n",
    "an escape": b"student\n\x1b[2J\n",
    "no name": b"student,name\n,Anna\n",
    "a formula": b"student\n=cmd|' /C calc'!A0\n",
    "a device": b"student\nCON\n",
    "twice": b"student\nanna\nANNA\n",
    "an archive": b"PK\x03\x04" + bytes(range(256)),
    "nothing": b"",
}


@pytest.mark.parametrize("content", HOSTILE_LISTS.values(), ids=HOSTILE_LISTS)
def test_hostile_list_is_refused_in_words(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(SubmissionError) as caught:
        Roster.read(saved(tmp_path, "s.csv", content))
    assert len(str(caught.value)) < 1_000


def test_endless_list_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    with path.open("wb") as file:
        file.truncate(10**9)
    with pytest.raises(SubmissionError, match="larger"):
        Roster.read(path)


def test_earlier_submission_is_not_replaced_by_a_name_that_has_two_readings(
    course: Course, take: Take, tmp_path: Path
) -> None:
    given(take, tmp_path, [f"{ANNA}_12{MARK}{FILE}"], ROWS)
    before = placed(course)
    later = archive({f"{ANNA}_12{MARK}{BOB}_13{MARK}{FILE}": GOOD}, (2024, 12, 1, 1, 1, 1))
    take(saved(tmp_path, "later.zip", later), rows=ROWS, replace=True)
    assert placed(course) == before


def test_clock_that_goes_backwards_loses_no_submission(
    course: Course, take: Take, tmp_path: Path
) -> None:
    """If a later export contains older files, these files go to `.earlier`."""
    name = f"{ANNA}_12{MARK}/{FILE}"
    take(saved(tmp_path, "a.zip", archive({name: GOOD})), rows=ROWS)
    before = placed(course)
    older = archive({name: notebook("older")}, (2024, 11, 1, 1, 1, 1))
    result = take(saved(tmp_path, "b.zip", older), rows=ROWS)
    assert placed(course) == before
    assert [each.state for each in result.taken] == ["older"]
    kept = list((course.root / "submitted" / ".earlier").rglob(FILE))
    assert [path.read_bytes() for path in kept] == [notebook("older")]


def test_clock_that_went_back_is_asked_about(
    course: Course, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times in the future are ignored with a warning, because they would hide late work."""
    monkeypatch.setattr(choosing, "datetime", Yesteryear)
    take_result = take(saved(tmp_path, "a.zip", archive({f"{ANNA}_12{MARK}/{FILE}": GOOD})))
    [anna] = take_result.taken
    assert anna.time is None
    assert "Is the clock of this machine right?" in " ".join(anna.notes)
    assert f"Anna-Meier/{NAME}/{FILE}" in placed(course)


class Yesteryear(datetime):
    """A clock that is years behind the real time."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Yesteryear:
        return cls(2010, 1, 1, tzinfo=tz)


@pytest.mark.parametrize("around", ["", "week 6/"])
def test_notebook_beside_the_folders_of_a_class_makes_the_class_no_student(
    around: str, course: Course, take: Take, tmp_path: Path
) -> None:
    """A model answer beside the students' folders; or one student with folders of old copies."""
    files = {f"{around}{who}/{PROBLEM}.ipynb": notebook(who) for who in ("anna", "bela")}
    path = saved(tmp_path, "class.zip", archive({**files, f"{around}{PROBLEM}.ipynb": b"{}"}))
    result = take(path)
    assert placed(course) == {}
    assert len(result.left_out) == 3
    assert all("add --student NAME" in file.why and file.matters for file in result.left_out)
    take(path, student="cleo")
    assert {key.partition("/")[0] for key in placed(course)} == {"cleo"}
    one = {f"old/{PROBLEM}.ipynb": notebook("old"), f"{PROBLEM}.ipynb": notebook("new")}
    take(saved(tmp_path, "dan.zip", archive(one)))
    take(
        saved(tmp_path, "e.zip", archive({f"eva/{NAME}/{k}": v for k, v in (one | files).items()}))
    )
    assert {key.partition("/")[0] for key in placed(course)} == {"cleo", "dan", "eva"}
