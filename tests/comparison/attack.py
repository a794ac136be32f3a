"""An idea for an attack, which can be written in the form that each tool needs.

A submission answers the four items of `homework.py` with the reference's answers, except in the
cells that the idea replaces. Each tool replaces the places `@NAME@` in the idea's code: `@hidden@`
and `@solution@` are files with the hidden tests and the solutions, and `@marks@` is the place of
the marks. `@victim@` is the submission of the student after the attacker, and `@other@` is the
submission of the student before. `@course@` is the course's folder, `@tcp@` is a port and
`@abstract@` is an abstract socket, on both of which the test listens.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from nbformat import NotebookNode

from tests.attacks.attack import KINDS, fill
from tests.comparison.homework import ANSWERS, ITEMS

PLACES = ("start", *ANSWERS, "end")
TOOLS = ("nbgrader", "otter", "kit")


@dataclass(frozen=True)
class Idea:
    """One idea.

    `cells` maps places to code: "start" and "end" are additional cells before the first answer and
    after the last cell; the other places are answers. No item in `unsolved` has an honest answer,
    so each point for such an item is unearned. `differs` names the cells that need other code for a
    tool, `files` are put beside the notebook, and `alter` changes the written notebook. With
    `link`, the attacker submits a link to that place instead of the notebook.
    """

    name: str
    kind: str
    idea: str
    cells: Mapping[str, str] = field(default_factory=dict)
    unsolved: frozenset[str] = frozenset()
    differs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    alter: Callable[[str, NotebookNode], None] | None = None
    link: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.name}: {self.kind!r} is no kind of attack")
        if odd := self.unsolved - set(ITEMS):
            raise ValueError(f"{self.name}: there are no items {sorted(odd)}")
        for cells in (self.cells, *self.differs.values()):
            if odd := frozenset(cells) - set(PLACES):
                raise ValueError(f"{self.name}: there are no places {sorted(odd)}")
        if odd := frozenset(self.differs) - set(TOOLS):
            raise ValueError(f"{self.name}: there are no tools {sorted(odd)}")

    def __str__(self) -> str:
        return self.name

    def code(self, tool: str, places: Mapping[str, str]) -> dict[str, str]:
        """Return the cells for a tool, with all places filled in."""
        cells = {**self.cells, **self.differs.get(tool, {})}
        return {place: fill(textwrap.dedent(text).strip(), places) for place, text in cells.items()}

    def is_answered(self, answer: str) -> bool:
        """Return whether the reference's answer is used, since no cell of the idea replaces it."""
        return not self.unsolved & set(ANSWERS[answer])
