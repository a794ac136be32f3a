"""Who a sender is in the course: by the course's own list, else by what the platform says."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import SubmissionError
from autograder.submission.intake.platforms import Sender
from autograder.words import printable, shown

ID_COLUMNS = ("student", "student_id", "id")
"""The column with the name that a student has in the course: the first of these that is there."""

FIRST_NAMES = ("firstname", "givenname", "vorname", "prenom")
LAST_NAMES = ("lastname", "surname", "familyname", "nachname", "nom")

FULL_NAMES = ("name", "fullname", "studentname")
EMAILS = ("email", "emailaddress", "mail", "emailadresse")
NUMBERS = ("lmsuserid", "number", "idnumber", "sid", "matrikelnummer")

MAX_BYTES = 20_000_000
MAX_ID = 80
_ID = re.compile(r"[^\W_](?:[\w.@-]*[\w-])?")
_BETWEEN = re.compile(r"[-. /]")
_PARTICIPANT = "participant "
"""How Moodle's grading worksheet writes a participant's number."""
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def fault_of(student: str) -> str:
    """Why a name can't be that of a student's folder on every machine; "" if it can."""
    if not _ID.fullmatch(student) or len(student) > MAX_ID:
        return "letters, digits and . _ - @ alone can name a student"
    if _DEVICES.fullmatch(student):
        return "Windows keeps this name for a device"
    return ""


def squeezed(text: str) -> str:
    """A name without case, accents, spaces and signs, for comparison."""
    text = unicodedata.normalize("NFKD", text).casefold().replace("ß", "ss")
    return "".join(letter for letter in text if letter.isalnum())


def _exactly(word: str) -> str:
    """A number, login or address for comparison: each sign counts, but for those within numbers."""
    word = unicodedata.normalize("NFC", word.strip()).casefold().removeprefix(_PARTICIPANT)
    return number if (number := _BETWEEN.sub("", word)).isascii() and number.isdigit() else word


def alike(name: str) -> str:
    """A student's name in the course, such that two which a disk may take for one are the same."""
    return unicodedata.normalize("NFKC", name).casefold()


def _turns(name: str) -> Iterator[str]:
    """A name in all orders that platforms write it in: "Anna Meier", "Meier, Anna", "meieranna"."""
    words = [word for part in re.split(r"[\s,_]+", name) if (word := squeezed(part))]
    for start in range(len(words)):
        yield "".join(words[start:] + words[:start])


@dataclass(frozen=True)
class Roster:
    """The course's students: what each is known by, numbers, addresses and names alike.

    `people` is what the gradebook can know of each, under its own names: `first_name`, `last_name`,
    `email`, and `lms_user_id`, the platform's number. `cells` are the other columns of each as they
    stand in the file, by the squeezed names of the columns.
    """

    people: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cells: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    _exact: Mapping[str, Set[str]] = field(default_factory=dict)
    _names: Mapping[str, Set[str]] = field(default_factory=dict)
    _columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Roster:
        """Read a CSV file: a column `student`, and any others with what platforms call them."""
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                raise SubmissionError(f"{path}: it is larger than {MAX_BYTES:,} bytes")
            text = content.decode("utf-8-sig")
            # lines end where CSV says, and not at any sign that a name may hold
            lines = io.StringIO(text, newline="")
            rows = list(csv.DictReader(lines, delimiter=_delimiter(text)))
        except (OSError, UnicodeError, csv.Error) as error:
            raise SubmissionError(f"{path}: the list can't be read ({error})") from error
        named = {name.strip().lower(): name for name in (rows[0] if rows else {}) if name}
        column = next((name for name in ID_COLUMNS if name in named), None)
        if column is None:
            columns = ", ".join(named.values()) or "none"
            raise SubmissionError(f"{path}: no column is named student; there are: {columns}")
        return cls._of(path, [(row.pop(named[column]) or "", row) for row in rows])

    @classmethod
    def _of(cls, path: Path, rows: Iterable[tuple[str, Mapping[str | None, object]]]) -> Roster:
        exact, names = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
        people: dict[str, Mapping[str, str]] = {}
        all_cells: dict[str, Mapping[str, str]] = {}
        by_column: dict[str, Mapping[str, str]] = {}
        taken = set[str]()
        for raw, others in rows:
            student = raw.strip()
            if fault := fault_of(student):
                raise SubmissionError(f"{path}: {printable(student)!r} can't be a student: {fault}")
            if alike(student) in taken:
                raise SubmissionError(
                    f"{path}: {student} stands there twice, or differs from another by the case or "
                    "the form of letters alone"
                )
            taken.add(alike(student))
            cells = all_cells[student] = _filled(others)
            people[student] = _in_gradebook(cells)
            by_column[student] = {key: _exactly(word) for key, word in cells.items()}
            exact[_exactly(student)].add(student)
            for word in _known_as(cells):
                exact[_exactly(word)].add(student)
                for turn in _turns(word):
                    names[turn].add(student)
        return cls(people, all_cells, dict(exact), dict(names), by_column)

    def find_all(self, senders: Sequence[Sender]) -> dict[Sender, tuple[str, str]]:
        """As `find` for each; nobody is told from another by a name that both of them have.

        A platform's number tells two apart. If the list has that platform's numbers, a sender whom
        only the name makes a student must not have another number than the one on the list.
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
                found[sender] = "", f"its name is {student}'s, and its number is not"
            elif len(same[sender.platform, student]) > 1:
                why = f"several are called like {student}; add the right one's number to the list"
                found[sender] = "", why
        return found

    def find(self, sender: Sender) -> tuple[str, str]:
        """The student that a sender is, and ""; or "" and why nobody was found.

        A number or an address tells more than a name, but where two of them tell of different
        people, a person should look.
        """
        by_ids, by_name = self._by_ids(sender), self._by_names(sender)
        if len(by_ids) > 1:
            return "", f"its numbers and addresses are of different people: {_either(by_ids)}"
        by_id = next(iter(by_ids), "")
        if by_id and by_name and by_id not in by_name:
            return "", f"its number or address is {by_id}'s, its name that of {_either(by_name)}"
        if by_id or len(by_name) == 1:
            return by_id or next(iter(by_name)), ""
        if by_name:
            return "", f"it can be {_either(by_name)}; give the platform's number as well"
        return "", "the list of students names nobody like that"

    def who(self, sender: Sender) -> tuple[frozenset[str], bool]:
        """Whom a sender may be, and whether a number or login says so.

        A login that is cut out of a longer name says so only if the name beside it fits, where the
        list has one.
        """
        by_ids, by_name = self._by_ids(sender), self._by_names(sender)
        named = {student for student in by_ids if self.people[student].get("last_name")}
        fits = sender.platform != "ilias" or named <= by_name
        return by_ids | by_name, bool(by_ids) and fits

    def _by_ids(self, sender: Sender) -> frozenset[str]:
        found = (self._exact.get(_exactly(word), frozenset()) for word in sender.ids)
        return frozenset().union(*(students for students in found if len(students) == 1))

    def _by_names(self, sender: Sender) -> frozenset[str]:
        return next(filter(None, map(self._by_name, sender.names)), frozenset())

    def _columns_of(self, sender: Sender) -> Iterator[str]:
        """The columns of the list in which one of the sender's numbers stands."""
        words = set(map(_exactly, sender.ids))
        for student in self._by_ids(sender):
            yield from (key for key, word in self._columns[student].items() if word in words)

    def _by_name(self, name: str) -> frozenset[str]:
        return frozenset().union(*(self._names.get(turn, ()) for turn in _turns(name)))


def _either(students: Iterable[str]) -> str:
    return " or ".join(sorted(students))


def _delimiter(text: str) -> str:
    return max(",;\t", key=(text.splitlines() or [""])[0].count)


def _filled(row: Mapping[str | None, object]) -> dict[str, str]:
    """The cells with something in them, by the squeezed names of their columns."""
    return {
        squeezed(column): value.strip()
        for column, value in row.items()
        if isinstance(column, str) and isinstance(value, str) and value.strip()
    }


def _first(cells: Mapping[str, str], columns: Iterable[str]) -> str:
    return next((cells[column] for column in columns if column in cells), "")


def _known_as(cells: Mapping[str, str]) -> Iterator[str]:
    """What a student is known by; first and last name in columns of their own count as one."""
    first, last = _first(cells, FIRST_NAMES), _first(cells, LAST_NAMES)
    yield from (word for key, word in cells.items() if key not in (*FIRST_NAMES, *LAST_NAMES))
    if first and last:
        yield f"{first} {last}"


def _in_gradebook(cells: Mapping[str, str]) -> dict[str, str]:
    """What the gradebook can know of a student; a name in one column stands as the last name."""
    known = {
        "first_name": _first(cells, FIRST_NAMES),
        "last_name": _first(cells, LAST_NAMES) or _first(cells, FULL_NAMES),
        "email": _first(cells, EMAILS),
        "lms_user_id": _first(cells, NUMBERS),
    }
    return {name: shown(value).replace("\n", " ") for name, value in known.items() if value}


def suggested(senders: Sequence[Sender]) -> dict[Sender, tuple[str, str]]:
    """Without a list: a student's name for each sender, and why it has none.

    The login or address, where a platform gives one, else the name; with the platform's number
    where two would be called the same.
    """
    called = {sender: _slug(_calling(sender)) for sender in senders}
    often = Counter(map(alike, called.values()))
    for sender, name in called.items():
        if (not name or often[alike(name)] > 1) and sender.ids:
            called[sender] = _slug(f"{name or sender.platform}-{sender.ids[0]}")
    often = Counter(map(alike, called.values()))
    found = {}
    for sender, name in called.items():
        fault = fault_of(name)
        if often[alike(name)] > 1:
            fault = f"two would be called {name}; tell them apart in a list (--students)"
        found[sender] = ("", fault) if fault else (name, "")
    return found


def _calling(sender: Sender) -> str:
    has_login = sender.platform in ("ilias", "gradescope", "folders", "given") and sender.ids
    return sender.ids[0] if has_login or not sender.names else sender.names[0]


def _slug(name: str) -> str:
    """A name with a dash for whatever a student's folder can't be called by."""
    plain = unicodedata.normalize("NFKC", name)
    return re.sub(r"[^\w.@-]+", "-", plain).strip("-._")[:MAX_ID]
