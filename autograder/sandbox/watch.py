"""The watchdog: what no rlimit bounds, looked at several times a second from outside."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from autograder.sandbox.inside import processes

Cause = Literal["memory", "disk", "processes", "time"]

_SECONDS = 0.1
_DISK_SHARE = 0.05  # of the watchdog's time goes into counting files
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


@dataclass(frozen=True)
class Bounds:
    """What to watch: the processes below `top`, and the files in `folder` or on `mount`.

    `folder` is walked (inner wall alone); `mount` is a file system of the sandbox's own, whose
    kernel bounds the bytes but not the number of files.
    """

    top: int
    memory_bytes: int
    threads: int
    seconds: float
    disk_bytes: int
    files: int
    folder: str | None = None
    mount: str | None = None


class Watch(threading.Thread):
    """Calls `kill(cause)` once a bound is passed, and then ends; `stop` ends it before."""

    def __init__(self, bounds: Bounds, kill: Callable[[Cause], None]) -> None:
        super().__init__(name="sandbox-watch", daemon=True)
        self._bounds = bounds
        self._kill = kill
        self._stopped = threading.Event()
        self._next_walk = 0.0
        self._end = time.monotonic() + bounds.seconds

    def restart(self) -> None:
        """Count the time from now."""
        self._end = time.monotonic() + self._bounds.seconds

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped.set()
        if self is not threading.current_thread():
            self.join()

    def run(self) -> None:
        """Look, wait, look again."""
        while not self._stopped.wait(_SECONDS):
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
        # Pages shared by forks are counted for each; only where that is too much, look closely.
        for measure in (_rough_memory, _exact_memory):
            if sum(map(measure, found)) <= bounds.memory_bytes:
                break
        else:
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
        size += sum(_unlinked(found).values())
        self._next_walk = time.monotonic() + (time.monotonic() - started) / _DISK_SHARE
        return size > bounds.disk_bytes or files > bounds.files


@dataclass(frozen=True)
class Usage:
    """One process: its threads and the memory that is its own or shared with forks, in bytes."""

    pid: int
    threads: int
    memory: int


def usage(pid: int) -> Usage | None:
    """What a process uses; None if it has ended."""
    fields = _kilobytes(f"/proc/{pid}/status", ("RssAnon", "RssShmem", "VmSwap", "Threads"))
    if fields is None:
        return None
    threads = fields.pop("Threads", 1)
    return Usage(pid, threads, 1024 * sum(fields.values()))


def _rough_memory(use: Usage) -> int:
    return use.memory


def _exact_memory(use: Usage) -> int:
    """Each page's size divided among the processes that share it, where one may look."""
    wanted = ("Pss_Anon", "Pss_Shmem", "SwapPss")
    fields = _kilobytes(f"/proc/{use.pid}/smaps_rollup", wanted)
    return 1024 * sum(fields.values()) if fields else use.memory


def _kilobytes(path: str, names: tuple[str, ...]) -> dict[str, int] | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            rows = (line.split() for line in file)
            return {row[0][:-1]: int(row[1]) for row in rows if row and row[0][:-1] in names}
    except (*_GONE, ValueError):
        return None


def _tree_size(folder: str, most: int) -> tuple[int, int]:
    """Bytes and number of all files below `folder`; stops counting above `most` files."""
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
            return size, most + 1  # a path too long to be looked at
    return size, files


def _unlinked(found: list[Usage]) -> dict[str, int]:
    """The sizes of files that have no name any more but are still held, where one may look."""
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
    """Files that a process has in its memory and that were removed: at most so many bytes."""
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
