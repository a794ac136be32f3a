"""The tree of processes below one, as /proc shows it from outside."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


def children(pid: int) -> list[int]:
    """The children that `pid` has now, all its threads' together."""
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
    """Everything below `pid`, parents before their children."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children(waiting.pop())
        found += below
        waiting += below
    return found


def kill(pids: list[int]) -> None:
    """Kill what of `pids` is still there."""
    signal_all(pids, signal.SIGKILL)


def signal_all(pids: list[int], number: int) -> None:
    """Send a signal to what of `pids` is still there."""
    for pid in pids:
        with contextlib.suppress(*_GONE):
            os.kill(pid, number)


def _parents() -> Iterator[tuple[int, int]]:
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(*_GONE), open(f"/proc/{name}/stat", "rb") as file:
            # The name in brackets is the process's own choice and may hold anything.
            yield int(name), int(file.read().rpartition(b")")[2].split()[1])


_LISTS_CHILDREN = os.path.exists("/proc/self/task") and os.path.exists(
    f"/proc/self/task/{os.getpid()}/children"
)
