"""One sandbox for many submissions: no submission finds traces of an earlier one."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import SandboxError
from autograder.grading.exceeded import exceeded
from autograder.sandbox import Cell, CellResult, Limits, Notebook, Sandbox, watchdog
from autograder.sandbox.inside import processes
from autograder.sandbox.isolation import is_alive
from autograder.sandbox.session import MAX_LAUNCHES, NotebookGone, NotebookProcess
from autograder.sandbox.student import Missing

from .rooms import WALLS, protection

LIMITS = replace(
    Limits(), cell_seconds=60.0, total_memory_bytes=2**30, disk_bytes=2**25, files=3000
)

LOOK = """
import os, sys, numpy
found = []
for top in (os.getcwd(), os.environ["HOME"], os.environ["TMPDIR"]):
    for folder, folders, files in os.walk(top):
        names = [os.path.join(folder, name) for name in (*folders, *files)]
        found += [os.path.relpath(name, top) for name in names]
print(sorted(found), hasattr(numpy, "poisoned"), "POISONED" in os.environ)
"""


@pytest.fixture(scope="module", params=["both walls", "inner wall alone"])
def made(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    assert request.param in WALLS
    found = protection(request.param)
    if found is None:
        pytest.skip(f"not available on this machine: {request.param}")
    with Sandbox(found, LIMITS) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(made: Sandbox) -> Sandbox:
    """The sandbox that has served earlier tests, ready for another submission."""
    made.renew()
    return made


def run(sandbox: Sandbox, source: str) -> str:
    """Return a cell's output in a new notebook; the sandbox is then made ready for another."""
    printed = run_notebook(sandbox, "notebook", source)
    sandbox.renew()
    return printed


def run_notebook(sandbox: Sandbox, name: str, source: str) -> str:
    notebook = Notebook(sandbox, name, [Cell(0, source)], {"checks.py": b"SUM = 3"}, seed=1)
    notebook.run(deadline=float("inf"))
    result = notebook.results[0]
    if result.error is not None:
        return f"{result.error.kind}: {result.error.text}"
    return "".join(output["text"] for output in result.outputs)


def parent_of(sandbox: Sandbox) -> object:
    """Return a value that differs after each new start."""
    return sandbox._confinement


# Run a test behind the inner wall alone every day, and behind both walls with the slow tests. Both
# walls start a new sandbox in the same way, and with both, the outer wall helps to remove traces.
inner_wall_every_day = pytest.mark.parametrize(
    "made",
    ["inner wall alone", pytest.param("both walls", marks=pytest.mark.slow)],
    indirect=True,
)

DIRTY = {
    "files everywhere": """
import os
for top in (os.getcwd(), os.environ["HOME"], os.environ["TMPDIR"]):
    open(os.path.join(top, "answer.txt"), "w").write("42")
    os.makedirs(os.path.join(top, ".ipython/profile_default/startup"))
    open(os.path.join(top, ".ipython/profile_default/startup/a.py"), "w").write("1/0")
    open(os.path.join(top, "sitecustomize.py"), "w").write("1/0")
""",
    "folders that nobody may enter": """
import os
os.makedirs("a/b/c")
open("a/b/c/file", "w").close()
for name in ("a/b/c", "a/b", "a"):
    os.chmod(name, 0)
""",
    "a path too long to be named": """
import os
for _ in range(600):
    os.mkdir("0123456789")
    os.chdir("0123456789")
""",
    "links that lead out": """
import os
for number, target in enumerate(("/", "/etc/passwd", "..", "../..", "loop5", os.environ["HOME"])):
    os.symlink(target, f"loop{number}")
""",
    "a full disk": """
try:
    for number in range(4000):
        with open(f"junk{number}", "wb") as file:
            file.write(bytes(40_000))
except OSError as error:
    pass
""",
    "a changed interpreter": """
import os, numpy, sys, builtins
numpy.poisoned = True
os.environ["POISONED"] = "1"
sys.path.insert(0, os.getcwd())
builtins.sorted = lambda things: ["poisoned"]
""",
}


@inner_wall_every_day
@pytest.mark.parametrize("source", DIRTY.values(), ids=DIRTY.keys())
def test_what_a_submission_leaves_is_gone(sandbox: Sandbox, source: str) -> None:
    clean = run(sandbox, LOOK)
    assert clean.endswith(" False False\n")
    run(sandbox, source)
    assert run(sandbox, LOOK) == clean


PLANTED = {
    "files": """
import os
os.makedirs("../second")
for name in ("checks.py", "statistics.py"):
    open(f"../second/{name}", "w").write("1/0")
""",
    "links": """
import os
os.makedirs("../second")
for name in ("checks.py", "statistics.py"):
    os.symlink("/dev/null", f"../second/{name}")
""",
    "a link": """
import os
os.makedirs("elsewhere")
open("elsewhere/statistics.py", "w").write("1/0")
os.symlink("first/elsewhere", "../second")
""",
    "a file": """open("../second", "w").close()""",
    "a closed folder": """
import os
os.mkdir("../second", 0)
""",
}


@inner_wall_every_day
@pytest.mark.parametrize("source", PLANTED.values(), ids=PLANTED.keys())
def test_a_notebook_meets_nothing_that_another_planted(sandbox: Sandbox, source: str) -> None:
    assert run_notebook(sandbox, "first", source) == ""
    second = "import checks, os, statistics; print(checks.SUM, os.listdir())"
    assert run_notebook(sandbox, "second", second) == "3 ['checks.py']\n"


def test_the_parent_serves_one_after_another(sandbox: Sandbox) -> None:
    clean = run(sandbox, LOOK)
    first = parent_of(sandbox)
    assert run(sandbox, LOOK) == clean
    assert parent_of(sandbox) is first


DAEMONS = """
import os, time
for _ in range(5):
    if os.fork() == 0:
        if os.fork() == 0:
            try:
                os.setsid()
            except OSError:
                pass
            while True:
                time.sleep(0.001)
        os._exit(0)
"""

RABBITS = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                if os.fork() > 0:
                    os._exit(0)
            except OSError:
                pass
"""


@pytest.mark.parametrize("source", [DAEMONS, RABBITS], ids=["daemons", "processes that run on"])
def test_no_process_of_a_submission_lives_on(sandbox: Sandbox, source: str) -> None:
    clean = run(sandbox, LOOK)
    run(sandbox, source)
    assert alive_beside_the_parent(sandbox) == []
    assert run(sandbox, LOOK) == clean


def alive_beside_the_parent(sandbox: Sandbox) -> list[int]:
    """Return the processes that still run, except those that every warm sandbox has.

    A killed process may need a moment on a busy machine until the kernel has removed it.
    """
    confinement = sandbox._confinement
    if confinement is None:
        return []
    own = confinement.outside_number(sandbox._parent)
    above = [pid for pid in confinement.processes() if own in processes.descendants(pid)]
    return [pid for pid in confinement.processes() if pid not in {own, *above} and is_alive(pid)]


def test_a_process_missing_in_one_list_is_ended(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list may lack a child of a process that ends while the processes are listed."""
    run(sandbox, LOOK)
    confinement = sandbox._confinement
    assert confinement is not None
    with monkeypatch.context() as without:
        without.setattr(Sandbox, "sweep", lambda _: None)
        assert run_notebook(sandbox, "notebook", DAEMONS) == ""
    kept = list(sandbox._kept.values())
    daemons = [pid for pid in alive_beside_the_parent(sandbox) if pid not in kept]
    assert daemons
    strays = confinement._strays
    lists: list[list[int]] = [[]]
    monkeypatch.setattr(
        confinement, "_strays", lambda *about: lists.pop() if lists else strays(*about)
    )
    assert confinement.sweep(sandbox._parent, kept)
    assert not any(map(is_alive, daemons))


def test_student_code_can_not_reach_the_parent(sandbox: Sandbox) -> None:
    clean = run(sandbox, LOOK)
    first = parent_of(sandbox)
    attack = """
import os, signal
done = []
for pid in {os.getppid(), 1, -1}:
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
        try:
            if pid != -1:
                os.kill(pid, number)
                done.append(pid)
        except OSError:
            pass
for name in ("mem", "fd/0", "maps", "environ"):
    try:
        done.append(open(f"/proc/{os.getppid()}/{name}", "rb").read(10))
    except OSError:
        pass
print(done)
"""
    assert run(sandbox, attack) == "[]\n"
    assert run(sandbox, LOOK) == clean
    assert parent_of(sandbox) is first


CHANGE_ALL = """
import ctypes, os, resource, signal
libc, parent = ctypes.CDLL(None, use_errno=True), os.getppid()
tries = [lambda: os.nice(5), lambda: os.setpriority(os.PRIO_PROCESS, parent, 19),
         lambda: os.sched_setaffinity(parent, {min(os.sched_getaffinity(0))}),
         lambda: os.umask(0o777), lambda: os.chdir(os.environ["HOME"]),
         lambda: os.rmdir(os.environ["TMPDIR"]), lambda: libc.syscall(251, 1, parent, 3 << 13),
         lambda: libc.prctl(36, 1, 0, 0, 0), lambda: libc.personality(0x40000),
         lambda: signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()),
         lambda: signal.setitimer(signal.ITIMER_REAL, 60)]
tries += [lambda number=number: signal.signal(number, signal.SIG_IGN) for number in range(1, 65)]
for kind in range(16):
    for pid in (parent, 0):
        tries.append(lambda pid=pid, kind=kind: resource.prlimit(pid, kind, (20, 20)))
for way in tries:
    try:
        way()
    except (OSError, ValueError):
        pass
"""

INHERITED = """
import os, resource, signal
print(os.getpriority(os.PRIO_PROCESS, 0), sorted(os.sched_getaffinity(0)), os.getcwd(),
      [resource.getrlimit(kind) for kind in range(16) if kind != resource.RLIMIT_NPROC],
      [signal.getsignal(number) for number in range(1, 65)],
      signal.pthread_sigmask(signal.SIG_BLOCK, []), os.umask(0), sorted(os.environ.items()))
"""


def settings_of(pid: int) -> list[str]:
    """Return the state that a process passes on to its forks, as /proc shows it."""
    wanted = ("Umask", "SigBlk", "SigIgn", "SigCgt", "Cpus_allowed", "NoNewPrivs", "Seccomp")
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    found = [line for line in status if line.startswith(wanted)]
    found += Path(f"/proc/{pid}/limits").read_text(encoding="utf-8").splitlines()
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return [*found, f"priority {stat[15:17]}", f"policy {stat[37:39]}"]


def test_what_a_submission_changes_of_its_process_is_not_the_parents(sandbox: Sandbox) -> None:
    clean = run(sandbox, INHERITED)
    first = parent_of(sandbox)
    assert sandbox._confinement is not None
    outside = sandbox._confinement.outside_number(sandbox._parent)
    assert outside is not None
    before = settings_of(outside)
    assert run(sandbox, CHANGE_ALL) == ""
    assert settings_of(outside) == before
    assert run(sandbox, INHERITED) == clean
    assert parent_of(sandbox) is first


def test_what_brings_the_sandbox_down_is_followed_by_a_new_one(sandbox: Sandbox) -> None:
    clean = run(sandbox, LOOK)
    first = parent_of(sandbox)
    # Only the end of the sandbox ends the wait for the processes that hold the memory.
    hoard = "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n"
    hoard += "        held = bytearray(b'x') * 250_000_000\n        time.sleep(3600)\nos.wait()"
    run(sandbox, hoard)
    assert run(sandbox, LOOK) == clean
    assert parent_of(sandbox) is not first


def test_every_submission_has_the_whole_time(sandbox: Sandbox) -> None:
    run(sandbox, LOOK)
    assert sandbox._confinement is not None
    watch = sandbox._confinement._watch
    watch._end -= 1000 * LIMITS.submission_seconds
    watch.restart()
    assert watch._passed() is None


def test_spare_user_can_pass_the_folders_of_a_grader_with_a_strict_umask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = protection("inner wall alone")
    if found is None:
        pytest.skip("this machine can't put up the inner wall")
    # Pytest's folder for temporary files is closed to other users, so another folder is used.
    with tempfile.TemporaryDirectory(prefix="fdl-umask-") as folder:
        Path(folder).chmod(0o711)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        before = os.umask(0o077)
        try:
            with Sandbox(found, LIMITS) as sandbox:
                assert run_notebook(sandbox, "notebook", "print(7)") == "7\n"
                [box] = Path(folder).glob("fdl-sandbox-*/box")
                assert box.stat().st_mode & 0o001
        finally:
            os.umask(before)


@pytest.mark.parametrize(
    "made",
    [pytest.param("both walls", marks=pytest.mark.slow), "inner wall alone"],
    indirect=True,
)
def test_walls_that_no_notebook_can_take_are_the_graders_fault(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.close()  # a used sandbox need not be fit
    order = Sandbox._order

    def without_limits(self: Sandbox, *args: Any) -> dict[str, Any]:
        found = order(self, *args)
        walls = {name: part for name, part in found["walls"].items() if name != "rlimits"}
        return {**found, "walls": walls}

    monkeypatch.setattr(Sandbox, "_order", without_limits)
    with pytest.raises(SandboxError, match=r"behind the walls.*fdl doctor"):
        run_notebook(sandbox, "notebook", "1")
    monkeypatch.undo()
    assert run_notebook(sandbox, "notebook", "print(1)") == "1\n"


@pytest.mark.parametrize("times", [1, 2])
def test_a_cell_that_has_run_is_spared_once(
    sandbox: Sandbox, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [Cell(0, "x = 1"), Cell(1, "def f():\n    return 5")]
    notebook = Notebook(sandbox, "notebook", cells, {}, seed=1)
    notebook.run(deadline=float("inf"))
    notebook.close()  # tests end the sandbox in this way
    left, run = [1] * times, NotebookProcess.run

    def fail(process: NotebookProcess, cell: Cell, latest: float) -> CellResult:
        if cell.index in left:
            left.remove(cell.index)
            process.kill()
            raise NotebookGone("memory")
        return run(process, cell, latest)

    monkeypatch.setattr(NotebookProcess, "run", fail)
    student = notebook.student(lambda _: "")
    if times == 1:
        assert student.f() == 5
        assert notebook.results[1].error is None
    else:
        with pytest.raises(Missing):
            student.f()
    assert not left
    student.close()


def test_a_cell_that_was_not_run_shows_the_reason(sandbox: Sandbox) -> None:
    notebook = Notebook(sandbox, "notebook", [Cell(0, "1")], {}, seed=1)
    notebook.run(deadline=0.0)
    notebook.close()
    assert (late := notebook.results[0].error) is not None
    assert "for the whole submission are over" in late.text
    assert exceeded([late.text]) == ("submission_seconds",)
    sandbox.close()
    sandbox._launches = MAX_LAUNCHES
    told = run_notebook(sandbox, "notebook", "1")
    assert told.startswith("not run: ")
    assert "too often" in told
    assert exceeded([told]) == ()


@pytest.fixture
def begun(made: Sandbox) -> Iterator[Sandbox]:
    """A sandbox of its own that has begun to start, behind the same walls."""
    with Sandbox(made.protection, LIMITS) as sandbox:
        sandbox.begin()
        yield sandbox


def test_a_sandbox_that_has_begun_is_used_and_not_started_again(begun: Sandbox) -> None:
    first = parent_of(begun)
    assert first is not None
    begun.make_ready()
    assert run_notebook(begun, "notebook", "print(7)") == "7\n"
    assert parent_of(begun) is first


def test_a_sandbox_that_ended_before_it_was_needed_is_started_again(begun: Sandbox) -> None:
    """A busy grader may need longer for its imports than a submission may take."""
    first = begun._confinement
    assert first is not None
    first.kill("time")
    begun.make_ready()
    assert run_notebook(begun, "notebook", "print(7)") == "7\n"
    assert parent_of(begun) is not first


@inner_wall_every_day
def test_a_sandbox_that_ended_while_it_was_idle_is_started_again(sandbox: Sandbox) -> None:
    sandbox.make_ready()
    for use in (
        sandbox.make_ready,
        lambda: sandbox.start("notebook", {}, seed=1).kill(),
        lambda: sandbox.start_helper("redraw", {}, arrays=0).end(),
    ):
        first = sandbox._confinement
        assert first is not None
        first.kill("time")
        use()
        assert sandbox.cause is None
        assert parent_of(sandbox) is not first


@inner_wall_every_day
def test_a_sandbox_whose_limits_cannot_be_checked_is_ended(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_pid: int) -> None:
        raise OSError(errno.EMFILE, "too many open files")

    sandbox.make_ready()
    first = sandbox._confinement
    assert first is not None
    monkeypatch.setattr(watchdog, "usage", fail)
    first._watch.join(60)
    monkeypatch.undo()
    assert sandbox.cause == "check"
    assert run_notebook(sandbox, "notebook", "print(7)") == "7\n"
    assert parent_of(sandbox) is not first


@inner_wall_every_day
@pytest.mark.parametrize("times", [1, 2])
def test_a_cell_whose_limits_cannot_be_checked_has_another_attempt(
    sandbox: Sandbox, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, run = [1] * times, NotebookProcess.run

    def fail(process: NotebookProcess, cell: Cell, latest: float) -> CellResult:
        if left:
            left.pop()
            assert sandbox._confinement is not None
            sandbox._confinement.kill("check")
            while is_alive(process._holder.pid):
                time.sleep(0.01)
        return run(process, cell, latest)

    monkeypatch.setattr(NotebookProcess, "run", fail)
    printed = run_notebook(sandbox, "notebook", "print(7)")
    assert printed == "7\n" if times == 1 else "could no longer check" in printed


def test_a_sandbox_that_is_never_needed_leaves_nothing(begun: Sandbox) -> None:
    first = begun._confinement
    assert first is not None
    top = first.all_processes()[0]
    begun.renew()
    assert parent_of(begun) is None
    assert not is_alive(top)
    assert run_notebook(begun, "notebook", "print(7)") == "7\n"
