"""Hidden tests of Problem 2: the widening valley, GD, USAM, and the experiments with both methods.

The optimisers are tested on made-up gradients, and the experiment on a made-up optimiser. So
student code gets no part of the reference, and a mistake in one item does not cost points in
another item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator

from autograder.grading.testkit import (
    PLAIN,
    UNITS,
    ClaimFailed,
    Follow,
    Once,
    Says,
    Units,
    as_array,
    as_figure,
    as_pair,
    as_vector,
    ask_from_integers,
    assert_at_height,
    assert_close,
    assert_curves,
    assert_iterates,
    assert_labelled_axes,
    assert_labels_fit,
    assert_left_alone,
    assert_marked,
    assert_marks_named,
    assert_named_curves,
    assert_not_marked,
    assert_nowhere_said,
    assert_number_close,
    assert_own_rows,
    assert_plane_labelled,
    assert_surface,
    assert_surface_reaches,
    assert_told_apart,
    draw_mixed,
    is_marked,
    item,
    legend_texts,
    lookup,
    says_number,
    says_number_of,
    says_otherwise,
)
from autograder.hidden.hw2.wording import (
    ETA,
    GD,
    OBJECTIVE,
    RHO,
    TRACE,
    USAM,
    says_gd,
    says_usam,
)
from autograder.sandbox import Polynomial, Student
from solutions.hw2 import landscape

Gradient = Callable[[Any], np.ndarray]
Results = Mapping[tuple[float, float], np.ndarray]

DIMENSIONS = [1, 2, 7]
GRADED = (
    "gd_update", "usam_update", "loss", "gradient", "hessian", "hessian_trace", "gd", "usam",
    "run_experiment", "plot_traces", "plot_landscape",
)  # fmt: skip
"""Functions that are answers of the notebook; a written-out formula must call no other answer."""


def make_valley_points(rng: Generator, d: int) -> list[tuple[np.ndarray, float]]:
    """Return two points (u, v): one with ‖u‖ > 1 > |v|, one with ‖u‖ < 1 < |v|.

    v is negative at one point and positive at the other, and so is each entry of u. If d ≥ 2, u has
    entries of both signs at both points.
    """
    direction = draw_mixed(rng, d)
    direction /= np.linalg.norm(direction)
    sign = float(rng.choice([-1, 1]))
    return [
        (rng.uniform(1.3, 1.9) * direction, sign * rng.uniform(0.55, 0.8)),
        (-rng.uniform(0.5, 0.75) * direction, -sign * rng.uniform(1.3, 1.8)),
    ]


def as_point(x: Any, d: int) -> np.ndarray:
    """Return the point [u, v] that a made-up function was given; reject anything else."""
    return as_vector(x, d + 1)


def make_gradient(rng: Generator, d: int, units: Units = PLAIN) -> Gradient:
    """Return a made-up gradient ∇f(x) = a sin x + b x + c + s Σ_k x_k / (d + 1) on ℝ^{d+1}.

    The gradient has a moderate slope. If `draw_mixed` draws x, the gradient has the signs of x.
    """
    a, b = rng.uniform(0.4, 1.2, size=d + 1), rng.uniform(0.6, 1.4, size=d + 1)
    c = rng.choice([-1, 1], size=d + 1) * rng.uniform(0.1, 0.2, size=d + 1)
    slope = rng.choice([-1, 1]) * rng.uniform(0.05, 0.1)

    def gradient(x: Any) -> np.ndarray:
        x = as_point(x, d) / units.place
        value: np.ndarray = a * np.sin(x) + b * x + c + slope * x.mean()
        return units.gradient * value

    return gradient


# --- a) Values at a point -------------------------------------------------------------------------


@item("p2a-values", part="gradient")
def test_gradient_at_point(student: Student) -> None:
    """The gradient at the given point is right."""
    answer = student.value("gradient_at_point")
    assert_close(answer, landscape.gradient_at_point, what="`gradient_at_point`")


@item("p2a-values", part="hessian")
def test_hessian_at_point(student: Student) -> None:
    """The Hessian at the given point is right."""
    answer = student.value("hessian_at_point")
    assert_close(answer, landscape.hessian_at_point, what="`hessian_at_point`")


@item("p2a-values", part="trace")
def test_trace_at_point(student: Student, follow: Follow) -> None:
    """The trace of the Hessian at the given point is right."""
    answer = student.value("trace_at_point")

    def is_trace_of(hessian: np.ndarray) -> None:
        assert_number_close(answer, np.trace(hessian), what="`trace_at_point`")

    follow(
        "hessian_at_point",
        lambda: is_trace_of(landscape.hessian_at_point),
        lambda own: is_trace_of(as_worked_out(own.value("hessian_at_point"))),
    )


def as_worked_out(answer: object) -> np.ndarray:
    """Return the student's Hessian at the point if it seems worked out; else raise ClaimFailed.

    At least half of the entries must be right, perhaps up to a common factor. The Hessian must not
    be a multiple of the identity matrix, so that the trace of an arbitrary matrix earns nothing.
    """
    hessian, right = as_array(answer, "`hessian_at_point`"), landscape.hessian_at_point
    if hessian.shape == right.shape and not np.allclose(hessian, hessian[0, 0] * np.eye(4)):
        factors = [1.0, *(hessian[right != 0] / right[right != 0])]
        if any(np.isclose(hessian, c * right).sum() >= right.size / 2 for c in factors if c):
            return hessian
    raise ClaimFailed("`hessian_at_point` is not worked out.")


# --- b) The updates, written out ------------------------------------------------------------------


@item("p2b-gd-update", cases="d = {d}".format)
@pytest.mark.parametrize("d", DIMENSIONS)
def test_gd_update(student: Student, rng: Generator, d: int) -> None:
    """One written-out step of GD is right: both formulas use the old u and the old v."""
    alone = written_out(student, "gd_update")
    for u, v, unit in make_update_points(rng, d):
        eta = rng.uniform(0.2, 0.5) / unit
        assert_update(alone.gd_update(u, v, eta), landscape.gd_update(u, v, eta))


@item("p2b-gd-update", care="in place")
def test_gd_update_leaves_u_alone(student: Student, rng: Generator) -> None:
    """u is not changed in place."""
    u, v = make_valley_points(rng, 3)[0]
    student.gd_update(u, v, 0.3)
    assert_left_alone(student.arguments_after[0], u, "u")


@item("p2b-usam-update", cases="d = {d}".format)
@pytest.mark.parametrize("d", DIMENSIONS)
def test_usam_update(student: Student, rng: Generator, d: int) -> None:
    """One written-out step of USAM is right: it starts at x and uses the gradient at x + ρ∇L(x)."""
    alone = written_out(student, "usam_update")
    for u, v, unit in make_update_points(rng, d):
        eta = rng.uniform(0.2, 0.5) / unit
        for rho in (rng.uniform(0.3, 0.6) / unit, 0.0):
            answer = alone.usam_update(u, v, eta, rho)
            assert_update(answer, landscape.usam_update(u, v, eta, rho))


@item("p2b-usam-update", care="in place")
def test_usam_update_leaves_u_alone(student: Student, rng: Generator) -> None:
    """u is not changed in place."""
    u, v = make_valley_points(rng, 3)[0]
    student.usam_update(u, v, 0.3, 0.4)
    assert_left_alone(student.arguments_after[0], u, "u")


def make_update_points(rng: Generator, d: int) -> Iterator[tuple[np.ndarray, float, float]]:
    """Return points (u, v) in three sizes, each with the unit of 1/η and 1/ρ at that size.

    The valley looks the same in all sizes, up to units. At some sizes, η, ρ and the gradient are
    tiny or huge.
    """
    for size in (1.0, 1e-3, 1e3):
        for u, v in make_valley_points(rng, d):
            yield size * u, size * v, size**2


def written_out(student: Student, name: str) -> Student:
    """Return the student without the other answers of the notebook."""
    return student.without(*(other for other in GRADED if other != name))


def assert_update(answer: object, expected: tuple[np.ndarray, float]) -> None:
    """Check both parts of an update."""
    u, v = as_pair(answer, "u⁺, v⁺")
    assert_close(u, expected[0], what="u⁺")
    assert_number_close(v, expected[1], what="v⁺")


# --- c) Loss and derivatives ----------------------------------------------------------------------


def make_points(rng: Generator, d: int) -> list[np.ndarray]:
    """Return two points x = [u, v], made like the points of `make_valley_points`."""
    return [np.append(u, v) for u, v in make_valley_points(rng, d)]


@item("p2c-loss-gradient", part="loss", cases="d = {d}".format)
@pytest.mark.parametrize("d", DIMENSIONS)
def test_loss(student: Student, rng: Generator, d: int) -> None:
    """The loss is ½ ‖u‖² v², where v is the last entry of x."""
    for x in make_points(rng, d):
        assert_number_close(student.loss(x), landscape.loss(x), what="the loss")


@item("p2c-loss-gradient", part="gradient", cases="d = {d}".format)
@pytest.mark.parametrize("d", DIMENSIONS)
def test_gradient(student: Student, rng: Generator, d: int) -> None:
    """The gradient is right, and its last entry belongs to v.

    After the due date: The right gradient is [v² u, ‖u‖² v].
    """
    for x in make_points(rng, d):
        assert_close(student.gradient(x), landscape.gradient(x), what="the gradient")


@item("p2c-hessian-trace", part="hessian", cases="d = {d}".format)
@pytest.mark.parametrize("d", DIMENSIONS)
def test_hessian(student: Student, rng: Generator, d: int) -> None:
    """The Hessian is right in all its blocks.

    After the due date: The right blocks are v² I, 2 v u and ‖u‖².
    """
    points = make_points(rng, d)
    answers = [student.hessian(x) for x in points]
    for x, answer in zip(points, answers, strict=True):
        assert_close(answer, landscape.hessian(x), what="the Hessian")


@item("p2c-hessian-trace", part="trace", cases="d = {d}".format)
@pytest.mark.parametrize("d", DIMENSIONS)
def test_hessian_trace(student: Student, rng: Generator, follow: Follow, d: int) -> None:
    """The trace of the Hessian is right.

    After the due date: The right trace is d v² + ‖u‖².
    """
    points = make_points(rng, d)
    answers = [student.hessian_trace(x) for x in points]

    def are_traces_of(hessian: Callable[[np.ndarray], object]) -> None:
        for x, answer in zip(points, answers, strict=True):
            matrix = as_array(hessian(x), "the Hessian")
            if matrix.shape != (d + 1, d + 1):
                raise ClaimFailed("The Hessian has the wrong shape.")
            assert_number_close(answer, np.trace(matrix), what="the trace")

    follow(
        "hessian",
        lambda: are_traces_of(landscape.hessian),
        lambda own: are_traces_of(own.hessian),
    )


# --- c) GD and USAM -------------------------------------------------------------------------------


def make_etas(rng: Generator) -> np.ndarray:
    """Return five step sizes that alternately rise and fall; the first is above the mean."""
    etas = np.full(5, 0.3)
    etas[:4:2], etas[1::2] = rng.permutation([0.4, 0.45]), rng.permutation([0.08, 0.15])
    return etas * rng.uniform(0.9, 1.1)


STANDSTILLS = ["flat ground", "nearly flat ground", "small step sizes", "ever steeper ground"]


def make_standstill(rng: Generator, run: str) -> tuple[Gradient, np.ndarray, np.ndarray]:
    """Return a gradient on ℝ³, a start and five step sizes, for a run that seems finished early.

    "flat ground": after two steps, the gradient is zero.

    "nearly flat ground": after two steps the gradient is 10⁻¹² of its earlier size, and the last
    two step sizes are so large that the point moves on.

    "small step sizes": the second and the third step are too small to change x at all.

    "ever steeper ground": the steps lead away from the origin, and the gradient grows.
    """
    plain, etas = make_gradient(rng, 2), make_etas(rng)
    if run == "small step sizes":
        etas[1:3] = 1e-30
        return plain, draw_mixed(rng, 3), etas
    if run == "ever steeper ground":
        slopes = rng.uniform(0.6, 1.2, size=3)
        return lambda x: -slopes * as_point(x, 2), draw_mixed(rng, 3), etas
    slope = np.append(1.0, draw_mixed(rng, 2))
    height = 0.0 if run == "flat ground" else 1e-12

    def gradient(x: Any) -> np.ndarray:
        on_the_slope = as_point(x, 2)[0] > 0
        return slope if on_the_slope else height * plain(x) * [0, 1, 1]

    etas[:3] = 0.4
    if height:
        etas[3:] /= height
    return gradient, np.append(0.5, draw_mixed(rng, 2)), etas


@item("p2c-gd", cases="d = {d}".format)
@pytest.mark.parametrize("d", DIMENSIONS)
def test_gd(student: Student, rng: Generator, d: int) -> None:
    """Each step of GD moves by −η_k times the gradient that was passed in."""
    gradient, x0, etas = make_gradient(rng, d), draw_mixed(rng, d + 1), make_etas(rng)
    for eta in (etas, float(etas[0])):
        answer = student.gd(gradient, x0, eta, len(etas))
        expected = landscape.gd(gradient, x0, eta, len(etas))
        assert_iterates(answer, expected, what="the array of iterates")


@item("p2c-gd")
def test_gd_in_other_units(student: Student, rng: Generator) -> None:
    """The steps are also right if points and gradients are tiny or huge."""
    for units in UNITS.values():
        gradient, x0 = make_gradient(rng, 2, units), units.place * draw_mixed(rng, 3)
        inputs = gradient, x0, units.step * make_etas(rng), 5
        expected = landscape.gd(*inputs)
        assert_iterates(student.gd(*inputs), expected, what="the array of iterates")


@item("p2c-gd")
def test_gd_makes_all_steps(student: Student, rng: Generator) -> None:
    """All steps are made, even if a gradient vanishes or grows, or nothing moves for a while."""
    for run in STANDSTILLS:
        gradient, x0, etas = make_standstill(rng, run)
        answer = student.gd(gradient, x0, etas, 5)
        expected = landscape.gd(gradient, x0, etas, 5)
        assert_iterates(answer, expected, what="the array of iterates")


@item("p2c-gd", care="in place")
def test_gd_leaves_the_start_alone(student: Student, rng: Generator) -> None:
    """The start is not changed in place."""
    x0 = draw_mixed(rng, 3)
    student.gd(make_gradient(rng, 2), x0, 0.2, 4)
    assert_left_alone(student.arguments_after[1], x0, "the start")


@item("p2c-gd", care="in place")
def test_gd_overwrites_no_row(student: Student, rng: Generator) -> None:
    """Each row keeps its own iterate: later steps do not overwrite it."""
    x0 = draw_mixed(rng, 3)
    answer = student.gd(make_gradient(rng, 2), x0, 0.2, 4)
    assert_own_rows([answer], x0, "the array of iterates")


@item("p2c-gd", care="integers")
def test_gd_takes_integers(student: Student, rng: Generator) -> None:
    """A start with integer entries is promoted to float."""
    gradient, x0 = make_gradient(rng, 2), rng.permutation([-4, 2, 3])
    answer = ask_from_integers(student, lambda start: student.gd(gradient, start, 0.2, 3), x0)
    expected = landscape.gd(gradient, x0, 0.2, 3)
    assert_iterates(answer, expected, what="the array of iterates from a start of integers")


@item("p2c-gd", care="no steps")
def test_gd_takes_no_step(student: Student, rng: Generator) -> None:
    """Zero steps are allowed: the answer is then the start alone."""
    x0 = draw_mixed(rng, 3)
    answer = student.gd(make_gradient(rng, 2), x0, 0.2, 0)
    assert_close(answer, x0[np.newaxis], what="the array of iterates of no step")


@item("p2c-usam", cases="d = {d}".format)
@pytest.mark.parametrize("d", DIMENSIONS)
def test_usam(student: Student, rng: Generator, d: int) -> None:
    """Each step of USAM uses the gradient that was passed in, at the point x + ρ∇f(x)."""
    gradient, x0, etas = make_gradient(rng, d), draw_mixed(rng, d + 1), make_etas(rng)
    for eta, rho in ((etas, rng.uniform(0.3, 0.5)), (float(etas[0]), 0.4), (etas, 0.0)):
        answer = student.usam(gradient, x0, eta, rho, len(etas))
        expected = landscape.usam(gradient, x0, eta, rho, len(etas))
        assert_iterates(answer, expected, what="the array of iterates")


@item("p2c-usam")
def test_usam_in_other_units(student: Student, rng: Generator) -> None:
    """The steps are also right if points and gradients are tiny or huge."""
    for units in UNITS.values():
        gradient, x0 = make_gradient(rng, 2, units), units.place * draw_mixed(rng, 3)
        inputs = gradient, x0, units.step * make_etas(rng), 0.4 * units.step, 5
        expected = landscape.usam(*inputs)
        assert_iterates(student.usam(*inputs), expected, what="the array of iterates")


@item("p2c-usam")
def test_usam_makes_all_steps(student: Student, rng: Generator) -> None:
    """All steps are made, even if a gradient vanishes or grows, or nothing moves for a while."""
    for run in STANDSTILLS:
        gradient, x0, etas = make_standstill(rng, run)
        answer = student.usam(gradient, x0, etas, 0.4, 5)
        expected = landscape.usam(gradient, x0, etas, 0.4, 5)
        assert_iterates(answer, expected, what="the array of iterates")


@item("p2c-usam", care="in place")
def test_usam_leaves_the_start_alone(student: Student, rng: Generator) -> None:
    """The start is not changed in place."""
    x0 = draw_mixed(rng, 3)
    student.usam(make_gradient(rng, 2), x0, 0.2, 0.3, 4)
    assert_left_alone(student.arguments_after[1], x0, "the start")


@item("p2c-usam", care="in place")
def test_usam_overwrites_no_row(student: Student, rng: Generator) -> None:
    """Each row keeps its own iterate: later steps do not overwrite it."""
    x0 = draw_mixed(rng, 3)
    answer = student.usam(make_gradient(rng, 2), x0, 0.2, 0.3, 4)
    assert_own_rows([answer], x0, "the array of iterates")


@item("p2c-usam", care="integers")
def test_usam_takes_integers(student: Student, rng: Generator) -> None:
    """A start with integer entries is promoted to float."""
    gradient, x0 = make_gradient(rng, 2), rng.permutation([-4, 2, 3])
    answer = ask_from_integers(
        student, lambda start: student.usam(gradient, start, 0.2, 0.3, 3), x0
    )
    expected = landscape.usam(gradient, x0, 0.2, 0.3, 3)
    assert_iterates(answer, expected, what="the array of iterates from a start of integers")


@item("p2c-usam", care="no steps")
def test_usam_takes_no_step(student: Student, rng: Generator) -> None:
    """Zero steps are allowed: the answer is then the start alone."""
    x0 = draw_mixed(rng, 3)
    answer = student.usam(make_gradient(rng, 2), x0, 0.2, 0.3, 0)
    assert_close(answer, x0[np.newaxis], what="the array of iterates of no step")


# --- c) The experiment ----------------------------------------------------------------------------


def make_optimizer(rng: Generator, d: int) -> Callable[..., np.ndarray]:
    """Return a made-up method with the parameters of `usam`; it is GD only if rho = 0."""
    pull = rng.uniform(0.5, 1.5)

    def optimizer(
        gradient: Gradient, x0: Any, eta: float, rho: float, num_steps: int
    ) -> np.ndarray:
        if not 0 <= num_steps <= 1000:
            raise ValueError("the number of steps is negative or above 1000")
        iterates = [as_point(x0, d)]
        for k in range(int(num_steps)):
            x = iterates[-1]
            lift = float(rho) * pull * np.cos(x + k)
            iterates.append(x - float(eta) * (as_vector(gradient(x), d + 1) + lift))
        return np.array(iterates)

    return optimizer


def make_starts(rng: Generator, d: int) -> np.ndarray:
    """Return four starts, one in each row; each column has both signs."""
    starts = np.array([draw_mixed(rng, d + 1), draw_mixed(rng, d + 1)])
    return np.concatenate([starts, -starts * rng.uniform(0.7, 0.9, size=(2, 1))])


@item("p2c-experiment", cases="d = {d}".format)
@pytest.mark.parametrize("d", [1, 3])
def test_experiment(student: Student, rng: Generator, d: int) -> None:
    """For every pair (η, ρ), the dict has the last iterates, in the order of the starts."""
    optimizer, gradient = make_optimizer(rng, d), make_gradient(rng, d)
    starts = make_starts(rng, d)
    etas = np.round([rng.uniform(0.28, 0.4), rng.uniform(0.1, 0.2)], 3)
    rhos = [0.0, 0.55, 0.93]
    answer = student.run_experiment(optimizer, gradient, starts, etas, rhos, 3)
    pairs = [(float(eta), rho) for eta in etas for rho in rhos]
    for (eta, rho), ends in zip(pairs, lookup(answer, pairs, "eta, rho"), strict=True):
        expected = [optimizer(gradient, x0, eta, rho, 3)[-1] for x0 in starts]
        assert_close(ends, expected, what="the array of last iterates of some pair (eta, rho)")


# --- c) The pictures ------------------------------------------------------------------------------


def make_trace(rng: Generator, d: int) -> Callable[[Any], float]:
    """Return a made-up positive function to replace the trace, with a long tail."""
    weight = rng.uniform(0.5, 1.5)

    def trace(x: Any) -> float:
        x = as_point(x, d)
        return float(0.2 + weight * x[0] ** 2 + np.exp(1.5 * x[-1]))

    return trace


def make_results(rng: Generator, runs: int, d: int) -> dict[tuple[float, float], np.ndarray]:
    """Return made-up last iterates for three step sizes, in mixed order, and four radii."""
    low, middle, high = np.sort(rng.choice([0.4, 0.25, 0.15, 0.07, 0.03], 3, replace=False))
    etas = [(middle, high, low), (middle, low, high), (high, low, middle)][rng.integers(3)]
    rhos = np.append(0.0, np.sort(rng.choice([0.05, 0.1, 0.2, 0.35, 0.6], 3, replace=False)))
    return {
        (float(eta), float(rho)): rng.normal(size=(runs, d + 1)) * rng.uniform(0.5, 1.5)
        for eta in etas
        for rho in rhos
    }


def expected_traces(
    trace: Callable[[Any], float], results: Results
) -> dict[float, tuple[np.ndarray, np.ndarray]]:
    """Return the lines that the picture must show: medians of runs that did not diverge, by η."""
    lines = {}
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for other, rho in results if other == eta)
        medians = []
        for rho in rhos:
            norms = np.linalg.norm(results[eta, rho], axis=1)
            medians.append(np.median([trace(x) for x in results[eta, rho][norms <= 1e6]]))
        lines[eta] = (np.array(rhos), np.array(medians))
    return lines


@dataclass(frozen=True)
class Traces:
    """A picture of final traces, and the lines that it must show, by η."""

    figure: Any
    lines: Mapping[float, tuple[np.ndarray, np.ndarray]]

    def assert_shown(self) -> None:
        """Check that every line is in the picture."""
        assert_curves(self.figure, self.lines, what="the median trace of some η, against ρ")


def draw_traces(student: Student, rng: Generator, runs: int, d: int) -> Traces:
    """Return a picture of the traces of made-up runs."""
    trace, results = make_trace(rng, d), make_results(rng, runs, d)
    return Traces(student.plot_traces(trace, results), expected_traces(trace, results))


@item("p2c-trace-plot")
def test_trace_plot_shows_the_medians(student: Student, rng: Generator, once: Once) -> None:
    """For each η the picture shows the median of the final trace against ρ, inside the axes."""
    once(lambda: draw_traces(student, rng, 7, 2)).assert_shown()


@item("p2c-trace-plot")
def test_trace_plot_of_other_runs_shows_the_medians(student: Student, rng: Generator) -> None:
    """The medians are also right for another number of runs in another dimension."""
    draw_traces(student, rng, 5, 1).assert_shown()


@item("p2c-trace-plot", costs=0.25)
def test_trace_plot_of_an_even_number_of_runs(student: Student, rng: Generator) -> None:
    """For an even number of runs the median is the mean of the two middle values."""
    draw_traces(student, rng, 6, 1).assert_shown()


@item("p2c-trace-plot", costs=0.25)
def test_trace_plot_leaves_out_diverged_runs(student: Student, rng: Generator) -> None:
    """Runs that are not finite, or further than 10⁶ from the origin, are left out."""
    trace, results = make_trace(rng, 2), make_results(rng, 8, 2)
    for ends in results.values():
        ends[1], ends[4] = np.nan, (-3e7, 1.0, -4e7)
        ends[6, 0] = -np.inf
    figure = student.plot_traces(trace, results)
    what = "the median trace of the runs that did not diverge"
    assert_curves(figure, expected_traces(trace, results), what=what)


@item("p2c-trace-plot", costs=0.25)
def test_trace_plot_names_the_step_sizes(student: Student, rng: Generator, once: Once) -> None:
    """A legend, or a text beside each line, gives the η of each line."""
    drawn = once(lambda: draw_traces(student, rng, 7, 2))
    assert_named_curves(drawn.figure, drawn.lines, lambda eta: says_number_of(eta, RHO), what="η")
    assert_legend_is_of_eta(drawn.figure)


def assert_legend_is_of_eta(figure: object) -> None:
    """Check that no legend has just ρ as its title, unless the legend's entries name η."""
    texts = legend_texts(as_figure(figure))
    if any(map(RHO.are_all_of, texts)) and not any(map(ETA, texts)):
        raise ClaimFailed("The title of the legend is ρ, but its lines belong to different η.")


@item("p2c-trace-plot", costs=0.25)
def test_trace_plot_labels_its_axes(student: Student, rng: Generator, once: Once) -> None:
    """Both axes have labels, and each label fits its axis."""
    drawn = once(lambda: draw_traces(student, rng, 7, 2))
    assert_labelled_axes(drawn.figure)
    assert_labels_fit(drawn.figure, drawn.lines.values(), x=RHO, y=TRACE, others=ETA)


def make_loss(rng: Generator) -> Polynomial:
    """Return a made-up positive loss over the plane without any mirror symmetry.

    The loss is 0.1 + a p² + 2.5 b q² + c pq with p = u − ½ and q = v + 0.6. As 10 ab > c², the sum
    of the last three terms is never negative, so the loss has a logarithm, which can be drawn.
    """
    a, b, c = rng.uniform(0.6, 1.4, size=3)
    constant = 0.1 + 0.25 * a + 0.9 * b - 0.3 * c
    return Polynomial(
        np.array([[constant, 3 * b - 0.5 * c, 2.5 * b], [0.6 * c - a, c, 0], [a, 0, 0]])
    )


def make_plane_results(rng: Generator) -> tuple[float, dict[tuple[float, float], np.ndarray]]:
    """Return a step size, and made-up last iterates for two step sizes, with three radii each.

    The largest radius is 1, and the largest entry of the farthest iterate is negative. Each set of
    iterates has entries of both signs for u and for v.
    """
    eta, other = (float(e) for e in rng.permutation([0.05, 0.13, 0.31])[:2])
    rhos = [0.0, float(rng.choice([0.2, 0.4, 0.7])), 1.0]
    keys = [*((other, rho) for rho in rhos[:2]), *((eta, rho) for rho in rhos), (other, rhos[2])]
    results = {key: rng.uniform(-1.8, 1.8, size=(5, 2)) for key in keys}
    for ends in results.values():
        ends[1:3] = np.abs(ends[1:3]) * [[1, -1], [-1, 1]]
    results[eta, 0.0][0, 0] = -2.4
    return eta, results


@dataclass(frozen=True)
class Scene:
    """A picture of the landscape, and the loss and points that it must show."""

    figure: Any
    loss: Callable[[Any], Any]
    eta: float
    results: dict[tuple[float, float], np.ndarray]

    @property
    def gd(self) -> np.ndarray:
        """The last iterates of GD at the given η."""
        return self.results[self.eta, 0.0]

    @property
    def usam(self) -> dict[float, np.ndarray]:
        """The last iterates of USAM at the given η, by ρ."""
        return {rho: x for (eta, rho), x in self.results.items() if eta == self.eta and rho > 0}

    @property
    def others(self) -> np.ndarray:
        """The last iterates at the other η."""
        return np.concatenate([x for (eta, _), x in self.results.items() if eta != self.eta])


def draw_scene(student: Student, rng: Generator) -> Scene:
    """Return a picture of a made-up landscape."""
    loss, (eta, results) = make_loss(rng), make_plane_results(rng)
    return Scene(student.plot_landscape(loss, results, eta), loss, eta, results)


@item("p2c-surface-plot")
def test_surface_plot(student: Student, rng: Generator, once: Once) -> None:
    """The picture shows the loss over the plane, and on it the last iterates at the given η."""
    scene = once(lambda: draw_scene(student, rng))
    figure, loss = as_figure(scene.figure), scene.loss
    assert_surface(figure, loss)
    assert_both_marked(scene)
    assert_not_marked(figure, loss, scene.others, what="last iterates of another η")


@item("p2c-surface-plot")
def test_surface_plot_of_another_step_size(student: Student, rng: Generator, once: Once) -> None:
    """The last iterates are shown for a smaller and for a larger η."""
    first = once(lambda: draw_scene(student, rng))
    other = next(eta for eta, _ in first.results if eta != first.eta)
    figure = student.plot_landscape(first.loss, first.results, other)
    assert_both_marked(Scene(figure, first.loss, other, first.results))


def assert_both_marked(scene: Scene) -> None:
    """Check that the last iterates of GD, and USAM's for at least one radius, are marked."""
    figure, loss = as_figure(scene.figure), scene.loss
    assert_marked(figure, loss, scene.gd, what="the last iterates of GD")
    if not any(is_marked(figure, loss, ends) for ends in scene.usam.values()):
        ends = next(iter(scene.usam.values()))
        assert_marked(figure, loss, ends, what="the last iterates of USAM")


@item("p2c-surface-plot", costs=0.25)
def test_surface_plot_shows_every_radius(student: Student, rng: Generator, once: Once) -> None:
    """The last iterates of USAM are shown for every ρ > 0 in the results at the given η."""
    scene = once(lambda: draw_scene(student, rng))
    for ends in scene.usam.values():
        assert_marked(scene.figure, scene.loss, ends, what="the last iterates of USAM for some ρ")


@item("p2c-surface-plot", costs=0.25)
def test_surface_plot_is_large_enough(student: Student, rng: Generator, once: Once) -> None:
    """The surface reaches as far as the last iterates; in 3D, none is far above or below it."""
    scene = once(lambda: draw_scene(student, rng))
    ends = np.concatenate([scene.gd, *scene.usam.values()])
    assert_surface_reaches(scene.figure, scene.loss, ends, what="the last iterates")
    assert_at_height(scene.figure, scene.loss, ends, what="the last iterates")


@item("p2c-surface-plot", costs=0.25)
def test_surface_plot_names_the_methods(student: Student, rng: Generator, once: Once) -> None:
    """A legend, or texts, say correctly which points are GD's and which are USAM's."""
    scene = once(lambda: draw_scene(student, rng))
    usam = np.concatenate(list(scene.usam.values()))
    names = {"GD": says_gd, "USAM": lambda text: says_usam(text, [*scene.usam])}
    keys = {"GD": GD, "USAM": USAM}
    assert_told_apart(scene.figure, names, keys)
    assert_marks_named(scene.figure, {"GD": scene.gd, "USAM": usam}, names, keys)
    gives_radius = {"USAM's ρ": says_otherwise("rho", 0.0)}
    assert_marks_named(scene.figure, {"GD": scene.gd, "USAM's ρ": usam}, gives_radius)
    for rho, ends in scene.usam.items():
        others = np.concatenate([x for other, x in scene.usam.items() if other != rho])
        groups = {"one ρ": ends, "another ρ": others}
        named = {"another ρ": says_another_rho(rho, [*scene.usam])}
        assert_marks_named(scene.figure, groups, named)
    for eta in ("eta", ETA):
        what = "that η has another value than the given one"
        assert_nowhere_said(scene.figure, says_otherwise(eta, scene.eta), what=what)


def says_another_rho(rho: float, rhos: Sequence[float]) -> Says:
    """Return a test of whether a text gives ρ another value, by a name for ρ or by a number."""
    # a whole number may count the runs
    others = [says_number(other) for other in rhos if other != rho and other % 1]
    gives = [says_otherwise("rho", rho), says_otherwise(RHO, rho)]

    def says_it(text: str) -> bool:
        other = any(said(text) for said in others) and not ETA(text)
        return not says_number(rho)(text) and (other or any(said(text) for said in gives))

    return says_it


@item("p2c-surface-plot", costs=0.25)
def test_surface_plot_labels_its_axes(student: Student, rng: Generator, once: Once) -> None:
    """The axes of the plane have labels, which say correctly which axis is u and which is v."""
    scene = once(lambda: draw_scene(student, rng))
    assert_labelled_axes(scene.figure)
    assert_plane_labelled(scene.figure, scene.loss, (OBJECTIVE, TRACE, ETA, RHO))
