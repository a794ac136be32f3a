"""Nobody gets two folders: an intake finds known people again, or asks if a person may be known."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.gradebook.backup import backup_folder
from autograder.gradebook.people import keep_people, known_people
from autograder.submission.intake.known import KnownPeople, KnownPerson
from autograder.submission.intake.platforms import Sender
from autograder.submission.intake.roster import Roster
from autograder.submission.intake.worksheets import read_groups

from .conftest import NAME, PROBLEM, Take, archive, notebook, placed, saved

FILE = f"{PROBLEM}.ipynb"
MARK = "_assignsubmission_file_"
WORK = notebook("work")
JANE = KnownPerson(
    "jane1", ("Jane Doe",), ("jane.doe@uni.example.org", "1001", "jdoe"), (("moodle hw2", "77"),)
)
ZOE = KnownPerson("zoe", ("Zoë Müller",), ("zoe@uni.example.org", "1002"))
PEOPLE = (JANE, ZOE)


def students(course: Course) -> set[str]:
    return {key.partition("/")[0] for key in placed(course)}


def moodle(tmp_path: Path, *names: str) -> Path:
    return saved(tmp_path, "m.zip", archive({f"{name}{MARK}/{FILE}": WORK for name in names}))


FOUND = {
    "number": Sender("canvas", "", ("1001",), ("doejane",)),
    "number, without a name": Sender("gradescope", "", ("1001",)),
    "number, in blind marking": Sender("moodle", "", ("1001",), ("Participant",)),
    "number, in German": Sender("moodle", "", ("1001",), ("Teilnehmer_in 1001",)),
    "login": Sender("ilias", "", ("jdoe", "4711"), ("Doe Jane",)),
    "address": Sender("gradescope", "", ("x9", "Jane.Doe@uni.example.org"), ("Jane D.",)),
    "account, with another name": Sender("moodle", "", ("77",), ("Jane Smith",)),
    "longer name": Sender("ilias", "", ("jdoe", "4711"), ("Doe-Smith Jane Mary",)),
}


@pytest.mark.parametrize("sender", FOUND.values(), ids=FOUND)
def test_person_is_found_by_any_number_login_or_address(sender: Sender) -> None:
    homework = "hw2" if "77" in sender.ids else "hw3"
    assert KnownPeople(PEOPLE).find(sender, homework) == "jane1"


DOUBTS = {
    "same name": Sender("moodle", "", ("5",), ("Jane Doe",)),
    "name in another order": Sender("ilias", "", ("x1234", "5"), ("Doe, Jane",)),
    "name in one word": Sender("canvas", "", ("5",), ("doejane",)),
    "middle name": Sender("moodle", "", ("5",), ("Jane Mary Doe",)),
    "number of another name": Sender("canvas", "", ("1001",), ("neuotto",)),
    "number with zeros": Sender("canvas", "", ("0001001",), ("neuotto",)),
    "number in wide digits": Sender("canvas", "", ("１００１",), ("neuotto",)),
    "login in capitals": Sender("ilias", "", ("JDOE", "5"), ("Neu Otto",)),
    "login with a dot": Sender("ilias", "", ("j.doe", "5"), ("Neu Otto",)),
    "address of another part": Sender("gradescope", "", ("jane.doe@example.org",), ("J. D.",)),
    "address without the dot": Sender("gradescope", "", ("janedoe@uni.example.org",), ("J. D.",)),
    "address with a tag": Sender("gradescope", "", ("jane.doe+hw@uni.example.org",), ("J. D.",)),
    "login of the address": Sender("ilias", "", ("jane.doe", "5"), ("Neu Otto",)),
    "login before an @": Sender("gradescope", "", ("jdoe@other.example.com",), ("J. D.",)),
    "folder's name": Sender("folders", "", ("Jane Doe",), ("Jane Doe",)),
    "folder's name with dashes": Sender("folders", "", ("Jane-Doe-1001",), ("Jane-Doe-1001",)),
}


@pytest.mark.parametrize("sender", DOUBTS.values(), ids=DOUBTS)
def test_another_writing_is_a_doubt(sender: Sender) -> None:
    known = KnownPeople(PEOPLE)
    assert known.find(sender, "hw2") == ""
    assert "jane1" in known.doubt(sender, "hw2")


@pytest.mark.parametrize(
    "name", ["Zoe Mueller", "ZOE MÜLLER", "Muller Zoë", "Zoe\u0308 Mu\u0308ller"]
)
def test_umlauts_have_several_spellings(name: str) -> None:
    assert "zoe" in KnownPeople(PEOPLE).doubt(Sender("moodle", "", ("5",), (name,)), "hw2")


STRANGERS = {
    "a name with common particles": Sender("moodle", "", ("5",), ("Jane von der Doe-Leyen",)),
    "the same first name": Sender("moodle", "", ("5",), ("Jane Austen",)),
    "a short number": Sender("canvas", "", ("1",), ("neuotto",)),
    "the same word before another @": Sender("gradescope", "", ("jane.doe@example.com",), ("J.",)),
    "blind": Sender("moodle", "", ("78",), ("Participant",)),
}


@pytest.mark.parametrize("sender", STRANGERS.values(), ids=STRANGERS)
def test_other_people_are_no_doubt(sender: Sender) -> None:
    assert KnownPeople(PEOPLE).doubt(sender, "hw2") == ""


def test_numbers_of_moodle_belong_to_one_homework() -> None:
    sender = Sender("moodle", "", ("77",), ("Otto Neu",))
    assert KnownPeople(PEOPLE).find(sender, "hw3") == ""
    assert KnownPeople(PEOPLE).doubt(sender, "hw3") == ""


def test_doubt_makes_no_folder_and_the_rest_goes_on(
    course: Course, take: Take, tmp_path: Path
) -> None:
    export = moodle(tmp_path, "Jane Doe_5", "Zoë Müller_1002", "Otto Neu_6")
    result = take(export, people=PEOPLE)
    assert students(course) == {"zoe", "Otto-Neu"}
    (unknown,) = result.unknown_senders
    assert "may be jane1" in unknown.why
    assert "the same name" in unknown.why
    assert "--new" in unknown.why
    assert not result.is_clean
    take(export, people=PEOPLE, new=True)
    assert students(course) == {"zoe", "Otto-Neu", "Jane-Doe"}
    take(export, people=PEOPLE)
    assert students(course) == {"zoe", "Otto-Neu", "Jane-Doe"}, "again changes nothing"


def test_list_after_an_intake_without_one_makes_no_second_folder(
    course: Course, take: Take, tmp_path: Path
) -> None:
    export = moodle(tmp_path, "Jane Doe_1001", "Jane Doe_1008", "Zoë Müller_1002")
    take(export)
    before = placed(course)
    rows = "student,name,number\njane1,Jane Doe,1001\njane2,Jane Doe,1008\nzoe,Zoë Müller,1002\n"
    result = take(export, rows=rows)
    assert placed(course) == before
    assert set(result.doubts) == {"jane1", "jane2", "zoe"}
    assert "Jane-Doe-1001" in result.doubts["jane1"]
    fitting = rows.replace("jane1,", "Jane-Doe-1001,").replace("jane2,", "Jane-Doe-1008,")
    result = take(export, rows=fitting.replace("zoe,", "Zoë-Müller,"))
    assert not result.doubts
    assert placed(course) == before
    take(export, rows=rows, new=True)
    assert students(course) >= {"jane1", "jane2", "zoe"}


def test_late_twin_does_not_get_the_other_twins_folder(
    course: Course, take: Take, tmp_path: Path
) -> None:
    people = [KnownPerson("Jane-Doe", accounts=(("moodle hw2", "1001"),))]
    take(moodle(tmp_path, "Jane Doe_1001"), people=people)
    late = moodle(tmp_path, "Jane Doe_1008")
    result = take(late, people=people)
    assert students(course) == {"Jane-Doe"}
    assert "may be Jane-Doe" in result.unknown_senders[0].why
    take(late, people=people, new=True)
    assert students(course) == {"Jane-Doe", "Jane-Doe-1008"}
    result = take(moodle(tmp_path, "Jane Doe_1001", "Jane Doe_1008"), people=people)
    assert students(course) == {"Jane-Doe", "Jane-Doe-1008"}
    assert [each.state for each in result.taken] == ["unchanged", "unchanged"]


OTHER_LISTS = {
    "same number": "student,number\njdoe2,1001\n",
    "number with zeros": "student,number\njdoe2,001001\n",
    "same name": 'student,name\njdoe2,"Doe, Jane"\n',
    "first and last name": "student,Vorname,Nachname\njdoe2,Jane,Doe\n",
    "same address": "student,mail\njdoe2,Jane.Doe@uni.example.org\n",
    "same login": "student,login\njdoe2,jdoe\n",
    "the name in capitals": "student,name\nJANE1,x y\n",
}


@pytest.mark.parametrize("rows", OTHER_LISTS.values(), ids=OTHER_LISTS)
def test_another_list_makes_no_second_folder(
    rows: str, course: Course, take: Take, tmp_path: Path
) -> None:
    result = take(moodle(tmp_path, "Jane Doe_1001", "Zoë Müller_1002"), rows=rows, people=PEOPLE)
    assert not students(course) & {"jdoe2", "JANE1"}
    assert "jane1" in "".join(result.doubts.values())
    assert "zoe" in students(course), "who is missing from the list is found in the gradebook"


def test_list_tells_its_own_people_apart(course: Course, take: Take, tmp_path: Path) -> None:
    rows = "student,name,number\njane1,Jane Doe,1001\njane2,Jane Doe,1008\n"
    result = take(moodle(tmp_path, "Jane Doe_1008"), rows=rows, people=PEOPLE)
    assert students(course) == {"jane2"}
    assert not result.doubts


@pytest.mark.parametrize("name", ["Jane-Doe", "jdoe", "JANE1", "jane.doe@uni.example.org", "1001"])
def test_name_on_the_command_line_is_asked_about(
    name: str, course: Course, take: Take, tmp_path: Path
) -> None:
    path = saved(tmp_path, "x.zip", archive({FILE: WORK}))
    result = take(path, student=name, people=PEOPLE)
    assert students(course) == set()
    assert "may be jane1" in result.unknown_senders[0].why
    take(path, student=name, people=PEOPLE, new=True)
    assert students(course) == {name}


def test_another_form_of_the_list_is_the_same_list(tmp_path: Path) -> None:
    rows = "student;name;number\nzoe;Zoë Müller;1002\nrene;René Núñez;7\n"
    expected = Roster.read(saved(tmp_path, "u.csv", rows.encode())).people
    tabs = rows.replace(";", "\t")
    for name, content in {
        "cp1252": rows.encode("cp1252"),
        "UTF-16": tabs.encode("utf-16"),
        "UTF-16 without a mark": tabs.encode("utf-16-le"),
        "UTF-8 with a mark": rows.encode("utf-8-sig"),
        "sep=": f"sep=;\r\n{rows}".encode("cp1252"),
        "blank rows": f"{rows};;\n\n".encode(),
        "short rows": rows.replace(";7", "").encode(),
    }.items():
        roster = Roster.read(saved(tmp_path, "l.csv", content))
        assert roster.people["zoe"] == expected["zoe"], name
        assert bool(roster.note) == (b"Zo\xeb M\xfc" in content), "a guess is told, with samples"


def test_gradebook_keeps_what_finds_people_again(course: Course, tmp_path: Path) -> None:
    export = moodle(tmp_path, "Jane Doe_1001", "Participant_1009")
    rows = "student,name,number,login,seat\njane1,Jane Doe,1001,jdoe,5\nann9,Ann Nine,1009,an9,5\n"
    listed = saved(tmp_path, "list.csv", rows.encode())
    command = ["intake", NAME, str(export), "--course", str(course.root)]
    run = CliRunner().invoke(app, [*command, "--students", str(listed)])
    assert run.exit_code == 0, run.output
    before = placed(course)
    known = {person.student: person for person in known_people(course)}
    assert known["jane1"] == KnownPerson(
        "jane1", ("Jane Doe",), ("1001", "jdoe"), (("moodle hw2", "1001"),)
    )
    run = CliRunner().invoke(app, command)
    assert run.exit_code == 0, run.output
    assert placed(course) == before
    ilias = saved(tmp_path, "i.zip", archive({f"HW/Abgaben/Nine_Ann_an9_4711/{FILE}": WORK}))
    run = CliRunner().invoke(app, ["intake", NAME, str(ilias), "--course", str(course.root)])
    assert run.exit_code == 0, run.output
    assert placed(course) == before
    keep_people(course, {}, {"ann9": [("ilias", "4711"), ("ilias", "4711")]})
    known = {person.student: person for person in known_people(course)}
    assert set(known["ann9"].accounts) == {
        ("moodle hw2", "1009"),
        ("ilias", "an9"),
        ("ilias", "4711"),
    }
    other = saved(tmp_path, "other.csv", b"student,name,number\nannn,Ann Nine,1009\n")
    run = CliRunner().invoke(app, [*command, "--students", str(other)])
    assert run.exit_code == 1
    assert placed(course) == before
    assert "annn may be ann9" in run.output
    assert "annn" not in {person.student for person in known_people(course)}
    course.gradebook.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    run = CliRunner().invoke(app, command)
    assert run.exit_code == 2
    assert "gradebook" in run.output
    assert "Traceback" not in run.output


@pytest.mark.parametrize("name", ["Team A_17_assignsubmission_file/", "teama_17_1001_"])
def test_group_that_was_taken_in_makes_no_folder_of_its_own(
    name: str, course: Course, take: Take, tmp_path: Path
) -> None:
    export = saved(tmp_path, "m.zip", archive({f"{name}{FILE}": WORK}))
    text = b"group,student\nTeam A,anna\nTeam A,bob\n"
    groups = read_groups(saved(tmp_path, "groups.csv", text), course.timezone)
    first = take(export, groups=groups)
    people = [KnownPerson(who, (), (), tuple(each)) for who, each in first.accounts.items()]
    before = placed(course)
    assert students(course) == {"anna", "bob"}
    (unknown,) = take(export, people=people).unknown_senders
    assert "anna or bob" in unknown.why
    assert "--groups" in unknown.why
    assert placed(course) == before
    joined = saved(tmp_path, "groups.csv", text + b"Team A,dan\n")
    take(export, people=people, groups=read_groups(joined, course.timezone))
    assert students(course) == {"anna", "bob", "dan"}
    take(export, people=people, new=True)
    assert len(students(course)) == 4


def test_nobody_gets_a_folder_while_the_gradebook_is_lost(course: Course, tmp_path: Path) -> None:
    """A new gradebook would know nobody, so everybody would get a second folder."""
    command = ["intake", NAME, "--course", str(course.root)]
    run = CliRunner().invoke(app, [*command, str(moodle(tmp_path, "Jane Doe_1001"))])
    assert run.exit_code == 0, run.output
    before = placed(course)
    copy = backup_folder(course.gradebook) / "gradebook-1.db"
    copy.parent.mkdir(exist_ok=True)
    course.gradebook.rename(copy)
    run = CliRunner().invoke(app, [*command, str(moodle(tmp_path, "J. Doe_1001", "Bob_7"))])
    assert run.exit_code == 2
    assert "fdl restore" in " ".join(run.output.split())
    assert placed(course) == before
