"""The process that marking processes are forked from: it has imported what marking needs.

Nothing is imported from the folder that it is started in, which may be a student's.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from typing import Any

_SAFE = "PYTHONSAFEPATH"


def start() -> ForkServerContext:
    """Have the server import meanwhile, if it does not yet; what marking processes are made by.

    It starts no thread, so that its forks are sound. Where it can't be started, the first marking
    process can't, which tells why.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.grading.classrun"])
    with starting(), contextlib.suppress(OSError):
        forkserver.ensure_running()
    return context


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """Where a marking process is started: the server, if it has died, is started anew with it."""
    before = os.environ.get(_SAFE)
    os.environ[_SAFE] = "1"
    try:
        yield
    finally:
        del os.environ[_SAFE]
        if before is not None:
            os.environ[_SAFE] = before


def stop() -> None:
    """End the server, where it runs, whatever it is at: no marking process may be there any more.

    By itself it would end with this process, but only once it has imported everything.
    """
    server: Any = forkserver._forkserver
    if server._forkserver_pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(server._forkserver_pid, signal.SIGKILL)
        server._stop()
