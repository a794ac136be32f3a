"""`fdl new`: create a homework, and also the course if there is none yet."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, out

Moment = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        help="Date and time in the course's time zone (default: some weeks ahead). A date without "
        "a time means 00:00, or 23:59 for --due.",
    ),
]


@command()
def new(
    assignment: Annotated[
        str, typer.Argument(metavar="HOMEWORK", help="Name of the new homework, such as hw3.")
    ],
    title: Annotated[
        str | None, typer.Option(help="Title that students read (default: Homework 3 for hw3).")
    ] = None,
    opens: Moment = None,
    due: Moment = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Random seed for the hidden inputs (default: a random one)."),
    ] = None,
    course: options.CoursePath = None,
) -> None:
    """Create a homework with a small example that is ready to be released.

    In an empty folder, or with --course and a new folder, it also creates the course.
    """
    from autograder.release.newhomework import NewHomework, begin_course, course_for, make_homework

    found = course_for(course)
    today = datetime.now(found.timezone if found else None)
    if due is not None and due.time() == time.min:
        due = due.replace(hour=23, minute=59)
    homework = NewHomework.planned(assignment, today, title=title, opens=opens, due=due, seed=seed)
    homework.check()  # before the new course's files are written
    if found is None:
        found = begin_course(course or Path.cwd())
        out.print(Text(f"New course: write its title and time zone into {found.settings_file}"))
    for path in make_homework(found, homework):
        out.print(Text(f"  {path.relative_to(found.root)}"))
    out.print(
        Text(
            f"opens {homework.opens:%Y-%m-%d %H:%M}, due {homework.due:%Y-%m-%d %H:%M}. "
            f"Change the example, then run: fdl release {assignment}"
        )
    )
