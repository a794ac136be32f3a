"""Many jobs: a limited number of them run at the same time, and no job runs twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from multiprocessing import forkserver as standard
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Course
from autograder.grading import classrun, forkserver
from autograder.grading.classrun import mark_class
from autograder.grading.jobs import Job, Marked, MarkSettings
from autograder.grading.mark import Warm
from autograder.sandbox import Limits, Sandbox
from tests.gradebook.course import NO_WALLS
from tests.grading.conftest import ROOT

WORKERS = 2
JOBS = [Job(f"student {number:03}", Path("/nonexistent") / str(number)) for number in range(60)]
"""Jobs for submissions that do not exist, which a marking process finds out quickly."""


class Pool(ProcessPoolExecutor):
    """A pool that remembers the highest number of its jobs that ran at once."""

    submitted: list[Future[Any]]
    most = 0

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(*args, **kwargs)
        Pool.submitted.append(future)
        Pool.most = max(Pool.most, sum(not each.done() for each in Pool.submitted))
        return future


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> type[Pool]:
    Pool.submitted, Pool.most = [], 0
    monkeypatch.setattr(classrun, "ProcessPoolExecutor", Pool)
    return Pool


def test_no_more_than_twice_the_workers_are_under_way(pool: type[Pool]) -> None:
    course = Course(ROOT)
    with closing(mark_class(course, course.assignment("hw2"), JOBS, workers=WORKERS)) as marking:
        found = [marked.student for marked in marking]
    assert sorted(found) == [job.student for job in JOBS]
    assert WORKERS <= pool.most <= 2 * WORKERS


def test_nothing_is_started_while_nobody_takes_what_is_done(pool: type[Pool]) -> None:
    """This bound limits the results that wait for recording if recording is slow."""
    course = Course(ROOT)
    with closing(mark_class(course, course.assignment("hw2"), JOBS, workers=WORKERS)) as marking:
        for taken in range(1, 6):
            assert "/nonexistent" in next(marking).error
            for future in pool.submitted:
                future.exception()  # waits until the result is recorded
            assert len(pool.submitted) <= taken + 3 * WORKERS
    assert len(pool.submitted) < len(JOBS)


def test_a_stopped_run_has_ended_its_pool_when_it_returns() -> None:
    """If the pool's thread still ran while the process ends, Python could print a traceback."""
    course, before = Course(ROOT), set(threading.enumerate())
    marking = mark_class(course, course.assignment("hw2"), JOBS, workers=WORKERS)
    next(marking)
    assert set(threading.enumerate()) > before
    marking.close()
    assert set(threading.enumerate()) == before
    assert multiprocessing.active_children() == []


def test_process_keeps_one_worker_and_closes_it_before_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[object] = []

    def close(ended: object) -> None:
        closed.append(ended)

    monkeypatch.setattr(classrun, "_workers", {})
    monkeypatch.setattr(Warm, "close", close)
    monkeypatch.setattr(Sandbox, "close", close)
    monkeypatch.setattr(classrun, "open_sandbox", lambda _: Sandbox(NO_WALLS, Limits()))
    usual, slower = MarkSettings(), MarkSettings(Limits(cell_seconds=60.0))
    first = classrun._worker(ROOT, "hw2", usual)
    assert classrun._worker(ROOT, "hw2", usual) is first
    assert not closed
    second = classrun._worker(ROOT, "hw2", slower)
    assert closed == [first._sandbox, first._warm]
    assert classrun._worker(ROOT, "hw2", slower) is second
    second.close()


def server_pid() -> int | None:
    """Return the process that forks the marking processes."""
    server: Any = standard._forkserver
    found: int | None = server._forkserver_pid
    return found


def test_the_server_ends_at_once_when_it_is_stopped() -> None:
    for _ in range(2):
        forkserver.stop()
        forkserver.start()
        pid = server_pid()
        assert Path(f"/proc/{pid}").exists()
        forkserver.stop()
        assert not Path(f"/proc/{pid}").exists()
    course = Course(ROOT)
    with closing(mark_class(course, course.assignment("hw2"), JOBS[:1], workers=1)) as marking:
        assert "/nonexistent" in next(marking).error


def test_starting_it_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    for before in ({}, {"PYTHONSAFEPATH": ""}):
        monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
        for name, value in before.items():
            monkeypatch.setenv(name, value)
        forkserver.start()
        assert os.environ.get("PYTHONSAFEPATH") == before.get("PYTHONSAFEPATH")


def test_a_server_that_has_died_is_started_anew_as_safely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = "raise SystemExit('planted')\n"
    for name in ("socket", "selectors", "numpy", "pytest"):
        (tmp_path / f"{name}.py").write_text(planted, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    forkserver.start()
    pid = server_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    course = Course(ROOT)
    with closing(mark_class(course, course.assignment("hw2"), JOBS[:1], workers=1)) as marking:
        assert "/nonexistent" in next(marking).error


@pytest.mark.parametrize(("deaths", "is_marked"), [(0, True), (1, True), (2, False)])
def test_who_was_caught_with_another_may_still_end_a_process_once(
    deaths: int, is_marked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = JOBS[:2]
    left = {own: deaths, other: 99}

    def run_pool(_c: Any, _a: Any, jobs: list[Job], *_: Any) -> Generator[Marked, None, Any]:
        if len(jobs) > 1:
            return dict.fromkeys(jobs, "it died"), []
        [job] = jobs
        left[job] -= 1
        if left[job] >= 0:
            return {job: "it died"}, []
        yield Marked(job.student, None, "")
        return {}, []

    monkeypatch.setattr(classrun, "_run_pool", run_pool)
    course = Course(ROOT)
    found = list(mark_class(course, course.assignment("hw2"), [own, other], workers=2))
    assert {each.student: each.error == "" for each in found} == {
        own.student: is_marked,
        other.student: False,
    }
