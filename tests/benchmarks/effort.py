"""What a command costs: the seconds that pass, and those of processors, of all its processes.

The kernel counts for us: a counter of `perf_event_open` is inherited by each process that is
started, and keeps what they used, also when nobody waited for them. What `getrusage` knows of
children is less: where a process name space ends, as the sandbox's does, the time of the processes
in it is nobody's.
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
    """Seconds that passed, and seconds of processors; None where the kernel doesn't count."""

    seconds: float
    cpu: float | None


def measure(action: Callable[[], object]) -> Effort:
    """What it costs to do this, in this process and in all that it starts."""
    with _counter() as counter:
        before, begin = _read(counter), time.perf_counter()
        action()
        seconds, after = time.perf_counter() - begin, _read(counter)
    return Effort(seconds, None if before is None or after is None else after - before)


def is_counted() -> bool:
    """Whether the kernel counts the time of processors for us."""
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
    # The clock of a task has no parts: it counts the kernel's time also for those who may not see
    # into the kernel, and have to say so.
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
