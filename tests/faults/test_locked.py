"""A gradebook that another program keeps locked, for a while or for ever."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from .changes import Change
from .classroom import STUDENTS
from .trial import Scene

LOCKS = {"for reading, too": "BEGIN EXCLUSIVE", "for changes": "BEGIN IMMEDIATE"}
LESS_OFTEN = ["for reading, too", pytest.param("for changes", marks=pytest.mark.slow)]
ADVICE = "close what is changing it"


@contextmanager
def locked(root: Path, how: str, seconds: float = 0.0) -> Iterator[sqlite3.Connection]:
    gradebook = root / "gradebook.db"
    with closing(sqlite3.connect(gradebook, timeout=seconds, check_same_thread=False)) as other:
        other.isolation_level = None
        other.execute(LOCKS[how])
        yield other


@pytest.mark.parametrize("how", LOCKS)
def test_gradebook_that_is_locked_for_a_while_is_waited_for(scene: Scene, how: str) -> None:
    with scene.course() as root:
        with locked(root, how) as other:
            letting = threading.Timer(1.0, other.rollback)
            letting.start()
            ended = scene.run(root)
            letting.join()
        assert ended.code == 0, ended.output
        scene.assert_as_undisturbed(root)


@pytest.mark.parametrize("how", LESS_OFTEN)
def test_gradebook_that_stays_locked_is_told_and_nothing_is_lost(scene: Scene, how: str) -> None:
    with scene.course() as root:
        with locked(root, how):
            begun = time.monotonic()
            ended = scene.run(root, patience=2.0)
            waited = time.monotonic() - begun
        assert ended.code == (2 if how == "for reading, too" else 1)
        assert ADVICE in " ".join(ended.output.split())
        assert "Traceback" not in ended.output
        scene.assert_nothing_is_lost(root)
        scene.assert_next_run_finishes(root)
    # not the whole patience for each student
    assert waited < 15


@pytest.mark.parametrize("how", LESS_OFTEN)
def test_gradebook_that_is_locked_amid_the_run_costs_no_marks(scene: Scene, how: str) -> None:
    with scene.course() as root:
        wanted, done = threading.Event(), threading.Event()

        def lock() -> None:
            wanted.wait(30)
            with locked(root, how, seconds=30):
                done.wait(60)

        other = threading.Thread(target=lock)
        other.start()

        def watch(_: int, change: Change) -> None:
            if change.path.startswith("autograded/bela/"):
                wanted.set()

        ended = scene.run(root, watch, patience=1.0, pause=0.5)
        done.set()
        other.join()
        assert ended.code in (1, 2)
        assert [ended.output.count(f"marks of {name} could") for name in STUDENTS] == [0, 0, 1, 1]
        assert ADVICE in " ".join(ended.output.replace("│", " ").split())
        assert "Traceback" not in ended.output
        scene.assert_nothing_is_lost(root)
        scene.assert_next_run_finishes(root)
