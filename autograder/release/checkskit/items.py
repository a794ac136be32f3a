"""Items and verdicts"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Names = Mapping[str, Any]
"""The names that a notebook has defined so far: its `globals()`."""

State = Literal["passed", "missing", "open", "broken", "wrong"]
"""missing: not defined; open: not done yet; broken: no usable answer; wrong: a wrong answer."""


@dataclass(frozen=True)
class Item:
    """An item; `answers` are the names to define, empty for a text that a person marks."""

    name: str
    points: float
    answers: tuple[str, ...] = ()
    bonus: bool = False
    title: str = ""

    @property
    def worth(self) -> str:
        """The points as text."""
        return f"{self.points:g} {'bonus ' * self.bonus}point{'s' * (self.points != 1)}"

    @property
    def heading(self) -> str:
        """The title and the points as text."""
        return f"{self.title or self.name} ({self.worth})"


Blocks = tuple[tuple[str, str], ...]
"""Texts to compare, each with its label, such as your answer and the expected one."""


class CheckError(Exception):
    """A fault that a check found, in words for the student.

    `compared` are numbers to show below the message, and `diagnosis` names the slip if the check
    knows it. `changed` is an argument that was changed in place: its name and its earlier value.
    """

    def __init__(
        self,
        state: State,
        message: str,
        *,
        compared: Blocks = (),
        diagnosis: str = "",
        changed: tuple[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.state: State = state
        self.compared, self.diagnosis, self.changed = compared, diagnosis, changed


def named(error: BaseException) -> str:
    """Return an error as one line, like the last line of a traceback."""
    return traceback.format_exception_only(error)[-1].strip()
