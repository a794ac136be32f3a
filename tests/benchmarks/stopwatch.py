"""A stopwatch for functions: each moment counts for the innermost watched function that is running.

`python -P stopwatch.py COURSE ASSIGNMENT` marks and records all submissions of COURSE, one after
another in one process. The command prints the seconds and calls of each stage as JSON.
"""

from __future__ import annotations

import contextlib
import functools
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.config import _prepareconfig

from autograder.course.assignment import Course
from autograder.gradebook.recorder import Recorder
from autograder.grading import hiddentests, mark, notebooks
from autograder.grading.jobs import MarkSettings, find_jobs
from autograder.sandbox import session, student

ELSEWHERE = "the rest"


class Stopwatch:
    """Seconds and calls by label; the seconds of all labels add up to the elapsed time."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self._running = [ELSEWHERE]
        self._since = time.perf_counter()

    @contextlib.contextmanager
    def during(self, label: str) -> Iterator[None]:
        """Count the block's time for `label`, except the time of other watched functions."""
        self._charge()
        self._running.append(label)
        self.calls[label] += 1
        try:
            yield
        finally:
            self._charge()
            self._running.pop()

    def stop(self) -> None:
        """Count the time since the last watched function ended."""
        self._charge()

    def watch(self, patch: pytest.MonkeyPatch, owner: Any, name: str, label: str) -> None:
        """Count the time of `owner.name` for `label` from now on."""
        function = getattr(owner, name)

        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            with self.during(label):
                return function(*args, **kwargs)

        patch.setattr(owner, name, watched)

    def _charge(self) -> None:
        now = time.perf_counter()
        self.seconds[self._running[-1]] += now - self._since
        self._since = now


class PytestWatch:
    """A pytest plugin that separates pytest's own time from the time of the hidden tests."""

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Iterator[None]:
        """The time to read the modules of hidden tests."""
        with self._watch.during("hidden tests: collection"):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_pyfunc_call(self) -> Iterator[None]:
        """The time of a test's body, which draws inputs, computes right answers, and compares."""
        with self._watch.during("hidden tests: their own arithmetic"):
            return (yield)


def watch_marking(watch: Stopwatch, patch: pytest.MonkeyPatch) -> None:
    """Watch every stage of marking and recording a submission."""
    for owner, name, label in (
        (mark, "open_notebooks", "reading the submission"),
        (session, "launch", "sandbox: walls"),
        (session.Sandbox, "_launch", "sandbox: imports of its parent"),
        (session.Sandbox, "start", "sandbox: a process for each notebook"),
        (session.Sandbox, "sweep", "sandbox: sweeps"),
        (session.Sandbox, "renew", "sandbox: made ready for the next"),
        (session.Sandbox, "close", "sandbox: its end"),
        (session.NotebookProcess, "run", "cells"),
        (session.NotebookProcess, "connect", "hidden tests: forks"),
        (session.NotebookProcess, "end_test", "hidden tests: ends of forks"),
        (student.Student, "_call", "hidden tests: calls"),
        (hiddentests.HiddenTests, "__init__", "hidden tests: pytest"),
        (hiddentests.HiddenTests, "run", "hidden tests: pytest"),
        (mark, "_report", "the Report"),
        (notebooks, "clean_notebook", "outputs made harmless"),
        (Recorder, "record", "recording: gradebook and notebooks"),
    ):
        watch.watch(patch, owner, name, label)

    def configure_watched(options: list[str], plugins: list[Any]) -> pytest.Config:
        return _prepareconfig(options, [*plugins, PytestWatch(watch)])

    patch.setattr(hiddentests, "_prepareconfig", configure_watched)


def main(root: Path, name: str) -> None:
    """Mark and record a whole class under the stopwatch."""
    course = Course(root)
    assignment = course.assignment(name)
    watch = Stopwatch()
    with pytest.MonkeyPatch.context() as patch:
        watch_marking(watch, patch)
        with contextlib.ExitStack() as stack:
            with watch.during("opening the gradebook"):
                book = stack.enter_context(Recorder(course, assignment))
            sandbox = stack.enter_context(mark.open_sandbox(MarkSettings()))
            warm = stack.enter_context(contextlib.closing(mark.Warm()))
            for job in find_jobs(course, name):
                marking = mark.mark_submission(
                    course, assignment, job.path, sandbox=sandbox, warm=warm
                )
                book.record(job.student, marking)
    watch.stop()
    print(json.dumps({"seconds": watch.seconds, "calls": watch.calls}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
