"""An upper bound on the time that a piece of the grader's own work takes."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

_AGAIN = 0.5
"""Seconds until the alarm is raised once more, where something caught the first one."""


class TimeUpError(Exception):
    """The time for a piece of work was used up before it ended."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop the block with TimeUpError after so many seconds.

    Limits may be nested; the inner one ends no later than the outer one. A limit may be infinite.
    Outside of the main thread there is no means to stop a block: there it runs to its end.
    """
    if math.isinf(seconds) or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TimeUpError("the time was used up")

    start = time.monotonic()
    handler = signal.signal(signal.SIGALRM, stop)
    left, interval = signal.getitimer(signal.ITIMER_REAL)
    seconds = max(min(seconds, left or seconds), 1e-3)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            rest = max(left - (time.monotonic() - start), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, rest, interval)
