"""Limit the time, memory and disk that one submission may use.

A homework can set each limit in `[assignments.NAME.limits]`. A limit is rejected if it is too small
for any code to run, or so large that the grader itself would break.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

KiB, MiB, GiB = 2**10, 2**20, 2**30


def _between(low: float, high: float, unit: str) -> Meta:
    """Return the bounds of a limit in the settings, with advice for a value outside them."""
    return Meta(ge=low, le=high, description=f"write a number of {unit} from {low:_} to {high:_}")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits for a submission's code: time, memory, disk, and numbers of files and processes.

    The kernel enforces `memory_bytes`, `file_bytes` and `descriptors`, separately in each process.
    A watchdog enforces `total_memory_bytes`, `total_descriptors` and `files` (and `disk_bytes`
    without the outer wall, bubblewrap). It checks ten times a second, and a hundred times a second
    while more than a quarter of the memory is in use. Code can exceed these limits for a moment.
    Behind the outer wall, files are stored in memory, but they count towards the disk limit.
    """

    cell_seconds: Annotated[float, _between(1, 3_600, "seconds")] = 30.0
    """Seconds for one cell of a notebook; each cell that was stopped divides this limit by 3."""
    call_seconds: Annotated[float, _between(0.1, 3_600, "seconds")] = 10.0
    """Seconds for one call of a student's function by a hidden test."""
    submission_seconds: Annotated[float, _between(5, 86_400, "seconds")] = 90.0
    """Seconds for one submission: all its notebooks and all tests together."""

    memory_bytes: Annotated[int, _between(512 * MiB, 1024 * GiB, "bytes")] = 2 * GiB
    """Bytes of address space of one process; numpy, pyplot and IPython take about 0.3 GiB."""
    total_memory_bytes: Annotated[int, _between(512 * MiB, 1024 * GiB, "bytes")] = 4 * GiB
    """Bytes of memory that all processes use together, including the kernel's page tables."""
    processes: Annotated[int, _between(8, 4_096, "processes")] = 64
    """Number of processes and threads that may run at the same time."""
    descriptors: Annotated[int, _between(64, 65_536, "open files")] = 256
    """Number of files and sockets that one process may have open."""
    total_descriptors: Annotated[int, _between(64, 1_048_576, "open files")] = 2_048
    """Number of files and sockets that all processes together may have open."""
    file_bytes: Annotated[int, _between(MiB, 64 * GiB, "bytes")] = 64 * MiB
    """Largest size of one file, in bytes."""
    disk_bytes: Annotated[int, _between(16 * MiB, 256 * GiB, "bytes")] = 256 * MiB
    """Largest size of all files together, in bytes."""
    files: Annotated[int, _between(1_000, 10_000_000, "files")] = 20_000
    """Number of files and folders."""

    output_bytes: Annotated[int, _between(10_000, 16_000_000, "bytes")] = 4_000_000
    """Bytes of text and pictures to keep from one cell's output."""
    shown_bytes: Annotated[int, _between(10_000, 64_000_000, "bytes")] = 16_000_000
    """Bytes of text and pictures to keep from the output of all cells of one notebook together."""
    message_bytes: Annotated[int, _between(100_000, 16_000_000, "bytes")] = 1_000_000
    """Largest size of one call's arguments or answer without arrays, in bytes."""
    answer_bytes: Annotated[int, _between(100_000, 64_000_000, "bytes")] = 16_000_000
    """Largest size of the arrays in one call's arguments or answer, in bytes."""
    callbacks: Annotated[int, _between(1_000, 100_000_000, "calls")] = 100_000
    """Number of calls to a test's functions that a student's function may make in one call."""

    def conflicts(self) -> Iterator[tuple[str, str]]:
        """Yield pairs of names (part, whole) if the limit of the part exceeds the whole's."""
        for part, whole in _PARTS.items():
            if getattr(self, part) > getattr(self, whole):
                yield part, whole


_PARTS = {
    "cell_seconds": "submission_seconds",
    "call_seconds": "submission_seconds",
    "memory_bytes": "total_memory_bytes",
    "descriptors": "total_descriptors",
    "file_bytes": "disk_bytes",
    "output_bytes": "shown_bytes",
}
"""Pairs of limits: the first limit cannot exceed the second."""


def size(count: int) -> str:
    """Return a number of bytes as a short text, such as 4 GiB."""
    for unit, name in ((GiB, "GiB"), (MiB, "MiB"), (KiB, "KiB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"


def as_written(limit: float) -> str:
    """Return a limit as it is written in the settings file, such as 4_000_000."""
    return f"{limit:_}" if isinstance(limit, int) else f"{limit:g}"
