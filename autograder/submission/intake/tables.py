"""Use Moodle's grading worksheet and lists of groups for the senders of an export.

A row of a worksheet is used for a folder only if number and name are the same, because another
assignment has other numbers. Only two kinds of tables are used: those that the teacher gave, and
those beside the senders' folders, where no student can put a file.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from zoneinfo import ZoneInfo

from autograder.csvtable import TableError
from autograder.submission.files import UnreadableError
from autograder.submission.intake.archives import Found
from autograder.submission.intake.platforms import MAX_HYPHENS, Sender, Sent
from autograder.submission.intake.recognising import Export
from autograder.submission.intake.roster import squeezed
from autograder.submission.intake.worksheets import PeopleTable, WorksheetRow, read_people
from autograder.words import printable

USED = "Moodle's grading worksheet, which was used"
OTHER_WORKSHEET = (
    "Moodle's grading worksheet, but no number and name in it is in the export. Is it the "
    "worksheet of another homework?"
)
SPREADSHEET = (
    "a spreadsheet, which is not read. If it is Moodle's grading worksheet, save it as CSV UTF-8, "
    "so that its ID numbers, addresses and times can be used"
)
NO_TIMES = "its dates can't be read: download it with Moodle set to English"
TEAM = "handed this in: to give it to all members, add --groups."
NOT_A_GROUP = (
    "is named like a group, but other folders are not: a person may have chosen this name. List "
    "the members of all groups, or take in this file with --student"
)
NO_GROUP = (
    "the file belongs to students without a group. Name them with --groups, or take in the file "
    "with --student"
)

_REMOVED = re.compile(r"[\x00-\x1f\x7f&<>\"`|':\\/]|\.\.+")
"""Characters that Moodle leaves out of the names of files and folders (clean_filename)."""


class Worksheet:
    """The participants of an assignment, by their number, from one or more worksheets."""

    def __init__(self, participants: Iterable[WorksheetRow] = ()) -> None:
        self._known: defaultdict[str, list[WorksheetRow]] = defaultdict(list)
        for each in participants:
            self._known[each.sender.ids[0]].append(each)

    def find(self, sender: Sender) -> WorksheetRow | None:
        """Return the participant who is a sender, if the number and the name are the same."""
        if sender.platform != "moodle" or not sender.ids:
            return None
        found = [each for each in self._known.get(sender.ids[0], ()) if _is_named(sender, each)]
        return found[0] if found and all(each == found[0] for each in found) else None

    def complete(self, sent: Sent) -> Sent:
        """Return the file, with the worksheet's data added to its senders."""
        senders = tuple(map(self._completed, sent.senders))
        return replace(sent, senders=senders, others=tuple(map(self.complete, sent.others)))

    def _completed(self, sender: Sender) -> Sender:
        if (known := self.find(sender)) is None:
            return sender
        names = tuple(dict.fromkeys(name for name in (*known.sender.names, *sender.names) if name))
        return replace(sender, ids=known.sender.ids, names=names, time=known.sender.time)


def _is_named(sender: Sender, known: WorksheetRow) -> bool:
    """Return whether a folder has a participant's name, also after "GROUP-", or a hidden name."""
    names = {squeezed(known.word), *map(squeezed, known.sender.names)}
    words = sender.names[0].split("-", MAX_HYPHENS) if sender.names else []
    return any(squeezed("".join(words[start:])) in names for start in range(len(words)))


class Groups:
    """The members of the groups that an export names, from worksheets and lists of groups."""

    def __init__(self, tables: Sequence[PeopleTable], wanted: Iterable[str]) -> None:
        names = {key for name in wanted for key in _group_keys(name)}
        self._known = [_members(table, names) for table in tables]
        self._squeezed = [_by_squeezed(known) for known in self._known]

    def members(self, sender: Sender) -> tuple[Sender, ...]:
        """Return the members of a sender that is a group; () for a person or an unknown group.

        The first table that has the group decides who the members are. The submission time may
        come from any table.
        """
        if sender.platform == "canvas":  # writes names without spaces and punctuation
            tables, keys = self._squeezed, [squeezed(sender.group)]
        else:
            tables, keys = self._known, list(_group_keys(sender.group))
        found = [known[key] for known in tables for key in keys if key in known]
        times = [each.time for members in found for each in members if each.time is not None]
        return tuple(
            replace(
                each,
                platform=sender.platform,
                shown=f"{each.shown} in {sender.group}",
                time=max(times, default=sender.time),
                group=sender.group,
            )
            for each in (found[0] if found else ())
        )


def _by_squeezed(known: Mapping[str, list[Sender]]) -> dict[str, list[Sender]]:
    """Return the members of the groups whose names differ in more than spaces and punctuation."""
    often = Counter(map(squeezed, known))
    return {squeezed(key): members for key, members in known.items() if often[squeezed(key)] == 1}


def _members(table: PeopleTable, names: Set[str]) -> dict[str, list[Sender]]:
    """Return the members of each group in a table; `names` are the groups of the export."""
    known = defaultdict[str, list[Sender]](list)
    column = table.group_column
    if column is None:
        column = _group_column(table, names)
    if column is not None:
        for sender, cells in table.members:
            for key in _groups_in(cells.get(column, "")):
                known[key].append(sender)
    return dict(known)


def _group_column(table: PeopleTable, names: Set[str]) -> int | None:
    """Return the column that names the export's groups in most rows; None if there are two."""
    often = Counter(
        place
        for _, cells in table.members
        for place, cell in cells.items()
        if not names.isdisjoint(_groups_in(cell))
    ).most_common(2)
    is_clear = len(often) == 1 or (len(often) == 2 and often[0][1] > often[1][1])
    return often[0][0] if is_clear else None


def _groups_in(cell: str) -> Iterator[str]:
    """Yield the names of the groups in a cell, in the form of `_cleaned`."""
    parts = [cell, *re.split(r"[,;]", cell)]
    yield from dict.fromkeys(key for part in parts if (key := _cleaned(part)))


def _group_keys(name: str) -> Iterator[str]:
    """Yield the forms in which a list may write a group: "Group A", and "12" for "Team 12"."""
    if key := _cleaned(name):
        yield key
    if match := re.fullmatch(r"[^\W\d_]+[ _]([0-9]+)", name):
        yield match[1]


def _cleaned(name: str) -> str:
    """Return a group's name as Moodle writes it into a folder's name, without case."""
    name = _REMOVED.sub("", unicodedata.normalize("NFC", name)).replace("_", " ")
    return " ".join(name.split()).casefold()


class Tables:
    """The data that tables have about the senders of an export.

    `given` are the tables that the teacher gave; `used` are those that gave data. The export
    itself may have more tables, beside the senders' folders. If several given tables have the same
    group, the first of them decides.
    """

    def __init__(self, export: Export, given: Sequence[PeopleTable], zone: ZoneInfo) -> None:
        self._zone = zone
        self._told: dict[Found, tuple[str, bool]] = {}
        self.notes: list[str] = []
        readings = [each for sent in export.sent for each in (sent, *sent.others)]
        self._senders = {sender for each in readings for sender in each.senders}
        self._wanted = {sender.group for sender in self._senders}
        is_moodles = export.platform == "moodle"
        beside = [table for f in export.beside if is_moodles and (table := self._read(f))]
        self.used: list[PeopleTable] = []
        for table in given:
            if self._describe(table) if is_moodles else self._has_groups(table):
                self.used.append(table)
            elif is_moodles and table.participants:
                self.notes.append(f"{printable(table.where)} is {OTHER_WORKSHEET}")
        tables = [*given, *beside]
        self._worksheet = Worksheet(each for table in tables for each in table.participants)
        self._groups = Groups(tables, self._wanted)
        self.members: set[Sender] = set()

    def _read(self, found: Found) -> PeopleTable | None:
        """Return the table in a file, or None, and store the message about the file."""
        ending = found.name.lower().rpartition(".")[2]
        if ending in ("xlsx", "xls", "ods"):
            self._told[found] = SPREADSHEET, True
        if ending not in ("csv", "tsv", "txt"):
            return None
        try:
            table = read_people(found.read(), found.name, self._zone)
        except (TableError, UnreadableError) as error:
            self._told[found] = f"the file {error}", ending != "txt"
            return None
        if table is not None and table.participants:
            self._told[found] = (USED, False) if self._describe(table) else (OTHER_WORKSHEET, True)
        return table

    def _describe(self, table: PeopleTable) -> bool:
        """Store messages about the use of a grading worksheet; return whether it is used at all."""
        worksheet = Worksheet(table.participants)
        known = [each for sender in self._senders if (each := worksheet.find(sender))]
        what = [
            what
            for what, is_there in (
                ("ID numbers", any("lms_user_id" in each.fields for each in known)),
                ("addresses", any("email" in each.fields for each in known)),
                ("times", any(each.sender.time for each in known)),
            )
            if is_there
        ]
        told = f"{printable(table.where)} is Moodle's grading worksheet"
        if what:
            words = " and ".join((", ".join(what[:-1]), what[-1])) if what[1:] else what[0]
            count = len({each.sender.ids[0] for each in known})
            self.notes.append(f"{told}. It gave the {words} of {count} senders.")
        if known and "times" not in what:
            self.notes.append(f"{told}, but {NO_TIMES}.")
        return bool(known) or self._has_groups(table)

    def _has_groups(self, table: PeopleTable) -> bool:
        """Return whether a table names the members of one of the export's groups."""
        return any(map(Groups([table], self._wanted).members, self._senders))

    def complete(self, sent: Sent) -> Sent:
        """Return the file with data from the tables about its senders; a table gets its message."""
        if told := self._told.get(sent.found):
            return replace(sent, refusal=told[0], matters=told[1])
        return self._worksheet.complete(sent)

    def is_person(self, sender: Sender) -> bool:
        """Return whether a sender is a person: in the worksheet, or not named like a group."""
        return self._worksheet.find(sender) is not None or not self._groups.members(sender)

    def shared(self, sent: Sent, *, has_people: bool) -> Sent:
        """Return the file; if a group handed it in, its senders are the members of the group.

        An export from Moodle has folders either of people or of groups. So if it has folders of
        people, a folder with a group's name belongs to a person who chose this display name.
        """
        found: list[Sender] = []
        for sender in sent.senders:
            if self.is_person(sender):
                found += [sender] if sender.ids or sender.names else []
            elif has_people and sender.platform == "moodle" and sender.ids:
                return replace(
                    sent, senders=(), refusal=f"{sender.shown} {NOT_A_GROUP}", matters=True
                )
            else:
                members = self._groups.members(sender)
                self.members.update(members)
                found += members
        if sent.senders and not found:
            why = f"{printable(sent.senders[0].group)}: {NO_GROUP}"
            return replace(sent, senders=(), refusal=why, matters=True)
        teams = {each.group for each in set(found) - self.members if each.platform == "ilias"}
        notes = [sent.note, *(f"{printable(team)} {TEAM}" for team in sorted(teams - {""}))]
        note = " ".join(filter(None, notes))
        return replace(sent, senders=tuple(dict.fromkeys(found)), note=note)

    def fields(self, senders: Iterable[Sender]) -> dict[Sender, Mapping[str, str]]:
        """Return the gradebook's fields of the senders whom a worksheet knows."""
        found = {sender: self._worksheet.find(sender) for sender in senders}
        return {sender: known.fields for sender, known in found.items() if known and known.fields}
