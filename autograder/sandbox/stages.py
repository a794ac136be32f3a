"""Where the time goes: seconds of this process's work, by stage.

A stage that begins within another one stops its clock, so that the stages of a submission add up to
the time it took. One process works on one submission at a time.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

_seconds: dict[str, float] = {}
_running: list[str] = []
_since = 0.0


@contextlib.contextmanager
def stage(name: str) -> Iterator[None]:
    """Count the time spent inside for the stage `name`."""
    _turn()
    _running.append(name)
    try:
        yield
    finally:
        _turn()
        _running.pop()


def _turn() -> None:
    """Give the time since the last turn to the stage that was running."""
    global _since
    now = time.perf_counter()
    if _running:
        _seconds[_running[-1]] = _seconds.get(_running[-1], 0.0) + now - _since
    _since = now


def take() -> dict[str, float]:
    """The seconds counted since the last time, by stage."""
    found = dict(_seconds)
    _seconds.clear()
    return found
