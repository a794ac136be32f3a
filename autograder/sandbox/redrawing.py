"""Send a student's pictures to a process behind the walls, which decodes and encodes them again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from autograder.course.limits import MiB
from autograder.sandbox.inside.wire import WireError
from autograder.sandbox.session import HelperProcess, Sandbox

PROCESSOR_SECONDS = (12, 4, 2)
"""Processor seconds for all pictures of a submission: of the first process, and of its successors.

A photo of 12 million pixels takes 0.25 seconds, the worst accepted picture 6.
"""
WAIT_SECONDS = 120.0
"""Seconds to wait for one picture, on a busy machine; processor time ends earlier."""
MEMORY_BYTES = 768 * MiB
"""Bytes of data of the process; the worst accepted picture takes 450 MiB."""

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
        """Return the picture as `inside.redraw` draws it; its bytes are not to be trusted."""
        if self._process is None:
            seconds = next(self._processes, 0)
            if not seconds:
                return Undrawn("slow")
            self._process = self._start(seconds)
        self._sandbox.make_ready()  # restarts the clock of its time limit
        order = ["redraw", np.frombuffer(content, np.uint8), self._max_pixels, is_plain]
        deadline = time.monotonic() + WAIT_SECONDS
        try:
            self._process.channel.send(order, deadline=deadline)
            return _result(self._process.channel.receive(deadline))
        except WireError:  # a limit or a fault of a decoder has ended the process
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
