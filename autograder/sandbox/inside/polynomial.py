"""A test function that crosses the wire as numbers, for answers that call it very often."""

from __future__ import annotations

from typing import Any

import numpy as np


class Polynomial:
    """p(u, v) = sum over i, j of c[i, j] uⁱ vʲ, called as p([u, v]).

    u and v may be numbers (then the value is a float) or arrays of one shape. The sandbox computes
    it itself; any other function of a test is called back across the wire.
    """

    def __init__(self, coefficients: np.ndarray) -> None:
        self.coefficients = np.asarray(coefficients, dtype=float)
        self._falling: list[list[float]] = self.coefficients[::-1, ::-1].tolist()

    def __call__(self, x: Any) -> Any:
        """Return the value at x = [u, v]; raise ValueError unless x holds two numbers or arrays."""
        point = np.asarray(x, dtype=float)
        u, v = point.tolist() if point.ndim == 1 else point  # numpy is slow for single numbers
        value = 0.0 * u
        for row in self._falling:
            in_v = 0.0 * v
            for coefficient in row:
                in_v = in_v * v + coefficient
            value = value * u + in_v
        return float(value) if np.ndim(value) == 0 else value
