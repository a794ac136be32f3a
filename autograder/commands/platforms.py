"""`fdl gradescope`, `fdl classroom`, `fdl classroom-mark`: marking where users already are."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from autograder.assignment import Course
from autograder.commands.common import CourseOption, app, out, told


class Shown(StrEnum):
    """When students see what each item earned, in Gradescope's words."""

    VISIBLE = "visible"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"
    HIDDEN = "hidden"


@app.command()
@told
def gradescope(
    assignment: str,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The zip (default: ASSIGNMENT.zip).")
    ] = None,
    visibility: Annotated[
        Shown, typer.Option(help="When students see the items and their points.")
    ] = Shown.AFTER_PUBLISHED,
    minutes: Annotated[int, typer.Option(help="The time limit that is set on Gradescope.")] = 10,
    unprotected: Annotated[
        bool, typer.Option("--unprotected", help="Mark even where its container has no wall.")
    ] = False,
    course: CourseOption = None,
) -> None:
    """Make the autograder that is uploaded to Gradescope; it holds what no student may see."""
    from autograder.records.gradescope.package import GradescopeSettings, write_autograder

    found = Course.find(course)
    target = output or Path(f"{assignment}.zip")
    settings = GradescopeSettings(assignment, visibility.value, minutes, unprotected)
    write_autograder(found, found.assignment(assignment), settings, target)
    out.print(Text(f"{target}: with hidden tests and solutions, for Gradescope alone"))
