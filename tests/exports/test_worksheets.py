"""Moodle's grading worksheet is filled in, whatever the language that Moodle was set to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autograder.errors import RecordError
from autograder.exports import export
from autograder.gradebook.marks import Person

from .people import HOSTILE, PLAIN, marks_of
from .test_exports import assert_nothing_runs, column, rows, unchanged_but, write
from .worksheets import GERMAN, LANGUAGES, NUMBER, Language, worksheet

POINTS = ["25.5", "30", "7.13"]
in_each_language = pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)


@in_each_language
@pytest.mark.parametrize("workflow", [False, True])
@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("grades", [None, ["12,00", "", "30,00"]])
def test_worksheet_is_filled_in_in_any_language(
    words: Language, workflow: bool, text: bool, grades: list[str] | None
) -> None:
    fields = {"X": ["24-1", "24-2", "24-3"], "Y": ["1", "1", "1"], "Z": ["", "", ""]}
    theirs = worksheet(
        PLAIN, words, workflow=workflow, text=text, fields=fields, grades=grades,
        comments=["-5 for the axes", "", "=good"],
    )  # fmt: skip
    result = export(marks_of(totals=[25.5, 30, 7.125]), "moodle", theirs)
    assert column(result.content, words.grade) == POINTS
    kept = {words.online_text} if text else set()
    assert unchanged_but(theirs, result.content, words.grade, *kept)
    assert result.is_whole


@in_each_language
def test_students_are_found_by_the_number_of_the_site(words: Language) -> None:
    people = [replace(each, id=f"24-{n}", email="") for n, each in enumerate(PLAIN)]
    theirs = worksheet(PLAIN, words, fields={"ID number": [each.id for each in people]})
    result = export(marks_of(people), "moodle", theirs)
    assert column(result.content, words.grade) == ["1", "2", "3"]
    assert result.is_whole


@in_each_language
def test_anonymous_submissions_are_found_by_the_participants_number(words: Language) -> None:
    people = [
        Person("x", lms_id=str(NUMBER)),
        Person(f"{words.participant.strip().replace('/', '')}-{NUMBER + 1}"),
        Person("zoe", "Zoë", "Zahnd", "zoe@example.ch", lms_id=str(NUMBER + 2)),
    ]
    theirs = worksheet(PLAIN, words, blind=True)
    result = export(marks_of(people), "moodle", theirs)
    assert column(result.content, words.grade) == ["1", "2", "3"]
    assert result.is_whole


@in_each_language
def test_one_participant_is_a_worksheet_too(words: Language) -> None:
    theirs = worksheet(PLAIN[:1], words)
    assert column(export(marks_of(PLAIN[:1]), "moodle", theirs).content, words.grade) == ["1"]


@in_each_language
def test_grade_above_the_maximum_is_told(words: Language) -> None:
    result = export(marks_of(totals=[33, 30, 1]), "moodle", worksheet(PLAIN, words))
    [fault] = result.faults
    assert "skips grades above 30, but this grade is 33" in fault


@in_each_language
def test_no_name_in_a_worksheet_runs(words: Language) -> None:
    result = export(marks_of(HOSTILE), "moodle", worksheet(HOSTILE, words, text=True))
    assert_nothing_runs(result.content)
    assert [value for value in column(result.content, words.grade) if not value] == [""]
    assert result.only_ours == ("s11",)  # the only student without an address


def test_a_field_of_the_profile_identifies_nobody() -> None:
    fields = {"Abteilung": ["bela", "", ""]}
    result = export(marks_of(), "moodle", worksheet(PLAIN, GERMAN, fields=fields))
    assert column(result.content, GERMAN.grade) == ["1", "2", "3"]


def test_scale_takes_no_points() -> None:
    header, *body = rows(worksheet(PLAIN, GERMAN))
    place = header.index(GERMAN.maximum)
    header[place] = "Skala"
    body = [[*row[:place], "gut\nschlecht", *row[place + 1 :]] for row in body]
    with pytest.raises(RecordError, match="grades this assignment with a scale"):
        export(marks_of(), "moodle", write(header, body))


def test_worksheet_that_was_cut_cannot_be_imported_again() -> None:
    cut = [row[:6] for row in rows(worksheet(PLAIN, GERMAN))]
    with pytest.raises(RecordError, match="download the grading worksheet again"):
        export(marks_of(), "moodle", write(cut[0], cut[1:]))


def test_file_in_another_language_that_is_not_understood_names_the_way_out() -> None:
    theirs = write(["Vorname", "Nachname"], [["Anna", "Müller"]])
    with pytest.raises(RecordError, match=r"switch it to English \(user menu → Language\)"):
        export(marks_of(), "moodle", theirs)


def test_a_column_can_be_named_in_any_language() -> None:
    result = export(marks_of(), "moodle", worksheet(PLAIN, GERMAN), column="bewertung")
    assert column(result.content, "Bewertung") == ["1", "2", "3"]


def test_gradebook_in_another_language_is_filled_in() -> None:
    header = ["Vorname", "Nachname", "ID-Nummer", "Institution", "E-Mail-Adresse",
              "Aufgabe: Homework 2 (Punkte)", "Kurs gesamt (Punkte)"]  # fmt: skip
    body = [["Anna", "Müller", "24-1", "", "anna.mueller@example.ch", "-", "-"],
            ["bela", "Zoe", "24-2", "", "zoe@example.ch", "-", "-"]]  # fmt: skip
    people = [replace(PLAIN[0], email="", id="24-1"), PLAIN[2]]
    result = export(marks_of(people), "moodle", write(header, body))
    assert column(result.content, "Aufgabe: Homework 2 (Punkte)") == ["1", "2"]
    assert result.is_whole
