"""Make Gradescope's results.json for a submission from the Report.

The texts come from the feedback page, so students may read them. Gradescope adds up the points
itself, so three things differ from the Report:

- A bonus item keeps its maximum, so the sum can exceed the assignment's points. Gradescope gives
  extra credit in this way.
- An item that a person marks has neither points nor a maximum. The person marks it in a separate
  question on Gradescope; a 0 in these results would look like a given mark.
- Students always see whether the notebooks could be read. The instructor decides when students see
  the items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from autograder.course.assignment import Assignment
from autograder.grading.report import Report
from autograder.pages.texts import templates
from autograder.platforms.gradescope import Visibility
from autograder.platforms.gradescope.metadata import HandedIn

NOT_MARKED = (
    "This submission could not be marked. This is not your fault: the marking itself has an error. "
    "Nothing is lost; tell the person who teaches the course."
)


@dataclass(frozen=True)
class Test:
    """One entry in the list `tests` of results.json; fields without a value are left out."""

    number: str
    name: str
    output: str
    visibility: Visibility
    score: float | UnsetType = UNSET
    max_score: float | UnsetType = UNSET
    status: Literal["passed", "failed"] | UnsetType = UNSET
    tags: tuple[str, ...] = ()
    output_format: str = "html"


@dataclass(frozen=True)
class Results:
    """The content of results.json."""

    score: float
    output: str
    tests: tuple[Test, ...] = ()
    extra_data: Mapping[str, Any] = field(default_factory=dict)
    output_format: str = "html"
    stdout_visibility: Visibility = Visibility.HIDDEN

    def to_json(self) -> str:
        """Return the results as JSON for Gradescope."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode() + "\n"


def results_of(
    assignment: Assignment,
    titles: Mapping[str, str],
    report: Report,
    *,
    visibility: Visibility,
    handed_in: HandedIn | None = None,
) -> Results:
    """Return the results of a marked submission; `titles` are the items' titles on the page."""
    return Results(
        score=round(report.points + report.bonus_points, 2),
        output=_part(
            "summary", report=report, shown=visibility is Visibility.VISIBLE, when=handed_in
        ),
        tests=(
            _handed_in_test(assignment, report),
            *_item_tests(assignment, titles, report, visibility),
        ),
        extra_data={
            "assignment": report.assignment,
            "points": report.points,
            "bonus_points": report.bonus_points,
            "seed": report.seed,
            "protection": report.protection,
            "schema": report.schema,
            **(handed_in.data() if handed_in else {}),
        },
    )


def results_of_failure(message: str = NOT_MARKED) -> Results:
    """Return results for a marking that failed; the message reveals nothing about hidden tests."""
    return Results(0.0, _part("failure", message=message), extra_data={"not_marked": True})


def _handed_in_test(assignment: Assignment, report: Report) -> Test:
    """Return the entry that says whether the notebooks could be read; it is worth no points."""
    notebooks = [(problem.name, report.notebooks[problem.name]) for problem in assignment.problems]
    read = all(notebook.state == "marked" for _, notebook in notebooks)
    return Test(
        number="0",
        name="Submission",
        output=_part("notebooks", notebooks=notebooks),
        visibility=Visibility.VISIBLE,
        status="passed" if read else "failed",
    )


def _item_tests(
    assignment: Assignment, titles: Mapping[str, str], report: Report, visibility: Visibility
) -> Iterator[Test]:
    for k, problem in enumerate(assignment.problems, start=1):
        notebook = report.notebooks[problem.name]
        for m, item in enumerate(problem.items, start=1):
            found, title = report.items[item.name], titles.get(item.name, item.name)
            name = f"{item.name}: {title}" if title not in ("", item.name) else item.name
            by_tests = item.kind == "auto"
            yield Test(
                number=f"{k}.{m}",
                name=name + (" (bonus)" if item.bonus else ""),
                output=_part("item", item=item, found=found, notebook=notebook),
                visibility=visibility,
                score=found.points if by_tests else UNSET,
                max_score=found.max_points if by_tests else UNSET,
                tags=(problem.name, *(["bonus"] if item.bonus else [])),
            )


def _part(name: str, **values: object) -> str:
    """Call a macro of a template; return its HTML, in which all values are escaped."""
    module: Any = templates("autograder.pages").get_template("gradescope.html").make_module()
    return str(getattr(module, name)(**values)).strip()
