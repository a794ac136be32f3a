"""Problem 3: the neural tangent kernel of a two-layer network, at finite and at infinite width.

    f(v, W; x) = (1/√m) Σ_r v_r σ(w_rᵀx),   σ(z; n) = zⁿ 1[z ≥ 0]
    ∂f/∂v = σ(Wx)/√m,   ∂f/∂W = (v ⊙ σ'(Wx)) xᵀ/√m
    H = (1/m) [A Aᵀ + (X Xᵀ) ⊙ (B Bᵀ)],   A = σ(X Wᵀ),  B = σ'(X Wᵀ) diag(v)
    H^∞ = (J_n + n² cos θ J_{n−1}) / 2π,   J_n = n! ∫₀^{π−θ} (cos α + cos θ)ⁿ dα

The integral is the arc-cosine kernel of Cho and Saul, NeurIPS 2009, whose derivative form is the
sheet's equation (6). NTK: Jacot, Gabriel and Hongler, NeurIPS 2018.
"""

import numpy as np


def activation(z: np.ndarray, n: int) -> np.ndarray:
    """σ(z; n) = zⁿ · 1[z ≥ 0], entry by entry: a step for n = 0, the ReLU for n = 1."""
    z = np.asarray(z, dtype=float)
    values: np.ndarray = np.where(z >= 0, z**n, 0.0)
    return values


def activation_derivative(z: np.ndarray, n: int) -> np.ndarray:
    """σ'(z; n) = n zⁿ⁻¹ · 1[z ≥ 0], entry by entry; 0 for n = 0."""
    z = np.asarray(z, dtype=float)
    return n * activation(z, n - 1) if n > 0 else np.zeros_like(z)


def network(v: np.ndarray, W: np.ndarray, x: np.ndarray, n: int) -> float:
    """The output f(v, W; x) of the network, for v of shape (m,), W (m, d) and x (d,)."""
    return float(v @ activation(W @ x, n) / np.sqrt(len(v)))


def gradient_v(v: np.ndarray, W: np.ndarray, x: np.ndarray, n: int) -> np.ndarray:
    """The derivative of f(v, W; x) in v, shape (m,).

    v has shape (m,), W has shape (m, d), x has shape (d,), and n is the activation's degree.
    """
    gradient: np.ndarray = activation(np.asarray(W) @ x, n) / np.sqrt(len(v))
    return gradient


def gradient_W(v: np.ndarray, W: np.ndarray, x: np.ndarray, n: int) -> np.ndarray:
    """The derivative of f(v, W; x) in W, shape (m, d): row r is the derivative in w_r.

    v has shape (m,), W has shape (m, d), x has shape (d,), and n is the activation's degree.
    """
    scale = v * activation_derivative(np.asarray(W) @ x, n) / np.sqrt(len(v))
    return np.outer(scale, x)


def empirical_ntk(v: np.ndarray, W: np.ndarray, X: np.ndarray, n: int) -> np.ndarray:
    """The tangent kernel H(0) of the network at the parameters v and W, shape (N, N).

    v has shape (m,), W has shape (m, d), and n is the activation's degree. X has shape (N, d) and
    holds one input in each row.
    """
    v, W, X = (np.asarray(array, dtype=float) for array in (v, W, X))
    values = derivatives = np.zeros((len(X), len(X)))
    # In pieces of the width: memory stays small however wide the network is.
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
    """The limit of the tangent kernel for infinite width, shape (N, N).

    X has shape (N, d) and holds one input of norm 1 in each row; rows may be equal or opposite,
    and their norm may miss 1 by a rounding. n ≥ 0 is the activation's degree.
    """
    X = np.asarray(X, dtype=float)
    # ‖x_i − x_j‖ and ‖x_i + x_j‖ coordinate by coordinate: no array is larger than the kernel.
    differences = np.sqrt(sum((x[:, None] - x) ** 2 for x in X.T))
    sums = np.sqrt(sum((x[:, None] + x) ** 2 for x in X.T))
    # The angle and what is left of it to π, both accurate where arccos is not: at 0 and at π.
    theta, omega = 2 * np.arctan2(differences, sums), 2 * np.arctan2(sums, differences)

    nodes, weights = np.polynomial.legendre.leggauss(24 + n)
    integrals = {k: np.zeros_like(omega) for k in (n - 1, n) if k >= 0}
    for node, weight in np.column_stack([nodes, weights]):
        alpha = omega * (node + 1) / 2
        # cos α + cos θ as a product, which is never negative on [0, ω]
        base = 2 * np.sin((omega + alpha) / 2) * np.sin((omega - alpha) / 2)
        for k in integrals:
            integrals[k] += weight * base**k * omega / 2

    def J(k: int) -> np.ndarray:
        factorial = np.prod(np.arange(1.0, k + 1))  # in floats: 21! is too large for an integer
        integral: np.ndarray = factorial * integrals[k]
        return integral

    H = J(n)
    if n > 0:
        H = H + n**2 * np.cos(theta) * J(n - 1)
    return H / (2 * np.pi)
