"""Sandboxes for tests: functions that start a sandbox, and run a test's function in a sandbox."""

from __future__ import annotations

import inspect
import json
import shutil
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from autograder.course.limits import Limits
from autograder.sandbox import launch as launching
from autograder.sandbox.launch import Confinement, launch
from autograder.sandbox.protection import Protection, examine
from autograder.sandbox.visiblefiles import INSIDE, view

SMALL = Limits(
    memory_bytes=2**29,
    total_memory_bytes=300 * 2**20,
    processes=24,
    descriptors=64,
    file_bytes=2**22,
    disk_bytes=2**23,
    files=500,
    submission_seconds=600,
)

WALLS = {
    "both walls": {"use_outer": True, "use_inner": True},
    "inner wall alone": {"use_outer": False, "use_inner": True},
    "outer wall alone": {"use_outer": True, "use_inner": False},
}

LEVELS = {
    "both walls": "outer and inner",
    "inner wall alone": "inner only",
    "outer wall alone": "outer only",
}


class RefusedError(OSError):
    """The walls refused a system call made inside."""


class DiedError(Exception):
    """The process that should have answered has ended."""


class Room:
    """A sandbox whose parent is tests/sandbox/probe.py."""

    def __init__(self, confinement: Confinement) -> None:
        self.confinement = confinement
        self.spec = confinement.spec
        confinement.channel.settimeout(600)
        self._channel = confinement.channel.makefile("rwb")

    def run(
        self, function: Callable[..., Any], *args: Any, end_group: bool = False, **changes: Any
    ) -> Any:
        """Run `function`, sent as source, in a new child behind the walls; return its answer.

        `changes` are written into the child's specification; with `end_group`, the parent kills the
        child's process group afterwards. If the function raised an OSError, RefusedError is raised.
        """
        order = {
            "spec": {**self.spec, **changes},
            "source": textwrap.dedent(inspect.getsource(function)),
            "name": function.__name__,
            "args": args,
            "end_group": end_group,
        }
        try:
            self._channel.write(json.dumps(order).encode() + b"\n")
            self._channel.flush()
            said = json.loads(self._channel.readline() or b'{"died": true}')
        except (ConnectionError, ValueError) as error:
            raise DiedError(self.confinement.cause) from error
        if "refused" in said:
            _, number, text = said["refused"]
            raise RefusedError(number, text)
        if "failed" in said:
            raise AssertionError(said["failed"])
        if "died" in said:
            raise DiedError(self.confinement.cause)
        return said["value"]

    def seen_processes(self) -> dict[int, str]:
        """Return the sandbox's processes now, as {process id: start time}."""
        return {pid: started for pid in self.confinement.processes() if (started := _start(pid))}


def protection(walls: str) -> Protection | None:
    """Return the protection of this name, or None if this machine lacks it."""
    found = examine(**WALLS[walls])
    return found if found.level == LEVELS[walls] else None


def old_landlock(inside: Path, version: int) -> None:
    """Limit the copy of `inside` to this version of Landlock."""
    with (inside / "landlock.py").open("a", encoding="utf-8") as file:
        file.write(f"\n_abi = abi\ndef abi():\n    return min(_abi(), {version})\n")


@contextmanager
def room(
    walls: Protection,
    limits: Limits = SMALL,
    *,
    landlock_abi: int | None = None,
    hide: Sequence[Path] = (),
) -> Iterator[Room]:
    """Yield a sandbox behind `walls` that starts from a copy of `inside` with the probe in it."""
    # Pytest's folder for temporary files is closed to other users, so another folder is used.
    with tempfile.TemporaryDirectory(prefix="fdl-probe-") as folder:
        Path(folder).chmod(0o755)
        inside = Path(folder, "inside")
        shutil.copytree(INSIDE, inside, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(Path(__file__).with_name("probe.py"), inside)
        if landlock_abi is not None:
            old_landlock(inside, landlock_abi)
        seen = replace(view(), inside=inside, hidden=(*view().hidden, *map(Path.resolve, hide)))
        with (
            mock.patch.object(launching, "view", return_value=seen),
            launch(walls, limits, module="inside.probe") as confinement,
        ):
            yield Room(confinement)


def still_there(seen: dict[int, str]) -> list[int]:
    """Return the processes of `Room.seen_processes` that still run."""
    return [pid for pid, started in seen.items() if _start(pid) == started]


def _start(pid: int) -> str:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = state.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
