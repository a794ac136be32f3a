"""Runs the kit's commands on a course and disturbs a run at a chosen moment."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .changes import Change, Watched
from .listener import Listener
from .madeupclass import AFTER

Decide = Callable[[int, Change], "int | Kill | None"]
"""Function called with each change, counted from 0; to refuse a change, it returns an errno."""


class Kill:
    """Ends the process with SIGKILL before the process makes the change."""


@dataclass(frozen=True)
class Ended:
    """The end of a run: exit code (or minus the signal's number), output, and changes."""

    code: int
    output: str
    changes: list[Change] = field(default_factory=list)


class Theatre:
    """A process (see stage.py) on which runs follow each other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._orders, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with far:
            self._stage = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.stage", str(far.fileno())],
                pass_fds=[far.fileno()],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
            )

    def close(self) -> None:
        """End the stage."""
        self._orders.close()
        self._stage.wait(300)

    def has_open(self, path: Path) -> bool:
        """Return whether a run has this file open now; may be called from another thread."""
        for task in Path(f"/proc/{self._stage.pid}/task").iterdir():
            for run in (task / "children").read_text(encoding="ascii").split():
                with contextlib.suppress(OSError):  # the process has just ended or closed a file
                    if any(each.resolve() == path for each in Path(f"/proc/{run}/fd").iterdir()):
                        return True
        return False

    def run(
        self,
        root: Path,
        commands: Sequence[Sequence[str]],
        decide: Decide | None = None,
        *,
        markings: str = AFTER,
        patience: float = 60.0,
        gate: Path | None = None,
    ) -> Ended:
        """Run the commands one after the other in one process; with `decide`, watch the changes.

        `gate` is a named pipe: the run opens the pipe to read before the third student, and waits
        until the pipe is closed.
        """
        self._count += 1
        output = self._folder / f"output-{self._count}.txt"
        order = {
            "root": str(root),
            "commands": list(map(list, commands)),
            "class": markings,
            "output": str(output),
            "watched": decide is not None,
            "patience": patience,
            "gate": str(gate or ""),
        }
        self._orders.send(json.dumps(order).encode())
        changes: list[Change] = []
        if decide is None:
            status = self._status(self._orders.recv(1_000))
        else:
            status = self._watch(root, decide, changes)
        text = output.read_text(encoding="utf-8", errors="replace") if output.exists() else ""
        return Ended(os.waitstatus_to_exitcode(status), text, changes)

    def _watch(self, root: Path, decide: Decide, changes: list[Change]) -> int:
        message, descriptors, _, _ = socket.recv_fds(self._orders, 1_000, 1)
        word, pid = json.loads(message)
        assert word == "watched", message
        listener, watched = Listener(descriptors[0]), Watched(root)
        poll = select.poll()
        for source in (listener, self._orders):
            poll.register(source.fileno(), select.POLLIN)
        with contextlib.closing(listener):
            while True:
                ready = [source for source, event in poll.poll() if event & select.POLLIN]
                if listener.fileno() in ready:
                    _decide(listener, watched, decide, pid, changes)
                elif self._orders.fileno() in ready:
                    return self._status(self._orders.recv(1_000))

    def _status(self, message: bytes) -> int:
        word, status = json.loads(message)
        assert word == "ended", message
        return int(status)


def _decide(
    listener: Listener, watched: Watched, decide: Decide, pid: int, changes: list[Change]
) -> None:
    call = listener.receive()
    found = watched.changes(listener, call) if call is not None else None
    if call is None or found is None:
        return
    for change in found:
        verdict = decide(len(changes), change)
        if isinstance(verdict, Kill):
            os.kill(pid, signal.SIGKILL)
            return
        if verdict is not None:
            listener.refuse(call, verdict)
            return
        changes.append(change)
    listener.let(call)
