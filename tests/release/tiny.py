"""The made-up assignment `tiny`: a function, two variables, a figure and a text to write."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

SETTINGS = """
[course]
title = "A course of one valley"
timezone = "Europe/Zurich"

[assignments.tiny]
title = "Tiny"
opens = 2024-10-17T18:00:00
due = 2024-11-21T23:55:00
seed = 7
bonus = ["t-plot"]
"""

SOLUTIONS = '''
"""The reference of the made-up assignment."""

import numpy as np
from matplotlib.figure import Figure
import matplotlib.pyplot as plt


def scale(x: np.ndarray) -> float:
    """The largest entry of |x|; 1 where x is zero."""
    return float(np.max(np.abs(x))) or 1.0


def slope(u: np.ndarray, v: float) -> tuple[np.ndarray, float]:
    """The slope of ½‖u‖²v².

    u: shape (d,). Returns v²u, shape (d,), and ‖u‖²v.
    """
    squared_norm = float(np.dot(u, u))  # ‖u‖²

    def half(factor: float, vector: np.ndarray) -> np.ndarray:
        return factor**2 * vector

    return half(v, u), squared_norm * v


#: the slope's first part at u = (1, 2), v = 3, shape (2,)
first_part = np.array([9.0, 18.0])

#: the slope's last part there
last_part = 15.0


def plot_slope(positions: np.ndarray, slopes: np.ndarray) -> Figure:
    """A line plot of the slopes against their positions, with both axes labelled."""
    figure, axes = plt.subplots()
    axes.plot(positions, slopes, label="slope of the valley")
    axes.set(xlabel="position", ylabel="slope")
    axes.legend()
    return figure
'''

HIDDEN = '''
import numpy as np
import pytest
from autograder.grading.testkit import assert_close, item


@item("t-slope", part="first")
@pytest.mark.parametrize("d", [1, 3])
def test_first(student, rng, d):
    """The first part of the slope grows with the square of v."""
    u, v = rng.normal(size=d), 1.7
    assert_close(student.slope(u, v)[0], v * v * u)


@item("t-slope", part="last")
def test_last(student, rng):
    """The last part of the slope is the squared norm times v."""
    u, v = rng.normal(size=4), -0.6
    assert_close(student.slope(u, v)[1], sum(entry * entry for entry in u) * v)


@item("t-slope", costs=0.25)
def test_integers_are_welcome(student):
    """Integers are numbers too."""
    assert_close(student.slope(np.array([1, 2]), 3)[0], [9, 18])


@item("t-values")
def test_values(student):
    """The slope at the given point."""
    assert_close(student.value("first_part"), [9.0, 18.0])
    assert_close(student.value("last_part"), 15.0)


@item("t-plot")
def test_plot(student, rng):
    """The line goes through the slopes that were handed in."""
    positions, slopes = np.sort(rng.normal(size=5)), rng.normal(size=5)
    line = student.plot_slope(positions, slopes).axes[0].lines[0]
    assert_close(line.x, positions)
    assert_close(line.y, slopes)
'''

CHECKS = '''
"""Visible checks of the made-up assignment."""

import numpy as np


def ready(names, *needed):
    """Whether the notebook has what an experiment needs."""
    return all(name in names for name in needed)


def verdict(item, right):
    """Print whether an answer is right; `right` looks at it."""
    try:
        passed = right()
    except Exception as error:
        print(f"… {item}: not done yet ({type(error).__name__})")
    else:
        print(f"✓ {item}: passes" if passed else f"✗ {item}: not right yet")


def t_slope(names):
    """A first look at `slope`."""
    verdict("t-slope", lambda: np.allclose(names["slope"](np.array([1.0, 2.0]), 3.0)[0], (9, 18)))


def t_values(names):
    """A first look at the two values."""
    verdict("t-values", lambda: np.shape(names["first_part"]) == (2,) and names["last_part"] > 9)


def t_plot(names):
    """A first look at the figure."""
    verdict("t-plot", lambda: len(names["plot_slope"](np.ones(2), np.ones(2)).axes) == 1)


def summary(problem, names):
    """What is still open."""
    print(f"{problem}: looked at everything")
'''

MODEL_ANSWER = """\
Since ½‖u‖² grows along u itself, the chain rule multiplies the direction u by the square of v.

#### Rubric

- (1 point) differentiates along u and keeps the factor in front [evidence: t-slope/first "slope"]
- (0.5 points) says why the other factor stays
- (-0.5 points) mixes up the two directions, although the question names them
"""

SETUP = """\
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

import checks
"""


def code(grade_id: str, source: str, *, tags: list[str] | None = None, **mark: Any) -> NotebookNode:
    """Return a code cell with nbgrader metadata."""
    return _marked(new_code_cell(source.strip("\n"), id=grade_id), grade_id, tags, mark)


def text(grade_id: str, source: str, **mark: Any) -> NotebookNode:
    """Return a markdown cell with nbgrader metadata."""
    return _marked(new_markdown_cell(source.strip("\n"), id=grade_id), grade_id, None, mark)


def answer(grade_id: str, directive: str, *, tags: list[str] | None = None) -> NotebookNode:
    """Return an answer cell as the instructor types it, with only the directive."""
    return code(grade_id, directive, tags=tags, solution=True)


def check(item: str, points: float) -> NotebookNode:
    """Return the read-only check cell of an automatic item."""
    source = f"checks.{item.replace('-', '_')}(globals())"
    return code(item, source, grade=True, locked=True, points=points)


def given(grade_id: str, source: str) -> NotebookNode:
    """A locked code cell."""
    return code(grade_id, source, locked=True)


def tiny_notebook() -> NotebookNode:
    """Return the source notebook, which is not yet filled."""
    cells = [
        text("t-intro", "# One valley\n\nA loss with a long flat floor.", locked=True),
        given("t-setup", SETUP),
        given("t-scale", "### GIVEN valley.scale"),
        answer("t-slope-answer", "### REFERENCE valley.slope"),
        check("t-slope", 2),
        answer(
            "t-values-answer",
            "### REFERENCE valley.first_part, valley.last_part",
            tags=["raises-exception"],
        ),
        check("t-values", 1),
        answer("t-plot-answer", "### REFERENCE valley.plot_slope"),
        check("t-plot", 1),
        given("t-experiment", 'if checks.ready(globals(), "slope"):\n    print("it runs")'),
        text("t-proof", MODEL_ANSWER, grade=True, solution=True, points=1.5),
        given("t-summary", 'checks.summary("valley", globals())'),
    ]
    metadata = {
        "kernelspec": {"display_name": "my env", "language": "python", "name": "my-env"},
        "language_info": {"name": "python", "version": "3.11.7"},
    }
    notebook = new_notebook(cells=cells, metadata=metadata)
    notebook.nbformat_minor = 5
    return notebook


def write_notebook(path: Path, notebook: NotebookNode) -> None:
    """Write a notebook as JupyterLab would."""
    path.write_text(nbformat.writes(notebook, version=4) + "\n", encoding="utf-8")


def write_course(root: Path) -> None:
    """Write the made-up course: settings, solutions, hidden tests and an unfilled source."""
    files = {
        "course.toml": SETTINGS,
        "solutions/tiny/valley.py": SOLUTIONS,
        "autograder/hidden/tiny/test_valley.py": HIDDEN,
        "source/tiny/checks.py": CHECKS,
        "source/tiny/README.md": "# Tiny\n\nOpen `valley.ipynb` and fill it.\n",
        "source/tiny/requirements.txt": "numpy\nmatplotlib\n",
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(content).lstrip("\n"), encoding="utf-8")
    write_notebook(root / "source/tiny/valley.ipynb", tiny_notebook())


def _marked(
    cell: NotebookNode, grade_id: str, tags: list[str] | None, mark: dict[str, Any]
) -> NotebookNode:
    flags = {"grade": False, "solution": False, "locked": False, "task": False}
    cell.metadata["nbgrader"] = {"schema_version": 3, "grade_id": grade_id, **flags, **mark}
    if tags:
        cell.metadata["tags"] = tags
    return cell
