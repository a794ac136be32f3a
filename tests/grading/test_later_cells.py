"""Code below an item's check takes no points from the answer above the check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import pytest

from autograder.course.assignment import Assignment, Course
from autograder.course.samples import SampleStudent, write_submission
from autograder.grading import latercells
from autograder.grading.jobs import MarkSettings
from autograder.grading.latercells import later_changes
from autograder.grading.mark import mark_submission
from autograder.sandbox import Limits, Sandbox

from .conftest import MarkStudent, MarkTiny
from .test_marking import marks
from .tiny_class import HOMEWORK

SLOPE = """
import math
weights = [1, 1]
def square(x):
    return max(weights) * x * x
def slope(u, v):
    squares = [square(entry) for entry in list(u)]
    np.array([0.0])[0] = math.pi
    return np.multiply(square(v), u), sum(squares) * v
"""
PLOT = """
def draw(axes, x, y):
    axes.plot(x, y)
def plot_slope(positions, slopes):
    figure, axes = plt.subplots()
    draw(axes, positions, slopes)
    return figure
"""
RIGHT = {"t-slope-answer": SLOPE, "t-plot-answer": PLOT}
FULL = {"t-slope": 2.0, "t-values": 1.0, "t-plot": 1.0}

LATER = {
    "slope = lambda x: 2 * x": "slope",
    "max = 4": "max",
    "for sum in range(3):\n    print(sum)": "sum",
    "list, other = [1, 2], 3": "list",
    "np = 5": "np",
    "from math import *\nfrom math import prod as sum": "",
    "def square(x):\n    return x": "square",
    "del slope": "slope",
    "del square, plot_slope\nraise SystemExit(1)": "square",
    "%reset -f": "",
    "np.multiply = np.add": "np",
    "math.pi = 'three'\nweights.append(100)": "weights",
    "weights += [100]": "weights",
    "def test():\n    global max\n    max = 4\ntest()": "max",
    "globals()['max'] = 4": "",
    "import sys\nclass square: pass\nsys.exit()": "square",
    "plt.subplots = None": "plt",
    "draw = 3": "draw",
}


def later(code: str, answers: dict[str, str] = RIGHT) -> SampleStudent:
    """Return a student with an additional line of code at the end of the notebook."""
    return SampleStudent("later", "tries things out", answers, before={"t-summary": code})


SIMILAR = (
    "slope = lambda x: 2 * x",
    "max = 4",
    "np = 5",
    "del slope",
    "plt.subplots = None",
    "draw = 3",
)
"""Lines that change a name in the same way as another line of `LATER`."""


@pytest.mark.parametrize(
    ("code", "name"),
    [
        pytest.param(code, name, marks=[pytest.mark.slow] if code in SIMILAR else [])
        for code, name in LATER.items()
    ],
)
def test_a_later_line_costs_nothing_and_is_named(code: str, name: str, mark_tiny: MarkTiny) -> None:
    report = mark_tiny(later(code)).report
    assert marks(report) == FULL
    notes = [item.message for item in report.items.values() if "at the item's" in item.message]
    line = next(line for line in code.splitlines() if name in line).strip()
    assert notes
    told = f"`{name}` in cell 12" if name else "in cell 12"
    assert any(told in note for note in notes), notes
    assert any(line in note for note in notes) or "\n" in code, notes


WRONG = {"t-slope-answer": "def slope(u, v):\n    return v * u, sum(u) * v"}


@pytest.fixture
def starts() -> Iterator[Any]:
    """The notebook processes that were started."""
    with mock.patch.object(Sandbox, "start", autospec=True, side_effect=Sandbox.start) as start:
        yield start


@pytest.mark.parametrize(
    "code",
    [
        "x = 3\nu = [1, 2]\nprint(u, x)",
        "import numpy as np\nprint(np.append(1, 2))",
        "for v in range(3):\n    print(slope([v], v))",
        "squares = [np.square(sum) for sum in (1, 2)]\nplt.plot(squares)\nplt.show()",
        "half = 3\ndef square(x):\n    return x",
    ],
)
def test_a_wrong_answer_is_run_once_where_no_later_line_matters(
    code: str, mark_tiny: MarkTiny, starts: Any
) -> None:
    report = mark_tiny(later(code, WRONG)).report
    assert report.items["t-slope"].points == 0
    assert starts.call_count == 1


def test_what_is_not_written_is_run_once(mark_tiny: MarkTiny, starts: Any) -> None:
    student = SampleStudent(
        "stub", "has written nothing", done=frozenset(), before={"t-summary": "np = 5; max = 4"}
    )
    assert set(marks(mark_tiny(student).report).values()) == {0.0}
    assert starts.call_count == 1


def test_all_items_of_a_notebook_take_one_more_run(mark_tiny: MarkTiny, starts: Any) -> None:
    assert marks(mark_tiny(later("np = plt = slope = plot_slope = 5")).report) == FULL
    assert starts.call_count == 2


def test_a_wrong_answer_stays_wrong_and_has_no_note(mark_tiny: MarkTiny) -> None:
    item = mark_tiny(later("sum = 3", WRONG)).report.items["t-slope"]
    assert (item.points, item.message) == (0.0, "")


def test_an_answer_below_its_check_keeps_its_points(mark_tiny: MarkTiny) -> None:
    answers = {**RIGHT, "t-slope-answer": "def slope(u, v):\n    return u, v"}
    assert marks(mark_tiny(later(SLOPE, answers)).report) == FULL


LEAVES = """
import contextlib
from pathlib import Path
def slope(u, v):
    for folder in (Path.cwd(), Path.home(), Path("/tmp")):
        with contextlib.suppress(OSError):  # the inner wall alone keeps /tmp closed
            (folder / "seen").write_text(str(v))
    return np.multiply(v * v, u), sum(entry * entry for entry in u) * v
"""
FINDS = "SEEN = [(at / 'seen').exists() for at in (Path.cwd(), Path.home(), Path('/tmp'))]"


def test_cells_further_down_see_nothing_of_an_items_tests(mark_tiny: MarkTiny) -> None:
    plot = PLOT.replace("draw(axes", "any(SEEN) and draw(axes")
    answers = {"t-slope-answer": LEAVES, "t-plot-answer": f"{FINDS}\n{plot}"}
    found = marks(mark_tiny(later("slope = plot_slope = 5", answers)).report)
    assert found == {**FULL, "t-plot": 0.0}


@pytest.mark.slow
def test_a_second_run_gets_no_more_time(tiny: Course, sandbox: Sandbox, tmp_path: Path) -> None:
    student = SampleStudent(
        "late",
        "takes more than half of the time",
        RIGHT,
        before={"t-slope-answer": "import time\ntime.sleep(7)", "t-summary": "slope = 3"},
    )
    homework = tiny.assignment(HOMEWORK)
    write_submission(tiny, homework, student, tmp_path / "late")
    limits = Limits(submission_seconds=12.0)
    with Sandbox(sandbox.protection, limits) as hasty:
        settings = MarkSettings(limits)
        report = mark_submission(
            tiny, homework, tmp_path / "late", settings=settings, sandbox=hasty
        ).report
    assert marks(report) == {**FULL, "t-slope": 0.0}


def test_text_that_is_too_much_for_the_parser_changes_nothing() -> None:
    cells = ["def f(x):\n    return max(x)", "check", "(" * 5_000, "-" * 19_000 + "1", "max = 4\0"]
    cells += ["max = 4 #" + "x" * latercells.MAX_SOURCE, "a" + ".b" * 9_000, "max ="]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    assert later_changes(notebook, 1, ["f"]) == ()


def test_each_cell_is_read_once_however_many_names_it_binds() -> None:
    taken: list[str] = []

    class Counted(set[str]):
        def __iter__(self) -> Iterator[str]:
            for name in super().__iter__():
                taken.append(name)
                yield name

    names = [f"name{number}" for number in range(100)]
    reads = Counted([*names, "max"])
    cells = [latercells._CellEffects(binds=dict.fromkeys(names, 1), reads=reads) for _ in range(20)]
    assert latercells._used(names[:1], cells) == {*names, "max"}
    assert len(taken) == len(cells) * len(reads)


HW2_LATER = "list = [1]\nsum, max = 3, 4\nstr = dict = print = 5\nnp = 5"


@pytest.mark.slow
def test_scratch_lines_below_all_of_homework_2_cost_nothing(
    mark: MarkStudent, homework: Assignment
) -> None:
    summaries = ("p1-summary", "p2-summary", "p3-summary")
    student = SampleStudent(
        "scratch", "tries things out", before=dict.fromkeys(summaries, HW2_LATER)
    )
    report = mark(student)
    assert marks(report) == student.true_points(homework)
    assert "`max` in cell" in report.items["p1-plot"].message
    assert "`np` in cell" in report.items["p1a-parameters"].message
