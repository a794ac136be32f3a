"""Decide how long to wait for a sandbox to start: longer if the machine is busy."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable, Collection

from autograder.errors import SandboxError
from autograder.sandbox.inside import processes

START_SECONDS = 60.0
"""Seconds that a sandbox may take to start if the machine is not busy."""
MOST_SECONDS = 900.0
"""Seconds after which the grader stops waiting for a sandbox, however busy the machine is."""
MOST_WORK_SECONDS = 60.0
"""Processor seconds after which the grader stops waiting; a start normally needs one or two."""
LOOK_SECONDS = 5.0
"""Seconds between two checks of the sandbox's processes."""
LEAST_SHARE = 0.01
"""Share of one processor; starting processes that used less since the last check are idle."""

_TICK = 1 / os.sysconf("SC_CLK_TCK")


class BusyMachine(SandboxError):
    """An error: a sandbox did not start because it got too little processor time."""


class Patience:
    """Waits for the first message of a starting sandbox; `find` returns the sandbox's processes."""

    def __init__(self, find: Callable[[], Collection[int]]) -> None:
        self._find = find
        self._begin = time.monotonic()
        self._seen: dict[int, float] = {}
        self._used = 0.0

    def wait(self, stream: socket.socket, look: Callable[[], object] = lambda: None) -> None:
        """Return when `stream` has data, or when no data can be expected any more.

        `look` is called every few seconds. Raises BusyMachine if the sandbox takes too long to
        start although its processes still work or wait for a processor.
        """
        ready = select.poll()
        ready.register(stream, select.POLLIN)
        while not ready.poll(1000 * LOOK_SECONDS):
            look()
            works = self._works()
            seconds = time.monotonic() - self._begin
            if seconds < START_SECONDS:
                continue
            if not works or self._used > MOST_WORK_SECONDS:
                return
            if seconds > MOST_SECONDS:
                raise BusyMachine(
                    f"the machine is too busy: in {seconds:.0f} seconds, the sandbox got "
                    f"{self._used:.1f} seconds of processor time and did not start. Mark again "
                    "when the machine is less busy, or mark fewer submissions at once (--jobs)"
                )

    def _works(self) -> bool:
        """Return whether the sandbox's processes used, or wait for, a processor or a disk."""
        used, is_at_work = 0.0, False
        for pid in self._find():
            with contextlib.suppress(OSError):  # the process has ended
                state, *fields = processes.stat_fields(pid)
                now = _TICK * (int(fields[10]) + int(fields[11]))
                used += now - self._seen.get(pid, 0.0)
                self._seen[pid] = now
                is_at_work |= state in "RD"
        self._used += used
        return is_at_work or used > LEAST_SHARE * LOOK_SECONDS
