"""Fork Jupyter servers from a process that has already imported all that they need.

The imports take most of a server's start. Without them, each test can have its own server.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, NoReturn

_MODULES = ("autograder.release.nbgraderconfig", "autograder.desk.server")
"""The modules of the kit that a server imports for its course, at its start or for a page."""

_UNUSED = ("jupyter_lsp", "jupyterlab", "notebook")
"""Installed extensions that take long to start, and that no page of the kit needs."""


class Forked:
    """A forked server, with the methods of `subprocess.Popen` that the tests need."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.pid = int(connection.recv(64))

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the server ends, which closes its end of the connection."""
        self._connection.settimeout(timeout)
        try:
            self._connection.recv(1)
        except TimeoutError as error:
            raise subprocess.TimeoutExpired(["jupyter_server"], timeout or 0) from error

    # The forking process never reaps its children, so their process ids are not used again.
    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()
        self._connection.close()


def fork_server(options: list[str], cwd: Path, env: dict[str, str], log: IO[str]) -> Forked:
    """Start a Jupyter server with these options and additions to the environment."""
    ours, its = socket.socketpair()
    options = [*options, *(f"--ServerApp.jpserver_extensions={name}=False" for name in _UNUSED)]
    order = json.dumps({"options": options, "cwd": str(cwd), "env": env})
    socket.send_fds(_forking(), [order.encode()], [its.fileno(), log.fileno()])
    its.close()
    return Forked(ours)


@functools.cache
def _forking() -> socket.socket:
    """Return the connection to this process's forking process; closing the connection ends it."""
    ours, its = socket.socketpair()
    with its:
        process = subprocess.Popen([sys.executable, "-m", __name__], stdin=its.fileno())

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _fork_forever(orders: socket.socket) -> None:
    from jupyter_server.extension.config import ExtensionConfigManager

    extensions = ExtensionConfigManager().get_jpserver_extensions()
    for name in ("jupyter_server.serverapp", *extensions, *_MODULES):
        with contextlib.suppress(ImportError):  # the server reports it
            importlib.import_module(name)
    while True:
        order, handles, *_ = socket.recv_fds(orders, 1 << 16, 2)
        if not order:
            return
        if os.fork() == 0:
            orders.close()
            _serve(**json.loads(order), handles=handles)
        for handle in handles:
            os.close(handle)


def _serve(options: list[str], cwd: str, env: dict[str, str], handles: list[int]) -> NoReturn:
    """Run a server in this process, as `python -m jupyter_server` does."""
    from jupyter_server.serverapp import launch_new_instance

    connection, log = handles
    os.write(connection, str(os.getpid()).encode())
    nothing = os.open(os.devnull, os.O_RDONLY)
    for handle, place in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(handle, place)
    os.chdir(cwd)
    os.environ.update(env)
    launch_new_instance(options)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(0)  # a usual exit frees each imported object, which takes longer than the start


if __name__ == "__main__":
    _fork_forever(socket.socket(fileno=0))
