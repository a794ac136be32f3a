"""The marking desk without its page: the queue, one answer, saving, and changes of a rubric.

Each function of `Desk` reads the gradebook again, since other people mark at the same time. A
marker's page sends back the `state` of the answer that it showed. If the answer, its marks in the
log or its marks in nbgrader's gradebook have changed since then, nothing is saved and the page
shows what is there now.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from statistics import median

import msgspec

from autograder.content.markdown import render_markdown
from autograder.course.assignment import Course, Item
from autograder.course.rubric import Rubric, read_rubrics
from autograder.desk.answers import (
    Answer,
    ClassAnswers,
    as_page,
    by_similarity,
    person,
    place_in_queue,
    read_questions,
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
    Role,
    RubricChange,
    Shown,
)
from autograder.errors import DeskError
from autograder.gradebook.database import (
    PatientGradebook,
    back_up_gradebook,
    course_id,
    gradebook_url,
    open_gradebook,
)
from autograder.gradebook.evidence import look_up
from autograder.gradebook.handmarks import (
    AnswerMarks,
    AnyEntry,
    Cause,
    GradebookMark,
    HandMark,
    HandMarks,
    Place,
    RubricStep,
    RubricVersion,
    append,
    gradebook_marks,
    new_uid,
    read_hand_marks,
    store_mark,
)
from autograder.gradebook.marks import read_people
from autograder.gradebook.penalties import update_penalties

MAX_STEPS = 30
"""Largest number of steps of a rubric."""

MAX_TEXT = 10_000
"""Largest number of characters of a comment, a reason or a step."""

_PAUSE = 600.0
"""Seconds between two marks after which the marker has paused; pauses do not count as work."""

_BACKUP_SECONDS = 300.0
"""Seconds between two backups while people mark."""


class StaleError(DeskError):
    """Somebody changed the answer or the rubric since the page showed it."""


@dataclass(frozen=True)
class _Now:
    """What the gradebook and the marked notebooks hold now."""

    gradebook: PatientGradebook
    log: HandMarks
    answers: Mapping[Place, Answer]
    typed: Mapping[Place, GradebookMark]

    def state(self, place: Place) -> str:
        """Return a digest of everything that a marker of the answer sees."""
        marks = self.log.marks(*place)
        seen = (
            self.answers[place].digest,
            marks.newest.uid if marks.newest else "",
            [each.uid for each in marks.rivals],
            sorted((name, each.uid) for name, each in (marks.seconds or {}).items()),
            repr(self.typed.get(place)),
        )
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:24]


class Desk:
    """The desk of one homework; it keeps the answers that it has read in memory."""

    def __init__(self, course: Course, homework: str, *, db_url: str | None = None) -> None:
        self._course = course
        self._assignment = course.assignment(homework)
        self._db_url = db_url or gradebook_url(course)
        self._answers = ClassAnswers(course, self._assignment)
        self._questions = read_questions(course, self._assignment)
        self._items: dict[str, Item] = {
            item.name: item for item in self._assignment.select("manual")
        }
        self._gradebook: PatientGradebook | None = None
        self._backed_up = datetime.min
        self._source: tuple[tuple[int, ...], Mapping[str, Rubric]] = ((), {})
        self._similar: tuple[frozenset[str], dict[str, int]] = (frozenset(), {})

    def close(self) -> None:
        """Close the gradebook and back it up."""
        if self._gradebook is not None:
            self._gradebook.close()
            self._gradebook = None
            back_up_gradebook(self._course, self._db_url)

    # --- reading ---

    def queue(self, marker: str, *, names: bool = False) -> Queue:
        """Return the items and all answers; with `names`, also the students' names."""
        with self._now() as now:
            entries = tuple(self._entry(now, place, marker, names) for place in self._places(now))
            return Queue(
                self._assignment.name,
                self._assignment.title,
                tuple(self._item(now.log, item) for item in self._items.values()),
                entries,
                self._progress(now, entries),
            )

    def answer(self, name: str, marker: str, *, names: bool = False) -> AnswerView:
        """Return the answer with this id; raise DeskError if there is none."""
        with self._now() as now:
            return self._view(now, self._place(now, name), marker, names)

    def preview(self, text: str) -> str:
        """Return a comment as HTML, as the student's page will show it."""
        return render_markdown(text[:MAX_TEXT])

    # --- marking ---

    def save(
        self, name: str, given: Given, *, cause: Cause = "desk", names: bool = False
    ) -> AnswerView:
        """Save a mark for one answer; raise StaleError if its state is not the newest one."""
        [view] = self.save_all({name: given}, cause=cause, names=names)
        return view

    def save_all(
        self, given: Mapping[str, Given], *, cause: Cause = "group", names: bool = False
    ) -> list[AnswerView]:
        """Save marks for several answers, by id: all, or none if one of them is stale."""
        with self._changing() as now:
            for name, each in given.items():
                self._save(now, self._place(now, name), each, cause)
            self._settle_penalties(now, [self._place(now, name)[1] for name in given])
        return [self.answer(name, each.marker, names=names) for name, each in given.items()]

    def _save(self, now: _Now, place: Place, given: Given, cause: Cause) -> None:
        _check_marker(given.marker)
        if given.state != now.state(place):
            raise StaleError("somebody has changed this answer's mark since you opened it")
        item = self._items[place[0]]
        rubric = self._rubric(now, item, given.marker)
        if given.rubric not in ("", rubric.uid):
            raise StaleError("somebody has changed the rubric since you opened this answer")
        marks, role = now.log.marks(*place), self._role(now.log, place, given.marker)
        is_second = role == "second" and not marks.to_settle
        mark = HandMark(
            marker=given.marker,
            after=marks.newest.uid if marks.newest else "",
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
            settles=() if is_second else tuple(each.uid for each in marks.to_settle),
            cause="settled" if marks.to_settle and not is_second else cause,
        )
        if mark.adjustment and not mark.reason.strip():
            raise DeskError("write a reason for the adjusted points")
        self._append(now, [mark])
        if not is_second and self._is_stored(mark, now.typed.get(place)):
            store_mark(now.gradebook, self._assignment.name, item, mark)

    @staticmethod
    def _is_stored(mark: HandMark, typed: GradebookMark | None) -> bool:
        """Return whether the mark changes nbgrader's gradebook; a flag alone does not."""
        return mark.is_marked or typed is None or typed.points is not None or not typed.open

    # --- the rubric ---

    def change_rubric(self, item: str, change: RubricChange) -> tuple[Change, ...]:
        """Return the answers whose points the change alters; with `apply`, also make the change.

        Everybody marked with a changed step gets the new points; ticks of removed steps are
        removed. Other marks stay as they are.
        """
        _check_marker(change.marker)
        if item not in self._items:
            raise DeskError(f"{self._assignment.name} has no item {item} that people mark")
        with self._changing() as now:
            known = self._rubric(now, self._items[item], change.marker)
            if change.rubric != known.uid:
                raise StaleError("somebody has changed the rubric since you opened it")
            version = RubricVersion(
                marker=change.marker,
                after=known.uid,
                item=item,
                steps=_checked_steps(change.steps, known),
                source=self._source_digest(item),
            )
            changed = list(self._changed(now, version))
            if change.apply:
                self._append(now, [version, *(mark for mark, _ in changed)])
                for mark, _ in changed:
                    store_mark(now.gradebook, self._assignment.name, self._items[item], mark)
                self._settle_penalties(now, [mark.student for mark, _ in changed])
            return tuple(
                Change(now.answers[item, mark.student].id, "", before, mark.points)
                for mark, before in changed
                if mark.points != before
            )

    def _changed(self, now: _Now, version: RubricVersion) -> Iterator[tuple[HandMark, float]]:
        """Yield the marks that the new rubric changes, with their points before the change."""
        item = self._items[version.item]
        for place, marks in now.log.answers.items():
            mark = marks.newest
            if place[0] != item.name or mark is None or not mark.is_marked:
                continue
            ticks = tuple(name for name in mark.ticks or () if name in version.by_id)
            points = total(item, version, ticks, mark.adjustment)
            if (ticks, points) != (mark.ticks, mark.points) and place in now.answers:
                yield (
                    msgspec.structs.replace(
                        mark,
                        uid=new_uid(),
                        time=version.time,
                        marker=version.marker,
                        after=mark.uid,
                        rubric=version.uid,
                        ticks=ticks,
                        points=points,
                        settles=(),
                        cause="rubric",
                    ),
                    mark.points,
                )

    def _rubric(self, now: _Now, item: Item, marker: str) -> RubricVersion:
        """Return the item's rubric; the log gets the source's rubric when it is first used."""
        if item.name not in now.log.rubrics:
            self._append(now, [self._source_rubric(item.name, marker)])
        return now.log.rubrics[item.name]

    def _source_rubric(self, item: str, marker: str = "") -> RubricVersion:
        found = self._sources().get(item)
        steps = found.steps if found else ()
        known = f"{self._assignment.name} {item} {self._source_digest(item)}"
        return RubricVersion(
            uid=hashlib.sha256(known.encode()).hexdigest()[:32],  # the same in each copy
            marker=marker,
            item=item,
            steps=tuple(
                RubricStep(f"s{number}", step.points, step.text, step.evidence)
                for number, step in enumerate(steps, 1)
            ),
            source=self._source_digest(item),
        )

    def _source_digest(self, item: str) -> str:
        return hashlib.sha256(repr(self._sources().get(item)).encode()).hexdigest()[:32]

    def _sources(self) -> Mapping[str, Rubric]:
        """Return the rubrics of the source notebooks; read them again only if a file changed."""
        folder = self._course.source(self._assignment.name)
        stamps = tuple(path.stat().st_mtime_ns for path in sorted(folder.glob("*.ipynb")))
        if self._source[0] != stamps:
            self._source = (stamps, read_rubrics(self._course, self._assignment))
        return self._source[1]

    # --- views ---

    def _item(self, log: HandMarks, item: Item) -> ItemView:
        rubric = log.rubrics.get(item.name) or self._source_rubric(item.name)
        remarks = Counter(
            marks.newest.comment
            for (name, _), marks in log.answers.items()
            if name == item.name and marks.newest and marks.newest.comment
        )
        source = self._source_rubric(item.name)
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
            rubric.steps,
            tuple(Remark(text, count) for text, count in remarks.most_common(100)),
            is_changed,
        )

    def _places(self, now: _Now) -> list[Place]:
        """Return all answers, item by item, and shuffled within an item."""
        order = {name: index for index, name in enumerate(self._items)}
        return sorted(
            (place for place in now.answers if place[0] in order),
            key=lambda place: (order[place[0]], place_in_queue(*place)),
        )

    def _entry(self, now: _Now, place: Place, marker: str, names: bool) -> QueueEntry:
        answer, typed = now.answers[place], now.typed.get(place)
        marks, role = now.log.marks(*place), self._role(now.log, place, marker)
        mark = _visible(marks, role, marker)
        is_current = mark is not None and mark.is_marked and mark.answer == answer.digest
        is_typed = typed is not None and role != "second" and typed.differs(marks.newest)
        return QueueEntry(
            id=answer.id,
            state=now.state(place),
            item=place[0],
            person=person(place[1]),
            name=self._name(now, place[1]) if names else "",
            shuffled=int(place_in_queue(*place)[:8], 16),
            similar=self._similarity(now)[answer.id],
            group=answer.group,
            blank=answer.is_blank,
            open=not is_current and (role == "second" or typed is None or typed.open),
            points=_points_shown(mark, typed),
            flagged=bool(mark and mark.flagged),
            changed=bool(mark and mark.is_marked and mark.answer != answer.digest),
            typed=is_typed,
            differs=bool(marks.to_settle) and not (role == "second" and mark is None),
            marker=mark.marker if mark else "",
            time=mark.time if mark else None,
            role=role,
        )

    def _view(self, now: _Now, place: Place, marker: str, names: bool) -> AnswerView:
        answer, entry = now.answers[place], self._entry(now, place, marker, names)
        marks = now.log.marks(*place)
        mark = _visible(marks, entry.role, marker)
        is_current = mark is not None and mark.answer == answer.digest
        is_blind = entry.role in ("first", "second") and not entry.differs
        history = [each for each in marks.history if not is_blind or each.marker == marker]
        evidence = self._evidence(now, place)
        return AnswerView(
            entry=entry,
            state=now.state(place),
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

    def _evidence(self, now: _Now, place: Place) -> dict[str, tuple[EvidenceView, ...]]:
        report = self._answers.report(place[1])
        rubric = now.log.rubrics.get(place[0]) or self._source_rubric(place[0])
        if report is None:
            return {}
        found: dict[str, tuple[EvidenceView, ...]] = {}
        for step in rubric.steps:
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
        return tuple(filter(None, [report.notebooks[problem].message]))

    def _name(self, now: _Now, student: str) -> str:
        known = read_people(now.gradebook, [student]).get(student)
        full = f"{known.first_name} {known.last_name}".strip() if known else ""
        return f"{full} ({student})" if full else student

    def _similarity(self, now: _Now) -> dict[str, int]:
        """Return the place of each answer, by id, in the order by similarity."""
        digests = frozenset(answer.digest + answer.id for answer in now.answers.values())
        if self._similar[0] != digests:
            by_item: dict[str, list[Answer]] = {}
            for place in self._places(now):
                by_item.setdefault(place[0], []).append(now.answers[place])
            places = {
                answer.id: index
                for answers in by_item.values()
                for index, answer in enumerate(by_similarity(answers))
            }
            self._similar = (digests, places)
        return self._similar[1]

    def _role(self, log: HandMarks, place: Place, marker: str) -> Role:
        if log.deal is None:
            return ""
        markers = log.deal.markers.get(place[0], {}).get(place[1])
        if markers is None:
            return ""
        if marker not in markers:
            return "other"
        return "first" if marker == markers[0] else "second"

    def _progress(self, now: _Now, entries: Sequence[QueueEntry]) -> dict[str, Progress]:
        """Return the progress of each item, and of the whole homework under the name ""."""
        found: dict[str, Progress] = {}
        for name in ("", *self._items):
            mine = [each for each in entries if name in ("", each.item)]
            found[name] = Progress(
                answers=len(mine),
                open=sum(each.open for each in mine),
                flagged=sum(each.flagged for each in mine),
                by_marker=dict(Counter(each.marker for each in mine if each.marker)),
                pace=pace(now.log, name),
            )
        return found

    # --- the gradebook ---

    @contextmanager
    def _now(self) -> Iterator[_Now]:
        gradebook = self._opened()
        gradebook.db().rollback()  # see what others have written
        yield _Now(
            gradebook,
            read_hand_marks(gradebook, self._assignment.name),
            self._answers.read(),
            gradebook_marks(gradebook, self._assignment.name, self._items),
        )

    @contextmanager
    def _changing(self) -> Iterator[_Now]:
        with self._opened().transaction(), self._within() as now:
            yield now
        moment = datetime.now()
        if (moment - self._backed_up).total_seconds() > _BACKUP_SECONDS:
            self._backed_up = moment
            back_up_gradebook(self._course, self._db_url)

    @contextmanager
    def _within(self) -> Iterator[_Now]:
        """Read everything inside the open transaction."""
        gradebook = self._opened()
        yield _Now(
            gradebook,
            read_hand_marks(gradebook, self._assignment.name),
            self._answers.read(),
            gradebook_marks(gradebook, self._assignment.name, self._items),
        )

    def _opened(self) -> PatientGradebook:
        """Return the gradebook; it is checked and backed up when it is opened."""
        if self._gradebook is None:
            with open_gradebook(self._course, self._db_url):
                pass
            self._gradebook = PatientGradebook(self._db_url, course_id(self._course))
            self._backed_up = datetime.now()
        return self._gradebook

    def _append(self, now: _Now, entries: Sequence[AnyEntry]) -> None:
        append(now.gradebook, self._assignment.name, entries)
        for entry in entries:
            now.log.add(entry)

    def _settle_penalties(self, now: _Now, students: Sequence[str]) -> None:
        if self._course.rules(self._assignment.name).late is not None:
            update_penalties(now.gradebook, self._course, self._assignment.name, students)

    def _place(self, now: _Now, name: str) -> Place:
        for place, answer in now.answers.items():
            if answer.id == name:
                return place
        raise DeskError(f"there is no answer {name[:40]!r} any more: reload the page")


def total(
    item: Item, rubric: RubricVersion, ticks: Sequence[str], adjustment: float = 0.0
) -> float:
    """Return an answer's points: those of the ticked steps and the adjustment.

    The points are at least 0 and at most the item's maximum.
    """
    steps = rubric.by_id
    points = sum(steps[name].points for name in set(ticks) if name in steps) + adjustment
    return min(max(round(points, 6), 0.0), item.max_points)


def pace(log: HandMarks, item: str, marker: str = "") -> float | None:
    """Return the median seconds between two marks of one person; None if there are too few.

    `item` and `marker` may be empty, for all. Marks for groups and by changes of a rubric do not
    count, and neither do pauses.
    """
    last: dict[str, datetime] = {}
    gaps: list[float] = []
    for entry in log.entries:
        if isinstance(entry, HandMark) and entry.cause == "desk" and marker in ("", entry.marker):
            if entry.marker in last and item in ("", entry.item):
                gaps.append((entry.time - last[entry.marker]).total_seconds())
            last[entry.marker] = entry.time
    short = [gap for gap in gaps if gap < _PAUSE]
    return median(short) if len(short) >= 3 else None


def _visible(marks: AnswerMarks, role: Role, marker: str) -> HandMark | None:
    """Return the mark that a marker sees: a second marker does not see the first mark."""
    return (marks.seconds or {}).get(marker) if role == "second" else marks.newest


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


def _words(rubric: RubricVersion) -> list[tuple[float, str]]:
    return [(step.points, step.text) for step in rubric.steps]


def _known(ticks: Sequence[str], rubric: RubricVersion) -> tuple[str, ...]:
    """Return the ticks in the rubric's order; raise DeskError if a step does not exist."""
    if unknown := set(ticks) - rubric.by_id.keys():
        raise DeskError(f"the rubric has no step {sorted(unknown)[0][:40]!r}: reload the page")
    return tuple(step.id for step in rubric.steps if step.id in ticks)


def _checked_steps(steps: Sequence[RubricStep], known: RubricVersion) -> tuple[RubricStep, ...]:
    """Return the steps with ids for new ones; evidence comes from the earlier version."""
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
        evidence = before.evidence if before else ()
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


def _check_marker(name: str) -> None:
    if not name.strip() or len(name) > 60 or not name.isprintable():
        raise DeskError("type your name (1 to 60 characters), so that others see who marked")
