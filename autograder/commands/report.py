"""`fdl report`: the class report for instructors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, find_course, out
from autograder.errors import RecordError


@command()
def report(
    assignment: options.Homework,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File for the page (default: in reports/)."),
    ] = None,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Replace all students' names by numbers.")
    ] = False,
    course: options.CoursePath = None,
) -> None:
    """Write a page about the class's results: points, items, misconceptions and similar answers."""
    from autograder.pages.classreport import write_class_report

    found = find_course(course)
    homework = found.assignment(assignment)
    path = write_class_report(found, homework, output, anonymous=anonymous)
    out.print(Text(f"Class report: {path}"), soft_wrap=True)


@command()
def feedback(
    assignment: options.Homework,
    student: options.Students = None,
    course: options.CoursePath = None,
) -> None:
    """Write the students' feedback pages to feedback/.

    Before a student's due date, the page shows no results: run the command again after that date.
    """
    from autograder.gradebook.glance import PAGES, graded_now, keep_handed_on
    from autograder.pages.feedback import write_feedback

    found = find_course(course)
    graded = graded_now(found.gradebook, assignment)
    paths = write_feedback(found, found.assignment(assignment), student or None)
    if not paths:
        raise RecordError(
            f"no student has marks for {assignment} yet: run `fdl grade {assignment}` first"
        )
    names = {path.relative_to(found.all_feedback).parts[0] for path in paths}
    made = {name: each for name, each in graded.items() if name in names}
    keep_handed_on(found.handed_on(assignment), PAGES, made)
    out.print(Text(f"{len(paths)} feedback pages in {found.all_feedback}"))
