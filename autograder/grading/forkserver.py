"""The process that marking processes are forked from: it has imported what marking needs.

Nothing is imported from the folder that it is started in, which may be a student's.
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
"""How the folder begins, beside other temporary ones, in which a run meets its server."""
_SAFE = "PYTHONSAFEPATH"


def start() -> ForkServerContext:
    """Have the server import meanwhile, if it does not yet; what marking processes are made by.

    It starts no thread, so that its forks are sound. Where it can't be started, the first marking
    process can't, which tells why.
    """
    context = multiprocessing.get_context("forkserver")
    with contextlib.suppress(OSError):
        _use_own_folder()
    context.set_forkserver_preload(["autograder.grading.classrun"])
    with starting(), contextlib.suppress(OSError):
        forkserver.ensure_running()
    return context


def _use_own_folder() -> None:
    """Have the server's socket lie in a folder that the next run removes if this one is killed.

    By itself, multiprocessing makes a folder that nobody removes then.
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
    # below 0: after whatever still needs the folder
    Finalize(None, _remove, args=(folder, handle), exitpriority=-100)


def _remove(folder: str, handle: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(handle)


def _remove_left_folders() -> None:
    """Remove the folders of this user's runs that are no more."""
    for path in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        if (handle := _lock(str(path))) is not None:
            _remove(str(path), handle)


def _lock(folder: str) -> int | None:
    """A handle that holds the folder as long as this process lives; None if another has it."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # who looked for folders that are left may have found it before it was locked
        if os.fstat(handle).st_uid == os.geteuid() and os.path.isdir(folder):
            return handle
    os.close(handle)
    return None


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """Where a marking process is started: the server, if it has died, is started anew with it."""
    before = os.environ.get(_SAFE)
    os.environ[_SAFE] = "1"
    try:
        yield
    finally:
        del os.environ[_SAFE]
        if before is not None:
            os.environ[_SAFE] = before


def stop() -> None:
    """End the server, where it runs, whatever it is at: no marking process may be there any more.

    By itself it would end with this process, but only once it has imported everything.
    """
    server: Any = forkserver._forkserver
    if server._forkserver_pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(server._forkserver_pid, signal.SIGKILL)
        server._stop()
