"""`fdl intake`: sort a learning platform's exported files into submitted/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, find_course, out, warn_of_list
from autograder.console import as_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autograder.course.assignment import Course
    from autograder.submission.intake.choosing import LeftOut
    from autograder.submission.intake.run import Intake, Taken

MAX_STRAYS = 20
"""Maximum number of unneeded files to list."""


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
    groups: Annotated[
        Path | None,
        typer.Option(
            help="CSV file with the members of groups, or Moodle's grading worksheet. Each member "
            "gets the group's submission."
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Replace earlier submissions even if these files may be older."
        ),
    ] = False,
    new: options.NewFolders = False,
    form: options.PrintedAs = options.Format.TABLE,
    course: options.CoursePath = None,
) -> None:
    """Put submissions from a learning platform into submitted/.

    The command lists each unused file with the reason.
    """
    from autograder.exports.elsewhere import LEARNING_PLATFORMS
    from autograder.gradebook.people import (
        keep_accounts,
        keep_list,
        keep_people,
        keep_platforms,
        known_people,
    )
    from autograder.submission.intake.roster import Roster
    from autograder.submission.intake.run import take_in
    from autograder.submission.intake.worksheets import read_groups

    found = find_course(course)
    roster = None if students is None else Roster.read(students)
    members = None if groups is None else read_groups(groups, found.timezone)
    people = known_people(found)
    with err.status("Reading") as status:
        result = take_in(
            found,
            found.assignment(assignment),
            paths,
            roster=roster,
            student=student,
            groups=members,
            replace=replace,
            people=people,
            new=new,
            say=lambda what: status.update(as_line(what)),
        )
    used = {
        each.student: each.platform for each in result.taken if each.platform in LEARNING_PLATFORMS
    }
    keep_platforms(found.platforms, used)
    if result.people:
        keep_people(found, result.people)
    if roster is not None:
        warn_of_list(roster)
        keep_list(found, roster, result.accounts, result.doubts)
    else:
        keep_accounts(found, people, result.accounts)
    if form is options.Format.JSON:
        typer.echo(result.to_json(), nl=False)
    else:
        _print(result, found)
    if not result.is_clean:
        raise typer.Exit(1)


def _print(result: Intake, course: Course) -> None:
    """Print a table, and lines with file names that are never cut at the terminal's width."""
    if result.taken:
        out.print(_taken(result.taken, course))
    for each in result.taken:
        missing = [f"without {', '.join(each.missing)}."] if each.missing else []
        for note in (*missing, *each.notes):
            _print_line(f"{each.student}: {note}")
    matters = [file for file in result.left_out if file.matters]
    _print_files("Unknown student", result.unknown_senders)
    _print_files("Not recognised", matters)
    _print_files("Not needed", result.strays[:MAX_STRAYS])
    if more := result.strays[MAX_STRAYS:]:
        _print_line(f"  and {len(more)} more, which --format json lists")
    known = {file.why for file in result.unknown_senders}
    for doubt in result.doubts.values():
        if doubt not in known:
            _print_line(f"Not added to the gradebook: {doubt}")
    for note in result.notes:
        _print_line(note)
    if result.absent:
        _print_line(f"No submission from: {', '.join(result.absent)}")
    states = [each.state for each in result.taken]
    counts = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    rest = len(result.left_out) - len(matters)
    unused = f"{rest} file{'' if rest == 1 else 's'} not needed"
    out.print(Text(f"{', '.join(counts) or 'nothing new'}; {unused}"))
    if any("--" not in file.why for file in result.unknown_senders):
        advice = "Add the unknown students to the file that you give with --students"
        err.print(
            f"{advice}, name the members of groups with --groups, or take in one student's files "
            "with --student NAME."
        )
    if result.taken:
        out.print(f"Next: fdl grade {result.assignment}")


def _print_files(title: str, files: Sequence[LeftOut]) -> None:
    """Print files with the reasons why they were not used, if there are any."""
    if files:
        out.print(Text(f"{title}:", style="bold"))
    for file in files:
        sender = f" ({file.sender})" if file.sender else ""
        _print_line(f"  {file.where}{sender}: {file.why}")


def _print_line(text: str) -> None:
    """Print a text without adding line breaks, so that names can be copied from the terminal."""
    out.print(Text(text), soft_wrap=True)


def _taken(taken: Iterable[Taken], course: Course) -> Table:
    table = Table()
    for title in ("student", "from", "state", "notebooks", "handed in"):
        table.add_column(title, overflow="fold")
    for each in taken:
        when = "unknown"
        if each.time is not None:
            local = each.time.astimezone(course.timezone)
            when = f"{local:%Y-%m-%d %H:%M}, by {each.time_source}"
        sender = f"{each.platform}: {each.sender}"
        table.add_row(each.student, sender, each.state, str(len(each.notebooks)), when)
    return table
