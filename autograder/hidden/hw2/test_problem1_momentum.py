"""Hidden tests of Problem 1: momentum, the heavy ball and the iterate moving average.

The gradients are made up: non-linear, and different for each index, so that a gradient at a wrong
point or with a wrong index is noticed. Step sizes grow or go up and down, since constant or falling
step sizes hide mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator

from autograder.grading.testkit import (
    PLAIN,
    UNITS,
    ClaimFailed,
    Once,
    Units,
    as_array,
    as_floats_of,
    as_pair,
    as_vector,
    ask_from_integers,
    assert_close,
    assert_curves,
    assert_iterates,
    assert_labelled_axes,
    assert_labels_fit,
    assert_left_alone,
    assert_named_curves,
    assert_own_rows,
    draw_mixed,
    item,
    own_rows,
    says,
    tolerance,
)
from autograder.hidden.hw2.wording import OBJECTIVE, STEP
from autograder.sandbox import Student
from solutions.hw2 import momentum

Gradient = Callable[[int, Any], np.ndarray]

RUNS = {
    "growing": "step sizes that grow",
    "up and down": "step sizes that go up and down",
    "one step": "a single step, T = 1",
}
DIMENSIONS = {"growing": 2, "up and down": 7, "one step": 1}

INDICES = np.array([3, 0, 4, 4, 2, 1, 0])
"""Index for each step: all five indices, one index twice in a row, and never the step's number."""

VANISHING = (1.0, 0.0, 1e-15, 1.0, 1.0)
"""Factors of the five gradients in tests where some of them vanish."""


@dataclass(frozen=True)
class Standstill:
    """Eight steps; in some of them the gradient is zero.

    Nothing moves at step 0, because the gradient is zero, or at step 2, because the gradient and β
    are zero. Then the method moves on. Without step 0, only one step in the middle
    does not move.
    """

    indices: np.ndarray
    gammas: np.ndarray
    betas: np.ndarray

    @classmethod
    def draw(cls, rng: Generator, first: int) -> Standstill:
        """Return the steps from `first` on."""
        indices = np.array([1, 3, 1, 1, 0, 2, 1, 4])
        betas = np.array([0.8, 0.7, 0.0, 0.9, 0.6, 1.0, 0.5, 0.8])
        gammas = rng.uniform(0.2, 0.5, size=8)
        return cls(indices[first:], gammas[first:], betas[first:])


def make_gradient(
    rng: Generator, d: int, units: Units = PLAIN, factors: Sequence[float] = (1.0,) * 5
) -> Gradient:
    """Return made-up gradients ∇f_i(x) = a_i sin x + b_i x + c_i + s_i Σ_k x_k / d, times factors.

    The gradients have moderate slopes. If `draw_mixed` draws x, the gradients have the signs of x.
    """
    a, b = rng.uniform(0.3, 1, size=(5, d)), rng.uniform(0.6, 1, size=(5, d))
    c = rng.choice([-1, 1], size=(5, d)) * rng.uniform(0.1, 0.2, size=(5, d))
    slope = rng.choice([-1, 1], size=5) * rng.uniform(0.05, 0.1, size=5)

    def gradient(i: int, x: Any) -> np.ndarray:
        x, i = as_vector(x, d) / units.place, int(i)
        if not 0 <= i < 5:
            raise ValueError("the index of a gradient is not the index of a function")
        value: np.ndarray = a[i] * np.sin(x) + b[i] * x + c[i] + slope[i] * x.mean()
        return units.gradient * factors[i] * value

    return gradient


def make_rates(rng: Generator, run: str) -> tuple[np.ndarray, np.ndarray]:
    """Return step sizes γ and momentum β; no β equals the β before.

    - "growing": γ grows from below 0.6 to above 1, and 0 and 1 are among the β.
    - "up and down": γ alternately rises and falls, and 1 and 1.3 are among the β.
    - "one step": γ is below 0.6, as in every first step, so it differs from γ_{−1} = 1.

    The first β is neither 0 nor 1.
    """
    if run == "one step":
        return rng.uniform(0.2, 0.6, size=1), rng.uniform(0.4, 0.9, size=1)
    if run == "growing":
        gammas = rng.uniform(0.3, 0.4) * np.cumprod(rng.uniform(1.25, 1.45, size=6))
        betas = np.array([0.7, 0.0, 0.9, 1.0, 0.5, 0.8]) * rng.uniform(0.9, 1, size=6)
        betas[3] = 1.0
        return gammas, betas
    gammas = np.full(7, 0.4)
    gammas[0:6:2], gammas[1:6:2] = (
        rng.permutation([0.45, 0.5, 0.7]),
        rng.permutation([0.1, 0.15, 0.2]),
    )
    others = rng.permutation([0.3, 0.5, 0.75, 0.9, 1.0])
    betas = np.array([rng.uniform(0.6, 0.7), others[0], 1.3, *others[1:]])
    return gammas * rng.uniform(0.9, 1.1, size=7), betas


def make_whole_start(rng: Generator) -> np.ndarray:
    """Return a start in ℝ³ with integer entries of both signs."""
    return rng.permutation([-6, 2, 5])


# --- Momentum -------------------------------------------------------------------------------------


@item("p1-momentum", cases=lambda run: RUNS[run])
@pytest.mark.parametrize("run", RUNS)
def test_momentum(student: Student, rng: Generator, run: str) -> None:
    """Each step adds the gradient to β_t times the memory, then moves by −γ_t times the memory."""
    (gammas, betas), d = make_rates(rng, run), DIMENSIONS[run]
    assert_same_run(student.momentum, momentum.momentum, rng, d, gammas, betas)


@item("p1-momentum")
def test_momentum_in_other_units(student: Student, rng: Generator) -> None:
    """The steps are also right if points and gradients are tiny or huge."""
    for units in UNITS.values():
        gammas, betas = make_rates(rng, "up and down")
        assert_same_run(student.momentum, momentum.momentum, rng, 3, gammas, betas, units)


@item("p1-momentum")
def test_momentum_makes_all_steps(student: Student, rng: Generator) -> None:
    """All T steps are made, even if a gradient vanishes or nothing moves for a while."""
    assert_goes_on(student.momentum, momentum.momentum, rng)


@item("p1-momentum", care="in place")
def test_momentum_leaves_the_start_alone(student: Student, rng: Generator) -> None:
    """The start is not changed in place."""
    assert_start_left_alone(student, student.momentum, rng)


@item("p1-momentum", care="in place")
def test_momentum_overwrites_no_row(student: Student, rng: Generator) -> None:
    """Each row keeps its own iterate: later steps do not overwrite it."""
    assert_no_row_overwritten(student.momentum, rng)


@item("p1-momentum", care="integers")
def test_momentum_takes_integers(student: Student, rng: Generator) -> None:
    """A start with integer entries is promoted to float."""
    assert_takes_integers(student, student.momentum, momentum.momentum, rng)


@item("p1-momentum", care="no steps")
def test_momentum_takes_no_step(student: Student, rng: Generator) -> None:
    """Zero steps are allowed: at T = 0 the answer is the start alone."""
    assert_takes_no_step(student.momentum, rng)


def assert_same_run(
    method: Callable[..., Any],
    reference: Callable[..., np.ndarray],
    rng: Generator,
    d: int,
    gammas: np.ndarray,
    betas: np.ndarray,
    units: Units = PLAIN,
) -> None:
    """Check the iterates of momentum or the heavy ball from a start in ℝ^d, in the given units."""
    x0, gradient = units.place * draw_mixed(rng, d), make_gradient(rng, d, units)
    inputs = gradient, x0, units.step * gammas, betas, INDICES[: len(gammas)]
    assert_iterates(method(*inputs), reference(*inputs), what="the array of iterates")


def assert_goes_on(
    method: Callable[..., Any], reference: Callable[..., np.ndarray], rng: Generator
) -> None:
    """Check the iterates of momentum or the heavy ball in runs in which some steps do not move."""
    for first in (0, 1):
        still, x0 = Standstill.draw(rng, first), draw_mixed(rng, 3)
        gradient = make_gradient(rng, 3, factors=VANISHING)
        inputs = gradient, x0, still.gammas, still.betas, still.indices
        assert_iterates(method(*inputs), reference(*inputs), what="the array of iterates")


def assert_start_left_alone(student: Student, method: Callable[..., Any], rng: Generator) -> None:
    """Check that the method works on a copy of the start."""
    x0, (gammas, betas) = draw_mixed(rng, 2), make_rates(rng, "growing")
    method(make_gradient(rng, 2), x0, gammas, betas, INDICES[: len(gammas)])
    assert_left_alone(student.arguments_after[1], x0, "the start")


def assert_no_row_overwritten(method: Callable[..., Any], rng: Generator) -> None:
    """Check that no returned row is overwritten by a later row."""
    x0, (gammas, betas) = draw_mixed(rng, 2), make_rates(rng, "growing")
    answer = method(make_gradient(rng, 2), x0, gammas, betas, INDICES[: len(gammas)])
    assert_own_rows([answer], x0, "the array of iterates")


def assert_takes_integers(
    student: Student,
    method: Callable[..., Any],
    reference: Callable[..., np.ndarray],
    rng: Generator,
) -> None:
    """Check that a start of integers leads to the same iterates as a start of floats."""
    x0, gradient = make_whole_start(rng), make_gradient(rng, 3)
    gammas, betas = make_rates(rng, "up and down")
    answer = ask_from_integers(
        student, lambda start: method(gradient, start, gammas, betas, INDICES), x0
    )
    expected = reference(gradient, x0, gammas, betas, INDICES)
    assert_iterates(answer, expected, what="the array of iterates from a start of integers")


def assert_takes_no_step(method: Callable[..., Any], rng: Generator) -> None:
    """Check that the method returns the start alone at T = 0."""
    x0, none = draw_mixed(rng, 3), np.array([])
    answer = method(make_gradient(rng, 3), x0, none, none, none.astype(int))
    assert_close(answer, x0[np.newaxis], what="the array of iterates of no step")


# --- Heavy ball -----------------------------------------------------------------------------------


@item("p1a-heavy-ball", cases=lambda run: RUNS[run])
@pytest.mark.parametrize("run", RUNS)
def test_heavy_ball(student: Student, rng: Generator, run: str) -> None:
    """Each step follows −γ̂_t times the gradient and repeats β̂_t times the last move."""
    gammas, betas = make_rates(rng, run)
    betas = 1.4 * betas  # β̂ may exceed 1
    assert_same_run(student.heavy_ball, momentum.heavy_ball, rng, DIMENSIONS[run], gammas, betas)


@item("p1a-heavy-ball")
def test_heavy_ball_in_other_units(student: Student, rng: Generator) -> None:
    """The steps are also right if points and gradients are tiny or huge."""
    for units in UNITS.values():
        gammas, betas = make_rates(rng, "up and down")
        assert_same_run(student.heavy_ball, momentum.heavy_ball, rng, 3, gammas, betas, units)


@item("p1a-heavy-ball")
def test_heavy_ball_makes_all_steps(student: Student, rng: Generator) -> None:
    """All T steps are made, even if a gradient vanishes or nothing moves for a while."""
    assert_goes_on(student.heavy_ball, momentum.heavy_ball, rng)


@item("p1a-heavy-ball", care="in place")
def test_heavy_ball_leaves_the_start_alone(student: Student, rng: Generator) -> None:
    """The start is not changed in place."""
    assert_start_left_alone(student, student.heavy_ball, rng)


@item("p1a-heavy-ball", care="in place")
def test_heavy_ball_overwrites_no_row(student: Student, rng: Generator) -> None:
    """Each row keeps its own iterate: later steps do not overwrite it."""
    assert_no_row_overwritten(student.heavy_ball, rng)


@item("p1a-heavy-ball", care="integers")
def test_heavy_ball_takes_integers(student: Student, rng: Generator) -> None:
    """A start with integer entries is promoted to float."""
    assert_takes_integers(student, student.heavy_ball, momentum.heavy_ball, rng)


@item("p1a-heavy-ball", care="no steps")
def test_heavy_ball_takes_no_step(student: Student, rng: Generator) -> None:
    """Zero steps are allowed: at T = 0 the answer is the start alone."""
    assert_takes_no_step(student.heavy_ball, rng)


@item("p1a-parameters", cases=lambda run: RUNS[run])
@pytest.mark.parametrize("run", RUNS)
def test_heavy_ball_parameters(student: Student, rng: Generator, run: str) -> None:
    """The parameters γ̂_t and, for t ≥ 1, β̂_t make the heavy ball take momentum's steps."""
    both = make_rates(rng, run), make_rates(rng, run)
    answers = [student.heavy_ball_parameters(*rates) for rates in both]
    for rates, answer in zip(both, answers, strict=True):
        hat_gammas, hat_betas = as_pair(answer, "γ̂, β̂")
        right_gammas, right_betas = momentum.heavy_ball_parameters(*rates)
        assert_close(hat_gammas, right_gammas, what="γ̂")
        assert_close(_with_first(hat_betas, right_betas), right_betas, what="β̂ from β̂₁ on")


def _with_first(answer: Any, right: np.ndarray) -> Any:
    """Return the answer with the right first entry, if it has the right length."""
    array = as_floats_of(answer, right)
    if array is None:
        return answer
    array[:1] = right[:1]
    return array


@item("p1a-parameters", care="first ratio")
def test_heavy_ball_parameters_begin_with_the_convention(student: Student, rng: Generator) -> None:
    """β̂_0 uses γ_{−1} = 1. No iterate depends on β̂_0, as its factor x^0 − x^{−1} is 0."""
    rates = make_rates(rng, "up and down")  # none of its step sizes is near 1
    _, hat_betas = as_pair(student.heavy_ball_parameters(*rates), "γ̂, β̂")
    first = as_array(hat_betas, "β̂").ravel()[:1]
    assert_close(first, momentum.heavy_ball_parameters(*rates)[1][:1], what="β̂₀")


@item("p1a-parameters", care="no steps")
def test_heavy_ball_parameters_of_no_step(student: Student) -> None:
    """Zero steps are allowed: at T = 0 both arrays are empty."""
    none = np.array([])
    hat_gammas, hat_betas = as_pair(student.heavy_ball_parameters(none, none), "γ̂, β̂")
    assert_close(hat_gammas, none, what="γ̂ of no step")
    assert_close(hat_betas, none, what="β̂ of no step")


# --- Iterate moving average -----------------------------------------------------------------------


def make_averages(rng: Generator, run: str) -> tuple[np.ndarray, np.ndarray]:
    """Return step sizes η and weights λ_0 … λ_T.

    λ_0, which is never used, is far from all other weights; λ_1 is above 1. If there are more
    weights, they include 0, a negative number and some below 1, and neighbours differ.
    """
    etas = make_rates(rng, run)[0]
    lambdas = rng.uniform(0.3, 0.7, size=len(etas) + 1)
    lambdas[1::2] = rng.uniform(1.5, 2.5, size=len(lambdas[1::2]))
    if len(etas) > 1:
        lambdas[2], lambdas[4] = 0.0, -0.4
    lambdas[0] = rng.uniform(4, 8)
    return etas, lambdas


def assert_same_averages(student: Student, *inputs: Any) -> None:
    """Check the arrays x and z in the answer to these inputs."""
    assert_averages(student.ima(*inputs), momentum.ima(*inputs))


def assert_averages(
    answer: object, right: tuple[np.ndarray, np.ndarray], *, what: str = ""
) -> None:
    """Check the arrays x and z; a separate claim checks whether later steps overwrite rows."""
    x, z = own_rows([*as_pair(answer, "x, z")], right)
    assert_close(x, right[0], what=f"the array x{what}")
    assert_close(z, right[1], what=f"the array z{what}")


@item("p1b-ima", cases=lambda run: RUNS[run])
@pytest.mark.parametrize("run", RUNS)
def test_ima(student: Student, rng: Generator, run: str) -> None:
    """z takes plain gradient steps, and x^{t+1} is the average of x^t and z^t with λ_{t+1}."""
    x0, (etas, lambdas) = draw_mixed(rng, DIMENSIONS[run]), make_averages(rng, run)
    gradient = make_gradient(rng, len(x0))
    assert_same_averages(student, gradient, x0, etas, lambdas, INDICES[: len(etas)])


@item("p1b-ima")
def test_ima_in_other_units(student: Student, rng: Generator) -> None:
    """The steps are also right if points and gradients are tiny or huge."""
    for units in UNITS.values():
        etas, lambdas = make_averages(rng, "up and down")
        x0, gradient = units.place * draw_mixed(rng, 3), make_gradient(rng, 3, units)
        assert_same_averages(student, gradient, x0, units.step * etas, lambdas, INDICES)


@item("p1b-ima")
def test_ima_makes_all_steps(student: Student, rng: Generator) -> None:
    """All T steps are made, even if a gradient vanishes or nothing moves for a while."""
    lambdas = np.array([3.0, 1.6, 0.0, 0.7, 1.8, 0.4, 2.2, 0.6, 1.5])  # if λ = 0, x is z
    for first in (0, 1):
        still, x0 = Standstill.draw(rng, first), draw_mixed(rng, 3)
        gradient = make_gradient(rng, 3, factors=VANISHING)
        assert_same_averages(student, gradient, x0, still.gammas, lambdas[first:], still.indices)


@item("p1b-ima", care="in place")
def test_ima_leaves_the_start_alone(student: Student, rng: Generator) -> None:
    """The start is not changed in place."""
    x0, (etas, lambdas) = draw_mixed(rng, 2), make_averages(rng, "growing")
    student.ima(make_gradient(rng, 2), x0, etas, lambdas, INDICES[: len(etas)])
    assert_left_alone(student.arguments_after[1], x0, "the start")


@item("p1b-ima", care="in place")
def test_ima_overwrites_no_row(student: Student, rng: Generator) -> None:
    """Each row of x and of z keeps its own iterate: later steps do not overwrite it."""
    x0, (etas, lambdas) = draw_mixed(rng, 2), make_averages(rng, "growing")
    answer = student.ima(make_gradient(rng, 2), x0, etas, lambdas, INDICES[: len(etas)])
    assert_own_rows(as_pair(answer, "x, z"), x0, "the arrays x and z")


@item("p1b-ima", care="integers")
def test_ima_takes_integers(student: Student, rng: Generator) -> None:
    """A start with integer entries is promoted to float."""
    x0, (etas, lambdas) = make_whole_start(rng), make_averages(rng, "up and down")
    gradient = make_gradient(rng, 3)
    answer = ask_from_integers(
        student, lambda start: student.ima(gradient, start, etas, lambdas, INDICES), x0
    )
    right = momentum.ima(gradient, x0, etas, lambdas, INDICES)
    assert_averages(answer, right, what=" from a start of integers")


@item("p1b-ima", care="no steps")
def test_ima_takes_no_step(student: Student, rng: Generator) -> None:
    """Zero steps are allowed: at T = 0 x is the start alone."""
    x0, none, lambdas = draw_mixed(rng, 3), np.array([]), rng.uniform(4, 8, size=1)
    answer = student.ima(make_gradient(rng, 3), x0, none, lambdas, none.astype(int))
    assert_close(as_pair(answer, "x, z")[0], x0[np.newaxis], what="the array x of no step")


def ask_ima_parameters(
    student: Student, gammas: np.ndarray, betas: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the student's η and λ; λ_0 is free, so its value is not checked."""
    etas, lambdas = as_pair(student.ima_parameters(gammas, betas), "η, λ")
    eta = as_array(etas, "η")
    lam = as_array(_without_first(lambdas), "λ from λ₁ on")
    if eta.shape != gammas.shape or lam.shape != gammas.shape:
        raise ClaimFailed("For T steps η has T entries, and λ has T + 1, from λ₀ to λ_T.")
    if np.any(np.abs(1 + lam) < 1e-9):
        raise ClaimFailed("Some λ_t with t ≥ 1 is −1, and the method divides by λ_t + 1.")
    return eta, np.append(0.0, lam)


def _without_first(lambdas: Any) -> Any:
    return lambdas[1:] if isinstance(lambdas, (list, tuple)) or np.ndim(lambdas) == 1 else lambdas


@item("p1b-parameters", cases=lambda run: RUNS[run])
@pytest.mark.parametrize("run", RUNS)
def test_ima_parameters_obey_the_relation(student: Student, rng: Generator, run: str) -> None:
    """η_t = (1 + λ_{t+1}) γ_t, and β_t λ_{t+1} = γ_{t−1} λ_t / γ_t − β_t for t ≥ 1."""
    gammas, betas = make_rates(rng, run)
    eta, lam = ask_ima_parameters(student, gammas, betas)
    assert_close(eta, (1 + lam[1:]) * gammas, what="η for your λ")
    left = betas[1:] * (lam[2:] + 1)
    right = gammas[:-1] * lam[1:-1] / gammas[1:]
    sizes = np.abs(betas[1:] * lam[2:]) + betas[1:] + np.abs(right)
    if np.any(np.abs(left - right) > tolerance() * sizes + 1e-6):
        raise ClaimFailed("The relation between λ_t and λ_{t+1} does not hold for all t ≥ 1.")


@item("p1b-parameters", cases=lambda run: RUNS[run])
@pytest.mark.parametrize("run", RUNS)
def test_ima_parameters_lead_to_the_same_iterates(
    student: Student, rng: Generator, run: str
) -> None:
    """With these parameters the moving average takes the steps of momentum."""
    x0, (gammas, betas) = draw_mixed(rng, DIMENSIONS[run]), make_rates(rng, run)
    gradient, indices = make_gradient(rng, len(x0)), INDICES[: len(gammas)]
    eta, lam = ask_ima_parameters(student, gammas, betas)
    with np.errstate(all="ignore"):
        x, _ = momentum.ima(gradient, x0, eta, lam, indices)
    expected = momentum.momentum(gradient, x0, gammas, betas, indices)
    assert_close(x, expected, what="the array of iterates that your parameters lead to")


@item("p1b-parameters", care="no steps")
def test_ima_parameters_of_no_step(student: Student) -> None:
    """Zero steps are allowed: at T = 0 η is empty, and λ has the entry λ_0 alone."""
    none = np.array([])
    etas, lambdas = as_pair(student.ima_parameters(none, none), "η, λ")
    assert_close(etas, none, what="η of no step")
    assert_close(_without_first(lambdas), none, what="λ from λ₁ on, of no step,")
    if len(lambdas) != 1:
        raise ClaimFailed("At T = 0 λ has one entry, λ₀.")


# --- The picture ----------------------------------------------------------------------------------


def make_objective(rng: Generator, d: int) -> Callable[[Any], float]:
    """Return a made-up positive objective that is not a least-squares objective."""
    a, b = rng.uniform(0.5, 2, size=d), rng.normal(size=d)

    def objective(x: Any) -> float:
        x = as_vector(np.ravel(x), d)
        return float(0.3 + np.sum(a * np.abs(x - b) ** 1.5))

    return objective


def make_trajectories(rng: Generator) -> dict[str, np.ndarray]:
    """Return three made-up trajectories in ℝ³, of different lengths.

    Each trajectory returns to its start in step 2, so that the objective both rises and falls.
    """
    lengths = {"red team": 6, "blue team": 8, "third": 4}
    paths = {label: rng.normal(size=(length, 3)) * 2 for label, length in lengths.items()}
    for path in paths.values():
        path[2] = path[0]
    return paths


def expected_curves(
    objective: Callable[[Any], float], trajectories: dict[str, np.ndarray]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the curves that the picture must show: f(x^t) against t, by label."""
    return {
        label: (np.arange(len(path)), np.array([objective(x) for x in path]))
        for label, path in trajectories.items()
    }


@dataclass(frozen=True)
class Picture:
    """A picture of an objective along trajectories, and the curves that it must show."""

    figure: Any
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]]

    def assert_shown(self) -> None:
        """Check that every curve is in the picture."""
        what = "the objective along a trajectory, against the step"
        assert_curves(self.figure, self.curves, what=what)


def draw(student: Student, rng: Generator, count: int = 3) -> Picture:
    """Return a picture of the first `count` of three made-up trajectories."""
    objective, trajectories = make_objective(rng, 3), make_trajectories(rng)
    shown = dict(list(trajectories.items())[:count])
    figure = student.plot_objective(objective, shown)
    return Picture(figure, expected_curves(objective, shown))


@item("p1-plot")
def test_plot_shows_the_objective(student: Student, rng: Generator, once: Once) -> None:
    """For each trajectory the picture shows f(x^t) against t = 0, …, T, inside the axes."""
    once(lambda: draw(student, rng)).assert_shown()


@item("p1-plot")
def test_plot_shows_what_it_is_given(student: Student, rng: Generator) -> None:
    """The picture shows the trajectories that are passed in, however many they are."""
    draw(student, rng, 2).assert_shown()


@item("p1-plot", costs=0.25)
def test_plot_names_the_trajectories(student: Student, rng: Generator, once: Once) -> None:
    """A legend, or a text beside each line, names the trajectories."""
    picture = once(lambda: draw(student, rng))
    assert_named_curves(picture.figure, picture.curves, says, what="trajectory")


@item("p1-plot", costs=0.25)
def test_plot_labels_its_axes(student: Student, rng: Generator, once: Once) -> None:
    """Both axes have labels, and each label fits its axis."""
    picture = once(lambda: draw(student, rng))
    assert_labelled_axes(picture.figure)
    assert_labels_fit(picture.figure, picture.curves.values(), x=STEP, y=OBJECTIVE)
