"""Problem 1: Newton's method in one dimension, and how fast it is.

If a cell of the source notebook begins with `### REFERENCE newton.newton`, `fdl release HOMEWORK`
fills the cell with the function from this file. Students see the function's signature and
docstring; the body is the solution.
"""

from collections.abc import Callable

import numpy as np


def newton(
    f: Callable[[float], float], slope: Callable[[float], float], x0: float, num_steps: int
) -> np.ndarray:
    """Run Newton's method, equation (1), from the start x0.

    f(x) is the function's value at a number x, slope(x) its derivative there, never zero. Exactly
    T = num_steps steps are taken; T = 0 is allowed.

    Returns all iterates, shape (T+1,), with the start in entry 0.
    """
    iterates = [float(x0)]
    for _ in range(num_steps):
        x = iterates[-1]
        iterates.append(x - f(x) / slope(x))
    return np.array(iterates)


def convergence_order(iterates: np.ndarray, root: float) -> float:
    """Estimate the order of convergence by equation (2).

    iterates contains x^0, ..., x^T with T ≥ 2, shape (T+1,); no entry is the root. Only the last
    three iterates are used.

    Returns the number p.
    """
    errors = np.abs(np.asarray(iterates, dtype=float) - root)
    ratios = errors[1:] / errors[:-1]
    return float(np.log(ratios[-1]) / np.log(ratios[-2]))
