"""A watchdog: several times a second, it checks the limits that rlimits cannot enforce."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from autograder.sandbox.inside import processes
from autograder.sandbox.isolation import seeing_as

Cause = Literal["memory", "disk", "processes", "descriptors", "time", "check"]
"""The exceeded limit, or "check" if the limits could not be checked."""

_SECONDS = 0.1
_CLOSE_SECONDS = 0.01  # time between two checks while memory use is high
_DISK_SHARE = 0.05  # largest share of the watchdog's time for counting files
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


@dataclass(frozen=True)
class Bounds:
    """The limits of a sandbox, for the processes below `top` and the files in `folder` or `mount`.

    `uid` is the user that runs student code, or None if it is the grader's own user. Without the
    outer wall, the watchdog counts the files in `folder`. With the outer wall, `mount` is the
    sandbox's own file system: the kernel limits its size, but not its number of files.
    """

    top: int
    memory_bytes: int
    threads: int
    descriptors: int
    seconds: float
    disk_bytes: int
    files: int
    uid: int | None = None
    folder: str | None = None
    mount: str | None = None


class Watchdog(threading.Thread):
    """A thread that calls `kill(cause)` once a limit is exceeded or a check fails, and ends."""

    def __init__(self, bounds: Bounds, kill: Callable[[Cause], None]) -> None:
        super().__init__(name="sandbox-watch", daemon=True)
        self._bounds = bounds
        self._kill = kill
        self._stopped = threading.Event()
        self._next_walk = 0.0
        self._wait = _SECONDS
        self._end = time.monotonic() + bounds.seconds

    def restart(self) -> None:
        """Restart the clock of the time limit."""
        self._end = time.monotonic() + self._bounds.seconds

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
        if self is not threading.current_thread():
            self.join()

    def run(self) -> None:
        """Check the limits at intervals until one is exceeded or `stop` is called.

        If a check fails, the sandbox is killed: without checks, no limit would be enforced.
        """
        while not self._stopped.wait(self._wait):
            if (cause := self._checked()) is not None:
                self._kill(cause)
                return

    def _checked(self) -> Cause | None:
        try:
            return self._passed()
        except Exception:  # such as too little memory, or too many open files
            return "check"

    def _passed(self) -> Cause | None:
        bounds = self._bounds
        if time.monotonic() > self._end:
            return "time"
        found = list(filter(None, map(usage, processes.descendants(bounds.top))))
        if sum(use.threads for use in found) > bounds.threads:
            return "processes"
        # Data that waits in pipes and sockets uses memory that the kernel counts for no process.
        # A limit on descriptors bounds this memory.
        if sum(use.descriptors for use in found) > bounds.descriptors:
            return "descriptors"
        rough = sum(use.memory for use in found)
        self._wait = _CLOSE_SECONDS if 4 * rough > bounds.memory_bytes else _SECONDS
        # If forks share a page, `rough` counts the page once for each fork. The exact sum takes
        # longer to compute, so compute it only if `rough` is too large.
        if rough > bounds.memory_bytes:
            exact = sum(_exact_memory(use, bounds.uid) for use in found)
            if exact > bounds.memory_bytes:
                return "memory"
        return "disk" if self._disk_is_passed(found) else None

    def _disk_is_passed(self, found: list[Usage]) -> bool:
        bounds = self._bounds
        started = time.monotonic()
        if bounds.mount is not None:
            with contextlib.suppress(OSError):
                system = os.statvfs(bounds.mount)
                return system.f_files - system.f_ffree > bounds.files
        if bounds.folder is None or started < self._next_walk:
            return False
        size, files = _tree_size(bounds.folder, bounds.files)
        with seeing_as(bounds.uid):
            size += sum(_unlinked(found).values())
        self._next_walk = time.monotonic() + (time.monotonic() - started) / _DISK_SHARE
        return size > bounds.disk_bytes or files > bounds.files


@dataclass(frozen=True)
class Usage:
    """The number of threads and descriptors of a process, and its memory in bytes.

    `memory` includes pages that the process shares with forks. `tables` is the part of `memory`
    that the kernel's page tables take.
    """

    pid: int
    threads: int
    descriptors: int
    memory: int
    tables: int


def usage(pid: int) -> Usage | None:
    """Return the resources that a process uses, or None if the process has ended."""
    names = ("RssAnon", "RssShmem", "VmSwap", "VmPTE", "Threads", "FDSize")
    fields = _kilobytes(f"/proc/{pid}/status", names)
    if fields is None:
        return None
    threads, room = fields.pop("Threads", 1), fields.pop("FDSize", 0)
    with contextlib.suppress(OSError):
        # Since Linux 6.2, st_size is the number of open descriptors. On older kernels, use the
        # size of the descriptor table instead.
        room = os.stat(f"/proc/{pid}/fd").st_size or room
    return Usage(pid, threads, room, 1024 * sum(fields.values()), 1024 * fields.get("VmPTE", 0))


def _exact_memory(use: Usage, uid: int | None) -> int:
    """Return a process's memory, with each shared page divided among the processes that share it.

    Return 0 for a process that has ended, so that no shared page is counted twice.
    """
    path, wanted = f"/proc/{use.pid}/smaps_rollup", ("Pss_Anon", "Pss_Shmem", "SwapPss")
    fields = _kilobytes(path, wanted)
    if not fields:
        with seeing_as(uid):
            fields = _kilobytes(path, wanted)
    if fields:
        return 1024 * sum(fields.values()) + use.tables
    now = usage(use.pid)
    return now.memory if now else 0


def _kilobytes(path: str, names: tuple[str, ...]) -> dict[str, int] | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            rows = (line.split() for line in file)
            return {row[0][:-1]: int(row[1]) for row in rows if row and row[0][:-1] in names}
    except (*_GONE, ValueError):
        return None


def _tree_size(folder: str, most: int) -> tuple[int, int]:
    """Return the bytes and the number of all files below `folder`.

    The function stops counting when it has found more than `most` files.
    """
    size = files = 0
    waiting = [folder]
    while waiting and files <= most:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    files += 1
                    with contextlib.suppress(OSError):
                        size += 512 * entry.stat(follow_symlinks=False).st_blocks
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
        except (FileNotFoundError, PermissionError, NotADirectoryError):
            continue
        except OSError:
            return size, most + 1  # the path is too long
    return size, files


def _unlinked(found: list[Usage]) -> dict[str, int]:
    """Return the sizes of files that are deleted but still open; skip files that can't be read."""
    sizes: dict[str, int] = {}
    for use in found:
        sizes |= _mapped_without_name(use.pid)
    for descriptor in (path for use in found for path in _descriptors(use.pid)):
        with contextlib.suppress(OSError):
            state = os.stat(descriptor)
            if state.st_nlink == 0:
                device = f"{os.major(state.st_dev):02x}:{os.minor(state.st_dev):02x}"
                sizes[f"{device} {state.st_ino}"] = 512 * state.st_blocks
    return sizes


def _mapped_without_name(pid: int) -> dict[str, int]:
    """Return the deleted files that a process has mapped, each with an upper bound of its bytes."""
    sizes: dict[str, int] = {}
    with (
        contextlib.suppress(*_GONE),
        open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file,
    ):
        for line in file:
            if line.endswith(" (deleted)\n"):
                span, _, offset, device, inode, *_ = line.split()
                start, end = (int(part, 16) for part in span.split("-"))
                name = f"{device} {inode}"
                sizes[name] = max(sizes.get(name, 0), int(offset, 16) + end - start)
    return sizes


def _descriptors(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            yield f"/proc/{pid}/fd/{name}"
