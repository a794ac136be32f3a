"""Hidden tests of Problem 1: a softmax classifier."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import Generator

from autograder.grading.testkit import (
    assert_close,
    assert_number_close,
    draw_mixed,
    item,
)
from autograder.sandbox import Student
from solutions.hw1 import softmax

Data = tuple[np.ndarray, np.ndarray, np.ndarray]


def make_data(rng: Generator, size: int = 7, features: int = 3, classes: int = 4) -> Data:
    """Return weights, points, and labels among which each class appears."""
    W = draw_mixed(rng, features * classes).reshape(features, classes)
    X = draw_mixed(rng, size * features).reshape(size, features)
    return W, X, rng.permutation(np.arange(size) % classes)


# --- probabilities ------------------------------------------------------------------------------


@item("p1-probabilities", part="ordinary")
@pytest.mark.parametrize("shape", [(1, 2), (3, 3), (5, 4)])
def test_probabilities(student: Student, rng: Generator, shape: tuple[int, int]) -> None:
    """Each row holds the softmax of its scores."""
    scores = rng.normal(size=shape)
    assert_close(student.probabilities(scores), softmax.probabilities(scores))


@item("p1-probabilities", part="large")
@pytest.mark.parametrize("offset", [1000.0, -1000.0])
def test_probabilities_of_large_scores(student: Student, rng: Generator, offset: float) -> None:
    """Large scores have finite probabilities, also if they differ from row to row."""
    scores = rng.normal(size=(3, 4)) + np.array([[offset], [0.0], [2 * offset]])
    assert_close(student.probabilities(scores), softmax.probabilities(scores))


# --- the loss and its gradient ------------------------------------------------------------------


@item("p1-loss")
@pytest.mark.parametrize("reg", [0.0, 0.3])
def test_loss(student: Student, rng: Generator, reg: float) -> None:
    """The loss is the mean over the points, plus the penalty."""
    W, X, y = make_data(rng)
    assert_number_close(student.softmax_loss(W, X, y, reg), softmax.softmax_loss(W, X, y, reg))


@item("p1-hand", part="loss")
def test_loss_by_hand(student: Student) -> None:
    """The loss at W = 0 is right."""
    assert_number_close(student.value("loss_at_zero"), softmax.loss_at_zero)


@item("p1-hand", part="gradient")
def test_gradient_by_hand(student: Student) -> None:
    """The gradient at W = 0 is right, with one column for each class."""
    assert_close(student.value("gradient_at_zero"), softmax.gradient_at_zero)


@item("p1-gradient")
@pytest.mark.parametrize("reg", [0.0, 0.3])
def test_gradient(student: Student, rng: Generator, reg: float) -> None:
    """The gradient is that of the loss and its penalty."""
    W, X, y = make_data(rng)
    assert_close(student.softmax_gradient(W, X, y, reg), softmax.softmax_gradient(W, X, y, reg))


# --- accuracy -----------------------------------------------------------------------------------


@item("p1-accuracy")
@pytest.mark.parametrize("size", [8, 30])
def test_accuracy(student: Student, rng: Generator, size: int) -> None:
    """The share counts the points whose own class has the largest score."""
    scores, y = rng.normal(size=(size, 3)), rng.integers(3, size=size)
    right = np.arange(size) % 4 > 0  # three quarters of the points are right
    y[right] = np.argmax(scores, axis=1)[right]
    assert_number_close(student.accuracy(scores, y), softmax.accuracy(scores, y))
