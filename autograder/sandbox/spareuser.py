"""Reserve a user id for student code that no other program on this machine uses."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder.errors import SandboxError

# These ids lie between the ids that distributions give to people and the ids that systemd gives to
# services; see https://systemd.io/UIDS-GIDS. Most containers have all ids below 65536.
_CANDIDATES = range(60_700, 61_000)


class SpareUser:
    """A uid, and a gid of the same number, reserved until `release`.

    `lock` is the descriptor of the lock file. A process that inherits `lock` keeps the uid
    reserved.
    """

    def __init__(self) -> None:
        folder = _lock_folder()
        mapped = _mapped_ids()
        running = set(_users_of_processes())
        for uid in _CANDIDATES:
            if uid in running or not any(uid in ids for ids in mapped) or _is_known(uid):
                continue
            lock = os.open(folder / str(uid), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            self.uid, self.lock = uid, lock
            return
        raise SandboxError(
            f"no spare user id for student code among {_CANDIDATES.start} to "
            f"{_CANDIDATES.stop - 1}: too many runs at once, or these ids are not mapped into "
            "this container"
        )

    def release(self) -> None:
        """Release the uid, so that another sandbox can reserve it."""
        with contextlib.suppress(OSError):
            os.close(self.lock)


def _lock_folder() -> Path:
    """Return a folder that only root can have created."""
    for parent in ("/run", tempfile.gettempdir()):
        folder = Path(parent) / "fdl-sandbox-users"
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            if folder.stat(follow_symlinks=False).st_uid == os.getuid():
                return folder
    raise SandboxError(
        "no folder for the locks of spare user ids: /run/fdl-sandbox-users belongs to another user"
    )


def _mapped_ids() -> list[range]:
    """Return the user ids that exist in this user namespace."""
    try:
        table = Path("/proc/self/uid_map").read_text(encoding="ascii")
    except OSError:
        table = "0 0 4294967295"
    rows = [list(map(int, line.split())) for line in table.splitlines()]
    return [range(first, first + count) for first, _, count in rows]


def _users_of_processes() -> Iterator[int]:
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            yield os.stat(f"/proc/{name}").st_uid


def _is_known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
