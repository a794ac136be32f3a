"""The watchdog: checks from outside, several times a second, what no rlimit bounds."""

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

Cause = Literal["memory", "disk", "processes", "descriptors", "time"]

_SECONDS = 0.1
_CLOSE_SECONDS = 0.01  # between checks while memory use is high
_DISK_SHARE = 0.05  # of the watchdog's time may go into counting files
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


@dataclass(frozen=True)
class Bounds:
    """The things to watch: the processes below `top`, and the files in `folder` or on `mount`.

    `uid` is the user of student code if it is not the grader's own. `folder` is walked (inner wall
    alone). `mount` is the sandbox's own file system: the kernel bounds its bytes, but not its
    number of files.
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
    """Calls `kill(cause)` once a bound is exceeded, and then ends; `stop` ends it earlier."""

    def __init__(self, bounds: Bounds, kill: Callable[[Cause], None]) -> None:
        super().__init__(name="sandbox-watch", daemon=True)
        self._bounds = bounds
        self._kill = kill
        self._stopped = threading.Event()
        self._next_walk = 0.0
        self._wait = _SECONDS
        self._end = time.monotonic() + bounds.seconds

    def restart(self) -> None:
        """Restart the clock."""
        self._end = time.monotonic() + self._bounds.seconds

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
        if self is not threading.current_thread():
            self.join()

    def run(self) -> None:
        """Check, wait, check again."""
        while not self._stopped.wait(self._wait):
            cause = self._passed()
            if cause is not None:
                self._kill(cause)
                return

    def _passed(self) -> Cause | None:
        bounds = self._bounds
        if time.monotonic() > self._end:
            return "time"
        found = list(filter(None, map(usage, processes.descendants(bounds.top))))
        if sum(use.threads for use in found) > bounds.threads:
            return "processes"
        # Data waiting in pipes and sockets is memory of no process.
        if sum(use.descriptors for use in found) > bounds.descriptors:
            return "descriptors"
        rough = sum(use.memory for use in found)
        self._wait = _CLOSE_SECONDS if 4 * rough > bounds.memory_bytes else _SECONDS
        # Pages shared by forks count for each of them; look closely only if that is too much.
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
    """One process: threads, descriptors, and bytes of memory, its own or shared with forks.

    `tables` is the part of the memory that the kernel needs to map the rest.
    """

    pid: int
    threads: int
    descriptors: int
    memory: int
    tables: int


def usage(pid: int) -> Usage | None:
    """Return what a process uses; None if it has ended."""
    names = ("RssAnon", "RssShmem", "VmSwap", "VmPTE", "Threads", "FDSize")
    fields = _kilobytes(f"/proc/{pid}/status", names)
    if fields is None:
        return None
    threads, room = fields.pop("Threads", 1), fields.pop("FDSize", 0)
    with contextlib.suppress(OSError):
        # Since Linux 6.2 the number of descriptors; before, the room for them.
        room = os.stat(f"/proc/{pid}/fd").st_size or room
    return Usage(pid, threads, room, 1024 * sum(fields.values()), 1024 * fields.get("VmPTE", 0))


def _exact_memory(use: Usage, uid: int | None) -> int:
    """Return its memory with each page's size divided among the processes that share it.

    A process that has ended counts 0, so shared pages are not counted twice.
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
    """Return bytes and number of all files below `folder`; stop counting above `most` files."""
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
    """Return the sizes of files that are deleted but still open, if they can be read."""
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
    """Return files mapped into a process that were deleted, with an upper bound of their bytes."""
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
