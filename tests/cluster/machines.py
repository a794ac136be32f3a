"""A scheduler and its workers in separate processes, and a course to mark on them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course.assignment import Course
from autograder.course.samples import SampleStudent, write_submission
from tests.release.marking import Marker, release
from tests.release.tiny import write_course

HOMEWORK = "tiny"
ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"

# A hidden test with sabotage: it ends its own process, ends the Dask worker that this process marks
# for, or writes the number of its process and waits forever.
SABOTAGE = '''

@item("t-values")
def test_sabotage(student):
    """The values can be asked for again."""
    import os, pathlib, signal, time
    trap = pathlib.Path({traps!r}) / f"{{student.value('last_part'):g}}"
    if not trap.exists():
        return
    order = trap.read_text()
    if "once" in order:
        trap.unlink()
    if "wait" in order:
        trap.with_suffix(".pid").write_text(f"{{os.getpid()}}\\n")
        while True:
            signal.pause()
    victim = os.getppid() if "worker" in order else os.getpid()
    os.kill(victim, signal.SIGKILL)
    time.sleep(60)
'''

ANSWERS = {name: 15.0 + number for number, name in enumerate(("anna", "bela", "chloe", "dan"))}
"""Each student's value of `last_part`; the value selects the sabotage of the hidden test."""


def make_class(root: Path, traps: Path) -> Course:
    """Make the made-up course, released, with a submission of each student."""
    write_course(root)
    hidden = root / "autograder" / "hidden" / HOMEWORK / "test_valley.py"
    sabotage = SABOTAGE.format(traps=str(traps))
    hidden.write_text(hidden.read_text(encoding="utf-8") + sabotage, encoding="utf-8")
    course = Course(root)
    assert release(course, HOMEWORK, mark=Marker()).ok
    for name, value in ANSWERS.items():
        answers = {"t-values-answer": f"first_part = np.array([9.0, 18.0])\nlast_part = {value}"}
        student = SampleStudent(name, "made up", answers=answers)
        folder = root / "submitted" / name / HOMEWORK
        write_submission(course, course.assignment(HOMEWORK), student, folder)
    return course


@dataclass
class Machines:
    """A scheduler and workers, started by Dask's own commands; `close` ends these processes."""

    folder: Path
    scheme: str = "tcp"
    options: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    python: str = sys.executable
    cwd: Path = ROOT
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, workers: int = 2) -> str:
        """Start all processes; return the scheduler's address."""
        self.address = f"{self.scheme}://{HOST}:{free_port()}"
        self._dask("scheduler", "--host", self.address, "--no-show")
        for _ in range(workers):
            self.add_worker()
        return self.address

    def add_worker(self, **variables: str) -> subprocess.Popen[bytes]:
        """Add a worker of one thread, with a nanny that restarts the worker when it dies."""
        return self._dask(
            "worker", self.address, "--host", f"{self.scheme}://{HOST}", "--nthreads", "1",
            "--local-directory", str(self.folder), "--no-dashboard", **variables,
        )  # fmt: skip

    def close(self) -> None:
        """End them."""
        for process in self._started[::-1]:
            end(process)

    def marking(self) -> list[int]:
        """Return the workers' marking processes."""
        return [
            pid for pid in self.processes() if "autograder.grading.cluster.marking" in words(pid)
        ]

    def processes(self) -> list[int]:
        """Return all processes that the scheduler and the workers have started."""
        return [pid for process in self._started for pid in descendants(process.pid)]

    def sandboxes(self) -> list[int]:
        """Return the processes that the marking processes have started."""
        return [child for pid in self.marking() for child in descendants(pid)]

    def _dask(self, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{len(self._started)}-{arguments[0]}.log").open("wb") as log:
            process = subprocess.Popen(
                [self.python, "-m", "dask", *arguments, *self.options],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                env={**os.environ, **self.variables, **variables},
            )
        self._started.append(process)
        return process


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and make sure that it ends."""
    process.terminate()
    try:
        process.wait(120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def command(root: Path, address: str, *options: str, what: str = "grade") -> list[str]:
    arguments = [what, HOMEWORK, "--course", str(root), "--cluster", address, *options]
    return [sys.executable, "-m", "autograder.cli", *arguments]


def grade(
    root: Path, address: str, *options: str, what: str = "grade", **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(root, address, *options, what=what),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "COLUMNS": "300", **variables},
    )


def reports(root: Path) -> dict[str, bytes]:
    """Return the records by student and file."""
    found = sorted(root.glob(f"autograded/*/{HOMEWORK}/*"))
    return {str(path.relative_to(root)): path.read_bytes() for path in found if path.is_file()}


def descendants(pid: int) -> Iterator[int]:
    """Return a process's children and their descendants."""
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from descendants(child)


def words(pid: int) -> str:
    """Return the command line; it is empty if the process has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def until(holds: Callable[[], object], seconds: float = 400.0) -> bool:
    """Return whether the condition becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return bool(holds())
