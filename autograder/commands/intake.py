"""`fdl intake`: sort a learning platform's exported files into submitted/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, find_course, out
from autograder.console import as_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograder.course.assignment import Course
    from autograder.submission.intake.choosing import LeftOut
    from autograder.submission.intake.run import Intake, Taken


@command()
def intake(
    assignment: options.Homework,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES...",
            help="Zip files or folders that were exported from Moodle, Canvas or another platform.",
        ),
    ],
    students: Annotated[
        Path | None,
        typer.Option(
            help="CSV file with a column `student` and columns for the platform's names or numbers."
        ),
    ] = None,
    student: Annotated[
        str | None, typer.Option(help="Student who handed in all these files.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Replace earlier submissions even if these files may be older."
        ),
    ] = False,
    form: options.PrintedAs = options.Format.TABLE,
    course: options.CoursePath = None,
) -> None:
    """Put submissions from a learning platform into submitted/.

    The command lists each unused file with the reason.
    """
    from autograder.submission.intake.roster import Roster
    from autograder.submission.intake.run import take_in

    found = find_course(course)
    roster = None if students is None else Roster.read(students)
    with err.status("Reading") as status:
        result = take_in(
            found,
            found.assignment(assignment),
            paths,
            roster=roster,
            student=student,
            replace=replace,
            say=lambda what: status.update(as_line(what)),
        )
    if roster is not None:
        from autograder.gradebook.people import keep_people

        keep_people(found, roster.people)
    if form is options.Format.JSON:
        typer.echo(result.to_json(), nl=False)
    else:
        _print(result, found)
    if not result.is_clean:
        raise typer.Exit(1)


def _print(result: Intake, course: Course) -> None:
    if result.taken:
        out.print(_taken(result.taken, course))
    matters = [file for file in result.left_out if file.matters]
    for title, files in (("Unknown student", result.unknown_senders), ("Not recognised", matters)):
        if files:
            out.print(_left_out(title, files))
    if result.absent:
        out.print(Text(f"No submission from: {', '.join(result.absent)}"))
    states = [each.state for each in result.taken]
    counts = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    rest = len(result.left_out) - len(matters)
    out.print(Text(f"{', '.join(counts) or 'nothing new'}; {rest} files not needed"))
    if result.unknown_senders:
        advice = "Add the unknown students to the file that you give with --students"
        err.print(f"{advice}, or take in one student's files with --student NAME.")
    if result.taken:
        out.print(f"Next: fdl grade {result.assignment}")


def _taken(taken: Iterable[Taken], course: Course) -> Table:
    table = Table("student", "from", "state", "notebooks", "handed in", "notes")
    for each in taken:
        when = "unknown"
        if each.time is not None:
            local = each.time.astimezone(course.timezone)
            when = f"{local:%Y-%m-%d %H:%M}, by {each.time_source}"
        missing = f", without {', '.join(each.missing)}" if each.missing else ""
        table.add_row(
            each.student,
            f"{each.platform}: {each.sender}",
            each.state,
            f"{len(each.notebooks)}{missing}",
            when,
            " ".join(each.notes),
        )
    return table


def _left_out(title: str, files: Iterable[LeftOut]) -> Table:
    table = Table("file", "from", "why", title=title, title_justify="left")
    for file in files:
        table.add_row(file.where, file.sender, file.why)
    return table
