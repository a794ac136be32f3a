"""Caches in the user's cache folder, for data that the kit can compute again.

A `ResultCache` keeps results under a key and shares them between processes and later runs. A lost
file does no harm: its result is computed again.
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

from platformdirs import user_cache_path

KEPT = 4
"""Number of keys to keep in a folder; the least recently used key is removed first."""

Found = TypeVar("Found")


def cache_folder(name: str) -> Path:
    """Return the folder `name` in the user's cache folder.

    If the user's home is unknown, return the path of a folder that cannot be created.
    """
    folder = user_cache_path("fdl-homework-kit") / name
    return folder if folder.is_absolute() else Path(os.devnull, name)


class ResultCache:
    """The results for one key, by name; a result that can't be stored is always computed.

    The key is usually a hash of everything that the results depend on. With any other key, a result
    must say what it depends on, and whoever reads it must compare that.

    Files are pickles, and reading a pickle can run code. So a file is read only if no other user
    could have written it. Anyone who can write files as this user could change the hidden tests as
    well.
    """

    def __init__(self, key: str, folder: Path) -> None:
        """Use the results of `key` in `folder`, which other users can't read."""
        self._all = folder
        self._folder = folder / key

    def get(self, name: str, work_out: Callable[[], Found]) -> Found:
        """Return the value stored under the name; if there is none, compute and store it.

        If several processes ask at the same time, one computes the value and the others wait.
        """
        with self._alone(name) as path:
            found: Found | None = _read(path)
            if found is None:
                found = work_out()
                _write(path, found)
            return found

    def find(self, name: str) -> Any:
        """Return the value stored under the name, or None."""
        with self._alone(name) as path:
            return _read(path)

    def put(self, name: str, found: object) -> None:
        """Store a value under the name."""
        with self._alone(name) as path:
            _write(path, found)

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[Path | None]:
        """Yield the locked file of that name; None if nothing can be stored."""
        with contextlib.ExitStack() as stack:
            try:
                is_new = not self._folder.is_dir()
                self._all.parent.mkdir(parents=True, exist_ok=True)
                for folder in (self._all, self._folder):  # closed to other users, with any umask
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
    """Return the content of the file; None if it is missing or can't be read."""
    if path is not None:
        with contextlib.suppress(Exception):  # a broken file can make reading it fail in any way
            return pickle.loads(zlib.decompress(path.read_bytes()))
    return None


def _write(path: Path | None, found: object) -> None:
    """Write the file completely or not at all; a full disk is not an error."""
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
    """Remove the results of the least recently used keys."""
    older = [path for path in folder.iterdir() if path.is_dir() and path != newest]
    older.sort(key=lambda path: path.stat().st_mtime)
    for path in older[: max(0, len(older) - KEPT + 1)]:
        shutil.rmtree(path, ignore_errors=True)
