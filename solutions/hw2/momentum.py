"""Problem 1: momentum, the heavy ball and the iterate moving average are one method.

With g_t = ∇f_{i_t}(x^t):

    momentum               m^t = β_t m^{t-1} + g_t,  x^{t+1} = x^t − γ_t m^t,  m^{-1} = 0
    heavy ball             x^{t+1} = x^t − γ̂_t g_t + β̂_t (x^t − x^{t-1}),  x^{-1} = x^0
    moving average (IMA)   z^t = z^{t-1} − η_t g_t,  z^{-1} = x^0,
                           x^{t+1} = λ_{t+1}/(λ_{t+1}+1) x^t + 1/(λ_{t+1}+1) z^t

The three methods produce the same iterates if, with γ_{-1} = 1,

    γ̂_t = γ_t,  β̂_t = γ_t β_t / γ_{t-1},  η_t = (1 + λ_{t+1}) γ_t,
    λ_t = β̂_t (1 + λ_{t+1}) for t ≥ 1.

Source: Sebbouh, Gower and Defazio, COLT 2021; Garrigos and Gower, arXiv 2301.11235.
"""

from collections.abc import Callable

import numpy as np


class LeastSquares:
    """The least-squares problem f(x) = (1/n) Σ_i ½ (a_i·x − b_i)²."""

    def __init__(self, A: np.ndarray, b: np.ndarray) -> None:
        self.A, self.b = A, b
        self.num_functions, self.dimension = A.shape

    def gradient(self, i: int, x: np.ndarray) -> np.ndarray:
        """Return the gradient of f_i at x, shape (d,)."""
        gradient: np.ndarray = (self.A[i] @ x - self.b[i]) * self.A[i]
        return gradient

    def objective(self, x: np.ndarray) -> float:
        """Return the value f(x)."""
        return float(0.5 * np.mean((self.A @ x - self.b) ** 2))


def least_squares(
    num_functions: int = 50,
    dimension: int = 5,
    seed: int = 0,
) -> LeastSquares:
    """Return a random problem: n noisy measurements of d unknown numbers."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(num_functions, dimension))
    A *= np.linspace(0.3, 1.5, dimension)
    noise = 0.1 * rng.normal(size=num_functions)
    return LeastSquares(A, A @ rng.normal(size=dimension) + noise)


def momentum(
    gradient: Callable[[int, np.ndarray], np.ndarray],
    x0: np.ndarray,
    gammas: np.ndarray,
    betas: np.ndarray,
    indices: np.ndarray,
) -> np.ndarray:
    """Run SGD with momentum, equations (1, 2).

    gradient(i, x) is the gradient of f_i at x, shape (d,). The start x0,
    shape (d,), must not change. gammas, betas and indices hold γ_t, β_t and
    i_t for t = 0, ..., T-1; T = 0 is allowed.

    Returns all iterates, shape (T+1, d), with the start in row 0.
    """
    iterates = np.empty((len(indices) + 1, len(x0)))
    iterates[0] = x0
    buffer = np.zeros(len(x0))
    for t, i in enumerate(indices):
        buffer = betas[t] * buffer + gradient(i, iterates[t].copy())
        iterates[t + 1] = iterates[t] - gammas[t] * buffer
    return iterates


def heavy_ball(
    gradient: Callable[[int, np.ndarray], np.ndarray],
    x0: np.ndarray,
    gammas: np.ndarray,
    betas: np.ndarray,
    indices: np.ndarray,
) -> np.ndarray:
    """Run the heavy ball, equation (3).

    gammas and betas are the method's own sequences (those with a hat), for
    t = 0, ..., T-1. The other arguments are as in `momentum`, and
    x^{-1} = x^0.

    Returns all iterates, shape (T+1, d), with the start in row 0.
    """
    iterates = np.empty((len(indices) + 1, len(x0)))
    iterates[0] = previous = x0
    for t, i in enumerate(indices):
        x = iterates[t].copy()
        iterates[t + 1] = x - gammas[t] * gradient(i, x) + betas[t] * (x - previous)
        previous = x
    return iterates


def heavy_ball_parameters(
    gammas: np.ndarray,
    betas: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Convert momentum's parameters into the heavy ball's.

    With the result, both methods take the same steps. gammas and betas hold
    γ_t > 0 and β_t ≥ 0 for t = 0, ..., T-1; γ_{-1} = 1.

    Returns the pair (hatted gammas, hatted betas), two arrays of shape (T,).
    """
    gammas = np.array(gammas, dtype=float)
    previous = np.append(1.0, gammas)[: len(gammas)]
    return gammas, gammas * betas / previous


def ima(
    gradient: Callable[[int, np.ndarray], np.ndarray],
    x0: np.ndarray,
    etas: np.ndarray,
    lambdas: np.ndarray,
    indices: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Run the iterate moving average, equations (4, 5).

    etas holds η_t for t = 0, ..., T-1. lambdas holds λ_t for t = 0, ..., T:
    one more entry than etas. The other arguments are as in `momentum`, and
    z^{-1} = x^0.

    Returns the pair (x, z): the iterates x^0, ..., x^T, shape (T+1, d), and
    z^0, ..., z^{T-1}, shape (T, d). T = 0 is allowed: z then has shape (0, d).
    """
    x = np.empty((len(indices) + 1, len(x0)))
    z = np.empty((len(indices), len(x0)))
    x[0] = average = x0
    for t, i in enumerate(indices):
        z[t] = average = average - etas[t] * gradient(i, x[t].copy())
        weight = 1 / (lambdas[t + 1] + 1)
        x[t + 1] = lambdas[t + 1] * weight * x[t] + weight * z[t]
    return x, z


def ima_parameters(
    gammas: np.ndarray,
    betas: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Convert momentum's parameters into the moving average's.

    With the result, both methods take the same steps. gammas and betas hold
    γ_t > 0 and β_t ≥ 0 for t = 0, ..., T-1; γ_{-1} = 1. The relation must hold
    for t ≥ 1 and leaves one λ free: choose this λ so that no division by zero
    can occur.

    Returns the pair (etas, lambdas): η_0, ..., η_{T-1}, shape (T,), and
    λ_0, ..., λ_T, shape (T+1,).
    """
    gammas, betas = np.array(gammas, dtype=float), np.array(betas, dtype=float)
    ratios = gammas * betas / np.append(1.0, gammas)[: len(gammas)]
    lambdas = np.zeros(len(gammas) + 1)
    # Backwards from λ_T = 0: every λ is a product of numbers >= 0, so none can be -1.
    for t in reversed(range(len(gammas))):
        lambdas[t] = ratios[t] * (1 + lambdas[t + 1])
    return (1 + lambdas[1:]) * gammas, lambdas
