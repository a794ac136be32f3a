"""The problems that all libraries solve, with the same numbers for each library.

Child processes import this module, possibly with another interpreter, so it needs only numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from solutions.hw2 import ntk

NETWORK, LIMIT = "empirical NTK", "limit NTK"
DEGREE = 1
"""Degree of the ReLU activation, which neural-tangents provides too."""


@dataclass(frozen=True)
class Problem:
    """One task at one size; `size` maps the sheet's letters to numbers."""

    task: str
    size: Mapping[str, int]

    def __str__(self) -> str:
        return f"{self.task}, " + ", ".join(f"{k} = {n:,}" for k, n in self.size.items())

    def inputs(self) -> tuple[np.ndarray, ...]:
        """Return the arrays that are passed in, which are the same each time."""
        rng = np.random.default_rng(0)
        size = self.size
        X = rng.normal(size=(size["N"], size["d"]))
        X /= np.linalg.norm(X, axis=1, keepdims=True)
        if self.task == LIMIT:
            return (X,)
        return rng.normal(size=size["m"]), rng.normal(size=(size["m"], size["d"])), X

    def gigabytes_of_jacobian(self) -> float:
        """Return the gigabytes of all derivatives at all inputs, as doubles; 0 if not needed."""
        if self.task != NETWORK:
            return 0.0
        return self.size["N"] * self.size["m"] * (self.size["d"] + 1) * 8 / 1e9


def explicit_kernel(inputs: tuple[np.ndarray, ...], count: int) -> np.ndarray:
    """Return the empirical kernel of the first inputs from an explicit Jacobian."""
    v, W, X = inputs
    J = np.array(
        [
            np.append(ntk.gradient_v(v, W, x, DEGREE), ntk.gradient_W(v, W, x, DEGREE))
            for x in X[:count]
        ]
    )
    return J @ J.T


def distance(answer: Any, expected: np.ndarray) -> float:
    """Return an answer's error relative to the largest entry; inf if its shape is wrong."""
    answer = np.asarray(answer)
    if answer.shape != expected.shape or not np.isfinite(answer).all():
        return float("inf")
    return float(np.abs(answer - expected).max() / np.abs(expected).max())


PROBLEMS = (
    Problem(NETWORK, {"N": 20, "m": 1_000, "d": 10}),
    Problem(NETWORK, {"N": 100, "m": 10_000, "d": 10}),
    Problem(NETWORK, {"N": 100, "m": 100_000, "d": 10}),
    Problem(NETWORK, {"N": 1_000, "m": 1_000_000, "d": 10}),
    Problem(LIMIT, {"N": 100, "d": 10}),
    Problem(LIMIT, {"N": 1_000, "d": 10}),
)
