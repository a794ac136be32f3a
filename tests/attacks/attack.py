"""An attack: a submission with one idea, and the items that the attack may and may not cost.

An attack's notebook gives the reference's answer to each item, except in the cells that `answers`
names. `scene.py` replaces each place `@NAME@` in the attack's code. `@course@` is the scratch
course's folder, `@checkout@` is the kit's folder, and `@victim@` is the folder of the victim's
submission. `@kept@` is the folder in which the grader keeps results of earlier runs. `@tcp@` and
`@udp@` are ports on loopback. `@unix@` and `@abstract@` are sockets on which the test listens.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course.samples import SampleStudent

KINDS = (
    "forged values",
    "patched graders",
    "stolen answers",
    "leaks",
    "forged results",
    "planted files",
    "notebooks",
    "exhaustion",
    "gaming",
    "warm parent",
)

WHOLE_COURSE = ("problem1_momentum", "problem2_landscape", "problem3_ntk")


@dataclass(frozen=True)
class Attack:
    """One idea.

    No item in `unsolved` has an honest answer, so no item in `unsolved` may earn a point. Items in
    `spends` have right answers but may lose points through the attack; all other items must keep
    their points. `problems` lists the submitted notebooks, `answers` replaces cells by their ids,
    `before` inserts a cell before an answer, and `spoil` changes the written folder. A `hasty`
    attack runs with short time limits; a `slow` attack is left out of the everyday run.
    """

    name: str
    kind: str
    idea: str
    answers: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    unsolved: frozenset[str] = frozenset()
    spends: frozenset[str] = frozenset()
    spoil: Callable[[Path], None] | None = None
    problems: tuple[str, ...] = ("problem3_ntk",)
    hasty: bool = False
    slow: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.name}: {self.kind!r} is no kind of attack")

    def __str__(self) -> str:
        return self.name

    @property
    def group(self) -> tuple[tuple[str, ...], bool]:
        """Attacks with equal groups can be marked in one sandbox, with one victim."""
        return self.problems, self.hasty

    def student(self, places: Mapping[str, object]) -> SampleStudent:
        """The student who submits the attack; all places are filled in."""

        def filled(cells: Mapping[str, str]) -> dict[str, str]:
            return {
                name: fill(textwrap.dedent(code).strip(), places) for name, code in cells.items()
            }

        return SampleStudent("attacker", self.idea, filled(self.answers), filled(self.before))


def fill(code: str, places: Mapping[str, object]) -> str:
    """Return the code with each `@NAME@` replaced by the path or port that it stands for."""
    for name, value in places.items():
        code = code.replace(f"@{name}@", str(value))
    return code


def instead(
    kind: str, name: str, idea: str, cell: str, code: str, unsolved: Iterable[str], **rest: object
) -> Attack:
    """Return an attack that replaces one answer."""
    return Attack(name, kind, idea, {cell: code}, unsolved=frozenset(unsolved), **rest)  # type: ignore[arg-type]


def kernel(kind: str, name: str, idea: str, code: str, **rest: object) -> Attack:
    """Return an attack that replaces `empirical_ntk(v, W, X, n)`."""
    return instead(kind, name, idea, "p3b-kernel-answer", code, ["p3b-kernel"], **rest)


def limit(kind: str, name: str, idea: str, code: str, **rest: object) -> Attack:
    """Return an attack that replaces `limit_ntk(X, n)`, which two items ask for."""
    return instead(kind, name, idea, "p3c-limit-answer", code, ["p3c-relu", "p3c-squared"], **rest)


def cell(kind: str, name: str, idea: str, code: str, **rest: object) -> Attack:
    """Return an attack in an additional cell before `empirical_ntk`; every item is answered."""
    return Attack(name, kind, idea, before={"p3b-kernel-answer": code}, **rest)  # type: ignore[arg-type]
