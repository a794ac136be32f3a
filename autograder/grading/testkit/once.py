"""What several tests of an item look at is taken from the student once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class Once:
    """Asks until there is an answer, and afterwards gives that one: `once(ask)`."""

    def __init__(self) -> None:
        self._answers: list[Any] = []

    @property
    def is_answered(self) -> bool:
        """Whether somebody has got an answer."""
        return bool(self._answers)

    def __call__(self, ask: Callable[[], Answer]) -> Answer:
        if not self._answers:
            self._answers.append(ask())
        answer: Answer = self._answers[0]
        return answer
