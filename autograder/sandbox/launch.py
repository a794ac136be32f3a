"""Start a trusted parent process in the sandbox, and later end its processes and delete its files.

    with launch(examine(), Limits()) as confinement:
        confinement.channel                  # a stream socket to the parent's descriptor 0
        ...send confinement.spec to it; every child it forks calls walls.confine(spec) first...
    # here all processes of the sandbox have ended, and all its files are removed

The parent is a bare interpreter that imports `module` (a module of the folder `inside`) and calls
`main()` of that module. The parent's descriptor 0 is the channel; descriptors 1 and 2 write to a
small log. The parent starts with a new environment and new folders, and does nothing but imports.
A parent that has finished its imports is called warm. A child needs only `spec` to confine itself,
so a warm parent can fork children for one submission after another.

bubblewrap ends when the thread that started it ends. So call `launch` in a thread that outlives the
sandbox.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course.limits import Limits
from autograder.errors import SandboxError
from autograder.sandbox import bubblewrap
from autograder.sandbox.inside import processes
from autograder.sandbox.inside.supervisor import remove
from autograder.sandbox.isolation import is_alive
from autograder.sandbox.protection import Protection, can_change_user, must_keep_read, root_keeps
from autograder.sandbox.spareuser import SpareUser
from autograder.sandbox.visiblefiles import VisibleFiles, environment, font_list, python, view
from autograder.sandbox.watchdog import Bounds, Cause, Watchdog

_END_SECONDS = 20.0
_SWEEPS, _SWEEP_SECONDS = 2_000, 0.0005
_QUIET_LISTS = 2
"""Number of consecutive lists of processes that must show no new process.

A process may end while a list is made. Its children then move to the first process of the sandbox,
whose children may be listed already, so this list lacks them. They move only once, so the next list
shows them. A process that ended before the list was begun cannot cause this, because it had no
children left.
"""
_LOG_BYTES = 65_536
_OWN_PROCESSES = 4  # bubblewrap's processes or the supervisor, the parent, and a spare process

_START = """
import json, sys
order = json.loads(sys.argv.pop())
sys.path[:0], sys.path[len(sys.path):] = [order["door"]], order["packages"]
from inside import start
start.main(order)
"""


def launch(protection: Protection, limits: Limits, *, module: str = "inside.worker") -> Confinement:
    """Start the parent behind the walls that `protection` names.

    Raises SandboxError if the sandbox cannot be started, or if this machine has no wall and
    `protection` does not allow a sandbox without walls.
    """
    protection.require()
    seen = view()
    start = _start_apart if protection.outer.stands else _start_supervised
    with contextlib.ExitStack() as undo:
        spare = None
        if can_change_user():
            spare = SpareUser()
            undo.callback(spare.release)
        near, far = socket.socketpair()
        undo.callback(near.close)
        log, says = os.pipe2(os.O_CLOEXEC)
        undo.callback(os.close, log)
        for end in (log, says):
            os.set_blocking(end, False)
        try:
            started = start(_Plan(seen, limits, module, spare, protection, far, says))
        finally:
            far.close()
            os.close(says)
        return Confinement(started, near, log, undo.pop_all())


class Confinement:
    """A running sandbox; the end of the `with` block (or `close`) ends all its processes.

    channel     stream socket whose other end is the parent's descriptor 0
    spec        plain data for `inside.walls.confine`
    cause       why the watchdog ended the sandbox: "memory", "disk", "processes", ...; or None
    folder      the only folder that student code can write to, as a path outside the sandbox
    """

    def __init__(
        self, started: _Started, channel: socket.socket, log: int, ends: contextlib.ExitStack
    ) -> None:
        self.channel = channel
        self.spec = started.spec
        self.cause: Cause | None = None
        self._log = log
        self._started = started
        self._ends = ends
        self._ends.callback(started.sandbox.wait)
        self._above: dict[int, list[int]] = {}
        self._killing = threading.Lock()
        self._killed = False
        self.folder = started.bounds.mount or started.bounds.folder or ""
        self._watch = Watchdog(started.bounds, self.kill)
        self._watch.start()

    def __enter__(self) -> Confinement:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def kill(self, cause: Cause | None = None) -> None:
        """End every process of the sandbox.

        `kill` may be called from any thread and more than once.
        """
        with self._killing:
            if not self._killed:
                self._killed = True
                self.cause = cause
                self._started.sandbox.kill()

    def outside_number(self, number: int) -> int | None:
        """Return the outside id of the process whose id inside the sandbox is `number`."""
        return next((pid for pid in self.processes() if _own_number(pid) == number), None)

    def sweep(self, parent: int, keep: Collection[int]) -> bool:
        """End all processes except the parent and the processes `keep`.

        `parent` is a process id inside the sandbox; `keep` contains process ids outside the
        sandbox. Processes that student code leaves behind would use up the process limit, or could
        carry information from one test to the next. Returns False if a process does not end.
        """
        over: set[int] = set()
        quiet = 0
        for _ in range(_SWEEPS):
            strays = self._strays(parent, keep)
            if strays is None:
                return False
            quiet = quiet + 1 if over.issuperset(strays) else 0
            if quiet == _QUIET_LISTS:
                return True
            alive = [pid for pid in strays if is_alive(pid)]
            processes.kill(alive)
            over = {pid for pid in strays if pid not in alive and not processes.children(pid)}
            time.sleep(_SWEEP_SECONDS if alive else 0)
        return False

    @contextlib.contextmanager
    def paused(self, parent: int, keep: Collection[int]) -> Iterator[None]:
        """Pause the processes that `sweep` would kill, until the `with` block ends."""
        stopped: set[int] = set()
        quiet = 0
        try:
            for _ in range(_SWEEPS):
                fresh = set(self._strays(parent, keep) or ()) - stopped
                quiet = 0 if fresh else quiet + 1
                if quiet == _QUIET_LISTS:
                    break
                processes.kill(fresh, signal.SIGSTOP)
                stopped |= fresh
            yield
        finally:
            processes.kill(stopped, signal.SIGCONT)

    def renew(self, parent: int) -> bool:
        """Prepare for another submission: end all processes but the parent, and restart the clock.

        Returns False if a process of the last submission does not end. Then this sandbox must not
        be used again.
        """
        alone = self.sweep(parent, ())
        self.spec["rlimits"]["NPROC"] = self._started.tasks()
        self._watch.restart()
        return alone and not self._killed

    def _strays(self, parent: int, keep: Collection[int]) -> list[int] | None:
        """Return all processes except the parent, the parent's ancestors and `keep`.

        Return None if the parent no longer exists.
        """
        above = self._above.get(parent)
        if above is None or not is_alive(above[-1]):
            own = self.outside_number(parent)
            if own is None:
                return None
            everything = self.processes()
            above = [pid for pid in everything if own in processes.descendants(pid)]
            above = self._above[parent] = [*above, own]
        kept = {*above, *keep}
        return [pid for pid in self.processes() if pid not in kept]

    def close(self) -> None:
        """End all processes, wait until they have ended, and remove all files of the sandbox.

        `close` may be called more than once.
        """
        self._watch.stop()
        self.kill()
        self._ends.close()

    def restart_time(self) -> None:
        """Restart the clock of the sandbox's time limit."""
        self._watch.restart()

    def processes(self) -> list[int]:
        """Return the ids, outside the sandbox, of all processes that now run in the sandbox."""
        return processes.descendants(self._started.bounds.top)

    def all_processes(self) -> list[int]:
        """Return the first process of the sandbox, followed by all of `processes()`."""
        return [self._started.bounds.top, *self.processes()]

    def log(self) -> str:
        """Return the text written to descriptors 1 and 2 since the last call, up to 64 KiB."""
        with contextlib.suppress(OSError):
            return os.read(self._log, _LOG_BYTES).decode("utf-8", "replace")
        return ""


@dataclass(frozen=True)
class _Plan:
    """The data needed to start a sandbox."""

    seen: VisibleFiles
    limits: Limits
    module: str
    spare: SpareUser | None
    protection: Protection
    channel: socket.socket
    log: int

    def order(self, door: str, folder: str, capabilities: list[int] | None) -> dict[str, Any]:
        """Return the argument of `inside.start.main`."""
        return {
            "door": door,
            "packages": [str(path) for path in self.seen.packages],
            "module": self.module,
            "work": f"{folder}/work",
            "capabilities": capabilities,
            "supervise": None,
        }

    def spec(self, folder: str, read: list[Path], *, tasks: int) -> dict[str, Any]:
        """Return the argument of `inside.walls.confine`."""
        limits = self.limits
        inner, outer = self.protection.inner.stands, self.protection.outer.stands
        return {
            **{name: f"{folder}/{name}" for name in ("work", "tmp", "home")},
            "read": [*map(str, read), f"{folder}/matplotlib"],
            "uid": self.spare.uid if self.spare else None,
            "keep_read": must_keep_read(self.seen, outer=outer),
            "landlock": inner,
            "seccomp": inner,
            "rlimits": {
                "DATA": limits.memory_bytes,  # replaces the limit of the grader's own process
                "AS": limits.memory_bytes,
                "CPU": math.ceil(limits.submission_seconds),
                "NPROC": tasks,
                "FSIZE": limits.file_bytes,
                "NOFILE": limits.descriptors,
                **dict.fromkeys(("CORE", "MEMLOCK", "MSGQUEUE", "NICE", "RTPRIO"), 0),
            },
        }

    def tasks(self, counted: Callable[[], int]) -> Callable[[], int]:
        """Return a function that computes RLIMIT_NPROC.

        Without a spare user, the kernel also counts processes outside the sandbox toward the
        limit; `counted` returns their number.
        """
        return lambda: self.limits.processes + (0 if self.spare else counted())

    def bounds(self, top: int, **disk: str) -> Bounds:
        """Return the limits that the watchdog checks."""
        limits = self.limits
        return Bounds(
            top=top,
            memory_bytes=limits.total_memory_bytes,
            threads=limits.processes + _OWN_PROCESSES,
            descriptors=limits.total_descriptors,
            seconds=limits.submission_seconds,
            disk_bytes=limits.disk_bytes,
            files=limits.files,
            uid=self.spare.uid if self.spare else None,
            **disk,
        )

    def run(self, command: list[str], folder: str, pass_fds: list[int]) -> subprocess.Popen[bytes]:
        """Start `command` in a new environment, with the channel as input and the log as output."""
        try:
            return subprocess.Popen(
                command,
                stdin=self.channel.fileno(),
                stdout=self.log,
                stderr=self.log,
                env=environment(folder),
                pass_fds=pass_fds,
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(f"{command[0]} can't be started: {error}") from error


@dataclass(frozen=True)
class _Started:
    sandbox: _Namespace | _Supervised
    spec: dict[str, Any]
    bounds: Bounds
    tasks: Callable[[], int]


def _start_apart(plan: _Plan) -> _Started:
    """Start the parent behind the outer wall."""
    capabilities = root_keeps(plan.seen) if os.geteuid() == 0 else None
    order = plan.order(bubblewrap.DOOR, bubblewrap.BOX, capabilities)
    lock = plan.spare.lock if plan.spare else None
    says, info = os.pipe2(os.O_CLOEXEC)
    try:
        command = bubblewrap.command(
            plan.seen,
            python(plan.seen, _START, json.dumps(order)),
            size=plan.limits.disk_bytes,
            capabilities=capabilities or [],
            font_list=font_list(),
            info=info,
            lock=lock,
        )
        pass_fds = [info] if lock is None else [info, lock]
        process = plan.run(command, bubblewrap.BOX, pass_fds)
    except BaseException:
        os.close(says)
        raise
    finally:
        os.close(info)
    sandbox = _Namespace(process, says)
    tasks = plan.tasks(_processes_counted_apart)
    spec = plan.spec(bubblewrap.BOX, [*plan.seen.read, Path(bubblewrap.DOOR)], tasks=tasks())
    mount = f"/proc/{sandbox.first}/root{bubblewrap.BOX}"
    return _Started(sandbox, spec, plan.bounds(sandbox.first, mount=mount), tasks)


class _Namespace:
    """bubblewrap, and the first process of its namespace; all others end when this process ends."""

    def __init__(self, process: subprocess.Popen[bytes], says: int) -> None:
        self._process = process
        with open(says, encoding="utf-8") as file:
            said = file.read()
        try:
            self.first = int(json.loads(said)["child-pid"])
            self._handle = os.pidfd_open(self.first)
        except (ValueError, KeyError, OSError) as error:
            process.kill()
            process.wait()
            raise SandboxError(
                f"bubblewrap worked before, but now ended with {process.returncode}; run "
                "`fdl doctor` to try again"
            ) from error

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        self._process.kill()

    def wait(self) -> None:
        # The first process of a namespace ends only after all other processes of the namespace.
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        gone = poll.poll(1000 * _END_SECONDS)
        os.close(self._handle)
        self._process.wait()
        if not gone:
            raise SandboxError(f"the sandbox of process {self.first} did not end when killed")


def _start_supervised(plan: _Plan) -> _Started:
    """Start the parent without the outer wall, but with folders on disk and a supervisor."""
    folder = tempfile.mkdtemp(prefix="fdl-sandbox-")
    control, held = os.pipe2(os.O_CLOEXEC)
    try:
        door = _lay_out(Path(folder), plan.seen.inside, plan.spare.uid if plan.spare else None)
        capabilities = root_keeps(plan.seen, outer=False) if plan.spare else None
        uid, lock = (plan.spare.uid, plan.spare.lock) if plan.spare else (None, None)
        order = plan.order(door, f"{folder}/box", capabilities)
        order["supervise"] = {"control": control, "folder": folder, "uid": uid, "lock": lock}
        command = python(plan.seen, _START, json.dumps(order))
        process = plan.run(
            command, f"{folder}/box", [fd for fd in (control, lock) if fd is not None]
        )
    except BaseException:
        os.close(held)
        remove(folder)
        raise
    finally:
        os.close(control)
    # The kernel counts all processes of the user, also those of other grading runs. So the limit
    # leaves room for the processes of three more runs. The watchdog limits each run separately.
    tasks = plan.tasks(lambda: _threads_of_this_user() + 3 * plan.limits.processes)
    read = [*plan.seen.pieces(), Path(door), plan.seen.inside]
    spec = plan.spec(f"{folder}/box", read, tasks=tasks())
    bounds = plan.bounds(process.pid, folder=f"{folder}/box")
    return _Started(_Supervised(process, held, folder), spec, bounds, tasks)


def _lay_out(folder: Path, inside: Path, uid: int | None) -> str:
    """Create the folders of a sandbox on disk; return the folder with the package `inside`."""
    folder.chmod(0o711)
    door, box = folder / "door", folder / "box"
    for made in (door, box, *(box / name for name in ("work", "tmp", "home", "matplotlib"))):
        made.mkdir()
        made.chmod(0o755)  # a spare user needs access, whatever the grader's umask is
    (door / "inside").symlink_to(inside)
    fonts = font_list()
    if fonts is not None:
        shutil.copyfile(fonts, box / "matplotlib" / fonts.name)
    if uid is not None:
        for path in box.rglob("*"):
            # The parent keeps root's group, but cannot override file permissions as root can.
            os.chown(path, uid, os.getegid())
            path.chmod(0o770)
    return str(door)


class _Supervised:
    """The supervisor, which ends all its descendants when the descriptor `held` is closed."""

    def __init__(self, process: subprocess.Popen[bytes], held: int, folder: str) -> None:
        self._process = process
        self._held = held
        self._folder = folder

    def kill(self) -> None:
        os.close(self._held)

    def wait(self) -> None:
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise SandboxError(
                f"the sandbox below process {self._process.pid} did not end when killed; its "
                "remaining processes may still run"
            ) from None
        finally:
            remove(self._folder)


def _processes_counted_apart() -> int:
    """Return the number of processes that RLIMIT_NPROC counts before student code starts a process.

    From Linux 5.14 on, the kernel counts processes separately in each user namespace.
    """
    release = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
    return _OWN_PROCESSES if release >= (5, 14) else _threads_of_this_user()


def _threads_of_this_user() -> int:
    count = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{name}").st_uid == os.getuid():
                count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _own_number(pid: int) -> int | None:
    """Return the id that the process `pid` has in its own (innermost) pid namespace."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    rows = (row.split() for row in status.splitlines() if row.startswith("NSpid:"))
    return int(next(rows, [str(pid)])[-1])
