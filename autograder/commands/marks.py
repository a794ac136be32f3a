"""The commands that hand marks on: to other systems, and as a standing of the course."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, out
from autograder.course.assignment import Course
from autograder.errors import RecordError

if TYPE_CHECKING:
    from autograder.exports import Export
    from autograder.exports.standing import HomeworkStanding, Standing, StudentStanding

OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write it to this file (default: print it).")
]


System = StrEnum("System", ("CSV", "MOODLE", "CANVAS", "ILIAS", "GRADESCOPE"))
StandingForm = StrEnum("StandingForm", ("TABLE", "CSV", "JSON"))


@command()
def export(
    assignment: str,
    to: Annotated[System, typer.Option(help="The system that is to import the marks.")],
    output: OutputOption = None,
    roster: Annotated[
        Path | None, typer.Option(help="That system's own file, which is filled in.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="The column of the roster that takes the points.")
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Leave out whose marks are not final.")
    ] = False,
    course: options.CoursePath = None,
) -> None:
    """Write the marks in the form that another system imports."""
    from autograder.exports import export as export_marks
    from autograder.gradebook.penalties import read_marks_settled

    _, found = read_marks_settled(Course.find(course), [assignment])
    if assignment not in found:
        raise RecordError(f"the gradebook has no marks of {assignment}: run `fdl grade` first")
    theirs = None if roster is None else roster.read_bytes()
    result = export_marks(found[assignment], to.value, theirs, column=column, partial=partial)
    _deliver(result.content, output)
    for line in _remarks(result):
        err.print(line)
    if not result.is_whole:
        raise typer.Exit(1)


@command()
def standing(
    to: Annotated[StandingForm, typer.Option(help="How to give it.")] = StandingForm.TABLE,
    output: OutputOption = None,
    course: options.CoursePath = None,
) -> None:
    """Show where everybody stands in the course: the homework that counts, the best of it."""
    from autograder.exports.standing import read_standing

    result = read_standing(Course.find(course))
    if to is StandingForm.CSV:
        _deliver(result.to_csv(), output)
    elif to is StandingForm.JSON:
        _deliver(result.to_json().encode("utf-8"), output)
    elif output is not None:
        raise RecordError("a table is for the terminal: give --to csv or --to json with --output")
    else:
        out.print(_standing_table(result))
    for name in result.missing:
        err.print(Text(f"{name} is not in the gradebook yet: it counts as 0 until it is."))
    unsettled = sum(not each.final for each in result.students)
    if unsettled:
        err.print(f"{unsettled} not final (*): a person still has to mark something of theirs.")


def _deliver(content: bytes, output: Path | None) -> None:
    from autograder.durable import write_bytes

    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        write_bytes(output, content)
    except OSError as error:
        raise RecordError(f"{output} can't be written: {error.strerror}") from error
    err.print(Text(f"Written: {output}"))


def _remarks(result: Export) -> Iterator[Text]:
    for heading, names in (
        ("In the roster, not ours", result.only_theirs),
        ("Ours, not in the roster", result.only_ours),
        ("Not as it should be", result.faults),
    ):
        for name in names:
            yield Text(f"{heading}: {name}", style="red")
    if result.left_open:
        yield Text(f"Left out, not final: {', '.join(result.left_open)}")


def _standing_table(result: Standing) -> Table:
    counting = result.counting
    table = Table(title=f"Standing: the best {counting.best} of {len(counting.assignments)} count")
    table.add_column("student")
    for name in (*counting.assignments, "percent"):
        table.add_column(name, justify="right")
    for each in result.students:
        marks = [_shown(homework) for homework in each.homework.values()]
        table.add_row(each.person.id, *marks, _percent(each))
    return table


def _shown(homework: HomeworkStanding) -> Text:
    """Such as `25 of 30`; what does not count stands in brackets."""
    if homework.maximum is None:
        return Text("not yet", style="dim")
    text = "–" if homework.points is None else f"{homework.points:g} of {homework.maximum:g}"
    text += "" if homework.final else "*"
    return Text(text) if homework.counts else Text(f"({text})", style="dim")


def _percent(each: StudentStanding) -> str:
    return f"{each.percent:.1f}{'' if each.final else '*'}"
