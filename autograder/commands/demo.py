"""`fdl demo`: a class of sample students, beside the marks they should get."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import app, err, out, told
from autograder.commands.grade import Site, grade_students
from autograder.course.assignment import Assignment, Course
from autograder.grading import forkserver

if TYPE_CHECKING:
    from autograder.commands.comparison import Comparison


@app.command()
@told
def demo(
    assignment: str,
    folder: Annotated[
        Path | None, typer.Option(help="Where the scratch course goes (default: demo/).")
    ] = None,
    jobs: options.Jobs = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="Draw so many students from the misconceptions.")
    ] = None,
    seed: Annotated[int, typer.Option(help="What the drawn students depend on.")] = 0,
    inner_only: options.InnerOnly = False,
    course: options.CoursePath = None,
) -> None:
    """Mark a class of sample students in a scratch course, beside the marks they should get."""
    from autograder.commands.comparison import (
        compare,
        limits_of,
        longest_first,
        make_scratch_course,
    )
    from autograder.course.samples import load_sample_class
    from autograder.grading.mark import MarkSettings
    from autograder.grading.sampledclass import draw_class

    forkserver.start()  # it imports while this process does

    found = Course.find(course)
    homework = found.assignment(assignment)
    root = folder or found.demo
    if count is None:
        students = load_sample_class(found, assignment)
    else:
        students = draw_class(found, homework, count, seed=seed)
    scratch = make_scratch_course(found, homework, students, root)
    settings = MarkSettings(limits_of(homework), use_outer=not inner_only)
    by_name = {student.name: student for student in students}
    comparisons: dict[str, Comparison] = {}
    open_points: dict[str, float] = {}
    for each in grade_students(scratch, homework, longest_first(students), settings, Site(jobs)):
        comparison = compare(homework, by_name[each.student], each.report)
        comparisons[each.student], open_points[each.student] = comparison, each.open_points
        name, _, points, bonus, verdict = comparison.row()
        marks = f"{points}, bonus {bonus}" if each.report else each.error
        err.print(Text(f"{name}: {marks}; as it should be: {verdict}"))
    in_order = [comparisons[student.name] for student in students]
    out.print(_demo_table(in_order, open_points))
    _print_next_steps(scratch, homework, in_order)
    if not all(comparison.right for comparison in in_order):
        err.print("Some marks are not what they should be.", style="red")
        raise typer.Exit(1)


def _print_next_steps(
    scratch: Course, assignment: Assignment, comparisons: Sequence[Comparison]
) -> None:
    """Write the pages of a scratch course; print where they are, and what a teacher types next."""
    from autograder.commands.comparison import worth_reading
    from autograder.course.layout import INDEX
    from autograder.pages.classreport import write_class_report
    from autograder.pages.feedback import write_feedback

    if any(comparison.report for comparison in comparisons):
        with err.status("Writing feedback and the class report"):
            write_feedback(scratch, assignment)
            report = write_class_report(scratch, assignment)
        student = worth_reading(comparisons)
        page = scratch.feedback(student.name, assignment.name) / INDEX
        out.print("\nOpen in a browser:")
        for what, path in ((f"what {student.name} reads", page), ("the class report", report)):
            out.print(Text(f"  {what}: {path.as_uri()}"), soft_wrap=True)
    out.print("\nWhat a teacher would type next:")
    fdl = "fdl" if which("fdl") else os.path.relpath(sys.argv[0])
    for command, what in (
        (f"release {assignment.name}", "build, prove and publish what students get"),
        (f"intake {assignment.name} EXPORT.zip --students students.csv", "take in what they sent"),
        (f"grade {assignment.name}", "mark it, and record the marks"),
    ):
        out.print(Text(f"  {fdl} {command}  # {what}"), soft_wrap=True)


def _demo_table(comparisons: Iterable[Comparison], open_points: Mapping[str, float]) -> Table:
    heads = ("student", "who it is", "points", "bonus", "open", "as it should be")
    table = Table(*heads, title="Sample class")
    for comparison in comparisons:
        name, *marks, verdict = comparison.row()
        table.add_row(name, *marks, f"{open_points[name]:g}", verdict)
    return table
