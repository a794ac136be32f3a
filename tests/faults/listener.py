"""Asks a watcher before a process or its children change a file, by seccomp's notifications.

The process to be watched calls `listen`, which returns a descriptor for the watcher. In the
watcher, `Listener.receive` returns each system call before it is made. The calling process waits
until the watcher allows or refuses the call. The watcher sees calls of the C library like all other
calls: SQLite's pages, SQLite's journal, every rename. The watcher needs no compiler and no other
tool.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import platform
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_X86_64 = {
    "write": 1, "pwrite64": 18, "writev": 20, "sendfile": 40, "fsync": 74, "fdatasync": 75,
    "truncate": 76, "ftruncate": 77, "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85,
    "link": 86, "unlink": 87, "symlink": 88, "open": 2, "openat": 257, "mkdirat": 258,
    "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266, "fallocate": 285,
    "pwritev": 296, "renameat2": 316, "copy_file_range": 326, "pwritev2": 328, "openat2": 437,
}  # fmt: skip
_ARM64 = {
    "mkdirat": 34, "unlinkat": 35, "symlinkat": 36, "linkat": 37, "renameat": 38, "truncate": 45,
    "ftruncate": 46, "fallocate": 47, "openat": 56, "write": 64, "writev": 66, "pwrite64": 68,
    "pwritev": 70, "sendfile": 71, "fsync": 82, "fdatasync": 83, "renameat2": 276,
    "copy_file_range": 285, "pwritev2": 287, "openat2": 437,
}  # fmt: skip
_MACHINES = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _ARM64)}
_ARCHITECTURE, _NUMBERS = _MACHINES[platform.machine()]
_NAMES = {number: name for name, number in _NUMBERS.items()}

# The index of the flags among the arguments of a call that opens a file. Calls that only read are
# always allowed.
_FLAGS = {"open": 1, "openat": 2}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_SECCOMP = {"x86_64": 317, "aarch64": 277}[platform.machine()]
_SET_MODE_FILTER, _NEW_LISTENER, _NO_NEW_PRIVS = 1, 8, 38
_ALLOW, _ASK = 0x7FFF0000, 0x7FC00000
_RECEIVE, _SEND, _IS_VALID = 0xC0502100, 0xC0182101, 0x40082102
_CONTINUE = 1
_NOTICE, _ANSWER = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Call:
    """A system call that waits for the watcher's answer."""

    id: int
    pid: int
    name: str
    arguments: tuple[int, ...]


class Gone(Exception):
    """The process that made the call has ended."""


def listen() -> int:
    """Return the descriptor through which the kernel asks about later calls of this process.

    The kernel asks about calls of the process's children, too.
    """
    program = b"".join(_filter())
    buffer = ctypes.create_string_buffer(program)
    # struct sock_fprog: a count, padding, a pointer
    header = struct.pack("=H6xQ", len(program) // 8, ctypes.addressof(buffer))
    if _libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    listener: int = _libc.syscall(_SECCOMP, _SET_MODE_FILTER, _NEW_LISTENER, header)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp: no listener can be had")
    return listener


def _filter() -> Iterator[bytes]:
    """Return a classic BPF program that asks about the calls above and allows all other calls."""
    load, equal, any_bit, give = 0x20, 0x15, 0x45, 0x06

    def line(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("=HBBI", code, yes, no, value)

    yield line(load, 4)  # the architecture
    yield line(equal, _ARCHITECTURE, yes=1)
    yield line(give, _ALLOW)
    for name, number in _NUMBERS.items():
        yield line(load, 0)  # the call's number
        if name in _FLAGS:
            yield line(equal, number, no=4)
            yield line(load, 16 + 8 * _FLAGS[name])
            yield line(any_bit, _WRITING, no=1)
            yield line(give, _ASK)
            yield line(give, _ALLOW)
        else:
            yield line(equal, number, no=1)
            yield line(give, _ASK)
    yield line(give, _ALLOW)


class Listener:
    """The watching end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def close(self) -> None:
        os.close(self._descriptor)

    def receive(self) -> Call | None:
        """Return the next waiting call; None if its process was ended meanwhile."""
        notice = bytearray(_NOTICE.size)
        try:
            fcntl.ioctl(self._descriptor, _RECEIVE, notice)
        except (FileNotFoundError, InterruptedError):
            return None
        id_, pid, _, number, _, _, *arguments = _NOTICE.unpack(notice)
        return Call(id_, pid, _NAMES[number], tuple(arguments))

    def let(self, call: Call) -> None:
        """Let the kernel make the call."""
        self._answer(call, 0, _CONTINUE)

    def refuse(self, call: Call, error: int) -> None:
        """Make the call fail with this errno."""
        self._answer(call, -error, 0)

    def waits(self, call: Call) -> bool:
        """Return whether the call still waits, so that its process's memory can be trusted."""
        try:
            fcntl.ioctl(self._descriptor, _IS_VALID, struct.pack("=Q", call.id))
        except FileNotFoundError:
            return False
        return True

    def _answer(self, call: Call, error: int, flags: int) -> None:
        with contextlib.suppress(FileNotFoundError):  # ended meanwhile
            fcntl.ioctl(self._descriptor, _SEND, _ANSWER.pack(call.id, 0, error, flags))


def read_memory(pid: int, address: int, length: int) -> bytes:
    """Return the bytes at an address in a process's memory."""
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(length)
    except OSError as error:
        raise Gone from error


def read_text(pid: int, address: int) -> str:
    """Return the text at an address, up to the first zero byte."""
    found = b""
    while b"\0" not in found:
        # stop at the end of a memory page: the next page may not exist
        here = address + len(found)
        piece = read_memory(pid, here, 4096 - here % 4096)
        if not piece:
            raise Gone
        found += piece
    return os.fsdecode(found.partition(b"\0")[0])
