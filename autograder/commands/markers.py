"""`fdl agreement`, and the options of `fdl desk` for several markers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, find_course, out, plain_table
from autograder.errors import DeskError
from autograder.words import as_json, counted, listed, printable

if TYPE_CHECKING:
    from autograder.course.assignment import Course
    from autograder.desk.agreement import Agreement, AgreementResults, Means
    from autograder.desk.copies import Merged
    from autograder.desk.deal import Share
    from autograder.desk.desk import Desk
    from autograder.gradebook.handmarks import Place

SCHEMA = "fdl-agreement/1"

_BLIND, _ALREADY = "of these blind", "marked already"

Deal = Annotated[
    list[str] | None,
    typer.Option(
        "--deal",
        metavar="MARKER=ITEM,ITEM",
        help="Deal items to a marker; can be repeated. evenly=MARKER,MARKER deals the other items "
        "in equal shares of the class; none takes the deal back.",
    ),
]
Overlap = Annotated[
    str | None,
    typer.Option(
        metavar="PERCENT",
        help="With --deal: share of answers that two people mark independently, such as 10%.",
    ),
]
ExportTo = Annotated[
    Path | None,
    typer.Option(
        "--export", metavar="FILE", help="Write all marks given at the desk to this file."
    ),
]
MergeFrom = Annotated[
    list[Path] | None,
    typer.Option(
        "--merge",
        metavar="FILE",
        help="Add the marks in this file, from another copy of the course; can be repeated.",
    ),
]


def for_markers(
    course: Course,
    homework: str,
    deal: Sequence[str],
    overlap: str | None,
    export: Path | None,
    merge: Sequence[Path],
) -> bool:
    """Deal, merge and export as the options say; return whether any of these options is given."""
    from autograder.desk.desk import Desk

    if overlap is not None and not deal:
        raise DeskError("--overlap belongs to --deal: add, for example, --deal evenly=Rita,Sam")
    if not (deal or merge or export):
        return False
    desk = Desk(course, homework)
    try:
        if deal:
            _deal(desk, deal, overlap)
        if merge:
            _merge(desk, merge)
        if export is not None:
            _export(desk, export)
    finally:
        desk.close()
    return True


def _deal(desk: Desk, texts: Sequence[str], overlap: str | None) -> None:
    from autograder.desk.deal import deal

    shares = deal(desk, texts, overlap)
    if not shares:
        out.print(f"The answers of {desk.homework} are not dealt out: everybody sees all of them.")
        return
    items = [item for item in desk.items if any(item in share.by_item for share in shares)]
    by_marker = plain_table("marker", *items, "answers", _BLIND, _ALREADY)
    for share in shares:
        numbers = [share.by_item.get(item, 0) for item in items]
        row = map(str, (*numbers, share.answers, share.second, share.marked))
        by_marker.add_row(Text(printable(share.marker)), *row)
    if _fits(by_marker):
        out.print(by_marker)
        return
    group: list[Share] = []
    for share in shares:
        if group and not _fits(_by_item([*group, share], items)):
            out.print(_by_item(group, items))
            group = []
        group.append(share)
    out.print(_by_item(group, items))


def _fits(table: Table) -> bool:
    """Return whether no cell of the table is wrapped on this terminal."""
    unlimited = out.options.update(max_width=10 * out.width)
    return Measurement.get(out, unlimited, table).maximum <= out.width


def _by_item(shares: Sequence[Share], items: Sequence[str]) -> Table:
    table = plain_table("item", *(printable(share.marker) for share in shares))
    for item in items:
        table.add_row(item, *(str(share.by_item.get(item, 0)) for share in shares))
    table.add_section()
    table.add_row("answers", *(str(share.answers) for share in shares))
    table.add_row(_BLIND, *(str(share.second) for share in shares))
    table.add_row(_ALREADY, *(str(share.marked) for share in shares))
    return table


def _export(desk: Desk, path: Path) -> None:
    from autograder.desk.copies import export_marks

    number = export_marks(desk, path)
    out.print(Text(f"Written: {path} ({number} entries of marks)"), soft_wrap=True)


def _merge(desk: Desk, paths: Sequence[Path]) -> None:
    from autograder.desk.copies import merge_marks

    merged = merge_marks(desk, paths)
    if not merged.entries:
        out.print("Nothing new: this copy has all of these marks already.")
    for marker, number in sorted(merged.marks.items()):
        out.print(Text(f"{printable(marker)}: {number} new marks"))
    if merged.entries:
        out.print(f"Marks written into the gradebook: {merged.counted}")
    for line in _remarks(merged, desk.homework):
        err.print(Text(line, style="yellow"), soft_wrap=True)
    if merged.unknown or merged.typed:
        raise typer.Exit(1)


def _remarks(merged: Merged, homework: str) -> Iterable[str]:
    if merged.to_settle:
        yield (
            f"Two marks differ; settle them at the desk (fdl desk {homework}): "
            f"{_places(merged.to_settle)}"
        )
    if merged.other_text:
        yield (
            "The marked answers differ from the answers here, so these must be marked again: "
            f"{_places(merged.other_text)}"
        )
    if merged.typed:
        yield (
            "Somebody changed these marks outside the desk, so the gradebook keeps them; choose "
            f"the right marks at the desk: {_places(merged.typed)}"
        )
    if merged.rubrics:
        yield (
            "Both copies changed the rubric, and this copy's rubric stays; add missing steps at "
            f"the desk: {listed(merged.rubrics)}"
        )
    if merged.unknown:
        yield (
            "This copy does not have these answers, so their marks were left out; run "
            f"`fdl grade {homework}` and merge again: {_places(merged.unknown)}"
        )


def _places(places: Sequence[Place]) -> str:
    return listed([f"{printable(item)} of {printable(student)}" for item, student in places])


@command()
def agreement(
    homework: options.Homework,
    form: options.PrintedAs = options.Format.TABLE,
    course: options.CoursePath = None,
) -> None:
    """Show how well markers agree, and list the answers whose marks differ."""
    from autograder.desk.agreement import read_agreement
    from autograder.desk.desk import Desk

    desk = Desk(find_course(course), homework)
    try:
        results = read_agreement(desk)
    finally:
        desk.close()
    if form is options.Format.JSON:
        typer.echo(as_json({"schema": SCHEMA, **asdict(results)}), nl=False)
    else:
        _print(results)


def _print(results: AgreementResults) -> None:
    double = counted(results.double, "answer")
    out.print(f"{results.homework}: {double} marked by two people")
    known = [each for each in results.agreement if each.answers]
    if known:
        table = plain_table("item", "step", "answers", "equal", "alpha", "95 % interval")
        for each in known:
            table.add_row(*_agreement_row(each))
        table.columns[1].justify = "left"
        out.print(table)
    if single := [each.item for each in results.agreement if not (each.answers or each.step)]:
        out.print(
            f"No answer was marked by two people: {listed(single)}. To compare markers, deal with "
            f"an overlap: fdl desk {results.homework} --deal evenly=NAME,NAME --overlap 10%"
        )
    means = plain_table("item", "marker", "answers", "mean points", "difference")
    means.columns[1].justify = "left"
    for each_means in results.means:
        for row in _mean_rows(each_means):
            means.add_row(*row)
    if means.row_count:
        out.print(means)
    if results.differences:
        out.print(f"Settle these with fdl desk {results.homework} and the filter “To settle”:")
    for each_difference in results.differences:
        marks = ", ".join(
            f"{printable(marker)} {'no mark' if points is None else f'{points:g}'}"
            for marker, points in each_difference.points
        )
        place = f"{each_difference.item} of {printable(each_difference.student)}"
        out.print(Text(f"    {place}: {marks}"), soft_wrap=True)


def _agreement_row(each: Agreement) -> Iterable[Text]:
    yield Text("" if each.step else each.item)
    yield Text(printable(each.text) if each.step else "points")
    yield Text(str(each.answers))
    yield Text("–" if each.share is None else f"{100 * each.share:.0f} %")
    yield Text("–" if each.alpha is None else f"{each.alpha:.2f}")
    interval = f"{each.interval[0]:.2f} to {each.interval[1]:.2f}" if each.interval else each.note
    yield Text(interval)


def _mean_rows(means: Means) -> Iterable[tuple[Text, ...]]:
    for index, each in enumerate(means.markers):
        verdict = ""
        if index == 0 and means.p is not None:
            verdict = "more than chance" if means.is_beyond_chance else "within chance"
            verdict += f" (p = {means.p:.2g})"
        texts = (
            "" if index else means.item,
            printable(each.marker),
            str(each.answers),
            f"{each.points:.2f}",
            verdict,
        )
        yield tuple(map(Text, texts))
