"""How many processors and how much memory this process may use: the machine's or its container's.

Containers, batch systems and `systemd-run` bound both by control groups, which neither
`os.cpu_count` nor `/proc/meminfo` tells of. Both versions of them are read, and the bounds of all
groups above the process's own.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """Where the kernel tells of processors, memory and control groups."""

    groups: Path = Path("/sys/fs/cgroup")
    proc: Path = Path("/proc")

    def processors(self) -> int:
        """As many as this process may run on, or as its groups' shares of time are worth."""
        return max(1, min([len(os.sched_getaffinity(0)), *self._shares()]))

    def memory_bound(self) -> int | None:
        """The least memory, in bytes, that one of the process's groups may use; None without."""
        return min((bound for bound, _ in self._memory()), default=None)

    def available_memory(self) -> int:
        """Bytes that can still be used, by this process and others, before something is ended."""
        free = _figures(self.proc / "meminfo").get("MemAvailable:", 0) * 1024
        return min([free, *(max(bound - used, 0) for bound, used in self._memory())])

    def _shares(self) -> Iterator[int]:
        """The processors that each group's share of time is worth, where it has a bound."""
        for folder in self._folders("cpu"):
            quota = _words(folder / "cpu.max") or [
                *_words(folder / "cpu.cfs_quota_us"),
                *_words(folder / "cpu.cfs_period_us"),
            ]
            if len(quota) == 2 and all(word.isdigit() for word in quota) and int(quota[1]):
                yield math.ceil(int(quota[0]) / int(quota[1]))

    def _memory(self) -> Iterator[tuple[int, int]]:
        """Bound and use of each group that has a bound; files that can be let go are no use."""
        for folder in self._folders("memory"):
            for bound, used, idle in (
                ("memory.max", "memory.current", "inactive_file"),
                ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
            ):
                found, usage = _words(folder / bound), _words(folder / used)
                if found and found[0].isdigit():
                    taken = int(usage[0]) if usage and usage[0].isdigit() else 0
                    yield int(found[0]), taken - _figures(folder / "memory.stat").get(idle, 0)

    def _folders(self, controller: str) -> Iterator[Path]:
        """The folders of this process's groups for a controller, and of the groups above."""
        for line in _lines(self.proc / "self" / "cgroup"):
            _, controllers, path = line.split(":", 2)
            if not controllers:
                top = self.groups
            elif controller in controllers.split(","):
                top = self.groups / controller
            else:
                continue
            # In a container the path may be the host's: then only the top is there.
            group = top / path.lstrip("/")
            yield from (each for each in (group, *group.parents) if each.is_relative_to(top))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # such a thing is not there
        return []


def _words(path: Path) -> list[str]:
    return " ".join(_lines(path)).split()


def _figures(path: Path) -> dict[str, int]:
    """A file whose lines are a name and a number."""
    parts = (line.split() for line in _lines(path))
    return {part[0]: int(part[1]) for part in parts if len(part) > 1 and part[1].isdigit()}
