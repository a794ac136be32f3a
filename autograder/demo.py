"""The demo: a class of sample students in a scratch course, marked, beside their true marks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment import SETTINGS, Assignment, Course
from autograder.grading.report import Report
from autograder.samples import SampleStudent, load_sample_class, write_submission


@dataclass(frozen=True)
class Comparison:
    """A sample student's marks beside the true ones; `wrong` holds item -> (got, should)."""

    student: SampleStudent
    report: Report
    wrong: Mapping[str, tuple[float, float]]


def make_scratch_course(course: Course, assignment: Assignment, root: Path) -> Course:
    """A course of its own at `root` (emptied first) with the sample class as submissions."""
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    for name in (SETTINGS, "nbgrader_config.py"):
        shutil.copy(course.root / name, root / name)
    for folder in (course.source(assignment.name), course.release(assignment.name)):
        shutil.copytree(folder, root / folder.relative_to(course.root))
    for student in load_sample_class(course, assignment.name):
        folder = root / "submitted" / student.name / assignment.name
        write_submission(course, assignment, student, folder)
    return Course(root)


def compare(
    course: Course, assignment: Assignment, reports: Mapping[str, Report]
) -> Iterator[Comparison]:
    """Each sample student's Report held against the marks that the student should get."""
    for student in load_sample_class(course, assignment.name):
        report = reports[student.name]
        wrong = {
            name: (report.items[name].points, points)
            for name, points in student.true_points(assignment).items()
            if abs(report.items[name].points - points) > 1e-9
        }
        yield Comparison(student, report, wrong)
