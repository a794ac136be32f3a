"""Hidden tests of Problem 1: Newton's method, its picture and its order.

Hidden tests run in the grader: `student` calls the functions of a notebook that runs in the
sandbox. `rng` depends only on the seed in course.toml, so a mark can be reproduced. The student
reads a test's docstring in the feedback, so the docstring must not give the answer away.

`@item(NAME)` names the item that a test belongs to. A student earns an item's points if all tests
of the item pass; with `part="..."`, the parts share the points. A test with `costs=0.25` earns no
points, but a failed test costs this share of the item, for example for missing labels. A test with
`care="integers"` looks for one kind of slip. Such a slip costs at most a quarter of an item's
points, and only once in the homework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator

from autograder.grading.testkit import (
    assert_close,
    assert_curve,
    assert_labelled_axes,
    assert_named_curves,
    assert_number_close,
    item,
    says,
)
from autograder.sandbox import Student
from solutions.HOMEWORK import newton

Function = Callable[[Any], float]


def make_function(rng: Generator) -> tuple[Function, Function]:
    """Return a random f(x) = a x + b sin x + c and its derivative, which is always positive."""
    a, b, c = rng.uniform(1.2, 2.0), rng.uniform(0.5, 0.9), rng.uniform(-1, 1)

    def f(x: Any) -> float:
        return float(a * float(x) + b * np.sin(float(x)) + c)

    def slope(x: Any) -> float:
        return float(a + b * np.cos(float(x)))

    return f, slope


def make_runs(rng: Generator) -> tuple[float, dict[str, np.ndarray]]:
    """Return a root, and runs that start on both sides of the root."""
    root = rng.uniform(0.5, 1.5)
    sides = {"near": np.array([1, -1, 1, -1, 1]), "far": np.array([-1, -1, 1, 1, -1, 1, 1])}
    runs = {name: root + side * rng.uniform(0.05, 1, side.shape) for name, side in sides.items()}
    return root, runs


def expected_curves(
    root: float, runs: Mapping[str, np.ndarray]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the curves that the picture of these runs should show, by label."""
    return {name: (np.arange(len(run)), np.abs(run - root)) for name, run in runs.items()}


# --- Newton's method ------------------------------------------------------------------------------


@item("p1-newton")
@pytest.mark.parametrize("num_steps", [1, 2, 6])
def test_newton(student: Student, rng: Generator, num_steps: int) -> None:
    """Each step goes to the point where the tangent at the last iterate crosses zero."""
    (f, slope), x0 = make_function(rng), rng.uniform(2, 3)
    answer = student.newton(f, slope, x0, num_steps)
    assert_close(answer, newton.newton(f, slope, x0, num_steps), what="the array of iterates")


@item("p1-newton", care="integers")
def test_newton_takes_integers_and_zero_steps(student: Student, rng: Generator) -> None:
    """The start may be an integer, and the number of steps may be zero."""
    f, slope = make_function(rng)
    answer = student.newton(f, slope, 3, 4)
    assert_close(answer, newton.newton(f, slope, 3, 4), what="the array from an integer start")
    assert_close(student.newton(f, slope, 2.5, 0), [2.5], what="the array of zero steps")


# --- The picture ----------------------------------------------------------------------------------


@item("p1-plot")
def test_plot_shows_the_distances(student: Student, rng: Generator) -> None:
    """The picture shows each run's distances from the root against the steps."""
    root, runs = make_runs(rng)
    figure = student.plot_errors(root, runs)
    for x, y in expected_curves(root, runs).values():
        assert_curve(figure, x, y, what="the distance of a run from the root, against the step")


@item("p1-plot", costs=0.25)
def test_plot_names_the_runs(student: Student, rng: Generator) -> None:
    """A legend, or a text beside each line, names the runs."""
    root, runs = make_runs(rng)
    assert_named_curves(student.plot_errors(root, runs), expected_curves(root, runs), says)


@item("p1-plot", costs=0.25)
def test_plot_labels_its_axes(student: Student, rng: Generator) -> None:
    """Both axes have a label."""
    assert_labelled_axes(student.plot_errors(*make_runs(rng)))


# --- The order ------------------------------------------------------------------------------------


@item("p1-order")
@pytest.mark.parametrize("count", [3, 6])
def test_order(student: Student, rng: Generator, count: int) -> None:
    """The order is computed from the last three iterates, on either side of the root."""
    root = rng.uniform(0.5, 1.5)
    signs = np.array([1, -1, -1, 1, 1, -1])[:count]
    iterates = root + signs * np.cumprod(rng.uniform(0.1, 0.6, size=count))
    answer = student.convergence_order(iterates, root)
    assert_number_close(answer, newton.convergence_order(iterates, root), what="the order")
