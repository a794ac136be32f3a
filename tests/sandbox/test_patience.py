"""If the machine is busy, a sandbox gets more time to start, and an error says that it is busy."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from autograder.errors import SandboxError
from autograder.sandbox import Limits, Sandbox, examine, patience
from autograder.sandbox.inside.wire import WireTimeout
from autograder.sandbox.patience import BusyMachine, Patience
from autograder.sandbox.protection import Protection

from .test_launch import walls  # noqa: F401 - a fixture

CGROUPS = Path("/sys/fs/cgroup/cpu")
SPIN = "while True: pass"
SLEEP = "import time; time.sleep(1000)"
WAIT_FOR_DISK_OR_NOTHING = "import os; os.kill(os.getpid(), 19)"


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings with waiting times that are short enough for a test."""
    monkeypatch.setattr(patience, "START_SECONDS", 0.3)
    monkeypatch.setattr(patience, "MOST_SECONDS", 1.2)
    monkeypatch.setattr(patience, "LOOK_SECONDS", 0.1)


@pytest.fixture
def process(request: pytest.FixtureRequest) -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-S", "-c", request.param]) as started:
        yield started.pid
        started.kill()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("process", [SPIN], indirect=True)
def test_process_that_works_is_waited_for_until_it_takes_too_long(
    process: int, ends: tuple[socket.socket, socket.socket]
) -> None:
    begin, looks = time.monotonic(), []
    with pytest.raises(BusyMachine, match="too busy"):
        Patience(lambda: [process]).wait(ends[0], lambda: looks.append(1))
    assert time.monotonic() - begin > patience.MOST_SECONDS
    assert len(looks) > 5


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("process", [SLEEP, WAIT_FOR_DISK_OR_NOTHING], indirect=True)
def test_process_that_does_nothing_is_given_up(
    process: int, ends: tuple[socket.socket, socket.socket]
) -> None:
    time.sleep(0.2)  # it starts
    begin = time.monotonic()
    Patience(lambda: [process]).wait(ends[0])
    assert time.monotonic() - begin < patience.MOST_SECONDS


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("process", [SPIN], indirect=True)
def test_process_that_works_without_end_is_given_up(
    process: int, ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "MOST_SECONDS", 1_000.0)
    monkeypatch.setattr(patience, "MOST_WORK_SECONDS", 0.4)
    Patience(lambda: [process]).wait(ends[0])


@pytest.mark.parametrize("ending", ["a word", "the end"])
def test_what_comes_ends_the_wait_at_once(
    ending: str, ends: tuple[socket.socket, socket.socket]
) -> None:
    near, far = ends
    far.send(b"x") if ending == "a word" else far.close()
    begin = time.monotonic()
    Patience(lambda: []).wait(near)
    assert time.monotonic() - begin < 1.0


@pytest.mark.usefixtures("quick")
def test_processes_that_are_gone_are_no_work(ends: tuple[socket.socket, socket.socket]) -> None:
    Patience(lambda: [2**22 - 1]).wait(ends[0])


@pytest.fixture
def hundredths() -> Iterator[None]:
    """Limit this process, and the processes that it starts, to 0.05 of a processor."""
    group = CGROUPS / f"fdl-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "cpu.cfs_period_us").write_text("100000")
        (group / "cpu.cfs_quota_us").write_text("5000")
    except OSError:
        with suppress(OSError):
            group.rmdir()
        pytest.skip("no cgroup for processor time that this user can make")
    (group / "cgroup.procs").write_text(str(os.getpid()))
    try:
        yield
    finally:
        (CGROUPS / "cgroup.procs").write_text(str(os.getpid()))
        for _ in range(100):
            with suppress(OSError):
                group.rmdir()
                break
            time.sleep(0.1)


@pytest.mark.slow
def test_sandbox_starts_on_a_twentieth_of_a_processor(
    walls: Protection,  # noqa: F811
    hundredths: None,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "START_SECONDS", 2.0)
    monkeypatch.setattr(patience, "LOOK_SECONDS", 0.5)
    with Sandbox(walls, Limits()) as sandbox:
        begin = time.monotonic()
        sandbox.start("here", {}, 1)
        assert time.monotonic() - begin > patience.START_SECONDS, "it was not busy"


@pytest.mark.slow
def test_machine_that_is_too_busy_is_named(
    walls: Protection,  # noqa: F811
    hundredths: None,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, seconds in (("START_SECONDS", 0.5), ("LOOK_SECONDS", 0.2), ("MOST_SECONDS", 2.0)):
        monkeypatch.setattr(patience, name, seconds)
    with Sandbox(walls, Limits()) as sandbox, pytest.raises(SandboxError) as caught:
        sandbox.start("here", {}, 1)
    assert "the machine is too busy" in str(caught.value)
    assert "doctor" not in str(caught.value)


class Idle:
    """A channel on which no data arrive; the timeout's text contains the waiting time."""

    def __init__(self) -> None:
        self.stream, self.far = socket.socketpair()

    def receive(self, deadline: float) -> object:
        raise WireTimeout(f"{deadline - time.monotonic():.0f} seconds")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("process", [SPIN], indirect=True)
def test_code_of_students_can_not_look_like_a_busy_machine(process: int) -> None:
    """Once a process has entered the sandbox, its start gets only the usual time."""

    class Confined:
        def all_processes(self) -> list[int]:
            return [process]

        def restart_time(self) -> None:
            pytest.fail("the time of a submission went on")

    sandbox = Sandbox(examine(), Limits())
    sandbox._confinement = Confined()  # type: ignore[assignment]
    sandbox._has_served = True
    channel = Idle()
    try:
        with pytest.raises(WireTimeout, match="60 seconds"):
            sandbox._first_word(channel, "confined")  # type: ignore[arg-type]
    finally:
        channel.stream.close()
        channel.far.close()
