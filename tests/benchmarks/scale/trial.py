"""The trial with a large class: a run that is killed, a complete run, a run without changes."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from autograder.commands.demo import make_scratch_course
from autograder.course.assignment import Assignment, Course
from autograder.course.layout import REPORT
from autograder.gradebook.backup import backup_folder
from autograder.grading.report import Report
from tests.benchmarks.courses import Marks

from .crowd import FULL, Crowd, hand_in
from .gauge import Sample, Watched, watch
from .results import Figures

WINDOW = 1000

Tell = Callable[[str], None]


class TrialError(Exception):
    """A run ended in an unexpected way, so that nothing can be measured."""


def run_trial(
    course: Course, assignment: Assignment, count: int, root: Path, tell: Tell
) -> Figures:
    """Mark a class of `count` students in a new course at `root`."""
    make_scratch_course(course, assignment, (), root)
    tell(f"handing in {count} submissions")
    crowd = hand_in(course, assignment, count, root)
    grade = ("grade", assignment.name, "--profile")
    tell("marking, until half of them are recorded; then a kill")
    killed = watch(root, *grade, until=lambda: _begun(root) > count // 2)
    if killed.code != -9:
        raise TrialError(f"the run ended before it could be killed:\n{killed.printed[-3000:]}")
    before = _recorded(crowd)
    tell(f"killed with {len(before)} recorded; marking the others")
    resumed = _whole(watch(root, *grade))
    after = _recorded(crowd)
    tell("once more, with nothing changed")
    again = _whole(watch(root, *grade))
    return _figures(crowd, before, after, (killed, resumed, again), root)


def _whole(run: Watched) -> Watched:
    if run.code != 0:
        raise TrialError(f"`fdl grade` ended with {run.code}:\n{run.printed[-3000:]}")
    return run


def _figures(
    crowd: Crowd,
    before: Mapping[str, int],
    after: Mapping[str, int],
    runs: tuple[Watched, Watched, Watched],
    root: Path,
) -> Figures:
    killed, resumed, again = runs
    longer = max(killed, resumed, key=lambda run: run.effort.seconds)
    first = sorted(before.values())
    last = sorted(moment for student, moment in after.items() if student not in before)
    window = min(WINDOW, len(first), len(last))
    early, late = _tenths(longer.samples, first if longer is killed else last)
    gradebook = root / "gradebook.db"
    return Figures(
        students=crowd.count,
        full=sum(kind.name in FULL for _, kind in crowd.students()),
        killed_after=len(before),
        unchanged_told=_told_unchanged(resumed.printed),
        marked_twice=sum(after.get(student) != moment for student, moment in before.items()),
        wrong_reports=_differences(crowd.truth(), _reported(crowd)),
        wrong_rows=_differences(crowd.truth(), _in_gradebook(gradebook, crowd.assignment)),
        window=window,
        rate_first=_rate(first[:window]),
        rate_last=_rate(last[-window:]),
        own_early=max((sample.own for sample in early), default=0),
        own_late=max((sample.own for sample in late), default=0),
        own_peak=max(run.own_peak for run in runs),
        all_early=max((sample.everything for sample in early), default=0),
        all_late=max((sample.everything for sample in late), default=0),
        all_peak=max(run.peak for run in runs),
        first_seconds=killed.effort.seconds + resumed.effort.seconds,
        first_cpu=(killed.effort.cpu or 0.0) + (resumed.effort.cpu or 0.0),
        again_seconds=again.effort.seconds,
        again_unchanged=_told_unchanged(again.printed),
        start_seconds=first[0] / 1e9 - killed.began,
        end_seconds=resumed.began + resumed.effort.seconds - last[-1] / 1e9,
        recording_seconds=_stage(resumed.printed, "recording"),
        own_seconds=killed.own_seconds + resumed.own_seconds,
        gradebook_bytes=gradebook.stat().st_size,
        copies_bytes=_size(backup_folder(gradebook)),
        autograded_bytes=_size(root / "autograded"),
        submitted_bytes=_size(root / "submitted"),
    )


# --- what is recorded ----------------------------------------------------------------------------


def _begun(root: Path) -> int:
    """Return how many students have a folder of marks, or are about to have one."""
    folder = root / "autograded"
    return len(os.listdir(folder)) if folder.is_dir() else 0


def _recorded(crowd: Crowd) -> dict[str, int]:
    """Return when each student's Report was written, in nanoseconds; skip missing Reports."""
    found = {}
    for student, _ in crowd.students():
        path = _report(crowd, student)
        if path.is_file():
            found[student] = path.stat().st_mtime_ns
    return found


def _report(crowd: Crowd, student: str) -> Path:
    return crowd.root / "autograded" / student / crowd.assignment.name / REPORT


def _reported(crowd: Crowd) -> Marks:
    """Return the points in the Reports."""
    found = {}
    for student, _ in crowd.students():
        report = Report.from_json(_report(crowd, student).read_text(encoding="utf-8"))
        found[student] = {
            name: item.points for name, item in report.items.items() if item.kind == "auto"
        }
    return found


def _in_gradebook(path: Path, assignment: Assignment) -> Marks:
    """Return the gradebook's points of the automatic items; the kit's bonus is extra credit."""
    items = {item.name for item in assignment.select("auto")}
    found: Marks = {}
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        for student, item, points in database.execute(
            """SELECT handed_in.student_id, cell.name,
                      ifnull(grade.auto_score, 0) + ifnull(grade.extra_credit, 0)
            FROM grade JOIN base_cell AS cell ON cell.id = grade.cell_id
            JOIN submitted_notebook AS notebook ON notebook.id = grade.notebook_id
            JOIN submitted_assignment AS handed_in ON handed_in.id = notebook.assignment_id"""
        ):
            if item in items:
                found.setdefault(student, {})[item] = points
    return found


def _differences(should: Marks, found: Marks) -> int:
    return sum(
        found.get(student) != should.get(student) for student in should.keys() | found.keys()
    )


# --- measured and printed values ------------------------------------------------------------------


def _told_unchanged(printed: str) -> int:
    found = re.search(r"(\d+) of \d+ submissions have not changed", printed)
    return int(found[1]) if found else 0


def _stage(printed: str, name: str) -> float:
    """Return a stage's seconds in the table of `--profile`."""
    found = re.search(rf"│ {name} +│ +([\d.]+) │", printed)
    return float(found[1]) if found else 0.0


def _rate(moments: Sequence[int]) -> float:
    """Submissions per minute."""
    if len(moments) < 2 or moments[-1] == moments[0]:
        return 0.0
    return 60e9 * (len(moments) - 1) / (moments[-1] - moments[0])


def _tenths(samples: Sequence[Sample], moments: Sequence[int]) -> tuple[list[Sample], list[Sample]]:
    """Return samples of the second and last tenth of the time between first and last mark."""
    begin, end = moments[0] / 1e9, moments[-1] / 1e9
    tenth = (end - begin) / 10

    def between(low: float, high: float) -> list[Sample]:
        return [sample for sample in samples if low <= sample.moment <= high]

    return between(begin + tenth, begin + 2 * tenth), between(end - tenth, end)


def _size(folder: Path) -> int:
    """Return a folder's size on disk, in bytes."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*"))
