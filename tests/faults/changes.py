"""The changes that a watched process is about to make in a folder, as plain data."""

from __future__ import annotations

import errno
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from .listener import Call, Gone, Listener, read_memory, read_text

_HERE = -100  # AT_FDCWD
_REMOVE_FOLDER = 0x200  # AT_REMOVEDIR

# Copying functions try these calls first and fall back to plain writes. The calls are refused, so
# that only plain writes remain.
_REFUSED = {"sendfile", "copy_file_range", "fallocate"}


@dataclass(frozen=True)
class Change:
    """One change of a file or folder; `path` (and `target`) are in the watched folder.

    `kind` is create, empty, write, cut, sync, rename, link, unlink, mkdir or rmdir.
    `number` is the position at which a write begins, or the new length of a file that is cut.
    """

    kind: str
    path: str
    target: str = ""
    number: int = 0
    data: bytes = b""

    @property
    def place(self) -> str:
        """Return roughly which part of the course is changed, and whether it is the journal."""
        first = self.path.partition("/")[0]
        if "gradebook" in first:
            return "journal" if self.path.endswith("-journal") else first.partition(".db")[0]
        return f"{first}, unfinished" if "/." in self.path else first


class Watched:
    """Reads the changes of one folder from system calls."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder.resolve())

    def changes(self, listener: Listener, call: Call) -> list[Change] | None:
        """Return the changes that a call would make in the folder; None if the call was refused."""
        try:
            found = self._changes(call)
        except (Gone, FileNotFoundError, ProcessLookupError):
            return []
        except PermissionError:  # this process is behind a wall and can't reach the course
            return []
        if found and call.name in _REFUSED:
            listener.refuse(call, errno.ENOSYS)
            return None
        return found if listener.waits(call) else []

    def _changes(self, call: Call) -> list[Change]:
        name, a, pid = call.name, call.arguments, call.pid
        if name in ("write", "pwrite64", "writev", "pwritev", "pwritev2"):
            return self._write(call)
        if name in ("fsync", "fdatasync"):
            return self._one("sync", self._opened(pid, a[0]))
        if name == "ftruncate":
            return self._one("cut", self._opened(pid, a[0]), number=a[1])
        if name in _REFUSED:
            target = {"sendfile": 0, "copy_file_range": 2, "fallocate": 0}[name]
            return self._one("write", self._opened(pid, a[target]))
        if name == "truncate":
            return self._one("cut", self._named(pid, _HERE, a[0]), number=a[1])
        if name in ("open", "creat", "openat"):
            return self._open(call)
        if name in ("mkdir", "mkdirat"):
            return self._one("mkdir", self._named(pid, *_place(a, at=name == "mkdirat")))
        if name in ("rmdir", "unlink"):
            return self._one(name, self._named(pid, _HERE, a[0]))
        if name == "unlinkat":
            kind = "rmdir" if a[2] & _REMOVE_FOLDER else "unlink"
            return self._one(kind, self._named(pid, _signed(a[0]), a[1]))
        if name in ("rename", "link"):
            return self._two(name, self._named(pid, _HERE, a[0]), self._named(pid, _HERE, a[1]))
        if name in ("renameat", "renameat2", "linkat"):
            first, second = (self._named(pid, _signed(a[i]), a[i + 1]) for i in (0, 2))
            return self._two("link" if name == "linkat" else "rename", first, second)
        into = self._named(pid, *_place(a[1:], at=True)) if name == "symlinkat" else None
        if name == "symlink":
            into = self._named(pid, _HERE, a[1])
        if into is not None:
            raise AssertionError(f"{name} of {into}: a kind of change that is not modelled")
        return []

    def _one(self, kind: str, path: str | None, number: int = 0, data: bytes = b"") -> list[Change]:
        return [] if path is None else [Change(kind, path, number=number, data=data)]

    def _two(self, kind: str, path: str | None, target: str | None) -> list[Change]:
        if path is None and target is None:
            return []
        assert path is not None, f"{kind} to {target} from outside"
        assert target is not None, f"{kind} of {path} to outside"
        return [Change(kind, path, target)]

    def _open(self, call: Call) -> list[Change]:
        name, a, pid = call.name, call.arguments, call.pid
        if name == "creat":
            path, flags = self._named(pid, _HERE, a[0]), os.O_CREAT | os.O_TRUNC
        elif name == "open":
            path, flags = self._named(pid, _HERE, a[0]), a[1]
        else:
            path, flags = self._named(pid, _signed(a[0]), a[1]), a[2]
        if path is None:
            return []
        is_there = os.path.lexists(f"{self._folder}/{path}")
        if flags & os.O_CREAT and not is_there:
            return self._one("create", path)
        if flags & os.O_TRUNC and is_there and not flags & os.O_EXCL:
            return self._one("empty", path)
        return []

    def _write(self, call: Call) -> list[Change]:
        name, a, pid = call.name, call.arguments, call.pid
        path = self._opened(pid, a[0])
        if path is None:
            return []
        if name in ("write", "pwrite64"):
            data = read_memory(pid, a[1], a[2])
        else:
            table = read_memory(pid, a[1], 16 * a[2])
            data = b"".join(read_memory(pid, *part) for part in struct.iter_unpack("=QQ", table))
        if name in ("write", "writev"):
            number = _position(pid, a[0], f"{self._folder}/{path}")
        else:
            number = a[3]
        return self._one("write", path, number, data)

    def _opened(self, pid: int, descriptor: int) -> str | None:
        return self._inside(os.readlink(f"/proc/{pid}/fd/{descriptor & 0xFFFFFFFF}"))

    def _named(self, pid: int, folder: int, address: int) -> str | None:
        path = read_text(pid, address)
        if not path.startswith("/"):
            base = f"/proc/{pid}/cwd" if folder == _HERE else f"/proc/{pid}/fd/{folder}"
            path = f"{os.readlink(base)}/{path}"
        return self._inside(os.path.normpath(path))

    def _inside(self, path: str) -> str | None:
        if path == self._folder:
            return "."
        if not path.startswith(self._folder + "/") or path.endswith(" (deleted)"):
            return None
        return path[len(self._folder) + 1 :]


def _place(arguments: tuple[int, ...], *, at: bool) -> tuple[int, int]:
    return (_signed(arguments[0]), arguments[1]) if at else (_HERE, arguments[0])


def _signed(argument: int) -> int:
    low = argument & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 else low


def _position(pid: int, descriptor: int, path: str) -> int:
    info = Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text(encoding="ascii")
    position, flags = (re.search(rf"^{name}:\s*(\d+)", info, re.M) for name in ("pos", "flags"))
    assert position is not None
    assert flags is not None
    if int(flags[1], 8) & os.O_APPEND:
        return os.stat(path).st_size
    return int(position[1])
