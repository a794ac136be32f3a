"""Stand-ins: the reference in the place of a student's other functions, called back to here.

An answer that calls another graded function by name is tested a second time with that name stood
in for, also where both belong to one item. The student's code gets what the reference answers,
never the reference. Its arguments are untrusted, so the reference runs within a time limit and on
arrays of bounded size.

Two functions may not save each other: where stand-ins that were used form a circle (A is right if
B is, B is right if A is), none of the functions on it is saved.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FrameType
from typing import Any

import numpy as np

MAX_SECONDS = 5.0
MAX_ELEMENTS = 2_000_000
MAX_COUNT = 100_000


class StandIns:
    """The reference in the place of other functions, with a record of which were called."""

    def __init__(self, references: Mapping[str, Callable[..., object]]) -> None:
        self.used: set[str] = set()
        self.functions = {
            name: self._stand_in(name, reference) for name, reference in references.items()
        }

    def _stand_in(self, name: str, reference: Callable[..., object]) -> Callable[..., object]:
        def stand_in(*args: Any, **kwargs: Any) -> object:
            self.used.add(name)
            _check_size((*args, *kwargs.values()))
            with _time_limit(MAX_SECONDS):
                return reference(*args, **kwargs)

        return stand_in


def circular(saved_by: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The names on a circle of `saved_by` (a function -> those that were stood in for below it)."""

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(saved_by.get(start, ()))
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting.extend(saved_by.get(name, ()))
        return seen

    return frozenset(name for name in saved_by if name in reach(name))


def _check_size(arguments: Iterable[object]) -> None:
    for argument in arguments:
        if isinstance(argument, int) and abs(argument) > MAX_COUNT:
            raise ValueError(f"a count is above {MAX_COUNT}")
        if isinstance(argument, (np.ndarray, list, tuple)) and np.size(argument) > MAX_ELEMENTS:
            raise ValueError(f"an array has more than {MAX_ELEMENTS} elements")


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Stop the block with TimeoutError; outside of the main thread there is no such means."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError("the stand-in did not end in time")

    before = signal.signal(signal.SIGALRM, stop)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, before)
