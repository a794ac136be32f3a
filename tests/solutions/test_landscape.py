"""Problem 2 in numbers: conventions, edge cases, and the experiment's claims."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.hw2 import landscape as reference

#: a gradient with a rotation: no loss has this gradient, and no answer can guess it
TURN = np.array([[2.0, -1.0, 0.0], [1.0, 1.0, 0.5], [0.0, -0.5, 3.0]])
START = np.array([1.0, -2.0, 0.5])
ETAS = np.array([0.1, 0.3, 0.05, 0.2])


def turning(x: np.ndarray) -> np.ndarray:
    slope: np.ndarray = TURN @ x + np.sin(x)
    return slope


def gd(eta: Any, num_steps: int, x0: np.ndarray = START) -> np.ndarray:
    return reference.gd(turning, x0, eta, num_steps)


def usam(eta: Any, num_steps: int, x0: np.ndarray = START) -> np.ndarray:
    return reference.usam(turning, x0, eta, 0.3, num_steps)


METHODS = [gd, usam]
Method = Callable[..., np.ndarray]


# --- Loss and derivatives -------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 4, 9])
def test_derivatives_agree_with_differences(d: int) -> None:
    x = np.random.default_rng(d).normal(size=d + 1)
    steps = 1e-4 * np.eye(d + 1)
    slope = [(reference.loss(x + h) - reference.loss(x - h)) / 2e-4 for h in steps]
    bend = [(reference.gradient(x + h) - reference.gradient(x - h)) / 2e-4 for h in steps]
    np.testing.assert_allclose(reference.gradient(x), slope, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(reference.hessian(x), bend, rtol=1e-6, atol=1e-7)


def test_integer_points_are_promoted() -> None:
    whole, floating = np.array([3, -1, 2]), np.array([3.0, -1.0, 2.0])
    for function in (reference.gradient, reference.hessian):
        assert function(whole).dtype == float
        np.testing.assert_array_equal(function(whole), function(floating))
    for number in (reference.loss, reference.hessian_trace):
        assert isinstance(number(whole), float)
        assert number(whole) == number(floating)
    u, v = reference.usam_update(whole[:-1], 2, 1, 1)
    np.testing.assert_array_equal(
        [*u, v], [*reference.usam_update(floating[:-1], 2.0, 1.0, 1.0)[0], v]
    )
    assert u.dtype == float


def test_a_large_integer_point_does_not_overflow() -> None:
    x = np.array([4_000_000_000, 3], dtype=np.int64)  # u² needs more than 64 bits
    assert reference.loss(x) == 0.5 * 16e18 * 9
    assert reference.hessian_trace(x) == 16e18 + 9
    np.testing.assert_array_equal(reference.gradient(x), [36e9, 48e18])
    np.testing.assert_array_equal(reference.hessian(x), [[9, 24e9], [24e9, 16e18]])


def test_functions_leave_the_point_alone() -> None:
    x = START.copy()
    for function in (reference.loss, reference.gradient, reference.hessian):
        function(x)
    reference.gd_update(x[:-1], x[-1], 0.1)
    reference.usam_update(x[:-1], x[-1], 0.1, 0.2)
    np.testing.assert_array_equal(x, START)


# --- GD and USAM ----------------------------------------------------------------------------------


def test_gd_on_a_linear_gradient_is_a_product_of_matrices() -> None:
    x = reference.gd(lambda x: TURN @ x, START, ETAS, 4)
    expected = [START]
    for eta in ETAS:
        expected.append((np.eye(3) - eta * TURN) @ expected[-1])
    np.testing.assert_allclose(x, expected, rtol=1e-13)


def test_usam_on_a_linear_gradient_is_a_product_of_matrices() -> None:
    x = reference.usam(lambda x: TURN @ x, START, ETAS, 0.3, 4)
    expected = [START]
    for eta in ETAS:
        expected.append((np.eye(3) - eta * TURN @ (np.eye(3) + 0.3 * TURN)) @ expected[-1])
    np.testing.assert_allclose(x, expected, rtol=1e-13)


def test_runs_on_the_valley_are_the_updates_in_a_row() -> None:
    u, v = START[:-1], START[-1]
    x = reference.usam(reference.gradient, START, ETAS, 0.2, 4)
    for k, eta in enumerate(ETAS):
        u, v = reference.usam_update(u, v, eta, 0.2)
        np.testing.assert_allclose(x[k + 1], [*u, v], rtol=1e-12)
    u, v = START[:-1], START[-1]
    x = reference.gd(reference.gradient, START, ETAS, 4)
    for k, eta in enumerate(ETAS):
        u, v = reference.gd_update(u, v, eta)
        np.testing.assert_allclose(x[k + 1], [*u, v], rtol=1e-12)


def test_usam_without_a_radius_is_gd() -> None:
    x = reference.usam(turning, START, ETAS, 0.0, 4)
    np.testing.assert_allclose(x, gd(ETAS, 4), rtol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_a_number_is_the_same_step_size_at_each_step(method: Method) -> None:
    np.testing.assert_array_equal(method(0.1, 4), method(np.full(4, 0.1), 4))
    assert not np.allclose(method(0.1, 4), method(ETAS, 4))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("eta", [0.1, np.array([])])
def test_no_steps_return_the_start(method: Method, eta: Any) -> None:
    np.testing.assert_array_equal(method(eta, 0), [START])


@pytest.mark.parametrize("method", METHODS)
def test_integer_starts_are_promoted(method: Method) -> None:
    whole = method(0.1, 3, np.array([1, -2, 3]))
    assert whole.dtype == float
    np.testing.assert_array_equal(whole, method(0.1, 3, np.array([1.0, -2.0, 3.0])))


@pytest.mark.parametrize("method", METHODS)
def test_start_and_step_sizes_are_left_alone(method: Method) -> None:
    start, etas = START.copy(), ETAS.copy()
    x = method(etas, 4, start)
    x[:] = 0
    np.testing.assert_array_equal(start, START)
    np.testing.assert_array_equal(etas, ETAS)


@pytest.mark.parametrize("method", METHODS)
def test_a_run_takes_every_step_even_at_a_minimum(method: Method) -> None:
    x = method(0.1, 7, np.zeros(3))
    np.testing.assert_array_equal(x, np.zeros((8, 3)))


# --- The experiment -------------------------------------------------------------------------------


def test_experiment_keeps_the_last_iterate_of_each_run() -> None:
    def known(gradient: Any, x0: np.ndarray, eta: float, rho: float, num_steps: int) -> np.ndarray:
        assert gradient is turning
        return np.array([x0, x0 * num_steps, x0 + 10 * eta + rho])

    starts = np.random.default_rng(1).normal(size=(5, 3))
    results = reference.run_experiment(known, turning, starts, [0.5, 2.0], [0.0, 0.1, 7.0], 6)
    assert set(results) == {(eta, rho) for eta in (0.5, 2.0) for rho in (0.0, 0.1, 7.0)}
    for (eta, rho), ends in results.items():
        np.testing.assert_allclose(ends, starts + 10 * eta + rho)


def test_experiment_without_steps_ends_at_the_starts() -> None:
    starts = np.array([[1, 2, 3], [4, 5, 6]])
    results = reference.run_experiment(reference.usam, turning, starts, [0.1], [0.0, 0.2], 0)
    for ends in results.values():
        np.testing.assert_array_equal(ends, starts)


def final_trace(ends: np.ndarray) -> np.ndarray:
    return np.array([reference.hessian_trace(x) for x in ends])


# : dimension, step sizes, radii of an experiment. In each experiment, the largest step size runs
# 50/η steps from 20 starts.
SETTINGS = [(1, [0.1, 0.05], [0.2, 0.5]), (2, [0.1, 0.05], [0.1, 0.2]), (10, [0.01], [0.1])]


@pytest.mark.parametrize("count", [7, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("d", "etas", "rhos"), SETTINGS)
def test_usam_ends_flatter_than_gd_from_every_start(
    d: int, etas: list[float], rhos: list[float], count: int
) -> None:
    """The claim holds for these 20 starts; for starts much farther out, USAM diverges.

    Medians of different radii are close: with 5, 6, 8 or 14 starts, one pair has the opposite
    order.
    """
    starts = np.random.default_rng(0).normal(size=(20, d + 1))[:count]
    for eta in etas:
        results = reference.run_experiment(
            reference.usam, reference.gradient, starts, [eta], [0.0, *rhos], round(50 / eta)
        )
        traces = {rho: final_trace(ends) for (_, rho), ends in results.items()}
        for (_, rho), ends in results.items():
            assert np.isfinite(ends).all(), (eta, rho)
            assert max(reference.loss(x) for x in ends) < 1e-4, (eta, rho)  # on the floor
        for small, large in zip([0.0, *rhos], rhos, strict=False):
            assert (traces[large] < traces[0.0]).all(), (eta, large)
            assert np.median(traces[large]) < np.median(traces[small]), (eta, large)


def test_a_far_start_diverges_with_usam_and_not_with_gd() -> None:
    """Settings alone cannot prevent divergence, because starts from N(0, I) have no bound."""
    x0 = np.array([3.0, 0.8])
    with np.errstate(over="ignore", invalid="ignore"):
        away = reference.usam(reference.gradient, x0, 0.1, 0.5, 500)[-1]
    assert not np.linalg.norm(away) <= 1e6
    assert np.linalg.norm(reference.gd(reference.gradient, x0, 0.1, 500)[-1]) < np.linalg.norm(x0)


@given(
    x0=st.lists(st.floats(-3, 3), min_size=2, max_size=5),
    rho=st.floats(0, 0.5),
    share=st.floats(0.05, 0.99),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_run_below_the_bound_grows(x0: list[float], rho: float, share: float) -> None:
    """If η·max{a(1+ρa)(1+ρb)², b(1+ρb)(1+ρa)²} < 2 at the start, ‖u‖ and |v| never grow."""
    a, b = float(np.sum(np.square(x0[:-1]))), x0[-1] ** 2
    rate = max(a * (1 + rho * a) * (1 + rho * b) ** 2, b * (1 + rho * b) * (1 + rho * a) ** 2)
    eta = share * 2 / max(rate, 1e-3)
    x = reference.usam(reference.gradient, np.array(x0), eta, rho, 60)
    sizes = np.column_stack([np.linalg.norm(x[:, :-1], axis=1), np.abs(x[:, -1])])
    assert (np.diff(sizes, axis=0) <= 1e-12 * sizes[:-1]).all()
