"""Compare old and new Reports of a submission or a class; show which marks change and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version

from rich.table import Table

from autograder.course.assignment import NEARLY
from autograder.grading.report import Claim, ItemReport, Report
from autograder.words import as_json, counted

SCHEMA = "fdl-regrading/1"


@dataclass(frozen=True)
class ItemChange:
    """A change of the points or the maximum of one student's item.

    `before` and `after` are the points from tests. They are None if the item is marked by hand or
    does not exist. A maximum is None if the item does not exist. `kept` are points that a person
    gave in the formgrader; these points stay, even if the points from tests change.
    """

    item: str
    kind: str
    bonus: bool
    before: float | None
    after: float | None
    max_before: float | None
    max_after: float | None
    kept: float | None = None
    reasons: tuple[str, ...] = ()
    claims_before: tuple[Claim, ...] = ()
    claims_after: tuple[Claim, ...] = ()

    @property
    def gain(self) -> float:
        """The change of the student's mark, in points."""
        if self.kept is not None:
            return 0.0
        return round((self.after or 0.0) - (self.before or 0.0), 2)

    def points(self) -> str:
        """Return the old and the new points as text, such as `0.5 of 2 → 2 of 2`."""
        before, after = (
            "no item" if best is None else f"of {best:g}" if got is None else f"{got:g} of {best:g}"
            for got, best in ((self.before, self.max_before), (self.after, self.max_after))
        )
        change = f"{before} → {after}"
        if self.kept is not None:
            return f"{self.kept:g} by hand, kept ({change})"
        return f"open ({change})" if self.kind == "manual" else change

    def why(self) -> tuple[str, ...]:
        """Return the reasons for the change, and advice for the marker."""
        if self.kept is not None and self.has_new_test_points:
            return (*self.reasons, "points from tests changed: please check the mark by hand")
        return self.reasons

    @property
    def has_new_maximum(self) -> bool:
        """True if the item is in both Reports and its maximum points differ."""
        return None not in (self.max_before, self.max_after) and self.max_before != self.max_after

    @property
    def has_new_test_points(self) -> bool:
        """True if the points from tests changed, and not only the maximum."""
        return abs((self.after or 0.0) - (self.before or 0.0)) > NEARLY


def changes_between(
    old: Report, new: Report, by_hand: Mapping[str, float]
) -> tuple[ItemChange, ...]:
    """Return a change for each item whose points or maximum differ, in the new Report's order.

    `by_hand` contains the points given by hand, by item.
    """
    names = [*new.items, *(name for name in old.items if name not in new.items)]
    return tuple(
        _change(name, old.items.get(name), new.items.get(name), by_hand.get(name))
        for name in names
        if _points_of(old.items.get(name)) != _points_of(new.items.get(name))
    )


def other_findings(old: Report, new: Report) -> int:
    """Return the number of items with the same points but different claims or texts."""
    return sum(
        name in old.items
        and _points_of(old.items[name]) == _points_of(item)
        and _findings_of(old.items[name]) != _findings_of(item)
        for name, item in new.items.items()
    )


def _points_of(item: ItemReport | None) -> tuple[object, ...]:
    return () if item is None else (item.kind, item.bonus, item.points, item.max_points)


def _findings_of(item: ItemReport) -> tuple[object, ...]:
    return item.claims, item.message, item.diagnosis, item.misconception, item.found


def _change(
    name: str, old: ItemReport | None, new: ItemReport | None, kept: float | None
) -> ItemChange:
    known = new or old
    assert known is not None
    return ItemChange(
        item=name,
        kind=known.kind,
        bonus=known.bonus,
        before=_tested_points(old),
        after=_tested_points(new),
        max_before=old.max_points if old else None,
        max_after=new.max_points if new else None,
        kept=kept if new else None,
        reasons=tuple(_reasons(old, new)),
        claims_before=old.claims if old else (),
        claims_after=new.claims if new else (),
    )


def _tested_points(item: ItemReport | None) -> float | None:
    return item.points if item is not None and item.kind == "auto" else None


# --- reasons -------------------------------------------------------------------------------------


def _reasons(old: ItemReport | None, new: ItemReport | None) -> Iterator[str]:
    """Yield the reasons for a change, such as claims that changed, were added or were removed."""
    if old is None or new is None:
        yield "the item is new" if old is None else "the item was removed"
        return
    if old.max_points != new.max_points:
        yield f"it is worth {new.max_points:g} instead of {old.max_points:g}"
    if (old.kind, old.bonus) != (new.kind, new.bonus):
        yield f"it was {_kind(old)} and is now {_kind(new)}"
    findings = list(_findings(old, new))
    yield from findings
    if not findings and _share(old) != _share(new):
        yield (
            "the named misconception now leaves a different share of the points"
            if new.misconception
            else "the same claims now earn a different share of the points"
        )


def _kind(item: ItemReport) -> str:
    return f"{'a bonus' if item.bonus else 'a regular'} {item.kind} item"


def _share(item: ItemReport) -> float:
    return round(item.points / item.max_points, 3) if item.max_points else 0.0


def _findings(old: ItemReport, new: ItemReport) -> Iterator[str]:
    if new.outcome != old.outcome and new.message:
        yield f"could not be marked now: {new.message}"
    elif new.outcome != old.outcome and old.message:
        yield f"marked now; before: {old.message}"
    before, after = _by_text(old.claims), _by_text(new.claims)
    for text, (holds, counts) in after.items():
        if text not in before:
            yield f"new, {'holds' if holds else 'fails'}: {text}"
            continue
        held, counted = before[text]
        if holds != held:
            yield f"{'now holds' if holds else 'now fails'}: {text}"
        elif counts != counted:
            yield f"counts differently: {text}"
    yield from (f"no longer tested: {text}" for text in before if text not in after)
    if new.misconception != old.misconception:
        if old.diagnosis:
            yield f"no longer diagnosed: {old.diagnosis}"
        if new.diagnosis:
            yield f"now diagnosed: {new.diagnosis}"


def _by_text(claims: Iterable[Claim]) -> dict[str, tuple[bool, frozenset[tuple[str, float]]]]:
    """Return, by a claim's text, whether the claim holds and what it costs; combine equal texts."""
    found: dict[str, tuple[bool, frozenset[tuple[str, float]]]] = {}
    for claim in claims:
        holds, counts = found.get(claim.claim, (True, frozenset()))
        found[claim.claim] = holds and claim.passed, counts | {(claim.part, claim.costs)}
    return found


# --- a class -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Regrading:
    """The result of marking a class again; most fields are by student.

    `unchanged` are students whose marks do not change. `failed` are students who could not be
    marked; they keep their marks. `reports_changed` are students whose Report changed, even if only
    a text differs. `other_findings` is the number of items with the same points but different
    claims or texts.
    """

    assignment: str
    changes: Mapping[str, tuple[ItemChange, ...]]
    seeds: Mapping[str, int]
    unchanged: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    ungraded: tuple[str, ...] = ()
    reports_changed: tuple[str, ...] = ()
    other_findings: int = 0
    kit: str = field(default_factory=lambda: _kit_version())

    def totals(self) -> dict[str, tuple[int, float]]:
        """Return, by item, the number of students with changes and the sum of points gained."""
        found: dict[str, tuple[int, float]] = {}
        for change in self._all():
            students, points = found.get(change.item, (0, 0.0))
            found[change.item] = students + 1, round(points + change.gain, 2)
        return found

    def gain(self, *, bonus: bool) -> float:
        """Return the regular or bonus points that the class gains."""
        return round(sum(change.gain for change in self._all() if change.bonus == bonus), 2)

    def table(self) -> Table:
        """Return the table of all changed marks with their reasons, and the totals below."""
        table = Table("student", "item", "points", "why", title=f"Marks of {self.assignment}")
        for student, changes in self.changes.items():
            for change in changes:
                table.add_row(student, change.item, change.points(), "\n".join(change.why()))
        table.add_section()
        for item, (count, points) in self.totals().items():
            table.add_row("all students", item, _signed(points), counted(count, "student"))
        regular, bonus = self.gain(bonus=False), self.gain(bonus=True)
        changed = counted(len(self.changes), "student")
        gained = f"{_signed(regular)}, {_signed(bonus)} bonus"
        table.add_row("all students", "all items", gained, changed)
        return table

    def remarks(self) -> Iterator[str]:
        """Yield the sentences to print below the table."""
        yield f"Students with changed marks: {len(self.changes)}; without: {len(self.unchanged)}."
        if self.other_findings:
            yield f"Items with the same points but other claims or texts: {self.other_findings}."
        if any(change.has_new_maximum for change in self._all()):
            yield (
                "A changed maximum applies to all students at once, including those whose marks "
                "were not changed."
            )
        for student, reason in self.failed.items():
            yield f"{student} could not be marked and keeps the earlier marks: {reason}"
        if self.ungraded:
            yield f"Skipped, because they were never graded: {', '.join(self.ungraded)}."

    def to_json(self, **more: object) -> str:
        """Return the regrading as JSON, with the kit's version, the seeds and then `more`."""
        content = {
            "schema": SCHEMA,
            "assignment": self.assignment,
            "kit": self.kit,
            "seeds": self.seeds,
            "changes": {
                student: [{**asdict(change), "gain": change.gain} for change in changes]
                for student, changes in self.changes.items()
            },
            "totals": {
                item: {"students": count, "points": points}
                for item, (count, points) in self.totals().items()
            },
            "class": {
                "students": len(self.changes),
                "points": self.gain(bonus=False),
                "bonus_points": self.gain(bonus=True),
            },
            "unchanged": self.unchanged,
            "failed": self.failed,
            "ungraded": self.ungraded,
            "other_findings": self.other_findings,
            **more,
        }
        return as_json(content)

    def _all(self) -> Iterator[ItemChange]:
        return (change for changes in self.changes.values() for change in changes)


def _signed(points: float) -> str:
    return f"{points:+g}" if points else "0"


def _kit_version() -> str:
    try:
        return version("fdl-homework-kit")
    except PackageNotFoundError:  # run from a copied folder that was not installed
        return "unknown"
