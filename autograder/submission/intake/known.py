"""Find senders among the people whom the course knows already, so that nobody gets two folders.

The course knows people from earlier lists and earlier intakes, which the gradebook stores, and from
the folders in `submitted/`. A number, login or address finds a person if the name fits, too. A
sender may also only resemble a known person: the same name in another order or spelling, a number
with zeros in front, an address in another form. Then the intake makes no new folder, unless the
teacher asks for one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path
from typing import TypeVar

from autograder.submission.intake.platforms import Sender
from autograder.submission.intake.roster import (
    LONG_WORD,
    NO_MATCH,
    Roster,
    alike,
    exactly,
    fault_of,
    folder_names,
    squeezed,
    suggested,
)

NEW = "--new"
"""Option that makes new folders in spite of doubts."""
OTHER_NAME = (
    f"Write that name into the column student of the list; if these are two people, add {NEW}"
)
TELL_APART = (
    "Add a list of students (--students) with this person's number or address; for a new folder, "
    f"add {NEW}"
)

GROUP = "group"
"""Source of the names of the groups whose work a student got."""

T = TypeVar("T")

MAX_WORDS = 8
"""Largest number of words of a name that are compared."""
MAX_NAME = 200
"""Largest number of characters of a name that are compared."""
MAX_SAME = 50
"""Largest number of people who are looked up for one name or number."""

_BLIND = re.compile(
    r"(participante?|teilnehmer(in)?|partecipante|deelnemer|deltag(are|er)|osallistuja|uczestnik"
    r"|ucastnik|resztvevo)\d*"
)
"""Names that platforms show for an anonymous student, in the form of `squeezed`."""

_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "œ": "oe"}
)
_SAME_PROVIDER = {"googlemail.com": "gmail.com"}

Key = tuple[str, ...]
"""A kind of evidence, and a word in a form that is the same for all its spellings."""

_EVIDENCE = {
    GROUP: "members of a group of this name: give the list of groups with --groups",
    "account": "the same account",
    "exact": "the same number, login or address",
    "number": "the same number",
    "login": "the same login",
    "local": "the same login or address",
    "address": "a similar address",
    "name": "the same name",
    "names": "a similar name",
}
"""Phrases for the kinds of evidence, the strongest first."""


@dataclass(frozen=True)
class KnownPerson:
    """A student of the course, with all names; `words` are all numbers, logins and addresses.

    `accounts` are the ids under which the student handed in, each with the platform.
    """

    student: str
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    accounts: tuple[tuple[str, str], ...] = ()


def accounts_of(sender: Sender, assignment: str) -> list[tuple[str, str]]:
    """Return a sender's ids, each with the platform; the name of a folder is not an id."""
    if sender.platform in ("folders", "given", "git"):
        return []
    source = account_source(sender.platform, assignment)
    return [(source, exactly(word)) for word in sender.ids]


def group_of(sender: Sender) -> list[tuple[str, str]]:
    """Return the group that a sender's name may be, in the form of an account; [] without one."""
    word = squeezed(sender.group) if sender.platform in ("moodle", "canvas") else ""
    return [(GROUP, word)] if word else []


def account_source(platform: str, assignment: str) -> str:
    """Return the name under which a platform's accounts are stored.

    Moodle's folders have a new number for each person in each homework.
    """
    return f"moodle {assignment}" if platform == "moodle" else platform


class KnownPeople:
    """The people whom the course knows, to look up senders and the rows of a list.

    `folders` are the names in `submitted/`; each of them is a student even if the gradebook does
    not have this student yet.
    """

    def __init__(self, people: Iterable[KnownPerson] = (), folders: Iterable[str] = ()) -> None:
        self.people = {person.student: person for person in people}
        self.folders = frozenset(folders)
        for student in self.folders - self.people.keys():
            self.people[student] = KnownPerson(student)
        parted = (name.rpartition("-") for name in self.folders)
        self._numbered = {plain for plain, _, number in parted if number.isdecimal()}
        self._words = {
            student: [frozenset(words) for words in _all(_spellings, _names_of(person))]
            for student, person in self.people.items()
        }
        self._found: defaultdict[Key, set[str]] = defaultdict(set)
        for student, person in self.people.items():
            keys = [*_all(_name_keys, _names_of(person)), *_accounts(person.accounts)]
            keys += [key for key in _word_keys(student) if key[0] != "exact"]
            keys += [("exact", student), *_all(_word_keys, person.words)]
            keys += _all(_word_keys, re.findall(r"-(\d+)$", student))  # made without a list
            for key in keys:
                if len(self._found[key]) < MAX_SAME:
                    self._found[key].add(student)

    def find(self, sender: Sender, assignment: str) -> str:
        """Return the student found by a sender's account, number, login or address, or ""."""
        if found := self.find_account(sender, assignment):
            return found
        accounts = accounts_of(sender, assignment)
        exact = self._of(("exact", each) for word in sender.ids for each in (word, exactly(word)))
        return _only(
            student
            for student in exact
            if self._fits(student, sender) and not self._is_other(student, accounts)
        )

    def find_account(self, sender: Sender, assignment: str) -> str:
        """Return the student whose earlier files came from this sender, or ""."""
        return _only(self._of(_accounts(accounts_of(sender, assignment))))

    def doubt(
        self, sender: Sender, assignment: str, is_other: Callable[[str], bool] = lambda _: False
    ) -> str:
        """Return a phrase: which students a sender may be, with the evidence; "" if none.

        `is_other` returns whether a student is certainly somebody else.
        """
        groups = group_of(sender) if sender.group in sender.names else []  # not of a known member
        accounts = _accounts([*accounts_of(sender, assignment), *groups])
        names = sender.names
        if sender.platform in ("folders", "given"):
            names = (*names, *map(_name_in, sender.ids))
        return self._doubt([*accounts, *_all(_sought_keys, sender.ids)], names, is_other)

    def doubts(self, roster: Roster) -> dict[str, str]:
        """Return the students on a list who may be known under another name, with the evidence.

        There is no doubt about students who have a folder in `submitted/`. All students on the list
        are different people.
        """
        found = {}
        for student in roster.people:
            keys = _all(_sought_keys, (student, *roster.words(student)))
            names = roster.names(student)
            if doubt := self._doubt(keys, names, self._others(student, roster)):
                found[student] = f"{student} {doubt}. {OTHER_NAME}"
        return found

    def with_list(
        self, senders: Sequence[Sender], roster: Roster, assignment: str, *, new: bool
    ) -> dict[Sender, tuple[str, str]]:
        """Return each sender's name in the course, or "" and the reason, with a list of students.

        People who are missing from the list are looked up among the known people.
        """
        doubts = {} if new else self.doubts(roster)
        found = roster.find_all(senders)
        for sender, (student, why) in found.items():
            if not student:
                look_up = self.find if why == NO_MATCH else self.find_account
                found[sender] = (known := look_up(sender, assignment)), "" if known else why
            elif not new:
                why = doubts.get(student, "")
                if not why and (
                    doubt := self.doubt(sender, assignment, self._others(student, roster))
                ):
                    why = f"{student} on the list {doubt}. {OTHER_NAME}"
                found[sender] = ("", why) if why else (student, "")
        return found

    def without_list(
        self, senders: Sequence[Sender], assignment: str, *, new: bool
    ) -> dict[Sender, tuple[str, str]]:
        """Return each sender's name in the course, or "" and the reason, without a list.

        A sender who is a known student gets this student's name. Any other sender gets the name of
        the folder that an earlier intake made for this sender, or else a new name.
        """
        senders = list(dict.fromkeys(senders))
        found = {each: (self.find(each, assignment), "") for each in senders}
        rest = [sender for sender in senders if not found[sender][0]]
        own = {sender: self._own_folder(sender, assignment) for sender in rest}
        often = Counter(own.values())
        folders = {alike(name) for name in self.folders}
        strangers = []
        for sender in rest:
            doubt = self.doubt(sender, assignment)
            if own[sender] and often[own[sender]] == 1:
                found[sender] = own[sender], ""
            elif (name := folder_names(sender)[0]) not in self.folders and alike(name) in folders:
                found[sender] = name, ""  # writing into the other folder is refused later
            elif doubt and not new:
                found[sender] = "", f"the sender {doubt}. {TELL_APART}"
            else:
                strangers.append(sender)
        return found | suggested(strangers, self.people.keys())

    def given(self, student: str, assignment: str) -> str:
        """Return why a student's name on the command line may be wrong, or ""."""
        if student in self.people or fault_of(student):
            return ""
        doubt = self.doubt(Sender("given", student, (student,)), assignment)
        return doubt and f"{student} {doubt}. Give that name, or add {NEW} for a new folder"

    def _own_folder(self, sender: Sender, assignment: str) -> str:
        """Return the folder that an earlier intake without a list made for a sender, or ""."""
        plain, numbered = folder_names(sender)
        if numbered in self.folders:
            return numbered
        is_shared = plain in self._numbered
        is_other = self._is_other(plain, accounts_of(sender, assignment))
        return plain if plain in self.folders and not (is_shared or is_other) else ""

    def _is_other(self, student: str, accounts: Sequence[tuple[str, str]]) -> bool:
        """Return whether a student is known to have other accounts on the sender's platform."""
        known = self.people[student].accounts if student in self.people else ()
        platforms = {platform for platform, _ in accounts}
        mine = [account for account in known if account[0] in platforms]
        return bool(mine) and not set(mine) & set(accounts)

    def _fits(self, student: str, sender: Sender) -> bool:
        """Return whether a sender's name fits a student, or whether no names are known.

        A name fits if it shares a word with one of the student's names.
        """
        told = [name for name in sender.names if name not in sender.ids and not _is_blind(name)]
        known = [words for name in self.people[student].names for words in _spellings(name)]
        sought = ["".join(words) for name in told for words in _spellings(name)]
        return (
            not known
            or not sought
            or any(word in name for words in known for word in words for name in sought)
        )

    def _others(self, student: str, roster: Roster) -> Callable[[str], bool]:
        """Return a function that says whether a known person is certainly not this student."""
        # if a list gave this student this name before, only a folder is a reason for doubt
        is_known, is_settled = student in self.people, student in self.folders
        return lambda other: (
            is_settled or other in roster.people or (is_known and other not in self.folders)
        )

    def _of(self, keys: Iterable[Key]) -> set[str]:
        return set().union(*(self._found.get(key, ()) for key in keys))

    def _doubt(
        self, keys: Iterable[Key], names: Sequence[str], is_other: Callable[[str], bool]
    ) -> str:
        """Return a phrase that names the people with one of these keys or names, or ""."""
        evidence: dict[str, set[str]] = {}
        sought = [frozenset(words) for words in _all(_spellings, names)]
        for key in chain(keys, _all(_name_keys, names)):
            for student in self._found.get(key, ()):
                resembles = key[0] != "names" or self._resembles(student, sought)
                if resembles and not is_other(student):
                    evidence.setdefault(key[0], set()).add(student)
        kind = next((kind for kind in _EVIDENCE if kind in evidence), "")
        if not kind:
            return ""
        who = sorted(evidence[kind])
        shown = " or ".join(who[:3]) + (f" or one of {len(who) - 3} others" if who[3:] else "")
        return f"may be {shown}, whom the course knows ({_EVIDENCE[kind]})"

    def _resembles(self, student: str, sought: Iterable[frozenset[str]]) -> bool:
        """Return whether one of two names has all the words of the other, as with a middle name."""
        known = self._words[student]
        return any(one <= other or other <= one for other in sought for one in known)


def with_folders(people: Iterable[KnownPerson], submitted: Path) -> KnownPeople:
    """Return the people of a gradebook together with the students who have a folder."""
    folders = submitted.iterdir() if submitted.is_dir() else ()
    names = (path.name for path in folders if not path.name.startswith(".") and path.is_dir())
    return KnownPeople(people, names)


def _name_in(student: str) -> str:
    """Return the name of a person in the name of a folder, such as Jane-Doe-1001."""
    return "" if "@" in student else re.sub(r"[-.]", " ", re.sub(r"-\d+$", "", student))


def _names_of(person: KnownPerson) -> tuple[str, ...]:
    return tuple(filter(None, (*person.names, _name_in(person.student))))


def _accounts(accounts: Iterable[tuple[str, str]]) -> list[Key]:
    return [
        (GROUP, word) if source == GROUP else ("account", source, word) for source, word in accounts
    ]


def _all(function: Callable[[str], Iterable[T]], texts: Iterable[str]) -> Iterator[T]:
    return chain.from_iterable(map(function, texts))


def _only(found: Iterable[str]) -> str:
    students = set(found)
    return students.pop() if len(students) == 1 else ""


def _name_keys(name: str) -> Iterator[Key]:
    """Yield keys for a name in all orders and spellings, and for each two of its words."""
    if _is_blind(name):
        return
    for words in _spellings(name):
        for start in range(len(words)):
            yield "name", "".join(words[start:] + words[:start])
        whole = [word for word in words if len(word) > 1]
        for pair in combinations(sorted(set(whole)), 2):
            yield "names", *pair


def _spellings(name: str) -> list[list[str]]:
    """Return a name's words without signs and accents, and with ae for ä."""
    name = unicodedata.normalize("NFC", name[:MAX_NAME]).casefold()
    both = dict.fromkeys((name, name.translate(_LETTERS)))
    parted = ([squeezed(part) for part in re.split(r"[\s,_]+", each)] for each in both)
    return [words[:MAX_WORDS] for parts in parted if (words := [part for part in parts if part])]


def _is_blind(name: str) -> bool:
    return _BLIND.fullmatch(squeezed(name)) is not None


def _word_keys(word: str) -> Iterator[Key]:
    """Yield keys that are the same for all spellings of a number, login or address."""
    word = exactly(unicodedata.normalize("NFKC", word))
    yield "exact", word
    if "@" in word:
        local, _, domain = word.rpartition("@")
        domain = _SAME_PROVIDER.get(domain, domain)
        local = squeezed(local.partition("+")[0])
        yield "address", local, ".".join(domain.split(".")[-2:])
        yield "local", local
    elif word.isdigit():
        yield "number", word.lstrip("0")
    else:
        yield "login", squeezed(word)


def _sought_keys(word: str) -> Iterator[Key]:
    """Yield the keys under which the same person may be known; too short words give no keys."""
    if len(word.strip()) < LONG_WORD:
        return
    for key in _word_keys(word):
        kind, *rest = key
        if kind == "local":  # two addresses with one name before the @ may be two people's
            yield "login", *rest
        else:
            yield key
        if kind == "login":
            yield "local", *rest
