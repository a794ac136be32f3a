"""`fdl collect`: collect the commits that students pushed to their repositories."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, find_course, out, warn_of_list
from autograder.errors import SubmissionError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from autograder.course.assignment import Course
    from autograder.platforms.github.collect import Collection

DUE = "due"


@command()
def collect(
    assignment: options.Homework,
    students: Annotated[
        Path,
        typer.Option(help="A CSV file: columns `student`, `repository`, and any others."),
    ],
    url: Annotated[
        str | None,
        typer.Option(
            help="The address of each repository, such as "
            "https://github.com/ORG/{assignment}-{github}; {github} is a column of the CSV file."
        ),
    ] = None,
    student: Annotated[
        list[str] | None,
        typer.Option(help="Collect only this student's repository; can be repeated."),
    ] = None,
    branch: Annotated[
        str | None,
        typer.Option(help="Branch to collect (default: the repository's default branch)."),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option(
            help="Collect the last commit dated no later than this time (2024-11-21T23:55); `due` "
            "means each student's due date. Students can set the dates of their commits."
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace a submission even if the commit may be older."),
    ] = False,
    local: Annotated[
        bool,
        typer.Option("--local", help="Also accept repositories that are folders on this machine."),
    ] = False,
    jobs: Annotated[
        int, typer.Option(min=1, max=32, help="Number of repositories to fetch at once.")
    ] = 8,
    new: options.NewFolders = False,
    form: options.PrintedAs = options.Format.TABLE,
    course: options.CoursePath = None,
) -> None:
    """Copy the commits that students pushed to their Git repositories into submitted/."""
    from autograder.commands.progress import progress
    from autograder.gradebook.people import keep_list, known_people
    from autograder.platforms.github.collect import Plan
    from autograder.platforms.github.collect import collect as collect_all
    from autograder.platforms.github.repositories import repositories
    from autograder.submission.intake.known import with_folders
    from autograder.submission.intake.roster import Roster

    found = find_course(course)
    homework = found.assignment(assignment)
    roster = Roster.read(students)
    warn_of_list(roster)
    doubts = {} if new else with_folders(known_people(found), found.submitted).doubts(roster)
    wanted = list(
        repositories(roster, assignment, url, only=student or (), local=local, faults=doubts)
    )
    until = None if before is None else _until(found, assignment, before)
    plan = Plan(branch, until, replace, local, jobs)
    with progress(err, "collecting") as watch:
        result = collect_all(found, homework, wanted, plan, watch)
    keep_list(found, roster, {}, doubts)
    if form is options.Format.JSON:
        typer.echo(result.to_json(), nl=False)
    else:
        _print(result, found)
    if not result.is_clean:
        raise typer.Exit(1)


def _until(course: Course, assignment: str, before: str) -> Callable[[str], datetime]:
    """Return a function that takes a student and returns the latest commit time that counts."""
    if before == DUE:
        from autograder.gradebook.marks import all_extensions

        deadline, extensions = course.deadline(assignment), all_extensions(course, assignment)
        return lambda student: deadline.due_with(extensions.get(student))
    moment = _moment(before, course.timezone)
    return lambda _student: moment


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """Parse a date and time; if the text names no time zone, use the course's."""
    from autograder.course.settings import local_moment

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SubmissionError(
            f"--before {text} is not a date and time; write 2024-11-21T23:55, or {DUE}"
        ) from None
    try:
        return local_moment(moment, zone).astimezone(UTC)
    except ValueError as error:
        raise SubmissionError(f"--before {text}: {error}") from None


def _print(result: Collection, course: Course) -> None:
    table = Table("student", "result", "commit", "handed in", "notes")
    for each in result.outcomes:
        local = each.time.astimezone(course.timezone) if each.time else None
        when = f"{local:%Y-%m-%d %H:%M}" if local else ""
        count = f"{len(each.notebooks)} notebooks." if each.notebooks else ""
        notes = " ".join(filter(None, [count, each.what, each.advice]))
        table.add_row(each.student, each.state, each.commit[:8], when, notes)
    out.print(table)
    states = [each.state for each in result.outcomes]
    counts = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    out.print(Text(", ".join(counts) or "The list of students is empty."))
    if any(each.time for each in result.outcomes):
        out.print(Text("Submission times are the commits' dates, which students can set."))
