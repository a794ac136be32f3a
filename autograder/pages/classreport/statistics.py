"""Compute the numbers of a class report from points, with their formulas and sources.

The formulas are those of classical test theory. In the formulas, x[p, i] is the number of points of
person p on item i, or NaN if the item is not marked.

Sources:

- R. L. Ebel and D. A. Frisbie, Essentials of Educational Measurement, 5th ed., 1991, chapters 5
  and 13: difficulty, discrimination.
- S. Henrysson, Correction of item-total correlations in item analysis, Psychometrika 28 (1963),
  explains why the total leaves out the item's own points.
- L. J. Cronbach, Coefficient alpha and the internal structure of tests, Psychometrika 16 (1951).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from autograder.course.assignment import NEARLY

Floats = NDArray[np.float64]

FEWEST = 3
"""Minimum number of persons for a correlation; with only two persons, |r| is always 1."""


@dataclass(frozen=True)
class Spread:
    """The summary of a distribution; `lower` and `upper` are the quartiles."""

    n: int
    mean: float
    deviation: float | None
    least: float
    lower: float
    median: float
    upper: float
    most: float


@dataclass(frozen=True)
class ItemStatistics:
    """The statistics of one item over the class.

    `n` is the number of persons with a final mark. `difficulty` is the mean share of the points
    that these persons earned. `discrimination` is the correlation with the rest score; if it is
    None, `why` gives the reason.
    """

    n: int
    difficulty: float | None
    discrimination: float | None
    why: str = ""

    @property
    def is_suspect(self) -> bool:
        """True if chance alone makes a correlation this negative for at most 1 item in 20.

        If the item and the rest score are independent, r is nearly normal, with mean 0 and standard
        deviation 1/√(n−1).
        """
        r = self.discrimination
        return r is not None and r < -1.645 / sqrt(self.n - 1)


def spread(values: Sequence[float]) -> Spread | None:
    """Return mean, standard deviation (divided by n − 1), extremes and quartiles, or None.

    A quartile between two values is interpolated linearly (numpy's default, type 7 of Hyndman and
    Fan, Sample quantiles in statistical packages, 1996).
    """
    if not values:
        return None
    least, lower, median, upper, most = (
        float(q) for q in np.quantile(values, np.linspace(0, 1, 5))
    )
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Spread(
        len(values), float(np.mean(values)), deviation, least, lower, median, upper, most
    )  # fmt: skip


def correlation(x: Floats, y: Floats) -> float | None:
    """Return Pearson's r = Σ(x−x̄)(y−ȳ) / √(Σ(x−x̄)² Σ(y−ȳ)²).

    Returns None if all x or all y are equal (r is 0/0), or for fewer than `FEWEST` persons.
    """
    if len(x) < FEWEST or np.ptp(x) <= NEARLY or np.ptp(y) <= NEARLY:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def cronbach_alpha(points: Floats) -> float | None:
    """Return α = k/(k−1) · (1 − Σ var(xᵢ) / var(Σ xᵢ)) for the points of persons on k items.

    Returns None for fewer than two items or `FEWEST` persons, or if all totals are equal.
    """
    n, k = points.shape
    total = points.sum(axis=1)
    if n < FEWEST or k < 2 or np.ptp(total) <= NEARLY:
        return None
    return float(k / (k - 1) * (1 - points.var(axis=0, ddof=1).sum() / total.var(ddof=1)))


def analyse_items(points: Floats, best: Floats) -> tuple[ItemStatistics, ...]:
    """Return each item's statistics; `points` has a row per person, and NaN for open items.

    The rest score of person p for item i is Σ x[p, j] over the items j ≠ i that are marked for the
    whole class. With other items, the sum would depend on how many of them are marked.
    """
    settled = settled_items(points)
    return tuple(_analyse(points, best, settled, item) for item in range(points.shape[1]))


def settled_items(points: Floats) -> NDArray[np.bool_]:
    """Return, for each item, whether it is marked for every person."""
    return np.asarray(~np.isnan(points).any(axis=0))


def _analyse(points: Floats, best: Floats, settled: NDArray[np.bool_], item: int) -> ItemStatistics:
    marked = ~np.isnan(points[:, item])
    n = int(marked.sum())
    if n == 0:
        return ItemStatistics(0, None, None, "no person has a mark for this item yet")
    own = points[marked, item]
    others = settled.copy()
    others[item] = False
    rest = points[marked][:, others].sum(axis=1)
    shares = own / best[item] if best[item] else np.zeros_like(own)
    why = _why_not(own, rest, n)
    return ItemStatistics(n, float(shares.mean()), correlation(own, rest), why)


def _why_not(own: Floats, rest: Floats, n: int) -> str:
    """Return the reason why there is no correlation, or "" if there is a correlation."""
    if n < FEWEST:
        return f"fewer than {FEWEST} marks"
    if np.ptp(own) <= NEARLY:
        return "all persons have the same points"
    return "all persons have the same rest score" if np.ptp(rest) <= NEARLY else ""


def wilson_lower(hits: int, n: int, z: float = 1.96) -> float:
    """Return the lower end of Wilson's interval for a share of `hits` in `n`; 0 if n = 0.

    The formula is (p + z²/2n − z √(p(1−p)/n + z²/4n²)) / (1 + z²/n): the same share ranks lower if
    n is small. Source: E. B. Wilson, Probable inference, the law of succession, and statistical
    inference, Journal of the American Statistical Association 22 (1927).
    """
    if n == 0:
        return 0.0
    p = hits / n
    centre = p + z * z / (2 * n)
    margin = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (centre - margin) / (1 + z * z / n))


def histogram(values: Sequence[float], most: float, bins: int) -> tuple[list[float], list[int]]:
    """Return the edges of `bins` equal intervals from 0 to `most`, and the count in each.

    Values below 0 or above `most` (penalties, extra points by hand) count in the outer intervals.
    """
    edges = np.linspace(0.0, most or 1.0, bins + 1)
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return edges.tolist(), counts.tolist()
