"""The experiment of Problem 2 with all its runs at once, beside the plain loop that students see.

A run of USAM, x_{k+1} = x_k − η ∇L(x_k + ρ ∇L(x_k)), knows nothing of the others, so all P pairs of
η and ρ from all R starts advance together: an array (P, R, d+1) takes the place of one point.
`run_experiment_at_once` returns what `landscape.run_experiment` does with `landscape.usam`, up to
rounding. It stands in no notebook: tests and instructors use it for thousands of starts.

Source: as `landscape`; Andriushchenko and Flammarion, ICML 2022 (USAM).
"""

from collections.abc import Callable, Sequence

import numpy as np

Gradient = Callable[[np.ndarray], np.ndarray]
"""Takes points, shape (..., d+1), to their gradients, of the same shape."""

FAR = 1e6
"""A run is diverged where it is not finite or further than this from the origin."""


def gradients(x: np.ndarray) -> np.ndarray:
    """The gradient [v² u, ‖u‖² v] of the widening valley at every point, both (..., d+1)."""
    u, v = x[..., :-1], x[..., -1:]
    return np.concatenate([v**2 * u, np.sum(u**2, axis=-1, keepdims=True) * v], axis=-1)


def hessian_traces(x: np.ndarray) -> np.ndarray:
    """The trace d v² + ‖u‖² of the valley's Hessian at every point, (..., d+1) → (...)."""
    u, v = x[..., :-1], x[..., -1]
    traces: np.ndarray = u.shape[-1] * v**2 + np.sum(u**2, axis=-1)
    return traces


def diverged(x: np.ndarray) -> np.ndarray:
    """Which points are not finite or further than 10⁶ from the origin, (..., d+1) → (...)."""
    with np.errstate(over="ignore", invalid="ignore"):
        near: np.ndarray = np.linalg.norm(x, axis=-1) <= FAR
    return ~near


def usam_at_once(
    gradient: Gradient,
    starts: np.ndarray,
    etas: np.ndarray,
    rhos: np.ndarray,
    num_steps: int,
) -> np.ndarray:
    """Run USAM from every start with every pair (etas[p], rhos[p]) and keep the last iterates.

    starts has shape (R, d+1), etas and rhos have shape (P,); rho = 0 is GD. gradient takes points
    of shape (..., d+1). A run that overflows ends as inf or nan, without a warning.

    Returns an array of shape (P, R, d+1).
    """
    starts = np.asarray(starts, dtype=float)
    eta, rho = (np.asarray(values, dtype=float)[:, None, None] for values in (etas, rhos))
    # The runs lie side by side in memory, coordinate by coordinate, and numpy keeps that order: its
    # inner loops go over many runs, not over the few entries of one point.
    x = np.repeat(starts.T[:, None], len(eta), axis=1).transpose(1, 2, 0)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(num_steps):
            x = x - eta * gradient(x + rho * gradient(x))
    return x


def run_experiment_at_once(
    gradient: Gradient,
    starts: np.ndarray,
    etas: Sequence[float],
    rhos: Sequence[float],
    num_steps: int,
) -> dict[tuple[float, float], np.ndarray]:
    """Run USAM from every start for every pair of a step size and a radius, all at once.

    The arguments are those of `landscape.run_experiment` but for the optimiser, which is USAM, and
    for gradient, which takes points of shape (..., d+1).

    Returns a dict that maps each pair (eta, rho) to the last iterates, shape (R, d+1).
    """
    pairs = [(eta, rho) for eta in etas for rho in rhos]
    each = np.reshape(pairs, (-1, 2))
    ends = usam_at_once(gradient, starts, each[:, 0], each[:, 1], num_steps)
    return dict(zip(pairs, ends, strict=True))
