"""Problem 1 in numbers: the reference against exact fractions, and relations of the methods."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.hw2 import momentum as reference

Gradient = Callable[[int, np.ndarray], np.ndarray]

SINE: Gradient = lambda i, x: np.sin(x + i) + 0.5 * x[::-1]  # noqa: E731
QUADRATIC: Gradient = lambda i, x: (i + 1) * x - i * x[::-1] + 2 * i - 3  # noqa: E731

#: two allowed runs that no wrong answer can pass: growing steps, every kind of β, d = 3
GAMMAS = np.array([0.05, 0.1, 0.2, 0.05, 0.15, 0.3])
BETAS = np.array([0.5, 1.0, 0.9, 0.0, 0.25, 1.0])
INDICES = np.array([0, 2, 1, 1, 0, 2])
START = np.array([1.0, -2.0, 0.5])


def exactly(values: np.ndarray) -> np.ndarray:
    return np.array([Fraction(float(value)) for value in values], dtype=object)


def exact_momentum(
    gradient: Gradient, x0: np.ndarray, gammas: np.ndarray, betas: np.ndarray, indices: np.ndarray
) -> np.ndarray:
    """Return momentum in closed form: x^{t+1} = x^t − γ_t Σ_s (Π_{r=s+1..t} β_r) g_s."""
    xs, gradients = [exactly(x0)], []
    gammas, betas = exactly(gammas), exactly(betas)
    for t, i in enumerate(indices):
        gradients.append(gradient(int(i), xs[-1]))
        terms = [g * np.prod([*betas[s + 1 : t + 1], 1]) for s, g in enumerate(gradients)]
        xs.append(xs[-1] - gammas[t] * sum(terms))
    return np.array(xs).astype(float)


@st.composite
def runs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw a start, steps > 0, β ≥ 0 with 0 and 1 among them, and indices, also T = 0, d = 1."""
    T, d = draw(st.integers(0, 8)), draw(st.integers(1, 4))
    numbers = st.floats(-3, 3).map(lambda value: round(value, 6))
    steps = st.floats(1e-3, 2)
    weights = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1.5))
    return (
        np.array(draw(st.lists(numbers, min_size=d, max_size=d))),
        np.array(draw(st.lists(steps, min_size=T, max_size=T))),
        np.array(draw(st.lists(weights, min_size=T, max_size=T))),
        np.array(draw(st.lists(st.integers(0, 4), min_size=T, max_size=T)), dtype=int),
    )


def close(answer: np.ndarray, expected: np.ndarray, rtol: float = 1e-9) -> bool:
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    return answer.shape == expected.shape and bool(
        np.abs(answer - expected).max(initial=0) <= rtol * scale
    )


def test_momentum_is_the_sum_of_past_gradients() -> None:
    answer = reference.momentum(QUADRATIC, START, GAMMAS, BETAS, INDICES)
    expected = exact_momentum(QUADRATIC, START, GAMMAS, BETAS, INDICES)
    np.testing.assert_allclose(answer, expected, rtol=1e-13)


def test_heavy_ball_keeps_its_own_parameters() -> None:
    answer = reference.heavy_ball(QUADRATIC, START, GAMMAS, BETAS, INDICES)
    xs = [exactly(START)] * 2
    for step, weight, i in zip(exactly(GAMMAS), exactly(BETAS), INDICES, strict=True):
        xs.append((1 + weight) * xs[-1] - weight * xs[-2] - step * QUADRATIC(int(i), xs[-1]))
    np.testing.assert_allclose(answer, np.array(xs[1:]).astype(float), rtol=1e-13)


def test_moving_average_keeps_its_own_parameters() -> None:
    etas, lambdas = GAMMAS, np.array([7.0, 0.0, 3.0, 0.5, 1.0, 0.25, 2.0])
    x, z = reference.ima(QUADRATIC, START, etas, lambdas, INDICES)
    point = total = exactly(START)
    for t, i in enumerate(INDICES):
        total = total - exactly(etas)[t] * QUADRATIC(int(i), point)
        weight = exactly(lambdas)[t + 1]
        point = (weight * point + total) / (weight + 1)
        np.testing.assert_allclose(z[t], total.astype(float), rtol=1e-13)
        np.testing.assert_allclose(x[t + 1], point.astype(float), rtol=1e-13)


def test_moving_average_does_not_read_lambda_0() -> None:
    lambdas = np.array([np.nan, 0.0, 3.0, 0.5, 1.0, 0.25, 2.0])
    x, z = reference.ima(QUADRATIC, START, GAMMAS, lambdas, INDICES)
    assert np.isfinite(x).all()
    assert np.isfinite(z).all()


@given(runs())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_three_methods_are_one(
    run: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    x0, gammas, betas, indices = run
    expected = reference.momentum(SINE, x0, gammas, betas, indices)
    assert expected.shape == (len(gammas) + 1, len(x0))

    hats = reference.heavy_ball_parameters(gammas, betas)
    assert close(reference.heavy_ball(SINE, x0, *hats, indices), expected, 1e-7)

    x, z = reference.ima(SINE, x0, *reference.ima_parameters(gammas, betas), indices)
    assert close(x, expected, 1e-7)
    assert z.shape == (len(gammas), len(x0))


@given(runs())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_moving_average_parameters_fulfil_the_relation(
    run: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    _, gammas, betas, _ = run
    etas, lambdas = reference.ima_parameters(gammas, betas)
    assert etas.shape == gammas.shape
    assert lambdas.shape == (len(gammas) + 1,)
    assert (lambdas >= 0).all()  # so none is −1
    np.testing.assert_allclose(etas, (1 + lambdas[1:]) * gammas)
    for t in range(1, len(gammas)):
        right = gammas[t - 1] * lambdas[t] / gammas[t] - betas[t]
        scale = betas[t] * (1 + lambdas[t + 1])
        assert betas[t] * lambdas[t + 1] == pytest.approx(right, rel=1e-9, abs=1e-12 * (1 + scale))


def test_hatted_parameters_at_growing_steps() -> None:
    gammas, betas = reference.heavy_ball_parameters(np.array([0.1, 0.2, 0.5]), np.full(3, 0.8))
    np.testing.assert_array_equal(gammas, [0.1, 0.2, 0.5])
    np.testing.assert_allclose(betas, [0.08, 1.6, 2.0])  # γ_{−1} = 1; above 1 is right


def test_no_digits_are_lost_where_lambda_grows_large() -> None:
    T, rng = 60, np.random.default_rng(0)
    gammas, betas = 1e-6 * 1.5 ** np.arange(T), np.ones(T)
    problem = reference.least_squares()
    indices = rng.integers(problem.num_functions, size=T)
    x0 = rng.normal(size=(problem.dimension,))
    etas, lambdas = reference.ima_parameters(gammas, betas)
    assert lambdas.max() > 1e4
    expected = reference.momentum(problem.gradient, x0, gammas, betas, indices)
    x, _ = reference.ima(problem.gradient, x0, etas, lambdas, indices)
    scale = np.abs(expected).max(axis=1)
    assert (np.abs(x - expected).max(axis=1) / scale).max() < 1e-12


METHODS = [reference.momentum, reference.heavy_ball, lambda *run: reference.ima(*run)[0]]


@pytest.mark.parametrize("method", METHODS)
def test_no_steps_return_the_start(method: Callable[..., np.ndarray]) -> None:
    none = np.array([])
    lambdas = np.array([0.5]) if method is METHODS[2] else none
    x = method(SINE, START, none, lambdas, none.astype(int))
    np.testing.assert_array_equal(x, [START])


def test_no_steps_have_no_parameters() -> None:
    assert [p.shape for p in reference.heavy_ball_parameters(np.array([]), np.array([]))] == [
        (0,),
        (0,),
    ]
    assert [p.shape for p in reference.ima_parameters(np.array([]), np.array([]))] == [(0,), (1,)]


@pytest.mark.parametrize("method", METHODS)
def test_integers_are_promoted(method: Callable[..., np.ndarray]) -> None:
    weights = np.array([0, 1, 1, 1])[: 4 if method is METHODS[2] else 3]
    run = (np.array([1, 0, 1]), weights, np.array([0, 1, 2]))
    whole = method(SINE, np.array([1, -2, 3]), *run)
    floating = method(SINE, np.array([1.0, -2.0, 3.0]), *run)
    assert whole.dtype == float
    np.testing.assert_array_equal(whole, floating)


def test_integer_parameters_are_promoted() -> None:
    ones, twos = np.array([1, 2, 2]), np.array([0, 1, 1])
    for parameters in (reference.heavy_ball_parameters, reference.ima_parameters):
        for whole, floating in zip(
            parameters(ones, twos), parameters(ones * 1.0, twos * 1.0), strict=True
        ):
            assert whole.dtype == float
            np.testing.assert_array_equal(whole, floating)


@pytest.mark.parametrize("method", METHODS)
def test_arguments_are_left_alone(method: Callable[..., np.ndarray]) -> None:
    def careless(i: int, x: np.ndarray) -> np.ndarray:
        x += i  # even a gradient that writes into its argument must not change x0
        return -x

    lambdas = np.append(BETAS, 0.5) if method is METHODS[2] else BETAS
    run = [START, GAMMAS, lambdas, INDICES]
    kept = [array.copy() for array in run]
    first = method(SINE, *run)
    for array, before in zip(run, kept, strict=True):
        np.testing.assert_array_equal(array, before)
    method(careless, *run)
    np.testing.assert_array_equal(START, kept[0])
    assert not np.shares_memory(first, START)


def test_parameters_are_new_arrays() -> None:
    gammas, betas = GAMMAS.copy(), BETAS.copy()
    hats, _ = reference.heavy_ball_parameters(gammas, betas)
    assert not np.shares_memory(hats, gammas)
    reference.ima_parameters(gammas, betas)
    np.testing.assert_array_equal(gammas, GAMMAS)
    np.testing.assert_array_equal(betas, BETAS)


def test_gradient_is_asked_once_a_step_at_the_current_iterate() -> None:
    for method in METHODS:
        seen: list[tuple[int, np.ndarray]] = []

        def watched(i: int, x: np.ndarray, seen: list[tuple[int, np.ndarray]] = seen) -> np.ndarray:
            seen.append((i, x.copy()))
            return SINE(i, x)

        weights = np.append(BETAS, 0.5) if method is METHODS[2] else BETAS
        x = method(watched, START, GAMMAS, weights, INDICES)
        assert [i for i, _ in seen] == list(INDICES)
        np.testing.assert_array_equal([point for _, point in seen], x[:-1])


# --- The given problem ----------------------------------------------------------------------------


def test_least_squares_gradient_is_the_derivative_of_its_part() -> None:
    problem = reference.least_squares(num_functions=6, dimension=3, seed=5)
    x = np.array([0.3, -1.0, 2.0])
    for i in range(problem.num_functions):
        one = reference.LeastSquares(problem.A[i : i + 1], problem.b[i : i + 1])
        steps = 1e-5 * np.eye(3)
        slope = [(one.objective(x + h) - one.objective(x - h)) / 2e-5 for h in steps]
        np.testing.assert_allclose(problem.gradient(i, x), slope, rtol=1e-8, atol=1e-9)


def test_least_squares_objective_is_the_mean_of_its_parts() -> None:
    problem = reference.least_squares(num_functions=6, dimension=3)
    x = np.array([0.3, -1.0, 2.0])
    parts = [
        reference.LeastSquares(problem.A[i : i + 1], problem.b[i : i + 1]).objective(x)
        for i in range(6)
    ]
    assert problem.objective(x) == pytest.approx(np.mean(parts), rel=1e-14)


def test_least_squares_comes_from_its_seed() -> None:
    one, again, other = (reference.least_squares(seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.A, again.A)
    np.testing.assert_array_equal(one.b, again.b)
    assert not np.array_equal(one.A, other.A)
