"""`fdl mark`: mark one submission and show the result."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, find_course, out, warn_of_broken_tests
from autograder.errors import KitError

if TYPE_CHECKING:
    from autograder.course.assignment import Course
    from autograder.grading.report import ItemReport, Report


@command()
def mark(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="Folder of a submission, or one notebook.")
    ],
    assignment: Annotated[
        str | None, typer.Option(help="Name of the homework (default: taken from the path).")
    ] = None,
    form: options.PrintedAs = options.Format.TABLE,
    output: Annotated[
        Path | None,
        typer.Option(help="File for the Report as JSON or, with --instructor, for the page."),
    ] = None,
    instructor: Annotated[
        bool,
        typer.Option(
            "--instructor",
            help="Write a page that shows hidden inputs, expected values and actual values.",
        ),
    ] = False,
    seed: options.Seed = None,
    inner_only: options.InnerOnly = False,
    unprotected: options.Unprotected = False,
    course: options.CoursePath = None,
) -> None:
    """Mark one submission and record nothing."""
    from autograder.sandbox import Sandbox, examine

    found = find_course(course)
    name = assignment or _only_assignment(found, path)
    homework = found.assignment(name)
    walls = examine(use_outer=not inner_only, unprotected=unprotected)
    with err.status(f"Marking {path}"), Sandbox(walls, homework.limits) as sandbox:
        sandbox.begin()  # the sandbox imports its modules while this process imports others
        from autograder.grading.exceeded import change_limits, exceeded, texts_of
        from autograder.grading.mark import mark_submission

        marking = mark_submission(found, homework, path, seed=seed, sandbox=sandbox)
    report = marking.report
    warn_of_broken_tests(report.notes, name)
    if instructor:
        from autograder.pages.instructor import instructor_page

        target = output or Path(f"{report.submission}-instructor.html")
        page = instructor_page(found, homework, marking)
        target.write_text(page, encoding="utf-8")
        out.print(
            Text(
                f"{target}: this page shows hidden inputs and expected values; do not give it to "
                "students"
            )
        )
        return
    if output is not None:
        output.write_text(report.to_json(), encoding="utf-8")
    if form is options.Format.JSON:
        if output is None:
            typer.echo(report.to_json(), nl=False)
    else:
        _print_report(report)
        if limits := exceeded(texts_of(report, marking.notebooks)):
            out.print(Text(f"Limits were exceeded: {change_limits(homework, limits)}"))


def _only_assignment(course: Course, path: Path) -> str:
    names = course.assignment_names
    for part in reversed(path.resolve().parts):
        if part in names:
            return part
    if len(names) == 1:
        return names[0]
    raise KitError(
        f"the homework of {path} is unknown: name it with --assignment "
        f"(this course has: {', '.join(names) or 'none'})"
    )


def _print_report(report: Report) -> None:
    table = Table("item", "points", "result", title=report.submission)
    for name, item in report.items.items():
        table.add_row(name, _points(item), "\n".join(_findings(item)))
    out.print(table)
    for problem, notebook in report.notebooks.items():
        for line in (notebook.message, *notebook.notes):
            if line:
                out.print(Text(f"{problem}: {line}"))
        for fault in notebook.faults:
            where = f", line {fault.line}: {fault.source}" if fault.line else ""
            out.print(Text(f"{problem}, cell {fault.cell + 1}{where}: {fault.error}"))
        for picture in notebook.dropped:
            out.print(Text(f"{picture.item or problem}: {picture.text}"))
    if report.versions:
        out.print(Text(report.versions))
    out.print(
        f"From tests: {report.points:g} of {report.max_points:g} points, "
        f"{report.bonus_points:g} of {report.max_bonus_points:g} bonus points "
        f"(seed {report.seed}, protection: {report.protection})"
    )


def _points(item: ItemReport) -> str:
    if item.outcome == "open":
        return f"open (of {item.max_points:g}{' bonus' if item.bonus else ''})"
    return f"{item.points:g} of {item.max_points:g}{' bonus' if item.bonus else ''}"


def _findings(item: ItemReport) -> Iterable[str]:
    if item.message:
        yield item.message
    if item.gap:
        yield f"– {item.gap}"
    for claim in item.shown_claims:
        if not claim.passed:
            yield f"✗ {claim.claim} {claim.message} {claim.note}".rstrip()
        elif claim.note:
            yield f"✓ {claim.claim} {claim.note}"
    if item.diagnosis:
        yield f"→ {item.diagnosis}"
