"""Find the hidden tests' results for the steps of a proof, and write the marker's rubric."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from autograder.course.assignment import Item
from autograder.course.rubric import Evidence, Rubric, Step
from autograder.grading.report import Report
from autograder.words import counted

EVIDENCE_NOTE = (
    "*✓ and ✗ show whether the hidden tests confirm the same claim in the student's code.*"
)


@dataclass(frozen=True)
class EvidenceFound:
    """The result of hidden tests for one claim of a proof.

    `phrase` is the claim, in words that a student may read. `item` is the auto item whose tests
    check the claim; `holds` says whether all core tests of the claim passed. If the item's notebook
    could not be run, `tested` and `holds` are false.
    """

    phrase: str
    item: str
    holds: bool
    tested: bool = True


def evidence(
    rubrics: Mapping[str, Rubric], report: Report
) -> Mapping[str, tuple[EvidenceFound, ...]]:
    """Return the evidence for each manual item that has any, in the order of the item's steps."""
    return {
        name: tuple(look_up(claim, report) for claim in rubric.evidence)
        for name, rubric in rubrics.items()
        if rubric.evidence
    }


def look_up(claim: Evidence, report: Report) -> EvidenceFound:
    """Return the Report's test results for a claim.

    Robustness tests are ignored, because they do not check the mathematics. For example, they check
    integer input, or whether the code changes an argument.
    """
    found = report.items.get(claim.item)
    core = [
        test.passed
        for test in (found.claims if found else ())
        if not test.costs and claim.part in ("", test.part)
    ]
    return EvidenceFound(claim.phrase, claim.item, bool(core) and all(core), bool(core))


def marker_text(item: Item, rubric: Rubric, report: Report) -> str:
    """Return the rubric as Markdown for the marker: steps with points and evidence.

    The rubric is in a panel. Students can't imitate a panel: their texts lose all HTML tags.
    """
    title = f"For the marker: rubric of {item.name} ({counted(item.max_points, 'point')})"
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
    yield f"- **{counted(step.points, 'point')}:** {step.text}"
    for claim in step.evidence:
        yield f"    - {_evidence_line(look_up(claim, report), report)}"


def _evidence_line(found: EvidenceFound, report: Report) -> str:
    """Return one line about the evidence and, if there is one, the diagnosis."""
    phrase = _plain(found.phrase)
    if not found.tested:
        return f"– `{found.item}` could not be tested: {phrase}"
    if found.holds:
        return f"✓ shown by `{found.item}`: {phrase}"
    diagnosis = _plain(report.items[found.item].diagnosis)
    return f"✗ not shown by `{found.item}`: {phrase}" + (f". {diagnosis}" if diagnosis else "")


def _plain(text: str) -> str:
    """Return the text with Markdown, HTML and formulas escaped; code stays code."""
    text = html.escape(text, quote=False)
    for sign in "\\*_$[]":
        text = text.replace(sign, f"&#{ord(sign)};")
    return text.replace("://", ":&#47;/")  # otherwise a URL becomes a link
