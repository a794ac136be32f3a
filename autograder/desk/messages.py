"""The messages between the desk's page and its server, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from autograder.gradebook.handmarks import GradebookMark, RubricStep

Role = Literal["", "first", "second", "other"]
"""The role of a marker for an answer; empty if the answer is not dealt to anybody."""


class Shown(msgspec.Struct, frozen=True):
    """A mark as the page shows it; `id` is the uid of its entry."""

    id: str
    marker: str
    time: datetime
    ticks: tuple[str, ...] | None
    adjustment: float
    reason: str
    comment: str
    flagged: bool
    points: float
    cause: str


class QueueEntry(msgspec.Struct, frozen=True):
    """An answer in the queue.

    `shuffled` and `similar` are the answer's places in two orders, which are the same for all
    markers. `person` groups the answers of one student. `open` says that the answer waits for a
    mark, and `changed` that the student changed the text after it was marked. `typed` says that
    somebody changed the mark outside the desk, and `differs` that two marks must be settled.
    `marker` is the name of the person who gave the newest mark.
    """

    id: str
    state: str
    item: str
    person: str
    name: str
    shuffled: int
    similar: int
    group: str
    blank: bool
    open: bool
    points: float | None
    flagged: bool
    changed: bool
    typed: bool
    differs: bool
    marker: str
    time: datetime | None
    role: Role


class Remark(msgspec.Struct, frozen=True):
    """A comment that markers wrote for an item, and the number of times they wrote it."""

    text: str
    count: int


class ItemView(msgspec.Struct, frozen=True):
    """An item that people mark: its question and model answer as HTML, its rubric and remarks.

    `rubric` is the uid of the rubric's version, and `rubric_by` the name of the person who changed
    it last; "" if it comes from the source notebook. `source_changed` says that the rubric in the
    source notebook differs from the desk's rubric and was changed after the desk read it.
    """

    name: str
    title: str
    problem: str
    max_points: float
    bonus: bool
    question: str
    model: str
    rubric: str
    rubric_by: str
    steps: tuple[RubricStep, ...]
    remarks: tuple[Remark, ...]
    source_changed: bool


class Progress(msgspec.Struct, frozen=True):
    """Numbers of answers of an item or of the homework; `pace` is in seconds per answer."""

    answers: int
    open: int
    flagged: int
    by_marker: dict[str, int]
    pace: float | None

    @property
    def left(self) -> float | None:
        """Seconds that one person still has to work at this pace."""
        return None if self.pace is None else self.open * self.pace


class Queue(msgspec.Struct, frozen=True):
    """All data that the page needs to begin: items, answers and progress.

    `marker` is the name of the person who sends the request, as the desk spells it.
    """

    homework: str
    title: str
    marker: str
    items: tuple[ItemView, ...]
    answers: tuple[QueueEntry, ...]
    progress: dict[str, Progress]


class EvidenceView(msgspec.Struct, frozen=True):
    """The hidden tests' result for the claim of a step."""

    text: str
    found: Literal["shown", "not shown", "not tested"]


class AnswerView(msgspec.Struct, frozen=True):
    """One answer with its marks.

    `mark` is this marker's view of the newest mark. `earlier` is the mark of an earlier text.
    `typed` is the mark in nbgrader's gradebook, if it differs. `differing` are the marks to settle.
    `suggested` are the steps that hidden tests confirm; a person has to accept them.
    """

    entry: QueueEntry
    state: str
    html: str
    warnings: tuple[str, ...]
    evidence: dict[str, tuple[EvidenceView, ...]]
    suggested: tuple[str, ...]
    mark: Shown | None
    earlier: Shown | None
    typed: GradebookMark | None
    differing: tuple[Shown, ...]
    history: tuple[Shown, ...]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A mark that a marker sends; `ticks` is None to withdraw a mark or only to flag an answer.

    `state` is the state of the answer that the marker saw.
    """

    marker: str
    state: str
    ticks: tuple[str, ...] | None
    rubric: str = ""
    adjustment: float = 0.0
    reason: str = ""
    comment: str = ""
    flagged: bool = False


class Change(msgspec.Struct, frozen=True):
    """An answer whose points change if the rubric changes."""

    id: str
    before: float
    after: float


class RubricChange(msgspec.Struct, frozen=True, kw_only=True):
    """A changed rubric that a marker sends; new steps have an empty id.

    `rubric` is the uid of the version that was changed. Unless `apply` is true, nothing changes.
    """

    marker: str
    rubric: str
    steps: tuple[RubricStep, ...]
    apply: bool = False


class Conflict(msgspec.Struct, frozen=True):
    """The reason why nothing was saved, and the newest state of the answers."""

    message: str
    answers: tuple[AnswerView, ...]


class Comment(msgspec.Struct, frozen=True):
    """A comment to show as HTML."""

    text: str
