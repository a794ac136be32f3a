"""The processors and memory of the machine, or of the container if the container has fewer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder.capacity import Machine
from autograder.grading.classrun import USUAL_MEMORY, default_jobs
from autograder.sandbox import Limits

GiB = 2**30
HERE = len(os.sched_getaffinity(0))
MOST = Limits().total_memory_bytes + Limits().disk_bytes


def machine(root: Path, files: dict[str, str], cgroup: str = "0::/\n", free: int = 64) -> Machine:
    """Make a machine with `free` GiB of memory, whose control groups have these files."""
    proc, groups = root / "proc", root / "groups"
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text(cgroup)
    (proc / "meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable:   {free * 2**20} kB\n")
    for name, text in files.items():
        (groups / name).parent.mkdir(parents=True, exist_ok=True)
        (groups / name).write_text(text)
    return Machine(groups, proc)


def test_without_groups_all_of_the_machine_is_there(tmp_path: Path) -> None:
    found = machine(tmp_path, {})
    assert (found.processors(), found.memory_bound()) == (HERE, None)
    assert found.available_memory() == 64 * GiB


@pytest.mark.parametrize(
    ("cgroup", "folder"),
    [("0::/\n", ""), ("0::/a/b\n", "a/b/"), ("0::/a/b\n", "a/"), ("0::/of/the/host\n", "")],
)
def test_the_least_of_the_groups_counts(tmp_path: Path, cgroup: str, folder: str) -> None:
    files = {
        f"{folder}memory.max": f"{3 * GiB}\n",
        f"{folder}memory.current": f"{2 * GiB}\n",
        f"{folder}memory.stat": f"anon 7\ninactive_file {GiB}\n",
        f"{folder}cpu.max": "50000 100000\n",
    }
    found = machine(tmp_path, {"memory.max": "max\n", **files}, cgroup)
    assert (found.processors(), found.memory_bound()) == (1, 3 * GiB)
    assert found.available_memory() == 2 * GiB


def test_the_groups_of_older_kernels_count_too(tmp_path: Path) -> None:
    files = {
        "memory/box/memory.limit_in_bytes": f"{3 * GiB}\n",
        "memory/box/memory.usage_in_bytes": f"{GiB}\n",
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "cpu/box/cpu.cfs_quota_us": "50000\n",
        "cpu/box/cpu.cfs_period_us": "100000\n",
    }
    found = machine(tmp_path, files, "5:memory:/box\n4:cpu,cpuacct:/box\n1:name=systemd:/\n")
    assert (found.processors(), found.memory_bound()) == (1, 3 * GiB)
    assert found.available_memory() == 2 * GiB


@pytest.mark.parametrize("text", ["max 100000\n", "-1\n", "", "odd\n", "100000 0\n"])
def test_a_share_without_a_bound_is_none(tmp_path: Path, text: str) -> None:
    assert machine(tmp_path, {"cpu.max": text}).processors() == HERE


def test_a_share_is_rounded_up(tmp_path: Path) -> None:
    assert machine(tmp_path, {"cpu.max": "110000 100000"}).processors() == min(2, HERE)


def free(size: int) -> Machine:
    """Make a machine with eight processors and `size` bytes of memory."""

    class Fixed(Machine):
        def processors(self) -> int:
            return 8

        def available_memory(self) -> int:
            return size

    return Fixed()


@pytest.mark.parametrize(
    ("size", "jobs"),
    [
        (GiB // 2, 1),
        (MOST, 1),
        (MOST + USUAL_MEMORY - 1, 1),
        (MOST + USUAL_MEMORY, 2),
        (MOST + 4 * USUAL_MEMORY, 5),
        (64 * GiB, 8),
    ],
)
def test_so_many_at_once_as_processors_and_memory_allow(size: int, jobs: int) -> None:
    assert default_jobs(Limits(), free(size)) == jobs
