"""The cost of a command: elapsed seconds, and processor seconds of all its processes.

The kernel does the counting: each new process inherits a counter of `perf_event_open`. The counter
also keeps the time of processes that no other process waited for. `getrusage` misses part of the
children's time: when a process namespace ends, as the sandbox's namespace does, `getrusage` does
not count the processes in that namespace.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_CALLS = {"x86_64": 298, "aarch64": 241}
_SOFTWARE, _TASK_CLOCK = 1, 1
_INHERIT, _NO_KERNEL, _NO_HYPERVISOR = 1 << 1, 1 << 5, 1 << 6
_SIZE = 64
_CLOSE_ON_EXEC = 8


@dataclass(frozen=True)
class Effort:
    """Elapsed seconds, and processor seconds; None if the kernel doesn't count them."""

    seconds: float
    cpu: float | None


def measure(action: Callable[[], object]) -> Effort:
    """Return the cost of a call, in this process and in all processes that the call starts."""
    with _counter() as counter:
        before, begin = _read(counter), time.perf_counter()
        action()
        seconds, after = time.perf_counter() - begin, _read(counter)
    return Effort(seconds, None if before is None or after is None else after - before)


def is_counted() -> bool:
    """Return whether the kernel counts processor time for this user."""
    with _counter() as counter:
        return counter is not None


@contextmanager
def _counter() -> Iterator[int | None]:
    descriptor = _open()
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _open() -> int | None:
    number = _CALLS.get(platform.machine())
    if number is None or os.name != "posix":
        return None
    # A task clock always includes kernel time, because the clock has no parts. A user who may not
    # observe the kernel must request a counter with kernel time explicitly.
    flags = _INHERIT | _NO_KERNEL | _NO_HYPERVISOR
    wanted = struct.pack("=IIQQQQQ", _SOFTWARE, _SIZE, _TASK_CLOCK, 0, 0, 0, flags).ljust(
        _SIZE, b"\0"
    )
    buffer = ctypes.create_string_buffer(wanted, _SIZE)
    call = ctypes.CDLL(None, use_errno=True).syscall
    found = int(call(number, buffer, 0, -1, -1, ctypes.c_ulong(_CLOSE_ON_EXEC)))
    return None if found < 0 else found


def _read(counter: int | None) -> float | None:
    return None if counter is None else struct.unpack("=Q", os.read(counter, 8))[0] / 1e9
