"""`fdl desk`: mark texts and proofs by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from autograder.commands import options
from autograder.commands.common import command, out
from autograder.course.assignment import Course

NoBrowser = Annotated[
    bool,
    typer.Option("--no-browser", help="Only print the address, for a machine without a screen."),
]


@command()
def desk(
    homework: options.Homework,
    no_browser: NoBrowser = False,
    course: options.CoursePath = None,
) -> None:
    """Mark texts and proofs by hand, one answer at a time, in the browser.

    The desk opens on the Jupyter server that runs in the course folder. If none runs, one is
    started, and Ctrl-C ends it.
    """
    from autograder.desk.opening import open_desk

    open_desk(Course.find(course), homework, browser=not no_browser, say=_say)


def _say(line: str) -> None:
    out.print(line, soft_wrap=True)
