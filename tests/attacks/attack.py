"""What an attack is: a submission with one idea, and what it may and may not cost.

An attack's notebook answers every item as the reference does, but for the cells named in
`answers`. The places `@NAME@` in its code are filled in by the scene (see `scene.py`): `@course@`
is the scratch course's folder, `@checkout@` the kit's, `@victim@` the folder of the victim's
submission, `@kept@` where the grader keeps what earlier runs worked out, `@tcp@` and `@udp@` are
ports on loopback and `@unix@` and `@abstract@` sockets on which somebody listens.
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

    No item in `unsolved` has an honest answer, so none of them may earn a point. Items in `spends`
    are answered, but go down with the attack (or may); all others have to keep their points.
    `problems` are the notebooks that are handed in, `answers` replaces cells by their ids, `before`
    puts a cell in front of one, and `spoil` changes the written folder. A `hasty` attack runs under
    short limits of time, a `slow` one is no part of the everyday run.
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
        """Attacks that agree in this can be marked in one sandbox, with one victim."""
        return self.problems, self.hasty

    def student(self, places: Mapping[str, object]) -> SampleStudent:
        """The student who hands it in, with the places filled."""

        def filled(cells: Mapping[str, str]) -> dict[str, str]:
            return {
                name: fill(textwrap.dedent(code).strip(), places) for name, code in cells.items()
            }

        return SampleStudent("attacker", self.idea, filled(self.answers), filled(self.before))


def fill(code: str, places: Mapping[str, object]) -> str:
    """The code with every `@NAME@` of a place replaced."""
    for name, value in places.items():
        code = code.replace(f"@{name}@", str(value))
    return code


def instead(
    kind: str, name: str, idea: str, cell: str, code: str, unsolved: Iterable[str], **rest: object
) -> Attack:
    """An attack in the place of one answer."""
    return Attack(name, kind, idea, {cell: code}, unsolved=frozenset(unsolved), **rest)  # type: ignore[arg-type]


def kernel(kind: str, name: str, idea: str, code: str, **rest: object) -> Attack:
    """An attack in the place of `empirical_ntk(v, W, X, n)`."""
    return instead(kind, name, idea, "p3b-kernel-answer", code, ["p3b-kernel"], **rest)


def limit(kind: str, name: str, idea: str, code: str, **rest: object) -> Attack:
    """An attack in the place of `limit_ntk(X, n)`, which two items ask for."""
    return instead(kind, name, idea, "p3c-limit-answer", code, ["p3c-relu", "p3c-squared"], **rest)


def cell(kind: str, name: str, idea: str, code: str, **rest: object) -> Attack:
    """An attack in a cell of its own before `empirical_ntk`, with every item answered."""
    return Attack(name, kind, idea, before={"p3b-kernel-answer": code}, **rest)  # type: ignore[arg-type]
