"""Find, signal and reap processes; /proc shows the process tree."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator

_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


def children(pid: int) -> list[int]:
    """Return the current children of all threads of the process `pid`."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
        for thread in threads:
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                found += map(int, file.read().split())
    except FileNotFoundError:
        if os.path.exists(f"/proc/{pid}/stat") and not _LISTS_CHILDREN:
            return [child for child, parent in _parents() if parent == pid]
    except _GONE:
        pass
    return found


def descendants(pid: int) -> list[int]:
    """Return all descendants of the process `pid`, parents before their children."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children(waiting.pop())
        found += below
        waiting += below
    return found


def kill(pids: Iterable[int], number: int = signal.SIGKILL) -> None:
    """Send a signal (default: SIGKILL) to the processes `pids`; skip processes that have ended."""
    for pid in pids:
        with contextlib.suppress(*_GONE):
            os.kill(pid, number)


def reap() -> list[int]:
    """Reap this process's children that have ended since the last call, and return them."""
    ended = []
    with contextlib.suppress(ChildProcessError):
        while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
            ended.append(pid)
    return ended


def stat_fields(pid: int | str) -> list[str]:
    """Return the fields of /proc/PID/stat, beginning with the state.

    For a thread, `pid` is "PID/task/THREAD". Raises OSError if the process has ended.
    """
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        # A process can choose the name in brackets, so the name may contain any character.
        return file.read().rpartition(")")[2].split()


def _parents() -> Iterator[tuple[int, int]]:
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(*_GONE):
            yield int(name), int(stat_fields(name)[1])


_LISTS_CHILDREN = os.path.exists("/proc/self/task") and os.path.exists(
    f"/proc/self/task/{os.getpid()}/children"
)
