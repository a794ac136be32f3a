"""Time limits for the grader's own work."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

_AGAIN = 0.5
"""Seconds between repeated alarms, in case the first TimeUpError was caught or not raised."""

_SOON = 1e-3
"""Seconds until an overdue alarm is raised; 0 would switch the alarm off."""

_CROSSING = frozenset({__file__, contextlib.__file__})
"""Files whose code enters and leaves `with` blocks; an alarm there is put off until the next one.

If an alarm raised a TimeUpError there, the `finally` of `time_limit` might not run before the
error's traceback is deleted. Until then, the limit would stay on and could stop later code.
"""


class TimeUpError(Exception):
    """The time limit was reached before the work ended."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop the `with` block after `seconds` seconds with a TimeUpError.

    Limits may be nested; an inner limit never outlasts the outer one. A limit may be infinite.
    Outside the main thread a block cannot be stopped, so it runs to its end.
    """
    if math.isinf(seconds) or threading.current_thread() is not threading.main_thread():
        yield
        return
    is_active = True

    def stop(_number: int, frame: FrameType | None) -> None:
        if not is_active:
            return
        if _UNDISTURBED.depth:
            _UNDISTURBED.is_late = True
        elif frame is None or frame.f_code.co_filename not in _CROSSING:
            raise TimeUpError("the time was used up")

    start = time.monotonic()
    handler = signal.signal(signal.SIGALRM, stop)
    left, interval = signal.getitimer(signal.ITIMER_REAL)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(min(seconds, left or seconds), _SOON), _AGAIN)
        yield
    finally:
        is_active = False  # from here on, an alarm belongs to the outer limit
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            rest = max(left - (time.monotonic() - start), _SOON)
            signal.setitimer(signal.ITIMER_REAL, rest, interval)


@dataclass
class _Undisturbed:
    depth: int = 0
    is_late: bool = False


_UNDISTURBED = _Undisturbed()


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Protect the block from time limits; raise TimeUpError at its end if the time ran out.

    This protects steps that belong together, such as starting a process and registering its end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _UNDISTURBED.depth += 1
    is_late = False
    try:
        yield
    finally:
        _UNDISTURBED.depth -= 1
        if not _UNDISTURBED.depth:
            is_late, _UNDISTURBED.is_late = _UNDISTURBED.is_late, False
    if is_late:
        raise TimeUpError("the time was used up")
