"""Junk has the shape of the right answer, and no other property of it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from autograder.course.assignment import Course, read_notebook
from autograder.release.proof import scrambler
from autograder.release.proof.junk import KINDS, write_junk, write_reference
from autograder.release.proof.scrambler import junk_answer

from .helpers import cell
from .marking import run


def structured(u: np.ndarray, v: float) -> Any:
    return (v * u, [int(v), None, "name"], {(1, 0.5): np.full((2, 3), v), "flag": True})


def drawn(x: np.ndarray) -> Figure:
    figure, (left, right) = plt.subplots(1, 2)
    left.semilogy(x, x**2, label="square")
    left.set(xlabel="x", ylabel="y", title="A curve")
    left.legend()
    right.scatter(x, x, label="points")
    right.contourf(np.outer(x, x))
    figure.suptitle("Two pictures")
    return figure


@pytest.mark.parametrize("kind", KINDS)
def test_structure_shapes_and_types_stay(kind: str) -> None:
    first, second, third = junk_answer(structured, kind)(np.array([1.0, 2.0]), 3.0)
    assert first.shape == (2,)
    assert type(second[0]) is int
    assert second[1:] == [None, "name"]
    assert list(third) == [(1, 0.5), "flag"]
    assert third[1, 0.5].shape == (2, 3)
    assert type(third["flag"]) is bool


@pytest.mark.parametrize(
    ("kind", "expected"), [("zeros", [0.0, 0.0]), ("ones", [1.0, 1.0]), ("arguments", [1.0, 2.0])]
)
def test_numbers_are_replaced(kind: str, expected: list[float]) -> None:
    assert junk_answer(structured, kind)(np.array([1.0, 2.0]), 3.0)[0].tolist() == expected


def test_random_numbers_are_the_same_in_each_run() -> None:
    first, second = (junk_answer(structured, "random")(np.ones(4), 2.0)[0] for _ in range(2))
    assert first.tolist() == second.tolist()
    assert len(set(first.tolist())) == 4


def test_arguments_are_handed_back_in_turn() -> None:
    def swap(a: np.ndarray, b: np.ndarray) -> Any:
        return b + 1, a + 1, np.ones(7)

    first, second, third = junk_answer(swap, "arguments")(np.arange(3.0), np.ones(3))
    assert first.tolist() == [0, 1, 2]
    assert second.tolist() == [1, 1, 1]
    assert third.tolist() == [0] * 7


def test_arguments_handed_back_are_copies() -> None:
    start = np.arange(3.0)
    answer = junk_answer(lambda x: x + 1, "arguments")(start)
    answer[0] = 9
    assert start.tolist() == [0, 1, 2]


@pytest.mark.parametrize("value", [2.5, np.float64(2.5), np.eye(2)])
def test_variables_are_replaced(value: Any) -> None:
    assert np.all(np.asarray(junk_answer(value, "ones")) == 1)


@pytest.mark.parametrize("kind", KINDS)
def test_figures_keep_their_dress_and_lose_their_data(kind: str) -> None:
    x = np.array([1.0, 2.0, 5.0])
    right, junk = drawn(x), junk_answer(drawn, kind)(x)
    try:
        assert junk.get_suptitle() == "Two pictures"
        assert len(junk.axes) == 2
        left = junk.axes[0]
        assert (left.get_xlabel(), left.get_ylabel(), left.get_title()) == ("x", "y", "A curve")
        assert left.get_yscale() == "log"
        assert [text.get_text() for text in left.get_legend().get_texts()] == ["square"]
        (line,) = left.lines
        points = line.get_xydata()
        assert len(points) == (0 if kind == "zeros" else 3)
        assert not np.array_equal(points, right.axes[0].lines[0].get_xydata())
        assert bool(junk.axes[1].collections) is (kind != "zeros")
    finally:
        plt.close("all")


def test_surfaces_become_other_surfaces() -> None:
    def surface() -> Figure:
        figure = plt.figure()
        axes: Any = figure.add_subplot(projection="3d")
        axes.plot_surface(*np.meshgrid([0.0, 1.0], [0.0, 1.0]), np.eye(2))
        axes.set_zlabel("height")
        return figure

    try:
        (axes,) = junk_answer(surface, "random")().axes
        assert axes.name == "3d"
        assert axes.get_zlabel() == "height"
        assert len(axes.collections) == 1
    finally:
        plt.close("all")


def test_scrambler_needs_numpy_and_matplotlib_alone() -> None:
    tree = ast.parse(Path(scrambler.__file__).read_text())
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add(str(node.module).split(".")[0])
    assert roots == {"functools", "collections", "typing", "numpy", "matplotlib"}


def test_reference_submission_is_the_release_with_answers_typed_in(
    released: Course, tmp_path: Path
) -> None:
    write_reference(released.source("tiny"), released.release("tiny"), tmp_path)
    notebook = read_notebook(tmp_path / "valley.ipynb")
    skeleton = read_notebook(released.release("tiny") / "valley.ipynb")
    filled = {"t-slope-answer", "t-values-answer", "t-plot-answer"}
    for old, new in zip(skeleton.cells, notebook.cells, strict=True):
        changed = old.source != new.source
        assert changed is (old.metadata.nbgrader.grade_id in filled)
    assert "### " not in cell(notebook, "t-slope-answer").source
    answers = run(notebook, released.release("tiny") / "checks.py")
    assert answers["slope"](np.array([1.0, 2.0]), 3)[0].tolist() == [9, 18]


@pytest.mark.parametrize("kind", KINDS)
def test_junk_submission_spoils_functions_and_values(
    released: Course, tmp_path: Path, kind: str
) -> None:
    write_junk(released.source("tiny"), released.release("tiny"), tmp_path, kind)
    notebook = read_notebook(tmp_path / "valley.ipynb")
    answers = run(notebook, released.release("tiny") / "checks.py")
    first, last = answers["slope"](np.array([1.0, 2.0]), 3)
    assert first.shape == (2,)
    assert not np.allclose(first, [9, 18])
    assert isinstance(last, float)
    assert not np.allclose(answers["first_part"], [9, 18])
    assert answers["scale"](np.array([-4.0])) == 4
