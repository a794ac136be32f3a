"""The processes inside the sandbox: a parent, notebook children, and their test children.

The parent (`main`) only imports modules, and never sees student data. The parent forks a notebook
child for each notebook. The notebook child sets up the inner wall and runs the cells that the
grader sends. Whenever the grader wants to call the student's functions, the notebook child forks a
test child. A new child receives a descriptor for its own channel, over the channel of the process
that forks the child.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import matplotlib as mpl
import numpy as np

from . import absent, drawing, processes, redraw, serial, supervisor, walls
from .figures import read_object
from .peer import Peer
from .polynomial import Polynomial
from .runner import Runner, describe
from .wire import Budget, Channel, Object, WireClosed, WireError

_USED_LATER = (
    "IPython.core.application", "IPython.core.completer", "IPython.core.completerlib",
    "IPython.core.crashhandler", "IPython.core.logger", "IPython.core.magics",
    "IPython.core.oinspect", "contourpy", "numpy.polynomial", "numpy.random",
)  # fmt: skip
"""Modules that numpy, matplotlib and IPython import only when a notebook needs them."""
_NEW_OBJECTS = 50_000
"""Number of new objects after which Python looks for garbage (by default 700).

Looking for garbage takes about 3 % of a notebook's time, and finds little: a few megabytes.
"""


def main() -> None:
    """Serve the grader over the descriptor that replaced standard input."""
    control = os.dup(0)
    os.set_inheritable(control, False)
    supervisor.null_streams(0, 1)  # descriptor 2 stays: the parent's own messages go to the log
    channel = Channel(socket.socket(fileno=control))
    mpl.use("agg")
    drawing.keep_fonts_in_memory()
    drawing.do_without_machine()
    absent.have_progress_bars()
    serial.run_in_one_process()
    drawing.share_formulas()
    drawing.draw_once()
    for name in _USED_LATER:
        with contextlib.suppress(ImportError):  # another version may not have the module
            importlib.import_module(name)
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
    channel.send(["ready", os.getpid()])
    children: set[int] = set()
    while True:
        try:
            message, descriptor = channel.receive_with_descriptor()
        except WireClosed:
            break
        if message[0] in _TASKS and descriptor is not None:
            pid = os.fork()
            if pid == 0:
                channel.close()
                _as_child(_TASKS[message[0]], descriptor, message[1])
            os.close(descriptor)
            children.add(pid)
            channel.send(["started", pid])
        elif message[0] == "kill":
            _end(children, message[1], group=True)
            channel.send(["done", 0])
        elif message[0] == "end all":
            _end_all(children, message[1]["uid"])
            channel.send(["done", 0])
        elif message[0] == "empty":
            channel.send(["done", _empty_folders(message[1])])
    _end_all(children, None)


def serve_notebook(stream: socket.socket, order: Mapping[str, Any]) -> None:
    """Set up the inner wall, then run cells and fork test children as the grader asks."""
    walls.confine(order["walls"])
    # Open /dev/null again: a descriptor shared with the parent could pass information to the next
    # submission.
    supervisor.null_streams(0, 1, 2)
    folder = Path(order["folder"])
    # another notebook of the student may have put a file in the folder's place
    supervisor.remove(str(folder))
    folder.mkdir(parents=True)
    os.chdir(folder)
    for name, content in order["files"].items():
        file = Path(name)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    sys.path[:0] = [str(folder)]
    random.seed(order["seed"])
    np.random.seed(order["seed"] % 2**32)
    budget = Budget(**order["budget"])
    runner = Runner(order["output_bytes"], order["cell_seconds"])
    channel = Channel(stream, Budget(budget.body, max(budget.arrays, order["output_bytes"])))
    channel.send(["confined"])
    tests: set[int] = set()
    while True:
        message, descriptor = channel.receive_with_descriptor()
        if message[0] == "cell":
            result = runner.run(message[1], message[2])
            channel.send(["ran", message[1], _portable(result)])
        elif message[0] == "test" and descriptor is not None:
            tests.difference_update(processes.reap())  # unreaped children use up the limit
            gc.freeze()  # a test's garbage collector would copy every page that it visits
            try:
                pid = os.fork()
            except OSError:  # the student's own processes have used up the limit
                os.close(descriptor)
                channel.send(["refused"])
                continue
            if pid == 0:
                channel.close()
                _as_child(serve_test, descriptor, runner.namespace, budget)
            os.close(descriptor)
            tests.add(pid)
            channel.send(["forked", pid])
        elif message[0] == "kill":
            _end(tests, message[1])


_TASKS: Mapping[str, Callable[..., None]] = {"notebook": serve_notebook, "redraw": redraw.serve}
"""The tasks of the parent's children; a child with the task "redraw" runs no student code."""


def serve_test(stream: socket.socket, namespace: dict[str, Any], budget: Budget) -> None:
    """Answer calls to the student's functions until the grader closes the channel."""
    walls.die_with_parent()
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    peer = Peer(
        Channel(stream, budget), adapt=read_object, open_object=open_object, describe=describe
    )
    desk = TestDesk(namespace)
    for service in ("call", "value", "arguments", "forget", "stand_in"):
        peer.offer(service, getattr(desk, service))
    try:
        peer.serve_forever()
    except WireError:
        return


class TestDesk:
    """The services that a test child offers to the grader."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._last_arguments: tuple[Any, ...] = ()

    def call(
        self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[str, object]:
        """Call the student's function `name`; return the kind of the name, and the answer."""
        kind = self._kind(name)
        if kind != "function":
            return kind, None
        self._last_arguments = args
        return kind, self._namespace[name](*args, **kwargs)

    def value(self, name: str) -> tuple[str, object]:
        """Return the kind of the name `name` in the student's namespace, and its value."""
        kind = self._kind(name)
        found = None if kind == "missing" else self._namespace[name]
        if isinstance(found, absent.Absent):
            absent.raise_absent(found)
        return kind, found

    def _kind(self, name: str) -> str:
        """Return the kind of a name: "missing", "function" or "value"."""
        if name not in self._namespace:
            return "missing"
        return "function" if callable(self._namespace[name]) else "value"

    def arguments(self) -> tuple[Any, ...]:
        """Return the positional arguments of the last call, with the changes that the call made."""
        return self._last_arguments

    def forget(self, names: list[str]) -> None:
        """Remove names from the student's namespace."""
        for name in names:
            self._namespace.pop(name, None)

    def stand_in(self, functions: Mapping[str, Any]) -> None:
        """Replace some of the student's functions with functions of the grader."""
        self._namespace.update(functions)


def open_object(value: Object) -> Polynomial:
    """Return the grader's object that `value` represents."""
    if value.kind == "polynomial":
        return Polynomial(value.value)
    raise WireError("an object of an unknown kind")


def _portable(result: dict[str, Any]) -> dict[str, Any]:
    """Return a cell's result with its outputs encoded as one array of bytes, which can be sent."""
    text = json.dumps(result.pop("outputs"), ensure_ascii=False).encode("utf-8", "replace")
    return {**result, "outputs": np.frombuffer(text, dtype=np.uint8)}


def _as_child(serve: Callable[..., None], descriptor: int, *args: Any) -> NoReturn:
    """Run `serve` in this forked process, and never return to the parent's code."""
    try:
        serve(socket.socket(fileno=descriptor), *args)
    except WireError:
        pass
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.__stderr__)
    finally:
        os._exit(0)


def _end(children: set[int], pid: int, *, group: bool = False) -> None:
    """End a child; with `group`, also end all processes that the child has forked."""
    if pid in children:
        children.discard(pid)
        if group:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        # If student code ignores SIGCHLD, the kernel reaps the child, and `waitpid` fails.
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _end_all(children: set[int], uid: int | None) -> None:
    """End all children and, unless `uid` is None, all processes of the spare user `uid`."""
    for pid in tuple(children):
        _end(children, pid, group=True)
    if uid is not None:
        supervisor.kill_user(uid)


def _empty_folders(walls_spec: Mapping[str, Any]) -> int:
    """Remove the files that student code left in its folders; return the number that remain.

    A child behind the inner wall removes the files, as the user that runs student code. So the
    child cannot remove files that student code could not reach.
    """
    folders = [walls_spec[name] for name in ("work", "tmp", "home")]
    pid = os.fork()
    if pid == 0:
        try:
            walls.confine(walls_spec)
            for folder in folders:
                supervisor.empty(folder)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    return sum(len(os.listdir(folder)) for folder in folders)
