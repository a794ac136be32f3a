"""Time limits of the grader's own work, and blocks that no limit may stop."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import cast

import pytest

from autograder.timelimit import TimeUpError, time_limit, undisturbed


def protected(done: list[str], *, fail: bool) -> None:
    """Protect a block within a block; the time runs out in the inner block, which may fail."""
    with time_limit(600), undisturbed():
        with undisturbed():
            signal.raise_signal(signal.SIGALRM)
            if fail:
                raise OSError("gone")
        done.append("outer block")


def test_protected_block_is_late_at_its_end() -> None:
    done: list[str] = []
    with pytest.raises(TimeUpError):
        protected(done, fail=False)
    assert done == ["outer block"]


def test_protected_block_that_fails_late_makes_no_later_block_late() -> None:
    with pytest.raises(OSError, match="gone"):
        protected([], fail=True)
    with undisturbed():
        pass


def test_alarm_does_not_keep_a_block_from_being_left() -> None:
    """An alarm that interrupts contextlib, which is leaving the block, raises nothing."""
    frames: list[FrameType] = []

    @contextlib.contextmanager
    def block() -> Iterator[None]:
        try:
            yield
        finally:
            frames.append(sys._getframe(1))
            alarm(signal.SIGALRM, frames[-1])

    with time_limit(600):
        alarm = cast(Callable[[int, FrameType | None], None], signal.getsignal(signal.SIGALRM))
        with block():
            pass
        with pytest.raises(TimeUpError):
            alarm(signal.SIGALRM, sys._getframe())
    assert [frame.f_code.co_name for frame in frames] == ["__exit__"]
