"""Mark a graded class again: show which marks would change, then record and list the changes.

The stored Reports are compared with new Reports made with the same seeds. Points given by hand
stay, even if the new Report differs. The list of changes is stored in regraded/ under its date.

Stored Reports are read when they are needed, and new Markings wait on the disk until they are
recorded, so memory use does not grow with the number of notebooks.
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

from autograder.console import ProgressCallback, Terminal
from autograder.course.assignment import Assignment, Course, Item
from autograder.course.gradecells import points_by_item
from autograder.course.layout import REPORT
from autograder.durable import make_folder, sync
from autograder.errors import CourseError, RecordError
from autograder.gradebook.backup import backups
from autograder.gradebook.bonus import bonus_points
from autograder.gradebook.database import SECONDS, PatientGradebook, open_gradebook
from autograder.gradebook.folders import settle_all
from autograder.gradebook.recorder import Recorder
from autograder.grading.fingerprint import Fingerprints
from autograder.grading.jobs import Job, long_ones_last
from autograder.grading.mark import Marking, read_skeletons
from autograder.grading.report import Report
from autograder.runs.changes import ItemChange, Regrading, changes_between, other_findings
from autograder.runs.grade import SeededMarker

PAGE_WIDTH = 120
"""Width of the list of changes, in characters."""


@dataclass(frozen=True)
class Graded:
    """The stored records of graded students: their Reports and their marks by hand.

    `by_hand` contains the points given by hand, by student and item. `unreadable` contains, by
    student, the reason why the stored Report can't be read. `seconds` contains, by student, the
    seconds that the marking took.
    """

    paths: Mapping[str, Path]
    seeds: Mapping[str, int]
    unreadable: Mapping[str, str]
    by_hand: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    def report(self, student: str) -> Report:
        """Read and return the stored Report; each call reads the file again."""
        return Report.read(self.paths[student])


class Spool(AbstractContextManager["Spool"]):
    """A store for new Markings and the submissions' fingerprints, until they are recorded.

    The Markings are in a temporary file on the course's disk, deleted when this process ends.
    """

    def __init__(self, course: Course, fingerprints: Callable[[int], Fingerprints]) -> None:
        """Create the file, or raise RecordError; `fingerprints` maps a seed to Fingerprints."""
        self._folder = course.root
        self._fingerprints = fingerprints
        self._prints: dict[str, str] = {}
        self._places: dict[str, int] = {}
        with self._clear_errors():
            self._file = tempfile.TemporaryFile(dir=course.root)  # noqa: SIM115

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def expect(self, jobs: Sequence[Job], seed: int) -> None:
        """Store the submissions' fingerprints before they are marked with `seed`."""
        of_seed = self._fingerprints(seed)
        self._prints |= {job.student: of_seed.of(job.path) for job in jobs}

    def put(self, student: str, marking: Marking) -> None:
        """Store a student's Marking; raise RecordError if the disk is full."""
        with self._clear_errors():
            self._places[student] = self._file.seek(0, io.SEEK_END)
            pickle.dump(marking, self._file, pickle.HIGHEST_PROTOCOL)
            self._file.flush()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield the students with stored Markings, together with their fingerprints."""
        return ((student, self._prints[student]) for student in sorted(self._places))

    def take(self, student: str) -> Marking:
        """Return a student's Marking."""
        self._file.seek(self._places[student])
        found: Marking = pickle.load(self._file)  # safe: only this process can write the file
        return found

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RecordError(
                f"new marks can't be stored temporarily in {self._folder}: {error}. Nothing was "
                "changed; free some space on this disk and run the command again"
            ) from error


# --- the records ---------------------------------------------------------------------------------


def check_release(course: Course, assignment: Assignment) -> None:
    """Raise CourseError if release and source differ in items or points.

    The gradebook's items come from the release, and a Report's items from the source.
    """
    skeletons = read_skeletons(assignment, course.release(assignment.name)).values()
    released = dict(chain.from_iterable(points_by_item(nb).items() for nb in skeletons))
    wanted = {item.name: item.max_points for item in assignment.items.values()}
    names = dict.fromkeys([*wanted, *released])
    if stale := [name for name in names if wanted.get(name) != released.get(name)]:
        raise CourseError(
            f"release/{assignment.name} and source/{assignment.name} differ in items or points "
            f"({', '.join(stale)}): run `fdl release {assignment.name}` first"
        )


def read_graded(course: Course, assignment: Assignment, students: Sequence[str] = ()) -> Graded:
    """Return the stored records of these students (default: all students)."""
    path = course.gradebook
    if not path.is_file() and not backups(path):  # opening the gradebook would create it
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
    except MissingEntry:  # for example in a new gradebook
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
    if item.bonus:
        from_tests = by_kit if item.kind == "auto" else None
        return bonus_points(grade.manual_score, grade.extra_credit) not in (None, from_tests)
    if item.kind == "manual":
        return (grade.manual_score, grade.extra_credit) != (None, None)
    return grade.manual_score is not None


# --- marking again -------------------------------------------------------------------------------


def mark_again(
    assignment: Assignment,
    graded: Graded,
    submissions: Sequence[Job],
    mark: SeededMarker,
    progress: ProgressCallback,
    *,
    spool: Spool | None = None,
) -> Regrading:
    """Mark graded submissions again with their stored seeds; compare old and new Reports.

    If there is a spool, the new Markings are stored in the spool.
    """
    handed_in = {job.student for job in submissions}
    failed = dict(graded.unreadable)
    for name in graded.seeds.keys() - handed_in:
        failed[name] = "the submission is no longer in submitted/"
    by_seed: dict[int, list[Job]] = defaultdict(list)
    for job in long_ones_last(submissions, graded.seconds, assignment):
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


# --- recording -----------------------------------------------------------------------------------


def apply(
    course: Course,
    assignment: Assignment,
    regrading: Regrading,
    spool: Spool,
    moment: datetime,
) -> tuple[Path | None, dict[str, str]]:
    """Record the spool's Markings; return the path of the list of changes, and errors by student.

    If the submission, tests or settings changed, a Marking is recorded even if its Report did not
    change: so the next `fdl grade` has nothing to mark.

    During the run, a file STEM.unfinished.json contains the planned changes; after a killed run,
    this file shows which marks may have changed. If no Report changed, no list is written.
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
            f"the list of changes could not be written to {folder}: {error}. Some marks may "
            "have been recorded: a file *.unfinished.json in this folder lists these marks"
        ) from error
    return kept, failures


def _record_all(recorder: Recorder, spool: Spool, regrading: Regrading) -> dict[str, str]:
    """Record the Markings that are not recorded yet; return the errors by student."""
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
    """Write a new file durably and atomically; if the name is already used, add a number."""
    make_folder(folder)
    temporary = folder / f".{stem}{suffix}"
    temporary.write_text(text, encoding="utf-8")
    sync(temporary)
    for number in count(1):
        path = folder / (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}")
        with suppress(FileExistsError):
            path.hardlink_to(temporary)
            break
    temporary.unlink()
    sync(folder)
    return path


def _page(regrading: Regrading, moment: datetime, failures: Mapping[str, str]) -> str:
    """Return the list of changes as text for people to read."""
    text = io.StringIO()
    console = Terminal(file=text, width=PAGE_WIDTH, color_system=None)
    seeds = ", ".join(map(str, sorted(set(regrading.seeds.values()))))
    console.print(f"Regraded at {moment.isoformat()} (kit {regrading.kit}, seed {seeds})\n")
    console.print(regrading.table())
    for line in (*regrading.remarks(), *failures.values()):
        console.print(line, highlight=False)
    return text.getvalue()
