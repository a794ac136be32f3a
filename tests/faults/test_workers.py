"""Processes that die while a class is marked: marking processes, helpers, or the run itself."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Course
from autograder.course.samples import SampleStudent, write_submission
from autograder.grading import forkserver
from autograder.grading.report import Report
from tests.grading.tiny_class import Done, run_here
from tests.release.marking import Marker, release
from tests.release.tiny import write_course

from . import result
from .test_full import needs_root, small_disk
from .trial import Left

HOMEWORK = "tiny"
ROOT = Path(__file__).parents[2]

# A hidden test that ends its own process, ends the sandbox's process, or waits forever, when it
# meets a certain student.
SABOTAGE = '''

@item("t-values")
def test_sabotage(student):
    """The values can be asked for again."""
    import os, pathlib, signal
    trap = pathlib.Path(__file__).parents[3] / "traps" / f"{student.value('last_part'):g}"
    if not trap.exists():
        return
    order = trap.read_text()
    if order == "wait":
        while True:
            signal.pause()
    if "once" in order:
        trap.unlink()
    if "sandbox" in order:
        children = pathlib.Path("/proc/self/task").glob("*/children")
        for child in " ".join(path.read_text() for path in children).split():
            os.kill(int(child), signal.SIGKILL)
    else:
        os.kill(os.getpid(), signal.SIGKILL)
'''

ANSWERS = {name: 15.0 + number for number, name in enumerate(("anna", "bela", "chloe", "dan"))}
"""Each student's value of `last_part`; the value selects the sabotage of the hidden test."""


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("workers") / "course"
    write_course(root)
    hidden = root / "autograder" / "hidden" / HOMEWORK / "test_valley.py"
    hidden.write_text(hidden.read_text(encoding="utf-8") + SABOTAGE, encoding="utf-8")
    course = Course(root)
    assert release(course, HOMEWORK, mark=Marker()).ok
    (root / "traps").mkdir()
    for name, value in ANSWERS.items():
        answers = {"t-values-answer": f"first_part = np.array([9.0, 18.0])\nlast_part = {value}"}
        student = SampleStudent(name, "made up", answers=answers)
        folder = root / "submitted" / name / HOMEWORK
        write_submission(course, course.assignment(HOMEWORK), student, folder)
    return root


@pytest.fixture
def course(handed_in: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(handed_in, tmp_path / "course"))


@pytest.fixture(scope="module")
def undisturbed(handed_in: Path, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """The result of a run without any disturbance."""
    root = Path(shutil.copytree(handed_in, tmp_path_factory.mktemp("undisturbed") / "course"))
    assert grade(root).returncode == 0
    return Left.by(root)


@pytest.fixture(scope="module")
def seconds(handed_in: Path, tmp_path_factory: pytest.TempPathFactory) -> float:
    """The seconds that an undisturbed run takes in a separate process."""
    root = Path(shutil.copytree(handed_in, tmp_path_factory.mktemp("timed") / "course"))
    begun = time.monotonic()
    assert subprocess.run(command(root), cwd=ROOT, capture_output=True, check=False).returncode == 0
    return time.monotonic() - begun


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for the runs' temporary files, which any user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def command(root: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "autograder.cli", *arguments(root, *options)]


def arguments(root: Path, *options: str) -> list[str]:
    return ["grade", HOMEWORK, "--course", str(root), "--jobs", "2", *options]


def grade(root: Path, *, jobs: int = 1) -> Done:
    """Grade the class in this process, which saves the start of another process."""
    return run_here(arguments(root, "--jobs", str(jobs)))


def points(root: Path) -> dict[str, float]:
    found = {}
    for path in root.glob(f"autograded/*/{HOMEWORK}/report.json"):
        report = Report.from_json(path.read_text(encoding="utf-8"))
        found[path.parents[1].name] = report.points + report.bonus_points
    return found


def assert_next_run_finishes(root: Path, undisturbed: Left) -> Done:
    ended = grade(root)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert result.is_sound(root / "gradebook.db")
    left = Left.by(root)
    assert left.tables == undisturbed.tables
    assert left.files == undisturbed.files
    assert left.others == undisturbed.others
    return ended


@pytest.mark.parametrize(
    ("others", "jobs"),
    [(["anna"], 1), pytest.param(["anna", "dan"], 2, marks=pytest.mark.slow)],
    ids=["one at a time", "two at a time"],
)
def test_marking_process_that_dies_costs_nobody_else_anything(
    course: Path, others: list[str], jobs: int
) -> None:
    for name in ANSWERS.keys() - {"bela", "chloe", *others}:
        shutil.rmtree(course / "submitted" / name)
    set_trap(course, "bela", "once")
    set_trap(course, "chloe", "always")
    ended = grade(course, jobs=jobs)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert "1 not marked: chloe." in ended.stderr
    assert "the marking process died twice" in ended.stdout
    right = {"anna": 4.0, "bela": 3.0, "dan": 3.0}
    assert points(course) == {name: right[name] for name in ("bela", *others)}
    assert [path.name for path in (course / "traps").iterdir()] == [trap_of("chloe")]


@pytest.mark.slow
@pytest.mark.parametrize("order", ["once", "always", "sandbox once", "sandbox always"])
def test_after_a_death_amid_a_submission_the_next_run_finishes_the_class(
    course: Path, undisturbed: Left, order: str
) -> None:
    set_trap(course, "bela", order)
    ended = grade(course, jobs=2)
    assert ended.returncode == (1 if order == "always" else 0), ended.stdout + ended.stderr
    for trap in (course / "traps").iterdir():
        trap.unlink()
    assert_next_run_finishes(course, undisturbed)


@needs_root
@pytest.mark.slow
def test_nobody_is_marked_where_answers_could_find_the_disk_full(course: Path) -> None:
    # a short path, because the length of a socket's path is limited
    with tempfile.TemporaryDirectory() as place, small_disk(Path(place) / "disk", "100m") as disk:
        ended = subprocess.run(
            command(course, "--inner-only"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "TMPDIR": str(disk), "COLUMNS": "300"},
        )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert ended.stdout.count("MB are free in") == len(ANSWERS)
    assert points(course) == {}


def test_folder_for_temporary_files_whose_path_is_too_long_is_told(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    forkserver.stop()
    monkeypatch.setenv("TMPDIR", str(deep))
    # the files that this process has left in the usual folder so far
    monkeypatch.setattr(tempfile, "tempdir", None)
    process: Any = multiprocessing.current_process()
    monkeypatch.setitem(process._config, "tempdir", None)
    ended = grade(course)
    forkserver.stop()
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert ended.stdout.count("could be started: AF_UNIX path too long") == len(ANSWERS)


VICTIMS = {
    "the run itself": "autograder.cli",
    "the server that starts marking processes": "multiprocessing.forkserver",
    "a process of the sandbox": "inside.worker",
}
"""Processes to kill, by a part of the command line; marking processes are forks of a server."""


@pytest.mark.slow
@pytest.mark.parametrize("walls", ["both walls", "inner wall alone"])
@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("seed", range(4))
def test_whichever_process_is_killed_the_next_run_finishes_the_class(
    course: Path,
    undisturbed: Left,
    seconds: float,
    scratch: Path,
    victim: str,
    walls: str,
    seed: int,
) -> None:
    draw = random.Random(f"{victim} {seed}")
    options = ["--inner-only"] if walls == "inner wall alone" else []
    run = subprocess.Popen(
        command(course, *options),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    family = Family(run.pid)
    begun, at = time.monotonic(), draw.uniform(0.3, 1.0) * seconds
    killed = False
    while run.poll() is None and not killed:
        family.look()
        if time.monotonic() - begun >= at:
            killed = family.kill(VICTIMS[victim], draw)
        time.sleep(0.02)
    assert until(lambda: family.look() and run.poll() is not None)
    output, _ = run.communicate(timeout=300)
    assert run.returncode in ({-9} if victim == "the run itself" and killed else {0, 1}), output
    assert "Traceback" not in output
    assert until(lambda: not family.left()), family.left()
    assert until(lambda: not list(scratch.glob("fdl-sandbox-*")))
    assert_next_run_finishes(course, undisturbed)


MOMENTS = {"in the middle": 1, "near the end": 3}
"""Numbers of recorded students at which a run is stopped.

The submission of the student after these numbers waits forever.
"""
WHOM = ("its group", "itself")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "whom", "moment"),
    list(product((signal.SIGINT, signal.SIGTERM, signal.SIGKILL), WHOM, MOMENTS)),
)
def test_a_run_that_is_stopped_leaves_no_process_and_the_next_goes_on_from_there(
    course: Path,
    undisturbed: Left,
    scratch: Path,
    number: signal.Signals,
    whom: str,
    moment: str,
) -> None:
    """Ctrl-C on a terminal signals all processes of the group at once."""
    done = MOMENTS[moment]
    set_trap(course, list(ANSWERS)[done], "wait")
    run = subprocess.Popen(
        command(course, "--jobs", "1"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch)},
        start_new_session=True,
        # tests in the background of a shell ignore Ctrl-C, and so would the processes they start
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    family = Family(run.pid)
    assert until(lambda: family.look() and len(points(course)) == done)
    family.look()
    (os.killpg if whom == "its group" else os.kill)(run.pid, number)
    output, errors = run.communicate(timeout=300)
    if number == signal.SIGINT:
        assert run.returncode == 130, errors
        assert "run the same command again" in errors
        assert "Traceback" not in output + errors
    else:
        assert run.returncode == -number
    assert until(lambda: not family.left()), family.left()
    assert until(lambda: not list(scratch.glob("fdl-sandbox-*")))

    assert len(points(course)) == done
    for trap in (course / "traps").iterdir():
        trap.unlink()
    ended = assert_next_run_finishes(course, undisturbed)
    assert f"{done} of {len(ANSWERS)} submissions have not changed" in ended.stdout


def set_trap(root: Path, student: str, order: str) -> None:
    (root / "traps" / trap_of(student)).write_text(order, encoding="utf-8")


def trap_of(student: str) -> str:
    return f"{ANSWERS[student]:g}"


class Family:
    """A process and its descendants, distinguished from later processes with the same number."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._seen: dict[int, int] = {}

    def look(self) -> list[int]:
        """Return the present processes, the first ancestor first, and remember all processes."""
        found = [self._top]
        for pid in found:
            with contextlib.suppress(OSError):
                for task in Path(f"/proc/{pid}/task").iterdir():
                    found += map(int, (task / "children").read_text().split())
        for pid in found:
            if started := _started(pid):
                self._seen.setdefault(pid, started)
        return found

    def left(self) -> list[str]:
        """Return the command lines of processes that were seen at any time and still run."""
        return [
            Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[:100]
            for pid, started in self._seen.items()
            if pid != self._top and _started(pid) == started
        ]

    def kill(self, word: str, draw: random.Random) -> bool:
        """Kill one remembered process by a word in its command line; return whether one exists."""
        found = [pid for pid in self.look() if word in _command_line(pid)]
        if found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(draw.choice(found), signal.SIGKILL)
        return bool(found)


def _started(pid: int) -> int | None:
    """Return when a running process was started, in the system's ticks."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] in "ZX" else int(words[19])


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def until(is_so: Callable[[], object], seconds: float = 300.0) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
