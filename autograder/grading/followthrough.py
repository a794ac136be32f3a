"""Stand-ins: the reference in the place of a student's other functions, called back to here.

An answer that calls another graded function by name is tested a second time with that name stood
in for, also where both belong to one item. The student's code gets what the reference answers,
never the reference. Its arguments are untrusted, so the reference runs within a time limit and
on few numbers: what it makes of them may be as large as the square of their count, in the grader's
own memory. For the same reason nothing stands in for a function that draws; a figure could not
cross.

Two functions may not save each other: where stand-ins that were used form a circle (A is right if
B is, B is right if A is), none of the functions on it is saved.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FrameType
from typing import Any, get_type_hints

import numpy as np
from matplotlib.figure import Figure

MAX_SECONDS = 5.0
MAX_NUMBERS = 500
MAX_COUNT = 100


class StandIns:
    """The reference in the place of other functions, with a record of which were called."""

    def __init__(self, references: Mapping[str, Callable[..., object]]) -> None:
        self.used: set[str] = set()
        self.functions = {
            name: self._stand_in(name, reference)
            for name, reference in references.items()
            if not _draws(reference)
        }

    def _stand_in(self, name: str, reference: Callable[..., object]) -> Callable[..., object]:
        def stand_in(*args: Any, **kwargs: Any) -> object:
            self.used.add(name)
            _check_size((args, kwargs))
            with _time_limit(MAX_SECONDS):
                return reference(
                    *map(_bounded, args), **{key: _bounded(arg) for key, arg in kwargs.items()}
                )

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


def _draws(function: Callable[..., object]) -> bool:
    try:
        return get_type_hints(function).get("return") is Figure
    except (NameError, TypeError):
        return False


def _bounded(argument: Any) -> Any:
    """A function of the student's whose answers are held to the same bounds; all else as it is."""
    if not callable(argument):
        return argument

    def call(*args: Any, **kwargs: Any) -> Any:
        answer = argument(*args, **kwargs)
        _check_size(answer)
        return answer

    return call


def _check_size(value: object) -> None:
    """Refuse more than MAX_NUMBERS numbers, and whole numbers above MAX_COUNT: they may count."""
    numbers = 0
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            waiting.extend((*part.keys(), *part.values()))
        elif isinstance(part, (list, tuple)):
            waiting.extend(part)
        else:
            numbers += np.size(part) if isinstance(part, np.ndarray) else 1
            _check_count(part)
        if numbers + len(waiting) > MAX_NUMBERS:
            raise ValueError(f"there are more than {MAX_NUMBERS} numbers")


def _check_count(part: object) -> None:
    count = part.item() if isinstance(part, np.ndarray) and part.ndim == 0 else part
    if isinstance(count, int) and abs(count) > MAX_COUNT:
        raise ValueError(f"a count is above {MAX_COUNT}")


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
