"""Marking a graded class anew: what would change is shown first, then recorded, and kept.

The stored Reports are held against new ones of the same seeds. Points that a person gave stay what
they are, whatever the new Report says. What was changed is kept under its date in regraded/.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry
from rich.console import Console

from autograder.assignment import Assignment, Course, Item
from autograder.errors import CourseError, RecordError
from autograder.grading import classrun
from autograder.grading.classrun import Job, find_jobs
from autograder.grading.mark import Marking, MarkSettings, read_skeletons
from autograder.grading.report import Report
from autograder.records.bookkeeping import (
    REPORT,
    PatientGradebook,
    course_directory,
    open_database,
)
from autograder.records.changes import Regrading, changes_between, other_findings
from autograder.records.durable import make_folder, sync
from autograder.records.folders import settle_all
from autograder.records.gradebook import open_gradebook
from autograder.records.safekeeping import copies, file_of

FOLDER = "regraded"
PAGE_WIDTH = 120

Watch = Callable[[int, int], None]
"""Told how many submissions are marked, out of how many."""


@dataclass(frozen=True)
class Graded:
    """What is recorded of students: their Reports, and the points that persons gave, by item.

    `unreadable` names the students whose stored Report can't be read, and why.
    """

    reports: Mapping[str, Report]
    by_hand: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MarkedAgain:
    """New Markings of graded students, by name; `failed` are those without one, with the reason.

    `ungraded` names the students in submitted/ who were never graded.
    """

    markings: Mapping[str, Marking]
    failed: Mapping[str, str] = field(default_factory=dict)
    ungraded: tuple[str, ...] = ()


# --- what is recorded ----------------------------------------------------------------------------


def check_release(course: Course, assignment: Assignment) -> None:
    """CourseError where the release has other items or points than the source.

    The gradebook learns of the release's, a Report of the source's: they would not fit together.
    """
    skeletons = read_skeletons(assignment, course.release(assignment.name)).values()
    marks = [cell.metadata.get("nbgrader", {}) for nb in skeletons for cell in nb.cells]
    released = {mark["grade_id"]: float(mark["points"]) for mark in marks if mark.get("grade")}
    wanted = {item.name: item.max_points for item in assignment.items.values()}
    names = dict.fromkeys([*wanted, *released])
    if stale := [name for name in names if wanted.get(name) != released.get(name)]:
        raise CourseError(
            f"release/{assignment.name} has other items or points than source/{assignment.name} "
            f"({', '.join(stale)}): run `fdl release {assignment.name}` first"
        )


def read_graded(course: Course, assignment: Assignment, students: Sequence[str] = ()) -> Graded:
    """What is recorded of these students (none named: of all)."""
    url = course_directory(course, assignment).db_url
    if not _is_there(url):  # opening it would make one
        reports, unreadable = _read_reports(course, assignment, students)
        return Graded(reports, {}, unreadable)
    with open_database(url, course) as gradebook:
        settle_all(gradebook, course, assignment)
        reports, unreadable = _read_reports(course, assignment, students)
        by_hand = {name: _given_by_hand(gradebook, assignment, name) for name in reports}
    return Graded(reports, by_hand, unreadable)


def _is_there(db_url: str) -> bool:
    path = file_of(db_url)
    return path is None or path.is_file() or bool(copies(path))


def _read_reports(
    course: Course, assignment: Assignment, students: Sequence[str]
) -> tuple[dict[str, Report], dict[str, str]]:
    reports: dict[str, Report] = {}
    unreadable: dict[str, str] = {}
    for path in sorted((course.root / "autograded").glob(f"*/{assignment.name}/{REPORT}")):
        student = path.parents[1].name
        if students and student not in students:
            continue
        try:
            reports[student] = Report.from_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, RecordError) as error:
            unreadable[student] = f"{path} can't be read: {error}; run `fdl grade` for this student"
    return reports, unreadable


def _given_by_hand(
    gradebook: PatientGradebook, assignment: Assignment, student: str
) -> dict[str, float]:
    try:
        submission = gradebook.find_submission(assignment.name, student)
    except MissingEntry:  # such as in a gradebook that was begun anew
        return {}
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    return {
        grade.name: float(grade.score)
        for grade in grades
        if grade.name in assignment.items
        and _is_by_hand(gradebook, assignment.items[grade.name], grade)
    }


def _is_by_hand(gradebook: PatientGradebook, item: Item, grade: Any) -> bool:
    if item.kind == "manual":
        return (grade.manual_score, grade.extra_credit) != (None, None)
    if item.bonus:
        return grade.extra_credit not in (None, gradebook.recorded_credit(grade.id))
    return grade.manual_score is not None


# --- marking anew --------------------------------------------------------------------------------


def mark_again(
    course: Course,
    assignment: Assignment,
    graded: Graded,
    *,
    students: Sequence[str] = (),
    workers: int,
    settings: MarkSettings,
    watch: Watch,
) -> MarkedAgain:
    """Mark the graded students among these (none named: all), each with the stored seed."""
    submissions = find_jobs(course, assignment.name, students)
    handed_in = {job.student for job in submissions}
    failed = dict(graded.unreadable)
    for name in graded.reports.keys() - handed_in:
        failed[name] = "the submission is no longer in submitted/"
    by_seed: dict[int, list[Job]] = defaultdict(list)
    for job in submissions:
        if job.student in graded.reports:
            by_seed[graded.reports[job.student].seed].append(job)
    count = sum(map(len, by_seed.values()))
    markings: dict[str, Marking] = {}
    done = 0
    for seed, jobs in by_seed.items():
        marking = classrun.mark_class(
            course, assignment, jobs, workers=min(workers, len(jobs)), seed=seed, settings=settings
        )
        with closing(marking):
            for marked in marking:
                if marked.marking is None:
                    failed[marked.student] = marked.error
                else:
                    markings[marked.student] = marked.marking
                done += 1
                watch(done, count)
    ungraded = sorted(handed_in - graded.reports.keys() - graded.unreadable.keys())
    return MarkedAgain(markings, failed, tuple(ungraded))


def regrading_of(assignment: Assignment, graded: Graded, again: MarkedAgain) -> Regrading:
    """The stored Reports held against the new ones."""
    pairs = {
        student: (graded.reports[student], again.markings[student].report)
        for student in sorted(again.markings)
    }
    changes = {
        student: changes_between(old, new, graded.by_hand.get(student, {}))
        for student, (old, new) in pairs.items()
    }
    return Regrading(
        assignment=assignment.name,
        changes={student: found for student, found in changes.items() if found},
        seeds={student: new.seed for student, (_, new) in pairs.items()},
        unchanged=tuple(student for student, found in changes.items() if not found),
        failed=dict(sorted(again.failed.items())),
        ungraded=again.ungraded,
        reports_changed=tuple(student for student, (old, new) in pairs.items() if old != new),
        other_findings=sum(other_findings(old, new) for old, new in pairs.values()),
    )


# --- recording it --------------------------------------------------------------------------------


def apply(
    course: Course,
    assignment: Assignment,
    regrading: Regrading,
    markings: Mapping[str, Marking],
    moment: datetime,
) -> tuple[Path, dict[str, str]]:
    """Record the Reports that changed, and keep what changed; returns where, and who failed.

    While it runs, a file STEM.unfinished.json holds what is to be changed: after a run that was
    killed, it tells what may have been.
    """
    failures: dict[str, str] = {}
    at = moment.isoformat()
    stem = moment.strftime("%Y-%m-%dT%H-%M-%S")
    folder = course.root / FOLDER / assignment.name
    try:
        with open_gradebook(course, assignment) as book:
            begun = _new_file(folder, stem, ".unfinished.json", regrading.to_json(at=at))
            for student in regrading.reports_changed:
                try:
                    book.record(student, markings[student])
                except RecordError as error:
                    failures[student] = str(error)
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


def _new_file(folder: Path, stem: str, suffix: str, text: str) -> Path:
    """Write a file of that name, or of one with a number where that is taken; whole, for good."""
    make_folder(folder)
    written = folder / f".{stem}{suffix}"
    written.write_text(text, encoding="utf-8")
    sync(written)
    number = 1
    while True:
        path = folder / (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}")
        try:
            path.hardlink_to(written)
        except FileExistsError:
            number += 1
            continue
        written.unlink()
        sync(folder)
        return path


def _page(regrading: Regrading, moment: datetime, failures: Mapping[str, str]) -> str:
    """What was changed, to be read by persons."""
    text = io.StringIO()
    console = Console(file=text, width=PAGE_WIDTH, color_system=None)
    seeds = ", ".join(map(str, sorted(set(regrading.seeds.values()))))
    console.print(f"Regraded at {moment.isoformat()} (kit {regrading.kit}, seed {seeds})\n")
    console.print(regrading.table())
    for line in (*regrading.remarks(), *failures.values()):
        console.print(line, markup=False, highlight=False)
    return text.getvalue()
