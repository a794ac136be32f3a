"""What came of an attack, and how it is counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.comparison.attack import Idea
from tests.comparison.tool import AFTER, ATTACKER, BEFORE, Marks


@dataclass(frozen=True)
class Verdict:
    """What an idea got from a tool.

    `unearned` are points for items without an honest answer. `leaks` are the kinds of secrets that
    the student was given, or that were heard, beyond what the tool gives to everybody. The run is
    `stopped` if the student after the attacker has no marks. `others` are other students whose
    marks are not theirs, `outside` files changed or made outside the attacker's own, and processes
    that were left running.
    """

    unearned: float = 0.0
    leaks: tuple[str, ...] = ()
    stopped: bool = False
    others: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    seconds: float = 0.0

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Verdict:
        """A verdict from its JSON."""
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
    """What the attacker was given for items that have no honest answer."""
    earned = marks.get(ATTACKER, {})
    return round(sum(earned.get(item, 0.0) for item in idea.unsolved), 6)


def is_stopped(marks: Marks) -> bool:
    """Whether the student after the attacker was left without marks."""
    return not marks.get(AFTER)


def others_changed(marks: Marks, truth: Marks) -> tuple[str, ...]:
    """The students whose marks are not what they should be; a run that was stopped counts once."""
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
    """The kinds of secrets found that stand neither in the submission nor in everybody's page."""
    new = set(found) - set(own) - set(given_to_all)
    return tuple(sorted({secret.partition(":")[0] for secret in new}))


def nameless(path: str) -> str:
    """A path without the parts that differ from run to run."""
    return re.sub(r"[0-9a-f]*\d[0-9a-f]*", "#", path)


@dataclass(frozen=True)
class Row:
    """One class of attack against one tool, counted."""

    ideas: int
    possible: float
    unearned: float
    leaks: int
    stopped: int
    others: int
    outside: int


def count(ideas: Sequence[Idea], verdicts: Mapping[str, Verdict]) -> Row:
    """The row of these ideas; `leaks` and the rest are numbers of ideas."""
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
