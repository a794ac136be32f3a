"""Problem 3 in numbers: reference values, an explicit Jacobian, random checks, and edge cases."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.hw2 import ntk as reference
from tests.numerics.digits import largest_error
from tests.numerics.ways import closed_form

ROOT = Path(__file__).parents[2]
DEGREES = [0, 1, 2, 3, 5]


def unit_rows(rng: np.random.Generator, count: int, dimension: int) -> np.ndarray:
    X = rng.normal(size=(count, dimension))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X


def pair(theta: float) -> np.ndarray:
    return np.array([[1.0, 0.0], [np.cos(theta), np.sin(theta)]])


# --- Network and derivatives ----------------------------------------------------------------------


def test_activation_at_and_around_zero() -> None:
    z = np.array([-2.0, -0.0, 0.0, 3.0])
    np.testing.assert_array_equal(reference.activation(z, 0), [0, 1, 1, 1])
    np.testing.assert_array_equal(reference.activation(z, 1), [0, 0, 0, 3])
    np.testing.assert_array_equal(reference.activation(z, 2), [0, 0, 0, 9])
    np.testing.assert_array_equal(reference.activation_derivative(z, 0), [0, 0, 0, 0])
    np.testing.assert_array_equal(reference.activation_derivative(z, 2), [0, 0, 0, 6])
    np.testing.assert_array_equal(reference.activation_derivative(z, 1)[[0, 3]], [0, 1])


def complex_network(v: np.ndarray, W: np.ndarray, x: np.ndarray, n: int) -> complex:
    """Return f, computed unit by unit, for complex parameters: the kink uses the real part."""
    total = 0j
    for v_r, w_r in zip(v, W, strict=True):
        z = sum(w * entry for w, entry in zip(w_r, x, strict=True))
        total += v_r * z**n if z.real >= 0 else 0
    return complex(total / len(v) ** 0.5)


def complex_step(parameters: np.ndarray, k: int, m: int, x: np.ndarray, n: int) -> float:
    moved = parameters.astype(complex)
    moved[k] += 1e-30j
    return complex_network(moved[:m], moved[m:].reshape(m, -1), x, n).imag / 1e-30


def jacobian(v: np.ndarray, W: np.ndarray, X: np.ndarray, n: int) -> np.ndarray:
    """Return all derivatives at all inputs by complex steps, shape (N, m + m d)."""
    parameters = np.concatenate([v, W.ravel()])
    return np.array(
        [[complex_step(parameters, k, len(v), x, n) for k in range(len(parameters))] for x in X]
    )


@pytest.mark.parametrize("n", DEGREES)
@pytest.mark.parametrize(("m", "d"), [(1, 1), (3, 3), (6, 2)])
def test_gradients_are_complex_steps(n: int, m: int, d: int) -> None:
    rng = np.random.default_rng(10 * n + m)
    v, W, x = rng.normal(size=m), rng.normal(size=(m, d)), rng.normal(size=d)
    (row,) = jacobian(v, W, x[None], n)
    assert reference.network(v, W, x, n) == pytest.approx(complex_network(v, W, x, n).real)
    np.testing.assert_allclose(reference.gradient_v(v, W, x, n), row[:m], rtol=1e-12)
    in_W = reference.gradient_W(v, W, x, n)
    assert in_W.shape == (m, d)
    np.testing.assert_allclose(in_W, row[m:].reshape(m, d), rtol=1e-12)


def test_integers_are_promoted_and_arguments_left_alone() -> None:
    v, W, X = np.array([1, -2]), np.array([[1, 2], [3, -1]]), np.array([[1, 0], [0, 1]])
    copies = [array.copy() for array in (v, W, X)]
    for n in (0, 1, 2):
        for function in (reference.gradient_v, reference.gradient_W):
            answer = function(v, W, X[0], n)
            assert answer.dtype == float
            np.testing.assert_array_equal(answer, function(1.0 * v, 1.0 * W, 1.0 * X[0], n))
        whole = reference.empirical_ntk(v, W, X, n)
        np.testing.assert_array_equal(whole, reference.empirical_ntk(1.0 * v, 1.0 * W, 1.0 * X, n))
        np.testing.assert_array_equal(
            reference.limit_ntk(X, n), reference.limit_ntk(X.astype(float), n)
        )
    for array, copy in zip((v, W, X), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


# --- The kernel at finite width -------------------------------------------------------------------


@pytest.mark.parametrize("n", DEGREES)
@pytest.mark.parametrize(("m", "d", "N"), [(1, 1, 1), (5, 3, 4), (7, 2, 3)])
def test_kernel_is_the_product_of_an_explicit_jacobian(n: int, m: int, d: int, N: int) -> None:
    rng = np.random.default_rng(100 * n + m)
    v, W, X = rng.normal(size=m), rng.normal(size=(m, d)), unit_rows(rng, N, d)
    J = jacobian(v, W, X, n)
    np.testing.assert_allclose(reference.empirical_ntk(v, W, X, n), J @ J.T, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    "m",
    [40_003, pytest.param(100_003, marks=pytest.mark.slow)],  # 40_000 units are a piece
)
@pytest.mark.parametrize("n", [0, 1, 2])
def test_pieces_of_the_width_give_the_whole(n: int, m: int) -> None:
    """The width is not a multiple of a piece, and each piece counts once."""
    rng = np.random.default_rng(n)
    v, W, X = rng.normal(size=m), rng.normal(size=(m, 2)), unit_rows(rng, 50, 2)
    A = reference.activation(X @ W.T, n)
    B = reference.activation_derivative(X @ W.T, n) * v
    whole = (A @ A.T + (X @ X.T) * (B @ B.T)) / m
    np.testing.assert_allclose(reference.empirical_ntk(v, W, X, n), whole, rtol=1e-12, atol=1e-12)


def kernel_in_pieces(numbers: int, widths: list[int]) -> Callable[..., np.ndarray]:
    """Return the reference with pieces of `numbers` numbers; each width is appended to `widths`."""
    text = inspect.getsource(reference.empirical_ntk)
    assert text.count("2_000_000") == 1

    def activation(z: np.ndarray, n: int) -> np.ndarray:
        widths.append(z.shape[1])
        return reference.activation(z, n)

    world = {**vars(reference), "activation": activation}
    exec(text.replace("2_000_000", str(numbers)), world)
    kernel: Callable[..., np.ndarray] = world["empirical_ntk"]
    return kernel


@pytest.mark.parametrize(
    ("numbers", "widths"),
    [
        (1, [1] * 11),  # the smallest piece is one unit
        (4, [1] * 11),
        (17, [4, 4, 3]),  # 17 is not a multiple of 4, and 11 is not a multiple of 4
        (43, [10, 1]),
        (44, [11]),
        (10**9, [11]),
    ],
)
@pytest.mark.parametrize("n", [0, 1, 2])
def test_pieces_of_every_size_give_one_kernel(numbers: int, widths: list[int], n: int) -> None:
    rng = np.random.default_rng(n)
    v, W, X = rng.normal(size=11), rng.normal(size=(11, 3)), unit_rows(rng, 4, 3)
    found: list[int] = []
    H = kernel_in_pieces(numbers, found)(v, W, X, n)
    assert found == widths
    np.testing.assert_allclose(H, reference.empirical_ntk(v, W, X, n), rtol=1e-12, atol=1e-14)


@pytest.mark.slow
def test_a_thousand_inputs_and_a_million_units_fit_into_a_gigabyte() -> None:
    """The memory bound applies to the whole process, and the computed kernel must be right."""
    script = """
import numpy as np
from tests.numerics.child import peak_memory
from tests.numerics.problems import NETWORK, Problem, distance, explicit_kernel
from solutions.hw2 import ntk
inputs = Problem(NETWORK, {"N": 1000, "m": 1_000_000, "d": 10}).inputs()
H, limit = ntk.empirical_ntk(*inputs, 1), ntk.limit_ntk(inputs[2], 1)
peak = peak_memory()
print(peak, distance(H[:3, :3], explicit_kernel(inputs, 3)), np.abs(H - limit).max())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    peak, off, error = map(float, done.stdout.split())
    assert peak < 1e9
    assert off < 1e-12
    assert error < 0.02


def test_memory_of_the_limit_is_that_of_a_few_kernels() -> None:
    N = 300
    X = unit_rows(np.random.default_rng(0), N, 40)
    tracemalloc.start()
    try:
        reference.limit_ntk(X, 2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * N * N * 8


@pytest.mark.parametrize(
    ("m", "numbers"),
    [
        (50_000, 100_000),
        pytest.param(1_000_000, 2_000_000, marks=pytest.mark.slow),  # the reference without changes
    ],
)
def test_memory_does_not_grow_with_the_width(m: int, numbers: int) -> None:
    """The width is ten pieces of `numbers` numbers."""
    N, widths = 20, list[int]()
    kernel = kernel_in_pieces(numbers, widths)
    rng = np.random.default_rng(0)
    v, W, X = rng.normal(size=m), rng.normal(size=(m, 2)), unit_rows(rng, N, 2)
    tracemalloc.start()
    try:
        kernel(v, W, X, 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(widths) == m
    assert peak < m * N * 8  # size of one array of all hidden units at all inputs


@given(seed=st.integers(0, 10_000), n=st.integers(0, 4), m=st.integers(1, 12), N=st.integers(1, 5))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_kernels_are_symmetric_and_have_no_negative_eigenvalue(
    seed: int, n: int, m: int, N: int
) -> None:
    rng = np.random.default_rng(seed)
    X = unit_rows(rng, N, 3)
    finite = reference.empirical_ntk(rng.normal(size=m), rng.normal(size=(m, 3)), X, n)
    for H in (finite, reference.limit_ntk(X, n)):
        assert H.shape == (N, N)
        np.testing.assert_allclose(H, H.T, rtol=1e-13, atol=1e-15)
        assert np.linalg.eigvalsh(H).min() >= -1e-12 * np.abs(H).max()


# --- The limit: long numbers ----------------------------------------------------------------------


@cache
def radial(n: int) -> mpmath.mpf:
    """Return the integral over the radius with 90 digits; the angle does not change it."""
    with mpmath.workdps(90):
        return mpmath.quad(
            lambda r: r ** (2 * n + 1) * mpmath.exp(-(r**2) / 2), [0, 1, 3, 6, 12, 25]
        )


@cache
def expectation(n: int, theta: str) -> mpmath.mpf:
    """Return E[σ(wᵀx_i) σ(wᵀx_j)] by quadrature over radius and direction, with 90 digits."""
    with mpmath.workdps(90):
        angle = mpmath.mpf(theta)
        half = mpmath.pi / 2
        angular = mpmath.quad(
            lambda phi: (mpmath.cos(phi) * mpmath.cos(phi - angle)) ** n, [angle - half, half]
        )
        return radial(n) * angular / (2 * mpmath.pi)


def long_limit(n: int, theta: str) -> float:
    with mpmath.workdps(90):
        slopes = n**2 * expectation(n - 1, theta) if n else mpmath.mpf(0)
        return float(expectation(n, theta) + mpmath.cos(mpmath.mpf(theta)) * slopes)


#: the limit at θ = 1, from a quadrature with 60 digits
AT_ONE = {
    0: 0.340845056908105,
    1: 0.502243007082994,
    2: 1.44437258184747,
    3: 6.62648012938004,
    4: 41.4303884397397,
}


@pytest.mark.parametrize("n", AT_ONE)
def test_limit_to_12_digits_at_angle_1(n: int) -> None:
    assert reference.limit_ntk(pair(1.0), n)[0, 1] == pytest.approx(AT_ONE[n], rel=1e-12)
    assert long_limit(n, "1") == pytest.approx(AT_ONE[n], rel=1e-14)


@pytest.mark.parametrize("n", [*DEGREES, 8, 12])
@pytest.mark.parametrize("theta", ["0.001", "0.3", "0.9", "1.4", "2.1", "2.9", "3.1"])
def test_limit_is_the_quadrature_of_its_expectation(n: int, theta: str) -> None:
    expected = long_limit(n, theta)
    # Above π/2, both terms nearly cancel at one angle, and the lost digits have this size.
    scale = max(abs(expected), n**2 * float(expectation(max(n - 1, 0), theta)))
    answer = reference.limit_ntk(pair(float(theta)), n)[0, 1]
    assert answer == pytest.approx(expected, abs=1e-12 * scale)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9])
def test_limit_keeps_its_digits_next_to_opposite_rows(n: int, gap: float) -> None:
    """Next to π, the kernel is at most ω cos θ/2π; a series in ω = π − θ gives its value."""
    X = np.array([[1.0, 0.0], [-np.cos(gap), np.sin(gap)]])
    with mpmath.workdps(60):
        omega = mpmath.mpf(gap)

        def J(k: int) -> mpmath.mpf:
            inner = lambda a: (mpmath.cos(a) - mpmath.cos(omega)) ** k  # noqa: E731
            return mpmath.factorial(k) * mpmath.quad(inner, [0, omega])

        expected = J(n) - (n**2 * mpmath.cos(omega) * J(n - 1) if n else 0)
        expected = float(expected / (2 * mpmath.pi))
    assert reference.limit_ntk(X, n)[0, 1] == pytest.approx(expected, rel=1e-12, abs=0)


@pytest.mark.parametrize("n", [1, 2])
def test_limit_keeps_its_digits_at_every_angle(n: int) -> None:
    assert largest_error(reference.limit_ntk, n) < 2.5e-15
    assert largest_error(closed_form, n) > 1  # the pairs are hard enough to show lost digits


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@pytest.mark.parametrize("norm", [1e-100, 1e-6, 1 + 1e-7, 1e100])
def test_limit_does_not_depend_on_the_norm(n: int, norm: float) -> None:
    X = unit_rows(np.random.default_rng(n), 6, 3)
    X[0], X[1] = [1, 0, 0], [-1, 1e-9, 0]
    expected = reference.limit_ntk(X, n)
    np.testing.assert_allclose(reference.limit_ntk(norm * X, n), expected, rtol=1e-8, atol=0)


@pytest.mark.parametrize(("n", "seen"), [(0, 0), (1, None), (2, np.pi - 1), (3, 0)])
def test_quadrature_is_used_only_where_a_closed_form_has_too_few_digits(
    n: int, seen: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test makes the quadrature's weights NaN, so that each use of the quadrature shows."""
    angles = np.array([0.0, 0.5, 1.5, 2.1, 2.2, 3.1, np.pi])
    X = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    monkeypatch.setattr(
        np.polynomial.legendre, "leggauss", lambda count: np.full((2, count), np.nan)
    )
    found = np.isnan(reference.limit_ntk(X, n)[0])
    np.testing.assert_array_equal(found, angles > seen if seen else np.full(7, seen is not None))


@pytest.mark.parametrize("gap", [1e-4, 1e-8, 1e-12])
def test_limit_sees_how_far_nearly_equal_rows_are(gap: float) -> None:
    """At n = 0 the limit is (π−θ)/2π; arccos cannot tell θ = 1e-9 from 0."""
    H = reference.limit_ntk(np.array([[1.0, 0.0], [np.cos(gap), np.sin(gap)]]), 0)
    assert (H[0, 0] - H[0, 1]) * 2 * np.pi == pytest.approx(gap, rel=1e-6, abs=1e-15)


def double_factorial(k: int) -> float:
    return float(mpmath.fac2(k)) if k > 0 else 1.0


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 20, 21, 22, 40, 100, 149])
def test_diagonal_is_half_a_sum_of_double_factorials(n: int) -> None:
    """The diagonal is ½[(2n−1)!! + n²(2n−3)!!], also if n! does not fit into 64 bits."""
    expected = 0.5 * (double_factorial(2 * n - 1) + n**2 * double_factorial(2 * n - 3))
    np.testing.assert_allclose(reference.limit_ntk(pair(0.7), n).diagonal(), expected, rtol=1e-12)


def test_diagonal_starts_with_the_known_values() -> None:
    found = [reference.limit_ntk(np.array([[0.6, 0.8]]), n)[0, 0] for n in range(5)]
    np.testing.assert_allclose(found, [0.5, 1, 3.5, 21, 172.5], rtol=1e-14)


def test_right_angles_give_the_known_values() -> None:
    found = [reference.limit_ntk(np.eye(2), n)[0, 1] for n in range(5)]
    np.testing.assert_allclose(found, [0.25, 0.5 / np.pi, 0.25, 2 / np.pi, 2.25], rtol=1e-13)


# --- The limit: edge cases ------------------------------------------------------------------------


@pytest.mark.parametrize("n", DEGREES)
def test_equal_and_opposite_rows(n: int) -> None:
    row = unit_rows(np.random.default_rng(n), 1, 5)[0]
    H = reference.limit_ntk(np.array([row, row, -row]), n)
    np.testing.assert_allclose([H[0, 1], H[2, 2]], H[0, 0], rtol=1e-14)
    np.testing.assert_array_equal(H[2, :2], 0)


@given(seed=st.integers(0, 10_000), n=st.integers(0, 4))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_rows_a_rounding_off_norm_1_give_the_right_diagonal(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    X = unit_rows(rng, 4, 3) * (1 + rng.choice([-1, 0, 1, 2], size=(4, 1)) * 2.3e-16)
    with np.errstate(all="raise"):
        H = reference.limit_ntk(np.concatenate([X, X[:1]]), n)
    expected = 0.5 * (double_factorial(2 * n - 1) + n**2 * double_factorial(2 * n - 3))
    np.testing.assert_allclose(H.diagonal(), expected, rtol=1e-13)
    assert H[0, 4] == pytest.approx(expected, rel=1e-13)


def test_one_dimension_holds_equal_and_opposite_inputs_alone() -> None:
    H = reference.limit_ntk(np.array([[1.0], [-1.0], [1.0]]), 1)
    np.testing.assert_allclose(H, [[1, 0, 1], [0, 1, 0], [1, 0, 1]], atol=1e-15)


@pytest.mark.parametrize("n", [1, 2])
def test_limit_depends_on_angles_alone(n: int) -> None:
    rng = np.random.default_rng(n)
    X = unit_rows(rng, 6, 4)
    turn, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    np.testing.assert_allclose(
        reference.limit_ntk(X @ turn, n), reference.limit_ntk(X, n), rtol=1e-12, atol=1e-14
    )


# --- Chance ---------------------------------------------------------------------------------------


def assert_mean(samples: np.ndarray, expected: np.ndarray | float) -> None:
    """Assert that the mean over the first axis is within 5 standard errors of its expectation."""
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    assert (np.abs(samples.mean(axis=0) - expected) <= 5 * error + 1e-12).all()


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_limit_is_the_mean_over_random_weights(n: int) -> None:
    """H^∞ as it is defined: E[σσ] + x_iᵀx_j E[σ'σ'], over 400 000 draws of w in 4 dimensions."""
    rng = np.random.default_rng(n)
    X = unit_rows(rng, 3, 4)
    X = np.concatenate([X, -X[:1]])
    Z = rng.normal(size=(400_000, 4)) @ X.T
    A, B = reference.activation(Z, n), reference.activation_derivative(Z, n)
    limit, products = reference.limit_ntk(X, n), X @ X.T
    for i in range(len(X)):
        for j in range(i + 1):
            samples = A[:, i] * A[:, j] + products[i, j] * B[:, i] * B[:, j]
            assert_mean(samples, limit[i, j])


@pytest.mark.parametrize("n", [0, 1, 2])
def test_finite_kernel_has_the_limit_as_its_mean_at_every_width(n: int) -> None:
    rng = np.random.default_rng(n)
    X = unit_rows(rng, 3, 3)
    kernels = np.array(
        [
            reference.empirical_ntk(rng.normal(size=20), rng.normal(size=(20, 3)), X, n)
            for _ in range(4000)
        ]
    )
    assert_mean(kernels, reference.limit_ntk(X, n))


@pytest.mark.parametrize("draws", [4000, pytest.param(20_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("n", "known"), [(0, 0.5), (1, 1.732), (2, 13.12), (3, 161.3)])
def test_spread_on_the_diagonal(n: int, known: float, draws: int) -> None:
    """One unit adds z²ⁿ + n² v² z²ⁿ⁻² if z ≥ 0; Gaussian moments give its standard deviation."""

    def moment(k: int) -> float:
        """Return E[zᵏ 1[z ≥ 0]] for one standard normal z and an even k."""
        return double_factorial(k - 1) / 2

    mean = moment(2 * n) + (n**2 * moment(2 * n - 2) if n else 0)
    square = moment(4 * n)
    if n:
        square += 2 * n**2 * moment(4 * n - 2) + 3 * n**4 * moment(4 * n - 4)
    deviation = (square - mean**2) ** 0.5
    assert deviation == pytest.approx(known, rel=5e-4)

    # In the reference, one unit is a network of width 1.
    z, v = np.random.default_rng(n).normal(size=(2, draws))
    X = np.array([[1.0]])
    units = np.array(
        [
            reference.empirical_ntk(v[k : k + 1], z[k : k + 1, None], X, n)[0, 0]
            for k in range(len(z))
        ]
    )
    assert_mean(units, mean)
    assert_mean(units**2, square)


def test_errors_fall_as_the_root_of_the_width() -> None:
    rng = np.random.default_rng(3)
    X = unit_rows(rng, 5, 3)
    limit = reference.limit_ntk(X, 1)
    widths = np.array([64, 512, 4096])
    errors = []
    for m in widths:
        kernels = [
            reference.empirical_ntk(rng.normal(size=m), rng.normal(size=(m, 3)), X, 1)
            for _ in range(200)
        ]
        errors.append(np.sqrt(np.mean([np.sum((H - limit) ** 2) for H in kernels])))
    slope = np.polyfit(np.log(widths), np.log(errors), 1)[0]
    # An error over 200 draws is known to about 5 %, so the slope to about 0.05/ln 64·√2 = 0.02.
    assert slope == pytest.approx(-0.5, abs=0.07)
