"""Landlock: permanently limit which files a process and all its descendants may open.

A ruleset removes rights everywhere, and grants these rights again for the paths in its rules. Each
version of Landlock (its "ABI" number) has more rights than the version before; `Ruleset` uses all
rights that the running kernel has. See `man 7 landlock`.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # same numbers on every architecture
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE = 1 << 13, 1 << 14

_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_RIGHTS = 0b11  # rights to bind and to connect TCP sockets
_SCOPES = 0b11  # connections to abstract unix sockets, and signals

REFER_ABI, TRUNCATE_ABI, NETWORK_ABI, DEVICE_ABI, SCOPE_ABI = 2, 3, 4, 5, 6

READ = READ_FILE | READ_DIR
_CHANGE_FOLDER = _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER
WRITE = READ | _WRITE_FILE | _TRUNCATE | _CHANGE_FOLDER
WRITE_DEVICE = READ_FILE | _WRITE_FILE

_ON_A_FILE = READ_FILE | _WRITE_FILE | _TRUNCATE


def syscall(number: int, *arguments: object) -> int:
    """Return the result of a system call; raise OSError if the call fails."""
    library = ctypes.CDLL(None, use_errno=True)
    result = int(library.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def abi() -> int:
    """Return the kernel's version of Landlock, or 0 if Landlock is missing or disabled."""
    try:
        return syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION)
    except OSError:
        return 0


class Ruleset:
    """A set of Landlock rules: call `allow` for each permitted path, then `enforce`."""

    def __init__(self) -> None:
        version = abi()
        self._files = max(rights for least, rights in _FILE_RIGHTS.items() if least <= version)
        attributes = struct.pack("=Q", self._files)
        if version >= NETWORK_ABI:
            attributes += struct.pack("=Q", _NET_RIGHTS)
        if version >= SCOPE_ABI:
            attributes += struct.pack("=Q", _SCOPES)
        self._fd = syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)

    def allow(self, path: str, rights: int) -> None:
        """Grant `rights` again for `path` and, if it is a folder, for everything below it."""
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(fd).st_mode):
                rights &= _ON_A_FILE
            rule = struct.pack("=Qi", rights & self._files, fd)
            syscall(_ADD_RULE, self._fd, _RULE_PATH_BENEATH, rule, 0)
        finally:
            os.close(fd)

    def enforce(self) -> None:
        """Remove all rights not granted by `allow` from this thread and all its later children.

        The thread must already be unable to gain new privileges (PR_SET_NO_NEW_PRIVS).
        """
        try:
            syscall(_RESTRICT_SELF, self._fd, 0)
        finally:
            os.close(self._fd)
