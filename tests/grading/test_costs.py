"""The most that a submission can cost the grader: memory of the grader's process, and time."""

from __future__ import annotations

import base64
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from autograder.course.assignment import Assignment, Course
from autograder.course.samples import SampleStudent, write_submission
from autograder.grading.memory import bounded_memory
from autograder.grading.transcript import KEPT_BYTES, Digest, Room, kept
from autograder.sandbox import Limits, examine
from tests import photos

MiB = 2**20
ABOVE_BASE = 280 * MiB
ROOT = Path(__file__).parents[2]

GRADIENTS = """
B = {value}

def gradient_v(*a):
    return B

def gradient_W(*a):
    return B
"""
KERNEL = """
def empirical_ntk(*a):
    return B

def limit_ntk(*a):
    return B
"""


def everywhere(name: str, value: str) -> SampleStudent:
    """Return a student who answers every question of Problem 3 with one value."""
    answers = {
        "p3a-gradients-answer": GRADIENTS.format(value=value),
        "p3b-kernel-answer": KERNEL.partition("\n\n")[0],
        "p3c-limit-answer": "def limit_ntk(*a):\n    return B",
        "p3-plot-answer": "def plot_convergence(*a):\n    return B",
    }
    return SampleStudent(name, f"answers {value}", answers)


def in_problem_2(name: str, **answers: str) -> SampleStudent:
    cells = {f"p2c-{key.replace('_', '-')}-answer": text for key, text in answers.items()}
    return SampleStudent(name, "large answers to what the tests made up", cells)


FULL_FIGURE = "(lambda f: [f.gca().plot(np.ones(4_900)) for _ in range(20)] and f)(plt.figure())"

ANSWERS = (
    everywhere("bytes-4", "np.zeros(4_000_000, np.int8)"),
    everywhere("bytes-12", "np.zeros(12_000_000, np.int8)"),
    everywhere("bytes-16", "np.zeros(15_990_000, np.int8)"),
    everywhere("bytes-60", "np.zeros(60_000_000, np.int8)"),
    everywhere("floats", "np.random.default_rng(0).normal(size=1_900_000)"),
    everywhere("complex", "np.full(990_000, 1j)"),
    everywhere("half", "np.ones(7_900_000, np.float16)"),
    everywhere("booleans", "np.ones((4000, 3990), bool)"),
    everywhere("empty", "np.empty((0, 999_999))"),
    everywhere("many-arrays", "[np.ones(150) for _ in range(9_000)]"),
    everywhere("stacked", "[np.ones(7_000_000, np.int8), np.ones(7_000_000, np.int8)]"),
    everywhere("unlike", "[np.ones(1_700_000, np.int8), np.ones(1_700_000)]"),
    everywhere("numbers", "[0.5] * 100_000"),
    everywhere("lists", "[[0.5] for _ in range(90_000)]"),
    everywhere("text", "'x' * 900_000"),
    everywhere("wide-text", "'\\U0001f600' * 200_000"),
    everywhere("dict", "{str(k): 0.5 for k in range(60_000)}"),
    everywhere("keys", "{(k, 0.5): np.ones(900) for k in range(1_900)}"),
    everywhere("figure", f"{FULL_FIGURE}"),
    everywhere("figures", f"[{FULL_FIGURE}] * 4"),
    everywhere("functions", "[lambda: 0 for _ in range(9_000)]"),
)
BROADCAST = (
    in_problem_2("broadcast", experiment="""
def run_experiment(optimizer, gradient, starts, etas, rhos, num_steps):
    a, b = np.zeros((1_000_000, 1)), np.zeros((100, 1, 1))
    answers = iter([a, b] * 1000)
    return optimizer(lambda x: next(answers), starts[0], 0.1, 0.1, num_steps)
"""),
    in_problem_2("wide-starts", experiment="""
def run_experiment(optimizer, gradient, starts, etas, rhos, num_steps):
    for size in (15_000_000, 1):
        try:
            optimizer(gradient, np.ones((size, 1), np.int8), 0.1, 0.1, num_steps)
        except Exception:
            pass
    return optimizer(gradient, starts[0], np.ones((1_900_000, 1)), np.ones(1000), num_steps)
"""),
    in_problem_2("wide-traces", trace_plot="""
def plot_traces(trace, results):
    for _ in range(20):
        try:
            trace(np.ones(15_000_000, np.int8))
        except Exception:
            pass
    return trace([np.ones(15_000_000, np.int8)])
"""),
)  # fmt: skip


def shows(name: str, code: str) -> SampleStudent:
    return SampleStudent(name, "shows a lot", before={"p3b-kernel-answer": code})


OUTPUTS = (
    shows("smileys", "for _ in range(15): print('\\U0001f600' * 900_000)"),
    shows("displays", "for _ in range(30_000): display('x')"),
    shows("formulas", "from IPython.display import Latex\n"
          "for k in range(200): display(Latex('$' * 19_000 + '\\U0001f600'))"),
    shows("pages", "from IPython.display import HTML\n"
          "for k in range(15): display(HTML('<b>' * 60_000 + '\\U0001f600'))"),
    shows("bundles", "for k in range(40): display({'text/plain': 'x' * 90_000}, raw=True)"),
)  # fmt: skip


def read_from(name: str, write: Callable[[Path], object]) -> SampleStudent:
    def spoil(folder: Path) -> None:
        write(folder / "problem3_ntk.ipynb")

    return SampleStudent(name, "a file that is large to read", spoil=spoil)


def write_photos(path: Path) -> None:
    """Six photos of a phone of 8 MB in the text of a proof: nearly all that a notebook may have."""
    notebook = nbformat.read(path, as_version=4)
    photo = base64.b64encode(photos.phone_jpeg(4000, 3000, size=7_900_000)).decode()
    texts = (cell for cell in notebook.cells if cell.cell_type == "markdown")
    cell = next(text for text in texts if text.metadata.get("nbgrader", {}).get("solution"))
    cell.attachments = {f"{k}.jpeg": {"image/jpeg": photo} for k in range(6)}
    cell.source = " ".join(f"![p](attachment:{k}.jpeg)" for k in range(6))
    nbformat.write(notebook, path)


def photograph(folder: Path) -> None:
    for path in folder.glob("*.ipynb"):
        write_photos(path)


FILES = (
    read_from("long-file", lambda at: at.write_text("[" + "0," * 20_000_000 + "0]")),
    read_from("lists-in-a-file", lambda at: at.write_text("[" + "[]," * 20_000_000 + "0]")),
    read_from("wide-file", lambda at: at.write_text('"' + "\U0001f600" * 12_000_000 + '"')),
)


@dataclass(frozen=True)
class Cost:
    """The cost of marking: memory above the earlier use of the process, time, and the outcome."""

    above_base: int
    seconds: float
    error: str
    report: Mapping[str, Any] | None


Measure = Callable[[SampleStudent], Cost]


@pytest.fixture(scope="session")
def measure(
    course: Course, homework: Assignment, tmp_path_factory: pytest.TempPathFactory
) -> Measure:
    if examine().level == "unprotected":
        pytest.skip("this machine has no wall that works")
    folder = tmp_path_factory.mktemp("costs")
    honest = folder / "honest"
    write_submission(course, homework, SampleStudent("honest", "answers all"), honest)

    def cost(student: SampleStudent) -> Cost:
        hostile = folder / student.name
        write_submission(course, homework, student, hostile)
        command = [sys.executable, "-m", "tests.grading.cost", str(course.root), homework.name]
        done = subprocess.run(
            [*command, str(hostile), str(honest)],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return Cost(**json.loads(done.stdout))

    return cost


def assert_bounded(found: Cost, student: SampleStudent, homework: Assignment) -> None:
    assert found.error == ""
    assert found.report is not None
    assert found.above_base < ABOVE_BASE, f"{student.name}: {found.above_base / MiB:.0f} MB"
    for item in homework.select("auto"):
        points = found.report["items"][item.name]["points"]
        others = {"broadcast": "p2c-experiment", "wide-starts": "p2c-experiment"}
        is_hostile = item.problem == "problem3_ntk" and student in (*ANSWERS, *FILES)
        is_hostile |= item.name == others.get(student.name, "")
        is_hostile |= student.name == "wide-traces" and item.name == "p2c-trace-plot"
        assert points == (0.0 if is_hostile else item.max_points), item.name


PHOTOS = SampleStudent("photos", "eighteen photos of proofs", spoil=photograph)
EVERYDAY = ("broadcast",)
ALL = [
    pytest.param(each, marks=[] if each.name in EVERYDAY else pytest.mark.slow, id=each.name)
    for each in (*ANSWERS, *BROADCAST, *OUTPUTS, *FILES, PHOTOS)
]


@pytest.mark.parametrize("student", ALL)
def test_the_grader_holds_little_of_what_it_is_given(
    student: SampleStudent, measure: Measure, homework: Assignment
) -> None:
    assert_bounded(measure(student), student, homework)


# --- time -----------------------------------------------------------------------------------------

SECONDS = 120.0
"""Seconds that a submission costs one worker at most, on a machine without other load."""

SLEEPS = "import time\ntime.sleep(29)"
HANGS = """
def {name}(*a, **k):
    import time
    time.sleep(9.9)
    raise ValueError
"""
SLOW_KERNEL = """
def empirical_ntk(v, W, X, n):
    import time
    time.sleep(9)
    A = activation(X @ W.T, n)
    B = activation_derivative(X @ W.T, n) * v
    return (A @ A.T + (X @ X.T) * (B @ B.T)) / len(v)
"""
STAYS_WITH_US = """
def run_experiment(optimizer, gradient, starts, etas, rhos, num_steps):
    while True:
        try:
            optimizer(gradient, starts[0], 0.1, 0.1, 1000)
        except Exception:
            pass
"""
CALLS_BACK = """
def run_experiment(optimizer, gradient, starts, etas, rhos, num_steps):
    for _ in range(99_000):
        gradient(starts[0])
    return {}
"""
CELLS = {
    "p1-momentum-answer": "momentum",
    "p1a-heavy-ball-answer": "heavy_ball",
    "p1b-ima-answer": "ima",
    "p1-plot-answer": "plot_objective",
    "p2b-gd-update-answer": "gd_update",
    "p2b-usam-update-answer": "usam_update",
    "p2c-gd-answer": "gd",
    "p2c-usam-answer": "usam",
    "p2c-experiment-answer": "run_experiment",
    "p2c-trace-plot-answer": "plot_traces",
    "p2c-surface-plot-answer": "plot_landscape",
    "p3b-kernel-answer": "empirical_ntk",
    "p3c-limit-answer": "limit_ntk",
    "p3-plot-answer": "plot_convergence",
}
HANGING = {cell: HANGS.format(name=name) for cell, name in CELLS.items()}
SHOWING = "print('\\U0001f600[' * 190_000)"
SLOW = (
    SampleStudent("sleeps", "every cell sleeps", before=dict.fromkeys(CELLS, SLEEPS)),
    SampleStudent("hangs", "every answer hangs", HANGING),
    SampleStudent(
        "all-at-once", "cells sleep and show a lot, answers hang", HANGING,
        before=dict.fromkeys(CELLS, f"import time\ntime.sleep(5)\n{SHOWING}"),
    ),
    SampleStudent("slow-kernel", "right, and slow", {"p3b-kernel-answer": SLOW_KERNEL}),
    SampleStudent(
        "stays-with-us", "keeps us busy", {"p2c-experiment-answer": STAYS_WITH_US},
        before={"p2c-gd-answer": SLEEPS, "p2c-usam-answer": SLEEPS, "p2b-gd-update-answer": SLEEPS},
    ),
    SampleStudent("calls-back", "calls back without end", {"p2c-experiment-answer": CALLS_BACK}),
    SampleStudent(
        "dies", "each test takes the notebook down",
        {c: f"def {n}(*a, **k):\n    import os\n    os.killpg(0, 9)" for c, n in CELLS.items()},
        before={"p3b-kernel-answer": SLEEPS, "p2b-gd-update-answer": SLEEPS},
    ),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("student", SLOW, ids=lambda student: student.name)
def test_a_submission_costs_a_worker_two_minutes_at_most(
    student: SampleStudent, measure: Measure
) -> None:
    found = measure(student)
    assert found.error == ""
    assert found.seconds < SECONDS
    assert found.above_base < ABOVE_BASE


def test_pack_and_the_release_tell_the_limits_of_marking(course: Course) -> None:
    readme = (course.release("hw2") / "README.md").read_text(encoding="utf-8")
    limits = Limits()
    (time,) = (line for line in readme.splitlines() if line.startswith("- *Time.*"))
    for seconds in (limits.cell_seconds, limits.call_seconds, limits.submission_seconds):
        assert f"for {seconds:g} seconds" in time
    assert f"together may take {limits.submission_seconds:g} seconds" in readme
    assert f"SECONDS = {limits.submission_seconds:g}\n" in (
        course.release("hw2") / "checks.py"
    ).read_text(encoding="utf-8")


# --- the bound itself -----------------------------------------------------------------------------


def test_what_goes_beyond_the_bound_is_a_memory_error_and_no_more() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with bounded_memory(64 * MiB):
        np.ones(2 * MiB)
        with pytest.raises(MemoryError):
            np.ones(64 * MiB)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert np.ones(64 * MiB).nbytes == 512 * MiB


# --- what is kept ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (np.zeros((1000, 1000)), (1000, 1000)),
        ([0.5] * 10_000, (10_000,)),
        ("x" * 10**6, (10**6,)),
        (dict.fromkeys(range(10000), 0.5), (10_000,)),
        ([[np.zeros(10**6)]], (1,)),
    ],
)
def test_of_a_large_answer_its_shape_is_kept(value: object, shape: tuple[int, ...]) -> None:
    found = kept(value, Room())
    assert isinstance(found, Digest)
    assert found.shape == shape


def test_an_answer_of_usual_size_is_kept_as_it_is() -> None:
    answer = (np.arange(KEPT_BYTES // 16, dtype=float), {"a": [1, 2.5, None]})
    room = Room()
    assert kept(answer, room) is answer
    assert room.left < Room().left - KEPT_BYTES // 2


def test_nothing_more_is_kept_where_there_is_no_more_room() -> None:
    room, answer = Room(250_000), np.ones(KEPT_BYTES // 8 - 20)
    assert kept(answer, room) is answer
    assert isinstance(kept(answer, room), Digest)


def test_large_arrays_with_the_same_numbers_have_the_same_digest() -> None:
    one, same, other = np.ones(10**6), np.ones(10**6), np.ones(10**6)
    other[17] = 2
    assert kept(one, Room()) == kept(same, Room()) != kept(other, Room())
