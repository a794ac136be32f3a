"""All processes together can take only a bounded amount of memory, in every way they try.

Functions whose names begin with `try_` are sent as source and run inside. Each function takes far
more than the bound; the memory must be refused, or the sandbox ended.
"""

from __future__ import annotations

import functools
import inspect
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.sandbox.watchdog import _exact_memory, usage

from .rooms import SMALL, WALLS, DiedError, RefusedError, Room, protection, room

MB = 2**20
LIMITS = replace(SMALL, total_memory_bytes=300 * MB, memory_bytes=1024 * MB, descriptors=128)
REACTION = 0.1
"""Seconds between two checks of the watchdog, including the check itself and the killing."""
RATE = 2500 * MB
"""Bytes that processes take in a second; a test measures whether this machine takes more."""
PAUSE = 0.004
"""Seconds between two measurements of memory by this test."""


def try_one_after_another() -> None:
    held = []
    while True:
        held.append(bytearray(10 * 2**20))
        held[-1][::4096] = b"x" * len(held[-1][::4096])


def try_many_small_processes() -> None:
    import os
    import time

    for _ in range(20):
        if os.fork() == 0:
            held = bytearray(b"x") * (30 * 2**20)
            time.sleep(3600)
            os._exit(len(held))
    time.sleep(3600)


def try_copies_made_by_writing() -> None:
    import os
    import time

    held = bytearray(b"x") * (60 * 2**20)
    for _ in range(12):
        if os.fork() == 0:
            held[::4096] = b"y" * len(held[::4096])
            time.sleep(3600)
            os._exit(0)
    time.sleep(3600)


def try_page_tables() -> None:
    """Map pages that take no memory, so far apart that each page needs its own page table."""
    import ctypes
    import os
    import time

    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    for _ in range(6):
        if os.fork() == 0:
            for number in range(20_000):
                where = ctypes.c_void_p(0x100000000000 + number * 2**30)
                at = libc.mmap(where, ctypes.c_size_t(4096), 1, 0x100022, -1, ctypes.c_long(0))
                if at == where.value:
                    ctypes.string_at(at, 1)
            time.sleep(3600)
    time.sleep(3600)


def try_shared_memory() -> None:
    import mmap
    import os
    import time

    held = [mmap.mmap(-1, 50 * 2**20) for _ in range(10)]
    for each in held:
        each[::4096] = b"x" * len(each[::4096])
    if os.fork() > 0:
        os._exit(0)
    time.sleep(3600)


def try_shared_files() -> None:
    import mmap
    import time

    held = []
    for number in range(100):
        with open(f"page{number}", "w+b") as file:
            file.truncate(4 * 2**20)
            held.append(mmap.mmap(file.fileno(), 4 * 2**20))
            held[-1][::4096] = b"x" * 1024
    time.sleep(3600)


def try_files() -> None:
    import time

    for number in range(150):
        with open(f"file{number}", "wb") as file:
            file.write(bytes(4 * 2**20))
    time.sleep(3600)


def try_nameless_memory_files() -> None:
    import os
    import time

    held = [os.memfd_create("hoard") for _ in range(50)]
    for each in held:
        os.ftruncate(each, 10 * 2**20)
        os.write(each, bytes(4 * 2**20))
    time.sleep(3600)


def try_system_v_segments() -> None:
    import ctypes
    import os
    import time

    libc = ctypes.CDLL(None, use_errno=True)
    for _ in range(10):
        if libc.shmget(0, ctypes.c_size_t(50 * 2**20), 0o1600) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    time.sleep(3600)


def try_shared_folder() -> None:
    import time

    for number in range(100):
        with open(f"/dev/shm/hoard{number}", "wb") as file:
            file.write(bytes(4 * 2**20))
    time.sleep(3600)


def try_full_sockets() -> None:
    import os
    import socket
    import time

    for _ in range(18):
        if os.fork() == 0:
            held = []
            while True:
                try:
                    held.append(socket.socketpair())
                except OSError:
                    break
                for each in held[-1]:
                    each.setblocking(False)
                    try:
                        while True:
                            each.send(bytes(65_536))
                    except BlockingIOError:
                        pass
            time.sleep(3600)
    time.sleep(3600)


def try_locked_memory() -> None:
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(3) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


WAYS: dict[Callable[[], None], set[str | None]] = {
    # For each way to take memory that the walls permit: the bounds that the watchdog may name.
    try_one_after_another: {"memory"},
    try_many_small_processes: {"memory"},
    try_copies_made_by_writing: {"memory"},
    try_page_tables: {"memory"},
    try_full_sockets: {"descriptors"},
    try_shared_files: {"memory", "disk", None},  # the full folder of the outer wall: killed
    try_files: {"disk"},
}

REFUSED = [
    try_shared_memory,
    try_nameless_memory_files,
    try_system_v_segments,
    try_shared_folder,
    try_locked_memory,
]


class Peak(threading.Thread):
    """The highest memory that a room's processes had at the same time, in bytes.

    `kept_waiting` is the number of seconds in which the watchdog, or this thread, waited for a
    processor. The kernel measures the watchdog's waiting, but not the time that another virtual
    machine takes. This thread measures both kinds of waiting by the delay of its own wake-ups.
    """

    def __init__(self, made: Room) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self.kept_waiting = 0.0
        self._watchdog = made.confinement._watch.native_id
        self._made = made
        self._stopped = threading.Event()
        self.start()

    def run(self) -> None:
        before, late = _kept_waiting(self._watchdog), 0.0
        asleep = time.monotonic()
        while not self._stopped.wait(PAUSE):
            late += time.monotonic() - asleep - PAUSE
            self.bytes = max(self.bytes, sum(map(_memory, self._made.confinement.processes())))
            waited = _kept_waiting(self._watchdog) - before  # 0 after the watchdog has ended
            self.kept_waiting = max(self.kept_waiting, waited, late)
            asleep = time.monotonic()

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def take_memory() -> None:
    """Print how many bytes a second ten processes take if they are not stopped."""
    import os
    import time

    started = time.monotonic()
    children = []
    for _ in range(10):
        children.append(os.fork())
        if children[-1] == 0:
            held = bytearray(b"x") * (30 * 2**20)
            os._exit(held[0] == 0)
    for child in children:
        os.waitpid(child, 0)
    print(10 * 30 * 2**20 / (time.monotonic() - started))


@functools.cache
def rate_here() -> float:
    """Return the bytes that processes of this machine take in a second, at least `RATE`."""
    code = f"{inspect.getsource(take_memory)}\ntake_memory()"
    found = [subprocess.check_output([sys.executable, "-c", code]) for _ in range(3)]
    return max(RATE, *map(float, found))


def _kept_waiting(thread: int | None) -> float:
    """Return the seconds in which a thread of this process was ready to run and did not."""
    try:
        return int(Path(f"/proc/self/task/{thread}/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def _memory(pid: int) -> int:
    """Pages that forks share are counted once for each page table, as the kernel counts them."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    rows = (line.split() for line in text.splitlines())
    pages = sum(int(row[1]) for row in rows if row[0] in ("Pss_Anon:", "Pss_Shmem:"))
    found = usage(pid)
    return 1024 * pages + (found.tables if found else 0)


BOTH = {try_many_small_processes, try_files}
"""Ways to take memory that the everyday run also tries behind both walls."""
TRIALS = [
    pytest.param(way, walls, marks=marks, id=f"{way.__name__[4:]}-{walls}")
    for way in WAYS
    for walls, marks in (
        ("both walls", () if way in BOTH else pytest.mark.slow),
        ("inner wall alone", ()),
    )
]


@pytest.mark.parametrize(("way", "walls"), TRIALS)
def test_no_way_leads_above_the_bound(walls: str, way: Callable[[], Any]) -> None:
    found = protection(walls)
    if found is None:
        pytest.skip(f"not available on this machine: {walls}")
    with room(found, LIMITS) as made:
        peak = Peak(made)
        started = time.monotonic()
        with pytest.raises((DiedError, RefusedError, AssertionError)) as caught:
            made.run(way)
        peak.stop()
        if isinstance(caught.value, AssertionError):
            assert "MemoryError" in str(caught.value)
        elif isinstance(caught.value, DiedError):
            assert made.confinement.cause in WAYS[way]
        most = LIMITS.total_memory_bytes + rate_here() * (REACTION + peak.kept_waiting)
        assert peak.bytes <= most
        assert time.monotonic() - started < LIMITS.submission_seconds


@pytest.mark.parametrize("walls", ["both walls", "inner wall alone"])
@pytest.mark.parametrize("way", REFUSED, ids=lambda way: way.__name__[4:])
def test_memory_that_counts_on_nobody_is_refused(walls: str, way: Callable[[], Any]) -> None:
    found = protection(walls)
    if found is None:
        pytest.skip(f"not available on this machine: {walls}")
    with room(found, LIMITS) as made, pytest.raises(RefusedError):
        made.run(way)


@pytest.mark.parametrize("way", [try_many_small_processes, try_page_tables])
def test_behind_the_outer_wall_alone_it_is_bounded_too(way: Callable[[], Any]) -> None:
    found = protection("outer wall alone")
    assert "outer wall alone" in WALLS
    if found is None:
        pytest.skip("this machine can't put up the outer wall alone")
    with room(found, LIMITS) as made:
        with pytest.raises(DiedError):
            made.run(way)
        assert made.confinement.cause == "memory"


@pytest.mark.parametrize("is_reaped", [False, True], ids=["ended", "gone"])
def test_a_process_that_has_ended_takes_no_memory(is_reaped: bool) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    alive = usage(process.pid)
    assert alive is not None
    assert _exact_memory(alive, None) > 0
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    if is_reaped:
        process.wait()
    assert _exact_memory(alive, None) == 0
    process.communicate()
