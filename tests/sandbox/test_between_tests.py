"""No test's questions reach the next test, even if functions try to pass the questions on.

Each of these functions defines `keep(n)`, which stores a number somewhere, and `kept()`, which
looks for the number there. The functions' code defines a function `f` that is called in two tests;
the second test must not find the number that the first test kept.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Course
from autograder.course.samples import SampleStudent, write_submission
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import mark_submission
from autograder.sandbox import Cell, Limits, Notebook, Sandbox, StudentFailure, isolation
from autograder.sandbox.isolation import Holder, HoldError
from autograder.sandbox.session import NotebookProcess

from .rooms import WALLS, protection

ROOT = Path(__file__).parents[2]
LIMITS = replace(Limits(), call_seconds=60.0, cell_seconds=60.0, submission_seconds=600.0)
NUMBER = 77
CAP_SYS_PTRACE = 19

FUNCTION = """
def f(n):
    found = kept()
    try:
        keep(n)
    except OSError:
        pass
    return -1 if found is None else found
def honest(n):
    return n + 1
"""

FILE = """
import os
def keep(n):
    with open({path}, "w") as file:
        file.write(str(n))
def kept():
    return int(open({path}).read()) if os.path.exists({path}) else None
"""

IN_PLACE = """
import os
with open("answer", "w") as file:
    file.write("000")
def keep(n):
    with open("answer", "r+") as file:
        file.write(f"{n:03}")
def kept():
    return int(open("answer").read()) or None
"""

NAME = """
import os
def keep(n):
    os.mkdir(f"n{n}")
def kept():
    return next((int(name[1:]) for name in os.listdir() if name[0] == "n"), None)
"""

LINK = """
import os
def keep(n):
    os.symlink(str(n), "link")
def kept():
    return int(os.readlink("link")) if os.path.lexists("link") else None
"""

SHARED_FILE = """
import mmap, os
with open("page", "w+b") as file:
    file.write(bytes(4096))
    file.flush()
    page = mmap.mmap(file.fileno(), 4096)
os.unlink("page")
def keep(n):
    page[0] = n
def kept():
    return page[0] or None
"""

PIPE = """
import os
reader, writer = os.pipe()
os.set_blocking(reader, False)
def keep(n):
    os.write(writer, bytes([n]))
def kept():
    try:
        return os.read(reader, 1)[0]
    except OSError:
        return None
"""

PIPE_IN_PLACE_OF_STREAMS = PIPE.replace(
    "def keep", "os.dup2(reader, 0), os.dup2(writer, 1)\nos.close(reader), os.close(writer)\n"
    "reader, writer = 0, 1\ndef keep", 1
)  # fmt: skip

SOCKETS = """
import socket
near, far = socket.socketpair()
far.setblocking(False)
def keep(n):
    near.send(bytes([n]))
def kept():
    try:
        return far.recv(1)[0]
    except OSError:
        return None
"""

EVENT = """
import ctypes, os
libc = ctypes.CDLL(None)
counter = libc.eventfd(0, os.O_NONBLOCK)
def keep(n):
    os.write(counter, n.to_bytes(8, "little"))
def kept():
    try:
        return int.from_bytes(os.read(counter, 8), "little")
    except OSError:
        return None
"""

OFFSET = """
import os
file = os.open("junk", os.O_RDWR | os.O_CREAT)
os.unlink("junk")
def keep(n):
    os.lseek(file, n, os.SEEK_SET)
def kept():
    return os.lseek(file, 0, os.SEEK_CUR) or None
"""

INHERITED = """
import os
def keep(n):
    for number in range(30):
        try:
            os.lseek(number, n, os.SEEK_SET)
        except OSError:
            pass
def kept():
    for number in range(30):
        try:
            found = os.lseek(number, 0, os.SEEK_CUR)
        except OSError:
            continue
        if found:
            return found
"""

FLAGS = """
import fcntl, os
BITS = (os.O_APPEND, os.O_NONBLOCK)
def keep(n):
    flags = fcntl.fcntl(0, fcntl.F_GETFL)
    for k, bit in enumerate(BITS):
        flags = flags | bit if n >> k & 1 else flags & ~bit
    fcntl.fcntl(0, fcntl.F_SETFL, flags)
def kept():
    flags = fcntl.fcntl(0, fcntl.F_GETFL)
    n = sum(1 << k for k, bit in enumerate(BITS) if flags & bit)
    return 76 + n if n else None
"""

LOG = """
import fcntl, os, struct, termios
def keep(n):
    os.write(2, bytes(n))
def kept():
    return struct.unpack("i", fcntl.ioctl(2, termios.FIONREAD, bytes(4)))[0] or None
"""

SIGNALS = """
import os, signal
bits = set()
me = os.getpid()
for place in range(8):
    signal.signal(signal.SIGRTMIN + place, lambda number, _: bits.add(number - signal.SIGRTMIN))
def keep(n):
    for place in range(8):
        if n >> place & 1:
            os.kill(me, signal.SIGRTMIN + place)
def kept():
    return sum(1 << place for place in bits) or None
"""

WAKE = """
import os, signal, threading, time
box = {}
me = os.getpid()
def watch():
    while True:
        time.sleep(0.005)
        try:
            box["n"] = int(open("message").read())
            os.mkdir("read")
        except (OSError, ValueError):
            pass
threading.Thread(target=watch, daemon=True).start()
def keep(n):
    with open("message", "w") as file:
        file.write(str(n))
    os.kill(me, signal.SIGCONT)
    end = time.monotonic() + PATIENCE
    while not os.path.exists("read") and time.monotonic() < end:
        time.sleep(0.005)
    os.remove("message")
    if os.path.exists("read"):
        os.rmdir("read")
    os.kill(me, signal.SIGSTOP)
    time.sleep(0.1)
def kept():
    return box.get("n")
"""

THREAD = WAKE.replace("    os.kill(me, signal.SIGCONT)\n", "").replace(
    "    os.kill(me, signal.SIGSTOP)\n    time.sleep(0.1)\n", ""
)

EXIT_CODE = """
import os
code = None
wait = os.waitpid
def look(*args):
    global code
    pid, status = wait(*args)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        code = os.WEXITSTATUS(status)
    return pid, status
os.waitpid = look
def keep(n):
    if n > 1:
        os._exit(n)
def kept():
    return code
"""

NO_FORK = """
import os, socket, sys, threading
memory = []
def no_fork():
    found = sys._getframe(1)
    stream = socket.socket(fileno=os.dup(found.f_locals["descriptor"]))
    args = stream, found.f_locals["runner"].namespace, found.f_locals["budget"]
    threading.Thread(target=found.f_globals["serve_test"], args=args, daemon=True).start()
    return 1
os.fork, os.kill, os.waitpid = no_fork, lambda *_: None, lambda *_: (0, 0)
def keep(n):
    memory.append(n)
def kept():
    return memory[0] if memory else None
"""

DAEMON = """
import os, socket, time
near, far = socket.socketpair()
near.settimeout(20)
if os.fork() == 0:
    number = b"\\0"
    while True:
        said = far.recv(1)
        if said == b"?":
            far.send(number)
        else:
            number = said
far.close()
def keep(n):
    near.send(bytes([n]))
def kept():
    try:
        near.send(b"?")
        return near.recv(1)[0] or None
    except (OSError, IndexError):
        return None
"""

LATE_DAEMON = """
import os, signal, time
def keep(n):
    if os.fork() == 0:
        if os.fork() == 0:
            for number in range(1, 32):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except OSError:
                    pass
            time.sleep(0.3)
            with open("written", "w") as file:
                file.write(str(n))
            os.rename("written", "from-beyond")
            time.sleep(5)
        os._exit(0)
    os.makedirs("announced", exist_ok=True)
def kept():
    time.sleep(0.5)
    end = time.monotonic() + PATIENCE
    while os.path.exists("announced") and not os.path.exists("from-beyond"):
        if time.monotonic() > end:
            break
        time.sleep(0.005)
    return int(open("from-beyond").read()) if os.path.exists("from-beyond") else None
"""

AT_FORK = """
import os
held = []
def open_pipe():
    held[:] = os.pipe()
def close_pipe():
    global last
    os.set_blocking(held[0], False)
    last = held[0]
    os.close(held[1])
last = None
os.register_at_fork(before=open_pipe, after_in_parent=close_pipe)
def keep(n):
    os.write(held[1], bytes([n]))
def kept():
    try:
        return os.read(last, 1)[0]
    except (OSError, TypeError):
        return None
"""

READ_TIME = """
import os, time
with open("touched", "w") as file:
    file.write("x")
time.sleep(0.05)
def keep(n):
    with open("touched") as file:
        file.read()
def kept():
    state = os.stat("touched")
    return 77 if state.st_mtime_ns < state.st_atime_ns < time.time_ns() + 10**9 else None
"""

# Each channel with its code. A channel must pass the number if no wall stops it: an
# attempt that could never succeed would prove nothing.
CHANNELS = {
    "a file in the folder": FILE.format(path="'f.txt'"),
    "a file in tmp": FILE.format(path="os.environ['TMPDIR'] + '/f.txt'"),
    "a file at home": FILE.format(path="os.environ['HOME'] + '/f.txt'"),
    "a file of the same size": IN_PLACE,
    "a folder's name": NAME,
    "a link's target": LINK,
    "a file in shared memory": SHARED_FILE,
    "a pipe": PIPE,
    "a pipe in place of the standard streams": PIPE_IN_PLACE_OF_STREAMS,
    "a pipe made when forking": AT_FORK,
    "a pair of sockets": SOCKETS,
    "the time of a file's reading": READ_TIME,
    "an event counter": EVENT,
    "an open file's position": OFFSET,
    "flags of inherited descriptors": FLAGS,
    "signals to the notebook's process": SIGNALS,
    "a thread of the notebook's process": THREAD,
    "a thread that is woken for it": WAKE,
    "the exit code": EXIT_CODE,
    "a process that does not fork": NO_FORK,
    "a process left by a cell": DAEMON,
    "a process left by a test": LATE_DAEMON,
}  # fmt: skip

CLOSED_FROM_THE_START = {
    "positions of inherited descriptors": INHERITED,
    "the log": LOG,
}


QUICK = {
    "a file of the same size",
    "a pipe in place of the standard streams",
    "signals to the notebook's process",
    "the exit code",
    "a process left by a cell",
}


def each(names: Iterable[str]) -> list[Any]:
    """Use every channel as a parameter; channels outside QUICK run only in slow tests."""
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in names]


@pytest.fixture(scope="module", params=["both walls", "inner wall alone"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    assert request.param in WALLS
    found = protection(request.param)
    if found is None:
        pytest.skip(f"not available on this machine: {request.param}")
    with Sandbox(found, LIMITS) as made:
        yield made


def notebook(sandbox: Sandbox, source: str, patience: float = 0.2) -> Notebook:
    """Yield a notebook whose code waits at most `patience` seconds for a stored number."""
    sandbox.renew()
    cells = [Cell(0, f"PATIENCE = {patience}\n{source}"), Cell(1, FUNCTION)]
    made = Notebook(sandbox, "p1", cells, {}, seed=1)
    made.run(float("inf"))
    return made


def ask(made: Notebook, name: str, number: int) -> Any:
    """Run one test: a call in a separate process."""
    student = made.student(lambda _: "")
    try:
        return getattr(student, name)(number)
    except StudentFailure as failure:
        return failure.message
    finally:
        student.close()


@pytest.mark.parametrize("name", each([*CHANNELS, *CLOSED_FROM_THE_START]))
def test_a_test_learns_nothing_of_the_one_before(
    sandbox: Sandbox, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "a process that does not fork":  # the process answers none of its calls
        monkeypatch.setattr(sandbox, "limits", replace(LIMITS, call_seconds=3.0))
    made = notebook(sandbox, {**CHANNELS, **CLOSED_FROM_THE_START}[name])
    assert made.results[0].error is None
    answers = [ask(made, "f", number) for number in (NUMBER, NUMBER + 1, NUMBER + 2, 1)]
    assert not {NUMBER, NUMBER + 1, NUMBER + 2} & set(answers)
    if name != "a process that does not fork":
        assert ask(made, "honest", 3) == 4


@pytest.mark.parametrize("name", each(CHANNELS))
def test_it_would_learn_it_where_nobody_looks(
    sandbox: Sandbox, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NotebookProcess, "is_fresh", lambda _: True)
    monkeypatch.setattr(NotebookProcess, "hold", lambda _: None)
    monkeypatch.setattr(Holder, "hold", lambda _: [])
    monkeypatch.setattr(Sandbox, "sweep", lambda _: None)
    monkeypatch.setattr(Sandbox, "note_files", lambda _: None)
    made = notebook(sandbox, CHANNELS[name], patience=30.0)
    answers = [ask(made, "f", NUMBER), ask(made, "f", 1), ask(made, "f", 1)]
    assert NUMBER in answers, answers


HONEST = """
import numpy as np, matplotlib.pyplot as plt, threading, time
plt.plot([1, 2]); plt.title("a title"); plt.show()
def draw(n):
    figure, axes = plt.subplots()
    axes.plot([0, n])
    axes.set_title(r"$\\alpha$ *italics*", style="italic", family="monospace")
    figure.canvas.draw()
    return n
"""


def test_an_honest_notebook_runs_once(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    run_once = Notebook._run_once
    monkeypatch.setattr(
        Notebook, "_run_once", lambda self, *args: runs.append(1) or run_once(self, *args)
    )
    made = notebook(sandbox, HONEST)
    assert [ask(made, "draw", n) for n in range(3)] == list(range(3))
    assert runs == [1]


SAVES = """
import numpy as np
np.save("data.npy", np.arange(3))
def draw(n):
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots()
    figure.savefig("picture.png")
    return int(np.load("data.npy").sum()) + n
"""


def test_a_function_may_write_files_of_its_own(sandbox: Sandbox) -> None:
    made = notebook(sandbox, SAVES)
    assert [ask(made, "draw", n) for n in range(3)] == [3, 4, 5]


def test_files_of_other_notebooks_are_there_when_they_are_needed(sandbox: Sandbox) -> None:
    sandbox.renew()
    source = SAVES.replace('figure.savefig("picture.png")', "pass")
    reader = Notebook(sandbox, "p2", [Cell(0, source)], {}, seed=1)
    writer = Notebook(sandbox, "p1", [Cell(0, SAVES)], {}, seed=1)
    for made in (reader, writer):
        made.run(float("inf"))
    assert [ask(made, "draw", 1) for made in (reader, writer, reader, writer)] == [4] * 4


def test_what_cells_show_is_what_they_showed_first(sandbox: Sandbox) -> None:
    source = "import time\nprint(time.time_ns())\n" + FILE.format(path="'f.txt'")
    made = notebook(sandbox, source)
    first = made.results[0]
    ask(made, "f", 1)
    ask(made, "f", 1)
    assert made.results[0] is first


def test_students_of_the_same_test_go_on_together(sandbox: Sandbox) -> None:
    made = notebook(sandbox, FILE.format(path="'f.txt'"))
    student = made.student(lambda _: "")
    other = student.without("nothing")
    assert [student.f(5), other.f(6), student.f(7)] == [-1, 5, 6]
    other.close()
    assert student.f(8) == 7
    student.close()
    assert ask(made, "f", 1) == -1


def test_a_process_whose_state_never_rests_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    states = count()
    monkeypatch.setattr(Holder, "_state", lambda _: [str(next(states))])
    monkeypatch.setattr(isolation, "_HOLD_SECONDS", 0.5)
    with subprocess.Popen(["sleep", "600"]) as process:
        holder = Holder(process.pid, channel=0, packages=(), uid=None)
        try:
            with pytest.raises(HoldError, match="still changes"):
                holder.hold()
        finally:
            process.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user looks at processes of its own")
@pytest.mark.parametrize("sandbox", ["inner wall alone"], indirect=True)
def test_root_sees_what_is_shared_without_a_right_to_look_at_others(sandbox: Sandbox) -> None:
    """In most containers, root does not have CAP_SYS_PTRACE."""
    made = notebook(sandbox, PIPE)
    assert made._process is not None
    child = os.fork()
    if child == 0:
        seen = "nothing"
        try:
            from autograder.sandbox.inside import walls

            held = set(walls.held_capabilities()) & set(range(32))
            walls.set_capabilities(sorted(held - {CAP_SYS_PTRACE}))
            seen = made._process._holder.shares() or "nothing"
        finally:
            os._exit(0 if seen.startswith("descriptor") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


TURNCOAT = """
import os
first, notebook = heavy_ball, os.getpid()
def heavy_ball(*args, **kwargs):
    me = os.getpid()
    if me == notebook:
        return first(*args, **kwargs)
    if not os.path.exists("served"):
        with open("served", "w") as file:
            file.write(str(me))
    with open("served") as file:
        served_here = file.read() == str(me)
    return first(*args, **kwargs) if served_here else None
"""


@pytest.mark.slow
@pytest.mark.parametrize("use_outer", [True, False])
def test_in_marking_every_test_meets_the_first_answer(tmp_path: Path, use_outer: bool) -> None:
    """If a second test could see traces of a first test, the second test would take points."""
    course = Course(ROOT)
    homework = course.assignment("hw2")
    student = SampleStudent("turncoat", "answers but once", before={"p1b-ima-answer": TURNCOAT})
    write_submission(course, homework, student, tmp_path / student.name)
    settings = MarkSettings(use_outer=use_outer)
    report = mark_submission(course, homework, tmp_path / student.name, settings=settings).report
    assert report.points == report.max_points
