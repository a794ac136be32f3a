"""Run the whole intake: put the given files into `submitted/`, and report the result."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from dataclasses import replace as changed
from datetime import datetime
from functools import cached_property
from pathlib import Path

from autograder.course.assignment import Assignment, Course
from autograder.errors import SubmissionError
from autograder.submission.files import NOTEBOOK_NAME, UnreadableError
from autograder.submission.form import Form
from autograder.submission.intake.archives import (
    ARCHIVE_ENDINGS,
    Found,
    IntakeBudget,
    given_file,
    in_archive,
    in_folder,
    is_archive,
    open_archive,
    other_archive,
    without_ending,
)
from autograder.submission.intake.choosing import (
    CLUTTER,
    Choice,
    LeftOut,
    answers_in,
    choose,
    released_forms,
)
from autograder.submission.intake.known import KnownPerson, accounts_of, group_of, with_folders
from autograder.submission.intake.placing import State, StudentFolders, place
from autograder.submission.intake.platforms import SUBMITTERS, Platform, Sender, Sent, is_clutter
from autograder.submission.intake.recognising import is_submission, recognise, settle
from autograder.submission.intake.roster import Roster, fault_of
from autograder.submission.intake.tables import USED, Tables
from autograder.submission.intake.worksheets import PeopleTable, read_groups
from autograder.words import as_json, on_one_line, printable, show_fields

SCHEMA = 1

NOTHING = "nothing in it can be a submission: download it again"
"""Reason why an archive or a folder was not used."""


@dataclass(frozen=True)
class Taken:
    """A submission of the intake: new, already in `submitted/`, or not used because it is older."""

    student: str
    sender: str
    platform: Platform
    state: State
    notebooks: tuple[str, ...]
    missing: tuple[str, ...]
    unreadable: tuple[str, ...]
    lost: tuple[str, ...]
    time: datetime | None
    time_source: str
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        show_fields(self)


@dataclass
class Intake:
    """The result of an intake."""

    assignment: str
    taken: list[Taken] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    unknown_senders: list[LeftOut] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    """Students in the roster who have no submission from this intake or an earlier intake."""
    doubts: dict[str, str] = field(default_factory=dict)
    """Students in the roster whom the course may know under another name, with the evidence."""
    accounts: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Ids of the senders on their platforms, by the student whose files they sent."""
    notes: list[str] = field(default_factory=list)
    """Sentences that say what the given tables were used for."""
    people: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """The gradebook's fields of students whom a table in the given files describes."""

    @property
    def is_clean(self) -> bool:
        """Whether the intake leaves nothing for a person to look at."""
        to_check = any(e.state == "older" or e.unreadable or e.lost for e in self.taken)
        return not (to_check or self.unknown_senders or any(f.matters for f in self.left_out))

    @property
    def strays(self) -> list[LeftOut]:
        """The unused files without a sender, except files that every export may have."""
        expected = (CLUTTER, SUBMITTERS, USED)
        rest = (file for file in self.left_out if not (file.sender or file.matters))
        return [file for file in rest if file.why not in expected]

    def to_json(self) -> str:
        """Return the whole intake as JSON for programs."""
        content = {"schema": SCHEMA, **asdict(self), "is_clean": self.is_clean}
        del content["people"]
        return as_json(content, indent=1, default=datetime.isoformat)


Pile = tuple[Sender, list[Sent]]
"""A sender and their files, inside one of the given files."""


def take_in(
    course: Course,
    assignment: Assignment,
    paths: Sequence[Path],
    *,
    roster: Roster | None = None,
    student: str | None = None,
    groups: PeopleTable | None = None,
    replace: bool = False,
    people: Iterable[KnownPerson] = (),
    new: bool = False,
    say: Callable[[str], object] = lambda _: None,
) -> Intake:
    """Put the contents of the given archives and folders into `submitted/`.

    If a path is Moodle's grading worksheet, its data about the senders are used. `roster` matches
    senders to students; `student` says that all files are one student's; `groups` lists the members
    of groups. `people` are the people whom the course knows. If a sender only resembles one of
    them, the sender's files get a new folder only if `new` is true. Taking in the same files again
    changes nothing. Raise SubmissionError if a given path does not exist.
    """
    if student is not None and (fault := fault_of(student)):
        raise SubmissionError(f"{printable(student)!r} can't be a student's name: {fault}")
    for path in paths:
        if not path.exists():
            raise SubmissionError(f"{path} does not exist: give a zip file or a folder")
    course.submitted.mkdir(exist_ok=True)
    with ExitStack() as stack:
        intake = Intake(assignment.name)
        known = with_folders(people, course.submitted)
        if roster is not None and not new:
            intake.doubts = known.doubts(roster)
        folders = StudentFolders(course.submitted)
        work = _Work(course, assignment, stack, replace, say, intake, folders, roster)
        if groups is not None:
            work.tables.append((None, groups))
        exports = [path for path in paths if path.is_dir() or not work.is_table(path)]
        if work.tables and not exports:
            raise SubmissionError("there are only tables: give the export, too, or its folder")
        piles = [pile for path in exports for pile in work.piles(path, student)]
        if student is None:
            work.check_tables()
        if student is not None and piles:  # all files are parts of one submission
            piles = [(piles[0][0], [sent for _, files in piles for sent in files])]
        senders = [sender for sender, _ in piles]
        if student is not None:
            why = "" if new else known.given(student, assignment.name)
            names = dict.fromkeys(senders, (student, why))
        elif roster is not None:
            names = known.with_list(senders, roster, assignment.name, new=new)
        else:
            names = known.without_list(senders, assignment.name, new=new)
        names = _without_strangers(names, work.members)
        for sender, (name, _) in names.items():
            if name and (fields := work.fields.get(sender)):
                intake.people[name] = fields
        for sender, files in piles:
            work.place(sender, files, *names[sender])
    for listed in () if roster is None else roster.people:
        if not course.submission(listed, assignment.name).is_dir():
            intake.absent.append(listed)
    return intake


def take_files(
    course: Course,
    assignment: Assignment,
    student: str,
    files: Sequence[Sent],
    *,
    folders: StudentFolders,
    replace: bool = False,
) -> Intake:
    """Put one student's files, which another module has read, into `submitted/`.

    Each file names its sender, and `folders` are the folders that exist already. Raise
    SubmissionError if the files cannot be written.
    """
    course.submitted.mkdir(exist_ok=True)
    intake = Intake(assignment.name)
    with ExitStack() as stack:
        work = _Work(course, assignment, stack, replace, lambda _: None, intake, folders)
        work.place(files[0].senders[0], files, student, fault_of(student))
    return intake


@dataclass(frozen=True)
class _Work:
    """One running intake."""

    course: Course
    assignment: Assignment
    stack: ExitStack
    replace: bool
    say: Callable[[str], object]
    intake: Intake
    folders: StudentFolders
    roster: Roster | None = None
    tables: list[tuple[Path | None, PeopleTable]] = field(default_factory=list)
    """The tables that the teacher gave, with their paths; the table of groups has no path."""
    used: list[PeopleTable] = field(default_factory=list)
    budget: IntakeBudget = field(default_factory=IntakeBudget)
    members: set[Sender] = field(default_factory=set)
    """Senders who get the work of their group."""
    fields: dict[Sender, Mapping[str, str]] = field(default_factory=dict)
    """The gradebook's fields of senders, from tables in the given files."""

    def is_table(self, path: Path) -> bool:
        """Return whether a given file is a table, and keep the table."""
        if path.suffix.lower() not in (".csv", ".tsv"):
            return False
        try:
            self.tables.append((path, read_groups(path, self.course.timezone)))
        except SubmissionError as error:
            self._leave(on_one_line(str(path)), str(error))
        return True

    def check_tables(self) -> None:
        """Report the given tables that no export uses.

        Raise SubmissionError if a table was certainly given in the wrong way: then many students
        would get wrong folders.
        """
        for path, table in self.tables:
            where = on_one_line(str(path or table.where))
            if table.participants or any(table is each for each in self.used):
                continue
            if path is not None and table.names_students:
                raise SubmissionError(
                    f"{where} looks like a list of students, and names no group of the export: "
                    f"give it with --students {where}, or leave it out"
                )
            if path is None and table.group_column is None:
                raise SubmissionError(
                    f"{where} has no column group, and names no group of the export: add this "
                    "column, or give a list of students with --students"
                )
            self._leave(
                where, "a table that names no group of the export", matters=path is not None
            )

    @cached_property
    def forms(self) -> Mapping[str, Form]:
        return released_forms(self.course, self.assignment)

    def piles(self, path: Path, student: str | None) -> list[Pile]:
        """Return the files of one given path, grouped by sender."""
        self.say(f"Looking into {path}")
        try:
            usable = self._usable(path, student)
            if student is None:
                files = self._recognised(usable)
            else:
                sender = Sender("given", student, (student,))
                files = [Sent(each, (sender,), each.name) for each in usable]
        except UnreadableError as error:
            self._leave(on_one_line(str(path)), str(error))
            return []
        if not files:
            self._leave(on_one_line(str(path)), NOTHING)
        piles: dict[Sender, list[Sent]] = {}
        for sent in files:
            if not sent.senders:
                by_name = is_submission(sent.found.name)
                matters = by_name if sent.matters is None else sent.matters
                self._leave(sent.found.where, sent.refusal, matters=matters)
            for each in sent.senders:
                piles.setdefault(each, []).append(sent)
        return list(piles.items())

    def _recognised(self, usable: Sequence[Found]) -> list[Sent]:
        """Return the files with their senders, and with the tables' data about the senders."""
        export = recognise(usable, self.assignment.name, self.course.timezone)
        who = None if self.roster is None else self.roster.who
        given = [table for _, table in self.tables]
        tables = Tables(export, given, self.course.timezone)
        self.used.extend(tables.used)
        files = [settle(tables.complete(sent), who) for sent in export.sent]
        people = {s for sent in files for s in sent.senders if tables.is_person(s)}
        has_people = any(who is None or who(sender)[0] for sender in people if sender.ids)
        files = [tables.shared(sent, has_people=has_people) for sent in files]
        senders = {sender for sent in files for sender in sent.senders}
        self.members.update(senders & tables.members)
        self.fields.update(tables.fields(senders))
        self.intake.notes.extend(tables.notes)
        return files

    def _usable(self, path: Path, student: str | None) -> list[Found]:
        """Return the files that may be opened; for each other file, record the reason."""
        usable = []
        for found in self._found(path, student):
            if found.refusal:
                self._leave(found.where, found.refusal)
            elif is_clutter(found.parts):
                self._leave(found.where, CLUTTER, matters=False)
            else:
                usable.append(found)
        return usable

    def _found(self, path: Path, student: str | None) -> Iterable[Found]:
        if path.is_dir():
            folder = Path(os.path.abspath(path))
            inside = in_folder(folder, self.budget)
            # for submitted/STUDENT/hw2, the student's name is the name of the folder above
            is_inner = folder.name == self.assignment.name
            above = (folder.parent.name,) if is_inner else ()
            return (changed(found, parts=(*above, *found.parts)) for found in inside)
        if not is_archive(path.name):
            reason = other_archive(path.name)
            if student is not None and not reason:
                return [given_file(path, self.budget)]
            if NOTEBOOK_NAME.fullmatch(path.name):
                reason = (
                    "neither a folder nor an archive, but one student's notebook: add "
                    "--student NAME"
                )
            reason = reason or (
                "this is neither a folder nor an archive; the name ends with none of "
                f"{', '.join(ARCHIVE_ENDINGS)}"
            )
            raise UnreadableError(reason)
        archive = open_archive(path, path.name, nested=False)
        self.stack.callback(archive.close)
        outer = (without_ending(path.name),)
        return in_archive(archive, path.name, outer, self.course.timezone, self.budget)

    def place(self, sender: Sender, files: Sequence[Sent], name: str, why: str) -> None:
        """Choose from a sender's files, and put the chosen files in their place.

        `name` is the sender's name in the course, or `why` is the reason why there is no name.
        """
        shown, where = printable(sender.shown), files[0].found.where
        if why := why or self.folders.fault_of(name):
            self.intake.unknown_senders.append(LeftOut(where, shown, why))
            return
        self.say(f"Taking in {shown}")
        zone = self.course.timezone
        choice = choose(shown, files, self.assignment, self.forms, zone, self.budget)
        self.intake.left_out += choice.rest
        if choice.work.notebooks:
            self.folders.add(name)
            self.intake.taken.append(self._put(sender, name, choice))
            accounts = accounts_of(sender, self.assignment.name)
            accounts += group_of(sender) if sender in self.members else []
            self.intake.accounts.setdefault(name, []).extend(accounts)
        else:
            why = f"this sender's files include no notebook of {self.assignment.name}"
            self.intake.left_out.append(LeftOut(where, shown, why))

    def _leave(self, where: str, why: str, *, matters: bool = True) -> None:
        """Record a file without a known sender."""
        self.intake.left_out.append(LeftOut(where, "", why, matters))

    def _put(self, sender: Sender, student: str, choice: Choice) -> Taken:
        name = self.assignment.name
        try:
            placed = place(
                self.course.submitted,
                student,
                name,
                choice.work,
                replace=self.replace,
                answers=lambda notebooks: answers_in(notebooks, self.forms),
            )
        except OSError as error:
            raise SubmissionError(
                f"submitted/{student}/{name} can't be written ({error}); the old files are kept"
            ) from error
        names = [problem.name for problem in self.assignment.problems]
        told = placed.message
        return Taken(
            student,
            printable(sender.shown),
            sender.platform,
            placed.state,
            tuple(problem for problem in names if problem in choice.problems),
            tuple(problem for problem in names if problem not in choice.problems),
            choice.unreadable,
            placed.lost,
            choice.work.time,
            choice.source,
            (*choice.notes, *([f"{told[0].upper()}{told[1:]}."] if told else [])),
        )


def _without_strangers(
    names: Mapping[Sender, tuple[str, str]], members: Set[Sender]
) -> dict[Sender, tuple[str, str]]:
    """Return the names, but no name for a member of a group who also handed in alone.

    Otherwise, somebody could choose a group's name as display name, and hand in for its members.
    """
    own = {name for sender, (name, _) in names.items() if sender not in members}
    found = dict(names)
    for sender in members & names.keys():
        name, _ = names[sender]
        if name in own - {""}:
            found[sender] = (
                "",
                f"{name} also handed in alone; is {sender.group} a person, not a group?",
            )
    return found
