"""End a marking process and its sandbox when the process that started it ends."""

from __future__ import annotations

import fcntl
import os
import select
import signal


def end_with(pipe: int) -> None:
    """End this process when the process at the other end of the pipe closes the pipe or ends.

    Nothing may ever be written to the pipe.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process decides when to stop
    # When the pipe closes, the kernel sends a signal. The signal ends a process that has no handler
    # for it, even during a long calculation.
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    if poll.poll(0):  # it was closed before the signal was requested
        os._exit(1)
