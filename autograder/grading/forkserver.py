"""Manage the server process from which marking processes are forked with all imports done.

The server imports nothing from its current folder, which may be a student's folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

FOLDER = "fdl-run-"
"""Prefix of the temporary folder with the socket between a run and its server."""
_SAFE = "PYTHONSAFEPATH"


def start() -> ForkServerContext:
    """Start the server if it is not running; return the context for marking processes.

    The server imports modules in the background and starts no thread, so that its forks are safe.
    If the server can't start, the first marking process can't start either, and its error says why.
    """
    context = multiprocessing.get_context("forkserver")
    with contextlib.suppress(OSError):
        _use_own_folder()
    # diagnosis runs the kit's own answers, so nearly every marking process needs both modules
    context.set_forkserver_preload(["autograder.grading.classrun", "autograder.sandbox.inprocess"])
    with starting(), contextlib.suppress(OSError):
        forkserver.ensure_running()
    return context


def _use_own_folder() -> None:
    """Put the server's socket into a folder that the next run removes if this run is killed.

    Multiprocessing's default folder would never be removed.
    """
    settings: dict[str, Any] = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    if settings.get("tempdir") is not None:
        return
    _remove_left_folders()
    while True:
        folder = tempfile.mkdtemp(prefix=FOLDER)
        if (handle := _lock(folder)) is not None:
            break
    settings["tempdir"] = folder
    # a priority below 0: remove the folder after all cleanup that still needs it
    Finalize(None, _remove, args=(folder, handle), exitpriority=-100)


def _remove(folder: str, handle: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(handle)


def _remove_left_folders() -> None:
    """Remove the folders of this user's runs that have ended."""
    for path in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        if (handle := _lock(str(path))) is not None:
            _remove(str(path), handle)


def _lock(folder: str) -> int | None:
    """Lock the folder while this process lives; return a handle, or None if it is in use."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # another run may have removed the folder as left over before it was locked
        if os.fstat(handle).st_uid == os.geteuid() and os.path.isdir(folder):
            return handle
    os.close(handle)
    return None


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """Set the environment for starting a marking process; starting one restarts a dead server."""
    before = os.environ.get(_SAFE)
    os.environ[_SAFE] = "1"
    try:
        yield
    finally:
        del os.environ[_SAFE]
        if before is not None:
            os.environ[_SAFE] = before


def stop() -> None:
    """Kill the server if it is running. No marking process may be running any more.

    The server would end with this process anyway, but only after all its imports.
    """
    server: Any = forkserver._forkserver
    if server._forkserver_pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(server._forkserver_pid, signal.SIGKILL)
        server._stop()
