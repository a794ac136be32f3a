"""What marking a graded class anew would change: shown before it is written, and kept after.

The stored Reports are held against new ones, drawn from the same seed. Points given by hand stay
what they are, whatever the new Report says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from autograder.assignment import Assignment, Course, Item
from autograder.errors import RecordError
from autograder.grading.report import Claim, ItemReport, Report
from autograder.records.bookkeeping import (
    REPORT,
    PatientGradebook,
    course_directory,
    open_database,
)

FOLDER = "regraded"
SCHEMA = "fdl-regrading/1"


@dataclass(frozen=True)
class ItemChange:
    """A mark that would change: points and maximum before and after, and why.

    `before` or `after` is None for an item that was not there, or is no more. `by_hand` says that
    a person has given the points of this item, which then stay.
    """

    item: str
    before: float | None
    after: float | None
    max_before: float | None
    max_after: float | None
    reasons: tuple[str, ...] = ()
    by_hand: bool = False

    @property
    def gain(self) -> float:
        """By how much the marks in the gradebook change."""
        return 0.0 if self.by_hand else round((self.after or 0.0) - (self.before or 0.0), 2)


@dataclass(frozen=True)
class Regrading:
    """What marking a class anew found, by student.

    `failed` names those who could not be marked and keep their marks, with the reason;
    `ungraded` those who were never graded; `reworded` counts the items whose claims changed in
    their words alone.
    """

    assignment: str
    changes: Mapping[str, tuple[ItemChange, ...]]
    unchanged: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    ungraded: tuple[str, ...] = ()
    reworded: int = 0

    def totals(self) -> dict[str, tuple[int, float]]:
        """For each item how many students' marks change, and by how many points together."""
        found: dict[str, tuple[int, float]] = {}
        for change in (change for changes in self.changes.values() for change in changes):
            count, points = found.get(change.item, (0, 0.0))
            found[change.item] = count + 1, round(points + change.gain, 2)
        return found

    def table(self) -> Table:
        """Every student and item whose mark changes, and why."""
        table = Table("student", "item", "points", "why", title=f"Marks of {self.assignment}")
        for student, changes in self.changes.items():
            for change in changes:
                table.add_row(*map(Text, (student, change.item, _points(change), _why(change))))
        table.add_section()
        for item, (count, points) in self.totals().items():
            table.add_row("together", item, f"{points:+g}", f"{count} students")
        return table

    def remarks(self) -> Iterator[str]:
        """What else there is to say, in sentences."""
        yield f"Students whose marks change: {len(self.changes)}; unchanged: {len(self.unchanged)}."
        if self.reworded:
            yield f"Items with other words for the same mark: {self.reworded}."
        for student, reason in self.failed.items():
            yield f"{student} was not marked and keeps the marks: {reason}"
        if self.ungraded:
            yield f"Never graded, so left alone: {', '.join(self.ungraded)}."

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "schema": SCHEMA,
            "assignment": self.assignment,
            "kit": _kit_version(),
            "changes": {
                student: [asdict(change) for change in changes]
                for student, changes in self.changes.items()
            },
            "totals": {
                item: {"students": count, "points": points}
                for item, (count, points) in self.totals().items()
            },
            "unchanged": list(self.unchanged),
            "failed": dict(self.failed),
            "ungraded": list(self.ungraded),
            "reworded": self.reworded,
        }

    def to_json(self) -> str:
        """`to_dict` as text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"


def _points(change: ItemChange) -> str:
    def shown(points: float | None, maximum: float | None) -> str:
        return "none" if points is None else f"{points:g} of {maximum:g}"

    before, after = shown(change.before, change.max_before), shown(change.after, change.max_after)
    return f"{before} → {after}"


def _why(change: ItemChange) -> str:
    kept = ("a person gave the points: they stay",) if change.by_hand else ()
    return "\n".join((*kept, *change.reasons))


def stored_reports(course: Course, assignment: Assignment) -> dict[str, Report]:
    """The Reports of the students who have been graded, by name."""
    folders = sorted((course.root / "autograded").glob(f"*/{assignment.name}"))
    return {
        folder.parent.name: Report.from_json((folder / REPORT).read_text(encoding="utf-8"))
        for folder in folders
        if (folder / REPORT).is_file()
    }


def given_by_hand(course: Course, assignment: Assignment, student: str) -> frozenset[str]:
    """The auto items whose points a person has given in the formgrader."""
    auto = {item.name: item for item in assignment.select("auto")}
    coursedir = course_directory(course, assignment)
    with open_database(coursedir.db_url, course) as gradebook:
        submission = gradebook.find_submission(assignment.name, student)
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        return frozenset(
            grade.name
            for grade in grades
            if grade.name in auto and _is_by_hand(gradebook, auto[grade.name], grade)
        )


def _is_by_hand(gradebook: PatientGradebook, item: Item, grade: Any) -> bool:
    if item.bonus:
        return grade.extra_credit not in (None, gradebook.recorded_credit(grade.id))
    return grade.manual_score is not None


def changes_between(
    old: Report, new: Report, by_hand: Iterable[str] = ()
) -> tuple[ItemChange, ...]:
    """The auto items whose points or maximum differ, in the order of the new Report."""
    given = frozenset(by_hand)
    names = [*new.items, *(name for name in old.items if name not in new.items)]
    changes = (_change(name, old.items.get(name), new.items.get(name), given) for name in names)
    return tuple(change for change in changes if change is not None)


def reworded(old: Report, new: Report) -> int:
    """How many items keep their mark and say something else of it."""
    return sum(
        name in old.items
        and _mark(old.items[name]) == _mark(item)
        and _words(old.items[name]) != _words(item)
        for name, item in new.items.items()
    )


def _change(
    name: str, old: ItemReport | None, new: ItemReport | None, given: frozenset[str]
) -> ItemChange | None:
    kinds = {item.kind for item in (old, new) if item is not None}
    if "auto" not in kinds or _mark(old) == _mark(new):
        return None
    return ItemChange(
        item=name,
        before=old.points if old else None,
        after=new.points if new else None,
        max_before=old.max_points if old else None,
        max_after=new.max_points if new else None,
        reasons=tuple(_reasons(old, new)),
        by_hand=name in given,
    )


def _mark(item: ItemReport | None) -> tuple[float, float] | None:
    return (item.points, item.max_points) if item else None


def _words(item: ItemReport) -> tuple[object, ...]:
    return item.claims, item.message, item.diagnosis


def _reasons(old: ItemReport | None, new: ItemReport | None) -> Iterator[str]:
    """Which claims hold no longer, hold now, came or went; and what else has changed."""
    if old is None or new is None:
        yield "the item is new" if old is None else "the item is no more"
        return
    if old.max_points != new.max_points:
        yield f"it is worth {new.max_points:g} instead of {old.max_points:g}"
    if new.message and new.message != old.message:
        yield new.message
    before = {claim.claim: claim for claim in old.claims}
    after = {claim.claim: claim for claim in new.claims}
    for text, claim in after.items():
        yield from _claim_reason(before.get(text), claim)
    yield from (f"no longer asked: {text}" for text in before if text not in after)
    if new.diagnosis != old.diagnosis and new.diagnosis:
        yield f"now named: {new.diagnosis}"


def _claim_reason(old: Claim | None, new: Claim) -> Iterator[str]:
    if old is None:
        yield f"new, {'holds' if new.passed else 'does not hold'}: {new.claim}"
    elif old.passed != new.passed:
        yield f"{'now holds' if new.passed else 'no longer holds'}: {new.claim}"


def regrading_of(
    course: Course,
    assignment: Assignment,
    old: Mapping[str, Report],
    new: Mapping[str, Report],
    *,
    failed: Mapping[str, str],
    ungraded: Iterable[str] = (),
) -> Regrading:
    """The stored Reports of students held against new ones; `failed` could not be marked."""
    changes = {
        student: changes_between(old[student], report, given_by_hand(course, assignment, student))
        for student, report in sorted(new.items())
    }
    return Regrading(
        assignment=assignment.name,
        changes={student: found for student, found in changes.items() if found},
        unchanged=tuple(student for student, found in changes.items() if not found),
        failed=dict(sorted(failed.items())),
        ungraded=tuple(ungraded),
        reworded=sum(reworded(old[student], report) for student, report in new.items()),
    )


def keep(course: Course, regrading: Regrading, moment: datetime) -> Path:
    """Write what was changed into a dated file that nothing overwrites; returns its path."""
    folder = course.root / FOLDER / regrading.assignment
    folder.mkdir(parents=True, exist_ok=True)
    name = moment.strftime("%Y-%m-%dT%H-%M-%S")
    for number in range(1, 1000):
        path = folder / (f"{name}.json" if number == 1 else f"{name}-{number}.json")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(json.dumps({"at": moment.isoformat(), **regrading.to_dict()}, indent=2))
                file.write("\n")
            return path
        except FileExistsError:
            continue
    raise RecordError(f"{folder} holds a thousand records of {name} already")


def _kit_version() -> str:
    try:
        return version("fdl-homework-kit")
    except PackageNotFoundError:
        return "unknown"
