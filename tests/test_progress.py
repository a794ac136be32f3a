"""The progress of a long command, on a terminal and elsewhere."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from autograder.commands.progress import SECONDS_BETWEEN_LINES, progress


class Clock:
    """A clock that moves only when a test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def lines_of(steps: list[tuple[float, int]], total: int, clock: Clock) -> list[str]:
    """Return the printed lines; each step has a number of seconds and a number of finished jobs."""
    text = io.StringIO()
    with progress(Console(file=text, width=100), "Marking hw") as watch:
        for seconds, done in steps:
            clock.now = 100.0 + seconds
            watch(done, total)
    return text.getvalue().splitlines()


def test_lines_tell_how_many_are_done_the_rate_and_the_time_left(clock: Clock) -> None:
    assert lines_of([(2.0, 1), (32.0, 17), (62.0, 33)], 49, clock) == [
        "Marking hw: 1 of 49",
        "Marking hw: 17 of 49, 30 per minute, 0:01:04 left",
        "Marking hw: 33 of 49, 31 per minute, 0:00:31 left",
    ]


def test_lines_come_now_and_then_and_for_the_first_and_the_last(clock: Clock) -> None:
    steps = [(float(second), second) for second in range(1, 101)]
    found = lines_of(steps, 100, clock)
    assert found[0].startswith("Marking hw: 1 of 100")
    assert found[-1].startswith("Marking hw: 100 of 100")
    assert len(found) <= 100 / SECONDS_BETWEEN_LINES + 2


def test_those_done_before_the_first_line_say_nothing_of_the_rate(clock: Clock) -> None:
    found = lines_of([(1.0, 901), (61.0, 911)], 1000, clock)
    assert found[1] == "Marking hw: 911 of 1000, 10 per minute, 0:09:03 left"


def test_nothing_to_do_prints_nothing(clock: Clock) -> None:
    assert lines_of([], 0, clock) == []


def test_a_terminal_has_a_bar_with_the_rate() -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=120)
    with progress(console, "Marking hw") as watch:
        for done in range(1, 4):
            watch(done, 3)
    assert "3/3" in text.getvalue()
    assert "per minute" in text.getvalue()
