"""What a run has its workers do: Dask imports this there. What they answer is bytes.

Marking goes on in a program of its own (`marking`): Dask runs tasks in threads, of which none may
use signals, and its workers may not fork. What marking imports stays out of the worker's process.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from multiprocessing import Pipe
from pathlib import Path

from distributed import get_worker

from autograder.course.bundle import Bundle, find, keep

PROGRAM = "autograder.grading.cluster.marking"
LOOK_SECONDS = 0.2

_own = threading.local()
"""The marking process of each of the worker's threads."""


class DiedError(Exception):
    """The marking process ended before it had answered."""


class NoBundleError(Exception):
    """The worker has not got the bundle; it was started again."""


class MarkingProcess:
    """A process that marks.

    It ends with the worker, or the worker's thread: that closes its standard input, to which
    nothing is ever written.
    """

    def __init__(self) -> None:
        self._orders, orders = Pipe()
        with orders:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", PROGRAM, str(orders.fileno())],
                pass_fds=[orders.fileno()],
                stdin=subprocess.PIPE,
            )

    def ask(self, course: str, message: bytes) -> bytes:
        """Return the answer to a message about a course.

        DiedError if the process ends first. It is ended if Dask's task is cancelled.
        """
        worker = get_worker()
        key = worker.get_current_task()
        try:
            self._orders.send_bytes(course.encode())
            self._orders.send_bytes(message)
            while not self._orders.poll(LOOK_SECONDS):
                if getattr(worker.state.tasks.get(key), "state", "") != "executing":
                    raise EOFError("nobody waits for the answer")
            return self._orders.recv_bytes()
        except (OSError, EOFError) as error:
            self.process.kill()
            self.process.communicate()
            self._orders.close()
            raise DiedError(str(error)) from error


def greet(message: bytes) -> bytes:
    """Tell what this worker marks with, and behind which walls."""
    return _process().ask("", message)


def mark(bundle: str, content: bytes, order: bytes) -> bytes:
    """Mark in this thread's own process, by the bundle of that name.

    Its content is sent once, and kept in this worker's own folder, which Dask clears away.
    CourseError if it is not to be taken, NoBundleError without it, DiedError.
    """
    folder = Path(get_worker().local_directory) / "fdl-bundles"
    course = keep(Bundle(bundle, content), folder) if content else find(bundle, folder)
    if course is None:
        raise NoBundleError
    return _process().ask(str(course), order)


def _process() -> MarkingProcess:
    found: MarkingProcess | None = getattr(_own, "process", None)
    if found is None or found.process.poll() is not None:
        found = _own.process = MarkingProcess()
    return found
