"""What the hidden tests say of the steps of a proof, and the rubric as its marker sees it."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from autograder.course.assignment import Item
from autograder.course.rubric import Evidence, Rubric, Step
from autograder.grading.report import Report

EVIDENCE_NOTE = (
    "*✓ and ✗ tell what the hidden tests found of the same claim in the student's code.*"
)


@dataclass(frozen=True)
class EvidenceFound:
    """What hidden tests found of one claim of a proof.

    `phrase` says which claim, in words that a student may read; `item` is the auto item whose
    tests look at it; `holds` tells whether all its core tests passed. Where its notebook could not
    be run, nothing was `tested`, and so nothing holds.
    """

    phrase: str
    item: str
    holds: bool
    tested: bool = True


def evidence(
    rubrics: Mapping[str, Rubric], report: Report
) -> Mapping[str, tuple[EvidenceFound, ...]]:
    """The evidence for each manual item that has some, in the order of its steps, each once."""
    return {
        name: tuple(look_up(claim, report) for claim in rubric.evidence)
        for name, rubric in rubrics.items()
        if rubric.evidence
    }


def look_up(claim: Evidence, report: Report) -> EvidenceFound:
    """What the Report says of a claim.

    Robustness tests say nothing of mathematics (a start changed in place, integer input) and are
    left aside.
    """
    found = report.items.get(claim.item)
    core = [
        test.passed
        for test in (found.claims if found else ())
        if not test.costs and claim.part in ("", test.part)
    ]
    return EvidenceFound(claim.phrase, claim.item, bool(core) and all(core), bool(core))


def marker_text(item: Item, rubric: Rubric, report: Report) -> str:
    """The rubric as markdown for the marker: a list of steps with points, and their evidence.

    It stands in a panel, which a student's text can't draw: tags are taken out of that.
    """
    title = f"For the marker: rubric of {item.name} ({_points(item.max_points)})"
    lines = [
        '<div class="panel panel-warning">',
        f'<div class="panel-heading"><strong>{html.escape(title)}</strong></div>',
        '<div class="panel-body">',
        "",
        *(line for step in rubric.steps for line in _step_lines(step, report)),
        "",
        *([EVIDENCE_NOTE, ""] if rubric.evidence else []),
        "</div>",
        "</div>",
    ]
    return "\n".join(lines)


def _step_lines(step: Step, report: Report) -> Iterator[str]:
    yield f"- **{_points(step.points)}:** {step.text}"
    for claim in step.evidence:
        yield f"    - {_told(look_up(claim, report), report)}"


def _told(found: EvidenceFound, report: Report) -> str:
    """The evidence in one line, with the mistake's name where the tests know it."""
    phrase = _plain(found.phrase)
    if not found.tested:
        return f"– `{found.item}` could not be tested: {phrase}"
    if found.holds:
        return f"✓ shown by `{found.item}`: {phrase}"
    diagnosis = _plain(report.items[found.item].diagnosis)
    return f"✗ not shown by `{found.item}`: {phrase}" + (f". {diagnosis}" if diagnosis else "")


def _points(number: float) -> str:
    return f"{number:g} point{'' if number == 1 else 's'}"


def _plain(text: str) -> str:
    """Text in which nothing is read as markdown, HTML or a formula; code stays code."""
    text = html.escape(text, quote=False)
    for sign in "\\*_$[]":
        text = text.replace(sign, f"&#{ord(sign)};")
    return text.replace("://", ":&#47;/")  # else an address becomes a link
