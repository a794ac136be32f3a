"""A sandbox's start and end, seen from the grader's side."""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import SandboxError
from autograder.sandbox import bubblewrap, visiblefiles
from autograder.sandbox import protection as protections
from autograder.sandbox.inside import landlock
from autograder.sandbox.inside.supervisor import remove
from autograder.sandbox.launch import launch
from autograder.sandbox.protection import Protection, Wall, examine

from .rooms import SMALL, WALLS, DiedError, RefusedError, protection, room, still_there

NO_WALL = Wall(False, {}, (), ("Get one.",))


@pytest.fixture(params=list(WALLS))
def walls(request: pytest.FixtureRequest) -> Protection:
    found = protection(request.param)
    if found is None:
        pytest.skip(f"not available on this machine: {request.param}")
    return found


@pytest.fixture(params=["both walls", "inner wall alone"])
def inner_walls(request: pytest.FixtureRequest) -> Protection:
    found = protection(request.param)
    if found is None:
        pytest.skip(f"not available on this machine: {request.param}")
    return found


def try_nothing() -> int:
    return 1


# Starting


def try_importing(name: str) -> str:
    import importlib

    return str(importlib.import_module(name).__name__)


def test_the_packages_can_be_imported_behind_the_walls(inner_walls: Protection) -> None:
    limits = replace(SMALL, memory_bytes=2**30)
    with room(inner_walls, limits) as made:
        for name in ("matplotlib.pyplot", "IPython.core.interactiveshell", "msgpack"):
            assert made.run(try_importing, name) == name
        assert made.confinement.log() == ""


@pytest.mark.parametrize("name", ["autograder", "solutions", "nbgrader_config", "pytest_plugin"])
def test_the_kit_can_not_be_imported(walls: Protection, name: str) -> None:
    with room(walls) as made, pytest.raises(AssertionError, match="ModuleNotFoundError"):
        made.run(try_importing, name)


def try_reading(path: str) -> str:
    with open(path) as file:
        return file.read()


def test_a_hidden_folder_among_the_packages_is_not_there(walls: Protection) -> None:
    spec = find_spec("nbformat")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    with room(walls, hide=[folder]) as made:
        with pytest.raises(RefusedError):
            made.run(try_reading, spec.origin)
        # The folder can otherwise be used, although Landlock can't allow its listing.
        assert made.run(try_importing, "msgpack") == "msgpack"


def test_a_module_that_fails_leaves_its_last_words(walls: Protection) -> None:
    with launch(walls, SMALL, module="inside.no_such_module") as confinement:
        confinement.channel.settimeout(300)
        assert confinement.channel.recv(1) == b""
        assert "no_such_module" in confinement.log()


def test_without_walls_nothing_is_started_unless_told() -> None:
    none = Protection(NO_WALL, NO_WALL)
    assert none.level == "unprotected"
    with pytest.raises(SandboxError, match="Get one"):
        launch(none, SMALL)
    with room(replace(none, allow_unprotected=True)) as made:
        assert made.run(try_nothing) == 1
        seen = made.seen_processes()
    assert still_there(seen) == []


def test_what_this_machine_enforces_is_told_in_words() -> None:
    found = examine()
    rows = found.advice()
    assert [name for name, _, _ in rows] == ["outer", "inner"]
    assert all(isinstance(text, str) and text for row in rows for text in row)
    assert found.walls()["inner"]["stands"] is found.inner.stands
    assert examine(use_outer=False, use_inner=False).level == "unprotected"


def test_a_missing_bubblewrap_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "installed", lambda: None)
    wall = protections._outer.__wrapped__()
    assert not wall.stands
    assert "apt install bubblewrap" in wall.lacks[0]


def test_a_bubblewrap_that_can_not_start_is_no_wall(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(bubblewrap, "installed", lambda: (str(broken), (0, 8, 0)))
    wall = protections._outer.__wrapped__()
    assert not wall.stands
    assert "uid map" in wall.lacks[0]


def test_a_kernel_without_landlock_has_no_inner_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    wall = protections._inner.__wrapped__()
    assert not wall.stands
    assert "5.13" in wall.lacks[0]


# Ending


def try_hiding_files() -> None:
    import os

    os.mkdir("closed")
    with open("closed/file", "w") as file:
        file.write("kept")
    os.mkdir("locked", 0)
    for _ in range(300):
        os.mkdir("deep" * 20)
        os.chdir("deep" * 20)
    with open("bottom", "w") as file:
        file.write("kept")


def test_all_files_are_removed(inner_walls: Protection) -> None:
    with room(inner_walls) as made:
        made.run(try_hiding_files)
        folder = Path(made.spec["work"]).parents[1]
    assert folder == Path("/") or not folder.exists()


def test_removing_follows_no_link(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    kept.chmod(0o755)
    (kept / "file").write_text("kept")
    gone = tmp_path / "gone"
    (gone / "a" / "b").mkdir(parents=True)
    (gone / "a" / "b" / "folder").symlink_to(kept)
    (gone / "file").symlink_to(kept / "file")
    (gone / "a").chmod(0)
    remove(str(gone))
    assert not gone.exists()
    assert (kept / "file").read_text() == "kept"
    assert kept.stat().st_mode & 0o777 == 0o755


def try_waiting() -> None:
    import time

    time.sleep(3600)


def test_a_sandbox_ends_when_its_time_is_up(walls: Protection) -> None:
    with room(walls, replace(SMALL, submission_seconds=0.5)) as made:
        with pytest.raises(DiedError):
            made.run(try_waiting)
        assert made.confinement.cause == "time"


def test_ending_twice_is_ending_once(walls: Protection) -> None:
    with room(walls) as made:
        made.confinement.kill()
        made.confinement.kill("memory")
        made.confinement.close()
        made.confinement.close()
        assert made.confinement.cause is None


def test_when_the_parent_dies_all_else_does(walls: Protection) -> None:
    with room(walls) as made:
        assert made.run(try_nothing) == 1
        seen = made.seen_processes()
        for pid in seen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        made.confinement.channel.settimeout(300)
        assert made.confinement.channel.recv(1) == b""
    assert still_there(seen) == []


_GRADER = """
import sys, time
from contextlib import ExitStack
sys.path.insert(0, {tests!r})
from sandbox.rooms import protection, room
from sandbox.test_walls import try_leaving_daemons
stack = ExitStack()
made = stack.enter_context(room(protection({walls!r})))
made.run(try_leaving_daemons)
print(*made.seen_processes(), flush=True)
time.sleep(3600)
"""


@pytest.mark.parametrize("name", list(WALLS))
def test_a_grader_that_is_killed_takes_its_sandbox_along(name: str) -> None:
    if protection(name) is None:
        pytest.skip(f"not available on this machine: {name}")
    script = _GRADER.format(tests=str(Path(__file__).parents[1]), walls=name)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with subprocess.Popen(
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": folder},
        ) as grader:
            try:
                assert grader.stdout is not None
                handles = list(filter(None, map(handle_of, grader.stdout.readline().split())))
            finally:
                grader.kill()
        assert len(handles) >= 4
        for handle in handles:
            assert select.select([handle], [], [], 300)[0], "a process outlived the grader"
            os.close(handle)
        for _ in range(30_000):
            if not list(Path(folder).glob("fdl-sandbox-*")):
                break
            select.select([], [], [], 0.01)
        else:
            pytest.fail("files of the sandbox outlived the grader")


def handle_of(pid: bytes) -> int | None:
    """Return a descriptor that becomes readable when the process ends, or None if it has ended."""
    with suppress(ProcessLookupError):
        return os.pidfd_open(int(pid))
    return None


def test_many_sandboxes_leave_nothing_open(walls: Protection) -> None:
    def open_now() -> Any:
        return sorted(os.listdir("/proc/self/fd"))

    with room(walls):
        pass
    before = open_now()
    for _ in range(5):
        with room(walls) as made:
            made.run(try_nothing)
        made._channel.close()
    assert len(open_now()) <= len(before) + 1


@pytest.mark.parametrize(
    "error", [subprocess.TimeoutExpired("python", 120), OSError(errno.ENOSPC, "disk full")]
)
def test_font_list_that_cannot_be_made_is_left_out(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(visiblefiles, "cache_folder", tmp_path.joinpath)
    monkeypatch.setattr(subprocess, "run", fail)
    assert visiblefiles.font_list.__wrapped__() is None


def test_font_list_without_a_cache_is_removed_at_the_end(tmp_path: Path) -> None:
    prints = "from autograder.sandbox.visiblefiles import font_list; print(font_list())"
    variables = {**os.environ, "XDG_CACHE_HOME": os.devnull, "TMPDIR": str(tmp_path)}
    printed = subprocess.check_output([sys.executable, "-c", prints], env=variables, text=True)
    assert printed.startswith(f"{tmp_path}/fdl-fonts-")
    assert list(tmp_path.iterdir()) == []
