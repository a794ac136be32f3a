"""Keep the marks that people give by hand in a log, with their history.

The log is a table of the gradebook, so backups and `fdl restore` cover it. Entries are only ever
appended. nbgrader's score and comment of an answer are written in the same transaction as the
answer's entry, so the formgrader, feedback and exports see each mark at once.

An entry names the entry that its author saw last (`after`). An entry that follows the newest mark
of its answer becomes the newest mark. Any other entry is a rival: two people marked the same answer
without seeing each other's marks, for example in two copies of the gradebook. A person then settles
the rivals with a new entry. If two people changed a rubric, or assigned answers to markers, without
seeing each other's change, the change that comes first in the log stays in force. If a damaged
gradebook has lost the entry that another entry follows, the other entry becomes the newest.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from nbgrader.api import Assignment as Homework
from nbgrader.api import BaseCell, Comment, Grade, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import Select, insert, select, update

from autograder.course.assignment import NEARLY, Item
from autograder.course.rubric import Evidence
from autograder.errors import RecordError
from autograder.gradebook.bonus import bonus_points, is_lost
from autograder.gradebook.database import HAND_MARKS, PatientGradebook

Place = tuple[str, str]
"""An answer: the item's name and the student's id."""

Cause = Literal["desk", "group", "rubric", "formgrader", "settled"]
"""The reason of an entry.

- "desk": a person marked one answer.
- "group": a person marked equal answers together.
- "rubric": a change of the rubric changed the points.
- "formgrader": a person accepted a mark from the formgrader.
- "settled": a person decided between two different marks.
"""


def new_uid() -> str:
    """Return a random name for an entry: 32 hex digits."""
    return secrets.token_hex(16)


def same_name(name: str) -> str:
    """Return a key that is the same for names that differ only in capitals or spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def now() -> datetime:
    """Return the time for an entry, in UTC and without fractions of a second."""
    return datetime.now(UTC).replace(microsecond=0)


class RubricStep(msgspec.Struct, frozen=True):
    """A step of a rubric; a deduction has negative points.

    `id` stays the same if a person changes the text or the points of the step.
    """

    id: str
    points: float
    text: str
    evidence: tuple[Evidence, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """An entry of the log: its name, its author, its time in UTC, and the entry that it follows."""

    uid: str = msgspec.field(default_factory=new_uid)
    marker: str = ""
    time: datetime = msgspec.field(default_factory=now)
    after: str = ""


class RubricVersion(Entry, frozen=True, kw_only=True, tag="rubric"):
    """A version of an item's rubric; `source` is the digest of the source notebook's rubric."""

    item: str
    steps: tuple[RubricStep, ...]
    source: str = ""

    @property
    def by_id(self) -> Mapping[str, RubricStep]:
        """The steps by their ids."""
        return {step.id: step for step in self.steps}


class HandMark(Entry, frozen=True, kw_only=True, tag="mark"):
    """A mark for one answer.

    `ticks` are the ids of the steps that the answer earns; None if the answer is not marked (only
    flagged, or its mark was withdrawn). `answer` is the digest of the marked text, and `rubric` the
    uid of the rubric's version. `second` says that this is the mark of a second marker, who does
    not see the first mark; the mark does not count unless it is settled. `settles` are the uids of
    rivals and second marks that this mark replaces.
    """

    item: str
    student: str
    answer: str
    rubric: str = ""
    ticks: tuple[str, ...] | None = None
    adjustment: float = 0.0
    reason: str = ""
    comment: str = ""
    flagged: bool = False
    points: float = 0.0
    second: bool = False
    settles: tuple[str, ...] = ()
    cause: Cause = "desk"

    @property
    def is_marked(self) -> bool:
        """Whether the entry gives a mark."""
        return self.ticks is not None

    def agrees(self, other: HandMark) -> bool:
        """Return whether both marks give the same steps and points for the same text."""
        return (
            self.answer == other.answer
            and self.is_marked == other.is_marked
            and set(self.ticks or ()) == set(other.ticks or ())
            and self.points == other.points
        )


class Deal(Entry, frozen=True, kw_only=True, tag="deal"):
    """The markers of each answer, by item and student: one marker, or two independent markers."""

    markers: dict[str, dict[str, tuple[str, ...]]]


AnyEntry = RubricVersion | HandMark | Deal

_DECODER = msgspec.json.Decoder(AnyEntry)


class AnswerMarks:
    """All marks of one answer.

    `newest` is the mark that counts; `history` holds all entries, oldest first. A mark replaces the
    marks that its author saw: `after` and `settles`. Marks that no other mark replaces are current.
    The current marks do not depend on the order in which copies of the log are merged; only the
    choice of `newest` among them does.

    If a change of the rubric and a person replaced the same mark, the person's mark is current.
    """

    def __init__(self) -> None:
        self.newest: HandMark | None = None
        self.history: list[HandMark] = []
        self._known = {""}
        self._first = _Current()
        self._second = _Current()

    def add(self, mark: HandMark) -> None:
        """Add the answer's next entry."""
        is_lost = mark.after not in self._known
        self._known.add(mark.uid)
        self.history.append(mark)
        if mark.second:
            self._second.add(mark)
            return
        self._second.replace(mark)
        if is_lost and self.newest is not None:  # the lost entry replaced `newest`
            self._first.marks.pop(self.newest.uid, None)
        self._first.add(mark)
        if self.newest is None or self.newest.uid not in self._first.marks:
            marks = self._first.marks
            self.newest = marks.get(mark.uid) or next(iter(marks.values()), None)

    @property
    def rivals(self) -> tuple[HandMark, ...]:
        """The current marks that differ from `newest` and whose authors did not see `newest`."""
        return tuple(each for each in self._others() if not self._is_like_newest(each))

    @property
    def same(self) -> tuple[HandMark, ...]:
        """The current marks that equal `newest` although their authors did not see `newest`."""
        return tuple(each for each in self._others() if self._is_like_newest(each))

    @property
    def seconds(self) -> Mapping[str, HandMark]:
        """The current marks of second markers, by marker."""
        ordered = sorted(self._second.marks.values(), key=lambda each: (each.time, each.uid))
        return {each.marker: each for each in ordered}

    @property
    def second_markers(self) -> tuple[str, ...]:
        """All people who gave a second mark, whether the mark is settled or not."""
        marked = (mark.marker for mark in self.history if mark.second and mark.is_marked)
        return tuple(dict.fromkeys(marked))

    @property
    def to_settle(self) -> tuple[HandMark, ...]:
        """The marks that differ from the newest mark and wait for a person's decision."""
        newest = self.newest
        if newest is None or not newest.is_marked:
            return self.rivals
        different = (
            mark
            for mark in self._second.marks.values()
            if mark.answer == newest.answer and not mark.agrees(newest)
        )
        return (*self.rivals, *different)

    @property
    def to_replace(self) -> tuple[HandMark, ...]:
        """The marks that a new mark settles if its author sees all of them."""
        return (*self.to_settle, *self.same)

    @property
    def current(self) -> tuple[HandMark, ...]:
        """All current marks: `newest` first, the marks of second markers last."""
        newest = () if self.newest is None else (self.newest,)
        return (*newest, *self._others(), *self._second.marks.values())

    def _others(self) -> Iterator[HandMark]:
        newest = self.newest.uid if self.newest else ""
        return (each for uid, each in self._first.marks.items() if uid != newest)

    def _is_like_newest(self, mark: HandMark) -> bool:
        return self.newest is not None and _is_same(mark, self.newest)


class _Current:
    """The marks that no other mark replaces, by uid."""

    def __init__(self) -> None:
        self.marks: dict[str, HandMark] = {}
        self._replaced: set[str] = set()
        self._replaced_by_people: set[str] = set()
        self._origins: dict[str, str] = {}
        self._with_origin: dict[str, list[str]] = {}

    def add(self, mark: HandMark) -> None:
        """Add a mark unless it is replaced already, and remove the marks that it replaces."""
        self.replace(mark)
        origin = ""
        if mark.cause == "rubric":
            origin = self._origins.get(mark.after, mark.after)
            self._origins[mark.uid] = origin
            self._with_origin.setdefault(origin, []).append(mark.uid)
        if mark.uid not in self._replaced and origin not in self._replaced_by_people:
            self.marks[mark.uid] = mark

    def replace(self, mark: HandMark) -> None:
        """Remove the marks that `mark` replaces."""
        for uid in filter(None, (mark.after, *mark.settles)):
            self._replaced.add(uid)
            self.marks.pop(uid, None)
            if mark.cause != "rubric":
                self._replaced_by_people.add(uid)
                for each in self._with_origin.pop(uid, ()):
                    self.marks.pop(each, None)


def _is_same(mark: HandMark, other: HandMark) -> bool:
    return mark.agrees(other) and (mark.comment, mark.flagged) == (other.comment, other.flagged)


def total(
    item: Item, rubric: RubricVersion, ticks: Sequence[str], adjustment: float = 0.0
) -> float:
    """Return an answer's points: those of the ticked steps and the adjustment.

    The points are at least 0 and at most the item's maximum.
    """
    steps = rubric.by_id
    points = sum(steps[name].points for name in set(ticks) if name in steps) + adjustment
    return min(max(round(points, 6), 0.0), item.max_points)


class HandMarks:
    """The log of one assignment, and the marks, rubrics and markers that result from it.

    `entries` are the entries as they were written. Everywhere else, each marker has one name: names
    that differ only in capitals or spaces belong to one person. `rubrics` is the newest version of
    each item's rubric, `versions` all versions by uid, `answers` the marks of each answer, and
    `deal` the newest Deal.
    """

    def __init__(self, entries: Iterable[AnyEntry] = ()) -> None:
        self.entries: list[AnyEntry] = []
        self._known: set[str] = set()
        self.rubrics: dict[str, RubricVersion] = {}
        self.versions: dict[str, RubricVersion] = {}
        self.answers: dict[Place, AnswerMarks] = {}
        self.deal: Deal | None = None
        self._names: dict[str, str] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: AnyEntry) -> None:
        """Add the log's next entry; an entry that the log has already changes nothing."""
        if entry.uid in self._known:
            return
        self._known.add(entry.uid)
        self.entries.append(entry)
        is_lost = entry.after != "" and entry.after not in self._known
        entry = self._with_known_names(entry)
        if isinstance(entry, RubricVersion):
            self.versions[entry.uid] = entry
            known = self.rubrics.get(entry.item)
            if is_lost or entry.after == (known.uid if known else ""):
                self.rubrics[entry.item] = entry
        elif isinstance(entry, HandMark):
            place = (entry.item, entry.student)
            self.answers.setdefault(place, AnswerMarks()).add(entry)
        elif is_lost or entry.after == (self.deal.uid if self.deal else ""):
            self.deal = entry

    def marker_named(self, name: str) -> str:
        """Return the log's spelling of this marker's name; return an unknown name unchanged."""
        return self._names.get(same_name(name), name)

    def _with_known_names(self, entry: AnyEntry) -> AnyEntry:
        """Return the entry with the first spelling of each marker's name, and store new names."""
        changes: dict[str, Any] = {"marker": self._named(entry.marker)}
        if isinstance(entry, Deal):
            changes["markers"] = {
                item: {
                    student: tuple(dict.fromkeys(map(self._named, names)))
                    for student, names in students.items()
                }
                for item, students in entry.markers.items()
            }
        is_new = any(getattr(entry, field) != value for field, value in changes.items())
        return msgspec.structs.replace(entry, **changes) if is_new else entry

    def _named(self, name: str) -> str:
        return self._names.setdefault(same_name(name), name) if name else ""

    def marks(self, item: str, student: str) -> AnswerMarks:
        """Return the marks of an answer, which may be none."""
        return self.answers.get((item, student)) or AnswerMarks()


@dataclass(frozen=True)
class StepsOfMark:
    """The steps that explain a mark, in their newest wording: earned, missed, and deducted."""

    earned: tuple[RubricStep, ...]
    missed: tuple[RubricStep, ...]
    deducted: tuple[RubricStep, ...]


def steps_of_mark(log: HandMarks, item: Item, mark: HandMark) -> StepsOfMark | None:
    """Return the steps that explain a mark's points; None if no known rubric explains them."""
    versions = (log.rubrics.get(item.name), log.versions.get(mark.rubric))
    ticks = mark.ticks or ()
    for rubric in filter(None, versions):
        if abs(total(item, rubric, ticks, mark.adjustment) - mark.points) < NEARLY:
            positive = [step for step in rubric.steps if step.points > 0]
            return StepsOfMark(
                tuple(step for step in positive if step.id in ticks),
                tuple(step for step in positive if step.id not in ticks),
                tuple(step for step in rubric.steps if step.points < 0 and step.id in ticks),
            )
    return None


# --- the log in the gradebook --------------------------------------------------------------------


def read_hand_marks(gradebook: PatientGradebook, assignment: str) -> HandMarks:
    """Return the log of an assignment; raise RecordError if an entry cannot be read."""
    return LogReader(assignment).read(gradebook)


class LogReader:
    """Reads the log of an assignment again and again; each time, it reads only new entries."""

    def __init__(self, assignment: str) -> None:
        self._assignment = assignment
        self.forget()

    def forget(self) -> None:
        """Forget all entries; after a transaction was undone, all of them must be read again."""
        self._log = HandMarks()
        self._last = (0, "")

    def read(self, gradebook: PatientGradebook) -> HandMarks:
        """Return the log as it is now; raise RecordError if an entry cannot be read."""
        columns = (HAND_MARKS.c.number, HAND_MARKS.c.uid, HAND_MARKS.c.entry)
        wanted = select(*columns).filter_by(assignment=self._assignment)
        wanted = wanted.where(HAND_MARKS.c.number >= self._last[0]).order_by(HAND_MARKS.c.number)
        rows = list(gradebook.db().execute(wanted))
        if self._last[0] and (not rows or tuple(rows[0][:2]) != self._last):
            self.forget()  # the gradebook was restored from a backup
            return self.read(gradebook)
        for number, uid, entry in rows[1 if self._last[0] else 0 :]:
            self._log.add(decode(entry))
            self._last = (number, uid)
        return self._log


def decode(entry: str) -> AnyEntry:
    """Return an entry from its JSON; raise RecordError if it is not an entry."""
    try:
        return _DECODER.decode(entry)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise RecordError(f"an entry of the marks given by hand cannot be read: {error}") from error


def encode(entry: AnyEntry) -> str:
    """Return an entry as JSON."""
    return msgspec.json.encode(entry).decode()


def append(gradebook: PatientGradebook, assignment: str, entries: Sequence[AnyEntry]) -> None:
    """Append entries to the log of an assignment."""
    rows = [
        {"uid": entry.uid, "assignment": assignment, "entry": encode(entry)} for entry in entries
    ]
    if rows:
        gradebook.db().execute(insert(HAND_MARKS), rows)


# --- nbgrader's own marks ------------------------------------------------------------------------


@dataclass(frozen=True)
class GradebookMark:
    """The points and the comment that nbgrader's gradebook holds for one answer.

    `points` is the score given by hand, or the extra credit of a bonus item; None if nobody gave
    points. `open` says whether the answer awaits a mark.
    """

    points: float | None = None
    comment: str = ""
    open: bool = False

    def differs(self, mark: HandMark | None) -> bool:
        """Return whether somebody changed the points or the comment since the mark was written."""
        if mark is None or not mark.is_marked:
            return self.points is not None
        return self.points != mark.points or self.comment != mark.comment


def gradebook_marks(
    gradebook: PatientGradebook,
    assignment: str,
    items: Mapping[str, Item],
    students: Collection[str] | None = None,
) -> dict[Place, GradebookMark]:
    """Return nbgrader's marks of the given items, by answer (default: of all students)."""
    found: dict[Place, GradebookMark] = {}
    query = _of(
        students,
        _rows(
            Grade,
            assignment,
            items,
            Grade.manual_score,
            Grade.extra_credit,
            Grade.needs_manual_grade,
        ),
    )
    comments = {
        (item, student): text or ""
        for item, student, _, text in gradebook.db().execute(
            _of(students, _rows(Comment, assignment, items, Comment.manual_comment))
        )
    }
    for item, student, _, score, credit, is_open in gradebook.db().execute(query):
        is_bonus = items[item].bonus
        points = bonus_points(score, credit) if is_bonus else score
        is_open = is_open or (is_bonus and is_lost(score, credit))
        comment = comments.get((item, student), "")
        found[item, student] = GradebookMark(points, comment, bool(is_open))
    return found


def store_mark(gradebook: PatientGradebook, assignment: str, item: Item, mark: HandMark) -> None:
    """Write a mark into nbgrader's gradebook; a withdrawn mark makes the answer open again.

    Raises RecordError if the gradebook does not have the answer.
    """
    points = mark.points if mark.is_marked else None
    grades = {
        "manual_score": None if item.bonus else points,
        "extra_credit": points if item.bonus else None,
        "needs_manual_grade": not mark.is_marked,
    }
    comment = {"manual_comment": (mark.comment or None) if mark.is_marked else None}
    for table, values in ((Grade, grades), (Comment, comment)):
        row = (
            gradebook.db()
            .execute(
                _rows(table, assignment, [item.name]).where(
                    SubmittedAssignment.student_id == mark.student
                )
            )
            .first()
        )
        if row is None:
            raise RecordError(
                f"the gradebook has no answer of {mark.student} to {item.name}: run `fdl grade "
                f"{assignment}` first"
            )
        gradebook.db().execute(update(table).where(table.id == row[2]).values(**values))


def _of(students: Collection[str] | None, query: Select[Any]) -> Select[Any]:
    return query if students is None else query.where(SubmittedAssignment.student_id.in_(students))


def _rows(
    table: type[Grade | Comment], assignment: str, items: Iterable[str], *columns: Any
) -> Select[Any]:
    """Return a query for the item, the student, the row's id and the columns."""
    return (
        select(BaseCell.name, SubmittedAssignment.student_id, table.id, *columns)
        .join(SubmittedNotebook, SubmittedNotebook.id == table.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Homework, Homework.id == SubmittedAssignment.assignment_id)
        .join(BaseCell, BaseCell.id == table.cell_id)
        .where(Homework.name == assignment, BaseCell.name.in_(list(items)))
    )
