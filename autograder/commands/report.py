"""`fdl report`: the class report for instructors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, find_course, out


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
