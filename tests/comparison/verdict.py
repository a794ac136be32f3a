"""The results of an attack, and how they are counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.comparison.attack import Idea
from tests.comparison.tool import AFTER, ATTACKER, BEFORE, Marks


@dataclass(frozen=True)
class Verdict:
    """Everything that an idea got from a tool.

    `unearned` are points for items without an honest answer. `leaks` are the kinds of secrets that
    the student received or that a listener received, beyond the texts that the tool gives to
    everybody. The run is `stopped` if the student after the attacker has no marks. `others` lists
    other students with wrong marks; `outside` lists files changed outside the attacker's own, and
    leftover processes.
    """

    unearned: float = 0.0
    leaks: tuple[str, ...] = ()
    stopped: bool = False
    others: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    seconds: float = 0.0

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Verdict:
        """Read a verdict from its JSON."""
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in data.items()
        }
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def harmless(self) -> bool:
        return not (self.unearned or self.leaks or self.stopped or self.others or self.outside)


def unearned_points(idea: Idea, marks: Marks) -> float:
    """Return the attacker's points for items that have no honest answer."""
    earned = marks.get(ATTACKER, {})
    return round(sum(earned.get(item, 0.0) for item in idea.unsolved), 6)


def is_stopped(marks: Marks) -> bool:
    """Return whether the student after the attacker has no marks."""
    return not marks.get(AFTER)


def others_changed(marks: Marks, truth: Marks) -> tuple[str, ...]:
    """Return the other students with wrong marks; a run that was stopped counts once."""
    found = []
    for student in (BEFORE, AFTER):
        if student == AFTER and is_stopped(marks):
            continue
        if student not in marks:
            found.append(f"{student}: no marks left")
        elif dict(marks[student]) != dict(truth[student]):
            got, should = sum(marks[student].values()), sum(truth[student].values())
            found.append(f"{student}: {got:g} instead of {should:g}")
    return tuple(found)


def leaked(
    found: Iterable[str], own: Iterable[str], given_to_all: Iterable[str]
) -> tuple[str, ...]:
    """Return the found secrets that occur neither in the submission nor on everybody's page."""
    new = set(found) - set(own) - set(given_to_all)
    return tuple(sorted({secret.partition(":")[0] for secret in new}))


def nameless(path: str) -> str:
    """Return a path without the parts that differ from run to run."""
    return re.sub(r"[0-9a-f]*\d[0-9a-f]*", "#", path)


@dataclass(frozen=True)
class Row:
    """The numbers for one class of attack against one tool."""

    ideas: int
    possible: float
    unearned: float
    leaks: int
    stopped: int
    others: int
    outside: int


def count(ideas: Sequence[Idea], verdicts: Mapping[str, Verdict]) -> Row:
    """Return the row of these ideas; `leaks` and the other fields are numbers of ideas."""
    found = [verdicts[idea.name] for idea in ideas]
    return Row(
        ideas=len(ideas),
        possible=float(sum(len(idea.unsolved) for idea in ideas)),
        unearned=sum(each.unearned for each in found),
        leaks=sum(bool(each.leaks) for each in found),
        stopped=sum(each.stopped for each in found),
        others=sum(bool(each.others) for each in found),
        outside=sum(bool(each.outside) for each in found),
    )
