"""Items and verdicts"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Names = Mapping[str, Any]
"""What a notebook has defined so far: its `globals()`."""

State = Literal["passed", "missing", "open", "broken", "wrong"]
"""missing: not defined; open: not done yet; broken: no usable answer; wrong: another answer."""


@dataclass(frozen=True)
class Item:
    """One thing that is marked; `answers` are the names to define, empty where a person reads."""

    name: str
    points: float
    answers: tuple[str, ...] = ()
    bonus: bool = False

    @property
    def worth(self) -> str:
        """Its points in words."""
        return f"{self.points:g} {'bonus ' * self.bonus}point{'s' * (self.points != 1)}"


class CheckError(Exception):
    """What a check found wrong, in words for the student."""

    def __init__(self, state: State, message: str) -> None:
        super().__init__(message)
        self.state: State = state


def named(error: BaseException) -> str:
    """Return an error in one line, as Python's own tracebacks end."""
    return traceback.format_exception_only(error)[-1].strip()
