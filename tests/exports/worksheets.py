"""Moodle's grading worksheets in several languages, as mod/assign/gradingtable.php orders them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.gradebook.marks import Person

NUMBER = 104711
"""Number of the first participant."""


@dataclass(frozen=True)
class Language:
    """Moodle's words for the columns, for a participant, and for the cells of a worksheet."""

    identifier: str
    participant: str
    full_name: str
    email: str
    status: str
    submitted: str
    grade: str
    maximum: str
    workflow: str
    changeable: str
    yes: str
    submission_date: str
    online_text: str
    grade_date: str
    comments: str
    date: str
    points: str


ENGLISH = Language(
    "Identifier", "Participant ", "Full name", "Email address", "Status",
    "Submitted for grading - ", "Grade", "Maximum Grade", "Marking workflow state",
    "Grade can be changed", "Yes", "Last modified (submission)", "Online text",
    "Last modified (grade)", "Feedback comments", "Thursday, 21 November 2024, 8:14 PM", "30.00",
)  # fmt: skip
GERMAN = Language(
    "ID", "Teilnehmer/in", "Vollständiger Name", "E-Mail-Adresse", "Status",
    "Zur Bewertung abgegeben - ", "Bewertung", "Bestwertung", "Status des Bewertungsworkflows",
    "Bewertung kann geändert werden", "Ja", "Zuletzt geändert (Abgabe)", "Texteingabe online",
    "Zuletzt geändert (Bewertung)", "Feedback als Kommentar",
    "Donnerstag, 21. November 2024, 20:14", "30,00",
)  # fmt: skip
FRENCH = Language(
    "Identifiant", "Participant ", "Nom complet", "Adresse de courriel", "Statut",
    "Remis pour évaluation - ", "Note", "Note maximale", "État du flux d'évaluation",
    "La note peut être modifiée", "Oui", "Dernière modification (travail remis)", "Texte en ligne",
    "Dernière modification (note)", "Feedback par commentaires",
    "jeudi 21 novembre 2024, 20:14", "30,00",
)  # fmt: skip
JAPANESE = Language(
    "識別子", "参加者", "フルネーム", "メールアドレス", "ステータス", "評定のために提出済み - ",
    "評定", "最大評点", "採点ワークフロー状態", "評定変更可", "Yes", "最終更新日時 (提出)",
    "オンラインテキスト", "最終更新日時 (評定)", "フィードバックコメント",
    "2024年 11月 21日(木曜日) 20:14", "30.00",
)  # fmt: skip
LANGUAGES = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "ja": JAPANESE}


def worksheet(
    people: Sequence[Person],
    words: Language = ENGLISH,
    *,
    blind: bool = False,
    workflow: bool = False,
    text: bool = False,
    fields: Mapping[str, Sequence[str]] = {},
    grades: Sequence[str] | None = None,
    comments: Sequence[str] | None = None,
) -> bytes:
    """Return a worksheet of these people; `fields` are columns of the site between name and email.

    `blind` leaves out who the participants are, as anonymous submissions do.
    """
    header = [words.identifier]
    if not blind:
        header += [words.full_name, *fields, words.email]
    header += [words.status, words.grade, words.maximum]
    header += [words.workflow] if workflow else []
    header += [words.changeable, words.submission_date]
    header += [words.online_text] if text else []
    header += [words.grade_date, words.comments]
    rows = []
    for place, person in enumerate(people):
        row = [f"{words.participant}{NUMBER + place}"]
        if not blind:
            name = f"{person.first_name} {person.last_name}"
            row += [name, *(cells[place] for cells in fields.values()), person.email]
        row += [words.submitted, grades[place] if grades else "", words.points]
        row += [words.yes] if workflow else []
        row += [words.yes, words.date]
        row += ["=1+1" if place else "A text, with a comma"] if text else []
        row += [
            words.date if grades and grades[place] else "-",
            comments[place] if comments else "",
        ]
        rows.append(row)
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode("utf-8-sig")
