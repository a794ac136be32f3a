"""A gradebook that another program keeps locked, for a while or forever."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from autograder.gradebook.database import IMPATIENT_SECONDS

from .madeupclass import STUDENTS
from .trial import Scene

LOCKS = {"for reading, too": "BEGIN EXCLUSIVE", "for changes": "BEGIN IMMEDIATE"}
ADVICE = "close the program that is changing it"


@contextmanager
def locked(root: Path, how: str) -> Iterator[sqlite3.Connection]:
    gradebook = root / "gradebook.db"
    with closing(sqlite3.connect(gradebook, timeout=0.0, check_same_thread=False)) as other:
        other.isolation_level = None
        other.execute(LOCKS[how])
        yield other


def stays_locked(scene: Scene, root: Path, how: str) -> None:
    """A run reports a gradebook that is locked all the time, and loses nothing."""
    patience = 1.5 * IMPATIENT_SECONDS  # so that the message shows which of the two waits ended
    with locked(root, how):
        ended = scene.run(root, patience=patience)
    assert ended.code == (2 if how == "for reading, too" else 1)
    printed = " ".join(ended.output.replace("│", " ").split())
    assert ADVICE in printed
    assert "Traceback" not in ended.output
    # each command waits for the full time at most once, not once for each student
    assert 1 <= printed.count(f"stayed locked for {patience:g} seconds") <= len(scene.commands)
    scene.assert_nothing_is_lost(root)


def is_locked_amid_the_run(scene: Scene, root: Path, how: str) -> None:
    """Another program takes the lock while the run waits between two students."""
    gate, has_ended = root.parent / "gate", threading.Event()
    os.mkfifo(gate)

    def lock() -> None:
        while (end := open_to_write(gate)) is None:
            if has_ended.wait(0.01):
                return
        with locked(root, how):
            os.close(end)
            has_ended.wait()

    other = threading.Thread(target=lock)
    other.start()
    try:
        ended = scene.run(root, patience=0.5, gate=gate)
    finally:
        has_ended.set()
        other.join()
    assert ended.code in (1, 2)
    assert [ended.output.count(f"marks of {name} could") for name in STUDENTS] == [0, 0, 1, 1]
    assert ADVICE in " ".join(ended.output.replace("│", " ").split())
    assert "Traceback" not in ended.output
    scene.assert_nothing_is_lost(root)


def open_to_write(pipe: Path) -> int | None:
    """Return a descriptor of the pipe, or None if no process reads from the pipe yet."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None


def is_waited_for(scene: Scene, root: Path, how: str) -> None:
    """A lock that ends some time after the run has opened the gradebook has no effect on marks."""
    with locked(root, how) as other:

        def let_go() -> None:
            until = time.monotonic() + 300
            gradebook = (root / "gradebook.db").resolve()
            while not scene.theatre.has_open(gradebook) and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(0.3)
            other.rollback()

        letting = threading.Thread(target=let_go)
        letting.start()
        ended = scene.run(root)
        letting.join()
    assert ended.code == 0, ended.output
    scene.assert_as_undisturbed(root)


def test_gradebook_that_is_locked_costs_no_marks(scene: Scene) -> None:
    """The lock is kept, is taken during the run, or ends while the run waits for it."""
    how = "for reading, too"
    with scene.course() as root:
        stays_locked(scene, root, how)
        is_locked_amid_the_run(scene, root, how)
        is_waited_for(scene, root, how)


@pytest.mark.slow
@pytest.mark.parametrize("how", LOCKS)
def test_gradebook_that_is_locked_for_a_while_is_waited_for(scene: Scene, how: str) -> None:
    with scene.course() as root:
        is_waited_for(scene, root, how)


@pytest.mark.slow
@pytest.mark.parametrize("how", LOCKS)
def test_gradebook_that_stays_locked_is_told_and_nothing_is_lost(scene: Scene, how: str) -> None:
    with scene.course() as root:
        stays_locked(scene, root, how)
        scene.assert_next_run_finishes(root)


@pytest.mark.slow
@pytest.mark.parametrize("how", LOCKS)
def test_gradebook_that_is_locked_amid_the_run_costs_no_marks(scene: Scene, how: str) -> None:
    with scene.course() as root:
        is_locked_amid_the_run(scene, root, how)
        scene.assert_next_run_finishes(root)
