"""`fdl export`: write marks for other systems; `fdl standing`: show the whole course's marks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, find_course, out
from autograder.durable import make_folder, write_bytes
from autograder.errors import RecordError

if TYPE_CHECKING:
    from autograder.exports import ExportedFile
    from autograder.exports.standing import HomeworkStanding, Standing, StudentStanding

OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write (default: print it).")
]


System = StrEnum("System", ("CSV", "MOODLE", "CANVAS", "ILIAS", "GRADESCOPE"))
StandingForm = StrEnum("StandingForm", ("TABLE", "CSV", "JSON"))


@command()
def export(
    assignment: options.Homework,
    to: Annotated[System, typer.Option(help="System that will import the marks.")],
    output: OutputOption = None,
    roster: Annotated[
        Path | None,
        typer.Option(help="Roster to fill in: a file that was exported from that system."),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            help="Name of the roster's column for the points; needed if fdl does not recognise "
            "the column."
        ),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Skip students whose marks are not final.")
    ] = False,
    course: options.CoursePath = None,
) -> None:
    """Write the marks in the format that another system imports.

    The command also keeps a copy in the folder exported/.
    """
    from autograder.exports import export as export_marks
    from autograder.exports.elsewhere import LEARNING_PLATFORMS, elsewhere
    from autograder.gradebook.glance import graded_now, keep_handed_on
    from autograder.gradebook.penalties import read_marks_settled
    from autograder.gradebook.people import keep_new_platforms

    found = find_course(course)
    graded = graded_now(found.gradebook, assignment)  # a later mark is not in the exported file
    _, marks = read_marks_settled(found, [assignment])
    if assignment not in marks:
        raise RecordError(
            f"the gradebook has no marks for {assignment}: run `fdl grade {assignment}` first"
        )
    theirs = None if roster is None else roster.read_bytes()
    result = export_marks(marks[assignment], to.value, theirs, column=column, partial=partial)
    kept = found.exported(assignment) / f"{to.value}.csv"
    make_folder(kept.parent)
    write_bytes(kept, result.content)
    reached = {name: each for name, each in graded.items() if name in result.reached}
    keep_handed_on(found.handed_on(assignment), to.value, reached)
    if theirs is not None and to.value in LEARNING_PLATFORMS:
        keep_new_platforms(found.platforms, dict.fromkeys(result.reached, to.value))
    _deliver(result.content, output)
    others = elsewhere(found, result.only_ours, to.value)
    result = replace(result, only_ours=others.unexplained)
    for line in (*_remarks(result), *map(Text, others.remarks())):
        err.print(line)
    if not result.is_whole:
        raise typer.Exit(1)


@command()
def standing(
    to: Annotated[StandingForm, typer.Option(help="Format of the standing.")] = StandingForm.TABLE,
    output: OutputOption = None,
    course: options.CoursePath = None,
) -> None:
    """Show each student's standing in the course; course.toml contains the rules."""
    from autograder.exports.standing import read_standing

    if to is StandingForm.TABLE and output is not None:
        raise RecordError("a table can't be written to a file: add --to csv or --to json")
    result = read_standing(find_course(course))
    if to is StandingForm.CSV:
        _deliver(result.to_csv(), output)
    elif to is StandingForm.JSON:
        _deliver(result.to_json().encode("utf-8"), output)
    else:
        out.print(_standing_table(result))
    for name in result.missing:
        err.print(Text(f"{name} has no marks and counts as 0. Next: fdl grade {name}"))
    unsettled = sum(not each.final for each in result.students)
    if unsettled:
        err.print(f"Students (*) whose marks are not final: {unsettled}")


def _deliver(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        write_bytes(output, content)
    except OSError as error:
        raise RecordError(f"{output} can't be written: {error.strerror}") from error
    err.print(Text(f"Written: {output}"))


def _remarks(result: ExportedFile) -> Iterator[Text]:
    for heading, names in (
        ("Students in the roster without a mark in the gradebook", result.only_theirs),
        ("Students with marks who are not in the roster", result.only_ours),
        ("Problem", result.faults),
    ):
        for name in names:
            yield Text(f"{heading}: {name}", style="red")
    if result.given_zero:
        yield Text(f"Handed in nothing, so they have 0 points: {', '.join(result.given_zero)}")
    if result.left_open:
        yield Text(f"Skipped, because their marks are not final: {', '.join(result.left_open)}")


def _standing_table(result: Standing) -> Table:
    counting = result.counting
    table = Table(
        title=f"Standing: the best {counting.best} of {len(counting.assignments)} homework marks "
        "count"
    )
    table.add_column("student")
    for name in (*counting.assignments, "percent"):
        table.add_column(name, justify="right")
    for each in result.students:
        marks = [_shown(homework) for homework in each.homework.values()]
        table.add_row(each.person.id, *marks, _percent(each))
    return table


def _shown(homework: HomeworkStanding) -> Text:
    """Return text such as `25 of 30`; marks that do not count are in brackets."""
    if homework.maximum is None:
        return Text("not yet", style="dim")
    text = "–" if homework.points is None else f"{homework.points:g} of {homework.maximum:g}"
    text += "" if homework.final else "*"
    return Text(text) if homework.counts else Text(f"({text})", style="dim")


def _percent(each: StudentStanding) -> str:
    return f"{each.percent:.1f}{'' if each.final else '*'}"
