"""The marking process of a worker: greets and marks, in plain data, until the worker is gone.

It serves one bundle, and keeps one sandbox.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from autograder.errors import KitError
from autograder.grading.classrun import Marked, mark_here
from autograder.grading.cluster import messages, wire
from autograder.grading.lifeline import end_with
from autograder.grading.versions import grader_parts
from autograder.sandbox import examine


def serve(worker: Connection) -> None:
    """Answer one message after another, until the worker closes its end."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            worker.send_bytes(wire.write(_answer(wire.read(worker.recv_bytes()))))


def _answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    if "order" not in asked:
        protection = examine(use_outer=bool(asked["use_outer"]))
        return messages.Greeting(grader_parts(), protection).to_data()
    try:
        order = messages.Order.from_data(wire.read(asked["order"]))
        course = Path(asked["course"])
        _prefer_solutions_of(course)
        marked = mark_here(
            course,
            order.assignment,
            order.parcel.name,
            order.parcel,
            order.seed,
            order.settings,
        )
    except KitError as error:
        marked = Marked("", None, str(error))
    return messages.write_answer(marked)


@cache
def _prefer_solutions_of(course: Path) -> None:
    """Have `import solutions.NAME` find the bundle's, also where the kit is installed with some."""
    if importlib.util.find_spec("solutions") is None:
        sys.path.append(str(course))
        return
    import solutions

    solutions.__path__.insert(0, str(course / "solutions"))


def main() -> None:
    """Serve the worker that holds the other ends of what was inherited."""
    socket, end = map(int, sys.argv[1:])
    for descriptor in (socket, end):
        os.set_inheritable(descriptor, False)  # the sandbox's processes would keep them open
    end_with(end)
    serve(Connection(socket))


if __name__ == "__main__":
    main()
