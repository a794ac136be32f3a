"""The marking desk without its page: the queue, one answer, saving, and changes of a rubric.

Each method of `Desk` reads the gradebook again, because other people mark at the same time. A
marker's page sends back the `state` of the answer that it showed. The answer, its marks in the
desk's log or its marks in nbgrader's gradebook may have changed since then. In this case nothing
is saved, and the page shows the answer and its marks as they are now.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import msgspec

from autograder.content.markdown import render_markdown
from autograder.course.assignment import Assignment, Course, Item
from autograder.course.layout import notebook_files
from autograder.course.rubric import read_rubrics
from autograder.desk.answers import (
    Answer,
    ClassAnswers,
    as_page,
    by_similarity,
    person,
    place_in_queue,
    read_questions,
    stamp_of,
)
from autograder.desk.answerstatus import (
    AnswerStatus,
    MarkerProgress,
    markers_progress,
    progress,
    role_of,
    status_of,
)
from autograder.desk.messages import (
    AnswerView,
    Change,
    EvidenceView,
    Given,
    ItemView,
    Progress,
    Queue,
    QueueEntry,
    Remark,
    RubricChange,
    Shown,
)
from autograder.desk.sourcerubric import as_version, digest_of, with_ids
from autograder.errors import DeskError, KitError
from autograder.gradebook.database import (
    PatientGradebook,
    back_up_gradebook,
    course_id,
    gradebook_url,
    open_gradebook,
)
from autograder.gradebook.evidence import look_up
from autograder.gradebook.handmarks import (
    AnyEntry,
    Cause,
    GradebookMark,
    HandMark,
    HandMarks,
    LogReader,
    Place,
    RubricStep,
    RubricVersion,
    append,
    gradebook_marks,
    new_uid,
    store_mark,
    total,
)
from autograder.gradebook.marks import Person, read_people
from autograder.gradebook.penalties import update_penalties

MAX_STEPS = 30
"""Largest number of steps of a rubric."""

MAX_TEXT = 10_000
"""Largest number of characters of a comment, a reason or a step."""

Stamp = tuple[str, tuple[int, int] | None]
"""A file's path, with its time and size."""

_BACKUP_SECONDS = 300.0
"""Seconds between two backups while people mark."""


class StaleError(DeskError):
    """Somebody changed the answer or the rubric since the page showed it."""


@dataclass(frozen=True)
class Snapshot:
    """A snapshot of the log, of nbgrader's marks and of the students' answers."""

    gradebook: PatientGradebook
    log: HandMarks
    answers: Mapping[Place, Answer]
    typed: Mapping[Place, GradebookMark]

    def state(self, place: Place) -> str:
        """Return a digest of all data of the answer that a marker sees."""
        marks = self.log.marks(*place)
        seen = (
            self.answers[place].digest,
            marks.newest.uid if marks.newest else "",
            [each.uid for each in marks.rivals],
            sorted((name, each.uid) for name, each in marks.seconds.items()),
            repr(self.typed.get(place)),
        )
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:24]


class Desk:
    """The desk of one homework; it keeps the answers that it has read in memory."""

    def __init__(self, course: Course, homework: str, *, db_url: str | None = None) -> None:
        self._course = course
        self._db_url = db_url or gradebook_url(course)
        self._stamps = self._stamps_now(homework)
        self._use(course.assignment(homework))
        self._gradebook: PatientGradebook | None = None
        self._backed_up = -math.inf
        self._log = LogReader(self._assignment.name)
        self._by_id: dict[str, Place] = {}
        self._similar: tuple[frozenset[str], dict[str, int]] = (frozenset(), {})

    def _use(self, assignment: Assignment) -> None:
        """Read the items, questions, rubrics and stubs from the source and the release."""
        questions = read_questions(self._course, assignment)
        rubrics = read_rubrics(self._course, assignment)
        answers = ClassAnswers(self._course, assignment)
        self._assignment, self._answers = assignment, answers
        self._questions, self._source_rubrics = questions, rubrics
        self._items: dict[str, Item] = {item.name: item for item in assignment.select("manual")}

    def _renew(self) -> None:
        """Read the source and the release again if they changed; keep the last readable version."""
        name = self._assignment.name
        stamps = self._stamps_now(name)
        if stamps != self._stamps:
            self._stamps = stamps
            with suppress(KitError):  # somebody may be editing the source while others mark
                self._use(self._course.assignment(name))

    def _stamps_now(self, homework: str) -> tuple[Stamp, ...]:
        """Return the time and size of each notebook of the source and the release."""
        folders = (self._course.source(homework), self._course.release(homework))
        paths = (path for folder in folders for path in notebook_files(folder))
        return tuple((str(path), stamp_of(path)) for path in paths)

    @property
    def homework(self) -> str:
        """The homework's name."""
        return self._assignment.name

    @property
    def course(self) -> Course:
        """The course of the homework."""
        return self._course

    @property
    def items(self) -> Mapping[str, Item]:
        """The items that people mark, by name, in the order of the notebooks."""
        return self._items

    def close(self) -> None:
        """Close the gradebook and back it up."""
        if self._gradebook is not None:
            self._gradebook.close()
            self._gradebook = None
            back_up_gradebook(self._course, self._db_url)

    # --- reading ---

    def queue(self, marker: str, *, names: bool = False) -> Queue:
        """Return the items and all answers; with `names`, also the students' names."""
        with self.reading() as now:
            marker = now.log.marker_named(marker)
            seen = self._statuses(now, marker)
            self._order_by_similarity([now.answers[place] for place in seen])
            people = read_people(now.gradebook) if names else {}
            entries = tuple(self._entry(now, place, each, people) for place, each in seen.items())
            return Queue(
                self._assignment.name,
                self._assignment.title,
                marker,
                tuple(self._item(now.log, item) for item in self._items.values()),
                entries,
                progress(now.log, list(seen.values()), self._items),
            )

    def progress(self) -> tuple[dict[str, Progress], tuple[MarkerProgress, ...]]:
        """Return the progress by item, "" for the whole homework, and the markers' progress."""
        with self.reading() as now:
            seen = self._statuses(now)
            answers = {place: now.answers[place] for place in seen}
            return (
                progress(now.log, list(seen.values()), self._items),
                markers_progress(now.log, answers, now.typed),
            )

    def _statuses(self, now: Snapshot, marker: str = "") -> dict[Place, AnswerStatus]:
        """Return each answer's status for a marker, in the order of the queue."""
        return {
            place: status_of(now.log, now.answers[place], now.typed.get(place), marker)
            for place in self._places(now)
        }

    def answer(self, name: str, marker: str, *, names: bool = False) -> AnswerView:
        """Return the answer with this id; raise DeskError if there is none."""
        place = self._place(name)
        with self.reading([place[1]]) as now:
            return self._view(now, place, now.log.marker_named(marker), names)

    def preview(self, text: str) -> str:
        """Return a comment as HTML, as the student's page will show it."""
        return render_markdown(text[:MAX_TEXT])

    # --- marking ---

    def save(
        self, name: str, given: Given, *, cause: Cause = "desk", names: bool = False
    ) -> AnswerView:
        """Save an answer's mark; raise StaleError if the answer changed since it was shown."""
        [view] = self.save_all({name: given}, cause=cause, names=names)
        return view

    def save_all(
        self, given: Mapping[str, Given], *, cause: Cause = "group", names: bool = False
    ) -> list[AnswerView]:
        """Save marks for several answers, by id: all, or none if one of them is stale."""
        places = {name: self._place(name) for name in given}
        students = sorted({student for _, student in places.values()})
        with self.changing(students) as now:
            for name, each in given.items():
                self._save(now, places[name], each, cause)
            self.settle_penalties(now, students)
        return [self.answer(name, each.marker, names=names) for name, each in given.items()]

    def _save(self, now: Snapshot, place: Place, given: Given, cause: Cause) -> None:
        check_marker(given.marker)
        if place not in now.answers:
            raise DeskError("this answer is not there any more: reload the page")
        marker = now.log.marker_named(given.marker)
        item, marks = self._item_named(place[0]), now.log.marks(*place)
        rubric = self._rubric(now, item, marker)
        is_other_rubric = given.rubric not in ("", rubric.uid)
        by_rubric = marks.newest is not None and marks.newest.cause == "rubric"
        if given.state != now.state(place) and not (is_other_rubric and by_rubric):
            raise StaleError("somebody has changed this answer's mark since you opened it")
        if is_other_rubric:
            who = _changed_by(now.log, rubric) or "somebody"
            raise StaleError(f"{who} has changed the rubric since you opened this answer")
        role = role_of(now.log, place, marker)
        own = marks.seconds.get(marker)
        is_second = role == "second" and not (own and marks.to_settle)
        before = own if is_second else marks.newest
        mark = HandMark(
            marker=marker,
            after=before.uid if before else "",
            item=item.name,
            student=place[1],
            answer=now.answers[place].digest,
            rubric=rubric.uid,
            ticks=None if given.ticks is None else _known(given.ticks, rubric),
            adjustment=_points(given.adjustment),
            reason=_text(given.reason),
            comment=_text(given.comment).strip(),
            flagged=given.flagged,
            points=total(item, rubric, given.ticks or (), given.adjustment),
            second=is_second,
            settles=() if is_second else tuple(each.uid for each in marks.to_replace),
            cause="settled" if marks.to_settle and not is_second else cause,
        )
        if mark.adjustment and not mark.reason.strip():
            raise DeskError("write a reason for the adjusted points")
        self.append(now, [mark])
        if not is_second and is_stored(mark, before):
            store_mark(now.gradebook, self._assignment.name, item, mark)

    # --- the rubric ---

    def change_rubric(self, item: str, change: RubricChange) -> tuple[Change, ...]:
        """Return the answers that get new points by the change; with `apply`, also make the change.

        All answers with a tick at a changed step get the new points; ticks of removed steps are
        removed. Other marks stay as they are.
        """
        check_marker(change.marker)
        with self.changing() as now:
            marker = now.log.marker_named(change.marker)
            known = self._rubric(now, self._item_named(item), marker)
            if change.rubric != known.uid:
                who = _changed_by(now.log, known) or "somebody"
                raise StaleError(f"{who} has changed the rubric since you opened it")
            version = RubricVersion(
                marker=marker,
                after=known.uid,
                item=item,
                steps=_checked_steps(change.steps, known),
                source=known.source,
            )
            return self._use_rubric(now, version, apply=change.apply)

    def take_rubric(
        self, item: str, marker: str = "", *, apply: bool = False
    ) -> tuple[RubricVersion, RubricVersion, tuple[Change, ...]]:
        """Use the source's current rubric at the desk; steps that stay keep their ids.

        Returns the rubric before, the rubric of the source, and the answers whose points change.
        Unless `apply` is true, nothing changes.
        """
        with self.changing() as now:
            source = self._source_rubrics.get(self._item_named(item).name)
            if source is None:
                raise DeskError(
                    f"the source's rubric of {item} can't be read: run `fdl release "
                    f"{self._assignment.name} --check` to see the reason"
                )
            known = self._rubric_in_force(now.log, item, marker)
            version = RubricVersion(
                marker=marker or known.marker,
                after=known.uid if item in now.log.rubrics else "",
                item=item,
                steps=with_ids(source.steps, known.steps),
                source=digest_of(source),
            )
            is_new = (version.steps, version.source) != (known.steps, known.source)
            return known, version, self._use_rubric(now, version, apply=apply and is_new)

    def _use_rubric(
        self, now: Snapshot, version: RubricVersion, *, apply: bool
    ) -> tuple[Change, ...]:
        """Return the answers that get new points by the version; with `apply`, save the version."""
        changed = list(self._changed(now, version))
        if apply:
            others = (mark for mark, _ in self._changed(now, version, newest=False))
            self.append(now, [version, *(mark for mark, _ in changed), *others])
            for mark, _ in changed:
                store_mark(now.gradebook, self._assignment.name, self._items[version.item], mark)
            self.settle_penalties(now, [mark.student for mark, _ in changed])
        return tuple(
            Change(now.answers[version.item, mark.student].id, before, mark.points)
            for mark, before in changed
            if mark.points != before
        )

    def _changed(
        self, now: Snapshot, version: RubricVersion, *, newest: bool = True
    ) -> Iterator[tuple[HandMark, float]]:
        """Yield the marks that the new rubric changes, with their points before the change.

        With `newest`, yields only marks that count; otherwise only marks that do not count: rivals
        and second marks.
        """
        item = self._items[version.item]
        for place, marks in now.log.answers.items():
            if place[0] != item.name or place not in now.answers:
                continue
            for mark in marks.current:
                changed = with_rubric(mark, version, item)
                if changed is not None and (mark is marks.newest) == newest:
                    yield changed, mark.points

    def _item_named(self, name: str) -> Item:
        if name not in self._items:
            raise DeskError(f"{self._assignment.name} has no item {name} that people mark")
        return self._items[name]

    def _rubric(self, now: Snapshot, item: Item, marker: str) -> RubricVersion:
        """Return the item's rubric; at its first use, add the source's rubric to the log."""
        if item.name not in now.log.rubrics:
            self.append(now, [self._source_rubric(item.name, marker)])
        return now.log.rubrics[item.name]

    def _rubric_in_force(self, log: HandMarks, item: str, marker: str = "") -> RubricVersion:
        """Return the item's rubric in the log, or else the source's rubric."""
        return log.rubrics.get(item) or self._source_rubric(item, marker)

    def _source_rubric(self, item: str, marker: str = "") -> RubricVersion:
        return as_version(self._assignment.name, item, self._source_rubrics.get(item), marker)

    # --- views ---

    def _item(self, log: HandMarks, item: Item) -> ItemView:
        rubric, source = self._rubric_in_force(log, item.name), self._source_rubric(item.name)
        remarks = Counter(
            marks.newest.comment
            for (name, _), marks in log.answers.items()
            if name == item.name and marks.newest and marks.newest.comment
        )
        is_changed = rubric.source != source.source and _words(rubric) != _words(source)
        question = self._questions[item.name]
        return ItemView(
            item.name,
            item.title,
            self._assignment.problem(item.problem).title,
            item.max_points,
            item.bonus,
            question.question,
            question.model,
            rubric.uid,
            _changed_by(log, rubric),
            rubric.steps,
            tuple(Remark(text, count) for text, count in remarks.most_common(100)),
            is_changed,
        )

    def _places(self, now: Snapshot) -> list[Place]:
        """Return all answers, item by item, and shuffled within an item."""
        order = {name: index for index, name in enumerate(self._items)}
        return sorted(
            (place for place in now.answers if place[0] in order),
            key=lambda place: (order[place[0]], place_in_queue(*place)),
        )

    def _entry(
        self,
        now: Snapshot,
        place: Place,
        seen: AnswerStatus,
        people: Mapping[str, Person],
    ) -> QueueEntry:
        answer, typed, marks = now.answers[place], now.typed.get(place), now.log.marks(*place)
        mark, role = seen.mark, seen.role
        is_typed = typed is not None and role != "second" and typed.differs(marks.newest)
        return QueueEntry(
            id=answer.id,
            state=now.state(place),
            item=place[0],
            person=person(place[1]),
            name=_name(place[1], people) if people else "",
            shuffled=int(place_in_queue(*place)[:8], 16),
            similar=self._similar[1].get(answer.id, 0),
            group=answer.group,
            blank=answer.is_blank,
            open=seen.is_open,
            points=_points_shown(mark, typed),
            flagged=seen.is_flagged,
            changed=seen.is_changed,
            typed=is_typed,
            differs=bool(marks.to_settle) and not (role == "second" and mark is None),
            marker=mark.marker if mark else "",
            time=mark.time if mark else None,
            role=role,
        )

    def _view(self, now: Snapshot, place: Place, marker: str, names: bool) -> AnswerView:
        if place not in now.answers:
            raise DeskError("this answer is not there any more: reload the page")
        people = read_people(now.gradebook, [place[1]]) if names else {}
        answer, marks = now.answers[place], now.log.marks(*place)
        seen = status_of(now.log, answer, now.typed.get(place), marker)
        entry, mark = self._entry(now, place, seen, people), seen.mark
        is_current = mark is not None and mark.answer == answer.digest
        is_blind = entry.role in ("first", "second") and not entry.differs
        history = [each for each in marks.history if not is_blind or each.marker == marker]
        evidence = self._evidence(now, place)
        return AnswerView(
            entry=entry,
            state=entry.state,
            html=as_page(answer.text, answer.pictures),
            warnings=self._warnings(place),
            evidence=evidence,
            suggested=tuple(
                step
                for step, found in evidence.items()
                if found and all(each.found == "shown" for each in found)
            ),
            mark=_shown(mark) if mark and is_current else None,
            earlier=_shown(mark) if mark and mark.is_marked and not is_current else None,
            typed=now.typed.get(place) if entry.typed else None,
            differing=tuple(map(_shown, marks.to_settle)) if entry.differs else (),
            history=tuple(map(_shown, history)),
        )

    def _evidence(self, now: Snapshot, place: Place) -> dict[str, tuple[EvidenceView, ...]]:
        report = self._answers.report(place[1])
        if report is None:
            return {}
        found: dict[str, tuple[EvidenceView, ...]] = {}
        for step in self._rubric_in_force(now.log, place[0]).steps:
            looked_up = (look_up(claim, report) for claim in step.evidence)
            found[step.id] = tuple(
                EvidenceView(
                    each.phrase,
                    "shown" if each.holds else "not shown" if each.tested else "not tested",
                )
                for each in looked_up
            )
        return {step: each for step, each in found.items() if each}

    def _warnings(self, place: Place) -> tuple[str, ...]:
        """Return notes about the answer, such as pictures that could not be kept."""
        report = self._answers.report(place[1])
        if report is None:
            return ("The Report on this submission cannot be read.",)
        problem = self._items[place[0]].problem
        dropped = (
            f"The picture {each.name} {each.reason} The file: {report.place(each)}"
            for each in report.dropped(place[0])
        )
        return tuple(filter(None, [report.notebooks[problem].message, *dropped]))

    def _order_by_similarity(self, answers: Sequence[Answer]) -> None:
        """Compute each answer's place, by id, in the order by similarity, if answers changed."""
        digests = frozenset(answer.digest + answer.id for answer in answers)
        if self._similar[0] != digests:
            by_item: dict[str, list[Answer]] = {}
            for answer in answers:
                by_item.setdefault(answer.item, []).append(answer)
            places = {
                answer.id: index
                for similar in by_item.values()
                for index, answer in enumerate(by_similarity(similar))
            }
            self._similar = (digests, places)

    # --- the gradebook ---

    @contextmanager
    def reading(self, students: Collection[str] | None = None) -> Iterator[Snapshot]:
        """Read a snapshot of the whole class, or of some students."""
        self._opened().db().rollback()  # see what others have written
        yield self._read(students)

    @contextmanager
    def changing(self, students: Collection[str] | None = None) -> Iterator[Snapshot]:
        """Read as `reading` does, in a transaction that keeps all changes or none."""
        try:
            with self._opened().transaction():
                yield self._read(students)
        except BaseException:
            self._log.forget()
            raise
        moment = time.monotonic()  # never set back, unlike the time of day
        if moment - self._backed_up > _BACKUP_SECONDS:
            self._backed_up = moment
            back_up_gradebook(self._course, self._db_url)

    def _read(self, students: Collection[str] | None) -> Snapshot:
        gradebook = self._opened()
        self._renew()
        answers = self._answers.read(students)
        self._by_id.update((answer.id, place) for place, answer in answers.items())
        return Snapshot(
            gradebook,
            self._log.read(gradebook),
            answers,
            gradebook_marks(gradebook, self._assignment.name, self._items, students),
        )

    def _opened(self) -> PatientGradebook:
        """Return the gradebook; it is checked and backed up when it is opened."""
        if self._gradebook is None:
            with open_gradebook(self._course, self._db_url):
                pass
            self._gradebook = PatientGradebook(self._db_url, course_id(self._course))
            self._backed_up = time.monotonic()
        return self._gradebook

    def append(self, now: Snapshot, entries: Sequence[AnyEntry]) -> None:
        """Append entries to the log, and add them to the snapshot."""
        append(now.gradebook, self._assignment.name, entries)
        self._log.read(now.gradebook)

    def settle_penalties(self, now: Snapshot, students: Sequence[str]) -> None:
        """Update the students' late penalties, which can depend on their marks."""
        if self._course.rules(self._assignment.name).late is not None:
            update_penalties(now.gradebook, self._course, self._assignment.name, students)

    def _place(self, name: str) -> Place:
        """Return the item and the student of an answer; raise DeskError if there is none."""
        if name not in self._by_id:
            self._by_id.update((each.id, place) for place, each in self._answers.read().items())
        place = self._by_id.get(name)
        if place is None or place[0] not in self._items:
            raise DeskError(f"there is no answer {name[:40]!r} any more: reload the page")
        return place


def is_stored(mark: HandMark, before: HandMark | None) -> bool:
    """Return whether the mark changes nbgrader's gradebook; a flag alone does not."""
    return mark.is_marked or (before is not None and before.is_marked)


def with_rubric(mark: HandMark, version: RubricVersion, item: Item) -> HandMark | None:
    """Return the mark with another rubric version's points; None if the mark stays as it is.

    The mark keeps its marker, even if another person changed the rubric.
    """
    if not mark.is_marked:
        return None
    ticks = tuple(name for name in mark.ticks or () if name in version.by_id)
    points = total(item, version, ticks, mark.adjustment)
    if (ticks, points) == (mark.ticks, mark.points):
        return None
    return msgspec.structs.replace(
        mark,
        uid=new_uid(),
        time=version.time,
        after=mark.uid,
        rubric=version.uid,
        ticks=ticks,
        points=points,
        settles=(),
        cause="rubric",
    )


def _name(student: str, people: Mapping[str, Person]) -> str:
    known = people.get(student)
    full = f"{known.first_name} {known.last_name}".strip() if known else ""
    return f"{full} ({student})" if full else student


def _points_shown(mark: HandMark | None, typed: GradebookMark | None) -> float | None:
    """Return the points of the desk's mark, or else those in nbgrader's gradebook, if any."""
    if mark is not None and mark.is_marked:
        return mark.points
    return typed.points if typed is not None else None


def _shown(mark: HandMark) -> Shown:
    return Shown(
        mark.uid,
        mark.marker,
        mark.time,
        mark.ticks,
        mark.adjustment,
        mark.reason,
        mark.comment,
        mark.flagged,
        mark.points,
        mark.cause,
    )


def _changed_by(log: HandMarks, rubric: RubricVersion) -> str:
    """Return the name of the person who changed a rubric at the desk; "" if nobody changed it."""
    before = log.versions.get(rubric.after)
    is_from_source = before is None or before.source != rubric.source
    return "" if is_from_source else rubric.marker


def _words(rubric: RubricVersion) -> list[tuple[float, str]]:
    return [(step.points, step.text) for step in rubric.steps]


def _known(ticks: Sequence[str], rubric: RubricVersion) -> tuple[str, ...]:
    """Return the ticks in the rubric's order; raise DeskError if a step does not exist."""
    if unknown := set(ticks) - rubric.by_id.keys():
        raise DeskError(f"the rubric has no step {sorted(unknown)[0][:40]!r}: reload the page")
    return tuple(step.id for step in rubric.steps if step.id in ticks)


def _checked_steps(steps: Sequence[RubricStep], known: RubricVersion) -> tuple[RubricStep, ...]:
    """Return the steps; new steps get an id, and others keep their evidence from `known`."""
    if len(steps) > MAX_STEPS:
        raise DeskError(f"a rubric has at most {MAX_STEPS} steps, this one has {len(steps)}")
    found: list[RubricStep] = []
    for step in steps:
        text = " ".join(_text(step.text).split())
        if not text:
            raise DeskError("each step needs a sentence")
        if not _points(step.points):
            raise DeskError(f"the step {text[:60]!r} needs points other than 0")
        before = known.by_id.get(step.id)
        name = step.id if before else new_uid()[:8]
        if name in {each.id for each in found}:
            raise DeskError(f"the step {text[:60]!r} occurs twice")
        evidence = before.evidence if before and step.points > 0 else ()
        found.append(RubricStep(name, _points(step.points), text, evidence))
    return tuple(found)


def _points(number: float) -> float:
    if not abs(number) <= 1000:
        raise DeskError(f"points are numbers from -1000 to 1000, not {number}")
    return round(number, 6)


def _text(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise DeskError(f"a text has at most {MAX_TEXT:,} characters, this one has {len(text):,}")
    return text


def check_marker(name: str) -> None:
    """Raise DeskError if this is not the name of a marker."""
    if not name.strip() or len(name) > 60 or not name.isprintable():
        raise DeskError("type your name (1 to 60 characters), so that others see who marked")
