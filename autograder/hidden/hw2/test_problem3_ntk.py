"""Hidden tests of Problem 3: the network's derivatives, its kernel, and the kernel's limit.

Weights are random, so v is never ±1 and no unit sits at the kink of the ReLU. The inputs of the
kernels include equal and opposite inputs. Separate claims test norms that rounding lifts above 1;
all other norms are below 1 by more than a rounding error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator

from autograder.grading.testkit import (
    Once,
    as_array,
    as_floats_of,
    assert_close,
    assert_curve,
    assert_guide,
    assert_labelled_axes,
    assert_labels_fit,
    assert_log_log,
    assert_named_guide,
    draw_mixed,
    item,
)
from autograder.hidden.hw2.wording import DATA, ERROR, WIDTH
from autograder.sandbox import Student
from autograder.sandbox.figurerecord import CurveData
from solutions.hw2 import ntk

DEGREES = [0, 1, 2, 3]
SIZES = [(5, 3), (3, 6), (1, 1)]
"""Pairs of width m and dimension d; m = 1 hides the factor 1/√m, so there are other sizes, too."""
SQUARES = [(1, 1), (4, 4)]
"""Sizes with m = d, for which the printed (σ'(Wx) ⊙ x) vᵀ can be computed."""


def make_network(rng: Generator, m: int, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights v of both signs, with sizes below and above 1, and random weights W.

    At the input x, every third unit is inactive. Some active units have a negative v, and some have
    a positive v. If there is only one unit, it is active.
    """
    W = rng.normal(size=(m, len(x)))
    signs = np.where(np.arange(m) % 3 == 2, -1, 1)
    return draw_mixed(rng, m), W * (signs * np.sign(W @ x))[:, np.newaxis]


def make_inputs(rng: Generator, count: int, d: int) -> np.ndarray:
    """Return points on the unit sphere, one point in each row."""
    X = rng.normal(size=(count, d))
    return np.asarray(X / np.linalg.norm(X, axis=1, keepdims=True))


# --- Derivatives of the network -------------------------------------------------------------------


@item("p3a-gradients", part="gradient_v", cases="n = {n}".format)
@pytest.mark.parametrize("n", DEGREES)
def test_gradient_v(student: Student, rng: Generator, n: int) -> None:
    """The derivative of the network in v is right for every activation σ(z) = zⁿ 1[z ≥ 0].

    After the due date: The right derivative is σ(Wx)/√m.
    """
    for m, d in SIZES:
        x = make_inputs(rng, 1, d)[0]
        v, W = make_network(rng, m, x)
        answer = student.gradient_v(v, W, x, n)
        assert_close(answer, ntk.gradient_v(v, W, x, n), what="gradient_v")


@item("p3a-gradients", part="gradient_W", cases="n = {n}".format)
@pytest.mark.parametrize("n", DEGREES)
def test_gradient_w(student: Student, rng: Generator, n: int) -> None:
    """The derivative of the network in W is right, with w_r's derivative in row r.

    After the due date: The right derivative is (v ⊙ σ'(Wx)) xᵀ/√m.
    """
    # SQUARES come first: if m = d, the printed form can be computed. If n = 0, the derivative is
    # zero in any form, so these sizes are enough.
    for sizes in (SQUARES, SIZES) if n > 0 else (SQUARES,):
        assert_gradients_in_w(student, rng, sizes, n)


def assert_gradients_in_w(
    student: Student, rng: Generator, sizes: Iterable[tuple[int, int]], n: int
) -> None:
    """Check the derivative in W in all these sizes; first ask for all derivatives."""
    found = []
    for m, d in sizes:
        x = make_inputs(rng, 1, d)[0]
        v, W = make_network(rng, m, x)
        found.append((student.gradient_W(v, W, x, n), ntk.gradient_W(v, W, x, n)))
    for answer, expected in found:
        assert_close(answer, expected, what="gradient_W")


# --- The kernel at finite width -------------------------------------------------------------------


@item("p3b-kernel", cases="n = {n}".format)
@pytest.mark.parametrize("n", DEGREES)
def test_empirical_kernel(student: Student, rng: Generator, n: int) -> None:
    """Entry (i, j) is the inner product of the derivatives at x_i and at x_j, in v and in W."""
    for m, d in SIZES:
        X = make_inputs(rng, 4, d)
        v, W = make_network(rng, m, X[0])
        answer = student.empirical_ntk(v, W, X, n)
        assert_close(answer, ntk.empirical_ntk(v, W, X, n), what="the kernel")


@item("p3b-kernel")
def test_empirical_kernel_of_related_inputs(student: Student, rng: Generator) -> None:
    """The kernel is right for equal inputs, for opposite inputs, and for a single input."""
    X = make_related_inputs(rng, 3)
    v, W = make_network(rng, 8, X[0])
    for inputs, n in ((X, 1), (X, 2), (X[:1], 2)):
        answer = student.empirical_ntk(v, W, inputs, n)
        assert_close(answer, ntk.empirical_ntk(v, W, inputs, n), what="the kernel")


# --- The limit ------------------------------------------------------------------------------------


def make_related_inputs(rng: Generator, d: int) -> np.ndarray:
    """Return six rows: x, a random row, x, −x, a row at a right angle to x, and x + a little."""
    x, y, little = make_inputs(rng, 3, d)
    orthogonal = y - (y @ x) * x
    rows = np.array([x, y, x, -x, orthogonal, x + 0.1 * little])
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def make_scene(rng: Generator, scene: str) -> np.ndarray:
    """Return rows at acute and obtuse angles ("all round") or at angles 0, π/2 and π ("related").

    The norms are slightly below 1.
    """
    if scene == "all round":
        turns = (np.arange(9) + rng.uniform(-0.3, 0.3, size=9)) / 9 + rng.uniform()
        angles = 2 * np.pi * rng.permutation(turns)
        return BELOW * np.column_stack([np.cos(angles), np.sin(angles)])
    return BELOW * (make_related_inputs(rng, 5) if scene == "related" else make_inputs(rng, 5, 3))


SCENES = {
    "random": "random inputs",
    "all round": "inputs in the plane at all angles",
    "related": "equal, opposite and orthogonal inputs",
}
BELOW, ABOVE = 1 - 1e-13, 1 + 1e-15
"""Two norms: with any rounding, BELOW keeps x_iᵀx_j in [−1, 1]; ABOVE lifts x_iᵀx_i above 1."""


def assert_limit(answer: object, X: np.ndarray, n: int) -> None:
    """Check the limit.

    NaN at the angles 0 and π is ignored, as only rounding decides whether it appears. A separate
    claim tests for NaN.
    """
    right = ntk.limit_ntk(X, n)
    array = as_floats_of(answer, right)
    if array is not None:
        at_the_ends = np.abs(X @ X.T) > 1 - 1e-9
        answer = np.where(at_the_ends & ~np.isfinite(array), right, array)
    assert_close(answer, right, what=f"the limit for n = {n}")


def assert_untouched_by_rounding(student: Student, rng: Generator, n: int) -> None:
    """Check that no entry is NaN, and that norms just above 1 leave the limit unchanged."""
    X = np.vstack([make_related_inputs(rng, 5), make_inputs(rng, 10, 5)])
    below, above = student.limit_ntk(BELOW * X, n), student.limit_ntk(ABOVE * X, n)
    expected = as_array(below, f"the limit for n = {n}")
    what = f"the limit for n = {n}, for norms a rounding error above 1,"
    assert_close(above, expected, what=what)


@item("p3c-relu", cases=lambda scene: SCENES[scene])
@pytest.mark.parametrize("scene", SCENES)
def test_limit_for_relu(student: Student, rng: Generator, scene: str) -> None:
    """For n = 1 the limit is right at all angles, also on the diagonal and for opposite inputs."""
    X = make_scene(rng, scene)
    assert_limit(student.limit_ntk(X, 1), X, 1)


@item("p3c-relu", care="rounding")
def test_limit_for_relu_survives_rounding(student: Student, rng: Generator) -> None:
    """For n = 1 no entry is NaN, even on the diagonal, and a norm slightly above 1 is harmless."""
    assert_untouched_by_rounding(student, rng, 1)


@item("p3c-squared", cases=lambda scene: SCENES[scene])
@pytest.mark.parametrize("scene", SCENES)
def test_limit_for_squares(student: Student, rng: Generator, scene: str) -> None:
    """For n = 2 the limit is right at all angles, also on the diagonal and for opposite inputs."""
    X = make_scene(rng, scene)
    assert_limit(student.limit_ntk(X, 2), X, 2)


@item("p3c-squared", care="rounding")
def test_limit_for_squares_survives_rounding(student: Student, rng: Generator) -> None:
    """For n = 2 no entry is NaN, even on the diagonal, and a norm slightly above 1 is harmless."""
    assert_untouched_by_rounding(student, rng, 2)


# --- The picture ----------------------------------------------------------------------------------


def make_errors(rng: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return made-up widths m, and errors that do not fall like m^(−1/2)."""
    widths = np.array([20, 55, 170, 600, 2300]) + rng.integers(10, size=5)
    wiggle = np.array([1.0, 0.8, 1.3, 0.9, 1.2]) * rng.uniform(0.9, 1.1, size=5)
    return widths, rng.uniform(0.5, 2) * widths**-0.8 * wiggle


@dataclass(frozen=True)
class Picture:
    """A picture of a convergence, and the widths and errors that it must show."""

    figure: Any
    widths: np.ndarray
    errors: np.ndarray

    def assert_shown(self) -> None:
        """Check that the errors are in the picture, on logarithmic axes."""
        assert_curve(self.figure, self.widths, self.errors, what="the error against the width")
        assert_log_log(self.figure, self.widths, self.errors)

    def guide(self) -> CurveData:
        """Return the guide of slope −1/2."""
        return assert_guide(self.figure, self.widths, self.errors, slope=-0.5)


def draw(student: Student, widths: np.ndarray, errors: np.ndarray) -> Picture:
    """Return the student's picture of these errors against these widths."""
    return Picture(student.plot_convergence(widths, errors), widths, errors)


@item("p3-plot")
def test_plot_shows_the_errors(student: Student, rng: Generator, once: Once) -> None:
    """The picture shows the errors against the widths on logarithmic axes, inside the axes."""
    once(lambda: draw(student, *make_errors(rng))).assert_shown()


@item("p3-plot")
def test_plot_shows_what_it_is_given(student: Student, rng: Generator) -> None:
    """The picture shows exactly the widths and errors that are passed in, even small ones."""
    widths, errors = make_errors(rng)
    draw(student, widths[:3], 1e-3 * errors[:3]).assert_shown()


@item("p3-plot")
def test_plot_has_a_guide(student: Student, rng: Generator, once: Once) -> None:
    """A straight line beside the errors has the slope −1/2 on logarithmic axes."""
    once(lambda: draw(student, *make_errors(rng))).guide()


@item("p3-plot", costs=0.25)
def test_plot_names_the_guide(student: Student, rng: Generator, once: Once) -> None:
    """A legend, or a text, names the guide."""
    picture = once(lambda: draw(student, *make_errors(rng)))
    assert_named_guide(picture.figure, picture.guide(), slope=-0.5, data=DATA)


@item("p3-plot", costs=0.25)
def test_plot_labels_its_axes(student: Student, rng: Generator, once: Once) -> None:
    """Both axes have labels, and each label fits its axis."""
    picture = once(lambda: draw(student, *make_errors(rng)))
    assert_labelled_axes(picture.figure)
    assert_labels_fit(picture.figure, [(picture.widths, picture.errors)], x=WIDTH, y=ERROR)
