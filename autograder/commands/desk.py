"""`fdl desk`: mark texts and proofs by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from autograder.commands import markers, options
from autograder.commands.common import command, find_course, out
from autograder.errors import DeskError

if TYPE_CHECKING:
    from autograder.course.assignment import Course

SaveRubric = Annotated[
    bool,
    typer.Option(
        "--save-rubric", help="Write rubrics that were changed at the desk into the source."
    ),
]
TakeRubric = Annotated[
    str | None,
    typer.Option(
        metavar="ITEM", help="Show how the source's rubric of this item differs from the desk's."
    ),
]
NoBrowser = Annotated[
    bool,
    typer.Option("--no-browser", help="Only print the address, for a machine without a screen."),
]
Apply = Annotated[
    bool, typer.Option("--apply", help="With --take-rubric: use the source's rubric at the desk.")
]


@command()
def desk(
    homework: options.Homework,
    no_browser: NoBrowser = False,
    deal: markers.Deal = None,
    overlap: markers.Overlap = None,
    merge: markers.MergeFrom = None,
    export: markers.ExportTo = None,
    save_rubric: SaveRubric = False,
    take_rubric: TakeRubric = None,
    apply: Apply = False,
    course: options.CoursePath = None,
) -> None:
    """Mark texts and proofs by hand, one answer at a time, in the browser.

    The desk opens on the Jupyter server that runs in the course folder. If none runs, the
    command starts a server, and Ctrl-C ends it.
    """
    from autograder.desk.opening import open_desk

    found = find_course(course)
    found.assignment(homework)
    if apply and take_rubric is None:
        raise DeskError("--apply works only with --take-rubric: add --take-rubric ITEM")
    wanted = [save_rubric, take_rubric is not None, bool(deal or overlap or merge or export)]
    if sum(wanted) > 1:
        raise DeskError(
            "only one of these options can be used at a time: give "
            "--save-rubric, --take-rubric or the options for several markers"
        )
    if save_rubric:
        _save_rubrics(found, homework)
    elif take_rubric is not None:
        _take_rubric(found, homework, take_rubric, apply)
    elif not markers.for_markers(found, homework, deal or (), overlap, export, merge or ()):
        open_desk(found, homework, browser=not no_browser, say=_say)


def _say(line: str) -> None:
    out.print(line, soft_wrap=True)


def _save_rubrics(course: Course, homework: str) -> None:
    from autograder.desk.sourcerubric import save_rubrics

    saved = save_rubrics(course, homework)
    for each in saved:
        out.print(Text(f"{each.notebook.relative_to(course.root)}: {each.item}"))
        _print_lines(each.lines)
    if saved:
        out.print("No mark changes. Look at the change with `git diff source/`, then commit it.")
    else:
        out.print("The source has the desk's rubrics already.")


def _take_rubric(course: Course, homework: str, item: str, apply: bool) -> None:
    from autograder.desk.desk import Desk
    from autograder.desk.sourcerubric import changed_lines, written

    desk = Desk(course, homework)
    try:
        before, after, changes = desk.take_rubric(item, apply=apply)
    finally:
        desk.close()
    lines = changed_lines(map(written, before.steps), map(written, after.steps))
    if not lines:
        out.print(f"The desk has the source's rubric of {item} already.")
        return
    out.print(f"{item}: from the desk's rubric to the source's")
    _print_lines(lines)
    if apply:
        out.print(f"The desk now uses the source's rubric. Changed marks: {len(changes)}")
    else:
        out.print(
            f"Nothing was changed. Marks that would change: {len(changes)}. Add --apply to use "
            "the source's rubric at the desk."
        )


def _print_lines(lines: tuple[str, ...]) -> None:
    for line in lines:
        style = "red" if line.startswith("-") else "green"
        out.print(Text(f"    {line[0]} {line[1:]}", style=style), soft_wrap=True)
