"""The number of right digits of the limit kernel, counted by a comparison with mpmath."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import mpmath  # type: ignore[import-untyped]
import numpy as np

Kernel = Callable[[np.ndarray, int], np.ndarray]


def hard_pairs() -> Iterator[np.ndarray]:
    """Yield pairs of inputs, shape (2, d), at angles from almost 0 to almost π."""
    rng = np.random.default_rng(0)
    gaps = [*np.logspace(-12, 0, 49), *np.linspace(0.05, np.pi / 2, 60)]
    for gap in gaps:
        for d in (2, 10, 60):
            x, p = np.linalg.qr(rng.normal(size=(d, 2)))[0].T
            y = np.cos(gap) * x + np.sin(gap) * p
            for sign in (1, -1):
                yield np.array([x, sign * y])


def exact(pair: np.ndarray, n: int) -> tuple[mpmath.mpf, mpmath.mpf]:
    """Return the limit for n = 1 or n = 2 with 50 digits, and the sum of its terms' sizes.

    The terms are the two expectations; at one angle above π/2, the terms cancel and the kernel is
    0. The norms are treated as equal, although rounding may move one norm away from 1. Next to π,
    this rounding changes the angle of the inputs by more than any error of the kernel.
    """
    with mpmath.workdps(50):
        x, y = (mpmath.matrix([mpmath.mpf(float(entry)) for entry in row]) for row in pair)
        omega = 2 * mpmath.atan2(mpmath.norm(x + y), mpmath.norm(x - y))
        S, C = mpmath.sin(omega), -mpmath.cos(omega)
        relu = S + omega * C
        if n == 1:
            values, slopes = relu, C * omega
        else:
            values, slopes = 3 * S * C + omega * (1 + 2 * C**2), 4 * C * relu
        return (values + slopes) / (2 * mpmath.pi), (values + abs(slopes)) / (2 * mpmath.pi)


def largest_error(kernel: Kernel, n: int) -> float:
    """Return the largest relative error of a limit kernel at the hard pairs.

    Pairs near the zero of the kernel, where more than two thirds of its terms cancel, are left out.
    """
    errors = [0.0]
    for pair in hard_pairs():
        value, size = exact(pair, n)
        if abs(value) > size / 3:
            errors.append(float(abs(float(kernel(pair, n)[0, 1]) - value) / abs(value)))
    return max(errors)
