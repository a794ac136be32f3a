"""A Report as the lines that GitHub is told."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.course.assignment import Assignment
from autograder.grading.report import ItemReport, Report
from autograder.platforms.github.step import ItemLine


def lines_of(assignment: Assignment, report: Report) -> list[ItemLine]:
    """Each item that tests mark, with the points and words of the Report."""
    return [
        ItemLine(
            item.name,
            report.items[item.name].points,
            item.max_points,
            "\n".join(_findings(report.items[item.name])),
            item.bonus,
            f"{item.problem}.ipynb",
        )
        for item in assignment.select("auto")
    ]


def remarks_of(assignment: Assignment, report: Report) -> list[str]:
    """What is to be said beside the items: notebooks, open texts, walls."""
    remarks = [
        f"{name}: {text}"
        for name, notebook in report.notebooks.items()
        for text in (notebook.message, *notebook.notes)
        if text
    ]
    texts = assignment.select("manual")
    if texts:
        points = sum(item.max_points for item in texts)
        names = ", ".join(item.name for item in texts)
        remarks.append(f"A person still marks {names}: {points:g} points, bonus included.")
    return [*remarks, f"Protection: {report.protection}; seed {report.seed}."]


def _findings(item: ItemReport) -> Iterator[str]:
    if item.message:
        yield item.message
    if item.gap:
        yield item.gap
    for claim in item.told:
        if not claim.passed:
            yield f"{claim.text} {claim.message} {claim.note}".rstrip()
    if item.diagnosis:
        yield f"What went wrong: {item.diagnosis}"
