"""A student's cell after the checks, with the ids and names that help to find its released cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from autograder.submission.pictures import Attachment

CellKind = Literal["code", "markdown", "raw"]

DEFINITION = re.compile(
    r"""^(?:async[ ]+)?(?:def|class)[ \t]+(?P<name>[^\W\d]\w*+)
      | ^[(\[]?(?P<targets>[^\W\d]\w*+(?:[ \t]*,[ \t]*[^\W\d]\w*+)*)
        ,?[)\]]?[ \t]*(?::[^=\n]*)?=(?!=)
      | ^from[ \t]+\S+[ \t]+import[ \t]+(?P<imports>[^\n]+)""",
    re.MULTILINE | re.VERBOSE,
)


@dataclass(frozen=True)
class ReceivedCell:
    """A student's cell after the checks: its text, and its ids.

    `declared` is the cell's nbgrader metadata, which is not checked. `number` is the cell's place
    in the file, counted from 1.
    """

    kind: CellKind
    source: str
    grade_id: str = ""
    declared: tuple[object, ...] = ()
    cell_id: str = ""
    attachments: Mapping[str, Attachment] = field(default_factory=dict, repr=False)
    number: int = 0

    @cached_property
    def text(self) -> str:
        return normal(self.source)

    @cached_property
    def binds(self) -> frozenset[str]:
        return names_bound(self.source)

    @cached_property
    def uses(self) -> frozenset[str]:
        source = self.source if self.kind == "code" else ""
        return frozenset(re.findall(r"[^\W\d]\w*", source))


def normal(source: str) -> str:
    """Return the text without outer blank lines and spaces at line ends, which editors change."""
    return "\n".join(line.rstrip() for line in source.splitlines()).strip()


def names_bound(source: str) -> frozenset[str]:
    """Return the names that a cell defines at its top level, found line by line.

    Python's own parser is unsafe for hostile text (it can exhaust the stack), and a cell may
    contain lines that are not Python (magics).
    """
    names: set[str] = set()
    for match in DEFINITION.finditer(re.sub(r";[ \t]*", "\n", source)):
        if match["name"]:
            names.add(match["name"])
        elif match["targets"]:
            names.update(re.findall(r"\w+", match["targets"]))
        else:
            parts = match["imports"].split(",")
            names.update(words[-1] for part in parts if (words := re.findall(r"\w+", part)))
    return frozenset(names)
