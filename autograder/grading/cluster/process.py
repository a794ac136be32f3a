"""A marking process of a worker: takes orders over a socket, marks, answers; all in plain data.

It is a program of its own: Dask runs tasks in threads, of which none may use signals, and its
workers may not fork. It serves one bundle, keeps one sandbox, and ends with the worker.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from autograder.errors import KitError
from autograder.grading.classrun import Marked, mark_here
from autograder.grading.cluster import messages
from autograder.grading.ending import end_with


class Died(Exception):
    """The marking process ended before it had answered."""


class MarkingProcess:
    """The worker's end: a process that marks by one bundle; `run` says for whom it does now."""

    def __init__(self, course: Path) -> None:
        self.course, self.run = course, ""
        self._orders, orders = Pipe()
        end, self._life = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(orders.fileno()), str(end), str(course)],
                pass_fds=[orders.fileno(), end],
                stdin=subprocess.DEVNULL,
            )
        except BaseException:
            os.close(self._life)
            raise
        finally:
            orders.close()
            os.close(end)

    def ask(self, order: bytes) -> bytes:
        """The answer to an order; Died where none came."""
        try:
            self._orders.send_bytes(order)
            return self._orders.recv_bytes()
        except (OSError, EOFError) as error:
            self.end()
            raise Died(f"the marking process died ({self._process.returncode})") from error

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it, whatever it is at; whoever waits for its answer is told."""
        self._process.kill()

    def end(self) -> None:
        """End it, and give back what it took here."""
        self._process.kill()
        self._process.wait()
        self._orders.close()
        if self._life >= 0:
            os.close(self._life)
            self._life = -1

    def __del__(self) -> None:  # the worker's thread has ended
        with contextlib.suppress(OSError, AttributeError):
            self.end()


def serve(orders: Connection, course: Path) -> None:
    """Mark one order after another, until the worker closes its end."""
    _prefer_solutions_of(course)
    with contextlib.suppress(EOFError, OSError):
        while True:
            order = orders.recv_bytes()
            orders.send_bytes(messages.write(_answer(order, course)))


def _answer(message: bytes, course: Path) -> dict[str, object]:
    try:
        order = messages.Order.from_data(messages.read(message))
        marked = mark_here(
            course,
            order.assignment,
            order.parcel.name,
            order.parcel,
            order.seed,
            order.settings,
        )
        return messages.write_answer(marked)
    except KitError as error:
        return messages.write_answer(Marked("", None, str(error)))


def _prefer_solutions_of(course: Path) -> None:
    """Have `import solutions.NAME` find the bundle's, also where the kit is installed with some."""
    if importlib.util.find_spec("solutions") is None:
        sys.path.append(str(course))
        return
    import solutions

    solutions.__path__.insert(0, str(course / "solutions"))


def main() -> None:
    """Serve the worker that holds the other ends of what was inherited."""
    socket, end, course = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    for descriptor in (socket, end):
        os.set_inheritable(descriptor, False)  # the sandbox's processes would keep them open
    end_with(end)
    serve(Connection(socket), course)


if __name__ == "__main__":
    main()
