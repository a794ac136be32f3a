"""Exchange marks between copies of a course, for markers who do not share a server.

An exported file holds all entries of one homework's log of marks. Merging a file adds the entries
that this copy does not have, so merging the same file again does no harm. A merge never replaces
a mark: if an answer was marked in two copies, the mark in this copy counts until somebody settles
both marks. Each entry of a file is checked, because files come from other machines.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlalchemy import select

from autograder.course.assignment import Item
from autograder.desk.answers import Answer
from autograder.desk.desk import MAX_STEPS, MAX_TEXT, Desk, check_marker, is_stored, with_rubric
from autograder.durable import write_bytes
from autograder.errors import DeskError
from autograder.gradebook.database import HAND_MARKS, PatientGradebook, course_id
from autograder.gradebook.handmarks import (
    AnyEntry,
    Deal,
    GradebookMark,
    HandMark,
    HandMarks,
    Place,
    RubricVersion,
    store_mark,
)
from autograder.words import printable

SCHEMA = "fdl-marks/1"

MAX_BYTES = 200_000_000
"""Largest size of a file, in bytes; the marks of 10,000 students need about 50 million."""

MAX_POINTS = 1000.0
"""Largest number of points in an entry, and largest adjustment of points."""

_UID = re.compile(r"[0-9a-f]{32}")


class MarksFile(msgspec.Struct, frozen=True):
    """All entries of one homework's log in a copy of a course; `digest` reveals damage."""

    schema: str
    course: str
    homework: str
    digest: str
    entries: tuple[AnyEntry, ...]


class _Head(msgspec.Struct, frozen=True):
    """The fields that name the course and the homework of a file's marks."""

    schema: str = ""
    course: str = ""
    homework: str = ""


@dataclass(frozen=True)
class Merged:
    """The result of a merge.

    `marks` are the numbers of new marks by marker. `to_settle` are answers with marks that differ.
    `unknown` are answers that this copy does not have; their marks were not added. `other_text` are
    answers whose text was different in the other copy when it was marked there. `typed` are answers
    whose mark somebody changed outside the desk; that mark stays in the gradebook. `rubrics` are
    items whose rubric was changed in both copies; this copy's rubric stays.
    """

    entries: int = 0
    marks: Mapping[str, int] = field(default_factory=dict)
    counted: int = 0
    to_settle: tuple[Place, ...] = ()
    unknown: tuple[Place, ...] = ()
    other_text: tuple[Place, ...] = ()
    typed: tuple[Place, ...] = ()
    rubrics: tuple[str, ...] = ()


# --- files ---------------------------------------------------------------------------------------


def export_marks(desk: Desk, path: Path) -> int:
    """Write all entries of the homework's log to a file; return the number of marks in it."""
    with desk.reading() as now:
        entries = tuple(now.log.entries)
    if not entries:
        raise DeskError(f"nobody has marked an answer of {desk.homework} in this course yet")
    file = MarksFile(SCHEMA, course_id(desk.course), desk.homework, _digest(entries), entries)
    try:
        write_bytes(path, msgspec.json.format(msgspec.json.encode(file), indent=1))
    except OSError as error:
        raise DeskError(f"{path} can't be written: {error.strerror}") from error
    return sum(isinstance(entry, HandMark) for entry in entries)


def read_marks_file(path: Path, course: str, homework: str) -> MarksFile:
    """Return a file's content; raise DeskError if it is damaged or belongs to another homework."""
    again = f"export it again with `fdl desk {homework} --export FILE`"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DeskError(f"{path} has more than {MAX_BYTES:,} bytes; {again}")
        content = path.read_bytes()
    except OSError as error:
        raise DeskError(f"{path} can't be read: {error.strerror}") from error
    try:
        head = msgspec.json.decode(content, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DeskError(f"{path} is damaged or not a file of marks ({error}); {again}") from error
    if head.schema != SCHEMA:
        raise DeskError(
            f"{path} has the schema {printable(head.schema) or 'none'}, this kit reads {SCHEMA}: "
            "use the same version of the kit for all copies"
        )
    for word, theirs, mine in (
        ("course", head.course, course),
        ("homework", head.homework, homework),
    ):
        if theirs != mine:
            raise DeskError(f"{path} has marks of the {word} {printable(theirs)}, not of {mine}")
    try:
        file = msgspec.json.decode(content, type=MarksFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DeskError(f"{path} is damaged ({error}); {again}") from error
    if file.digest != _digest(file.entries):
        raise DeskError(f"{path} was changed after it was exported; {again}")
    for entry in file.entries:
        fault = "".join(_faults(entry))
        if fault:
            name = printable(entry.uid)
            raise DeskError(f"{path}: the entry {name} can't be used: {fault}; {again}")
    return file


def _digest(entries: Sequence[AnyEntry]) -> str:
    return hashlib.sha256(msgspec.json.encode(entries)).hexdigest()


def _faults(entry: AnyEntry) -> Iterator[str]:
    """Yield the first reason why the desk cannot have written the entry, if any."""
    if not _UID.fullmatch(entry.uid):
        yield "its uid is not 32 hex digits"
    elif entry.time.tzinfo is None:
        yield "its time has no time zone"
    elif isinstance(entry, RubricVersion):
        if len(entry.steps) > MAX_STEPS or any(len(each.text) > MAX_TEXT for each in entry.steps):
            yield "its rubric is too long"
    elif isinstance(entry, HandMark):
        yield from _faults_of_mark(entry)


def _faults_of_mark(mark: HandMark) -> Iterator[str]:
    try:
        check_marker(mark.marker)
    except DeskError:
        yield "it has no marker's name"
        return
    if max(len(mark.comment), len(mark.reason)) > MAX_TEXT or len(mark.ticks or ()) > MAX_STEPS:
        yield "its text or its list of ticks is too long"
    elif not (0 <= mark.points <= MAX_POINTS and abs(mark.adjustment) <= MAX_POINTS):
        yield "its points are out of range"


# --- merging -------------------------------------------------------------------------------------


def merge_marks(desk: Desk, paths: Sequence[Path]) -> Merged:
    """Add the entries of the files that are not in this copy's log: all of them, or none."""
    course = course_id(desk.course)
    files = [(path, read_marks_file(path, course, desk.homework)) for path in paths]
    with desk.changing() as now:
        merge = _Merge(desk.items, now.log, now.answers, _elsewhere(now.gradebook, desk.homework))
        before = {place: marks.newest for place, marks in now.log.answers.items()}
        for path, file in files:
            merge.add(path, file)
        merge.apply_rubrics()
        desk.append(now, merge.new)
        counted, typed = _store(desk, now.gradebook, now.log, now.answers, now.typed, before)
        if counted:
            desk.settle_penalties(now, sorted({student for _, student in counted}))
        return merge.result(counted, typed)


def _elsewhere(gradebook: PatientGradebook, homework: str) -> set[str]:
    """Return the uids of other homeworks' entries."""
    wanted = select(HAND_MARKS.c.uid).where(HAND_MARKS.c.assignment != homework)
    return set(gradebook.db().execute(wanted).scalars())


class _Merge:
    """A merge of files into a log; `new` are the added entries."""

    def __init__(
        self,
        items: Mapping[str, Item],
        log: HandMarks,
        answers: Mapping[Place, Answer],
        elsewhere: set[str],
    ) -> None:
        self._items = items
        self._log = log
        self._answers = answers
        self._elsewhere = elsewhere
        self._known = {entry.uid: entry for entry in log.entries}
        self.new: list[AnyEntry] = []
        self._places: dict[Place, None] = {}
        self._unknown: dict[Place, None] = {}
        self._other_text: dict[Place, None] = {}
        self._rubrics: dict[str, None] = {}

    def add(self, path: Path, file: MarksFile) -> None:
        """Add the entries that the log does not have, in their order."""
        for entry in file.entries:
            known = self._known.get(entry.uid)
            if known is not None:
                if _content(known) != _content(entry):
                    raise self._damaged(path, entry, "differs from this copy's entry with its id")
            elif entry.uid in self._elsewhere:
                raise self._damaged(path, entry, "belongs to another homework")
            elif not self._is_of_unknown_answer(entry):
                self._check_links(path, entry)
                self._add(entry)
                self._note(entry)

    def _add(self, entry: AnyEntry) -> None:
        self.new.append(entry)
        self._known[entry.uid] = entry
        self._log.add(entry)

    def _is_of_unknown_answer(self, entry: AnyEntry) -> bool:
        if not isinstance(entry, HandMark) or (entry.item, entry.student) in self._answers:
            return False
        self._unknown[entry.item, entry.student] = None
        return True

    def _check_links(self, path: Path, entry: AnyEntry) -> None:
        """Raise DeskError if the entry refers to an unknown entry or has a different subject."""
        links = [entry.after, *(entry.settles if isinstance(entry, HandMark) else ())]
        for uid in filter(None, links):
            if uid not in self._known or _subject(self._known[uid]) != _subject(entry):
                raise self._damaged(path, entry, "follows an entry that is not in the file")
        if isinstance(entry, HandMark) and entry.is_marked:
            version = self._log.versions.get(entry.rubric)
            if version is None or version.item != entry.item:
                raise self._damaged(path, entry, "uses a rubric that is not in the file")

    @staticmethod
    def _damaged(path: Path, entry: AnyEntry, what: str) -> DeskError:
        return DeskError(
            f"{path} was edited or is incomplete: the entry {printable(entry.uid)} {what}; nothing "
            "was merged. Export the file again"
        )

    def _note(self, entry: AnyEntry) -> None:
        if isinstance(entry, HandMark):
            place = (entry.item, entry.student)
            self._places[place] = None
            if entry.answer != self._answers[place].digest:
                self._other_text[place] = None
        elif isinstance(entry, RubricVersion) and self._log.rubrics[entry.item] is not entry:
            self._rubrics[entry.item] = None

    def apply_rubrics(self) -> None:
        """Recompute the points of both copies' marks with the rubrics that are now in force."""
        items = {entry.item for entry in self.new if not isinstance(entry, Deal)}
        for place, marks in self._log.answers.items():
            version = self._log.rubrics.get(place[0])
            if place[0] not in items or version is None or place not in self._answers:
                continue
            for mark in marks.current:
                changed = with_rubric(mark, version, self._items[place[0]])
                if changed is not None:
                    self._add(changed)

    def result(self, counted: Sequence[Place], typed: Sequence[Place]) -> Merged:
        """Return the result of the merge."""
        marks = [
            entry
            for entry in self.new
            if isinstance(entry, HandMark) and entry.is_marked and entry.cause != "rubric"
        ]
        return Merged(
            entries=len(self.new),
            marks=Counter(mark.marker for mark in marks),
            counted=len(counted),
            to_settle=tuple(place for place in self._places if self._log.marks(*place).to_settle),
            unknown=tuple(self._unknown),
            other_text=tuple(self._other_text),
            typed=tuple(typed),
            rubrics=tuple(self._rubrics),
        )


def _subject(entry: AnyEntry) -> tuple[str, ...]:
    """Return what an entry is about: an answer, an item's rubric, or the deal."""
    if isinstance(entry, HandMark):
        return "mark", entry.item, entry.student
    return ("rubric", entry.item) if isinstance(entry, RubricVersion) else ("deal",)


def _content(entry: AnyEntry) -> AnyEntry:
    """Return the part of an entry that must be the same in all copies.

    If two copies read the same rubric from the source, the entries' markers and times differ.
    """
    if not isinstance(entry, RubricVersion):
        return entry
    earliest = datetime.min.replace(tzinfo=UTC)
    return msgspec.structs.replace(entry, marker="", time=earliest)


def _store(
    desk: Desk,
    gradebook: PatientGradebook,
    log: HandMarks,
    answers: Mapping[Place, Answer],
    typed: Mapping[Place, GradebookMark],
    before: Mapping[Place, HandMark | None],
) -> tuple[list[Place], list[Place]]:
    """Write the marks that now count into nbgrader's gradebook.

    Returns the answers whose marks were written, and those whose mark somebody else has meanwhile
    changed in the gradebook.
    """
    counted: list[Place] = []
    kept: list[Place] = []
    for place, marks in log.answers.items():
        mark, earlier, here = marks.newest, before.get(place), typed.get(place)
        if mark is None or mark is earlier or here is None or place not in answers:
            continue
        if here.differs(earlier):
            kept += [place] if here.differs(mark) else []
        elif mark.answer == answers[place].digest and is_stored(mark, earlier):
            store_mark(gradebook, desk.homework, desk.items[place[0]], mark)
            counted.append(place)
    return counted, kept
