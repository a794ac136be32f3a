"""The four slips of the printed sheet, each compared with the right form.

1. 3c, H^∞ for n = 2: printed with 5 and 4 instead of 7 and 6.
2. 3a, ∂f/∂W: printed as (σ'(Wx) ⊙ x) vᵀ; right is (v ⊙ σ'(Wx)) xᵀ, both over √m.
3. 3c, the angle: printed as arccos(x_iᵀ x_i); right is arccos(x_iᵀ x_j).
4. 1b, the relation for λ: printed for all t; right is t ≥ 1, with no λ_t = −1.
"""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp  # type: ignore[import-untyped]

from solutions.hw2 import momentum as methods
from solutions.hw2 import ntk

from .test_momentum_algebra import T, before, beta, gamma, hats, heavy_ball, ima, momentum, same
from .test_ntk_algebra import ANGLES, SQUARED, at_zero, by_operator, equal, expectation, theta

SQUARED_AS_PRINTED = (
    5 * sp.sin(theta) * sp.cos(theta) + (sp.pi - theta) * (1 + 4 * sp.cos(theta) ** 2)
) / (2 * sp.pi)


# --- 1. The limit for n = 2 -----------------------------------------------------------------------


def test_limit_for_n_2_in_symbols() -> None:
    """E[σσ] + cos θ E[σ'σ'] with σ'(z) = 2z: two Gaussian integrals, the second one four times."""
    exact = expectation(2) + sp.cos(theta) * 4 * expectation(1)
    assert equal(exact, SQUARED)
    assert not equal(exact, SQUARED_AS_PRINTED)


def test_limit_for_n_2_on_the_diagonal() -> None:
    """At θ = 0 the kernel is E[z⁴ 1] + E[4 z² 1] = 3/2 + 2 for one standard normal z."""
    assert at_zero(SQUARED) == sp.Rational(7, 2)
    assert at_zero(SQUARED_AS_PRINTED) == sp.Rational(5, 2)


def test_printed_limit_counts_the_factor_of_the_derivative_once() -> None:
    assert equal(by_operator(2) + sp.cos(theta) * 2 * by_operator(1), SQUARED_AS_PRINTED)


@pytest.mark.parametrize("angle", ANGLES)
def test_limit_for_n_2_by_chance(angle: sp.Expr) -> None:
    """If cos θ ≠ 0, the mean over random units refutes the printed form."""
    rng = np.random.default_rng(5)
    cos = float(sp.cos(angle))
    X = np.array([[1.0, 0.0], [cos, float(sp.sin(angle))]])
    Z = rng.normal(size=(400_000, 2)) @ X.T
    A, B = ntk.activation(Z, 2), ntk.activation_derivative(Z, 2)
    samples = A[:, 0] * A[:, 1] + cos * B[:, 0] * B[:, 1]
    error = samples.std() / np.sqrt(len(samples))
    right, printed = (float(form.subs(theta, angle)) for form in (SQUARED, SQUARED_AS_PRINTED))
    assert abs(samples.mean() - right) < 5 * error
    assert abs(ntk.limit_ntk(X, 2)[0, 1] - right) < 1e-12
    if abs(cos) > 0.1:
        assert abs(samples.mean() - printed) > 20 * error
    else:
        assert right == pytest.approx(printed)


# --- 2. The derivative in W -----------------------------------------------------------------------


def test_derivative_in_W_in_symbols() -> None:
    """If all units are active, σ(z) = zⁿ can be differentiated directly; here m = d = 2."""
    m = d = 2
    v, x = sp.Matrix(sp.symbols(f"v:{m}")), sp.Matrix(sp.symbols(f"x:{d}"))
    W = sp.Matrix(m, d, lambda i, j: sp.Symbol(f"w{i}{j}"))
    pre = W * x
    f = (v.T * pre.applyfunc(lambda z: z**2))[0] / sp.sqrt(m)
    exact = sp.Matrix(m, d, lambda i, j: sp.diff(f, W[i, j]))
    slope = pre.applyfunc(lambda z: 2 * z)
    right = v.multiply_elementwise(slope) * x.T / sp.sqrt(m)
    printed = slope.multiply_elementwise(x) * v.T / sp.sqrt(m)
    assert (exact - right).expand().is_zero_matrix
    assert not (exact - printed).expand().is_zero_matrix
    assert not (exact - printed.T).expand().is_zero_matrix


def test_derivative_in_W_in_numbers() -> None:
    """If m ≠ d, the printed form raises an error; if m = d, its result is wrong."""
    rng = np.random.default_rng(0)
    W, x = rng.normal(size=(5, 3)), rng.normal(size=3)
    with pytest.raises(ValueError, match="broadcast"):
        ntk.activation_derivative(W @ x, 2) * x
    v, W, x = rng.normal(size=5), rng.normal(size=(5, 5)), rng.normal(size=5)
    slope = ntk.activation_derivative(W @ x, 2)
    exact = ntk.gradient_W(v, W, x, 2)
    np.testing.assert_allclose(np.outer(v * slope, x) / np.sqrt(5), exact)
    printed = np.outer(slope * x, v) / np.sqrt(5)
    for candidate in (printed, printed.T):
        assert np.abs(candidate - exact).max() > 0.1 * np.abs(exact).max()


# --- 3. The angle ---------------------------------------------------------------------------------


def test_angle_in_symbols() -> None:
    """E[σσ] depends on the angle between the two rows, but the printed angle is always 0."""
    rows = [sp.Matrix([1, 0]), sp.Matrix([sp.cos(theta), sp.sin(theta)])]
    printed = [sp.acos(sp.simplify((row.T * row)[0])) for row in rows]
    assert printed == [0, 0]
    right = (rows[0].T * rows[1])[0]
    assert right == sp.cos(theta)
    assert at_zero(expectation(1)) == sp.Rational(1, 2)  # the result with the printed angle
    assert not equal(expectation(1), sp.Rational(1, 2))


def test_angle_in_numbers() -> None:
    X = np.eye(3)
    printed = np.arccos(np.clip(np.sum(X * X, axis=1), -1, 1))
    np.testing.assert_array_equal(printed, 0)
    H = ntk.limit_ntk(X, 1)
    assert H[0, 1] == pytest.approx(1 / (2 * np.pi))
    assert H[0, 0] == pytest.approx(1.0)


# --- 4. The relation for λ ------------------------------------------------------------------------


def test_lambda_0_of_zero_in_symbols() -> None:
    """The relation at t = 0 gives λ_1 = −1, and (5) divides by λ_1 + 1."""
    unknown, b = sp.Symbol("lambda_1"), sp.Symbol("beta_0", positive=True)
    assert sp.solve(b * unknown - (before[0] * 0 / gamma[0] - b), unknown) == [-1]
    x, _ = ima([(1 + unknown) * gamma[0]], [sp.Integer(0), unknown])
    with_division = x[1].subs(unknown, -1)
    assert with_division.has(sp.zoo, sp.nan)


def test_lambda_0_of_zero_in_numbers() -> None:
    """From λ_0 = 0, the forward recursion fails at once; the backward recursion gives momentum."""
    rng = np.random.default_rng(3)
    gammas, betas = rng.uniform(0.05, 0.2, size=6), rng.uniform(0.1, 0.9, size=6)
    targets, x0 = rng.normal(size=(6, 2)), rng.normal(size=2)

    def gradient(i: int, x: np.ndarray) -> np.ndarray:
        return x - targets[i]

    earlier = np.append(1.0, gammas)[:-1]
    forwards = np.zeros(7)
    for t in range(6):
        forwards[t + 1] = (earlier[t] * forwards[t] / gammas[t] - betas[t]) / betas[t]
    assert forwards[1] == -1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        lost, _ = methods.ima(gradient, x0, (1 + forwards[1:]) * gammas, forwards, np.arange(6))
    assert not np.isfinite(lost[1:]).any()
    found, _ = methods.ima(gradient, x0, *methods.ima_parameters(gammas, betas), np.arange(6))
    np.testing.assert_allclose(found, methods.momentum(gradient, x0, gammas, betas, np.arange(6)))


@pytest.mark.parametrize("growth", [sp.Rational(3, 2), sp.Integer(2)])
def test_hatted_beta_passes_one_where_the_steps_grow(growth: sp.Expr) -> None:
    """The statement does not require β̂ ≤ 1, and the methods agree without this condition."""
    values = {gamma[t]: growth**t / 100 for t in range(T)} | {beta[t]: 0.9 for t in range(T)}
    exact = {symbol: sp.nsimplify(value) for symbol, value in values.items()}
    betas = [ratio.subs(exact) for ratio in hats()]
    assert all(b > 1 for b in betas[1:])
    gammas = [symbol.subs(exact) for symbol in gamma]
    assert same(heavy_ball(gammas, betas), [x.subs(exact) for x in momentum()])
