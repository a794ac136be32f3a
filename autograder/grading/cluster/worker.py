"""The tasks that Dask runs on a worker, which imports this module; tasks return bytes.

Marking runs in a separate program (`marking`): Dask runs tasks in threads, which may not use
signals, and its workers may not fork. The worker's process imports nothing that marking needs.
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
_POLL_SECONDS = 0.2

_own = threading.local()
"""The marking process of each thread of the worker."""


class DiedError(Exception):
    """An error: the marking process ended before it answered."""


class NoBundleError(Exception):
    """An error: the worker does not have the bundle, because the worker was restarted."""


class MarkingProcess:
    """A process that marks.

    The process ends when its standard input closes, with the worker or the worker's thread; nothing
    is ever written to that input.
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

        Raise DiedError if the process ends first. Cancelling Dask's task ends the process.
        """
        worker = get_worker()
        key = worker.get_current_task()
        try:
            self._orders.send_bytes(course.encode())
            self._orders.send_bytes(message)
            while not self._orders.poll(_POLL_SECONDS):
                if getattr(worker.state.tasks.get(key), "state", "") != "executing":
                    raise EOFError("no one is waiting for the answer")
            return self._orders.recv_bytes()
        except (OSError, EOFError) as error:
            self.process.kill()
            self.process.communicate()
            self._orders.close()
            raise DiedError(str(error)) from error


def greet(message: bytes) -> bytes:
    """Return the versions of this worker's grader's parts, and the worker's walls."""
    return _process().ask("", message)


def mark(bundle: str, content: bytes, order: bytes) -> bytes:
    """Mark in this thread's own process, with the bundle that has this name.

    The bundle's content is sent once and kept in this worker's own folder, which Dask deletes.
    Raise CourseError if the bundle is rejected, NoBundleError if it is missing, and DiedError if
    the marking process ends.
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
