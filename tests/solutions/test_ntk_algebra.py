"""Problem 3 in symbols: derivatives, Eq. (6) from its Gaussian integral, H^∞.

The expectation needs the plane of x_i and x_j alone. In polar coordinates w = r (cos φ, sin φ) with
x_i at φ = 0 and x_j at φ = θ, both wᵀx are ≥ 0 on θ − π/2 ≤ φ ≤ π/2, and

    E[σ(wᵀx_i) σ(wᵀx_j)] = 1/(2π) ∫ r^{2n+1} e^{−r²/2} dr ∫ (cos φ cos(φ−θ))ⁿ dφ.

Nothing of Eq. (6) is used on that side.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import sympy as sp  # type: ignore[import-untyped]

from solutions.hw2 import ntk as reference

theta = sp.Symbol("theta", positive=True)
r, phi, alpha = sp.symbols("r phi alpha", positive=True)
ANGLES = [sp.pi / 7, sp.pi / 3, sp.pi / 2, sp.Rational(5, 2)]


@cache
def expectation(n: int) -> sp.Expr:
    """Return E[σ(wᵀx_i) σ(wᵀx_j)] by integration over the plane."""
    radial = sp.integrate(r ** (2 * n + 1) * sp.exp(-(r**2) / 2), (r, 0, sp.oo))
    powers = sp.expand(sp.expand_trig(sp.cos(phi) * sp.cos(phi - theta)) ** n)
    angular = sp.integrate(powers, (phi, theta - sp.pi / 2, sp.pi / 2))
    return sp.simplify(radial * angular / (2 * sp.pi))


def by_operator(n: int) -> sp.Expr:
    """Eq. Return (6), with the operator (1/sin θ) ∂/∂θ applied n times."""
    inner = (sp.pi - theta) / sp.sin(theta)
    for _ in range(n):
        inner = sp.diff(inner, theta) / sp.sin(theta)
    return (-1) ** n / (2 * sp.pi) * sp.sin(theta) ** (2 * n + 1) * inner


def limit(n: int) -> sp.Expr:
    """Return H^∞ from its definition: σ' has degree n − 1 and the factor n, which occurs twice."""
    slopes = n**2 * by_operator(n - 1) if n else sp.Integer(0)
    return by_operator(n) + sp.cos(theta) * slopes


def equal(left: sp.Expr, right: sp.Expr) -> bool:
    return bool(sp.simplify(sp.expand_trig(left - right)) == 0)


def at_zero(expression: sp.Expr) -> sp.Expr:
    return sp.limit(expression, theta, 0, "+")


def kernel(angle: float, n: int) -> float:
    X = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]])
    return float(reference.limit_ntk(X, n)[0, 1])


RELU = (sp.sin(theta) + 2 * (sp.pi - theta) * sp.cos(theta)) / (2 * sp.pi)
SQUARED_TERMS = (
    7 * sp.sin(theta) * sp.cos(theta),
    (sp.pi - theta) * (1 + 6 * sp.cos(theta) ** 2),
)
SQUARED = sum(SQUARED_TERMS) / (2 * sp.pi)


# --- Eq. (6) and the limits -----------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_equation_6_is_the_gaussian_integral(n: int) -> None:
    assert equal(by_operator(n), expectation(n))


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_equation_6_is_the_integral_that_the_reference_evaluates(n: int) -> None:
    """E[σσ] = n!/(2π) ∫₀^{π−θ} (cos α + cos θ)ⁿ dα."""
    inner = sp.expand((sp.cos(alpha) + sp.cos(theta)) ** n)
    integral = sp.integrate(inner, (alpha, 0, sp.pi - theta))
    assert equal(by_operator(n), sp.factorial(n) * integral / (2 * sp.pi))


def test_reference_integrand_is_a_difference_of_squared_sines() -> None:
    omega = sp.pi - theta
    difference = 2 * (sp.sin(omega / 2) ** 2 - sp.sin(alpha / 2) ** 2)
    assert equal(difference, sp.cos(alpha) + sp.cos(theta))


def test_terms_for_n_2_cancel_next_to_opposite_inputs() -> None:
    """The two terms are ±7ω and their sum is −4ω³/3, as the reference's comment says."""
    omega = sp.Symbol("omega", positive=True)
    first, second = (term.subs(theta, sp.pi - omega) for term in SQUARED_TERMS)
    assert [sp.limit(term / omega, omega, 0) for term in (first, second)] == [-7, 7]
    assert sp.limit((first + second) / omega**3, omega, 0) == sp.Rational(-4, 3)


def test_limit_for_the_relu() -> None:
    assert equal(limit(1), RELU)


def test_limit_for_the_squared_relu() -> None:
    assert equal(limit(2), SQUARED)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("angle", ANGLES)
def test_reference_limit_is_equation_6(n: int, angle: sp.Expr) -> None:
    exact = float(limit(n).subs(theta, angle).evalf(30))
    assert kernel(float(angle), n) == pytest.approx(exact, rel=1e-13, abs=1e-15)


# --- The limit for n = 2 --------------------------------------------------------------------------


def test_diagonal_of_n_2_is_seven_halves() -> None:
    """At θ = 0 the kernel is E[z⁴ 1] + E[4 z² 1] for one standard normal z."""
    z = sp.Symbol("z")
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    assert sp.integrate((z**4 + 4 * z**2) * density, (z, 0, sp.oo)) == sp.Rational(7, 2)
    assert kernel(0.0, 2) == pytest.approx(3.5, rel=1e-14)


def test_square_of_the_operator_is_no_second_derivative_over_the_squared_sine() -> None:
    start = (sp.pi - theta) / sp.sin(theta)
    misread = sp.diff(start, theta, 2) / sp.sin(theta) ** 2
    assert not equal(by_operator(2), sp.sin(theta) ** 5 * misread / (2 * sp.pi))


def test_limit_at_60_degrees() -> None:
    exact = SQUARED.subs(theta, sp.pi / 3)
    assert str(exact.evalf(15)) == "1.31574611682740"
    assert kernel(np.pi / 3, 2) == pytest.approx(float(exact), rel=1e-14)


# --- Derivatives ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_derivatives_of_the_network(n: int) -> None:
    """sympy differentiates f away from the kinks, with a fixed pattern of active units."""
    m, d = 4, 3
    v, x = sp.Matrix(sp.symbols(f"v:{m}")), sp.Matrix(sp.symbols(f"x:{d}"))
    W = sp.Matrix(m, d, lambda i, j: sp.Symbol(f"w{i}{j}"))
    rng = np.random.default_rng(n)
    values = {s: sp.Float(rng.normal(), 30) for s in [*v, *W, *x]}
    active = [(W.row(i) * x)[0].subs(values) >= 0 for i in range(m)]
    assert len(set(active)) == 2
    units = [v[i] * (W.row(i) * x)[0] ** n if active[i] else 0 for i in range(m)]
    f = sum(units) / sp.sqrt(m)

    def numbers(symbols: sp.Matrix) -> np.ndarray:
        return np.array(symbols.subs(values).tolist(), dtype=float)

    point = (numbers(v)[:, 0], numbers(W), numbers(x)[:, 0])
    in_v = numbers(sp.Matrix([sp.diff(f, s) for s in v]))[:, 0]
    in_W = numbers(W.applyfunc(lambda s: sp.diff(f, s)))
    assert reference.network(*point, n) == pytest.approx(float(f.subs(values)), rel=1e-13)
    np.testing.assert_allclose(reference.gradient_v(*point, n), in_v, rtol=1e-12)
    np.testing.assert_allclose(reference.gradient_W(*point, n), in_W, rtol=1e-12)
