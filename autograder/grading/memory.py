"""A bound on the memory that marking one submission takes in the grader's own process."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

from autograder.course.limits import MiB

GRADER_BYTES = 512 * MiB
"""Bytes that marking a submission can get beyond what the process had before.

An honest one takes a tenth of it. More is asked for than is used: threads and buffers reserve room
that they never touch.
"""


@contextlib.contextmanager
def bounded_memory(size: int = GRADER_BYTES) -> Iterator[None]:
    """Let the block get N bytes more; beyond that it gets a MemoryError.

    Without the kernel's count of what a process has (Linux alone keeps one), nothing is bounded.
    """
    used = _data_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if used is not None:
        bounds = {used + size, soft, hard} - {resource.RLIM_INFINITY}
        resource.setrlimit(resource.RLIMIT_DATA, (min(bounds), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _data_bytes() -> int | None:
    """What RLIMIT_DATA counts of this process, in bytes."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        line = next(line for line in status.splitlines() if line.startswith("VmData:"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration, ValueError, IndexError):
        return None
