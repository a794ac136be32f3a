"""One e-mail for each student: complete, addressed to nobody else, and never sent."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

import pytest

from autograder.errors import RecordError
from autograder.exports.handback.mail import Mails, usable_address, write_mails
from autograder.gradebook.marks import Person

from .people import HOSTILE, PLAIN, marks_of
from .test_handback import page, pages

NOW = datetime(2024, 12, 1, 9, 30, tzinfo=UTC)
LATER = datetime(2024, 12, 2, 9, 30, tzinfo=UTC)


def mailed(
    folder: Path, people: tuple[Person, ...] = PLAIN, moment: datetime = NOW, **changed: str
) -> Mails:
    """Write mails with the pages of these people; `changed` are other texts on some pages."""
    folder.mkdir(exist_ok=True)
    found: Mapping[str, Path] = pages(folder, people)
    for student, text in changed.items():
        found[student].write_text(text, encoding="utf-8")
    return write_mails(marks_of(people), found, folder / "mail", "A course", moment)


def mail(folder: Path, student: str) -> EmailMessage:
    content = (folder / "mail" / f"{student}.eml").read_bytes()
    assert content.isascii()
    found = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def attachment(message: EmailMessage) -> EmailMessage:
    [found] = message.iter_attachments()
    assert isinstance(found, EmailMessage)
    return found


def test_mail_has_all_that_it_needs(tmp_path: Path) -> None:
    mails = mailed(tmp_path)
    assert mails.states == {"anna": "new", "bela": "new", "zoe": "new"}
    message = mail(tmp_path, "zoe")
    assert str(message["To"]) == "Zoë Zahnd <zoe@example.ch>"
    assert str(message["Subject"]) == "Homework 2: your feedback"
    assert parsedate_to_datetime(str(message["Date"])) == NOW
    assert str(message["Message-ID"]).startswith("<")
    body = message.get_body(("plain",))
    assert body is not None
    first, _, then = body.get_content().splitlines()
    assert first == "Hello Zoë,"
    assert then.startswith("your feedback for Homework 2 (A course) is attached.")
    assert message.get_body(("html",)) is None
    found = attachment(message)
    assert found.get_filename() == "hw2-feedback.html"
    assert (found.get_content_type(), found.get_content_charset()) == ("text/html", "utf-8")
    assert found.get_payload(decode=True) == page("zoe").encode()


def test_message_ids_are_different_and_stay(tmp_path: Path) -> None:
    mailed(tmp_path / "one")
    mailed(tmp_path / "two", moment=LATER)
    ids = {
        student: {str(mail(tmp_path / where, student)["Message-ID"]) for where in ("one", "two")}
        for student in ("anna", "bela", "zoe")
    }
    assert {len(found) for found in ids.values()} == {1}
    assert len(set().union(*ids.values())) == 3


def test_a_second_run_changes_only_what_changed(tmp_path: Path) -> None:
    mailed(tmp_path)
    files = {path.name: path.read_bytes() for path in (tmp_path / "mail").iterdir()}
    mails = mailed(tmp_path, moment=LATER, bela="<p>better")
    assert mails.states == {"anna": "unchanged", "bela": "replaced", "zoe": "unchanged"}
    now = {path.name: path.read_bytes() for path in (tmp_path / "mail").iterdir()}
    assert {name for name in now if now[name] != files[name]} == {"bela.eml"}
    assert attachment(mail(tmp_path, "bela")).get_payload(decode=True) == b"<p>better"
    assert parsedate_to_datetime(str(mail(tmp_path, "bela")["Date"])) == LATER


def test_a_sender_that_a_person_added_stays(tmp_path: Path) -> None:
    mailed(tmp_path)
    path = tmp_path / "mail" / "anna.eml"
    path.write_bytes(b"From: carl@example.ch\r\n" + path.read_bytes())
    assert mailed(tmp_path, moment=LATER).states["anna"] == "unchanged"
    assert str(mail(tmp_path, "anna")["From"]) == "carl@example.ch"


def test_mails_of_an_earlier_run_are_told(tmp_path: Path) -> None:
    mailed(tmp_path)
    mails = mailed(tmp_path, PLAIN[:1])
    assert mails.stale == ["bela.eml", "zoe.eml"]


def test_no_file_of_somebody_else_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "anna.eml").write_text("notes")
    with pytest.raises(RecordError, match="fdl did not write it"):
        mailed(tmp_path)
    assert (tmp_path / "mail" / "anna.eml").read_text() == "notes"


def test_hostile_names_add_no_line_to_a_mail(tmp_path: Path) -> None:
    people = tuple(
        Person(each.id, f"{each.first_name}\r\nBcc: evil@x.example", each.last_name, each.email)
        for each in HOSTILE
    )
    mails = mailed(tmp_path, people)
    assert mails.without_address == ["s11"]
    expected = {"To", "Subject", "Message-ID", "X-Unsent", "MIME-Version", "Content-Type", "Date"}
    for person in people:
        if person.email:
            message = mail(tmp_path, person.id)
            assert set(message.keys()) == expected
            assert len(message.keys()) == len(expected)
            assert attachment(message).get_payload(decode=True) == page(person.id).encode()
            [(_, address)] = getaddresses([str(message["To"])])
            assert address == person.email


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        ("anna@example.ch", "anna@example.ch"),
        (" anna@example.ch ", "anna@example.ch"),
        ("a.b+c_d@x-y.example", "a.b+c_d@x-y.example"),
        ("anna@müller.example", "anna@xn--mller-kva.example"),
        ("jürg@example.ch", ""),
        ("anna", ""),
        ("", ""),
        ("@example.ch", ""),
        ("anna@", ""),
        ("anna@x.example, bela@x.example", ""),
        ("anna@x.example\r\nBcc: bela@x.example", ""),
        ("anna@x.example>, <bela@x.example", ""),
        ("Anna <anna@x.example>", ""),
        ("a b@x.example", ""),
        ("anna@x..example", ""),
        ("anna..b@x.example", ""),
        ("anna@x\0.example", ""),
        ("/*'@İx\x7fxa^。", ""),
        ("anna@" + "x" * 300, ""),
    ],
)
def test_address_is_used_only_if_it_is_one(text: str, usable: str) -> None:
    assert usable_address(text) == usable


def test_students_without_an_address_are_listed(tmp_path: Path) -> None:
    people = (PLAIN[0], Person("bela", "Béla", "Nagy"), Person("zoe", email="no address"))
    mails = mailed(tmp_path, people)
    assert (list(mails.states), mails.without_address) == (["anna"], ["bela", "zoe"])
    assert [path.name for path in (tmp_path / "mail").iterdir()] == ["anna.eml"]


def test_long_id_is_a_file_too(tmp_path: Path) -> None:
    people = tuple(Person("ü" * 120 + end, email="x@example.ch") for end in "ab")
    mailed(tmp_path, people)
    names = [path.name for path in (tmp_path / "mail").iterdir()]
    assert len(names) == 2
    assert all(len(name.encode()) < 255 for name in names)
