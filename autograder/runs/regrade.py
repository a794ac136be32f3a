"""Mark a graded class again: show what would change first, then record it and keep a list of it.

The stored Reports are compared with new ones of the same seeds. Points that a person gave stay,
whatever the new Report says. The list of changes is kept under its date in regraded/.

Stored Reports are read when they are needed, and new Markings wait on the disk until they are
recorded: memory use does not grow with the notebooks of the class.
"""

from __future__ import annotations

import io
import pickle
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry

from autograder.console import Terminal
from autograder.course.assignment import Assignment, Course, Item
from autograder.course.gradecells import points_by_item
from autograder.course.layout import REPORT
from autograder.durable import make_folder, sync
from autograder.errors import CourseError, RecordError
from autograder.gradebook.backup import backups
from autograder.gradebook.database import SECONDS, PatientGradebook, open_gradebook
from autograder.gradebook.folders import settle_all
from autograder.gradebook.recorder import Recorder
from autograder.grading.classrun import Job, long_ones_last
from autograder.grading.fingerprint import Fingerprints
from autograder.grading.mark import Marking, read_skeletons
from autograder.grading.report import Report
from autograder.runs.changes import ItemChange, Regrading, changes_between, other_findings
from autograder.runs.grade import SeededMarker

PAGE_WIDTH = 120

Progress = Callable[[int, int], None]
"""Shows how many submissions are marked, out of how many."""


@dataclass(frozen=True)
class Graded:
    """What is recorded of students: the seeds of their Reports, and where these are.

    `by_hand` holds the points that persons gave, by student and item; `unreadable` names the
    students whose stored Report can't be read, and why; `seconds` says how long marking took.
    """

    paths: Mapping[str, Path]
    seeds: Mapping[str, int]
    unreadable: Mapping[str, str]
    by_hand: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    def report(self, student: str) -> Report:
        """The stored Report, read again each time."""
        return Report.read(self.paths[student])


class Spool(AbstractContextManager["Spool"]):
    """New Markings that wait to be recorded, with the fingerprints they were made from.

    They are in a file without a name on the course's disk, which ends with this process.
    """

    def __init__(self, course: Course, fingerprints: Callable[[int], Fingerprints]) -> None:
        """`fingerprints` gives those of a seed; RecordError where no file can be made there."""
        self._folder = course.root
        self._fingerprints = fingerprints
        self._prints: dict[str, str] = {}
        self._places: dict[str, int] = {}
        with self._told():
            self._file = tempfile.TemporaryFile(dir=course.root)  # noqa: SIM115

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def expect(self, jobs: Sequence[Job], seed: int) -> None:
        """Note what the submissions are, before they are marked with that seed."""
        of_seed = self._fingerprints(seed)
        self._prints |= {job.student: of_seed.of(job.path) for job in jobs}

    def put(self, student: str, marking: Marking) -> None:
        """Keep a student's Marking; RecordError where there is no room."""
        with self._told():
            self._places[student] = self._file.seek(0, io.SEEK_END)
            pickle.dump(marking, self._file, pickle.HIGHEST_PROTOCOL)
            self._file.flush()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """The students whose Markings are here, and the fingerprints."""
        return ((student, self._prints[student]) for student in sorted(self._places))

    def take(self, student: str) -> Marking:
        """A student's Marking."""
        self._file.seek(self._places[student])
        found: Marking = pickle.load(self._file)  # this process wrote it, and no other can
        return found

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RecordError(
                f"new marks can't wait in {self._folder} to be recorded: {error}. Nothing was "
                "changed; make room there and run the command again"
            ) from error


# --- what is recorded ----------------------------------------------------------------------------


def check_release(course: Course, assignment: Assignment) -> None:
    """CourseError where the release has other items or points than the source.

    The gradebook learns of the release's, a Report of the source's: they would not fit together.
    """
    skeletons = read_skeletons(assignment, course.release(assignment.name)).values()
    released = dict(chain.from_iterable(points_by_item(nb).items() for nb in skeletons))
    wanted = {item.name: item.max_points for item in assignment.items.values()}
    names = dict.fromkeys([*wanted, *released])
    if stale := [name for name in names if wanted.get(name) != released.get(name)]:
        raise CourseError(
            f"release/{assignment.name} has other items or points than source/{assignment.name} "
            f"({', '.join(stale)}): run `fdl release {assignment.name}` first"
        )


def read_graded(course: Course, assignment: Assignment, students: Sequence[str] = ()) -> Graded:
    """What is recorded of these students (none named: of all)."""
    path = course.gradebook
    if not path.is_file() and not backups(path):  # opening it would create a new gradebook
        return _find_reports(course, assignment, students)
    with open_gradebook(course) as gradebook:
        settle_all(gradebook, course, assignment)
        found = _find_reports(course, assignment, students)
        by_hand = {name: _given_by_hand(gradebook, assignment, name) for name in found.seeds}
        seconds = gradebook.noted(SECONDS, assignment.name)
    return replace(found, by_hand=by_hand, seconds=seconds)


def _find_reports(course: Course, assignment: Assignment, students: Sequence[str]) -> Graded:
    paths: dict[str, Path] = {}
    seeds: dict[str, int] = {}
    unreadable: dict[str, str] = {}
    for path in course.all_autograded(f"{assignment.name}/{REPORT}"):
        student = path.parents[1].name
        if students and student not in students:
            continue
        try:
            seeds[student] = Report.read(path).seed
        except RecordError as error:
            unreadable[student] = f"{path} can't be read: {error}; run `fdl grade` for this student"
        else:
            paths[student] = path
    return Graded(paths, seeds, unreadable)


def _given_by_hand(
    gradebook: PatientGradebook, assignment: Assignment, student: str
) -> dict[str, float]:
    try:
        submission = gradebook.find_submission(assignment.name, student)
    except MissingEntry:  # such as in a gradebook that was begun anew
        return {}
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    by_kit = gradebook.recorded_credit(grade.id for grade in grades)
    return {
        grade.name: float(grade.score)
        for grade in grades
        if grade.name in assignment.items
        and _is_by_hand(assignment.items[grade.name], grade, by_kit.get(grade.id))
    }


def _is_by_hand(item: Item, grade: Any, by_kit: float | None) -> bool:
    if item.kind == "manual":
        return (grade.manual_score, grade.extra_credit) != (None, None)
    if item.bonus:
        return grade.extra_credit not in (None, by_kit)
    return grade.manual_score is not None


# --- marking anew --------------------------------------------------------------------------------


def mark_again(
    assignment: Assignment,
    graded: Graded,
    submissions: Sequence[Job],
    mark: SeededMarker,
    progress: Progress,
    *,
    spool: Spool | None = None,
) -> Regrading:
    """Mark the graded students among the submissions, each with the stored seed, and compare.

    The new Markings are put into the spool, if there is one.
    """
    handed_in = {job.student for job in submissions}
    failed = dict(graded.unreadable)
    for name in graded.seeds.keys() - handed_in:
        failed[name] = "the submission is no longer in submitted/"
    by_seed: dict[int, list[Job]] = defaultdict(list)
    for job in long_ones_last(submissions, graded.seconds):
        if job.student in graded.seeds:
            by_seed[graded.seeds[job.student]].append(job)
    whole, done = sum(map(len, by_seed.values())), 0
    found: dict[str, tuple[ItemChange, ...]] = {}
    reports_changed: list[str] = []
    others = 0
    for seed, jobs in by_seed.items():
        if spool is not None:
            spool.expect(jobs, seed)
        with closing(mark(jobs, seed=seed)) as marking:
            for marked in marking:
                done += 1
                progress(done, whole)
                student = marked.student
                if marked.marking is None:
                    failed[student] = marked.error
                    continue
                new = marked.marking.report
                try:
                    old = graded.report(student)
                except RecordError as error:
                    failed[student] = f"the stored Report can't be read any more: {error}"
                    continue
                found[student] = changes_between(old, new, graded.by_hand.get(student, {}))
                others += other_findings(old, new)
                if old != new:
                    reports_changed.append(student)
                if spool is not None:
                    spool.put(student, marked.marking)
    found = dict(sorted(found.items()))
    return Regrading(
        assignment=assignment.name,
        changes={student: changes for student, changes in found.items() if changes},
        seeds={student: graded.seeds[student] for student in found},
        unchanged=tuple(student for student, changes in found.items() if not changes),
        failed=dict(sorted(failed.items())),
        ungraded=tuple(sorted(handed_in - graded.seeds.keys() - graded.unreadable.keys())),
        reports_changed=tuple(sorted(reports_changed)),
        other_findings=others,
    )


# --- recording it --------------------------------------------------------------------------------


def apply(
    course: Course,
    assignment: Assignment,
    regrading: Regrading,
    spool: Spool,
    moment: datetime,
) -> tuple[Path | None, dict[str, str]]:
    """Record what is in the spool, and keep what changed; returns where, and who failed.

    Also recorded are Markings with the same Report as before whose submission, tests or settings
    are not those that it was recorded for: the next `fdl grade` has nothing to mark then.

    While it runs, a file STEM.unfinished.json holds what is to be changed: after a run that was
    killed, it tells what may have been. Where no Report changed, there is nothing to keep.
    """
    at = moment.isoformat()
    stem = moment.strftime("%Y-%m-%dT%H-%M-%S")
    folder = course.regraded(assignment.name)
    try:
        with Recorder(course, assignment) as recorder:
            if not regrading.reports_changed:
                return None, _record_all(recorder, spool, regrading)
            begun = _new_file(folder, stem, ".unfinished.json", regrading.to_json(at=at))
            failures = _record_all(recorder, spool, regrading)
        kept = _new_file(folder, stem, ".json", regrading.to_json(at=at, not_recorded=failures))
        _new_file(folder, kept.stem, ".txt", _page(regrading, moment, failures))
        begun.unlink()
        sync(folder)
    except OSError as error:
        raise RecordError(
            f"what changed could not be kept in {folder}: {error}. Marks may have been recorded: "
            f"a file that ends in .unfinished.json there tells which"
        ) from error
    return kept, failures


def _record_all(recorder: Recorder, spool: Spool, regrading: Regrading) -> dict[str, str]:
    """Record what is not recorded yet; returns who failed, and why."""
    failures: dict[str, str] = {}
    changed = set(regrading.reports_changed)
    for student, fingerprint in spool:
        if student in changed or recorder.recorded(student, fingerprint) is None:
            try:
                recorder.record(student, spool.take(student), fingerprint)
            except RecordError as error:
                failures[student] = str(error)
    return failures


def _new_file(folder: Path, stem: str, suffix: str, text: str) -> Path:
    """Write a file of that name, or of one with a number where that is taken; whole, for good."""
    make_folder(folder)
    written = folder / f".{stem}{suffix}"
    written.write_text(text, encoding="utf-8")
    sync(written)
    for number in count(1):
        path = folder / (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}")
        with suppress(FileExistsError):
            path.hardlink_to(written)
            break
    written.unlink()
    sync(folder)
    return path


def _page(regrading: Regrading, moment: datetime, failures: Mapping[str, str]) -> str:
    """What was changed, to be read by persons."""
    text = io.StringIO()
    console = Terminal(file=text, width=PAGE_WIDTH, color_system=None)
    seeds = ", ".join(map(str, sorted(set(regrading.seeds.values()))))
    console.print(f"Regraded at {moment.isoformat()} (kit {regrading.kit}, seed {seeds})\n")
    console.print(regrading.table())
    for line in (*regrading.remarks(), *failures.values()):
        console.print(line, highlight=False)
    return text.getvalue()
