"""`fdl feedback --to` and `fdl export` in a course, as a teacher runs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.gradebook.marks import Person
from autograder.gradebook.people import keep_people, keep_platforms, read_platforms
from tests.consoles import wide_consoles
from tests.exports import importers
from tests.exports.importers import export_of
from tests.exports.worksheets import GERMAN, NUMBER, worksheet
from tests.gradebook.conftest import Marker
from tests.gradebook.course import hand_in, mark, record, write_course
from tests.gradebook.shared import copied

CLASS = {
    "anna": Person("anna", "Anna", "Müller", "anna@example.ch"),
    "bela": Person("bela", "Béla", "Nagy", "bela@example.ch"),
    "zoe": Person("zoe", "Zoë", "Zahnd", "zoe@example.ch"),
}
STATUS = (
    "update,usr_id,login,lastname,firstname,status,mark,notice,comment,plagiarism,plag_comment\n"
    "0,3303,zoe,Zahnd,Zoë,notgraded,,,,,\n"
)
FILE = "hw-feedback.html"


@pytest.fixture(scope="module")
def class_graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with three marked students, and one who handed in nothing."""
    course = write_course(tmp_path_factory.mktemp("handback") / "course")
    for student, answers in (("anna", {"a-proof": "So."}), ("bela", {}), ("zoe", {})):
        hand_in(course, student)
        record(course, course.assignment("hw"), student, mark(course, answers=answers))
    known = {
        name: {"first_name": who.first_name, "last_name": who.last_name, "email": who.email}
        for name, who in CLASS.items()
    }
    keep_people(course, {**known, "otto": {"email": "otto@example.ch"}})
    return course.root


@pytest.fixture
def course(class_graded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    found = copied(class_graded, tmp_path / "course")
    monkeypatch.chdir(found.root)
    Marker(found).give("a-proof", 1.5)
    return found


@pytest.fixture
def worksheet_of(tmp_path: Path) -> Callable[..., str]:
    def write(*students: str, name: str = "worksheet.csv") -> str:
        path = tmp_path / name
        path.write_bytes(worksheet([CLASS[each] for each in students], GERMAN))
        return str(path)

    return write


def run(*arguments: str) -> Result:
    with wide_consoles():
        return CliRunner().invoke(app, arguments)


def pages(course: Course, *students: str) -> importers.Received:
    """Return what students should receive: their own first pages."""
    return {
        student: {FILE: (course.feedback(student, "hw") / "index.html").read_bytes()}
        for student in students
    }


def test_feedback_goes_to_moodle_in_one_upload(
    course: Course, worksheet_of: Callable[..., str]
) -> None:
    done = run("feedback", "hw", "--to", "moodle", "--roster", worksheet_of(*CLASS))
    assert done.exit_code == 0, done.output
    target = course.exported("hw") / "feedback-moodle.zip"
    numbered = dict(enumerate(CLASS, start=NUMBER))
    assert importers.moodle(target, numbered) == pages(course, *CLASS)
    assert f"Written: {target}" in done.stderr
    assert "feedback for 3 students" in done.stderr
    assert "Upload multiple feedback files in a zip" in done.stderr
    assert "still open" not in done.stderr
    again = run("feedback", "hw", "--to", "moodle", "--roster", worksheet_of(*CLASS))
    assert f"Unchanged: {target}" in again.stderr


def test_every_page_is_complete_in_one_file(
    course: Course, worksheet_of: Callable[..., str]
) -> None:
    Marker(course).comment("a-proof", r"The slope is $\frac{1}{2}$.")
    run("feedback", "hw", "--to", "moodle", "--roster", worksheet_of(*CLASS), "-o", "out.zip")
    received = importers.moodle(Path("out.zip"), dict(enumerate(CLASS, start=NUMBER)))
    for found in received.values():
        text = found[FILE].decode()
        addresses = [
            part.partition('"')[0] for part in text.replace('src="', 'href="').split('href="')[1:]
        ]
        assert addresses
        assert all(each.startswith(("#", "data:")) for each in addresses), addresses
        assert "url(" not in text
        assert "<script" not in text
    assert 'src="data:image/png;base64,' in received["anna"][FILE].decode()


def test_open_marks_are_told(course: Course, worksheet_of: Callable[..., str]) -> None:
    Marker(course).give("a-proof", None)
    done = run("feedback", "hw", "--to", "moodle", "--roster", worksheet_of(*CLASS))
    assert done.exit_code == 0
    assert "Marks are still open for 1 of these students: anna" in done.stderr


def test_pages_before_the_due_date_are_told(
    course: Course, worksheet_of: Callable[..., str]
) -> None:
    settings = course.root / "course.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("due = 2024", "due = 2999"), encoding="utf-8")
    done = run("feedback", "hw", "--to", "moodle", "--roster", worksheet_of(*CLASS))
    assert "The due date has not passed for 3 of these students" in done.stderr


@pytest.mark.usefixtures("course")
def test_who_is_not_in_the_roster_is_told(worksheet_of: Callable[..., str]) -> None:
    done = run("feedback", "hw", "--to", "moodle", "--roster", worksheet_of("bela", "zoe"))
    assert done.exit_code == 1
    assert "Not in the roster, though they have feedback: anna" in done.stderr
    assert "feedback for 2 students" in done.stderr


def test_only_some_students_can_be_packed(course: Course, worksheet_of: Callable[..., str]) -> None:
    roster = worksheet_of(*CLASS)
    done = run("feedback", "hw", "--to", "moodle", "--roster", roster, "--student", "bela")
    assert done.exit_code == 0, done.output
    target = course.exported("hw") / "feedback-moodle.zip"
    assert importers.moodle(target, {NUMBER + 1: "bela"}) == pages(course, "bela")


def test_a_page_that_cannot_be_written_stops_no_other(
    course: Course, worksheet_of: Callable[..., str]
) -> None:
    report = course.report("bela", "hw")
    report.chmod(0o600)  # the kit writes the file as read-only
    report.write_text("{", encoding="utf-8")
    done = run("feedback", "hw", "--to", "moodle", "--roster", worksheet_of(*CLASS))
    assert done.exit_code == 2
    assert "1 without feedback: the Report of bela" in done.stderr
    target = course.exported("hw") / "feedback-moodle.zip"
    numbered = dict(enumerate(CLASS, start=NUMBER))
    assert importers.moodle(target, numbered) == pages(course, "anna", "zoe")


def test_feedback_goes_to_everybody_by_mail(course: Course) -> None:
    done = run("feedback", "hw", "--to", "mail")
    assert done.exit_code == 0, done.output
    folder = course.exported("hw") / "mail"
    assert sorted(path.name for path in folder.iterdir()) == ["anna.eml", "bela.eml", "zoe.eml"]
    assert "3 new. Nothing was sent" in done.stderr
    keep_people(course, {"bela": {"email": "nowhere"}})
    done = run("feedback", "hw", "--to", "mail")
    assert done.exit_code == 1
    assert "2 unchanged" in done.stderr
    assert "Students without a usable e-mail address: bela" in done.stderr
    assert "From an earlier run, not written now: bela.eml" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--to", "moodle"], "add --roster FILE, the download of all submissions, or the grading"),
        (["--to", "ilias"], "add --roster FILE, the download of the Multi-Feedback structure"),
        (["--to", "canvas"], "add --roster FILE, the file from Download Submissions"),
        (["--to", "moodle", "--roster", "nowhere.zip"], "nowhere.zip does not exist"),
        (["--to", "mail", "--roster", "course.toml"], "leave out --roster"),
        (["--roster", "course.toml"], "--roster needs a platform: add --to"),
        (["--output", "x.zip"], "--output needs a receiver: add --to"),
        (["--to", "moodle", "--roster", "course.toml"], "the roster"),
    ],
)
def test_wrong_options_are_told(course: Course, options: list[str], words: str) -> None:
    done = run("feedback", "hw", *options)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())
    assert not course.exported("hw").exists()


# --- two systems in one course --------------------------------------------------------------------


@pytest.fixture
def status_file(tmp_path: Path) -> str:
    path = tmp_path / "status.csv"
    path.write_text(STATUS, encoding="utf-8")
    return str(path)


def test_exports_to_two_systems_do_not_make_each_other_fail(
    course: Course, worksheet_of: Callable[..., str], status_file: str
) -> None:
    keep_platforms(course.platforms, {"anna": "moodle", "bela": "moodle", "zoe": "ilias"})
    to_moodle = ("export", "hw", "--to", "moodle", "--roster", worksheet_of("anna", "bela"))
    to_ilias = ("export", "hw", "--to", "ilias", "--roster", status_file)
    for arguments, other in ((to_moodle, "ilias: zoe"), (to_ilias, "moodle: anna, bela")) * 2:
        done = run(*arguments, "-o", "out.csv")
        assert done.exit_code == 0, done.output
        assert f"Not in the roster, but users of {other}" in done.stderr
        assert "who are not in the roster" not in done.stderr


@pytest.mark.usefixtures("course")
def test_students_without_any_system_are_still_told(
    worksheet_of: Callable[..., str], status_file: str
) -> None:
    first = run("export", "hw", "--to", "moodle", "--roster", worksheet_of("anna"), "-o", "m.csv")
    assert first.exit_code == 1
    done = run("export", "hw", "--to", "ilias", "--roster", status_file, "-o", "i.csv")
    assert done.exit_code == 1
    assert "Not in the roster, but users of moodle: anna" in done.stderr
    assert "Students with marks who are not in the roster: bela" in done.stderr
    again = run("export", "hw", "--to", "moodle", "--roster", worksheet_of("anna"), "-o", "m.csv")
    assert "Not in the roster, but users of ilias: zoe" in again.stderr
    assert "Students with marks who are not in the roster: bela" in again.stderr


def test_feedback_goes_to_two_systems(
    course: Course, worksheet_of: Callable[..., str], tmp_path: Path
) -> None:
    names = ["multi_feedback_Homework_1/Zahnd_Zoe_zoe_3303/"]
    structure = export_of(tmp_path / "structure.zip", names)
    keep_platforms(course.platforms, {"zoe": "ilias"})
    done = run("feedback", "hw", "--to", "moodle", "--roster", worksheet_of("anna", "bela"))
    assert done.exit_code == 0, done.output
    assert "Not in the roster, but users of ilias: zoe" in done.stderr
    done = run("feedback", "hw", "--to", "ilias", "--roster", str(structure))
    assert done.exit_code == 0, done.output
    assert "Not in the roster, but users of moodle: anna, bela" in done.stderr
    target = course.exported("hw") / "feedback-ilias.zip"
    assert importers.ilias_9(target, {3303: "zoe"}) == pages(course, "zoe")


def test_an_intake_notes_the_platform(course: Course, tmp_path: Path) -> None:
    name = f"Anna Müller_{NUMBER}_assignsubmission_file_/a_slopes.ipynb"
    source = (course.source("hw") / "a_slopes.ipynb").read_bytes()
    export = export_of(tmp_path / "moodle.zip", [], {name: source})
    students = tmp_path / "students.csv"
    students.write_text("student,name\nanna,Anna Müller\n", encoding="utf-8")
    run("intake", "hw", str(export), "--students", str(students))
    assert read_platforms(course.platforms) == {"anna": "moodle"}


@pytest.mark.usefixtures("course")
def test_packed_feedback_is_no_export_of_marks(worksheet_of: Callable[..., str]) -> None:
    run("feedback", "hw", "--to", "moodle", "--roster", worksheet_of(*CLASS))
    run("feedback", "hw", "--to", "mail")
    done = run("status")
    assert "feedback-moodle" not in done.output
    assert "fdl export hw" in done.output


# --- students who handed in nothing ---------------------------------------------------------------


@pytest.mark.usefixtures("course")
def test_who_handed_in_nothing_is_in_the_export() -> None:
    done = run("export", "hw", "--to", "csv", "-o", "marks.csv")
    assert done.exit_code == 0, done.output
    assert "Handed in nothing, so they have 0 points: otto" in done.stderr
    lines = Path("marks.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["student", "anna", "bela", "zoe", "otto"]
