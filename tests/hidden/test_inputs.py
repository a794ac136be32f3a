"""Hidden inputs have the needed properties at every seed: both signs, small and large sizes, …"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.random import Generator

from autograder.grading.testkit import UNITS, draw_mixed
from autograder.hidden.hw2 import test_problem1_momentum as problem1
from autograder.hidden.hw2 import test_problem2_landscape as problem2
from autograder.hidden.hw2 import test_problem3_ntk as problem3
from solutions.hw2 import landscape, momentum, ntk


def generators() -> Iterator[Generator]:
    """Return random number generators for fifty seeds."""
    return map(np.random.default_rng, range(50))


def has_both_signs(numbers: object) -> bool:
    return np.min(numbers) < -1e-3 and np.max(numbers) > 1e-3  # type: ignore[call-overload]


def has_both_sizes(numbers: object) -> bool:
    sizes = np.abs(np.asarray(numbers))
    return bool(sizes.min() < 0.95 and sizes.max() > 1.05 and np.abs(sizes - 1).min() > 0.05)


@pytest.mark.parametrize("size", [2, 3, 7])
def test_mixed_numbers_have_both_signs_and_sizes(size: int) -> None:
    for rng in generators():
        numbers = draw_mixed(rng, size)
        assert has_both_signs(numbers)
        assert has_both_sizes(numbers)


# --- Problem 1 ------------------------------------------------------------------------------------


def test_indices_are_no_order_of_their_own() -> None:
    indices = problem1.INDICES
    assert set(indices[:6]) == set(range(5))
    assert np.all(indices != np.arange(7) % 5)
    assert indices[2] == indices[3]


def test_rates_rise_and_fall_and_reach_above_one() -> None:
    for rng in generators():
        gammas, betas = problem1.make_rates(rng, "growing")
        assert np.all(np.diff(gammas) > 0)
        assert gammas[0] < 0.6 < 1.1 < gammas[-1]
        assert {0.0, 1.0} <= set(betas[1:])
        assert (gammas * betas / np.append(1.0, gammas)[:-1]).max() > 1.2
        lambdas = momentum.ima_parameters(gammas, betas)[1]
        assert lambdas.max() > 1.2
        gammas, betas = problem1.make_rates(rng, "up and down")
        assert np.all(np.diff(gammas)[::2] < -0.1)
        assert np.all(np.diff(gammas)[1::2] > 0.1)
        assert {1.0, 1.3} <= set(betas[1:])
        for run in problem1.RUNS:
            gammas, betas = problem1.make_rates(rng, run)
            assert np.all(np.abs(np.diff(betas[1:])) > 0.05)
            assert 0.3 < betas[0] < 0.95
            assert gammas[0] < 0.8


def test_gradients_differ_and_point_both_ways() -> None:
    for rng in generators():
        x, gradient = draw_mixed(rng, 2), problem1.make_gradient(rng, 2)
        found = [gradient(i, x) for i in range(5)]
        assert all(np.array_equal(np.sign(g), np.sign(x)) for g in found)
        assert all(np.abs(a - b).max() > 1e-2 for k, a in enumerate(found) for b in found[:k])


@pytest.mark.parametrize("unit", UNITS)
def test_other_units_change_nothing_but_units(unit: str) -> None:
    for rng in generators():
        seed, units = int(rng.integers(1000)), UNITS[unit]
        x = draw_mixed(rng, 3)
        plain = problem1.make_gradient(np.random.default_rng(seed), 3)
        other = problem1.make_gradient(np.random.default_rng(seed), 3, units)
        assert np.allclose(other(1, units.place * x), units.gradient * plain(1, x), atol=0)


@pytest.mark.parametrize("first", [0, 1])
def test_a_standstill_ends(first: int) -> None:
    for rng in generators():
        still = problem1.Standstill.draw(rng, first)
        gradient = problem1.make_gradient(rng, 3, factors=problem1.VANISHING)
        inputs = gradient, draw_mixed(rng, 3), still.gammas, still.betas, still.indices
        for method in (momentum.momentum, momentum.heavy_ball):
            moves = np.abs(np.diff(method(*inputs), axis=0)).max(axis=1)
            assert np.array_equal(moves == 0, [first == 0, False, True, True, *[False] * 4][first:])
            assert moves[-1] > 1e-2


def test_averages_have_weights_of_both_signs_and_sizes() -> None:
    for rng in generators():
        for run in problem1.RUNS:
            etas, lambdas = problem1.make_averages(rng, run)
            assert len(lambdas) == len(etas) + 1
            assert lambdas[1] > 1.4
            assert np.all(np.abs(np.diff(lambdas)) > 0.2)
            if len(etas) > 1:
                assert has_both_signs(lambdas)
                assert 0.0 in lambdas
                assert has_both_sizes(lambdas)


def test_start_of_integers_has_both_signs() -> None:
    for rng in generators():
        assert has_both_signs(problem1.make_whole_start(rng))


def test_objectives_rise_and_fall() -> None:
    for rng in generators():
        objective, paths = problem1.make_objective(rng, 3), problem1.make_trajectories(rng)
        for path in paths.values():
            assert has_both_signs(np.diff([objective(x) for x in path]))


# --- Problem 2 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", problem2.DIMENSIONS)
def test_valley_points_have_both_signs_and_sizes(d: int) -> None:
    for rng in generators():
        points = problem2.make_valley_points(rng, d)
        heights = [v for _, v in points]
        assert has_both_signs(heights)
        assert has_both_sizes(heights)
        assert has_both_sizes([np.linalg.norm(u) for u, _ in points])
        assert all(has_both_signs([u[k] for u, _ in points]) for k in range(d))
        assert d == 1 or all(has_both_signs(u) for u, _ in points)
        for u, v in points:
            assert abs(u @ u - v**2) > 0.5


def test_updates_have_small_and_huge_parameters_and_gradients() -> None:
    for rng in generators():
        found = list(problem2.make_update_points(rng, 2))
        units = [unit for *_, unit in found]
        slopes = [np.abs(landscape.gradient(np.append(u, v))).max() for u, v, _ in found]
        assert min(units) < 1e-5 < 1e5 < max(units)
        assert min(slopes) < 1e-8 < 1e5 < max(slopes)


def test_step_sizes_rise_and_fall() -> None:
    for rng in generators():
        etas = problem2.make_etas(rng)
        assert np.all(np.diff(etas)[::2] < -0.05)
        assert np.all(np.diff(etas)[1::2] > 0.05)


@pytest.mark.parametrize("run", problem2.STANDSTILLS)
def test_a_standstill_of_gd_and_usam(run: str) -> None:
    for rng in generators():
        gradient, x0, etas = problem2.make_standstill(rng, run)
        for iterates in (
            landscape.gd(gradient, x0, etas, 5),
            landscape.usam(gradient, x0, etas, 0.4, 5),
        ):
            moves = np.abs(np.diff(iterates, axis=0)).max(axis=1)
            still = {
                "flat ground": [2, 3, 4],
                "nearly flat ground": [2],
                "small step sizes": [1, 2],
                "ever steeper ground": [],
            }
            assert np.flatnonzero(moves < 1e-9).tolist() == still[run]
            assert moves[[k for k in range(5) if k not in still[run]]].min() > 1e-3


def test_on_ever_steeper_ground_the_gradient_grows() -> None:
    for rng in generators():
        gradient, x0, etas = problem2.make_standstill(rng, "ever steeper ground")
        norms = [np.linalg.norm(gradient(x)) for x in landscape.gd(gradient, x0, etas, 5)]
        assert np.diff(norms).min() > 1e-3


@pytest.mark.parametrize("d", [1, 3])
def test_starts_have_both_signs_in_every_column(d: int) -> None:
    for rng in generators():
        assert all(map(has_both_signs, problem2.make_starts(rng, d).T))


def test_results_come_in_no_order_of_step_sizes() -> None:
    for rng in generators():
        etas = list(dict.fromkeys(eta for eta, _ in problem2.make_results(rng, 2, 1)))
        assert sorted(etas) not in (etas, etas[::-1])


def test_iterates_on_the_surface_have_both_signs() -> None:
    for rng in generators():
        for ends in problem2.make_plane_results(rng)[1].values():
            assert all(map(has_both_signs, ends.T))


# --- Problem 3 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "d"), [*problem3.SIZES, *problem3.SQUARES])
def test_networks_have_active_units_of_both_signs(m: int, d: int) -> None:
    for rng in generators():
        x = problem3.make_inputs(rng, 1, d)[0]
        v, W = problem3.make_network(rng, m, x)
        active = W @ x > 0
        assert active[0]
        assert np.abs(np.abs(v) - 1).min() > 0.05
        if m >= 3:
            assert has_both_signs(v[active])
            assert not active.all()
            assert has_both_sizes(v)


def test_rows_are_at_all_angles() -> None:
    for rng in generators():
        X = problem3.make_scene(rng, "all round")
        angles = np.arccos(np.clip(X @ X.T, -1, 1))[np.triu_indices(9, 1)]
        for low in np.arange(0, np.pi, np.pi / 4):
            assert np.any((low < angles) & (angles < low + np.pi / 4))
        X = problem3.make_scene(rng, "related")
        cosines = X @ X.T
        assert cosines[0, 2] == pytest.approx(1)
        assert cosines[0, 3] == pytest.approx(-1)
        assert cosines[0, 4] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("scene", problem3.SCENES)
def test_norms_miss_one_on_the_side_that_is_wanted(scene: str) -> None:
    for rng in generators():
        X = problem3.make_scene(rng, scene)
        for scaled, above in ((X, False), (problem3.ABOVE / problem3.BELOW * X, True)):
            for squares in squares_of(scaled):
                assert np.array_equal(squares > 1, np.full(len(X), above))
            assert np.isfinite(ntk.limit_ntk(scaled, 2)).all()


def squares_of(X: np.ndarray) -> Iterator[np.ndarray]:
    """Return the rows' squared norms, computed in three ways."""
    yield np.diag(X @ X.T)
    yield np.sum(X * X, axis=1)
    yield np.array([x @ x for x in X])
