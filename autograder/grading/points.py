"""Compute the points of an item from the outcomes of its hidden tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from autograder.course.assignment import Item
from autograder.grading.followthrough import circular, is_written
from autograder.grading.misconceptions import Misconception
from autograder.grading.plugin import Outcome
from autograder.grading.report import Claim, ItemReport, NotebookReport
from autograder.grading.transcript import asked_for
from autograder.sandbox import FigureData


def outcomes_by_item(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Return the outcomes of each item.

    A test that passed only with stand-ins counts as failed in two cases: the stand-ins form a
    circle (see `followthrough`), or they replace a function that is not written.
    """
    saved_by: dict[str, set[str]] = defaultdict(set)
    for outcome in outcomes:
        for name in asked_for(outcome.transcript):
            saved_by[name] |= outcome.stand_ins
    on_circles = circular(saved_by)
    events = [event for outcome in outcomes for event in outcome.own_events or outcome.transcript]
    followed = frozenset().union(*(outcome.follows for outcome in outcomes))
    unwritten = {
        name
        for name in followed.union(*saved_by.values())
        if not is_written([event for event in events if event.name == name])
    }
    found: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        why = ""
        if missing := outcome.stand_ins & unwritten:
            why = (
                f"The answer calls `{min(missing)}`, which is not written: `{min(missing)}` "
                "returns no numbers, or always the same ones."
            )
        elif missing := outcome.follows & unwritten:
            why = (
                f"The answer is right only for your `{min(missing)}`, which returns no numbers, "
                "or always the same ones."
            )
        elif outcome.stand_ins and asked_for(outcome.transcript) & on_circles:
            names = _quoted(outcome.stand_ins)
            why = (
                f"The answer builds on {names}, which is not right and in turn builds on this "
                "answer."
            )
        none = frozenset[str]()
        withdrawn = replace(outcome, passed=False, message=why, stand_ins=none, follows=none)
        found[outcome.item].append(withdrawn if why else outcome)
    return found


def item_report(item: Item, outcomes: Sequence[Outcome], notebook: NotebookReport) -> ItemReport:
    """Return the item's part of the Report, made from the outcomes of the item's tests."""
    unmarked = ItemReport(
        kind=item.kind,
        problem=item.problem,
        points=0.0,
        max_points=item.max_points,
        bonus=item.bonus,
        outcome="open" if item.kind == "manual" else "not marked",
    )
    if item.kind == "manual":
        return unmarked
    if notebook.state in ("missing", "unreadable") or not outcomes:
        return replace(unmarked, message=notebook.message or "No test was run for this item.")
    claims, found = _claims(outcomes), _figure_found(outcomes)
    points = _points(item.max_points, claims)
    return replace(unmarked, points=points, outcome="marked", claims=claims, found=found)


def unattempted(report: ItemReport) -> ItemReport:
    """Return the report of an item whose answer cell is unchanged: it was not attempted.

    A student may write the answer in another cell, so an item with points or a passed claim counts
    as attempted.
    """
    holds = any(claim.passed for claim in report.claims)
    return report if holds or report.points else replace(report, attempted=False)


def with_diagnosis(report: ItemReport, found: Sequence[Misconception]) -> ItemReport:
    """Return the item's part of the Report, with the sentences of its misconceptions.

    If only one misconception was found, the item earns at least the share in the misconception's
    `keeps`.
    """
    kept = round(found[0].keeps * report.max_points, 2) if len(found) == 1 else 0.0
    return replace(
        report,
        points=max(report.points, kept),
        diagnosis=" ".join(each.sentence for each in found),
        misconception=joined_names(found),
    )


def joined_names(found: Sequence[Misconception]) -> str:
    """Return the names of a diagnosis as one text, or "" if nothing was found."""
    return " + ".join(each.name for each in found)


Causes = Mapping[str, Mapping[str, frozenset[str]]]
"""Each item's mistakes that other items share, with the claims that fail by each mistake."""


def charge_once(
    items: Mapping[str, ItemReport], causes: Causes | None = None
) -> dict[str, ItemReport]:
    """Return the items in order; each slip and each shared mistake costs points only once.

    The first item that loses points by the slip or mistake is charged. If an item is already wrong
    and has no points left to lose, a later item is charged instead.
    """
    paid: dict[str, str] = {}
    charged: dict[str, ItemReport] = {}
    for name, report in items.items():
        shared = (causes or {}).get(name, {})
        claims = tuple(_paid_before(claim, shared, paid) for claim in report.claims)
        points = _points(report.max_points, claims) if claims else report.points
        for reason, text in _reasons(claims, shared):
            without = [replace(c, passed=c.passed or c.claim in text) for c in claims]
            if reason not in paid and points < _points(report.max_points, without):
                paid[reason] = name
        charged[name] = replace(report, claims=claims, points=points)
    return charged


def _reasons(
    claims: Sequence[Claim], shared: Mapping[str, frozenset[str]]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the shared mistakes and slips of an item, each with the claims that fail by it.

    Slips of several kinds cost no more than one kind of slip, so all slips are charged together.
    """
    yield from ((f"mistake: {cause}", texts) for cause, texts in shared.items())
    slips = [claim for claim in claims if _is_charged(claim) and claim.care]
    texts = frozenset(claim.claim for claim in slips)
    yield from ((f"slip: {claim.care}", texts) for claim in slips)


def _paid_before(
    claim: Claim, shared: Mapping[str, frozenset[str]], paid: Mapping[str, str]
) -> Claim:
    """Return the claim; it costs nothing if an earlier item was charged for the same cause."""
    if claim.passed:
        return claim
    mistakes = [f"mistake: {cause}" for cause, texts in shared.items() if claim.claim in texts]
    if mistakes and all(mistake in paid for mistake in mistakes):
        item, what = paid[mistakes[0]], "The same mistake"
    elif claim.care and f"slip: {claim.care}" in paid:
        item, what = paid[f"slip: {claim.care}"], "This slip"
    else:
        return claim
    note = f"{what} already cost points in `{item}`, so there is no further cost here."
    return replace(claim, taken=item, note=note)


def _is_charged(claim: Claim) -> bool:
    return bool(claim.costs) and not claim.passed and not claim.taken


def _figure_found(outcomes: Sequence[Outcome]) -> str:
    """Return a summary of the first figure that the item's tests got, or "" without a figure."""
    answers = (event.answer for outcome in outcomes for event in outcome.transcript)
    return next((a.summary() for a in answers if isinstance(a, FigureData)), "")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _claims(outcomes: Sequence[Outcome]) -> tuple[Claim, ...]:
    """Return one claim for each test; the claim passes if every case of the test passes."""
    cases: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        cases[outcome.test].append(outcome)
    return tuple(_claim(group) for group in cases.values())


def _claim(cases: Sequence[Outcome]) -> Claim:
    failed = [case for case in cases if not case.passed]
    first = failed[0] if failed else cases[0]
    stand_ins = set().union(*(case.stand_ins for case in cases))
    follows = set().union(*(case.follows for case in cases))
    note = ""
    if follows and not failed:
        note = f"Right for your {_quoted(follows)}: the mistake there costs nothing here."
    elif stand_ins and not failed:
        note = f"Passes with a correct {_quoted(stand_ins)}: the mistake there costs nothing here."
    held = len(cases) - len(failed)
    return Claim(
        claim=first.claim,
        result=first.result,
        passed=not failed,
        message=_failed_cases(failed) + first.message if held else first.message,
        part=first.part,
        costs=first.costs,
        note=note,
        unwritten="" if held or not all(case.unwritten for case in failed) else first.unwritten,
        care=first.care,
    )


def _failed_cases(failed: Sequence[Outcome]) -> str:
    """Return a sentence that names the failed cases, or "" if a case has no words for students."""
    names = list(dict.fromkeys(case.told_case for case in failed))
    if not all(names) or not names:
        return ""
    *others, last = [f"for {name}" for name in names]
    return f"Fails {' and '.join(filter(None, (', '.join(others), last)))}; the other cases hold. "


def _points(max_points: float, claims: Sequence[Claim]) -> float:
    """Return a share for each part whose core claims all pass, minus failed robustness claims.

    An item's slips cost points only once, even if they are of several kinds.
    """
    parts: dict[str, bool] = {}
    for claim in claims:
        if not claim.costs:
            parts[claim.part] = parts.get(claim.part, True) and (claim.passed or bool(claim.taken))
    if not parts:
        return 0.0
    earned = sum(parts.values()) / len(parts)
    failed = [claim for claim in claims if _is_charged(claim)]
    lost = sum(claim.costs for claim in failed if not claim.care)
    lost += max((claim.costs for claim in failed if claim.care), default=0.0)
    return round(max_points * max(earned - lost, 0.0), 2)
