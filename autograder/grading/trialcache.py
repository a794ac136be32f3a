"""Keeps what holds until the tests change, for other processes and later runs.

What is kept lies in the user's folder for caches, closed to all others, under a hash of all that it
depends on. Nothing is lost where a file of it is: it is worked out again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from autograder.cache import cache_folder

KEPT = 4
"""For so many versions of the tests; what was not used for longest goes first."""

Found = TypeVar("Found")


class Keep:
    """What is kept under one hash, by names; what can't be kept is worked out each time.

    Files are pickles, which run what they say: they are read only where no other user could have
    written them. Who could, as this user, can change the hidden tests as well.
    """

    def __init__(self, key: str, folder: Path | None = None) -> None:
        """`folder` is that of all hashes (default: in the user's folder for caches)."""
        self._all = folder or cache_folder("trials")
        self._folder = self._all / key

    def get(self, name: str, work_out: Callable[[], Found]) -> Found:
        """What is kept under the name, or else what `work_out` finds, which is kept then.

        Where several processes ask at the same time, one works it out and the others wait.
        """
        with self._alone(name) as path:
            found: Found | None = _read(path)
            if found is None:
                found = work_out()
                _write(path, found)
            return found

    def find(self, name: str) -> Any:
        """Return the value kept under the name, or None."""
        with self._alone(name) as path:
            return _read(path)

    def put(self, name: str, found: object) -> None:
        """Keep it under the name."""
        with self._alone(name) as path:
            _write(path, found)

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[Path | None]:
        """The file of that name while no other process has it; None where nothing can be kept."""
        with contextlib.ExitStack() as stack:
            try:
                if not self._folder.is_absolute():  # nobody knows where this user's home is
                    raise FileNotFoundError(self._folder)
                is_new = not self._folder.is_dir()
                self._all.parent.mkdir(parents=True, exist_ok=True)
                for folder in (self._all, self._folder):  # closed to others, whatever the umask is
                    folder.mkdir(mode=0o700, exist_ok=True)
                os.utime(self._folder)
                if is_new:
                    _forget(self._all, self._folder)
                lock = stack.enter_context(open(self._folder / f"{name}.lock", "ab"))
                fcntl.flock(lock, fcntl.LOCK_EX)
                usable = _is_ours_alone(self._all) and _is_ours_alone(self._folder)
            except OSError:
                usable = False
            yield self._folder / f"{name}.pickle" if usable else None


def _is_ours_alone(folder: Path) -> bool:
    found = folder.lstat()
    return found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _read(path: Path | None) -> Any:
    """What the file holds; None if it is missing or cannot be read."""
    if path is not None:
        with contextlib.suppress(Exception):  # a broken file can make reading it fail in any way
            return pickle.loads(zlib.decompress(path.read_bytes()))
    return None


def _write(path: Path | None, found: object) -> None:
    """Put the file in its place whole, or not at all; a full disk is no reason not to go on."""
    if path is None:
        return
    with contextlib.suppress(OSError):
        content = zlib.compress(pickle.dumps(found, protocol=5), 1)
        descriptor, written = tempfile.mkstemp(dir=path.parent)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
            os.replace(written, path)
        except OSError:
            os.unlink(written)
            raise


def _forget(folder: Path, newest: Path) -> None:
    """Remove what is kept for versions that were used longest ago."""
    older = [path for path in folder.iterdir() if path.is_dir() and path != newest]
    older.sort(key=lambda path: path.stat().st_mtime)
    for path in older[: max(0, len(older) - KEPT + 1)]:
        shutil.rmtree(path, ignore_errors=True)
