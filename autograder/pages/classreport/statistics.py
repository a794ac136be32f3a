"""The numbers of a class report: pure functions of points, each with its formula and its source.

Classical test theory. x[p, i] is the points of person p on item i, m[i] the item's maximum, and NaN
where a person has still to mark. Sources:

- R. L. Ebel and D. A. Frisbie, Essentials of Educational Measurement, 5th ed., 1991, chapters 5
  and 13: difficulty, discrimination.
- S. Henrysson, Correction of item-total correlations in item analysis, Psychometrika 28 (1963):
  why an item is left out of the total that it is compared with.
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
"""Of two persons any two numbers correlate perfectly: a correlation needs three."""


@dataclass(frozen=True)
class Spread:
    """What is told of a distribution; `lower` and `upper` are the quartiles."""

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
    """What the class's points say of one item.

    `n` persons have a settled mark. `difficulty` is their mean share of the points,
    `discrimination` the correlation with the rest score; None if that can't be told, and `why`.
    """

    n: int
    difficulty: float | None
    discrimination: float | None
    why: str = ""

    @property
    def is_suspect(self) -> bool:
        """Whether it goes against the rest by more than chance would in one of twenty items.

        Where item and rest have nothing to do with each other, r has the mean 0 and the standard
        deviation 1/√(n−1), and is nearly normal.
        """
        r = self.discrimination
        return r is not None and r < -1.645 / sqrt(self.n - 1)


def spread(values: Sequence[float]) -> Spread | None:
    """Mean, standard deviation (n − 1 below), extremes and quartiles; None of nothing.

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
    """Pearson's r = Σ(x−x̄)(y−ȳ) / √(Σ(x−x̄)² Σ(y−ȳ)²).

    None where x or y is the same for all (r is 0/0), or there are fewer than `FEWEST` persons.
    """
    if len(x) < FEWEST or np.ptp(x) <= NEARLY or np.ptp(y) <= NEARLY:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def cronbach_alpha(points: Floats) -> float | None:
    """α = k/(k−1) · (1 − Σ var(xᵢ) / var(Σ xᵢ)) of persons' points on k items.

    None below two items or `FEWEST` persons, or where all have the same total.
    """
    n, k = points.shape
    total = points.sum(axis=1)
    if n < FEWEST or k < 2 or np.ptp(total) <= NEARLY:
        return None
    return float(k / (k - 1) * (1 - points.var(axis=0, ddof=1).sum() / total.var(ddof=1)))


def analyse_items(points: Floats, best: Floats) -> tuple[ItemStatistics, ...]:
    """The statistics of each item, from persons' points (one row each, NaN: still open).

    The rest score of a person on item i is Σ x[p, j] over the items j ≠ i that are settled for the
    whole class: a total with open items in it would compare what marks there are, not persons.
    """
    settled = settled_items(points)
    return tuple(_analyse(points, best, settled, item) for item in range(points.shape[1]))


def settled_items(points: Floats) -> NDArray[np.bool_]:
    """Which items are marked for every person."""
    return np.asarray(~np.isnan(points).any(axis=0))


def _analyse(points: Floats, best: Floats, settled: NDArray[np.bool_], item: int) -> ItemStatistics:
    marked = ~np.isnan(points[:, item])
    n = int(marked.sum())
    if n == 0:
        return ItemStatistics(0, None, None, "nobody has a mark of it yet")
    own = points[marked, item]
    others = settled.copy()
    others[item] = False
    rest = points[marked][:, others].sum(axis=1)
    shares = own / best[item] if best[item] else np.zeros_like(own)
    why = _why_not(own, rest, n)
    return ItemStatistics(n, float(shares.mean()), correlation(own, rest), why)


def _why_not(own: Floats, rest: Floats, n: int) -> str:
    """Why there is no correlation, in words; empty where there is one."""
    if n < FEWEST:
        return f"fewer than {FEWEST} marks"
    if np.ptp(own) <= NEARLY:
        return "all have the same points"
    return "all have the same rest score" if np.ptp(rest) <= NEARLY else ""


def wilson_lower(hits: int, n: int, z: float = 1.96) -> float:
    """The lower end of Wilson's interval for a share of `hits` in `n`; 0 of nothing.

    (p + z²/2n − z √(p(1−p)/n + z²/4n²)) / (1 + z²/n): a high share of very little ranks below the
    same share of much. E. B. Wilson, Probable inference, the law of succession, and statistical
    inference, Journal of the American Statistical Association 22 (1927).
    """
    if n == 0:
        return 0.0
    p = hits / n
    centre = p + z * z / (2 * n)
    margin = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (centre - margin) / (1 + z * z / n))


def histogram(values: Sequence[float], most: float, bins: int) -> tuple[list[float], list[int]]:
    """Edges of `bins` equal classes from 0 to `most`, and how many values are in each.

    What is below 0 or above `most` (a penalty, extra points by hand) counts in the outermost class.
    """
    edges = np.linspace(0.0, most or 1.0, bins + 1)
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return edges.tolist(), counts.tolist()
