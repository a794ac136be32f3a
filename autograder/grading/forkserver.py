"""The process that marking processes are forked from: it has imported what marking needs."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from typing import Any


def start() -> ForkServerContext:
    """Have the server import meanwhile, if it does not yet; what marking processes are made by.

    It starts no thread, so that its forks are sound. Nothing is imported from the folder that it is
    started in, which may be a student's.
    """
    os.environ["PYTHONSAFEPATH"] = "1"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.grading.classrun"])
    forkserver.ensure_running()
    return context


def stop() -> None:
    """End the server, where it runs, whatever it is at: no marking process may be there any more.

    By itself it would end with this process, but only once it has imported everything.
    """
    server: Any = forkserver._forkserver
    if server._forkserver_pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(server._forkserver_pid, signal.SIGKILL)
        server._stop()
