"""The marking process of a worker: it greets the run, then marks until the worker ends."""

from __future__ import annotations

import contextlib
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from autograder.errors import KitError
from autograder.grading.classrun import mark_here
from autograder.grading.cluster import messages
from autograder.grading.cluster.messages import Failed, Greeting, Hello, Message, Order
from autograder.grading.lifeline import end_with
from autograder.grading.versions import grader_parts
from autograder.sandbox import examine


def serve(worker: Connection) -> None:
    """Answer one message after another, until the worker closes the pipe."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            course = Path(worker.recv_bytes().decode())
            worker.send_bytes(messages.write(_answer(course, worker.recv_bytes())))


def _answer(course: Path, message: bytes) -> Message:
    try:
        asked = messages.read(message, Hello | Order)
        if isinstance(asked, Hello):
            return Greeting(dict(grader_parts()), examine(use_outer=asked.use_outer))
    except KitError as error:
        return Failed(str(error))
    seed, settings = int(asked.seed), asked.settings
    return messages.answer_of(
        mark_here(course, asked.assignment, asked.parcel.name, asked.parcel, seed, settings)
    )


def main() -> None:
    """Serve the worker that holds the other ends of this process's pipes."""
    orders = int(sys.argv[1])
    os.set_inheritable(orders, False)  # so that the sandbox does not keep it open
    end = os.dup(0)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    end_with(end)
    serve(Connection(orders))


if __name__ == "__main__":
    main()
