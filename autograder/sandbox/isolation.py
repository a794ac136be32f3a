"""Keep the hidden tests of one item from passing information to the tests of the next item.

Items are isolated from each other because a wrong answer must not spoil the next item. With
follow-through, a test also replaces an earlier answer with the reference, on purpose.

The tests of each item use their own fork of the notebook's process. In this module, "a test" means
all requests to one fork. The notebook's process runs student code. So a fork could leave a message
for the notebook's process or for later forks: in a file, in shared memory, in a pipe or by a
signal. The grader therefore stops the notebook's process whenever the process is not forking. While
the process is stopped, the grader inspects the shared resources from outside. If the grader finds a
trace, it runs the notebook again, in empty folders, before the next test.

A test can still pass on a few bits of information: by the duration of a call, and by the number of
processes that the call starts.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.sandbox.inside import processes, walls

_HOLD_SECONDS = 10.0  # a busy machine may take seconds before it stops a process
_TICK_SECONDS = 0.02  # resolution of a file system's clock
_LATER = 3600 * 10**9
_MAX_FILES = 5_000
_NULL = os.makedev(1, 3)
_SHARED = re.compile(rb"^\S+ ...s \S+ \S+ \S+ *(.*)$", re.MULTILINE)
_STATUS = re.compile(
    "^(State|SigPnd|ShdPnd|voluntary_ctxt_switches|nonvoluntary_ctxt_switches):\\s*(\\S+)",
    re.MULTILINE,
)
_GONE = (FileNotFoundError, ProcessLookupError)
_EXITING = 0x4  # the kernel's flag PF_EXITING: the thread never returns to the program
_CHILD_ENDED = 1 << (signal.SIGCHLD - 1)

_libc = ctypes.CDLL(None, use_errno=True)

Trace = dict[str, tuple[int, ...]]


class HoldError(Exception):
    """An error: the notebook's process has ended, or cannot be stopped."""


class Holder:
    """An object that stops one process, and reports the resources that the process shares.

    `channel` is the inode of the only socket that the process should have. No process can write to
    the folders `packages`. `uid` is the process's owner, or None for the grader's own user.
    """

    def __init__(self, pid: int, *, channel: int, packages: Sequence[str], uid: int | None) -> None:
        self.pid = pid
        self._channel = channel
        self._packages = tuple(os.fsencode(path.rstrip("/") + "/") for path in packages)
        self._uid = uid
        self._last: list[str] | None = None
        self._before: set[int] = set()

    def hold(self) -> list[int]:
        """Stop all threads of the process; return the children that it started since `let_go`."""
        try:
            os.kill(self.pid, signal.SIGSTOP)
            self._last = None
            deadline = time.monotonic() + _HOLD_SECONDS
            while not all(found["State"][0] in "Tt" for found in self._threads().values()):
                if time.monotonic() > deadline:
                    raise HoldError("the process did not stop")
                time.sleep(0.0001)
            # The kernel counts the context switch a moment after it stops a thread. So read the
            # state until it no longer changes.
            last = None
            while self._last is None or last != self._last:
                if time.monotonic() > deadline:
                    raise HoldError("the state of the stopped process still changes")
                last, self._last = self._last, self._state()
            return [pid for pid in processes.children(self.pid) if pid not in self._before]
        except _GONE as error:
            raise HoldError("the process has ended") from error

    def let_go(self) -> None:
        """Let the process run, so that it can fork."""
        self._before = set(processes.children(self.pid))
        try:
            os.kill(self.pid, signal.SIGCONT)
        except ProcessLookupError as error:
            raise HoldError("the process has ended") from error

    def moved(self) -> bool:
        """Return whether the process ran, got a signal or had a descriptor changed since `hold`."""
        try:
            return self._state() != self._last
        except _GONE:
            return True

    def shares(self) -> str | None:
        """Name a resource that the process shares with its forks.

        Return "" if no resource is shared, or None if the kernel does not allow this check. Call
        this while the process is held; the answer is valid until `let_go`.
        """
        with seeing_as(self._uid):
            try:
                return self._shared_descriptor() or self._shared_memory() or ""
            except PermissionError:
                return None
            except _GONE:
                return "gone"

    def _shared_descriptor(self) -> str | None:
        for name in os.listdir(f"/proc/{self.pid}/fd"):
            state = os.stat(f"/proc/{self.pid}/fd/{name}")
            null = stat.S_ISCHR(state.st_mode) and state.st_rdev == _NULL
            own = stat.S_ISSOCK(state.st_mode) and state.st_ino == self._channel
            if not (null or own):
                return f"descriptor {name}"
        return None

    def _shared_memory(self) -> str | None:
        maps = Path(f"/proc/{self.pid}/maps").read_bytes()
        for path in _SHARED.findall(maps):
            if not path.startswith(self._packages):
                return "memory"
        return None

    def _state(self) -> list[str]:
        """Return values that change if the stopped process wakes up, or receives a message."""
        found = []
        for thread, state in self._threads().items():
            pending = (int(state[name], 16) & ~_CHILD_ENDED for name in ("SigPnd", "ShdPnd"))
            switches = (state["voluntary_ctxt_switches"], state["nonvoluntary_ctxt_switches"])
            found.append(" ".join(map(str, (thread, *pending, *switches))))
        with seeing_as(self._uid), contextlib.suppress(PermissionError):
            folder = f"/proc/{self.pid}/fdinfo"
            found += [_read(f"{folder}/{name}") for name in os.listdir(folder)]
        return found

    def _threads(self) -> dict[str, dict[str, str]]:
        folder = f"/proc/{self.pid}/task"
        return {
            thread: dict(_STATUS.findall(_read(f"{folder}/{thread}/status")))
            for thread in os.listdir(folder)
        }


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def is_alive(pid: int) -> bool:
    """Return whether a process exists and is not ending."""
    try:
        return any(not _is_ending(f"{pid}/task/{name}") for name in os.listdir(f"/proc/{pid}/task"))
    except _GONE:
        return False


def _is_ending(thread: str) -> bool:
    try:
        fields = processes.stat_fields(thread)
    except _GONE:
        return True
    return fields[0] in "ZX" or bool(int(fields[6]) & _EXITING)


@contextlib.contextmanager
def seeing_as(uid: int | None) -> Iterator[None]:
    """Access files and processes as the user `uid`, in this thread only.

    In some containers, root may not access the files and processes of other users.
    """
    if uid is None or os.geteuid() != 0:
        yield
        return
    own = os.getegid()
    _libc.setfsgid(uid)
    _libc.setfsuid(uid)
    walls.use_capabilities()  # changing the user has disabled the capabilities
    try:
        yield
    finally:
        _libc.setfsuid(0)
        _libc.setfsgid(own)


def trace(folder: str) -> Trace | None:
    """Return values that change when a file in the folder changes; None if it can't be read.

    The values include the kernel's own timestamps, which no program can set.
    """
    found: Trace = {}
    waiting = [folder]
    try:
        found[""] = _marks(os.stat(folder, follow_symlinks=False))
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    found[entry.path] = _marks(entry.stat(follow_symlinks=False))
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
            if len(found) > _MAX_FILES:
                return None
    except OSError:
        return None
    return found


def settled_trace(folder: str) -> Trace | None:
    """Return the `trace` of a folder at a time from which every change alters the trace.

    Reading a file later does not alter the trace.
    """
    for path, marks in (trace(folder) or {}).items():
        with contextlib.suppress(OSError):
            # Reading a file updates its access time, unless that time is already in the future.
            times = time.time_ns() + _LATER, marks[-2]
            os.utime(path or folder, ns=times, follow_symlinks=False)
    time.sleep(_TICK_SECONDS)
    return trace(folder)


def _marks(state: os.stat_result) -> tuple[int, ...]:
    kind = state.st_ino, state.st_mode, state.st_nlink, state.st_size
    return *kind, state.st_atime_ns, state.st_mtime_ns, state.st_ctime_ns
