"""A process that has imported the kit and runs commands in forks, which can be watched.

`python -m tests.faults.stage N` serves orders that arrive through descriptor N, a socket that keeps
messages separate. An order is JSON with these keys:

- `root`: the course
- `commands`: lists of arguments for `fdl`
- `class`: the name of the made-up Markings to use (see `madeupclass.py`)
- `output`: a file for the command's output
- `watched`: whether a listener watches the run
- `patience`: the seconds to wait for a lock
- `gate`: a named pipe that must be closed before the third student is marked, or nothing
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import sqlalchemy.orm
import typer.main

import autograder.sandbox
from autograder.cli import app
from autograder.course.assignment import Assignment, Course
from autograder.gradebook import database, recorder
from autograder.grading import classrun, mark
from autograder.grading.jobs import Job, Marked
from autograder.pages import feedback
from autograder.runs import regrade
from tests.gradebook.course import NO_WALLS

from .listener import listen
from .madeupclass import marking

_LOADED = (mark, feedback, recorder, regrade)
_FDL = typer.main.get_command(app)


def main() -> None:
    _prepare()
    _serve()


def _prepare() -> None:
    """Do the first steps of every run once, so that all later forks share the results."""
    importlib.import_module("alembic.script")
    nbformat.validate(nbformat.v4.new_notebook())
    sqlalchemy.orm.configure_mappers()
    output = io.StringIO()
    for name in ("grade", "feedback", "regrade", "restore"):
        with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
            _FDL.main([name, "--help"], standalone_mode=False)


def _serve() -> None:
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
        _take_markings(order["class"], order["gate"])
        database.LOCK_SECONDS = order["patience"]
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
    try:
        return int(_FDL.main(arguments, standalone_mode=False) or 0)
    except SystemExit as end:
        return int(end.code or 0)


def _take_markings(name: str, gate: str) -> None:
    """Use the made-up Markings of this class instead of marking; all later steps are real."""

    def mark_class(
        course: Course, _assignment: Assignment, jobs: list[Job], **_settings: object
    ) -> Iterator[Marked]:
        for number, job in enumerate(jobs):
            if gate and number == 2:
                Path(gate).read_bytes()
            yield Marked(job.student, marking(course, name, job.student))

    classrun.mark_class = mark_class  # type: ignore[assignment]
    autograder.sandbox.examine = lambda **_: NO_WALLS


if __name__ == "__main__":
    main()
