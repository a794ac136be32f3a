"""The inner wall: what a process does to itself before it sees any student data.

`confine(spec)` is called in a freshly forked child. It gives up, for good and for all processes
that come of it, everything that a notebook does not need:

- root: a spare user id that nothing else has, no groups, no capabilities (where started as root);
- files: Landlock leaves the interpreter's packages for reading and the private folders for writing;
- system calls: seccomp leaves the list in `seccomp.py`: no new sockets, no exec, no ptrace;
- amounts: rlimits on memory, processor time, processes, file size, descriptors.

`spec` is plain data made by the grader's `launch`:

    work, tmp, home     the private folders
    read                paths that may be read
    uid                 the spare user id, or None to stay who one is
    keep_read           whether packages can be read only with CAP_DAC_READ_SEARCH
    landlock, seccomp   False: go without (only on a machine that hasn't got it)
    rlimits             {"AS": bytes, "CPU": seconds, ...}, names as in `man 2 setrlimit`

Why `keep_read` is safe: where root's packages lie in a folder closed to others (/root), the spare
user needs that capability to go on importing. It can't be handed on, as nothing can be executed;
Landlock is asked all the same before a file is opened; and the one call that gets past paths,
open_by_handle_at, is forbidden.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any

from . import landlock, seccomp

CAP_DAC_READ_SEARCH, CAP_KILL, CAP_SETGID, CAP_SETUID = 2, 5, 6, 7

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_KEEPCAPS = 1, 4, 8
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_CAPABILITIES_OF_THIS_THREAD = struct.pack("=Ii", 0x20080522, 0)  # in the third version
_DEVICES = {"/dev/null": landlock.WRITE_DEVICE, "/dev/urandom": landlock.READ_FILE}

_libc = ctypes.CDLL(None, use_errno=True)

# Asked once, while it may be: behind the wall there is no call for it.
_LANDLOCK_ABI = landlock.abi()


class WallError(Exception):
    """A part of the inner wall does not stand; the process must not see student data."""


def confine(spec: Mapping[str, Any]) -> None:
    """Take the inner wall.

    The process also becomes the leader of a group that nothing that comes of it can leave, so
    the parent ends them all with `os.killpg`. Raises WallError where a part that `spec` asks for
    fails. To be called with no other thread running: Landlock holds for the calling thread and
    what it starts.
    """
    try:
        _confine(spec)
    except OSError as error:
        raise WallError(f"the inner wall can't be taken: {error}") from error


def _confine(spec: Mapping[str, Any]) -> None:
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.umask(0o077)
    _limit(spec["rlimits"])
    # The paths are opened before the user changes, the wall goes up after.
    files = _file_wall(spec) if spec["landlock"] else None
    uid = spec["uid"]
    if uid is not None:
        become(uid, keep=[CAP_DAC_READ_SEARCH] if spec["keep_read"] else [])
    os.chdir(spec["work"])
    die_with_parent()
    # Changing the user has switched this off, and the grader has to look into the process. Student
    # code can't: /proc is closed to it and ptrace forbidden.
    prctl(_PR_SET_DUMPABLE, 1)
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if files is not None:
        files.enforce()
    if spec["seccomp"]:
        try:
            seccomp.install(
                platform.machine(),
                own_signals_only=uid is None and _LANDLOCK_ABI < landlock.SCOPE_ABI,
                truncate_unwalled=_LANDLOCK_ABI < landlock.TRUNCATE_ABI,
            )
        except OSError as error:
            raise WallError(f"no system call filter can be installed (seccomp): {error}") from error


def _limit(rlimits: Mapping[str, int]) -> None:
    """Set the limits, soft and hard; never above what the process was given."""
    for name, value in rlimits.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is None:
            continue
        _, hard = resource.getrlimit(kind)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bound, bound))


def _file_wall(spec: Mapping[str, Any]) -> landlock.Ruleset:
    ruleset = landlock.Ruleset()
    for path, rights in [*dict.fromkeys(spec["read"], landlock.READ).items(), *_DEVICES.items()]:
        with contextlib.suppress(FileNotFoundError):  # what this machine hasn't got needs no rule
            ruleset.allow(path, rights)
    for folder in (spec["work"], spec["tmp"], spec["home"]):
        ruleset.allow(folder, landlock.WRITE)
    return ruleset


def become(uid: int, keep: list[int]) -> None:
    """Turn from root into user and group `uid`, with no groups and the capabilities `keep` only."""
    prctl(_PR_SET_KEEPCAPS, 1 if keep else 0)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    set_capabilities(keep)
    if os.getresuid() != (uid, uid, uid) or os.getgroups():
        raise WallError(f"still user {os.getresuid()} with groups {os.getgroups()}")


def set_capabilities(keep: list[int]) -> None:
    """Have the capabilities `keep` and no others; OSError where one of them is not there."""
    bits = sum(1 << capability for capability in keep)
    _capset(bits, bits, 0, 0, 0, 0)


def use_capabilities() -> None:
    """Have this thread use all the capabilities that it may."""
    _, low, low_kept, _, high, high_kept = _capget()
    _capset(low, low, low_kept, high, high, high_kept)


def held_capabilities() -> list[int]:
    """The capabilities that this process can use now."""
    low, _, _, high, _, _ = _capget()
    return [number for number in range(64) if (low | high << 32) >> number & 1]


def _capget() -> tuple[int, ...]:
    """What it can use, may use and hands on: the lower halves of these, then the upper ones."""
    data = ctypes.create_string_buffer(24)
    if _libc.capget(_CAPABILITIES_OF_THIS_THREAD, data) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    return struct.unpack("=6I", data.raw)


def _capset(*halves: int) -> None:
    if _libc.capset(_CAPABILITIES_OF_THIS_THREAD, struct.pack("=6I", *halves)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def die_with_parent() -> None:
    """Be killed when the process that forked this one ends; a fork does not inherit this."""
    prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))


def adopt_orphans() -> None:
    """Become the parent of all descendants whose own parents end."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def prctl(option: int, value: int) -> None:
    """The system call of that name; OSError where it fails."""
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def attempt(spec: Mapping[str, Any], forbidden: str) -> list[str]:
    """Take the wall and run against it; names what was not stopped. For a scratch process.

    `forbidden` is a file that exists and that `spec` does not allow to be read.
    """
    confine(spec)
    ways: dict[str, Callable[[], object]] = {
        "reading a file": lambda: os.close(os.open(forbidden, os.O_RDONLY)),
        "writing a file": lambda: os.close(os.open(forbidden, os.O_WRONLY)),
        "listing the root": lambda: os.listdir("/"),
        "reading /proc": lambda: os.close(os.open("/proc/self/status", os.O_RDONLY)),
        "making a socket": socket.socket,
        "running a program": lambda: os.execv("/bin/true", ["true"]),
        "sending signals to others": lambda: os.kill(os.getppid(), 0),
        "becoming root": lambda: os.setresuid(0, 0, 0),
    }
    return [name for name, way in ways.items() if _succeeds(way)]


def _succeeds(way: Callable[[], object]) -> bool:
    try:
        way()
    except OSError:
        return False
    return True
