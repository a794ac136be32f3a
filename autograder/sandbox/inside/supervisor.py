"""End every process of the sandbox without a pid namespace.

The supervisor is the ancestor of all other processes in the sandbox. As a "child subreaper", it
also becomes the parent of processes that forked twice to escape. When the grader ends or closes the
channel, the supervisor kills its descendants until none is left, removes the sandbox's folder and
ends.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Mapping
from typing import Any, NoReturn

from . import processes, walls

_OOM_FIRST = b"500"  # if memory runs out, the kernel should end the sandbox before its supervisor


def stand_over(order: Mapping[str, Any]) -> None:
    """Fork; only the child returns, and the parent supervises the child.

    `order` has four entries. `control` is a descriptor that the grader closes to end the sandbox.
    `folder` is the folder to remove at the end. `uid` is a user whose processes all belong to the
    sandbox, or None. `lock` is the descriptor that keeps `uid` reserved, or None.
    """
    control = int(order["control"])
    grader = os.pidfd_open(os.getppid())
    walls.adopt_orphans()
    supervisor = os.getpid()
    pid = os.fork()
    if pid:
        _supervise(pid, control, grader, order)
    for descriptor in (control, grader, order["lock"]):
        if descriptor is not None:
            os.close(descriptor)
    walls.die_with_parent()
    if os.getppid() != supervisor:
        os._exit(1)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "wb") as file:
        file.write(_OOM_FIRST)


def _supervise(main: int, control: int, grader: int, order: Mapping[str, Any]) -> NoReturn:
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        null_streams(0, 1, 2)
        wake = _wake_on_child()
        poll = select.poll()
        for descriptor in (control, grader, wake):
            poll.register(descriptor, select.POLLIN)
        while all(descriptor == wake for descriptor, _ in poll.poll()):
            _drain(wake)
            if main in processes.reap():
                break
        _end_all(order["uid"], wake)
        remove(order["folder"])
    finally:
        os._exit(0)


def null_streams(*streams: int) -> None:
    """Connect the descriptors `streams` to /dev/null."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in streams:
        os.dup2(null, stream)
    if null not in streams:
        os.close(null)


def _wake_on_child() -> int:
    """Return a descriptor that becomes readable after a child has ended."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


def _end_all(uid: int | None, wake: int) -> None:
    """Kill all descendants; return when no child is left.

    Every orphan becomes a child of the supervisor. So if no child is left, no descendant is left.
    """
    while True:
        if uid is not None:
            kill_user(uid)
        processes.kill(processes.descendants(os.getpid()))
        processes.reap()
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        select.select([wake], [], [], 0.01)
        _drain(wake)


def kill_user(uid: int) -> None:
    """Kill all processes of a user with one signal, so that no new fork can escape."""
    pid = os.fork()
    if pid == 0:
        try:
            walls.become(uid, keep=[])
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def remove(folder: str) -> None:
    """Remove a folder of any depth and with any permissions, without following a link.

    Sub-folders are moved up before they are emptied, so that no path becomes too long. If `folder`
    is a file or a link, the file or the link is removed.
    """
    with contextlib.suppress(FileNotFoundError):
        if os.path.islink(folder) or not os.path.isdir(folder):
            os.unlink(folder)
            return
        os.chmod(folder, 0o700)
        empty(folder)
        os.rmdir(folder)


def empty(folder: str) -> None:
    """Remove all contents of a folder, but keep the folder itself."""
    while names := os.listdir(folder):
        for name in names:
            _remove_or_raise_up(folder, os.path.join(folder, name))


def _remove_or_raise_up(top: str, path: str) -> None:
    """Remove `path`; if it is a folder, move its sub-folders to `top` under new names."""
    if os.path.islink(path) or not os.path.isdir(path):
        os.unlink(path)
        return
    os.chmod(path, 0o700)
    for entry in list(os.scandir(path)):
        if entry.is_dir(follow_symlinks=False):
            os.chmod(entry.path, 0o700)
            os.rename(entry.path, os.path.join(top, f".removing-{os.urandom(12).hex()}"))
        else:
            os.unlink(entry.path)
    os.rmdir(path)
