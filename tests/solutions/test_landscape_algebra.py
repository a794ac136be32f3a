"""Problem 2 in symbols: derivatives, updates, eigenvalues, stability, constants of the flows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp  # type: ignore[import-untyped]

from solutions.hw2 import landscape as reference

eta, rho, v, lam = sp.symbols("eta rho v lambda", real=True)
DIMENSIONS = [1, 2, 3]


def valley(d: int) -> tuple[sp.Matrix, sp.Matrix, sp.Expr]:
    """Return the coordinates u, the point [u, v] and L(u, v) = ½ ‖u‖² v²."""
    u = sp.Matrix(sp.symbols(f"u:{d}", real=True))
    return u, sp.Matrix([*u, v]), u.dot(u) * v**2 / 2


def slope(loss: sp.Expr, x: sp.Matrix) -> sp.Matrix:
    return sp.Matrix([sp.diff(loss, entry) for entry in x])


def usam_map(d: int) -> sp.Matrix:
    """Return x − η ∇L(x + ρ ∇L(x)) from sympy's derivative, not yet simplified."""
    _, x, loss = valley(d)
    gradient = slope(loss, x)
    uphill = x + rho * gradient
    moved = gradient.subs(dict(zip(x, uphill, strict=True)), simultaneous=True)
    return x - eta * moved


def is_zero(matrix: sp.Matrix) -> bool:
    return all(sp.expand(entry) == 0 for entry in matrix)


def numeric(x: sp.Matrix, *others: sp.Symbol) -> Callable[[object], Callable[..., np.ndarray]]:
    def build(expression: object) -> Callable[..., np.ndarray]:
        evaluate = sp.lambdify([list(x), *others], expression, "numpy")
        return lambda *values: np.asarray(evaluate(*values), dtype=float)

    return build


# --- Derivatives ----------------------------------------------------------------------------------


@pytest.mark.parametrize("d", DIMENSIONS)
def test_derivatives_have_the_known_form(d: int) -> None:
    u, x, loss = valley(d)
    a, b = u.dot(u), v**2
    hessian = sp.hessian(loss, list(x))
    blocks = sp.BlockMatrix([[b * sp.eye(d), 2 * v * u], [2 * v * u.T, sp.Matrix([[a]])]])
    assert is_zero(slope(loss, x) - sp.Matrix([*(b * u), a * v]))
    assert is_zero(hessian - blocks.as_explicit())
    assert sp.expand(hessian.trace() - (d * b + a)) == 0


@pytest.mark.parametrize("d", DIMENSIONS)
def test_eigenvalues_of_the_hessian(d: int) -> None:
    u, x, loss = valley(d)
    a, b = u.dot(u), v**2
    polynomial = sp.hessian(loss, list(x)).charpoly().eval(lam)
    known = (lam - b) ** (d - 1) * (lam**2 - (a + b) * lam - 3 * a * b)
    assert sp.expand(polynomial - known) == 0


@pytest.mark.parametrize("d", DIMENSIONS)
def test_reference_is_sympys_derivative(d: int) -> None:
    _, x, loss = valley(d)
    build = numeric(x)
    gradient, hessian = build(list(slope(loss, x))), build(sp.hessian(loss, list(x)))
    value, rng = build(loss), np.random.default_rng(d)
    for point in 2 * rng.normal(size=(10, d + 1)):
        assert reference.loss(point) == pytest.approx(float(value(point)), rel=1e-14)
        np.testing.assert_allclose(reference.gradient(point), gradient(point), rtol=1e-13)
        np.testing.assert_allclose(reference.hessian(point), hessian(point), rtol=1e-13)
        trace = np.trace(hessian(point))
        assert reference.hessian_trace(point) == pytest.approx(trace, rel=1e-14)


def test_values_at_the_point() -> None:
    _, x, loss = valley(3)
    point = dict(zip(x, [3, -1, 2, 2], strict=True))
    np.testing.assert_array_equal(reference.POINT_U, [3, -1, 2])
    assert reference.POINT_V == 2
    gradient = [int(entry) for entry in slope(loss, x).subs(point)]
    hessian = np.array(sp.hessian(loss, list(x)).subs(point).tolist(), dtype=float)
    np.testing.assert_array_equal(reference.gradient_at_point, gradient)
    np.testing.assert_array_equal(reference.hessian_at_point, hessian)
    assert reference.trace_at_point == np.trace(hessian)


# --- Updates --------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", DIMENSIONS)
def test_updates_simplify_to_one_factor_for_u_and_one_for_v(d: int) -> None:
    u, x, loss = valley(d)
    a, b = u.dot(u), v**2
    stretch_a, stretch_b = 1 + rho * a, 1 + rho * b
    usam = sp.Matrix(
        [
            *(u * (1 - eta * b * stretch_a**2 * stretch_b)),
            v * (1 - eta * a * stretch_b**2 * stretch_a),
        ]
    )
    assert is_zero(usam_map(d) - usam)
    gd = x - eta * slope(loss, x)
    assert is_zero(gd - usam.subs(rho, 0))
    assert is_zero(gd - sp.Matrix([*(u * (1 - eta * b)), v * (1 - eta * a)]))


@pytest.mark.parametrize("d", DIMENSIONS)
def test_reference_updates_are_sympys(d: int) -> None:
    _, x, _ = valley(d)
    step = numeric(x, eta, rho)(list(usam_map(d)))
    rng = np.random.default_rng(d)
    for point in 2 * rng.normal(size=(10, d + 1)):
        size, radius = rng.uniform(0.05, 0.8, size=2)
        u_next, v_next = reference.usam_update(point[:-1], point[-1], size, radius)
        np.testing.assert_allclose([*u_next, v_next], step(point, size, radius), rtol=1e-11)
        u_next, v_next = reference.gd_update(point[:-1], point[-1], size)
        np.testing.assert_allclose([*u_next, v_next], step(point, size, 0.0), rtol=1e-11)


# --- Facts that the notebook states ---------------------------------------------------------------


@pytest.mark.parametrize("d", DIMENSIONS)
def test_minimum_of_sharpness_b_is_stable_where_eta_b_times_1_plus_rho_b_is_below_2(d: int) -> None:
    """At u = 0 the Hessian's largest eigenvalue is b, and USAM multiplies u by 1 − ηb(1+ρb)."""
    u, x, loss = valley(d)
    floor, b = dict.fromkeys(u, 0), v**2
    sharpness = sp.hessian(loss, list(x)).subs(floor)
    assert is_zero(sharpness - sp.diag(*[b] * d, 0))
    jacobian = usam_map(d).jacobian(x).subs(floor)
    assert is_zero(jacobian - sp.diag(*[1 - eta * b * (1 + rho * b)] * d, 1))


def test_other_branch_of_the_floor_is_stable_by_the_same_rule() -> None:
    u, x, loss = valley(2)
    a = u.dot(u)
    jacobian = usam_map(2).jacobian(x).subs(v, 0)
    assert is_zero(jacobian - sp.diag(1, 1, 1 - eta * a * (1 + rho * a)))
    assert is_zero(sp.hessian(loss, list(x)).subs(v, 0) - sp.diag(0, 0, a))


@pytest.mark.parametrize("d", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_flows_keep_their_invariants(d: int) -> None:
    """Gradient flow keeps a − b constant, and USAM's flow keeps (1+ρa)/(1+ρb) constant."""
    u, x, loss = valley(d)
    a, b = u.dot(u), v**2

    def change(quantity: sp.Expr, flow: sp.Matrix) -> sp.Expr:
        return sp.simplify(slope(quantity, x).dot(flow))

    gradient_flow = -slope(loss, x)
    usam_flow = ((usam_map(d) - x) / eta).applyfunc(sp.expand)
    ratio = (1 + rho * a) / (1 + rho * b)
    assert change(a - b, gradient_flow) == 0
    assert change(ratio, usam_flow) == 0
    assert change(a - b, usam_flow) != 0
    assert change(ratio, gradient_flow) != 0
