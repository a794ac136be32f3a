"""The demo: a class of sample students in a scratch course, marked, beside their true marks."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.assignment import NEARLY, Assignment, Course
from autograder.course.bundle import files_for_marking, write_files
from autograder.course.layout import NBGRADER_SETTINGS
from autograder.course.samples import SampleStudent, write_submission
from autograder.grading.report import Report
from autograder.sandbox import Limits

QUICK = Limits(cell_seconds=5.0, call_seconds=2.0)
"""Limits for a class that includes code that never ends: each such cell waits for its limit."""


@dataclass(frozen=True)
class Comparison:
    """A sample student's marks beside the true ones.

    `wrong` holds item -> (got, should); without a Report nothing was marked.
    """

    student: SampleStudent
    report: Report | None
    wrong: Mapping[str, tuple[float, float]]

    @property
    def right(self) -> bool:
        """Whether every item got what it should."""
        return self.report is not None and not self.wrong

    def row(self) -> tuple[str, str, str, str, str]:
        """Name, story, points, bonus points and verdict, as a table shows them."""
        who = self.student.name, self.student.story
        if self.report is None:
            return *who, "", "", "NO: not marked"
        wrong = ", ".join(
            f"{item} {got:g} instead of {should:g}" for item, (got, should) in self.wrong.items()
        )
        points = f"{self.report.points:g} of {self.report.max_points:g}"
        bonus = f"{self.report.bonus_points:g} of {self.report.max_bonus_points:g}"
        return *who, points, bonus, f"NO: {wrong}" if wrong else "yes"


def limits_of(homework: Assignment) -> Limits:
    """The limits of a demo: short ones, unless the homework sets its own."""
    return QUICK if homework.limits == Limits() else homework.limits


def make_scratch_course(
    course: Course, assignment: Assignment, students: Sequence[SampleStudent], root: Path
) -> Course:
    """A course of its own at `root` (emptied first) with the students' submissions."""
    files = files_for_marking(course, assignment.name, NBGRADER_SETTINGS)
    if root.exists():
        shutil.rmtree(root)
    write_files(files, root)
    scratch = Course(root)
    for student in students:
        folder = scratch.submission(student.name, assignment.name)
        write_submission(course, assignment, student, folder)
    return scratch


def longest_first(students: Sequence[SampleStudent]) -> list[str]:
    """Return the students' names, those first whose code runs into time limits.

    So no processor idles at the end while another one waits for them.
    """
    return [each.name for each in sorted(students, key=lambda each: not each.waits)]


def worth_reading(comparisons: Sequence[Comparison]) -> SampleStudent:
    """Return the student whose feedback shows most: the one with the most named misconceptions."""

    def named(comparison: Comparison) -> int:
        items = comparison.report.items.values() if comparison.report else ()
        return sum(bool(item.diagnosis) for item in items)

    return max(comparisons, key=named).student


def compare(assignment: Assignment, student: SampleStudent, report: Report | None) -> Comparison:
    """Hold a sample student's Report against the marks that the student should get."""
    wrong = {
        name: (report.items[name].points, points)
        for name, points in student.true_points(assignment).items()
        if report is not None and abs(report.items[name].points - points) > NEARLY
    }
    return Comparison(student, report, wrong)
