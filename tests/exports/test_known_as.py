"""People are found by the logins and numbers that lists and earlier intakes gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.exports import export
from autograder.gradebook.database import open_gradebook
from autograder.gradebook.marks import Person, read_people
from autograder.gradebook.people import LIST, keep_people
from tests.gradebook.conftest import (  # noqa: F401 (fixtures)
    course,
    empty_gradebook,
    prepared,
)

from . import importers
from .importers import Received, export_of
from .people import marks_of
from .test_exports import column, write
from .test_handback import everybodys, packed

ILIAS = [
    "update", "usr_id", "login", "lastname", "firstname", "status", "mark", "notice", "comment",
    "plagiarism", "plag_comment",
]  # fmt: skip
TWINS = ("anna1", "anna2")


def twins(source: str, words: Sequence[str]) -> list[Person]:
    """Return two people with one name, each with a word from a source."""
    return [
        Person(student, "Anna", "Meier", known_as=((source, word),))
        for student, word in zip(TWINS, words, strict=True)
    ]


def canvas(path: Path, people: Mapping[int, str]) -> Received:
    found = importers.canvas(path, people, {5000 + number: "hw2.zip" for number in people})
    return {student: importers.unpacked(files["hw2.zip"]) for student, files in found.items()}


def status(*members: tuple[int, str]) -> bytes:
    rest = ["notgraded", "", "", "", "none", ""]
    body = [["0", number, login, "Meier", "Anna", *rest] for number, login in members]
    return write(ILIAS, body)


def test_gradebook_tells_all_words_of_a_person(course: Course) -> None:  # noqa: F811
    words = {"anna": [(LIST, "ameier"), ("ilias", "4101")], "bela": [(LIST, "bkovacs")]}
    keep_people(course, {}, words)
    with open_gradebook(course) as gradebook:
        people = read_people(gradebook)
        assert people["anna"].known_as == (("ilias", "4101"), (LIST, "ameier"))
        assert read_people(gradebook, ["bela"])["bela"].known_as == ((LIST, "bkovacs"),)


@pytest.mark.parametrize(
    ("source", "words"), [(LIST, ("ameier", "ameier2")), ("ilias", ("4101", "4102"))]
)
def test_status_file_of_ilias_is_filled_by_login_or_account(
    source: str, words: tuple[str, str]
) -> None:
    result = export(
        marks_of(twins(source, words)), "ilias", status((4102, "ameier2"), (4101, "ameier"))
    )
    assert column(result.content, "mark") == ["2", "1"]
    assert result.is_whole


def test_feedback_for_ilias_goes_to_the_logins_of_a_list(tmp_path: Path) -> None:
    names = [f"HW 2/Abgaben/Meier_Anna_{login}/a.ipynb" for login in ("am_4101", "am2_4102")]
    marks = marks_of(twins(LIST, ("am", "am2")))
    roster = export_of(tmp_path / "all.zip", names)
    result = packed(tmp_path, "ilias", roster, tmp_path / "feedback.zip", marks)
    received = importers.ilias_9(tmp_path / "feedback.zip", {4101: "anna1", 4102: "anna2"})
    assert received == everybodys(TWINS)
    assert not result.only_ours + result.only_theirs + result.faults


@pytest.mark.parametrize(
    ("system", "source", "reader", "name"),
    [
        ("moodle", "moodle hw2", importers.moodle, "Anna Meier_{}_assignsubmission_file/hw2.zip"),
        ("canvas", "canvas", canvas, "meieranna_{0}_50{0}_hw2.zip"),
    ],
)
def test_feedback_for_two_people_with_one_name_goes_by_their_accounts(
    system: str,
    source: str,
    reader: Callable[[Path, dict[int, str]], Received],
    name: str,
    tmp_path: Path,
) -> None:
    marks = marks_of(twins(source, ("12", "11")))
    roster = export_of(tmp_path / "all.zip", [name.format(11), name.format(12)])
    result = packed(tmp_path, system, roster, tmp_path / "feedback.zip", marks)
    received = reader(tmp_path / "feedback.zip", {12: "anna1", 11: "anna2"})
    assert received == everybodys(TWINS)
    assert not result.only_ours + result.only_theirs + result.faults


def test_account_counts_in_its_own_homework_alone(tmp_path: Path) -> None:
    """Moodle's numbers of participants are other people's in another homework."""
    marks = marks_of(twins("moodle hw1", ("11", "12")))
    names = [f"Anna Meier_{number}_assignsubmission_file/hw2.zip" for number in (11, 12)]
    roster = export_of(tmp_path / "all.zip", names)
    assert packed(tmp_path, "moodle", roster, tmp_path / "feedback.zip", marks).packed == ()


def test_account_comes_before_a_number_of_a_list() -> None:
    """Anna's number at the university is Bob's number in Canvas."""
    people = [
        Person("anna", lms_id="5101", known_as=((LIST, "5101"), ("canvas", "5102"))),
        Person("bob", known_as=(("canvas", "5101"),)),
    ]
    theirs = write(
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 2"],
        [["x", "5101", "", "", "A", ""], ["y", "5102", "", "", "A", ""]],
    )
    result = export(marks_of(people), "canvas", theirs)
    assert column(result.content, "Homework 2") == ["2", "1"]


@pytest.mark.parametrize("source", [LIST, "ilias"])
def test_word_of_two_people_or_with_another_name_is_nobodys(source: str) -> None:
    people = [*twins(source, ("ameier", "ameier")), Person("x", "Zoë", "Zahnd", "", "4103")]
    result = export(marks_of(people), "ilias", status((4101, "ameier"), (4103, "other")))
    assert column(result.content, "mark") == ["", ""]
    assert result.only_theirs == ("ameier", "other")


@pytest.mark.parametrize(
    "person",
    [
        Person("m", "", "María del Carmen Ruiz de la Fuente"),
        Person("m", "", "Ruiz de la Fuente, María del Carmen"),
        Person("m", "María del Carmen", "Ruiz de la Fuente"),
    ],
)
def test_canvas_may_begin_with_any_of_several_names(person: Person, tmp_path: Path) -> None:
    roster = export_of(tmp_path / "all.zip", ["ruizdelafuentemaríadelcarmen_3_13_a.zip"])
    result = packed(tmp_path, "canvas", roster, tmp_path / "feedback.zip", marks_of([person]))
    assert result.packed == ("m",)
