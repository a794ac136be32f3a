"""How much of everything one submission may use."""

from __future__ import annotations

from dataclasses import dataclass, fields

from autograder.errors import SandboxError

KiB, MiB, GiB = 2**10, 2**20, 2**30


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Time, memory, disk and amounts that a submission's code gets.

    `memory_bytes`, `file_bytes` and `descriptors` hold for each process on its own and are kept
    by the kernel. `total_memory_bytes`, `total_descriptors` and `files` (and `disk_bytes` without
    the outer wall) are kept by a watchdog. It looks ten times a second, and a hundred times while
    more than a quarter of the memory is in use, so they can be passed for a moment. Files behind
    the outer wall are in memory too, but count as disk.
    """

    cell_seconds: float = 30.0
    """Wall time for one cell of a notebook; a third of it after each cell that was stopped."""
    call_seconds: float = 10.0
    """Wall time for one call of a student's function by a hidden test."""
    submission_seconds: float = 90.0
    """Wall time for one submission, with all its notebooks and all tests together."""

    memory_bytes: int = 2 * GiB
    """Address space of one process; numpy, pyplot and IPython take about 0.3 GiB of it."""
    total_memory_bytes: int = 4 * GiB
    """Memory in use by all processes together, with what the kernel needs to map it."""
    processes: int = 64
    """Processes and threads at the same time."""
    descriptors: int = 256
    """Open files and sockets of one process."""
    total_descriptors: int = 2_048
    """Open files and sockets of all processes together."""
    file_bytes: int = 64 * MiB
    """Size of one file."""
    disk_bytes: int = 256 * MiB
    """Size of all files together."""
    files: int = 20_000
    """Number of files and folders."""

    output_bytes: int = 4_000_000
    """What is kept of the text and pictures that one cell shows."""
    shown_bytes: int = 16_000_000
    """Text and pictures that are kept of all cells of one notebook together."""
    message_bytes: int = 1_000_000
    """One message on the wire, arrays not counted."""
    answer_bytes: int = 16_000_000
    """The arrays of one message."""
    callbacks: int = 100_000
    """Calls that a student's function may make back to the test, for each call of it."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            whole = field.type == "int"
            fits = isinstance(value, int) or (isinstance(value, float) and not whole)
            if isinstance(value, bool) or not fits or not value > 0 or value == float("inf"):
                kind = "whole number" if whole else "number"
                raise SandboxError(
                    f"the limit {field.name} is {value!r}: it has to be a {kind} above 0"
                )
