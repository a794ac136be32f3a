"""`fdl gradescope` and `fdl github`: files for other platforms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, find_course, out
from autograder.platforms.gradescope import Visibility


@command()
def gradescope(
    assignment: options.Homework,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write (default: HOMEWORK.zip).")
    ] = None,
    visibility: Annotated[
        Visibility, typer.Option(help="The time when students see the points of each item.")
    ] = Visibility.AFTER_PUBLISHED,
    minutes: Annotated[int, typer.Option(help="Time limit set on Gradescope, in minutes.")] = 10,
    unprotected: Annotated[
        bool,
        typer.Option(
            "--unprotected",
            help="Mark even if the container has no wall around student code.",
        ),
    ] = False,
    course: options.CoursePath = None,
) -> None:
    """Make the zip file with the autograder for Gradescope.

    The zip file contains hidden tests and solutions: upload it to Gradescope only.
    """
    from autograder.platforms.gradescope.package import GradescopeSettings, write_autograder

    found = find_course(course)
    target = output or Path(f"{assignment}.zip")
    settings = GradescopeSettings(assignment, visibility, minutes, unprotected)
    write_autograder(found, found.assignment(assignment), settings, target)
    out.print(Text(f"{target}: contains hidden tests and solutions; upload it to Gradescope only"))


@command()
def github(
    assignment: options.Homework,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A new folder (default: HOMEWORK-template)."),
    ] = None,
    course: options.CoursePath = None,
) -> None:
    """Write the template repository for GitHub, which runs the visible checks at each push."""
    from autograder.platforms.github.template import write_template

    found = find_course(course)
    folder = output or Path(f"{assignment}-template")
    write_template(found, found.assignment(assignment), folder)
    out.print(Text(f"{folder}: the template repository. Commit it and push it to GitHub"))
