"""`fdl status hw2`: how far the marking of one homework is, by item and by marker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import typer
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import out, plain_table
from autograder.commands.status import HomeworkStatus
from autograder.course.assignment import Course
from autograder.desk.answerstatus import MarkerProgress
from autograder.desk.desk import Desk
from autograder.desk.messages import Progress
from autograder.words import as_json, printable

SCHEMA = "fdl-homework-status/1"


def show_homework(course: Course, name: str, status: HomeworkStatus, form: options.Format) -> None:
    """Print how many answers the desk has marked and still has to mark, and the status itself."""
    items: dict[str, Progress] = {}
    markers: tuple[MarkerProgress, ...] = ()
    if course.gradebook.exists():
        desk = Desk(course, name)
        try:
            items, markers = desk.progress()
        finally:
            desk.close()
    if form is options.Format.JSON:
        typer.echo(as_json(_content(name, status, items, markers)), nl=False)
    else:
        _print(name, status, items, markers)


def _content(
    name: str,
    status: HomeworkStatus,
    items: dict[str, Progress],
    markers: tuple[MarkerProgress, ...],
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "homework": name,
        "handed_in": status.submitted,
        "marked_by_tests": status.graded,
        "to_grade": status.to_grade,
        "by_hand": _numbers(items[""]) if items else None,
        "items": {item: _numbers(each) for item, each in items.items() if item},
        "markers": {
            each.marker: {
                "dealt": each.dealt,
                "marked": each.marked,
                "open": each.open,
                "flagged": each.flagged,
                "seconds_per_answer": each.pace,
                "seconds_left": each.left,
            }
            for each in markers
        },
    }


def _numbers(progress: Progress) -> dict[str, Any]:
    return {
        "answers": progress.answers,
        "marked": progress.answers - progress.open,
        "open": progress.open,
        "flagged": progress.flagged,
        "by_marker": progress.by_marker,
        "seconds_per_answer": progress.pace,
        "seconds_left": progress.left,
    }


def _print(
    name: str,
    status: HomeworkStatus,
    items: dict[str, Progress],
    markers: tuple[MarkerProgress, ...],
) -> None:
    out.print(
        f"{name}: handed in {status.submitted}, marked by tests {status.graded}, waiting for "
        f"`fdl grade` {status.to_grade}"
    )
    if items and items[""].answers:
        columns = ("item", "answers", "marked by hand", "open", "flagged", "pace", "time left")
        table = plain_table(*columns)
        whole = items.pop("")
        for item, each in items.items():
            table.add_row(item, *_row(each))
        table.add_section()
        table.add_row("all", *_row(whole))
        out.print(table)
    if markers:
        table = plain_table("marker", "dealt", "marked", "open", "flagged", "pace", "time left")
        for marker in markers:
            counts = (marker.dealt, marker.marked, marker.open, marker.flagged)
            numbers = ("–" if each is None else str(each) for each in counts)
            times = (_pace(marker.pace), _left(marker.left))
            table.add_row(Text(printable(marker.marker)), *numbers, *times)
        out.print(table)


def _row(each: Progress) -> tuple[str, ...]:
    numbers = (each.answers, each.answers - each.open, each.open, each.flagged)
    return (*map(str, numbers), _pace(each.pace), _left(each.left))


def _pace(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.0f} s"


def _left(seconds: float | None) -> str:
    """Return a duration such as `1:05`, in hours and minutes."""
    if seconds is None:
        return "–"
    minutes = round(timedelta(seconds=seconds) / timedelta(minutes=1))
    return f"{minutes // 60}:{minutes % 60:02} h"
