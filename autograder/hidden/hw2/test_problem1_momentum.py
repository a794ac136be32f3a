"""Hidden tests of Problem 1: momentum, the heavy ball and the iterate moving average.

The gradients are made up: non-linear, and another one for each index, so that a gradient taken at
a wrong point or with a wrong index shows. Step sizes grow or go up and down, since constant and
falling ones let mistakes through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator

from autograder.grading.testkit import (
    ClaimFailed,
    Once,
    as_array,
    as_floats_of,
    as_pair,
    as_vector,
    ask_from_integers,
    assert_close,
    assert_curves,
    assert_labelled_axes,
    assert_left_alone,
    assert_named_curves,
    assert_own_rows,
    item,
    own_rows,
    says,
)
from autograder.sandbox import Student
from solutions.hw2 import momentum

Gradient = Callable[[int, Any], np.ndarray]

RUNS = ["growing", "up and down", "one step"]


def make_gradient(rng: Generator, d: int, count: int = 5) -> Gradient:
    """A made-up ∇f_i(x) = a_i sin x + b_i x + c_i + s_i Σ_k x_k, of moderate slope."""
    a, b, c = rng.uniform(0.3, 1, size=(3, count, d))
    slope = rng.uniform(-0.3, 0.3, size=count)

    def gradient(i: int, x: Any) -> np.ndarray:
        x, i = as_vector(x, d), int(i)
        if not 0 <= i < count:
            raise ValueError("a gradient is asked for of one of the functions")
        value: np.ndarray = a[i] * np.sin(x) + b[i] * x + c[i] + slope[i] * x.sum()
        return value

    return gradient


def make_rates(rng: Generator, run: str) -> tuple[np.ndarray, np.ndarray]:
    """Step sizes and momentum: 0 and 1 are among the β, the first ones are neither."""
    if run == "one step":
        return rng.uniform(0.2, 0.6, size=1), rng.uniform(0.4, 0.9, size=1)
    if run == "growing":
        gammas = rng.uniform(0.15, 0.3) * np.cumprod(rng.uniform(1.25, 1.6, size=6))
        betas = np.array([0.7, 0.0, 0.9, 1.0, 0.5, 0.8]) * rng.uniform(0.9, 1, size=6)
        betas[3] = 1.0
    else:
        gammas = rng.permutation([0.1, 0.2, 0.35, 0.5, 0.7, 0.45, 0.15]) * rng.uniform(0.8, 1.2)
        betas = rng.permutation([0.3, 0.9, 0.6, 1.0, 0.5, 0.75, 0.85])
        betas[0] = rng.uniform(0.4, 0.9)
    return gammas, betas


def make_start(rng: Generator, run: str) -> np.ndarray:
    """A start in ℝ², ℝ⁷ or ℝ¹."""
    return rng.normal(size={"growing": 2, "up and down": 7, "one step": 1}[run])


# --- Momentum -------------------------------------------------------------------------------------


@item("p1-momentum")
@pytest.mark.parametrize("run", RUNS)
def test_momentum(student: Student, rng: Generator, run: str) -> None:
    """Each step adds the gradient to β_t times the memory, then moves by −γ_t times the memory."""
    x0, (gammas, betas) = make_start(rng, run), make_rates(rng, run)
    gradient, indices = make_gradient(rng, len(x0)), rng.integers(5, size=len(gammas))
    answer = student.momentum(gradient, x0, gammas, betas, indices)
    expected = momentum.momentum(gradient, x0, gammas, betas, indices)
    assert_iterates(answer, expected, what="the array of iterates")


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
    """No step at all is legal: at T = 0 there is the start alone."""
    assert_takes_no_step(student.momentum, rng)


def assert_start_left_alone(student: Student, method: Callable[..., Any], rng: Generator) -> None:
    """The method works on a copy of the start."""
    x0, (gammas, betas) = make_start(rng, "growing"), make_rates(rng, "growing")
    method(make_gradient(rng, 2), x0, gammas, betas, rng.integers(5, size=len(gammas)))
    assert_left_alone(student.arguments_after[1], x0, "the start")


def assert_iterates(answer: object, expected: np.ndarray, *, what: str) -> None:
    """The iterates are right; whether rows were overwritten later is a claim of its own."""
    assert_close(own_rows([answer], [expected])[0], expected, what=what)


def assert_no_row_overwritten(method: Callable[..., Any], rng: Generator) -> None:
    """Each row of what the method returns is its own."""
    x0, (gammas, betas) = make_start(rng, "growing"), make_rates(rng, "growing")
    indices = rng.integers(5, size=len(gammas))
    answer = method(make_gradient(rng, 2), x0, gammas, betas, indices)
    assert_own_rows([answer], x0, "the array of iterates")


def assert_takes_integers(
    student: Student,
    method: Callable[..., Any],
    reference: Callable[..., np.ndarray],
    rng: Generator,
) -> None:
    """A start of integers leads to the same iterates as one of floats."""
    x0 = rng.integers(-9, 9, size=3)
    gammas, betas = make_rates(rng, "up and down")
    gradient, indices = make_gradient(rng, 3), rng.integers(5, size=len(gammas))
    answer = ask_from_integers(
        student, lambda start: method(gradient, start, gammas, betas, indices), x0
    )
    expected = reference(gradient, x0, gammas, betas, indices)
    assert_iterates(answer, expected, what="the array of iterates from a start of integers")


def assert_takes_no_step(method: Callable[..., Any], rng: Generator) -> None:
    """At T = 0 the method returns the start alone."""
    x0, none = rng.normal(size=3), np.array([])
    answer = method(make_gradient(rng, 3), x0, none, none, none.astype(int))
    assert_close(answer, x0[np.newaxis], what="the array of iterates of no step")


# --- Heavy ball -----------------------------------------------------------------------------------


@item("p1a-heavy-ball")
@pytest.mark.parametrize("run", RUNS)
def test_heavy_ball(student: Student, rng: Generator, run: str) -> None:
    """Each step follows −γ̂_t times the gradient and repeats β̂_t times the last move."""
    x0, (gammas, betas) = make_start(rng, run), make_rates(rng, run)
    betas = 1.4 * betas  # β̂ may exceed 1
    gradient, indices = make_gradient(rng, len(x0)), rng.integers(5, size=len(gammas))
    answer = student.heavy_ball(gradient, x0, gammas, betas, indices)
    expected = momentum.heavy_ball(gradient, x0, gammas, betas, indices)
    assert_iterates(answer, expected, what="the array of iterates")


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
    """No step at all is legal: at T = 0 there is the start alone."""
    assert_takes_no_step(student.heavy_ball, rng)


@item("p1a-parameters")
@pytest.mark.parametrize("run", RUNS)
def test_heavy_ball_parameters(student: Student, rng: Generator, run: str) -> None:
    """The parameters γ̂_t and, for t ≥ 1, β̂_t make the heavy ball take momentum's steps."""
    both = make_rates(rng, run), make_rates(rng, run)
    answers = [student.heavy_ball_parameters(*rates) for rates in both]
    for rates, answer in zip(both, answers, strict=True):
        hat_gammas, hat_betas = as_pair(answer, "γ̂, β̂")
        right_gammas, right_betas = momentum.heavy_ball_parameters(*rates)
        assert_close(hat_gammas, right_gammas, what="γ̂")
        assert_close(_with_first(hat_betas, right_betas), right_betas, what="β̂ from β̂_1 on")


def _with_first(answer: Any, right: np.ndarray) -> Any:
    """The answer with the right first entry, where it has as many."""
    array = as_floats_of(answer, right)
    if array is None:
        return answer
    array[:1] = right[:1]
    return array


@item("p1a-parameters", care="first ratio")
def test_heavy_ball_parameters_begin_with_the_convention(student: Student, rng: Generator) -> None:
    """β̂_0 is made with γ_{−1} = 1. It is multiplied by x^0 − x^{−1} = 0, so no iterate shows it."""
    rates = make_rates(rng, "up and down")  # none of its step sizes is near 1
    _, hat_betas = as_pair(student.heavy_ball_parameters(*rates), "γ̂, β̂")
    first = as_array(hat_betas, "β̂").ravel()[:1]
    assert_close(first, momentum.heavy_ball_parameters(*rates)[1][:1], what="β̂_0")


@item("p1a-parameters", care="no steps")
def test_heavy_ball_parameters_of_no_step(student: Student) -> None:
    """No step at all is legal: at T = 0 both arrays are empty."""
    none = np.array([])
    hat_gammas, hat_betas = as_pair(student.heavy_ball_parameters(none, none), "γ̂, β̂")
    assert_close(hat_gammas, none, what="γ̂ of no step")
    assert_close(hat_betas, none, what="β̂ of no step")


# --- Iterate moving average -----------------------------------------------------------------------


def make_averages(rng: Generator, run: str) -> tuple[np.ndarray, np.ndarray]:
    """Step sizes η and weights λ_0 … λ_T; 0 and a negative one are among the λ, λ_0 is large."""
    etas = make_rates(rng, run)[0]
    lambdas = rng.uniform(0.3, 2.5, size=len(etas) + 1)
    if len(etas) > 1:
        lambdas[2], lambdas[4] = 0.0, -0.4
    lambdas[0] = rng.uniform(4, 8)
    return etas, lambdas


@item("p1b-ima")
@pytest.mark.parametrize("run", RUNS)
def test_ima(student: Student, rng: Generator, run: str) -> None:
    """z takes plain gradient steps, and x^{t+1} is the average of x^t and z^t with λ_{t+1}."""
    x0, (etas, lambdas) = make_start(rng, run), make_averages(rng, run)
    gradient, indices = make_gradient(rng, len(x0)), rng.integers(5, size=len(etas))
    x, z = as_pair(student.ima(gradient, x0, etas, lambdas, indices), "x, z")
    right_x, right_z = momentum.ima(gradient, x0, etas, lambdas, indices)
    x, z = own_rows([x, z], [right_x, right_z])
    assert_close(x, right_x, what="the array x")
    assert_close(z, right_z, what="the array z")


@item("p1b-ima", care="in place")
def test_ima_leaves_the_start_alone(student: Student, rng: Generator) -> None:
    """The start is not changed in place."""
    x0, (etas, lambdas) = make_start(rng, "growing"), make_averages(rng, "growing")
    student.ima(make_gradient(rng, 2), x0, etas, lambdas, rng.integers(5, size=len(etas)))
    assert_left_alone(student.arguments_after[1], x0, "the start")


@item("p1b-ima", care="in place")
def test_ima_overwrites_no_row(student: Student, rng: Generator) -> None:
    """Each row of x and of z keeps its own iterate: later steps do not overwrite it."""
    x0, (etas, lambdas) = make_start(rng, "growing"), make_averages(rng, "growing")
    indices = rng.integers(5, size=len(etas))
    answer = student.ima(make_gradient(rng, 2), x0, etas, lambdas, indices)
    assert_own_rows(as_pair(answer, "x, z"), x0, "the arrays x and z")


@item("p1b-ima", care="integers")
def test_ima_takes_integers(student: Student, rng: Generator) -> None:
    """A start with integer entries is promoted to float."""
    x0, (etas, lambdas) = rng.integers(-9, 9, size=3), make_averages(rng, "up and down")
    gradient, indices = make_gradient(rng, 3), rng.integers(5, size=len(etas))
    answer = ask_from_integers(
        student, lambda start: student.ima(gradient, start, etas, lambdas, indices), x0
    )
    x, z = as_pair(answer, "x, z")
    right_x, right_z = momentum.ima(gradient, x0, etas, lambdas, indices)
    x, z = own_rows([x, z], [right_x, right_z])
    assert_close(x, right_x, what="the array x from a start of integers")
    assert_close(z, right_z, what="the array z from a start of integers")


@item("p1b-ima", care="no steps")
def test_ima_takes_no_step(student: Student, rng: Generator) -> None:
    """No step at all is legal: at T = 0 x is the start alone."""
    x0, none, lambdas = rng.normal(size=3), np.array([]), rng.uniform(4, 8, size=1)
    answer = student.ima(make_gradient(rng, 3), x0, none, lambdas, none.astype(int))
    assert_close(as_pair(answer, "x, z")[0], x0[np.newaxis], what="the array x of no step")


def ask_ima_parameters(
    student: Student, gammas: np.ndarray, betas: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The student's η and λ; λ_0 is free, so nothing is asked of it but its place."""
    etas, lambdas = as_pair(student.ima_parameters(gammas, betas), "η, λ")
    eta = as_array(etas, "η")
    lam = as_array(_without_first(lambdas), "λ from λ_1 on")
    if eta.shape != gammas.shape or lam.shape != gammas.shape:
        raise ClaimFailed("For T steps η has T entries, and λ has T + 1, from λ_0 to λ_T.")
    if np.any(np.abs(1 + lam) < 1e-9):
        raise ClaimFailed("Some λ_t with t ≥ 1 is −1, and the method divides by λ_t + 1.")
    return eta, np.append(0.0, lam)


def _without_first(lambdas: Any) -> Any:
    return lambdas[1:] if isinstance(lambdas, (list, tuple)) or np.ndim(lambdas) == 1 else lambdas


@item("p1b-parameters")
@pytest.mark.parametrize("run", RUNS)
def test_ima_parameters_obey_the_relation(student: Student, rng: Generator, run: str) -> None:
    """η_t = (1 + λ_{t+1}) γ_t, and β_t λ_{t+1} = γ_{t−1} λ_t / γ_t − β_t for t ≥ 1."""
    gammas, betas = make_rates(rng, run)
    eta, lam = ask_ima_parameters(student, gammas, betas)
    assert_close(eta, (1 + lam[1:]) * gammas, what="η beside your λ")
    left = betas[1:] * (lam[2:] + 1)
    right = gammas[:-1] * lam[1:-1] / gammas[1:]
    sizes = np.abs(betas[1:] * lam[2:]) + betas[1:] + np.abs(right)
    if np.any(np.abs(left - right) > 2e-3 * sizes + 1e-6):
        raise ClaimFailed("The relation between λ_t and λ_{t+1} does not hold for all t ≥ 1.")


@item("p1b-parameters")
@pytest.mark.parametrize("run", RUNS)
def test_ima_parameters_lead_to_the_same_iterates(
    student: Student, rng: Generator, run: str
) -> None:
    """With these parameters the moving average takes the steps of momentum."""
    x0, (gammas, betas) = make_start(rng, run), make_rates(rng, run)
    gradient, indices = make_gradient(rng, len(x0)), rng.integers(5, size=len(gammas))
    eta, lam = ask_ima_parameters(student, gammas, betas)
    with np.errstate(all="ignore"):
        x, _ = momentum.ima(gradient, x0, eta, lam, indices)
    expected = momentum.momentum(gradient, x0, gammas, betas, indices)
    assert_close(x, expected, what="the array of iterates that your parameters lead to")


@item("p1b-parameters", care="no steps")
def test_ima_parameters_of_no_step(student: Student) -> None:
    """No step at all is legal: at T = 0 η is empty, and λ has the entry λ_0 alone."""
    none = np.array([])
    etas, lambdas = as_pair(student.ima_parameters(none, none), "η, λ")
    assert_close(etas, none, what="η of no step")
    assert_close(_without_first(lambdas), none, what="λ from λ_1 on, of no step,")
    if len(lambdas) != 1:
        raise ClaimFailed("At T = 0 λ has one entry, λ_0.")


# --- The picture ----------------------------------------------------------------------------------


def make_objective(rng: Generator, d: int) -> Callable[[Any], float]:
    """A made-up positive objective that no least-squares problem has."""
    a, b = rng.uniform(0.5, 2, size=d), rng.normal(size=d)

    def objective(x: Any) -> float:
        x = as_vector(np.ravel(x), d)
        return float(0.3 + np.sum(a * np.abs(x - b) ** 1.5))

    return objective


def make_trajectories(rng: Generator) -> dict[str, np.ndarray]:
    """Three made-up trajectories in ℝ³, of different lengths."""
    lengths = {"red team": 6, "blue team": 8, "third": 4}
    return {label: rng.normal(size=(length, 3)) * 2 for label, length in lengths.items()}


def expected_curves(
    objective: Callable[[Any], float], trajectories: dict[str, np.ndarray]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the picture shows: f(x^t) against t, by label."""
    return {
        label: (np.arange(len(path)), np.array([objective(x) for x in path]))
        for label, path in trajectories.items()
    }


@dataclass(frozen=True)
class Picture:
    """A picture of an objective along trajectories, and the curves that it was asked to show."""

    figure: Any
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]]

    def assert_shown(self) -> None:
        """Every curve is in the picture."""
        what = "the objective along a trajectory, against the step"
        assert_curves(self.figure, self.curves, what=what)


def draw(student: Student, rng: Generator, count: int = 3) -> Picture:
    """A picture of the first `count` of three made-up trajectories."""
    objective, trajectories = make_objective(rng, 3), make_trajectories(rng)
    shown = dict(list(trajectories.items())[:count])
    figure = student.plot_objective(objective, shown)
    return Picture(figure, expected_curves(objective, shown))


@item("p1-plot")
def test_plot_shows_the_objective(student: Student, rng: Generator, once: Once) -> None:
    """For each trajectory the picture shows f(x^t) against t = 0, …, T, in sight."""
    once(lambda: draw(student, rng)).assert_shown()


@item("p1-plot")
def test_plot_shows_what_it_is_given(student: Student, rng: Generator) -> None:
    """The picture shows the trajectories that are passed in, however many they are."""
    draw(student, rng, 2).assert_shown()


@item("p1-plot", costs=0.25)
def test_plot_names_the_trajectories(student: Student, rng: Generator, once: Once) -> None:
    """A legend, or a text beside each line, names the trajectories."""
    picture = once(lambda: draw(student, rng))
    assert_named_curves(picture.figure, picture.curves, says)


@item("p1-plot", costs=0.25)
def test_plot_labels_its_axes(student: Student, rng: Generator, once: Once) -> None:
    """Both axes have a label."""
    assert_labelled_axes(once(lambda: draw(student, rng)).figure)
