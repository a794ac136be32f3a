"""The folder through which a run finds the server that forks its marking processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder.grading.forkserver import FOLDER
from tests.grading.conftest import ROOT

RUN = """
import sys
from autograder.grading import forkserver
context = forkserver.start()
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process with a server, as in a run; when the process's input ends, the process ends."""
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.slow
def test_run_that_ends_leaves_nothing(tmp_path: Path) -> None:
    with running(tmp_path):
        [name] = left(tmp_path)
        assert name.startswith(FOLDER)
    assert left(tmp_path) == set()


def test_next_run_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
    assert len(left(tmp_path)) == 1
    with running(tmp_path):
        assert len(left(tmp_path)) == 1
    assert left(tmp_path) == set()


@pytest.mark.slow
def test_run_leaves_the_folder_of_another_alone(tmp_path: Path) -> None:
    with running(tmp_path):
        [first] = left(tmp_path)
        with running(tmp_path):
            assert len(left(tmp_path)) == 2
        assert left(tmp_path) == {first}


@pytest.mark.slow
def test_links_and_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    (tmp_path / "fdl-run-link").symlink_to(kept)
    (tmp_path / "fdl-run-file").touch()
    names = {"kept", "fdl-run-link", "fdl-run-file"}
    if os.geteuid() == 0:
        shutil.copytree(kept, tmp_path / "fdl-run-other")
        os.chown(tmp_path / "fdl-run-other", 65_534, 65_534)
        names.add("fdl-run-other")
    with running(tmp_path):
        pass
    assert left(tmp_path) == names
    assert (kept / "file").exists()
