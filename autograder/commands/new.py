"""`fdl new` and `fdl adopt`: create a homework, and also the course if there is none yet."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, out

if TYPE_CHECKING:
    from autograder.course.assignment import Course

_FORMATS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


def _parsed(text: str, time: str) -> datetime:
    """Return the date and time in a text; if the text has no time, use `time`."""
    for form in _FORMATS:
        with suppress(ValueError):
            return datetime.strptime(text if "T" in text else f"{text}T{time}", form)
    raise typer.BadParameter(f"{text} is not a date; write 2025-11-21 or 2025-11-21T23:55")


def _opening(text: str) -> datetime:
    return _parsed(text, "00:00")


def _due_date(text: str) -> datetime:
    return _parsed(text, "23:59")


_MOMENT = (
    "Date and time in the course's time zone (default: some weeks ahead). A date without a time "
    "means {}."
)

Opens = Annotated[
    datetime | None, typer.Option(parser=_opening, metavar="DATE", help=_MOMENT.format("00:00"))
]
Due = Annotated[
    datetime | None, typer.Option(parser=_due_date, metavar="DATE", help=_MOMENT.format("23:59"))
]

Seed = Annotated[
    int | None,
    typer.Option(min=0, help="Random seed for the hidden inputs (default: a random one)."),
]


@command()
def new(
    assignment: Annotated[
        str, typer.Argument(metavar="HOMEWORK", help="Name of the new homework, such as hw3.")
    ],
    title: Annotated[
        str | None, typer.Option(help="Title that students read (default: Homework 3 for hw3).")
    ] = None,
    opens: Opens = None,
    due: Due = None,
    seed: Seed = None,
    course: options.CoursePath = None,
) -> None:
    """Create a homework with a small example that is ready to be released.

    In an empty folder, or with --course and a new folder, it also creates the course.
    """
    from autograder.release.newhomework import NewHomework, course_for, make_homework

    found = course_for(course)
    today = datetime.now(found.timezone if found else None)
    homework = NewHomework.planned(assignment, today, title=title, opens=opens, due=due, seed=seed)
    homework.check()  # before the new course's files are written
    found = found or _new_course(course)
    for path in make_homework(found, homework):
        out.print(Text(f"  {path.relative_to(found.root)}"))
    out.print(
        Text(
            f"opens {homework.opens:%Y-%m-%d %H:%M}, due {homework.due:%Y-%m-%d %H:%M}. "
            f"Change the example, then run: fdl release {assignment}"
        )
    )


@command()
def adopt(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER_OR_NOTEBOOK", help="An nbgrader assignment, such as course/source/ps1."
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option(help="Name of the new homework (default: the folder's or notebook's name)."),
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="Title that students read (default: from the name).")
    ] = None,
    opens: Opens = None,
    due: Due = None,
    seed: Seed = None,
    course: options.CoursePath = None,
) -> None:
    """Convert an nbgrader assignment into a new homework: solutions, tests, checks and points.

    The assignment itself is not changed. In an empty folder, or with --course and a new folder, it
    also creates the course.
    """
    from autograder.release.adopting.adopt import adopt as bring_over
    from autograder.release.adopting.identifiers import as_module
    from autograder.release.adopting.reading import read_old
    from autograder.release.newhomework import NewHomework, course_for

    old = read_old(path)
    found = course_for(course, beside=path)
    today = datetime.now(found.timezone if found else None)
    homework = NewHomework.planned(
        name or as_module(old.name),
        today,
        title=title,
        opens=opens,
        due=due,
        seed=seed,
    )
    homework.check()  # before the new course's files are written
    found = found or _new_course(course)
    with err.status("Converting the notebooks and trying the converted tests"):
        plan, paths = bring_over(found, old, homework)
    for each in paths:
        out.print(Text(f"  {each.relative_to(found.root)}"))
    if plan.remarks:
        count = len(plan.remarks)
        out.print(f"\nPlease look at {f'these {count} places' if count > 1 else 'this place'}:")
        for remark in plan.remarks:
            out.print(Text(f"- {remark}"))
    out.print(
        Text(
            f"\n{plan.summary()}\nopens {homework.opens:%Y-%m-%d %H:%M}, due "
            f"{homework.due:%Y-%m-%d %H:%M}. Now run: fdl release {homework.name}"
        )
    )


def _new_course(folder: Path | None) -> Course:
    """Begin a course in a folder (default: the working folder), and say what to do next."""
    from autograder.release.newhomework import begin_course

    course = begin_course(folder or Path.cwd())
    out.print(Text(f"New course: write its title and time zone into {course.settings_file}"))
    return course
