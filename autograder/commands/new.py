"""`fdl new`: the folders of a new homework, and where there is none yet, of a course."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from autograder.commands.common import command, out

Moment = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        help="In the course's time zone (default: a date some weeks ahead).",
    ),
]


@command()
def new(
    assignment: Annotated[str, typer.Argument(help="Its name, such as hw3.")],
    title: Annotated[str | None, typer.Option(help="As students read it.")] = None,
    opens: Moment = None,
    due: Moment = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="What hidden inputs are drawn from (default: drawn).")
    ] = None,
    course: Annotated[
        Path | None, typer.Option("--course", help="The course folder (default: found from here).")
    ] = None,
) -> None:
    """Make the folders of a new homework, with a small example that can be released at once.

    In an empty folder (or with --course, at a place where there is none) it begins a course.
    """
    from autograder.release.newhomework import NewHomework, begin_course, course_for, make_homework

    found = course_for(course)
    today = datetime.now(found.timezone if found else None)
    homework = NewHomework.planned(assignment, today, title=title, opens=opens, due=due, seed=seed)
    homework.check()  # before a course is begun for it
    if found is None:
        found = begin_course(course or Path.cwd())
        out.print(Text(f"A new course: write its title and zone into {found.settings_file}"))
    for path in make_homework(found, homework):
        out.print(Text(f"  {path.relative_to(found.root)}"))
    out.print(
        Text(
            f"opens {homework.opens:%Y-%m-%d %H:%M}, due {homework.due:%Y-%m-%d %H:%M}; "
            f"change the example, then run: fdl release {assignment}"
        )
    )
