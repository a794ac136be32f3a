"""Show the progress of a long command: a bar on a terminal, occasional lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from autograder.console import ProgressCallback

SECONDS_BETWEEN_LINES = 15.0


class _Rate(ProgressColumn):
    """A column with the current rate, such as 120 per minute."""

    def render(self, task: Task) -> Text:
        """Return the rate as text; empty before the first step is done."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{60 * speed:.0f} per minute")


class _Lines:
    """A progress display in lines: one for the first step, one for the last, and some between."""

    def __init__(self, console: Console, what: str) -> None:
        self._console = console
        self._what = what
        self._begin = time.monotonic()
        self._first: int | None = None
        self._next = self._begin

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = done
        if now < self._next and done < total:
            return
        self._next = now + SECONDS_BETWEEN_LINES
        line = f"{self._what}: {done} of {total}"
        seconds, since = now - self._begin, done - self._first
        if since > 0 and seconds > 0:
            left = timedelta(seconds=round((total - done) * seconds / since))
            line += f", {60 * since / seconds:.0f} per minute, {left} left"
        self._console.print(line, highlight=False)


@contextmanager
def progress(console: Console, what: str) -> Iterator[ProgressCallback]:
    """Show the progress of a task called `what`; call the yielded function after each step."""
    if not console.is_terminal:
        yield _Lines(console, what)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
