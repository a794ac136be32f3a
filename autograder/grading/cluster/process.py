"""The worker's end of a marking process, which takes orders over a socket and ends with the worker.

That process is a program of its own (`marking`): Dask runs tasks in threads, of which none may use
signals, and its workers may not fork. What marking imports stays out of the worker's process.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from multiprocessing import Pipe
from pathlib import Path

PROGRAM = "autograder.grading.cluster.marking"


class Died(Exception):
    """The marking process ended before it had answered."""


class MarkingProcess:
    """A process that marks, by one bundle alone; `run` says for whom it does now."""

    def __init__(self) -> None:
        self.course: Path | None = None
        self.run = ""
        self._orders, orders = Pipe()
        end, self._life = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", PROGRAM, str(orders.fileno()), str(end)],
                pass_fds=[orders.fileno(), end],
                stdin=subprocess.DEVNULL,
            )
        except BaseException:
            os.close(self._life)
            raise
        finally:
            orders.close()
            os.close(end)

    def ask(self, message: bytes) -> bytes:
        """The answer to a message; Died where none came."""
        try:
            self._orders.send_bytes(message)
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
