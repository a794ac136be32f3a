"""Problem 2: the widening valley L(u, v) = ½ ‖u‖² v², its derivatives, GD and USAM.

A point is x = [u, v] with v last. With a = ‖u‖² and b = v²:

    gradient [b u, a v],  Hessian [[b I, 2 v u], [2 v uᵀ, a]],  trace d b + a
    GD     u⁺ = (1 − η b) u,                  v⁺ = (1 − η a) v
    USAM   u⁺ = (1 − η b (1+ρa)² (1+ρb)) u,   v⁺ = (1 − η a (1+ρb)² (1+ρa)) v

Source: Lim, Wan and Şimşekli, arXiv 2205.11361 (the valley); Andriushchenko and Flammarion,
ICML 2022, and Dai, Ahn and Sra, arXiv 2305.15287 (USAM, which is SAM without normalisation).
"""

from collections.abc import Callable, Sequence

import numpy as np

POINT_U = np.array([3.0, -1.0, 2.0])
POINT_V = 2.0

#: gradient_at_point: the gradient of L at the point, shape (4,)
gradient_at_point = np.array([12.0, -4.0, 8.0, 28.0])

#: hessian_at_point: the Hessian of L at the point, shape (4, 4)
hessian_at_point = np.array(
    [
        [4.0, 0.0, 0.0, 12.0],
        [0.0, 4.0, 0.0, -4.0],
        [0.0, 0.0, 4.0, 8.0],
        [12.0, -4.0, 8.0, 14.0],
    ]
)

#: trace_at_point: the trace of this Hessian, a number
trace_at_point = 26.0


def gd_update(u: np.ndarray, v: float, eta: float) -> tuple[np.ndarray, float]:
    """Make one step of GD from (u, v) with step size eta, written out.

    u has shape (d,), v is a number. Write the formula itself; do not call
    `gradient`.

    Returns the pair (next u, next v).
    """
    u = np.asarray(u, dtype=float)
    return u - eta * v**2 * u, v - eta * (u @ u) * v


def usam_update(
    u: np.ndarray,
    v: float,
    eta: float,
    rho: float,
) -> tuple[np.ndarray, float]:
    """Make one step of USAM with step size eta and radius rho, written out.

    u has shape (d,), v is a number. Write the formula itself; do not call
    `gradient`.

    Returns the pair (next u, next v).
    """
    u = np.asarray(u, dtype=float)
    a, b = u @ u, v**2
    stretch_u, stretch_v = 1 + rho * b, 1 + rho * a
    return u - eta * b * stretch_v**2 * stretch_u * u, v - eta * a * stretch_u**2 * stretch_v * v


def loss(x: np.ndarray) -> float:
    """Return the loss L at x = [u, v], shape (d+1,) with v last."""
    u, v = np.asarray(x[:-1], dtype=float), np.float64(x[-1])
    return float(0.5 * (u @ u) * v**2)


def gradient(x: np.ndarray) -> np.ndarray:
    """Return the gradient of L at x = [u, v], shape (d+1,), ordered like x."""
    u, v = np.asarray(x[:-1], dtype=float), np.float64(x[-1])
    return np.append(v**2 * u, (u @ u) * v)


def hessian(x: np.ndarray) -> np.ndarray:
    """Return the Hessian at x = [u, v], shape (d+1, d+1), ordered like x."""
    u, v = np.asarray(x[:-1], dtype=float), np.float64(x[-1])
    H = np.diag(np.append(np.full(len(u), v**2), u @ u))
    H[-1, :-1] = H[:-1, -1] = 2 * v * u
    return H


def hessian_trace(x: np.ndarray) -> float:
    """Return the trace of the Hessian of L at x = [u, v], a number."""
    u, v = np.asarray(x[:-1], dtype=float), np.float64(x[-1])
    return float(len(u) * v**2 + u @ u)


def gd(
    gradient: Callable[[np.ndarray], np.ndarray],
    x0: np.ndarray,
    eta: float | np.ndarray,
    num_steps: int,
) -> np.ndarray:
    """Run gradient descent for num_steps steps from x0, shape (d+1,).

    gradient(x) is the gradient of some function at x. The step size eta is a
    number, or an array of shape (num_steps,) with one step size for each step.
    x0 must not change. num_steps = 0 is allowed. Do not stop early.

    Returns all iterates, shape (num_steps+1, d+1), with the start in row 0.
    """
    etas = np.broadcast_to(eta, num_steps)
    iterates = np.empty((num_steps + 1, len(x0)))
    iterates[0] = x0
    for k in range(num_steps):
        x = iterates[k].copy()
        iterates[k + 1] = x - etas[k] * gradient(x)
    return iterates


def usam(
    gradient: Callable[[np.ndarray], np.ndarray],
    x0: np.ndarray,
    eta: float | np.ndarray,
    rho: float,
    num_steps: int,
) -> np.ndarray:
    """Run USAM for num_steps steps from x0, shape (d+1,), with radius rho.

    gradient, x0, eta and num_steps are as in `gd`; with rho = 0 this is
    gradient descent.

    Returns all iterates, shape (num_steps+1, d+1), with the start in row 0.
    """
    etas = np.broadcast_to(eta, num_steps)
    iterates = np.empty((num_steps + 1, len(x0)))
    iterates[0] = x0
    for k in range(num_steps):
        x = iterates[k].copy()
        uphill = x + rho * np.asarray(gradient(x))
        iterates[k + 1] = x - etas[k] * gradient(uphill)
    return iterates


def run_experiment(
    optimizer: Callable[..., np.ndarray],
    gradient: Callable[[np.ndarray], np.ndarray],
    starts: np.ndarray,
    etas: Sequence[float],
    rhos: Sequence[float],
    num_steps: int,
) -> dict[tuple[float, float], np.ndarray]:
    """Run the optimiser from every start, for every step size and radius.

    optimizer(gradient, x0, eta, rho, num_steps) returns all iterates, as
    `usam` does. starts has shape (R, d+1), one start in each row; etas and
    rhos are sequences of numbers.

    Returns a dict that maps each pair (eta, rho) to the last iterates, shape
    (R, d+1).
    """
    return {
        (eta, rho): np.array([optimizer(gradient, x0, eta, rho, num_steps)[-1] for x0 in starts])
        for eta in etas
        for rho in rhos
    }
