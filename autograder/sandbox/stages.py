"""Measure how many seconds each stage of marking a submission takes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator


class StageTimes:
    """The times of the stages of one marking: `seconds` maps the name of each stage to its seconds.

    When a stage begins inside another stage, the clock of the outer stage stops. The times of all
    stages therefore add up to the time of the whole marking.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running: list[str] = []
        self._since = 0.0

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block (or of the decorated function) to the stage `name`."""
        self._turn()
        self._running.append(name)
        try:
            yield
        finally:
            self._turn()
            self._running.pop()

    def _turn(self) -> None:
        """Add the time since the last change of stage to the stage that was running."""
        now = time.perf_counter()
        if self._running:
            name = self._running[-1]
            self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now
