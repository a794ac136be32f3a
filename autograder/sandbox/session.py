"""Run a submission's notebooks in the sandbox, and give tests access to the notebooks' functions.

One Sandbox has one warm parent process, which has already imported all modules (see
`inside.worker`). The parent may serve one submission after another. A Notebook runs its cells in a
child of the parent. A cell can end the child: by an exit, by a hang that ignores the alarm, or by
closing the channel. The grader then starts a new child and runs all other cells again, so only the
cell that ended the child is lost.

In two cases, the running cell gets one more attempt, because it may not be the reason why the child
ended. In the first case, the cell ran before without ending the child. In the second case, no
limit ended the child, and no cell has had another attempt yet.
"""

from __future__ import annotations

import json
import math
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from autograder.course.limits import Limits, size
from autograder.errors import SandboxError
from autograder.sandbox.inside import processes
from autograder.sandbox.inside.wire import Budget, Channel, WireClosed, WireError
from autograder.sandbox.isolation import Holder, HoldError, Trace, is_alive, settled_trace, trace
from autograder.sandbox.launch import Confinement, launch
from autograder.sandbox.patience import START_SECONDS, BusyMachine, Patience
from autograder.sandbox.protection import Protection
from autograder.sandbox.stages import StageTimes
from autograder.sandbox.student import CodePlace, NoAnswer, OwnText, Quote, Student, place_from
from autograder.timelimit import undisturbed

GRACE_SECONDS = 3.0
"""Seconds to wait for a cell's result after the cell's own time limit."""
REPLY_SECONDS = 10.0
"""Seconds to wait for the reply of a process of the sandbox."""
ENDING_SECONDS = 5.0
"""Seconds that the kernel may take to end many processes on a busy machine."""
REFUSED_SECONDS = 0.01
"""Seconds between two attempts to fork."""
MAX_LAUNCHES = 6
"""Number of times that one submission may start the sandbox."""
MAX_REPLAYS = 5
"""Number of times that a notebook's cells may be run again."""
OUTPUT_BYTES = 2_000
"""Number of bytes to add to the length of each output's text, for the memory of the output."""
MAX_JSON_PARTS = 300_000
"""Largest number of lists, dictionaries and members in the message with a cell's outputs."""


@dataclass(frozen=True)
class Cell:
    """A code cell: its index in the notebook, and its source."""

    index: int
    source: str


@dataclass(frozen=True)
class CellError:
    """The reason why a cell did not run to its end.

    `kind` is the name of a built-in exception, or "timeout", "ended" or "not run".
    """

    kind: str
    text: str
    place: CodePlace | None = None


@dataclass(frozen=True)
class CellResult:
    """The outputs of a cell in nbformat's form, and the cell's error, if any."""

    outputs: Sequence[Mapping[str, Any]] = ()
    error: CellError | None = None


class NotebookGone(Exception):
    """An error: the process that ran the notebook no longer exists.

    `is_unexplained` is true if no limit was the reason: the process ended by itself, or the grader
    could no longer check the limits.
    """

    def __init__(self, reason: str, *, is_unexplained: bool = False) -> None:
        super().__init__(reason)
        self.is_unexplained = is_unexplained


class Sandbox:
    """A sandbox with a warm parent process: the first notebook starts it, and `close` ends it.

    `times` are the stage times of the submission that the sandbox now serves.
    """

    def __init__(self, protection: Protection, limits: Limits) -> None:
        self.limits = limits
        self.protection = protection
        self.times = StageTimes()
        self._confinement: Confinement | None = None
        self._control: Channel | None = None
        self._launches = 0
        self._has_begun = False
        self._has_served = False
        self._parent = 0
        self._kept: dict[int, int] = {}
        self._trace: Trace | None = None
        self._traced = False
        self.age = 0

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process of the sandbox and remove its files."""
        with undisturbed():
            if self._confinement is not None:
                self._confinement.close()
            self._confinement = self._control = None
            self._has_begun = False
            self._kept, self._traced = {}, False

    def begin(self) -> None:
        """Start the parent, and return while its imports run, so that the grader can import too."""
        self.close()
        if self._launches == MAX_LAUNCHES:
            raise NotebookGone("the sandbox was ended too often")
        self._launches += 1
        with undisturbed():
            self._confinement = launch(self.protection, self.limits)
        self._has_begun = True

    def renew(self) -> None:
        """Prepare for another submission: remove all processes and files of the last submission.

        If a process or a file cannot be removed, end the warm parent. The next notebook then starts
        a new parent.
        """
        self._launches = 0
        self._kept, self._traced = {}, False
        if self._confinement is None:
            return
        clean = (
            self._does("end all", self._confinement.spec)
            and self._confinement.renew(self._parent)
            and self._does("empty", self._confinement.spec)
        )
        if not clean or self.cause is not None:
            self.close()

    @property
    def cause(self) -> str | None:
        """The reason why the watchdog ended the sandbox: "memory", "disk", ..., or None."""
        return self._confinement.cause if self._confinement else None

    def make_ready(self) -> None:
        """Start the warm parent if necessary, and restart the submission's clock.

        Raises SandboxError if the parent cannot be started. The submission's clock does not count
        the time spent waiting for a busy machine.
        """
        self._parent_channel()
        assert self._confinement is not None
        self._confinement.restart_time()

    def start(self, folder: str, files: Mapping[str, bytes], seed: int) -> NotebookProcess:
        """Start a notebook process in its own folder, behind the inner wall."""
        control = self._parent_channel()
        near, far = socket.socketpair()
        try:
            pid, outside = self._fork(control, "notebook", self._order(folder, files, seed), far)
            assert self._confinement is not None
            holder = Holder(
                outside,
                channel=os.fstat(far.fileno()).st_ino,
                packages=self._confinement.spec["read"],
                uid=self._confinement.spec["uid"],
            )
            far.close()
            self._kept[pid] = holder.pid
            self._traced = False
            process = NotebookProcess(self, Channel(near, self._notebook_budget), pid, holder)
            self._first_word(process.channel, "confined")
            self._has_served = True
            return process
        except BusyMachine:
            near.close()
            self.close()
            raise
        except WireError as error:
            near.close()
            cause = self.cause
            if not (self._has_served or cause):
                raise self._unfit(
                    f"no notebook can be started behind the walls: {error}"
                ) from error
            self.close()
            raise NotebookGone(cause or str(error)) from error
        finally:
            far.close()

    def start_helper(self, task: str, rlimits: Mapping[str, int], *, arrays: int) -> HelperProcess:
        """Start a process for a task of the kit's own code, behind the inner wall.

        `rlimits` replace limits of student code; `arrays` is the largest message, in bytes.
        """
        control = self._parent_channel()
        assert self._confinement is not None
        spec = self._confinement.spec
        budget = Budget(arrays=arrays)
        order = {
            "walls": {**spec, "rlimits": {**spec["rlimits"], **rlimits}},
            "budget": asdict(budget),
        }
        near, far = socket.socketpair()
        try:
            pid, outside = self._fork(control, task, order, far)
        except WireError as error:
            near.close()
            raise self._unfit(f"no process can be started behind the walls: {error}") from error
        finally:
            far.close()
        self._kept[pid] = outside
        return HelperProcess(self, Channel(near, budget), pid, outside)

    def _fork(
        self, control: Channel, task: str, order: Mapping[str, Any], far: socket.socket
    ) -> tuple[int, int]:
        """Let the warm parent fork; return the process id inside and outside the sandbox."""
        assert self._confinement is not None
        deadline = time.monotonic() + START_SECONDS
        control.send([task, order], descriptors=[far.fileno()], deadline=deadline)
        pid = self._first_word(control, "started")
        outside = self._confinement.outside_number(pid)
        if outside is None:
            raise WireError("the process has ended")
        return pid, outside

    def kill(self, pid: int, outside: int) -> None:
        """End a notebook process; if the warm parent does not answer, end the whole sandbox.

        `outside` is the notebook's process id outside the sandbox. `pid` alone is not enough,
        because a later sandbox may use the same number again.
        """
        if self._kept.get(pid) == outside:
            del self._kept[pid]
            if not self._does("kill", pid):
                self.close()

    def sweep(self) -> None:
        """End the processes that student code left running.

        Only the warm parent and the notebook processes stay.
        """
        if self._confinement is None:
            return
        if not self._confinement.sweep(self._parent, self._kept.values()):
            self.close()

    def paused(self) -> AbstractContextManager[None]:
        """Return a context in which only the warm parent and the notebook processes may run."""
        if self._confinement is None:
            return nullcontext()
        return self._confinement.paused(self._parent, self._kept.values())

    def note_files(self) -> None:
        """Record the state of all files before a test, so that `settle` can notice changes."""
        if self._confinement is not None and not self._traced:
            self._trace, self._traced = settled_trace(self._confinement.folder), True

    def forget_files(self) -> None:
        """Drop the recorded state of the files, because cells may write files from now on.

        `note_files` records the state again before the next test.
        """
        self._traced = False

    def settle(self) -> None:
        """Remove the processes and the files that the last test left.

        Changed files cannot be restored. So if the test changed any file, all files are removed and
        `age` grows. A notebook that ran before `age` grew has lost its files.
        """
        self.sweep()
        if self._confinement is None or not self._traced:
            return
        if self._trace is None or trace(self._confinement.folder) != self._trace:
            self._traced = False
            self.age += 1
            if not self._does("empty", self._confinement.spec):
                self.close()

    def _does(self, order: str, about: Any) -> bool:
        """Send an order to the warm parent; return whether the parent completed it."""
        if self._control is None:
            return False
        deadline = time.monotonic() + REPLY_SECONDS
        try:
            self._control.send([order, about], deadline=deadline)
            return _reply(self._control.receive(deadline), "done") == 0
        except WireError:
            return False

    def _parent_channel(self) -> Channel:
        """Return the channel to the warm parent; start a parent if none is running."""
        if self.cause is not None:
            self.close()
        return self._control or self._launch()

    def _launch(self) -> Channel:
        if not self._has_begun:
            self.begin()
        assert self._confinement is not None
        self._confinement.restart_time()
        self._has_begun = self._has_served = False
        control = Channel(self._confinement.channel, Budget())
        try:
            self._parent = self._first_word(control, "ready")
        except BusyMachine:
            self.close()
            raise
        except WireError as error:
            raise self._unfit(f"the sandbox did not start: {error}") from error
        self._control = control
        return control

    def _first_word(self, channel: Channel, word: str) -> int:
        """Return the number in the first message of a starting process.

        On a busy machine the message may take longer to arrive; the submission's clock does not
        count the extra time. After student code has run in the sandbox, no extra time is granted,
        because student code could keep the machine busy.
        """
        assert self._confinement is not None
        if self._has_served:
            return _reply(channel.receive(time.monotonic() + START_SECONDS), word)
        patience = Patience(self._confinement.all_processes)
        patience.wait(channel.stream, self._confinement.restart_time)
        return _reply(channel.receive(time.monotonic() + REPLY_SECONDS), word)

    def _unfit(self, why: str) -> SandboxError:
        """End a sandbox that failed before any student code ran; return the error."""
        log = self._confinement.log() if self._confinement else ""
        self.close()
        return SandboxError(
            f"{why}. `fdl doctor` shows which walls this machine can provide. Last messages of the "
            "sandbox: "
            f"{log or 'none'}"
        )

    @property
    def _notebook_budget(self) -> Budget:
        return Budget(self.limits.message_bytes, 2 * self.limits.output_bytes + 1_000_000)

    def _order(self, folder: str, files: Mapping[str, bytes], seed: int) -> dict[str, Any]:
        assert self._confinement is not None
        return {
            "walls": self._confinement.spec,
            "folder": f"{self._confinement.spec['work']}/{folder}",
            "files": {name: np.frombuffer(content, np.uint8) for name, content in files.items()},
            "seed": seed,
            "budget": asdict(self.test_budget),
            "output_bytes": self.limits.output_bytes,
            "cell_seconds": float(self.limits.cell_seconds),
        }

    @property
    def test_budget(self) -> Budget:
        """Largest size of the arguments or the answer of one call."""
        return Budget(self.limits.message_bytes, self.limits.answer_bytes)


@dataclass(frozen=True)
class HelperProcess:
    """A process that handles a student's data with the kit's own code; its messages are untrusted.

    `pid` is its number inside the sandbox, `outside` its number on this machine.
    """

    sandbox: Sandbox
    channel: Channel
    pid: int
    outside: int

    def end(self) -> None:
        """End the process."""
        self.channel.close()
        self.sandbox.kill(self.pid, self.outside)


class NotebookProcess:
    """A process that runs cells and forks test processes; all its messages are untrusted."""

    def __init__(self, sandbox: Sandbox, channel: Channel, pid: int, holder: Holder) -> None:
        self._sandbox = sandbox
        self.channel = channel
        self._pid = pid
        self._holder = holder
        self._age = sandbox.age
        self._tests: dict[TestChannel, list[int]] = {}
        self._served = False
        self._spoiled = False

    def run(self, cell: Cell, latest: float = math.inf) -> CellResult:
        """Run one cell; raise NotebookGone if the process ends or does not reply in time."""
        seconds = self._sandbox.limits.cell_seconds + GRACE_SECONDS
        deadline = min(time.monotonic() + seconds, latest + GRACE_SECONDS)
        with self._kept_or_killed():
            self.channel.send(["cell", cell.index, cell.source], deadline=deadline)
            message = self.channel.receive(deadline)
            if not (_begins(message, "ran") and len(message) == 3):
                raise WireError("not a cell's result")
            if not (type(message[1]) is int and message[1] == cell.index):
                raise WireError("the result of another cell")
            return _cell_result(message[2])

    def let_go(self) -> None:
        """Let the process run more cells; raise NotebookGone if the process has ended."""
        self._sandbox.forget_files()
        with self._kept_or_killed():
            self._holder.let_go()

    def hold(self) -> None:
        """Stop the process until it has to fork a test process.

        Raises NotebookGone if the process does not stop.
        """
        with self._kept_or_killed():
            self._holder.hold()

    @contextmanager
    def _kept_or_killed(self) -> Iterator[None]:
        """Kill the process and raise NotebookGone if a reply is malformed or holding fails."""
        try:
            yield
        except (WireError, HoldError) as error:
            cause = self._sandbox.cause
            self.kill()
            is_unexplained = cause in (None, "check") and isinstance(error, WireClosed)
            raise NotebookGone(cause or str(error), is_unexplained=is_unexplained) from error

    def is_fresh(self) -> bool:
        """Return whether the process is certainly free of information from earlier tests."""
        if self._tests:
            return True  # a process of the current test still runs, so no new test has begun
        self._sandbox.settle()
        if self._age != self._sandbox.age or self._holder.moved():
            return False
        return not (self._served and self._spoiled)

    def connect(self) -> Channel:
        """Return a channel to a fresh test process; raise NotebookGone if forking fails."""
        if not self._tests:
            self._sandbox.note_files()
        self._spoiled |= self._holder.moved()
        # While the notebook's process runs, other processes of the same test could talk to it.
        pause = self._sandbox.paused() if self._tests else nullcontext()
        with self._kept_or_killed(), pause:
            self._holder.let_go()
            channel = self._fork() or self._fork_after_sweep()
            found = self._tests[channel] = self._holder.hold()
        # A second new child may have waited for the test, to pass information to it.
        self._spoiled |= len(found) != 1 or bool(self._holder.shares())
        self._served = True
        return channel

    def _fork_after_sweep(self) -> TestChannel:
        """End leftover processes, wait until the kernel no longer counts them, and fork a test.

        Returns a channel to the new process.
        """
        deadline = time.monotonic() + ENDING_SECONDS
        self._sandbox.sweep()
        while (channel := self._fork()) is None:
            if time.monotonic() > deadline:
                raise WireError("no process can be started")
            time.sleep(REFUSED_SECONDS)
        return channel

    def _fork(self) -> TestChannel | None:
        """Return a channel to a new test process; None if the process limit is reached."""
        near, far = socket.socketpair()
        deadline = time.monotonic() + REPLY_SECONDS
        try:
            self.channel.send(["test"], descriptors=[far.fileno()], deadline=deadline)
            reply = self.channel.receive(deadline)
            if _begins(reply, "refused"):
                near.close()
                return None
            pid = _reply(reply, "forked")
        except WireError:
            near.close()
            raise
        finally:
            far.close()
        return TestChannel(near, self._sandbox.test_budget, self, pid)

    def kill(self) -> None:
        """End the notebook process and all its test processes."""
        self.channel.close()
        self._sandbox.kill(self._pid, self._holder.pid)

    def end_test(self, channel: TestChannel) -> None:
        """End the test process at the other end of the channel, if it still runs."""
        ended = self._tests.pop(channel, None)
        if ended is None:
            return
        with self._sandbox.times.stage("forks"):
            for outside in ended:
                # A process that ends by itself could pass on information by its exit code, which
                # the notebook's process can read. So only a kill by the grader is safe.
                self._spoiled |= not is_alive(outside)
                processes.kill([outside])
            try:
                # The process ends before the next test process is forked. So the grader does not
                # wait for an answer.
                deadline = time.monotonic() + REPLY_SECONDS
                self.channel.send(["kill", channel.pid], deadline=deadline)
            except WireError:
                self.kill()


class TestChannel(Channel):
    """A channel to a test process; closing the channel ends the process."""

    __test__ = False

    def __init__(
        self, stream: socket.socket, budget: Budget, notebook: NotebookProcess, pid: int
    ) -> None:
        super().__init__(stream, budget)
        self._notebook = notebook
        self.pid = pid

    def close(self) -> None:
        """End the test process and close the channel."""
        self._notebook.end_test(self)
        super().close()


class Notebook:
    """A notebook of a submission; after its cells have run, tests can call its functions."""

    def __init__(
        self,
        sandbox: Sandbox,
        name: str,
        cells: Sequence[Cell],
        files: Mapping[str, bytes],
        seed: int,
    ) -> None:
        self.name = name
        self.results: dict[int, CellResult] = {}
        self._sandbox = sandbox
        self._cells = cells
        self._files = files
        self._seed = seed
        self._process: NotebookProcess | None = None
        self._left_out: set[int] = set()
        self._spared: set[int] = set()
        self._replays = 0
        self._deadline = 0.0
        self._end: float = math.inf

    def run(self, deadline: float) -> None:
        """Run the cells from top to bottom, so that every cell has a result."""
        self._deadline = deadline
        while self._process is None and self._replays <= MAX_REPLAYS:
            self._replays += 1
            self._process = self._run_once(deadline, self.results)
        not_run = _not_run(self._sandbox.limits, is_late=time.monotonic() > deadline)
        for cell in self._cells:
            self.results.setdefault(cell.index, not_run)

    def student(self, quote: Quote, own_text: OwnText = lambda _text, _place: "") -> Student:
        """Return a Student for one test; its first call may run the cells again.

        The cells are run again if the notebook's process has ended.
        """
        limits, times = self._sandbox.limits, self._sandbox.times
        return Student(
            times.stage("forks")(self._connect),
            call_seconds=limits.call_seconds,
            callbacks=limits.callbacks,
            quote=quote,
            own_text=own_text,
            times=times,
        )

    def stop_before(self, index: int) -> None:
        """Make later tests see the notebook's state before the cell `index`.

        If the process stopped at an earlier cell, it continues from that cell. In all other cases,
        the notebook is run again from the top.
        """
        reached, self._end = self._end, index
        process, self._process = self._process, None
        self._replays = min(self._replays, MAX_REPLAYS)  # allow at least one attempt
        if process is None:
            return
        if reached > index or not process.is_fresh():
            process.kill()
            self._sandbox.settle()
            return
        try:
            process.let_go()
        except NotebookGone:
            return
        self._process = self._run_cells(process, self._deadline, {}, reached)

    def forget_outputs(self) -> None:
        """Drop the outputs of the cells, but keep their errors."""
        for index, result in self.results.items():
            self.results[index] = replace(result, outputs=())

    def close(self) -> None:
        """End the notebook's process."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _run_once(self, deadline: float, results: dict[int, CellResult]) -> NotebookProcess | None:
        """Start a process, run all cells except those to skip, and return the process.

        Return None if one more cell must be skipped.
        """
        try:
            with self._sandbox.times.stage("start"):
                process = self._sandbox.start(self.name, self._files, self._seed)
        except NotebookGone:
            return None
        return self._run_cells(process, deadline, results)

    def _run_cells(
        self,
        process: NotebookProcess,
        deadline: float,
        results: dict[int, CellResult],
        start: float = 0,
    ) -> NotebookProcess | None:
        """Run the cells from index `start` on, and return the process.

        Return None if one more cell must be skipped.
        """
        room = self._sandbox.limits.shown_bytes
        for cell in self._cells:
            if cell.index in self._left_out or not start <= cell.index < self._end:
                continue
            if time.monotonic() > deadline:
                break
            try:
                with self._sandbox.times.stage("cells"):
                    result = process.run(cell, deadline)
                fits = (length := _length(result)) <= room
                room -= length if fits else 0
                results[cell.index] = result if fits else replace(result, outputs=TOO_MUCH)
            except NotebookGone as gone:
                has_run = _has_run(self.results.get(cell.index))
                may_be_innocent = has_run or (gone.is_unexplained and not self._spared)
                if may_be_innocent and cell.index not in self._spared:
                    # leftovers of a test, or the machine, may have ended the process
                    self._spared.add(cell.index)
                else:
                    self._left_out.add(cell.index)
                    results[cell.index] = _ended(str(gone), self._sandbox.limits)
                return None
        self._sandbox.sweep()
        try:
            process.hold()
        except NotebookGone:
            return None
        return process

    def _connect(self) -> Channel:
        for _ in range(2):
            if self._process is not None and not self._process.is_fresh():
                self.close()
                # The outputs of the cells were recorded in the first run.
                self._process = self._run_once(self._deadline, {})
            if self._process is None:
                self.run(self._deadline)
            if self._process is None:
                break
            try:
                return self._process.connect()
            except NotebookGone:
                self._process = None
        raise NoAnswer("The notebook's process ended, so the call could not be made.")


def _not_run(limits: Limits, *, is_late: bool) -> CellResult:
    late = f"the {limits.submission_seconds:g} s for the whole submission are over"
    why = late if is_late else "earlier cells ended their process, or exceeded a limit, too often"
    return CellResult(error=CellError("not run", f"This cell was not run: {why}."))


def _has_run(result: CellResult | None) -> bool:
    return result is not None and not (result.error and result.error.kind == "not run")


_LEFT_OUT = "[left out: this notebook shows more than is kept]\n"
TOO_MUCH = ({"output_type": "stream", "name": "stdout", "text": _LEFT_OUT},)


def _length(result: CellResult) -> int:
    """Return the size of a cell's outputs in characters."""
    parts = (output.get("data", output).values() for output in result.outputs)
    texts = (text for values in parts for text in values if isinstance(text, str))
    return len(result.outputs) * OUTPUT_BYTES + sum(map(len, texts))


def _ended(reason: str, limits: Limits) -> CellResult:
    known = {
        "memory": "the code used more memory than a submission may "
        f"({size(limits.total_memory_bytes)})",
        "disk": f"the code wrote more than a submission may ({size(limits.disk_bytes)})",
        "processes": f"the code started more processes than a submission may ({limits.processes})",
        "descriptors": "the code opened more files than a submission may "
        f"({limits.total_descriptors})",
        "check": "the grader could no longer check the code's limits, so it ended the code. Ask "
        "for your submission to be marked again",
    }
    why = known.get(reason, "the cell ended its process, or did not stop in time")
    return CellResult(error=CellError("ended", f"This cell was left out: {why}."))


def _begins(message: Any, word: str) -> bool:
    """Return whether a message is a list that begins with the string `word`."""
    known = isinstance(message, list) and message and isinstance(message[0], str)
    return bool(known and message[0] == word)


def _reply(message: Any, word: str) -> int:
    if not _begins(message, word):
        raise WireError(f"expected {word!r}")
    number = message[1] if len(message) == 2 else 0
    if type(number) is not int:
        raise WireError(f"{word!r} came without its number")
    return number


_PART = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{,]', re.DOTALL)
"""Pattern for a whole JSON string, or a character that begins a list, a dict or a member."""


def _cell_result(data: Any) -> CellResult:
    if not isinstance(data, dict):
        raise WireError("not a cell's result")
    return CellResult(outputs=_outputs(data.get("outputs")), error=_cell_error(data.get("error")))


def _cell_error(data: Any) -> CellError | None:
    if data is None:
        return None
    kind, text = (data.get("error"), data.get("text")) if isinstance(data, dict) else (None, None)
    if not (isinstance(kind, str) and kind.isidentifier() and isinstance(text, str)):
        raise WireError("not a cell's error")
    kind = "timeout" if kind == "CellTimeout" else kind
    return CellError(kind[:80], text[:2_000], place_from(data.get("place")))


def _outputs(data: Any) -> list[dict[str, Any]]:
    """Rebuild the outputs in nbformat's form from the worker's description, and return them."""
    if not (isinstance(data, np.ndarray) and data.dtype == np.uint8 and data.ndim == 1):
        raise WireError("not a cell's outputs")
    try:
        raw = data.tobytes()
        if any(count > MAX_JSON_PARTS for count, _ in enumerate(_PART.finditer(raw))):
            raise WireError("a cell's outputs have too many parts")
        return [_output(output) for output in json.loads(raw.decode("utf-8"))]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise WireError("not a cell's outputs") from error


def _output(data: Mapping[str, Any]) -> dict[str, Any]:
    kind = data["output_type"]
    if kind == "stream":
        name = "stderr" if data["name"] == "stderr" else "stdout"
        return {"output_type": kind, "name": name, "text": _text(data["text"])}
    if kind == "error":
        name, value = _text(data["ename"]), _text(data["evalue"])
        return {"output_type": kind, "ename": name, "evalue": value, "traceback": []}
    bundle = {_text(mime): _text(content) for mime, content in data["data"].items()}
    output = {"output_type": kind, "data": bundle, "metadata": {}}
    if kind == "execute_result":
        return {**output, "execution_count": None}
    if kind != "display_data":
        raise ValueError("unknown kind of output")
    return output


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    # One half of a surrogate pair cannot be written to a file, so replace it.
    return value.encode("utf-8", "replace").decode()
