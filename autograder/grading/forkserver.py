"""The process that marking processes are forked from: it has imported what marking needs."""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext


def start() -> ForkServerContext:
    """Have the server import meanwhile, if it does not yet; what marking processes are made by.

    It starts no thread, so that its forks are sound.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.grading.classrun"])
    forkserver.ensure_running()
    return context
