"""`fdl demo`: mark sample students in a scratch course, and check their marks."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, find_course, out
from autograder.commands.grade import Site, grade_students
from autograder.course.layout import INDEX, NBGRADER_SETTINGS, SETTINGS
from autograder.errors import CourseError

if TYPE_CHECKING:
    from autograder.course.assignment import Assignment, Course
    from autograder.course.limits import Limits
    from autograder.course.samples import SampleStudent
    from autograder.grading.report import Report

SCRATCH = ".fdl-demo"
"""Name of the file that marks a folder as a scratch course, which the next demo may empty."""


@command()
def demo(
    assignment: options.Homework,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the scratch course (default: demo/). An earlier scratch course in it "
            "is deleted first."
        ),
    ] = None,
    jobs: options.Jobs = None,
    count: Annotated[
        int | None,
        typer.Option(min=1, help="Number of students to generate from the misconceptions."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed for the generated students.")] = 0,
    inner_only: options.InnerOnly = False,
    course: options.CoursePath = None,
) -> None:
    """Mark sample students in a scratch course and compare their marks with the expected marks."""
    from autograder.grading import forkserver

    forkserver.start()  # the fork server imports its modules while this process imports others
    from autograder.course.samples import load_sample_class
    from autograder.grading.exceeded import exceeded, texts_of
    from autograder.grading.jobs import MarkSettings
    from autograder.grading.sampledclass import draw_class

    found = find_course(course)
    homework = found.assignment(assignment)
    if count is None:
        students = load_sample_class(found, assignment)
    else:
        students = draw_class(found, homework, count, seed=seed)
    scratch = make_scratch_course(found, homework, students, folder or found.demo)
    settings = MarkSettings(limits_of(homework), use_outer=not inner_only)
    by_name = {student.name: student for student in students}
    comparisons: dict[str, Comparison] = {}
    open_points: dict[str, float] = {}
    late: set[str] = set()
    for each in grade_students(scratch, homework, longest_first(students), settings, Site(jobs)):
        comparison = compare(homework, by_name[each.student], each.report)
        comparisons[each.student], open_points[each.student] = comparison, each.open_points
        if each.report and not comparison.right and any(exceeded(texts_of(each.report))):
            late.add(each.student)
        name, _, points, bonus, verdict = comparison.row()
        marks = f"{points}, bonus {bonus}" if each.report else each.error
        err.print(Text(f"{name}: {marks}; correct: {verdict}"))
    in_order = [comparisons[student.name] for student in students]
    out.print(_demo_table(in_order, open_points))
    _print_next_steps(scratch, homework, in_order)
    if wrong := sum(not comparison.right for comparison in in_order):
        err.print(f"Students without their expected marks: {wrong}.", style="red")
        if late:
            err.print(
                f"The code of {len(late)} of these students ran out of time. If this machine is "
                "busy, try again later, or with --jobs 1."
            )
        raise typer.Exit(1)


@dataclass(frozen=True)
class Comparison:
    """A comparison of a sample student's marks with the true marks.

    `wrong` maps items to (points given, true points). `report` is None if marking failed.
    """

    student: SampleStudent
    report: Report | None
    wrong: Mapping[str, tuple[float, float]]

    @property
    def right(self) -> bool:
        """True if every item has its true points."""
        return self.report is not None and not self.wrong

    def row(self) -> tuple[str, str, str, str, str]:
        """Return a table row with the student's name, story, points, bonus points and verdict."""
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
    """Return the limits for a demo: the homework's own limits if there are any, else short limits.

    Endless loops in the sample class run until their limit.
    """
    from autograder.course.limits import Limits

    short = Limits(cell_seconds=5.0, call_seconds=2.0)
    return short if homework.limits == Limits() else homework.limits


def make_scratch_course(
    course: Course, assignment: Assignment, students: Sequence[SampleStudent], root: Path
) -> Course:
    """Make a course in the folder `root` (emptied first) with the students' submissions.

    Raises CourseError if the folder has files, and is not a scratch course of an earlier demo.
    """
    from autograder.course.assignment import Course
    from autograder.course.bundle import files_for_marking, write_files
    from autograder.course.samples import write_submission

    files = files_for_marking(course, assignment.name, NBGRADER_SETTINGS)
    if root.exists():
        _check_scratch(course, root)
        shutil.rmtree(root)
    write_files({SCRATCH: b"", **files}, root)
    scratch = Course(root)
    for student in students:
        folder = scratch.submission(student.name, assignment.name)
        write_submission(course, assignment, student, folder)
    return scratch


def _check_scratch(course: Course, root: Path) -> None:
    """Raise CourseError if a person's files may be in `root`."""
    marks = [SCRATCH]
    if root.resolve() == course.demo:
        marks.append(SETTINGS)  # demos of earlier versions wrote no SCRATCH
    if any(root.iterdir()) and not any((root / name).is_file() for name in marks):
        raise CourseError(
            f"{root} is not a scratch course of `fdl demo`, so it is not emptied: name a new or "
            "empty folder with --folder"
        )


def longest_first(students: Sequence[SampleStudent]) -> list[str]:
    """Return the students' names, slowest code first, so that no processor is idle at the end."""
    return [each.name for each in sorted(students, key=lambda each: not each.waits)]


def worth_reading(comparisons: Sequence[Comparison]) -> SampleStudent:
    """Return the student whose feedback names the most misconceptions."""

    def named(comparison: Comparison) -> int:
        items = comparison.report.items.values() if comparison.report else ()
        return sum(bool(item.diagnosis) for item in items)

    return max(comparisons, key=named).student


def compare(assignment: Assignment, student: SampleStudent, report: Report | None) -> Comparison:
    """Compare a sample student's Report with the true points."""
    from autograder.course.assignment import NEARLY

    wrong = {
        name: (report.items[name].points, points)
        for name, points in student.true_points(assignment).items()
        if report is not None and abs(report.items[name].points - points) > NEARLY
    }
    return Comparison(student, report, wrong)


def _print_next_steps(
    scratch: Course, assignment: Assignment, comparisons: Sequence[Comparison]
) -> None:
    """Write a scratch course's pages; print their addresses and the next commands to type."""
    from autograder.pages.classreport import write_class_report
    from autograder.pages.feedback import write_feedback

    if any(comparison.report for comparison in comparisons):
        with err.status("Writing feedback and the class report"):
            write_feedback(scratch, assignment)
            report = write_class_report(scratch, assignment)
        student = worth_reading(comparisons)
        page = scratch.feedback(student.name, assignment.name) / INDEX
        out.print("\nOpen in a browser:")
        for what, path in (
            (f"the feedback for {student.name}", page),
            ("the class report", report),
        ):
            out.print(Text(f"  {what}: {path.as_uri()}"), soft_wrap=True)
    out.print("\nWhat a teacher would type next:")
    fdl = "fdl" if which("fdl") else os.path.relpath(sys.argv[0])
    for line, what in (
        (f"release {assignment.name}", "build, prove and publish the students' files"),
        (
            f"intake {assignment.name} EXPORT.zip --students students.csv",
            "collect the submissions",
        ),
        (f"grade {assignment.name}", "mark the submissions and record the marks"),
    ):
        out.print(Text(f"  {fdl} {line}  # {what}"), soft_wrap=True)


def _demo_table(comparisons: Iterable[Comparison], open_points: Mapping[str, float]) -> Table:
    heads = ("student", "story", "points", "bonus", "open points", "correct")
    table = Table(*heads, title="Sample class")
    for comparison in comparisons:
        name, *marks, verdict = comparison.row()
        table.add_row(name, *marks, f"{open_points[name]:g}", verdict)
    return table
