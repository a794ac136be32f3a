"""Limit the memory that marking one submission uses in the grader's own process."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

from autograder.course.limits import MiB

GRADER_BYTES = 512 * MiB
"""Number of bytes by which the process may grow while it marks a submission.

An honest submission needs a tenth of this limit. The limit is large because threads and buffers
reserve memory that they never use.
"""


@contextlib.contextmanager
def bounded_memory(size: int = GRADER_BYTES) -> Iterator[None]:
    """Let the block allocate `size` more bytes; any further allocation raises MemoryError.

    The limit works only on Linux, whose kernel counts a process's memory.
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
    """Return the memory of this process that RLIMIT_DATA counts, in bytes."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        line = next(line for line in status.splitlines() if line.startswith("VmData:"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration, ValueError, IndexError):
        return None
