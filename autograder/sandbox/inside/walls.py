"""The inner wall: a process gives up its rights before it sees any student data.

Call `confine(spec)` in a newly forked child. The child and all its descendants permanently give up
all rights that a notebook does not need:

- root: a child of root changes to a spare user id, with no groups and no capabilities;
- files: Landlock allows reading the interpreter's packages and writing to the private folders;
- system calls: seccomp allows the list in `seccomp.py`: no new sockets, no exec, no ptrace;
- limits: rlimits bound memory, processor time, processes, file size, descriptors.

`launch` in the grader makes `spec`, which is plain data:

    work, tmp, home     the private folders
    read                paths that the process may read
    uid                 the spare user id, or None to keep the user
    keep_read           whether packages can be read only with CAP_DAC_READ_SEARCH
    landlock, seccomp   False to skip this part (only on a machine that does not have it)
    rlimits             {"AS": bytes, "CPU": seconds, ...}, names as in `man 2 setrlimit`

Why `keep_read` is safe: if root's packages are in a folder closed to other users (/root), the spare
user needs the capability CAP_DAC_READ_SEARCH to import them. The process cannot pass the capability
on to a program, because it cannot execute any program. Landlock still decides whether a file may be
opened. open_by_handle_at, the only system call that would bypass Landlock's paths, is forbidden.
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
_CAPABILITIES_OF_THIS_THREAD = struct.pack("=Ii", 0x20080522, 0)  # header of capset's third version
_DEVICES = {"/dev/null": landlock.WRITE_DEVICE, "/dev/urandom": landlock.READ_FILE}

_libc = ctypes.CDLL(None, use_errno=True)

# The value is read before the wall is set up, because the wall forbids the system call.
_LANDLOCK_ABI = landlock.abi()


class WallError(Exception):
    """An error: a part of the inner wall is missing, so the process must not see student data."""


def confine(spec: Mapping[str, Any]) -> None:
    """Confine this process behind the inner wall.

    The process also becomes the leader of a process group that no descendant can leave, so that the
    parent can end the whole group with `os.killpg`. Raises WallError if a part of the wall that
    `spec` requires fails. Call `confine` while no other thread runs, because Landlock affects only
    the calling thread and its later children.
    """
    try:
        _confine(spec)
    except OSError as error:
        raise WallError(f"the inner wall can't be set up: {error}") from error


def _confine(spec: Mapping[str, Any]) -> None:
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.umask(0o077)
    _limit(spec["rlimits"])
    # Open the paths before the user changes; enforce the rules afterwards.
    files = _file_wall(spec) if spec["landlock"] else None
    uid = spec["uid"]
    if uid is not None:
        become(uid, keep=[CAP_DAC_READ_SEARCH] if spec["keep_read"] else [])
    os.chdir(spec["work"])
    die_with_parent()
    # After a change of user, the kernel forbids inspection of this process. The grader needs to
    # inspect the process, so allow inspection again. Student code still can't inspect processes: it
    # has no access to /proc, and ptrace is forbidden.
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
    """Set the soft and the hard limits, but never above the limits that the process already has."""
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
        with contextlib.suppress(FileNotFoundError):  # a missing path needs no rule
            ruleset.allow(path, rights)
    for folder in (spec["work"], spec["tmp"], spec["home"]):
        ruleset.allow(folder, landlock.WRITE)
    return ruleset


def become(uid: int, keep: list[int]) -> None:
    """Change from root to user and group `uid`, with no groups and only the capabilities `keep`."""
    prctl(_PR_SET_KEEPCAPS, 1 if keep else 0)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    set_capabilities(keep)
    if os.getresuid() != (uid, uid, uid) or os.getgroups():
        raise WallError(f"still user {os.getresuid()} with groups {os.getgroups()}")


def set_capabilities(keep: list[int]) -> None:
    """Set the capabilities to exactly `keep`; raise OSError if a capability is not available."""
    bits = sum(1 << capability for capability in keep)
    _capset(bits, bits, 0, 0, 0, 0)


def use_capabilities() -> None:
    """Enable all capabilities that this thread may use."""
    _, low, low_kept, _, high, high_kept = _capget()
    _capset(low, low, low_kept, high, high, high_kept)


def held_capabilities() -> list[int]:
    """Return the capabilities that this process can use now."""
    low, _, _, high, _, _ = _capget()
    return [number for number in range(64) if (low | high << 32) >> number & 1]


def _capget() -> tuple[int, ...]:
    """Return the effective, permitted and inheritable capabilities: low words, then high words."""
    data = ctypes.create_string_buffer(24)
    if _libc.capget(_CAPABILITIES_OF_THIS_THREAD, data) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    return struct.unpack("=6I", data.raw)


def _capset(*halves: int) -> None:
    if _libc.capset(_CAPABILITIES_OF_THIS_THREAD, struct.pack("=6I", *halves)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def die_with_parent() -> None:
    """Make the kernel end this process when its parent ends; forks do not inherit this setting."""
    prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))


def adopt_orphans() -> None:
    """Make this process the new parent of descendants whose own parents end."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def prctl(option: int, value: int) -> None:
    """Make the system call `prctl`; raise OSError if the call fails."""
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def attempt(spec: Mapping[str, Any], forbidden: str) -> list[str]:
    """Confine this scratch process, try to break the wall, and return the attempts that succeed.

    `forbidden` is an existing file that `spec` does not allow the process to read.
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
