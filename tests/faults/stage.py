"""A process that has imported the kit and runs its commands in forks, watched where asked.

`python -m tests.faults.stage N` serves orders that come through descriptor N, a socket that keeps
messages apart. An order is JSON: `root`, the course; `commands`, lists of arguments for `fdl`;
`class`, the name of the made-up Markings to take (see `classroom.py`); `output`, a file for what
is printed; `watched`; `patience`, the seconds to wait for a lock; `pause`, the seconds that marking
one submission seems to take.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Any

import typer.main

import autograder.sandbox
from autograder.assignment import Assignment, Course
from autograder.cli import app
from autograder.grading import classrun, mark
from autograder.grading.classrun import Job, Marked
from autograder.records import bookkeeping, converters, feedback, gradebook, regrade
from tests.records.course import NO_WALLS

from .classroom import marking
from .listener import listen

_LOADED = (mark, converters, feedback, gradebook, regrade)


def main() -> None:
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        while message := orders.recv(65_536):
            order = json.loads(message)
            child = os.fork()
            if child == 0:
                _run(orders, order)
            _, status = os.waitpid(child, 0)
            orders.send(json.dumps(["ended", status]).encode())


def _run(orders: socket.socket, order: dict[str, Any]) -> None:
    code = 99
    try:
        os.chdir(order["root"])
        output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        _take_markings(order["class"], order["pause"])
        bookkeeping.LOCK_SECONDS = order["patience"]
        if order["watched"]:
            listener = listen()
            message = json.dumps(["watched", os.getpid()]).encode()
            socket.send_fds(orders, [message], [listener])
            os.close(listener)
        code = 0
        for arguments in order["commands"]:
            code = max(code, _command(arguments))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _command(arguments: list[str]) -> int:
    command = typer.main.get_command(app)
    try:
        return int(command.main(arguments, standalone_mode=False) or 0)
    except SystemExit as end:
        return int(end.code or 0)


def _take_markings(name: str, pause: float) -> None:
    """Have the Markings of that class instead of marking; everything after it is the real thing."""

    def mark_class(
        course: Course, _assignment: Assignment, jobs: list[Job], **_settings: object
    ) -> Iterator[Marked]:
        for job in jobs:
            time.sleep(pause)
            yield Marked(job.student, marking(course, name, job.student))

    classrun.mark_class = mark_class  # type: ignore[assignment]
    autograder.sandbox.examine = lambda **_: NO_WALLS


if __name__ == "__main__":
    main()
