"""A test function that student code calls very often; the grader sends its coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np


class Polynomial:
    """p(u, v) = sum over i, j of c[i, j] uⁱ vʲ, called as p([u, v]).

    If u and v are numbers, the value is a float. u and v may also be arrays of the same shape. The
    sandbox computes a Polynomial itself, whereas each call of another test function is sent to the
    grader.
    """

    def __init__(self, coefficients: np.ndarray) -> None:
        self.coefficients = np.asarray(coefficients, dtype=float)
        self._falling: list[list[float]] = self.coefficients[::-1, ::-1].tolist()

    def __call__(self, x: Any) -> Any:
        """Return p(x) for x = [u, v]; raise ValueError unless x holds two numbers or two arrays."""
        point = np.asarray(x, dtype=float)
        u, v = point.tolist() if point.ndim == 1 else point  # floats are faster than arrays
        value = 0.0 * u
        for row in self._falling:
            in_v = 0.0 * v
            for coefficient in row:
                in_v = in_v * v + coefficient
            value = value * u + in_v
        return float(value) if np.ndim(value) == 0 else value
