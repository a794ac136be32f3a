"""Write one e-mail for each student, with the feedback page as an attachment; send nothing.

A mail program opens the files (`.eml`), or a script passes them to a mail server. They have no
sender: the program or the server adds it. If a page has not changed since an earlier run, its file
stays unchanged, with everything that a person added to it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from autograder.durable import make_folder, write_bytes
from autograder.errors import RecordError
from autograder.exports.handback.package import State
from autograder.exports.names import first_and_last
from autograder.gradebook.marks import Marks, Person
from autograder.words import printable

SUFFIX = ".eml"
MAX_FILE_NAME = 200
"""Maximum number of bytes of a student's id in a file's name."""

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?P<domain>[^\s@<>()\[\],;:\\\"]{1,255})"
)


@dataclass
class Mails:
    """The result: the state of each student's file, and the students without a usable address.

    `stale` are earlier files in the folder that this run did not write.
    """

    states: dict[str, State] = field(default_factory=dict)
    without_address: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


def write_mails(
    marks: Marks, pages: Mapping[str, Path], folder: Path, course_title: str, moment: datetime
) -> Mails:
    """Write a file for each student with a page and an address into the folder."""
    mails, names, everybody = Mails(), set[str](), marks.everybody
    for student, page in pages.items():
        person = everybody[student].person
        address = usable_address(person.email)
        if not address:
            mails.without_address.append(student)
            continue
        name = _file_name(student)
        names.add(name)
        mail = _mail(marks, person, address, page.read_bytes(), course_title)
        mails.states[student] = _write(folder / name, mail, moment)
    if folder.is_dir():
        mails.stale = sorted({path.name for path in folder.glob(f"*{SUFFIX}")} - names)
    return mails


def usable_address(text: str) -> str:
    """Return an address in ASCII, as mail servers expect; "" if the text is not an address."""
    found = _ADDRESS.fullmatch(text.strip())
    if found is None:
        return ""
    local, domain = text.strip().rsplit("@", 1)
    try:
        spec = Address(username=local, domain=domain.encode("idna").decode("ascii")).addr_spec
        return str(Address(addr_spec=spec).addr_spec)  # only this form is parsed and checked
    except Exception:  # the parser raises many kinds of errors
        return ""


def _mail(
    marks: Marks, person: Person, address: str, page: bytes, course_title: str
) -> EmailMessage:
    first, last = (printable(part) for part in first_and_last(person))
    title = printable(marks.title)
    name = " ".join(filter(None, (first, last)))
    mail = EmailMessage(policy=SMTP)
    mail["To"] = Address(name, addr_spec=address)
    mail["Subject"] = f"{title}: your feedback"
    key = "\0".join((marks.name, person.id, address)).encode("utf-8", "replace") + page
    domain = address.rpartition("@")[2]
    mail["Message-ID"] = f"<{hashlib.sha256(key).hexdigest()[:32]}@{domain}>"
    mail["X-Unsent"] = "1"  # mail programs open the file as a draft
    mail.set_content(
        f"Hello{f' {first or last}' if name else ''},\n\n"
        f"your feedback for {title} ({printable(course_title)}) is attached. Save the file and "
        "open it in a browser; it needs no internet connection.\n"
    )
    mail.add_attachment(
        page,
        maintype="text",
        subtype="html",
        filename=f"{marks.name}-feedback.html",
        params={"charset": "utf-8"},
    )
    return mail


def _write(path: Path, mail: EmailMessage, moment: datetime) -> State:
    known = _message_id(path)
    if known == mail["Message-ID"]:
        return "unchanged"
    if path.exists() and not known:
        raise RecordError(f"{path} exists, and fdl did not write it: name another folder")
    mail["Date"] = format_datetime(moment)
    try:
        make_folder(path.parent)
        write_bytes(path, mail.as_bytes())
    except OSError as error:
        raise RecordError(f"{path} can't be written: {error.strerror}") from error
    return "replaced" if known else "new"


def _message_id(path: Path) -> str:
    """Return the id of the mail in a file; "" if there is no file, or no mail in it."""
    try:
        with path.open("rb") as file:
            return str(BytesHeaderParser(policy=SMTP).parse(file)["Message-ID"] or "")
    except OSError:
        return ""


def _file_name(student: str) -> str:
    if len(student.encode("utf-8", "replace")) <= MAX_FILE_NAME:
        return f"{student}{SUFFIX}"
    digest = hashlib.sha256(student.encode("utf-8", "replace")).hexdigest()[:16]
    return f"{student[: MAX_FILE_NAME // 8]}-{digest}{SUFFIX}"
