"""Problem 3: the neural tangent kernel of a two-layer network, at finite and at infinite width.

    f(v, W; x) = (1/√m) Σ_r v_r σ(w_rᵀx),   σ(z; n) = zⁿ 1[z ≥ 0]
    ∂f/∂v = σ(Wx)/√m,   ∂f/∂W = (v ⊙ σ'(Wx)) xᵀ/√m
    H = (1/m) [A Aᵀ + (X Xᵀ) ⊙ (B Bᵀ)],   A = σ(X Wᵀ),  B = σ'(X Wᵀ) diag(v)

The limit H^∞ of H for infinite width, with θ the angle between x_i and x_j and ω = π − θ:

    n = 1:    H^∞ = [sin θ + 2 ω cos θ] / 2π
    n = 2:    H^∞ = [7 sin θ cos θ + ω (1 + 6 cos² θ)] / 2π
    every n:  H^∞ = [J_n + n² cos θ J_{n−1}] / 2π,   J_n = n! ∫₀^ω (cos α + cos θ)ⁿ dα

J_n is the arc-cosine kernel of Cho and Saul, NeurIPS 2009. Equation (6) of the sheet is the
derivative form of J_n. NTK: Jacot, Gabriel and Hongler, NeurIPS 2018.
"""

import numpy as np


def activation(z: np.ndarray, n: int) -> np.ndarray:
    """Return σ(z; n) = zⁿ · 1[z ≥ 0], entry by entry.

    σ is the step function for n = 0 and the ReLU for n = 1.
    """
    z = np.asarray(z, dtype=float)
    values: np.ndarray = np.where(z >= 0, z**n, 0.0)
    return values


def activation_derivative(z: np.ndarray, n: int) -> np.ndarray:
    """Return σ'(z; n) = n zⁿ⁻¹ · 1[z ≥ 0], entry by entry; 0 for n = 0."""
    z = np.asarray(z, dtype=float)
    return n * activation(z, n - 1) if n > 0 else np.zeros_like(z)


def network(v: np.ndarray, W: np.ndarray, x: np.ndarray, n: int) -> float:
    """Return the output f(v, W; x) of the network.

    v has shape (m,), W has shape (m, d), and x has shape (d,).
    """
    return float(v @ activation(W @ x, n) / np.sqrt(len(v)))


def gradient_v(
    v: np.ndarray,
    W: np.ndarray,
    x: np.ndarray,
    n: int,
) -> np.ndarray:
    """Return the derivative of f(v, W; x) with respect to v, shape (m,).

    v has shape (m,), W has shape (m, d), x has shape (d,), and n is the
    activation's degree.
    """
    gradient: np.ndarray = activation(np.asarray(W) @ x, n) / np.sqrt(len(v))
    return gradient


def gradient_W(
    v: np.ndarray,
    W: np.ndarray,
    x: np.ndarray,
    n: int,
) -> np.ndarray:
    """Return the derivative of f(v, W; x) with respect to W, shape (m, d).

    Row r is the derivative with respect to w_r. v has shape (m,), W has shape
    (m, d), x has shape (d,), and n is the activation's degree.
    """
    scale = v * activation_derivative(np.asarray(W) @ x, n) / np.sqrt(len(v))
    return np.outer(scale, x)


def empirical_ntk(
    v: np.ndarray,
    W: np.ndarray,
    X: np.ndarray,
    n: int,
) -> np.ndarray:
    """Return the tangent kernel H(0) of the network at v and W, shape (N, N).

    v has shape (m,), W has shape (m, d), and n is the activation's degree.
    X has shape (N, d) and holds one input in each row.
    """
    v, W, X = (np.asarray(array, dtype=float) for array in (v, W, X))
    values = derivatives = np.zeros((len(X), len(X)))
    # The sum runs over pieces of the width, so that wide networks need little memory.
    size = max(1, 2_000_000 // max(len(X), 1))
    for start in range(0, len(v), size):
        piece = slice(start, start + size)
        Z = X @ W[piece].T
        A, B = activation(Z, n), activation_derivative(Z, n) * v[piece]
        values = values + A @ A.T
        derivatives = derivatives + B @ B.T
    H: np.ndarray = (values + (X @ X.T) * derivatives) / len(v)
    return H


def limit_ntk(X: np.ndarray, n: int) -> np.ndarray:
    """Return the limit of the tangent kernel for infinite width, shape (N, N).

    X has shape (N, d) and holds one input of norm 1 in each row. Rows may be
    equal or opposite, and rounding may make a norm differ slightly from 1.
    n is the activation's degree, 1 or 2.
    """
    X = np.asarray(X, dtype=float)
    lengths = np.sum(X**2, axis=1)
    scale = lengths[:, None] + lengths  # ‖x_i‖² + ‖x_j‖² is 2, up to rounding
    C = 2 * (X @ X.T) / scale  # cos θ
    # 1 ∓ cos θ = ‖x_i ∓ x_j‖²/2. If it is small, the subtraction leaves few correct digits, and so
    # would arccos. Such entries are computed again from the coordinates.
    minus, plus = 1 - C, 1 + C
    for part, sign in ((minus, -1), (plus, 1)):
        i, j = np.nonzero(part < 0.5)
        part[i, j] = sum((x[i] + sign * x[j]) ** 2 for x in X.T) / scale[i, j]
    S = np.sqrt(minus * plus)  # sin θ
    omega = 2 * np.arctan2(np.sqrt(plus), np.sqrt(minus))  # ω = π − θ, by tan(ω/2)

    def integral(omega: np.ndarray, C: np.ndarray, nodes: int) -> np.ndarray:
        """Return J_n + n² cos θ J_{n−1} by Gauss–Legendre quadrature with this number of nodes."""
        total, largest = np.zeros_like(omega), np.sin(omega / 2) ** 2
        for node, weight in np.transpose(np.polynomial.legendre.leggauss(nodes)):
            alpha = omega * (node + 1) / 2
            base = 2 * (largest - np.sin(alpha / 2) ** 2)  # cos α + cos θ
            total += weight * (base**n + n * C * base ** max(n - 1, 0))
        factorial = np.prod(np.arange(1.0, n + 1))  # in floats: 21! is too large for an integer
        result: np.ndarray = factorial * total * omega / 2
        return result

    if n == 1:
        H: np.ndarray = S + 2 * omega * C
    elif n == 2:
        H = 7 * S * C + omega * (1 + 6 * C**2)
        # Near θ = π the terms −7ω and 7ω leave −4ω³/3 and few digits; the integral keeps them.
        near = omega < 1
        H[near] = integral(omega[near], C[near], 8)
    else:
        H = integral(omega, C, 24 + n)
    return H / (2 * np.pi)
