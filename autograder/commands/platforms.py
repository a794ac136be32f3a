"""`fdl gradescope`, `fdl classroom`, `fdl classroom-mark`: marking where users already are."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, out
from autograder.course.assignment import Course


class Visibility(StrEnum):
    """When students see what each item earned, in Gradescope's words."""

    VISIBLE = "visible"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"
    HIDDEN = "hidden"


@command()
def gradescope(
    assignment: options.Homework,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write (default: HOMEWORK.zip).")
    ] = None,
    visibility: Annotated[
        Visibility, typer.Option(help="When students see their items and points.")
    ] = Visibility.AFTER_PUBLISHED,
    minutes: Annotated[int, typer.Option(help="Time limit set on Gradescope, in minutes.")] = 10,
    unprotected: Annotated[
        bool, typer.Option("--unprotected", help="Mark even if its container has no wall.")
    ] = False,
    course: options.CoursePath = None,
) -> None:
    """Make the zip with the autograder for Gradescope.

    It contains hidden tests and solutions: upload it to Gradescope only.
    """
    from autograder.platforms.gradescope.package import GradescopeSettings, write_autograder

    found = Course.find(course)
    target = output or Path(f"{assignment}.zip")
    settings = GradescopeSettings(assignment, visibility.value, minutes, unprotected)
    write_autograder(found, found.assignment(assignment), settings, target)
    out.print(Text(f"{target}: with hidden tests and solutions, for Gradescope alone"))


@command()
def classroom(
    assignment: str,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A new folder (default: classroom).")
    ] = None,
    course: options.CoursePath = None,
) -> None:
    """Write the template repository for GitHub Classroom, and the workflow that marks."""
    from autograder.platforms.github.template import MARKING, TEMPLATE, write_classroom

    found = Course.find(course)
    folder = output or Path("classroom")
    write_classroom(found, found.assignment(assignment), folder)
    out.print(Text(f"{folder / TEMPLATE}: the template repository, for students"))
    out.print(Text(f"{folder / MARKING}: goes into the private repository that holds the course"))


@command("classroom-mark")
def classroom_mark(
    path: Annotated[Path, typer.Argument(help="A student's repository.")],
    assignment: Annotated[str, typer.Option(help="Which homework it is.")],
    seed: options.Seed = None,
    inner_only: options.InnerOnly = False,
    unprotected: options.Unprotected = False,
    course: options.CoursePath = None,
) -> None:
    """Mark one submission as the step of a workflow: points for GitHub, a table in its summary."""
    from autograder.grading.mark import MarkSettings, mark_submission
    from autograder.platforms.github.results import lines_of, remarks_of
    from autograder.platforms.github.step import tell

    found = Course.find(course)
    homework = found.assignment(assignment)
    settings = MarkSettings(homework.limits, use_outer=not inner_only, unprotected=unprotected)
    report = mark_submission(found, homework, path, seed=seed, settings=settings).report
    deadline = found.deadline(assignment)
    if not deadline.is_over(datetime.now(UTC), deadline.longest_extension):
        report = report.without_results()  # whose repository it is, and when they are due: unknown
    tell(homework.title, lines_of(homework, report), remarks_of(homework, report))
