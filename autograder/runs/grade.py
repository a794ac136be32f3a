"""Grade a class: skip unchanged submissions, mark all others, and record each result.

Each submission is recorded as soon as it is marked. If a submission is already recorded with the
same content, assignment, grader and settings, its stored Report is used. So an interrupted run
continues where it stopped, and a second run takes almost no time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from autograder.course.assignment import Assignment, Course
from autograder.errors import KitError
from autograder.gradebook.records import settled_reports
from autograder.grading.fingerprint import Fingerprints
from autograder.grading.jobs import Job, Marked, long_ones_last
from autograder.grading.report import Report
from autograder.submission.timestamps import unreadable_timestamp

if TYPE_CHECKING:
    from autograder.gradebook.recorder import Recorder

Marker = Callable[[Sequence[Job]], Generator[Marked]]
"""A function that marks jobs and yields each finished job, such as a SeededMarker."""


class SeededMarker(Protocol):
    """A function that marks jobs with a seed (None: the assignment's) and yields finished jobs.

    If its course and assignment are bound with `partial`, `classrun.mark_class` is such a function.
    """

    def __call__(self, jobs: Sequence[Job], /, *, seed: int | None) -> Generator[Marked]: ...


@dataclass(frozen=True)
class Recorded:
    """The result for a student: the Report and the points still to give by hand, or an error.

    `unchanged` is True if the Report was already recorded by an earlier run. `date` describes a
    problem with the submission's date. `seconds` contains the time that each stage took.
    """

    student: str
    report: Report | None = None
    open_points: float = 0.0
    error: str = ""
    unchanged: bool = False
    seconds: Mapping[str, float] = field(default_factory=dict)
    date: str = ""


def grade_class(
    course: Course,
    assignment: Assignment,
    jobs: Sequence[Job],
    mark: Marker,
    fingerprints: Fingerprints,
    *,
    again: bool = False,
) -> Generator[Recorded]:
    """Mark the changed submissions with `mark`, record them, and yield each finished student.

    Students with unchanged submissions come first; if `again` is True, their submissions are marked
    again too.
    """
    dates = {job.student: unreadable_timestamp(job.path) for job in jobs}
    prints = {job.student: fingerprints.of(job.path) for job in jobs}
    settled = () if again else settled_reports(course, assignment, prints)
    done = set()
    for student, known in settled:
        done.add(student)
        yield Recorded(student, *known, unchanged=True, date=dates[student])
    left = [job for job in jobs if job.student not in done]
    if not left:
        return
    from autograder.gradebook.recorder import Recorder  # slow to import

    changed: list[Job] = []
    with Recorder(course, assignment) as recorder:
        for job in left:
            student = job.student
            found = None if again else recorder.recorded(student, prints[student])
            if found is None:
                changed.append(job)
            else:
                yield Recorded(student, *found, unchanged=True, date=dates[student])
        if not changed:
            return
        changed = long_ones_last(changed, recorder.marking_seconds(), assignment)
        with closing(mark(changed)) as marking:
            for marked in marking:
                recorded = _record(recorder, marked, prints[marked.student])
                yield replace(recorded, date=dates[marked.student])


def _record(recorder: Recorder, marked: Marked, fingerprint: str) -> Recorded:
    if marked.marking is None:
        return Recorded(marked.student, error=marked.error)
    begin = time.perf_counter()
    try:
        open_points = recorder.record(marked.student, marked.marking, fingerprint)
    except KitError as error:
        return Recorded(marked.student, error=str(error))
    seconds = {**marked.marking.seconds, "recording": time.perf_counter() - begin}
    return Recorded(marked.student, marked.marking.report, open_points, seconds=seconds)
