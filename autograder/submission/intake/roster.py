"""Match senders to students of the course, by the course's roster or else by platform data."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from autograder.csvtable import MAX_BYTES, TableError, read_table
from autograder.errors import SubmissionError
from autograder.submission.intake.platforms import Sender
from autograder.words import printable, shown

ID_COLUMNS = ("student", "student_id", "id")
"""Columns for the student's name in the course; the first column that exists is used."""

FIRST_NAMES = ("firstname", "givenname", "vorname", "prenom")
LAST_NAMES = ("lastname", "surname", "familyname", "nachname", "nom")

FULL_NAMES = ("name", "fullname", "studentname")
EMAILS = ("email", "emailaddress", "mail", "emailadresse")
NUMBERS = ("lmsuserid", "number", "idnumber", "sid", "matrikelnummer")

MAX_ID = 80
LONG_WORD = 3
"""Smallest number of characters of a number or login that can identify a person."""

NO_MATCH = "no student in the roster matches"

_ID = re.compile(r"[^\W_](?:[\w.@-]*[\w-])?")
_BETWEEN = re.compile(r"[-. /]")
_WORD = re.compile(r"[^\s/:]{3,128}|participant \d{1,20}", re.IGNORECASE)
_PARTICIPANT = "participant "
"""Prefix of a participant's number in Moodle's grading worksheet."""
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def fault_of(student: str) -> str:
    """Return the reason why a name can't be a student's folder on every machine, or ""."""
    if not _ID.fullmatch(student) or len(student) > MAX_ID:
        return "use only letters, digits and . _ - @"
    if _DEVICES.fullmatch(student):
        return "Windows reserves this name for a device"
    return ""


def squeezed(text: str) -> str:
    """Return a name for comparison: without case, accents, spaces and punctuation."""
    text = unicodedata.normalize("NFKD", text).casefold().replace("ß", "ss")
    return "".join(letter for letter in text if letter.isalnum())


def exactly(word: str) -> str:
    """Return a number, login or address for comparison; a number loses dots, dashes and spaces."""
    word = unicodedata.normalize("NFC", word.strip()).casefold().removeprefix(_PARTICIPANT)
    return number if (number := _BETWEEN.sub("", word)).isascii() and number.isdigit() else word


def alike(name: str) -> str:
    """Return a form of a name that is the same for all names that a disk may treat as equal."""
    return unicodedata.normalize("NFKC", name).casefold()


def turns(name: str) -> Iterator[str]:
    """Yield a name in all orders that platforms use: "Anna Meier", "Meier, Anna", "meieranna".

    ILIAS writes ä as ae.
    """
    name = unicodedata.normalize("NFC", name).casefold()
    for spelt in dict.fromkeys((name, name.translate(_UMLAUTS))):
        words = [word for part in re.split(r"[\s,_]+", spelt) if (word := squeezed(part))]
        for start in range(len(words)):
            yield "".join(words[start:] + words[:start])


@dataclass(frozen=True)
class Roster:
    """The course's students, with the numbers, addresses and names that identify each of them.

    `people` holds the gradebook's fields of each student: `first_name`, `last_name`, `email`, and
    `lms_user_id`, the platform's number. `cells` holds each student's other columns, by the
    column's name in the form of `squeezed`. `note` is a sentence for the user about the file's
    encoding, or "".
    """

    people: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cells: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    note: str = ""
    _exact: Mapping[str, Set[str]] = field(default_factory=dict)
    _names: Mapping[str, Set[str]] = field(default_factory=dict)
    _columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Roster:
        """Read a CSV file with a column `student`, and columns with platforms' names or numbers."""
        try:
            with path.open("rb") as file:
                table = read_table(file.read(MAX_BYTES + 1))
        except OSError as error:
            reason = error.strerror or error
            raise SubmissionError(f"{path}: the roster can't be read ({reason})") from error
        except TableError as error:
            raise SubmissionError(f"{path}: the roster {error}") from None
        named = {name.strip().lower(): name for name in table.header if name.strip()}
        column = next((name for name in ID_COLUMNS if name in named), None)
        if column is None:
            columns = ", ".join(named.values()) or "none"
            raise SubmissionError(
                f"{path}: there is no column student; found columns: {columns}. Add a column "
                "student with a short name for each person, which is also the name of a folder"
            )
        # a spreadsheet may leave out the empty cells at the end of a row
        rows = [dict(zip(table.header, row, strict=False)) for row in table.rows]
        note = f"{path} {table.note}" if table.note else ""
        return cls._of(path, [(row.pop(named[column], ""), row) for row in rows], note)

    @classmethod
    def _of(
        cls, path: Path, rows: Iterable[tuple[str, Mapping[str, str]]], note: str = ""
    ) -> Roster:
        exact, names = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
        people: dict[str, Mapping[str, str]] = {}
        all_cells: dict[str, Mapping[str, str]] = {}
        by_column: dict[str, Mapping[str, str]] = {}
        taken = set[str]()
        for raw, others in rows:
            student = raw.strip()
            if fault := fault_of(student):
                raise SubmissionError(
                    f"{path}: {printable(student)!r} can't be a student's name: {fault}"
                )
            if alike(student) in taken:
                raise SubmissionError(
                    f"{path}: {student} is listed twice, or another name differs only in the case "
                    "or form of its letters"
                )
            taken.add(alike(student))
            cells = all_cells[student] = _filled(others)
            people[student] = _in_gradebook(cells)
            by_column[student] = {key: exactly(word) for key, word in cells.items()}
            exact[exactly(student)].add(student)
            for word in _known_as(cells, set(map(squeezed, others))):
                exact[exactly(word)].add(student)
                for turn in turns(word):
                    names[turn].add(student)
        return cls(people, all_cells, note, dict(exact), dict(names), by_column)

    def find_all(self, senders: Sequence[Sender]) -> dict[Sender, tuple[str, str]]:
        """Return the result of `find` for each sender; a shared name matches no student.

        Only a platform's number can tell senders with the same name apart. So a sender with a
        student's name matches no student if the roster has another number of the platform for the
        student.
        """
        found = {sender: self.find(sender) for sender in senders}
        numbered = {sender for sender in found if self._by_ids(sender)}
        columns = {(each.platform, key) for each in numbered for key in self._columns_of(each)}
        same: dict[tuple[str, str], set[tuple[str, ...]]] = {}
        for sender, (student, _) in found.items():
            same.setdefault((sender.platform, student), set()).add(sender.ids)
        for sender, (student, _) in found.items():
            if not student or sender in numbered or sender.platform in ("folders", "given"):
                continue
            known = self._columns.get(student, {})
            if any(key in known for platform, key in columns if platform == sender.platform):
                found[sender] = (
                    "",
                    (f"the sender's name is {student}'s, but the number is a different one"),
                )
            elif len(same[sender.platform, student]) > 1:
                why = f"several senders have the name of {student}; add numbers to the roster"
                found[sender] = "", why
        return found

    def find(self, sender: Sender) -> tuple[str, str]:
        """Return a sender's student and "", or return "" and the reason if no student was found.

        A number or an address is better evidence than a name. If a sender's data point to several
        people, the teacher must decide.
        """
        by_ids, by_name = self._by_ids(sender), self._by_names(sender)
        if len(by_ids) > 1:
            return "", (
                f"the sender's numbers and addresses belong to different people: {_either(by_ids)}"
            )
        by_id = next(iter(by_ids), "")
        if by_id and by_name and by_id not in by_name:
            return "", (
                f"the sender's number or address is {by_id}'s, but the name is {_either(by_name)}'s"
            )
        if by_id or len(by_name) == 1:
            return by_id or next(iter(by_name)), ""
        if by_name:
            return "", (
                f"the sender may be {_either(by_name)}; add the platform's number to the roster"
            )
        return "", NO_MATCH

    def names(self, student: str) -> tuple[str, ...]:
        """Return a student's name, if the list has one."""
        known = self.people[student]
        name = " ".join(known[key] for key in ("first_name", "last_name") if key in known)
        return (name,) if name else ()

    def words(self, student: str) -> tuple[str, ...]:
        """Return the numbers, logins and addresses that only this student has."""
        names = (*FIRST_NAMES, *LAST_NAMES, *FULL_NAMES)
        words = (word for key, word in self.cells[student].items() if key not in names)
        return tuple(
            word for word in words if _WORD.fullmatch(word) and len(self._exact[exactly(word)]) == 1
        )

    def who(self, sender: Sender) -> tuple[frozenset[str], bool]:
        """Return the students that a sender may be, and whether a number or login confirms it.

        ILIAS writes names and login into one folder name. A login from such a name confirms a
        student only if the rest fits the student's name in the roster, if the roster has names.
        """
        by_ids, by_name = self._by_ids(sender), self._by_names(sender)
        named = {student for student in by_ids if self.people[student].get("last_name")}
        fits = sender.platform != "ilias" or named <= by_name
        return by_ids | by_name, bool(by_ids) and fits

    def _by_ids(self, sender: Sender) -> frozenset[str]:
        found = (self._exact.get(exactly(word), frozenset()) for word in sender.ids)
        return frozenset().union(*(students for students in found if len(students) == 1))

    def _by_names(self, sender: Sender) -> frozenset[str]:
        return next(filter(None, map(self._by_name, sender.names)), frozenset())

    def _columns_of(self, sender: Sender) -> Iterator[str]:
        """Yield the columns of the roster that contain one of the sender's numbers."""
        words = set(map(exactly, sender.ids))
        for student in self._by_ids(sender):
            yield from (key for key, word in self._columns[student].items() if word in words)

    def _by_name(self, name: str) -> frozenset[str]:
        return frozenset().union(*(self._names.get(turn, ()) for turn in turns(name)))


def _either(students: Iterable[str]) -> str:
    return " or ".join(sorted(students))


def _filled(row: Mapping[str, str]) -> dict[str, str]:
    """Return the non-empty cells, by the names of their columns in the form of `squeezed`."""
    return {squeezed(column): value.strip() for column, value in row.items() if value.strip()}


def _first(cells: Mapping[str, str], columns: Iterable[str]) -> str:
    return next((cells[column] for column in columns if column in cells), "")


def _known_as(cells: Mapping[str, str], columns: Set[str]) -> Iterator[str]:
    """Yield the words that identify a student; the first and the last name are joined.

    If a list has columns for both names, but a student has only one, this is the whole name.
    """
    first, last = _first(cells, FIRST_NAMES), _first(cells, LAST_NAMES)
    yield from (word for key, word in cells.items() if key not in (*FIRST_NAMES, *LAST_NAMES))
    has_both = not columns.isdisjoint(FIRST_NAMES) and not columns.isdisjoint(LAST_NAMES)
    if (first and last) or (has_both and (first or last)):
        yield f"{first} {last}".strip()


def _in_gradebook(cells: Mapping[str, str]) -> dict[str, str]:
    """Return the gradebook's fields of a student; a full name in one column is the last name."""
    known = {
        "first_name": _first(cells, FIRST_NAMES),
        "last_name": _first(cells, LAST_NAMES) or _first(cells, FULL_NAMES),
        "email": _first(cells, EMAILS),
        "lms_user_id": _first(cells, NUMBERS),
    }
    return {name: shown(value).replace("\n", " ") for name, value in known.items() if value}


def suggested(
    senders: Sequence[Sender], taken: Iterable[str] = ()
) -> dict[Sender, tuple[str, str]]:
    """Return a name and "", or "" and the reason, for each sender in a course without roster.

    The name is the login or address if a platform gives one, else the sender's name. The platform's
    number is added to a name that two senders would have, or that another student has (`taken`).
    """
    other = set(map(alike, taken))
    called = {sender: folder_names(sender)[0] for sender in senders}
    often = Counter(map(alike, called.values()))
    for sender, name in called.items():
        if (not name or often[alike(name)] > 1 or alike(name) in other) and sender.ids:
            called[sender] = folder_names(sender)[1]
    often = Counter(map(alike, called.values()))
    found = {}
    for sender, name in called.items():
        fault = fault_of(name)
        if often[alike(name)] > 1:
            fault = f"two senders would be called {name}; tell them apart in a roster (--students)"
        elif alike(name) in other:
            fault = f"another student is called {name}; tell them apart in a roster (--students)"
        found[sender] = ("", fault) if fault else (name, "")
    return found


def folder_names(sender: Sender) -> tuple[str, str]:
    """Return two possible folder names for a sender: without and with the platform's number."""
    has_login = sender.platform in ("ilias", "gradescope", "folders", "given") and sender.ids
    plain = _slug(sender.ids[0] if has_login or not sender.names else sender.names[0])
    number = f"-{sender.ids[0]}" if sender.ids else ""
    return plain, _slug(f"{plain or sender.platform}{number}")


def _slug(name: str) -> str:
    """Return a name with dashes in place of all that a student's folder name can't contain."""
    plain = unicodedata.normalize("NFKC", name)
    return re.sub(r"[^\w.@-]+", "-", plain).strip("-._")[:MAX_ID]
