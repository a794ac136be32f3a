"""`fdl gradescope` and `fdl github`: files for other platforms."""

from __future__ import annotations

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
    assignment: str,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The zip (default: ASSIGNMENT.zip).")
    ] = None,
    visibility: Annotated[
        Visibility, typer.Option(help="When students see the items and their points.")
    ] = Visibility.AFTER_PUBLISHED,
    minutes: Annotated[int, typer.Option(help="The time limit on Gradescope, in minutes.")] = 10,
    unprotected: Annotated[
        bool, typer.Option("--unprotected", help="Mark even if no wall works in its container.")
    ] = False,
    course: options.CoursePath = None,
) -> None:
    """Make the autograder zip for Gradescope, with hidden tests and solutions.

    Example: fdl gradescope hw2 -o hw2.zip
    """
    from autograder.platforms.gradescope.package import GradescopeSettings, write_autograder

    found = Course.find(course)
    target = output or Path(f"{assignment}.zip")
    settings = GradescopeSettings(assignment, visibility.value, minutes, unprotected)
    write_autograder(found, found.assignment(assignment), settings, target)
    out.print(Text(f"{target}: contains hidden tests and solutions; upload it to Gradescope only"))


@command()
def github(
    assignment: str,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A new folder (default: ASSIGNMENT-template)."),
    ] = None,
    course: options.CoursePath = None,
) -> None:
    """Write the template repository for GitHub, which runs the visible checks at each push.

    Example: fdl github hw2 -o hw2-template
    """
    from autograder.platforms.github.template import write_template

    found = Course.find(course)
    folder = output or Path(f"{assignment}-template")
    write_template(found, found.assignment(assignment), folder)
    out.print(Text(f"{folder}: the template repository. Commit it and push it to GitHub"))
