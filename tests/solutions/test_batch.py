"""All runs at once end where the plain loop's runs end; and what thousands of starts show."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from solutions.hw2 import batch, landscape

Gradient = Callable[[np.ndarray], np.ndarray]
Ends = dict[tuple[float, float], np.ndarray]

TURN = np.array([[2.0, -1.0, 0.0], [1.0, 1.0, 0.5], [0.0, -0.5, 3.0]])
ETAS, RHOS = [0.1, 0.02, 0.05], [0.2, 0.0]


def turning(x: np.ndarray) -> np.ndarray:
    """A gradient of no function, for one point or for many."""
    slope: np.ndarray = x @ TURN.T + np.sin(x)
    return slope


def starts(count: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, d + 1))


def loop(gradient: Gradient, x0: np.ndarray, num_steps: int) -> Ends:
    with np.errstate(over="ignore", invalid="ignore"):
        return landscape.run_experiment(landscape.usam, gradient, x0, ETAS, RHOS, num_steps)


def at_once(gradient: Gradient, x0: np.ndarray, num_steps: int) -> Ends:
    return batch.run_experiment_at_once(gradient, x0, ETAS, RHOS, num_steps)


# --- The valley's derivatives ---------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 7])
def test_derivatives_are_those_of_one_point(d: int) -> None:
    x = starts(12, d).reshape(3, 4, d + 1)
    points = x.reshape(-1, d + 1)
    slopes = [landscape.gradient(point) for point in points]
    np.testing.assert_allclose(batch.gradients(x), np.reshape(slopes, x.shape), rtol=1e-14)
    traces = [landscape.hessian_trace(point) for point in points]
    np.testing.assert_allclose(batch.hessian_traces(x), np.reshape(traces, (3, 4)), rtol=1e-14)
    np.testing.assert_array_equal(batch.gradients(points[0]), batch.gradients(x)[0, 0])


def test_diverged_points_are_far_or_not_finite() -> None:
    x = [[1e6, 0], [1e6, 1e3], [np.nan, 0], [0, np.inf], [-np.inf, np.nan], [1e300, 1e300], [0, 0]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = batch.diverged(np.array(x))
    np.testing.assert_array_equal(found, [False, True, True, True, True, True, False])


# --- Equal to the loop ----------------------------------------------------------------------------


def cubic(x: np.ndarray) -> np.ndarray:
    slope: np.ndarray = x**3 - 1
    return slope


@pytest.mark.parametrize("gradient", [turning, np.cos, cubic])
def test_made_up_gradients_end_where_the_loop_ends(gradient: Gradient) -> None:
    x0 = np.clip(starts(9, 2), -2, 2)
    expected, found = loop(gradient, x0, 40), at_once(gradient, x0, 40)
    assert list(found) == list(expected)
    for pair, ends in expected.items():
        assert found[pair].shape == (9, 3)
        np.testing.assert_allclose(found[pair], ends, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("d", [1, 2, 10])
def test_valley_ends_where_the_loop_ends(d: int) -> None:
    x0 = starts(6, d) / np.sqrt(d)
    expected, found = loop(landscape.gradient, x0, 60), at_once(batch.gradients, x0, 60)
    for pair, ends in expected.items():
        np.testing.assert_allclose(found[pair], ends, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("num_steps", [0, 1])
def test_few_steps_from_integer_starts(num_steps: int) -> None:
    whole = np.array([[1, -2, 3], [0, 1, 1]])
    expected = loop(turning, whole.astype(float), num_steps)
    for pair, ends in at_once(turning, whole, num_steps).items():
        assert ends.dtype == float
        np.testing.assert_allclose(ends, expected[pair], rtol=1e-14)


def test_nothing_to_run_gives_nothing() -> None:
    assert batch.run_experiment_at_once(turning, starts(3, 2), [], [0.1], 5) == {}
    (ends,) = batch.run_experiment_at_once(turning, np.empty((0, 3)), [0.1], [0.2], 5).values()
    assert ends.shape == (0, 3)


def test_starts_are_left_alone_and_not_shared() -> None:
    x0 = starts(3, 2)
    for ends in at_once(turning, x0, 0).values():
        ends[:] = 0
    np.testing.assert_array_equal(x0, starts(3, 2))


def test_runs_that_diverge_say_nothing_and_disturb_no_other() -> None:
    near, far = starts(5, 2) / 3, np.array([[30.0, 8.0, 40.0], [3.0, 3.0, 3.0]])
    x0 = np.concatenate([near, far])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, alone = at_once(batch.gradients, x0, 200), at_once(batch.gradients, near, 200)
    expected = loop(batch.gradients, x0, 200)
    assert not np.isfinite(found[0.1, 0.2][5]).all()
    for pair, ends in found.items():
        np.testing.assert_array_equal(ends[:5], alone[pair])
        np.testing.assert_array_equal(batch.diverged(ends), batch.diverged(expected[pair]))


# --- What homework2.md says of the experiment, from more starts than the loop could ---------------

#: dimension, step sizes, radii that show the effect
SETTINGS = [(1, [0.1, 0.05], [0.2, 0.5]), (2, [0.1, 0.05], [0.1, 0.2]), (10, [0.01], [0.1])]


def rate(x: np.ndarray, eta: float, rho: float) -> np.ndarray:
    """η·max{a(1+ρa)(1+ρb)², b(1+ρb)(1+ρa)²}.

    Below 2 no run from x diverges, and below 1 none steps over the floor either: both factors of
    USAM's update stay between 0 and 1.
    """
    a, b = np.sum(x[:, :-1] ** 2, axis=1), x[:, -1] ** 2
    in_u, in_v = 1 + rho * a, 1 + rho * b
    largest: np.ndarray = eta * np.maximum(a * in_u * in_v**2, b * in_v * in_u**2)
    return largest


def losses(x: np.ndarray) -> np.ndarray:
    values: np.ndarray = 0.5 * np.sum(x[:, :-1] ** 2, axis=1) * x[:, -1] ** 2
    return values


@pytest.mark.parametrize(("d", "etas", "rhos"), SETTINGS)
def test_usam_ends_flatter_than_gd_from_thousands_of_starts(
    d: int, etas: list[float], rhos: list[float]
) -> None:
    """From all that step over no floor and have come to rest, the flatter the larger ρ is."""
    for eta in etas:
        x0 = starts(4000, d, seed=1)
        x0 = x0[rate(x0, eta, max(rhos)) < 1]
        results = batch.run_experiment_at_once(
            batch.gradients, x0, [eta], [0.0, *rhos], round(20 / eta)
        )
        # A start next to ‖u‖ = |v| heads for the origin, where all slows down: 20/η steps are few.
        rested = np.all([losses(ends) < 1e-4 for ends in results.values()], axis=0)
        assert rested.sum() > 3000
        traces = [batch.hessian_traces(ends)[rested] for ends in results.values()]
        for smaller, larger in pairwise(traces):
            assert (larger < smaller).all(), eta


def test_usam_may_end_sharper_than_gd_where_it_steps_over_the_floor() -> None:
    """Why "from every start" needs its condition: starts of a rate between 1 and 2 break it."""
    x0 = starts(4000, 2, seed=1)
    rates = rate(x0, 0.1, 0.2)
    by_gd, by_usam = batch.run_experiment_at_once(
        batch.gradients, x0, [0.1], [0.0, 0.2], 500
    ).values()
    sharper = (batch.hessian_traces(by_usam) > batch.hessian_traces(by_gd)) & (rates < 2)
    assert 0 < sharper.sum() < 40
    assert (rates[sharper] > 1).all()


def test_medians_of_the_homework_are_those_of_an_ordinary_class() -> None:
    """Medians over 20 starts scatter; the three that were seen lie in the middle nine tenths."""
    many = starts(20 * 400, 2)
    results = batch.run_experiment_at_once(batch.gradients, many, [0.05], [0.0, 0.1, 0.2], 400)
    traces = [
        np.where(batch.diverged(ends), np.nan, batch.hessian_traces(ends)).reshape(400, 20)
        for ends in results.values()
    ]
    medians = np.nanmedian(traces, axis=2)
    for seen, sample in zip([2.018, 1.721, 1.431], medians, strict=True):
        assert np.quantile(sample, 0.05) < seen < np.quantile(sample, 0.95)
    assert np.mean(np.diff(medians, axis=0) < 0) > 0.9


def test_a_larger_radius_lets_more_runs_diverge() -> None:
    results = batch.run_experiment_at_once(
        batch.gradients, starts(3000, 2), [0.1], [0.0, 0.2, 0.4, 0.8], 200
    )
    counts = [int(batch.diverged(ends).sum()) for ends in results.values()]
    assert counts == sorted(set(counts))
    assert counts[-1] > 100
