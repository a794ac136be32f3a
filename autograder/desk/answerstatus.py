"""Compute each answer's status for a marker, and the progress of the marking.

The page's queue and `fdl status` count with the same functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from autograder.desk.answers import Answer
from autograder.desk.messages import Progress, Role
from autograder.gradebook.handmarks import (
    AnswerMarks,
    GradebookMark,
    HandMark,
    HandMarks,
    Place,
)

_PAUSE = 600.0
"""A longer time between two marks, in seconds, is a pause, which does not count as work."""


@dataclass(frozen=True)
class MarkerProgress:
    """Numbers of a marker's answers, with blind second marks; `pace` is in seconds per answer.

    `dealt` and `open` are None if the answers are not dealt out.
    """

    marker: str
    dealt: int | None
    marked: int
    open: int | None
    flagged: int
    pace: float | None

    @property
    def left(self) -> float | None:
        """Seconds that the marker still has to work at this pace."""
        return None if self.pace is None or self.open is None else self.open * self.pace


@dataclass(frozen=True)
class AnswerStatus:
    """An answer as a marker sees it.

    `mark` is the newest mark that the marker may see. `is_open` says that the answer waits for a
    mark, and `is_changed` that its text was changed after it was marked.
    """

    item: str
    role: Role
    mark: HandMark | None
    is_open: bool
    is_changed: bool

    @property
    def is_marked(self) -> bool:
        """Whether the desk has a mark for the answer as it is now."""
        return self.mark is not None and self.mark.is_marked and not self.is_changed

    @property
    def is_flagged(self) -> bool:
        """Whether the answer waits for a second look."""
        return self.mark is not None and self.mark.flagged


def status_of(
    log: HandMarks, answer: Answer, typed: GradebookMark | None, marker: str = ""
) -> AnswerStatus:
    """Return an answer's status for a marker; no answer is ever dealt to the marker ""."""
    place = (answer.item, answer.student)
    role = role_of(log, place, marker)
    mark = visible(log.marks(*place), role, marker)
    is_marked = mark is not None and mark.is_marked
    is_changed = is_marked and mark is not None and mark.answer != answer.digest
    is_current = is_marked and not is_changed
    is_open = not is_current and (role == "second" or typed is None or typed.open)
    return AnswerStatus(answer.item, role, mark, is_open, is_changed)


def role_of(log: HandMarks, place: Place, marker: str) -> Role:
    """Return a marker's role for an answer in the current deal.

    Once both marks are settled, a second marker sees the answer as the first marker does.
    """
    dealt = log.deal.markers.get(place[0], {}).get(place[1]) if log.deal else None
    if dealt is None:
        return ""
    if marker not in dealt:
        return "other"
    marks = log.marks(*place)
    is_settled = marker in marks.second_markers and marker not in marks.seconds
    return "first" if marker == dealt[0] or is_settled else "second"


def visible(marks: AnswerMarks, role: Role, marker: str) -> HandMark | None:
    """Return the mark that a marker sees: a second marker does not see the first mark."""
    return marks.seconds.get(marker) if role == "second" else marks.newest


# --- progress ------------------------------------------------------------------------------------


def progress(
    log: HandMarks, statuses: Sequence[AnswerStatus], items: Iterable[str]
) -> dict[str, Progress]:
    """Return the progress of each item, and of the whole homework under the name ""."""
    found: dict[str, Progress] = {}
    for name in ("", *items):
        mine = [each for each in statuses if name in ("", each.item)]
        markers = (each.mark.marker for each in mine if each.mark and each.is_marked)
        found[name] = Progress(
            answers=len(mine),
            open=sum(each.is_open for each in mine),
            flagged=sum(each.is_flagged for each in mine),
            by_marker=dict(Counter(markers)),
            pace=pace(log, name),
        )
    return found


def markers_progress(
    log: HandMarks, answers: Mapping[Place, Answer], typed: Mapping[Place, GradebookMark]
) -> tuple[MarkerProgress, ...]:
    """Return the progress of each person who marked an answer or was dealt answers."""
    dealt = log.deal.markers.values() if log.deal else ()
    names = {name for students in dealt for markers in students.values() for name in markers}
    names |= {mark.marker for marks in log.answers.values() for mark in marks.current}
    return tuple(_of_marker(log, answers, typed, name) for name in sorted(names))


def _of_marker(
    log: HandMarks,
    answers: Mapping[Place, Answer],
    typed: Mapping[Place, GradebookMark],
    name: str,
) -> MarkerProgress:
    seen = [status_of(log, answer, typed.get(place), name) for place, answer in answers.items()]
    dealt = [each for each in seen if each.role in ("first", "second")]
    mine = [each for each in seen if each.mark is not None and each.mark.marker == name]
    return MarkerProgress(
        marker=name,
        dealt=len(dealt) if log.deal else None,
        marked=sum(each.is_marked for each in mine),
        open=sum(each.is_open for each in dealt) if log.deal else None,
        flagged=sum(each.is_flagged for each in mine),
        pace=pace(log, "", name),
    )


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
    short = [gap for gap in gaps if 0 <= gap < _PAUSE]
    return median(short) if len(short) >= 3 else None
