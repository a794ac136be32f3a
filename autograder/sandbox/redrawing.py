"""Redraw a student's pictures: a process of the sandbox decodes and encodes each picture again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from autograder.course.limits import MiB
from autograder.sandbox.inside.wire import WireError
from autograder.sandbox.session import HelperProcess, Sandbox

PROCESSOR_SECONDS = (12, 4, 2)
"""Processor seconds that each process may use to redraw pictures of one submission.

The first process may use the first number of seconds. A process that replaces it after it has ended
may use the next number. A photo of 12 million pixels takes 0.25 seconds; the slowest accepted
picture takes 6 seconds.
"""
WAIT_SECONDS = 120.0
"""Seconds to wait for one picture. Unless the machine is busy, the processor seconds end first."""
MEMORY_BYTES = 768 * MiB
"""Largest memory of the process in bytes; the largest accepted picture needs 450 MiB."""

Reason = Literal["broken", "pixels", "slow"]


@dataclass(frozen=True)
class Undrawn:
    """A picture that could not be redrawn."""

    reason: Reason


class Redrawing:
    """Redraws the pictures of one submission; a context manager that ends the process."""

    def __init__(self, sandbox: Sandbox, max_bytes: int, max_pixels: int) -> None:
        self._sandbox = sandbox
        self._max_bytes = max_bytes
        self._max_pixels = max_pixels
        self._processes = iter(PROCESSOR_SECONDS)
        self._process: HelperProcess | None = None

    def __enter__(self) -> Redrawing:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def redraw(self, content: bytes, *, is_plain: bool) -> bytes | Undrawn:
        """Return the picture as `inside.redraw` encodes it; the returned bytes are untrusted."""
        self._sandbox.make_ready()  # restarts the clock of the sandbox's time limit
        if self._process is None:
            seconds = next(self._processes, 0)
            if not seconds:
                return Undrawn("slow")
            self._process = self._start(seconds)
        order = ["redraw", np.frombuffer(content, np.uint8), self._max_pixels, is_plain]
        deadline = time.monotonic() + WAIT_SECONDS
        try:
            self._process.channel.send(order, deadline=deadline)
            return _result(self._process.channel.receive(deadline))
        except WireError:  # the process reached a limit, or a decoder crashed
            self._end()
            if self._sandbox.cause is not None:
                self._sandbox.close()
            return Undrawn("slow")

    def _start(self, seconds: int) -> HelperProcess:
        limits = self._sandbox.limits
        return self._sandbox.start_helper(
            "redraw",
            {
                "CPU": seconds,
                "DATA": min(MEMORY_BYTES, limits.memory_bytes),
                "FSIZE": 0,
            },
            arrays=self._max_bytes + MiB,
        )

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None


def _result(message: Any) -> bytes | Undrawn:
    match message:
        case ["drawn", np.ndarray() as drawn] if drawn.dtype == np.uint8 and drawn.ndim == 1:
            return drawn.tobytes()
        case ["refused", "broken" | "pixels" as reason]:
            return Undrawn(reason)
    raise WireError("not a picture")
