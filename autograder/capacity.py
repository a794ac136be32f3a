"""Number of processors and amount of memory that this process may use.

Containers, batch systems and `systemd-run` limit processors and memory with control groups, but
`os.cpu_count` and `/proc/meminfo` do not show these limits. This module reads versions 1 and 2 of
control groups, and the limits of all parent groups too.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """The machine, as the kernel's files describe it; `groups` holds the control groups."""

    groups: Path = Path("/sys/fs/cgroup")
    proc: Path = Path("/proc")

    def processors(self) -> int:
        """Return the number of processors that this process and its control groups may use."""
        return max(1, min([len(os.sched_getaffinity(0)), *self._quotas()]))

    def memory_bound(self) -> int | None:
        """Return the lowest memory limit of the process's groups, in bytes, or None."""
        return min((limit for limit, _ in self._memory()), default=None)

    def available_memory(self) -> int:
        """Return the bytes that are still free before the kernel starts to kill processes."""
        free = _numbers(self.proc / "meminfo").get("MemAvailable:", 0) * 1024
        return min([free, *(max(limit - used, 0) for limit, used in self._memory())])

    def _quotas(self) -> Iterator[int]:
        """Yield the number of processors that each quota of a group allows."""
        for folder in self._folders("cpu"):
            quota = _words(folder / "cpu.max") or [
                *_words(folder / "cpu.cfs_quota_us"),
                *_words(folder / "cpu.cfs_period_us"),
            ]
            if len(quota) == 2 and all(word.isdigit() for word in quota) and int(quota[1]):
                yield math.ceil(int(quota[0]) / int(quota[1]))

    def _memory(self) -> Iterator[tuple[int, int]]:
        """Yield each limited group's memory limit and use, in bytes, without cached files."""
        for folder in self._folders("memory"):
            for limit, used, idle in (
                ("memory.max", "memory.current", "inactive_file"),
                ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
            ):
                found, usage = _words(folder / limit), _words(folder / used)
                if found and found[0].isdigit():
                    taken = int(usage[0]) if usage and usage[0].isdigit() else 0
                    yield int(found[0]), taken - _numbers(folder / "memory.stat").get(idle, 0)

    def _folders(self, controller: str) -> Iterator[Path]:
        """Yield the folders of this process's groups for a controller, and their parent groups'."""
        for line in _lines(self.proc / "self" / "cgroup"):
            _, controllers, path = line.split(":", 2)
            if not controllers:
                top = self.groups
            elif controller in controllers.split(","):
                top = self.groups / controller
            else:
                continue
            # In a container, this may be the host's path, of which only the top folder exists here.
            group = top / path.lstrip("/")
            yield from (each for each in (group, *group.parents) if each.is_relative_to(top))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # this kernel or container has no such file
        return []


def _words(path: Path) -> list[str]:
    return " ".join(_lines(path)).split()


def _numbers(path: Path) -> dict[str, int]:
    """Read a file whose lines are a name and a number; return the numbers by name."""
    parts = (line.split() for line in _lines(path))
    return {part[0]: int(part[1]) for part in parts if len(part) > 1 and part[1].isdigit()}
