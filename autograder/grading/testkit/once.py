"""Cache an answer that several tests of an item need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class Once:
    """A cache: `once(ask)` calls `ask` until there is an answer, and always returns this answer."""

    def __init__(self) -> None:
        self._answers: list[Any] = []

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return bool(self._answers)

    def __call__(self, ask: Callable[[], Answer]) -> Answer:
        if not self._answers:
            self._answers.append(ask())
        answer: Answer = self._answers[0]
        return answer
