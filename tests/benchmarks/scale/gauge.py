"""Run a command while watching its memory, and kill the command if a test asks for that."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.benchmarks.courses import ONE_THREAD, TOOLS, usual_environment
from tests.benchmarks.effort import Effort, measure

SECONDS_BETWEEN = 0.5


@dataclass(frozen=True)
class Sample:
    """Memory at one moment, in bytes: of the command's first process, and of all its processes.

    `everything` counts pages that several processes share only once.
    """

    moment: float
    own: int
    everything: int


@dataclass(frozen=True)
class Watched:
    """The end of a command, its output and cost, and its memory over time."""

    code: int
    printed: str
    effort: Effort
    began: float
    samples: Sequence[Sample]
    own_peak: int
    own_seconds: float

    @property
    def peak(self) -> int:
        """The highest memory of all processes together, in bytes."""
        return max((sample.everything for sample in self.samples), default=0)


def watch(root: Path, *arguments: str, until: Callable[[], bool] = lambda: False) -> Watched:
    """Run `fdl` in a course; kill its first process (SIGKILL) as soon as `until` returns true."""
    found: list[Watched] = []

    def run() -> None:
        with tempfile.TemporaryFile("w+") as printed:
            environment = {**usual_environment(), **ONE_THREAD, "COLUMNS": "160"}
            command = [str(TOOLS / "fdl"), *arguments]
            began = time.time()
            process = subprocess.Popen(
                command, cwd=root, env=environment, stdin=subprocess.DEVNULL,
                stdout=printed, stderr=subprocess.STDOUT,
            )  # fmt: skip
            samples, peak, seconds = _follow(process, until)
            printed.seek(0)
            found.append(
                Watched(process.returncode, printed.read(), Effort(0, None), began, samples, peak,
                        seconds)
            )  # fmt: skip

    effort = measure(run)
    [watched] = found
    return Watched(**{**vars(watched), "effort": effort})


def _follow(
    process: subprocess.Popen[bytes], until: Callable[[], bool]
) -> tuple[list[Sample], int, float]:
    """Return samples until the process ends, its peak memory, and its processor seconds."""
    samples: list[Sample] = []
    peak, seconds = 0, 0.0
    own = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            children = [_share(child) for child in own.children(recursive=True)]
            samples.append(Sample(time.time(), own.memory_info().rss, _share(own) + sum(children)))
            peak = max(peak, _high_water(process.pid))
            times = own.cpu_times()
            seconds = times.user + times.system
        except (psutil.Error, OSError):  # the process has ended meanwhile
            break
        if until():
            process.kill()
            break
        time.sleep(SECONDS_BETWEEN)
    process.wait()
    return samples, peak, seconds


def _share(process: psutil.Process) -> int:
    """Return a process's memory, counting only its share of memory that other processes use too."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, OSError):  # the process has ended meanwhile
        return 0


def _high_water(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
