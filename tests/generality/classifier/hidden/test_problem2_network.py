"""Hidden tests of Problem 2: a network with two layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.random import Generator

from autograder.grading.testkit import (
    as_dict,
    assert_close,
    assert_curves,
    assert_labelled_axes,
    assert_left_alone,
    assert_named_curves,
    assert_number_close,
    item,
    says,
)
from autograder.sandbox import Student
from solutions.hw1 import network

Params = dict[str, np.ndarray]


def make_network(rng: Generator) -> tuple[Params, np.ndarray, np.ndarray]:
    """Return parameters, points and labels; of each hidden unit about half of the points pass."""
    params = {
        "W1": rng.normal(size=(3, 5)),
        "b1": rng.normal(size=5),
        "W2": rng.normal(size=(5, 4)),
        "b2": rng.normal(size=4),
    }
    return params, rng.normal(size=(9, 3)), rng.permutation(np.arange(9) % 4)


@item("p2-scores")
def test_scores(student: Student, rng: Generator) -> None:
    """The scores of all points are those of equation (3)."""
    params, X, _ = make_network(rng)
    assert_close(student.network_scores(params, X), network.network_scores(params, X))


@item("p2-loss")
@pytest.mark.parametrize("reg", [0.0, 0.2])
def test_loss(student: Student, rng: Generator, reg: float) -> None:
    """The loss is the mean over the points, plus the penalty for both matrices."""
    arguments = (*make_network(rng), reg)
    assert_number_close(student.network_loss(*arguments), network.network_loss(*arguments))


@item("p2-loss", costs=0.25)
def test_loss_of_large_scores(student: Student, rng: Generator) -> None:
    """The loss is finite if scores are large."""
    params, X, y = make_network(rng)
    params["b2"] = params["b2"] + 1000
    assert_number_close(
        student.network_loss(params, X, y, 0), network.network_loss(params, X, y, 0)
    )


@item("p2-gradients", part="output")
@pytest.mark.parametrize("name", ["W2", "b2"])
def test_gradients_of_the_second_layer(student: Student, rng: Generator, name: str) -> None:
    """The gradients by W2 and b2 are right."""
    assert_gradient(student, rng, name)


@item("p2-gradients", part="hidden")
@pytest.mark.parametrize("name", ["W1", "b1"])
def test_gradients_of_the_first_layer(student: Student, rng: Generator, name: str) -> None:
    """The gradients by W1 and b1 are right."""
    assert_gradient(student, rng, name)


def assert_gradient(student: Student, rng: Generator, name: str) -> None:
    arguments = (*make_network(rng), 0.2)
    answer = as_dict(student.network_gradients(*arguments), name)
    right = network.network_gradients(*arguments)
    assert_close(answer[name], right[name], what=f"the gradient by {name}")


@item("p2-plot")
def test_plot_shows_the_wrong_points(student: Student, rng: Generator) -> None:
    """For each set the figure shows the share of wrong points against the epochs."""
    figure = student.plot_errors(history := make_history(rng))
    assert_curves(figure, errors_of(history), what="the share of wrong points against the epochs")


@item("p2-plot", costs=0.25)
def test_plot_names_the_sets(student: Student, rng: Generator) -> None:
    """A legend, or a text beside each line, names the sets."""
    figure = student.plot_errors(history := make_history(rng))
    assert_named_curves(figure, errors_of(history), says)


@item("p2-plot", costs=0.25)
def test_plot_labels_its_axes(student: Student, rng: Generator) -> None:
    """Both axes have a label."""
    assert_labelled_axes(student.plot_errors(make_history(rng)))


def make_history(rng: Generator) -> dict[str, np.ndarray]:
    return {name: rng.uniform(0.3, 0.9, size=6) for name in ("training", "validation", "test")}


def errors_of(history: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {name: (np.arange(len(each)), 1 - each) for name, each in history.items()}


def cubic(x: Any) -> float:
    """Return a function of an array of any shape that central differences do not get exactly."""
    entries = np.ravel(np.asarray(x, dtype=float))
    return float(np.sum(entries**3) + entries[0] * entries[-1])


@item("p2-numerical")
@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_numerical_gradient(student: Student, rng: Generator, shape: tuple[int, ...]) -> None:
    """Each entry is a central difference in its own direction."""
    x = rng.uniform(1, 2, size=shape)
    right = network.numerical_gradient(cubic, x, 0.5)
    assert_close(student.numerical_gradient(cubic, x, 0.5), right)


@item("p2-numerical", costs=0.25)
def test_numerical_gradient_leaves_x_alone(student: Student, rng: Generator) -> None:
    """The array x is the same after the call."""
    x = rng.uniform(1, 2, size=(2, 2))
    student.numerical_gradient(cubic, x, 0.5)
    assert_left_alone(student.arguments_after[1], x, "x")


@item("p2-numerical", care="integers")
def test_numerical_gradient_takes_integers(student: Student) -> None:
    """An array of integers works too."""
    x = np.array([1, -2, 3])
    right = network.numerical_gradient(cubic, x, 0.5)
    assert_close(student.numerical_gradient(cubic, x, 0.5), right)
