"""Ends a marking process, and so its sandbox, together with the process that gives it work."""

from __future__ import annotations

import fcntl
import os
import select
import signal


def end_with(pipe: int) -> None:
    """End this process when the pipe's other end is closed: when its holder ends, however it does.

    Nothing may ever be written to the pipe.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the holder says when to stop
    # The kernel tells of the closing by a signal, which ends a process that has no handler for
    # it, also amid a long calculation.
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    if poll.poll(0):  # it was closed before the kernel had been asked
        os._exit(1)
