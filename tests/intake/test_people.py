"""The gradebook stores the data of the students' list, so that exports match every student."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.gradebook.database import open_gradebook
from autograder.gradebook.marks import Person, read_people
from autograder.gradebook.people import keep_people
from autograder.submission.intake.roster import Roster
from tests.gradebook import shared

from .conftest import NAME, PROBLEM, archive, notebook, saved

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def empty_gradebook(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty gradebook, made once for all tests."""
    return shared.empty_gradebook(pytestconfig, tmp_path_factory)


@pytest.fixture
def course(course: Course, empty_gradebook: Path) -> Course:
    """The course with a gradebook without students."""
    shutil.copyfile(empty_gradebook, course.gradebook)
    return course


def people_in(course: Course) -> dict[str, Person]:
    with open_gradebook(course) as gradebook:
        return read_people(gradebook)


@pytest.mark.parametrize(
    ("rows", "known"),
    [
        (
            "student,First name,Surname,Email address,ID number\nada,Ada,Müller,a@b.ch,17\n",
            Person("ada", "Ada", "Müller", "a@b.ch", "17"),
        ),
        ("student;name;mail\nada;Ada Müller;a@b.ch\n", Person("ada", "", "Ada Müller", "a@b.ch")),
        (
            "id,first_name,last_name,email,lms_user_id\nada,Ada,Müller,a@b.ch,17\n",
            Person("ada", "Ada", "Müller", "a@b.ch", "17"),
        ),
        ("student,login\nada,amueller\n", Person("ada")),
    ],
    ids=["Moodle's words", "a name in one column", "nbgrader's words", "nothing of use"],
)
def test_the_gradebook_knows_what_the_list_says(
    course: Course, tmp_path: Path, rows: str, known: Person
) -> None:
    (tmp_path / "list.csv").write_text(rows, encoding="utf-8")
    keep_people(course, Roster.read(tmp_path / "list.csv").people)
    assert people_in(course) == {"ada": known}


def test_what_a_list_does_not_say_stays(course: Course) -> None:
    keep_people(course, {"ada": {"email": "a@b.ch", "last_name": "Müller"}, "emil": {}})
    keep_people(course, {"ada": {"last_name": "Meier"}})
    assert people_in(course) == {
        "ada": Person("ada", "", "Meier", "a@b.ch"), "emil": Person("emil"),
    }  # fmt: skip


def test_everybody_on_the_list_of_an_intake_is_known(course: Course, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        "student,name,email\nada,Ada Müller,a@b.ch\ngala,Gala Missing,g@b.ch\n", encoding="utf-8"
    )
    files = {f"Ada Müller_7_assignsubmission_file_/{PROBLEM}.ipynb": notebook()}
    export = saved(tmp_path, "export.zip", archive(files))
    command = ["intake", NAME, str(export), "--students", str(tmp_path / "list.csv")]
    run = CliRunner().invoke(app, [*command, "--course", str(course.root)])
    assert run.exit_code == 0, run.output
    assert {name: person.email for name, person in people_in(course).items()} == {
        "ada": "a@b.ch", "gala": "g@b.ch",
    }  # fmt: skip


def test_people_are_known_even_if_nobody_reads_the_output(course: Course, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        "student,name,email\nada,Ada Müller,a@b.ch\n", encoding="utf-8"
    )
    files = {f"Ada Müller_7_assignsubmission_file_/{PROBLEM}.ipynb": notebook()}
    export = saved(tmp_path, "export.zip", archive(files))
    command = [sys.executable, "-m", "autograder.cli", "intake", NAME, str(export)]
    command += ["--students", str(tmp_path / "list.csv"), "--course", str(course.root)]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        subprocess.run(command, stdout=pipe, cwd=ROOT, check=False)
    assert people_in(course)["ada"].email == "a@b.ch"
