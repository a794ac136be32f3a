"""Feedback goes back to the right people, in files that the platforms accept by their own rules."""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from autograder.errors import RecordError
from autograder.exports import export
from autograder.exports.handback import SYSTEMS, HandBack, hand_back
from autograder.gradebook.marks import Marks, Person

from . import importers
from .importers import Received, export_of
from .people import HOSTILE, PLAIN, marks_of
from .test_everybody import with_absent
from .test_exports import ROSTERS, column, form
from .worksheets import LANGUAGES, NUMBER, Language, worksheet

FILE = "hw2-feedback.html"
NUMBERED = {NUMBER + place: person.id for place, person in enumerate(PLAIN)}
ILIAS = {3301: "anna", 3302: "bela", 3303: "zoe"}
TOP = "multi_feedback_Homework_2_12"
in_each_language = pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out" / "feedback.zip"


def pages(tmp_path: Path, people: Sequence[Person] = PLAIN) -> dict[str, Path]:
    """Write a page for each person, which says whose it is."""
    found = {}
    for number, person in enumerate(people):
        found[person.id] = tmp_path / f"page-{number}.html"
        found[person.id].write_text(page(person.id), encoding="utf-8")
    return found


def page(student: str) -> str:
    return f"<!DOCTYPE html><p>feedback for {student!r}"


def everybodys(people: Sequence[str]) -> Received:
    """Return what people should receive: everybody the own page."""
    return {student: {FILE: page(student).encode()} for student in people}


def written(tmp_path: Path, content: bytes, name: str = "roster.csv") -> Path:
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def packed(
    tmp_path: Path, system: str, roster: Path, target: Path, marks: Marks | None = None
) -> HandBack:
    marks = marks or marks_of()
    people = [each.person for each in marks.students.values()]
    return hand_back(marks, pages(tmp_path, people), system, roster, target)


# --- Moodle ---------------------------------------------------------------------------------------


def test_every_platform_of_the_list_is_tested() -> None:
    assert set(SYSTEMS) == {"moodle", "ilias", "canvas"}


@in_each_language
@pytest.mark.parametrize("text", [False, True])
def test_moodle_takes_feedback_by_the_worksheet(
    words: Language, text: bool, tmp_path: Path, target: Path
) -> None:
    roster = written(tmp_path, worksheet(PLAIN, words, text=text, workflow=text))
    result = packed(tmp_path, "moodle", roster, target)
    assert importers.moodle(target, NUMBERED) == everybodys(["anna", "bela", "zoe"])
    assert (result.packed, result.state) == (("anna", "bela", "zoe"), "new")
    assert not result.only_ours + result.only_theirs + result.faults


MOODLE_NAMES = {
    "4.1 and later": ("{0}_{1}_assignsubmission_file/hw2.zip",),
    "3.1 to 4.0": ("{0}_{1}_assignsubmission_file_/problem1.ipynb",),
    "with folders": ("{0}_{1}_assignsubmission_file_/", "{0}_{1}_assignsubmission_file_/a/b.ipynb"),
    "not in folders": ("{0}_{1}_assignsubmission_file_hw2.zip",),
    "text online": ("{0}_{1}_assignsubmission_onlinetext_/onlinetext.html",),
    "text and file": (
        "{0}_{1}_assignsubmission_onlinetext_/onlinetext.html",
        "{0}_{1}_assignsubmission_file_/hw2.zip",
    ),
    "zipped again": ("hw2/{0}_{1}_assignsubmission_file_/hw2.zip",),
    "teams": ("Team 1-{0}_{1}_assignsubmission_file_/hw2.zip",),
    "another file": ("{0}_{1}_assignsubmission_file_/hw2.zip", "Notes.csv", "readme.txt"),
}


@pytest.mark.parametrize("form_of_names", MOODLE_NAMES.values(), ids=MOODLE_NAMES)
def test_moodle_takes_feedback_by_its_own_download(
    form_of_names: tuple[str, ...], tmp_path: Path, target: Path
) -> None:
    names = {
        name.format(f"{each.first_name} {each.last_name}", number)
        for number, each in enumerate(PLAIN, start=NUMBER)
        for name in form_of_names
    }
    result = packed(tmp_path, "moodle", export_of(tmp_path / "all.zip", names), target)
    assert importers.moodle(target, NUMBERED) == everybodys(["anna", "bela", "zoe"])
    assert not result.only_ours + result.only_theirs + result.faults


def test_moodles_folders_keep_their_names(tmp_path: Path, target: Path) -> None:
    folders = {"Anna Müller_1_assignsubmission_file_", "Béla Nagy_2_assignsubmission_file"}
    roster = export_of(tmp_path / "all.zip", [f"{name}/hw2.zip" for name in folders])
    packed(tmp_path, "moodle", roster, target, marks_of(PLAIN[:2]))
    assert {name.partition("/")[0] for name in importers.members(target)} == folders


def test_moodles_download_may_be_unpacked(tmp_path: Path, target: Path) -> None:
    for number, each in enumerate(PLAIN, start=NUMBER):
        name = f"{each.first_name} {each.last_name}_{number}_assignsubmission_file_"
        (tmp_path / "all" / unicodedata.normalize("NFD", name)).mkdir(parents=True)
    packed(tmp_path, "moodle", tmp_path / "all", target)
    assert importers.moodle(target, NUMBERED) == everybodys(["anna", "bela", "zoe"])


@in_each_language
def test_anonymous_submissions_go_by_the_participants_number(
    words: Language, tmp_path: Path, target: Path
) -> None:
    word = words.participant.strip().replace("/", "")
    people = [
        Person("anna", "Anna", "Müller", lms_id=str(NUMBER)),
        Person(f"{word}-{NUMBER + 1}"),
        Person("zoe", lms_id=str(NUMBER + 2)),
    ]
    numbered = {number: people[number - NUMBER].id for number in NUMBERED}
    names = [f"{word}_{number}_assignsubmission_file_/x.zip" for number in NUMBERED]
    roster = export_of(tmp_path / "all.zip", names)
    packed(tmp_path, "moodle", roster, target, marks_of(people))
    assert importers.moodle(target, numbered) == everybodys([each.id for each in people])
    roster = written(tmp_path, worksheet(PLAIN, words, blind=True))
    packed(tmp_path, "moodle", roster, target, marks_of(people))
    assert importers.moodle(target, numbered) == everybodys([each.id for each in people])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_worksheet_in_the_download_says_who_the_participants_are(
    encoding: str, tmp_path: Path, target: Path
) -> None:
    people = [
        Person("a", "Peter", "Müller", "one@example.ch"),
        Person("b", "Peter", "Müller", "two@example.ch"),
    ]
    names = [f"Peter Müller_{NUMBER + n}_assignsubmission_file_/hw2.zip" for n in range(2)]
    without = export_of(tmp_path / "without.zip", names)
    result = packed(tmp_path, "moodle", without, target, marks_of(people))
    assert result.state is None
    assert "matches several students (a, b): no feedback was packed" in result.faults[0]
    content = worksheet(people[::-1]).decode("utf-8-sig").encode(encoding)
    tables = {"Grades-FDL-Homework 2-4711.csv": content}
    together = export_of(tmp_path / "with.zip", names, tables)
    packed(tmp_path, "moodle", together, target, marks_of(people))
    assert importers.moodle(target, {NUMBER: "b", NUMBER + 1: "a"}) == everybodys(["a", "b"])


@pytest.mark.parametrize(
    ("ours", "is_packed"),
    [
        (Person("anna-muller"), True),
        (Person("Anna-Müller"), True),
        (Person("x", "Anna", "Müller"), True),
        (Person("x", "", "Müller, Anna"), True),
        (Person("x", "Anna", "Müller", "another@example.ch"), False),
        (Person("x", "Anna", "Meier"), False),
        (Person("muller"), False),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_name_in_a_worksheet_is_enough_if_no_address_differs(
    ours: Person, is_packed: bool, inside: bool, tmp_path: Path, target: Path
) -> None:
    theirs = worksheet([Person("", "Anna", "Müller", "anna@example.ch"), *PLAIN[1:]])
    names = [f"Anna Müller_{NUMBER}_assignsubmission_file_/hw2.zip"]
    roster = export_of(tmp_path / "all.zip", names, {"Grades.csv": theirs})
    if not inside:
        roster = written(tmp_path, theirs)
    result = packed(tmp_path, "moodle", roster, target, marks_of([ours]))
    assert result.packed == ((ours.id,) if is_packed else ())
    assert result.only_ours == (() if is_packed else (ours.id,))


def test_worksheet_of_another_homework_or_of_a_student_is_not_believed(
    tmp_path: Path, target: Path
) -> None:
    names = [f"Anna Müller_{NUMBER + 50}_assignsubmission_file_/hw2.zip"]
    evil = worksheet([Person("anna", "Eve", "Evil", "anna.mueller@example.ch")])
    tables = {f"Eve Evil_{NUMBER}_assignsubmission_file_/Grades.csv": evil, "Grades.csv": evil}
    roster = export_of(tmp_path / "all.zip", names, tables)
    result = packed(tmp_path, "moodle", roster, target, marks_of(PLAIN[:1]))
    assert importers.moodle(target, {NUMBER: "eve", NUMBER + 50: "anna"}) == everybodys(["anna"])
    assert result.only_theirs == (f"Eve Evil ({NUMBER})",)


def test_number_of_another_system_is_not_believed_against_a_name(
    tmp_path: Path, target: Path
) -> None:
    people = [Person("anna", "Anna", "Müller"), Person("otto", "Otto", "Other", lms_id="111")]
    names = ["Anna Müller_111_assignsubmission_file_/x", "Zoë Z_112_assignsubmission_file_/x"]
    roster = export_of(tmp_path / "all.zip", names)
    result = packed(tmp_path, "moodle", roster, target, marks_of(people))
    assert importers.moodle(target, {111: "anna"}) == everybodys(["anna"])
    assert result.only_ours == ("otto",)


@in_each_language
def test_hostile_names_break_no_file_of_moodle(
    words: Language, tmp_path: Path, target: Path
) -> None:
    result = packed(
        tmp_path, "moodle", written(tmp_path, worksheet(HOSTILE, words)), target, marks_of(HOSTILE)
    )
    numbered = {NUMBER + place: person.id for place, person in enumerate(HOSTILE)}
    known = [person.id for person in HOSTILE if person.email]
    assert importers.moodle(target, numbered) == everybodys(known)
    assert result.only_ours == ("s11",)


PATHS = [
    "../../etc/passwd", "a/b", "a\\b", "C:\\x", "..", ".", "", "_", "a_b_c", "x\x00y", "x\ny",
    "x" * 300, "ü" * 200, "CON", "=1+1", "\u202etxt.exe", "~", ".hidden", "'\"", "a_1_b_c_d",
    "Eve_104711_assignsubmission_file_",
]  # fmt: skip


def test_names_lead_nowhere_else(tmp_path: Path, target: Path) -> None:
    people = [Person(f"p{n}", name, name, f"p{n}@example.ch") for n, name in enumerate(PATHS)]
    roster = written(tmp_path, worksheet(people))
    packed(tmp_path, "moodle", roster, target, marks_of(people))
    numbered = {NUMBER + place: person.id for place, person in enumerate(people)}
    assert importers.moodle(target, numbered) == everybodys([each.id for each in people])


# --- ILIAS ----------------------------------------------------------------------------------------

ILIAS_NAMES = {
    "structure": f"{TOP}/{{0}}/",
    "submissions": "Homework 2/Abgaben/{0}/hw2.zip",
    "submissions in English": "Homework 2/Submissions/{0}/hw2.zip",
    "teams": "Homework 2/Abgaben/Team 12/{0}/hw2.zip",
    "without the top": "Abgaben/{0}/hw2.zip",
    "zipped again": "{0}/hw2.zip",
    "zipped again with a folder": "Homework_2_12/{0}/hw2.zip",
}
FOLDERS = ["Mueller_Anna_anna_3301", "Nagy_Bela_bela_3302", "Zahnd_Zoe_zoe_3303"]


@pytest.mark.parametrize("form_of_names", ILIAS_NAMES.values(), ids=ILIAS_NAMES)
def test_ilias_takes_feedback_by_its_own_downloads(
    form_of_names: str, tmp_path: Path, target: Path
) -> None:
    names = [form_of_names.format(folder) for folder in FOLDERS]
    result = packed(tmp_path, "ilias", export_of(tmp_path / "all.zip", names), target)
    expected = everybodys(["anna", "bela", "zoe"])
    assert importers.ilias_8(target, ILIAS) == importers.ilias_9(target, ILIAS) == expected
    assert not result.only_ours + result.only_theirs + result.faults
    assert {name.split("/")[1] for name in importers.members(target)} == set(FOLDERS)


def test_ilias_keeps_the_name_of_its_structure(tmp_path: Path, target: Path) -> None:
    roster = export_of(tmp_path / "all.zip", [f"{TOP}/{folder}/" for folder in FOLDERS])
    packed(tmp_path, "ilias", roster, target)
    assert {name.split("/")[0] for name in importers.members(target)} == {TOP}


def test_status_file_finds_members_and_goes_back_with_the_marks(
    tmp_path: Path, target: Path
) -> None:
    names = [f"{TOP}/{folder}/" for folder in FOLDERS]
    tables = {"status.csv": form("ilias-status"), "status.xlsx": b"PK"}
    roster = export_of(tmp_path / "all.zip", names, tables)
    result = packed(tmp_path, "ilias", roster, target)
    expected = everybodys(["anna", "bela", "zoe"])
    assert importers.ilias_8(target, ILIAS) == importers.ilias_9(target, ILIAS) == expected
    status = importers.ilias_status(target)
    assert status == export(marks_of(), "ilias", form("ilias-status")).content
    assert "status.csv in the file has 3 marks" in result.notes[0]


def test_status_file_alone_is_enough(tmp_path: Path, target: Path) -> None:
    roster = written(tmp_path, form("ilias-status"))
    packed(tmp_path, "ilias", roster, target, marks_of(open_ones=["bela"]))
    assert importers.ilias_9(target, ILIAS) == everybodys(["anna", "bela", "zoe"])
    status = importers.ilias_status(target)
    assert status is not None
    assert column(status, "update") == ["1", "0", "1"]


def test_status_file_that_ilias_would_refuse_stays_out(tmp_path: Path, target: Path) -> None:
    roster = written(tmp_path, form("ilias-status").replace(b'"notgraded"', b'"bestanden"'))
    result = packed(tmp_path, "ilias", roster, target)
    assert importers.ilias_status(target) is None
    assert importers.ilias_9(target, ILIAS) == everybodys(["anna", "bela", "zoe"])
    assert "status.csv is not in the file: anna has the status 'bestanden'" in result.notes[0]


def test_login_may_contain_a_line_between_words(tmp_path: Path, target: Path) -> None:
    people = [Person("anna_m"), Person("von_bela")]
    names = [f"{TOP}/Mueller_Anna_anna_m_3301/", f"{TOP}/von_der_Au_Bela_von_bela_3302/"]
    roster = export_of(tmp_path / "all.zip", names)
    packed(tmp_path, "ilias", roster, target, marks_of(people))
    assert importers.ilias_9(target, {3301: "anna_m", 3302: "von_bela"}) == everybodys(
        ["anna_m", "von_bela"]
    )


def test_hostile_names_break_no_file_of_ilias(tmp_path: Path, target: Path) -> None:
    make, _ = ROSTERS["ilias"]
    result = packed(tmp_path, "ilias", written(tmp_path, make(HOSTILE)), target, marks_of(HOSTILE))
    numbers = {
        int(number): login
        for number, login in zip(
            column(make(HOSTILE), "usr_id"), column(make(HOSTILE), "login"), strict=True
        )
    }
    assert importers.ilias_8(target, numbers) == everybodys([each.id for each in HOSTILE])
    assert importers.ilias_9(target, numbers) == importers.ilias_8(target, numbers)
    assert not result.only_ours + result.faults


# --- Canvas ---------------------------------------------------------------------------------------

USERS = {5101: "anna", 5102: "bela", 5103: "zoe"}


def test_canvas_takes_feedback_under_the_names_of_its_download(
    tmp_path: Path, target: Path
) -> None:
    names = [
        "mulleranna_5101_91_hw2_submission.zip",
        "nagybela_LATE_5102_92_2024_work-1.zip",
        "nagybela_LATE_5102_95_problem1.ipynb",
        "zahndzoe_5103_93_problem1.ipynb",
        "anon_xY12_94_hw2.zip",
    ]
    result = packed(tmp_path, "canvas", export_of(tmp_path / "submissions.zip", names), target)
    files = {91: "hw2_submission.zip", 92: "2024_work.zip", 95: "problem1.ipynb"}
    received = importers.canvas(target, USERS, files)
    assert set(received) == {"anna", "bela"}
    for student, found in received.items():
        [(name, content)] = found.items()
        assert name.endswith(".zip")
        assert importers.unpacked(content) == {FILE: page(student).encode()}
    [fault] = result.faults
    assert fault.startswith("zoe handed in no zip file")
    assert "--to mail --student zoe" in fault
    assert not result.only_ours + result.only_theirs


def test_canvas_numbers_come_before_names(tmp_path: Path, target: Path) -> None:
    people = [
        Person("a", "Peter", "Muster", lms_id="7"),
        Person("b", "Peter", "Muster", lms_id="8"),
    ]
    names = ["musterpeter_7_91_x.zip", "musterpeter_8_92_x.zip"]
    roster = export_of(tmp_path / "submissions.zip", names)
    packed(tmp_path, "canvas", roster, target, marks_of(people))
    received = importers.canvas(target, {7: "a", 8: "b"}, {91: "x.zip", 92: "x.zip"})
    assert {name: importers.unpacked(got["x.zip"]) for name, got in received.items()} == everybodys(
        ["a", "b"]
    )


def test_canvas_says_what_it_offers(tmp_path: Path, target: Path) -> None:
    with pytest.raises(RecordError, match=r"Download Submissions; .* --to mail works too"):
        packed(tmp_path, "canvas", written(tmp_path, form("canvas")), target)


# --- all platforms --------------------------------------------------------------------------------


def test_who_handed_in_nothing_gets_nothing(tmp_path: Path, target: Path) -> None:
    roster = written(tmp_path, worksheet(PLAIN))
    result = packed(tmp_path, "moodle", roster, target, with_absent())
    assert importers.moodle(target, NUMBERED) == everybodys(["anna"])
    assert not result.only_ours + result.only_theirs + result.faults


def test_who_is_on_one_side_only_is_told(tmp_path: Path, target: Path) -> None:
    roster = written(tmp_path, worksheet(PLAIN[1:]))
    result = packed(tmp_path, "moodle", roster, target, marks_of(PLAIN[:2]))
    assert (result.packed, result.only_ours) == (("bela",), ("anna",))
    assert result.only_theirs == (f"Participant {NUMBER + 1} (Zoë Zahnd)",)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PK\x03\x04broken", b"\xff\xfe\x00"])
def test_file_that_is_no_export_is_refused(
    system: str, content: bytes, tmp_path: Path, target: Path
) -> None:
    with pytest.raises(RecordError):
        packed(tmp_path, system, written(tmp_path, content), target)
    assert not target.exists()


@pytest.mark.parametrize("system", SYSTEMS)
def test_export_of_another_system_is_refused(system: str, tmp_path: Path, target: Path) -> None:
    roster = export_of(tmp_path / "all.zip", ["anna/hw2/problem1.ipynb", "x.txt"])
    with pytest.raises(RecordError, match="so it is not a download of"):
        packed(tmp_path, system, roster, target)


def test_excel_file_is_told(tmp_path: Path, target: Path) -> None:
    roster = export_of(tmp_path / "grades.xlsx", ["xl/workbook.xml", "[Content_Types].xml"])
    with pytest.raises(RecordError, match="is an Excel file: save it as CSV UTF-8"):
        packed(tmp_path, "moodle", roster, target)


def test_nothing_is_written_without_a_match(tmp_path: Path, target: Path) -> None:
    roster = written(tmp_path, worksheet([Person("x", "A", "B", "x@example.ch")]))
    result = packed(tmp_path, "moodle", roster, target)
    assert result.state is None
    assert not target.exists()


def test_the_same_pages_make_the_same_file(tmp_path: Path, target: Path) -> None:
    roster = written(tmp_path, worksheet(PLAIN))
    assert packed(tmp_path, "moodle", roster, target).state == "new"
    before = target.read_bytes()
    assert packed(tmp_path, "moodle", roster, target).state == "unchanged"
    assert target.read_bytes() == before
    assert packed(tmp_path, "moodle", roster, target, marks_of(PLAIN[:2])).state == "replaced"
    assert sorted(path.name for path in target.parent.iterdir()) == [target.name]


def test_no_file_of_somebody_else_is_overwritten(tmp_path: Path) -> None:
    roster = written(tmp_path, worksheet(PLAIN))
    with pytest.raises(RecordError, match="is the roster"):
        packed(tmp_path, "moodle", roster, roster)
    other = export_of(tmp_path / "thesis.zip", ["thesis.tex"])
    before = other.read_bytes()
    with pytest.raises(RecordError, match="fdl did not write it"):
        packed(tmp_path, "moodle", roster, other)
    assert other.read_bytes() == before


def test_target_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    roster = written(tmp_path, worksheet(PLAIN))
    (tmp_path / "file").touch()
    for target in (tmp_path, tmp_path / "file" / "feedback.zip"):
        with pytest.raises(RecordError, match=r"can't be written|did not write it"):
            packed(tmp_path, "moodle", roster, target)


def test_students_files_in_an_export_are_never_opened(tmp_path: Path, target: Path) -> None:
    roster = tmp_path / "all.zip"
    with zipfile.ZipFile(roster, "w", zipfile.ZIP_DEFLATED) as archive:
        folder = f"Anna Müller_{NUMBER}_assignsubmission_file_"
        archive.writestr(f"{folder}/bomb.csv", b"," * 50_000_000)
        archive.writestr("bomb.csv", b"," * 50_000_000)
        archive.writestr(f"{folder}/../../evil_{NUMBER}_assignsubmission_file_/x", b"")
    packed(tmp_path, "moodle", roster, target, marks_of(PLAIN[:1]))
    assert importers.moodle(target, NUMBERED) == everybodys(["anna"])


def test_a_large_class_is_packed_whole(tmp_path: Path, target: Path) -> None:
    people = [Person(f"s{n}", f"First{n}", f"Last{n}", f"s{n}@example.ch") for n in range(1_000)]
    roster = written(tmp_path, worksheet(people))
    packed(tmp_path, "moodle", roster, target, marks_of(people))
    numbered = {NUMBER + place: person.id for place, person in enumerate(people)}
    assert importers.moodle(target, numbered) == everybodys([each.id for each in people])
