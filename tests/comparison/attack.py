"""An idea for an attack, in a form that can be put into each tool's own.

A submission answers the four items of `homework.py` as the reference does, but for the cells that
the idea replaces. The places `@NAME@` in its code are each tool's own: `@hidden@` and `@solution@`
are files with the hidden tests and the solutions, `@marks@` where marks are kept, `@victim@` and
`@other@` the submissions of the students after and before, `@course@` the course's folder, `@tcp@`
a port and `@abstract@` an abstract socket on which somebody listens.
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

    `cells` holds code by place: "start" and "end" are cells of its own before the first answer and
    after everything, the others are answers. No item in `unsolved` has an honest answer: each point
    for one is unearned. `differs` names the cells that have to be said in another way for a tool,
    `files` stand beside the notebook, `alter` changes the written
    notebook, and with `link` a link to that place is handed in for the notebook.
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
        """The cells for a tool, with the places filled."""
        cells = {**self.cells, **self.differs.get(tool, {})}
        return {place: fill(textwrap.dedent(text).strip(), places) for place, text in cells.items()}

    def is_answered(self, answer: str) -> bool:
        """Whether the reference's answer stands, where no cell replaces it."""
        return not self.unsolved & set(ANSWERS[answer])
