"""Compare the marks of people who marked the same answers without seeing each other's marks.

Two people mark the same answer if it is dealt to both (the overlap), or if they mark in two copies
of the course. A mark that settles two others does not count, and neither do later marks, because
their authors saw the two marks.

Krippendorff's alpha is 1 if all marks agree and about 0 if they agree no more than by chance. A
step is either ticked or not, so its level of measurement is nominal. Points have the interval
level: half a point is the same distance everywhere on the scale. The ratio level would count the
difference between 0 and 0.5 points as larger than the one between 1.5 and 2.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import krippendorff
import numpy as np
from numpy.typing import NDArray

from autograder.desk.desk import Desk
from autograder.gradebook.handmarks import HandMark, HandMarks, Place

RESAMPLES = 2000
"""Number of resamples for a confidence interval, and of shuffles for a comparison of means."""

SEED = 20241121
"""Fixed random seed, so that the same marks always give the same numbers."""

CONFIDENCE = 0.95
"""Share of the resamples inside a confidence interval."""

SIGNIFICANCE = 0.01
"""Share of shuffles below which a difference of means counts as more than chance."""

Level = Literal["nominal", "interval"]
"""Level of measurement, as in the package `krippendorff`."""

Values = Sequence[Sequence[float]]
"""The values that each answer got, one from each marker."""


@dataclass(frozen=True)
class Agreement:
    """The agreement of markers on an item's points (`step` is "") or on a step.

    `share` is the share of pairs of marks that are equal. `alpha` and its interval are None if they
    are undefined; `note` then says why.
    """

    item: str
    step: str
    text: str
    answers: int
    share: float | None
    alpha: float | None
    interval: tuple[float, float] | None
    note: str = ""


@dataclass(frozen=True)
class MarkerMean:
    """A marker's mean points for an item."""

    marker: str
    answers: int
    points: float


@dataclass(frozen=True)
class Means:
    """The markers' mean points for an item; `p` is None if fewer than two people marked it.

    `p` is the share of random shuffles of the markers that make the means differ at least as much.
    """

    item: str
    markers: tuple[MarkerMean, ...]
    p: float | None

    @property
    def is_beyond_chance(self) -> bool:
        """Whether the means differ more than they would by chance."""
        return self.p is not None and self.p < SIGNIFICANCE


@dataclass(frozen=True)
class Difference:
    """An answer with marks to settle: its id at the desk, and the points by marker."""

    id: str
    item: str
    student: str
    points: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True)
class AgreementResults:
    """All results for a homework; `double` is the number of answers that several people marked."""

    homework: str
    double: int
    agreement: tuple[Agreement, ...]
    means: tuple[Means, ...]
    differences: tuple[Difference, ...]


def read_agreement(desk: Desk) -> AgreementResults:
    """Return the agreement of a homework's markers."""
    with desk.reading() as now:
        log, answers = now.log, now.answers
    found = {
        place: marks
        for place in log.answers
        if place[0] in desk.items and len(marks := independent(log, place)) > 1
    }
    return AgreementResults(
        desk.homework,
        len(found),
        tuple(each for item in desk.items for each in _of_item(log, item, found)),
        tuple(_means(log, item) for item in desk.items),
        tuple(
            _difference(log, place, answers[place].id)
            for place in sorted(log.answers)
            if place in answers and place[0] in desk.items and log.marks(*place).to_settle
        ),
    )


def _difference(log: HandMarks, place: Place, name: str) -> Difference:
    marks = log.marks(*place)
    newest = () if marks.newest is None else (marks.newest,)
    points = (
        (mark.marker, mark.points if mark.is_marked else None)
        for mark in (*newest, *marks.to_settle)
    )
    return Difference(name, *place, tuple(points))


def independent(log: HandMarks, place: Place) -> list[HandMark]:
    """Return the newest mark of each person who marked the answer without seeing other marks.

    If a mark follows another person's mark, only the newer mark counts, because its author saw the
    older one. Marks for another version of the answer's text are left out.
    """
    newest, history = log.marks(*place).newest, log.marks(*place).history
    informed: set[str] = set()
    last: dict[str, HandMark] = {}
    for mark in history:
        seen = {mark.after, *mark.settles} - {""}
        if mark.cause == "settled" or (not mark.second and seen & informed):
            informed.add(mark.uid)
        else:
            last.pop(mark.after, None)
            last[mark.uid] = mark
    found: dict[str, HandMark] = {}
    for mark in last.values():
        if mark.is_marked and (newest is None or mark.answer == newest.answer):
            found[mark.marker] = mark
    return list(found.values())


# --- agreement -----------------------------------------------------------------------------------


def _of_item(
    log: HandMarks, item: str, found: Mapping[Place, Sequence[HandMark]]
) -> Iterator[Agreement]:
    double = [marks for place, marks in found.items() if place[0] == item]
    points = [[mark.points for mark in marks] for marks in double]
    yield _agreement(item, "", "", points, "interval")
    rubric = log.rubrics.get(item)
    for step in rubric.steps if rubric else ():
        ticks = [[float(step.id in (mark.ticks or ())) for mark in marks] for marks in double]
        yield _agreement(item, step.id, step.text, ticks, "nominal")


def _agreement(item: str, step: str, text: str, values: Values, level: Level) -> Agreement:
    if not values:
        note = "no answer was marked by two people"
        return Agreement(item, step, text, 0, None, None, None, note)
    alpha, note = krippendorffs_alpha(values, level)
    interval = None if alpha is None else bootstrap_interval(values, level)
    if alpha is not None and interval is None:
        note = "too few different answers for an interval"
    return Agreement(
        item, step, text, len(values), share_of_agreement(values), alpha, interval, note
    )


def share_of_agreement(values: Values) -> float:
    """Return the share of pairs of marks of the same answer that are equal."""
    pairs = [
        first == second
        for marks in values
        for index, first in enumerate(marks)
        for second in marks[index + 1 :]
    ]
    return sum(pairs) / len(pairs)


def krippendorffs_alpha(values: Values, level: Level) -> tuple[float | None, str]:
    """Return alpha, or None and the reason if it is undefined."""
    domain, counts = _counts(values)
    if len(domain) == 1:
        return None, f"undefined: every mark is {_said(domain[0], level)}"
    alpha = krippendorff.alpha(value_counts=counts, value_domain=domain, level_of_measurement=level)
    return float(alpha), ""


def _said(value: float, level: Level) -> str:
    if level == "interval":
        return f"{value:g} points"
    return "ticked" if value else "not ticked"


def _counts(values: Values) -> tuple[list[float], NDArray[np.int64]]:
    """Return all different values, and the number of times that each answer got each value."""
    domain = sorted({value for marks in values for value in marks})
    column = {value: index for index, value in enumerate(domain)}
    counts = np.zeros((len(values), len(domain)), dtype=np.int64)
    for row, marks in enumerate(values):
        for value in marks:
            counts[row, column[value]] += 1
    return domain, counts


def bootstrap_interval(values: Values, level: Level) -> tuple[float, float] | None:
    """Return a confidence interval of alpha, computed from resamples of the answers.

    Resamples in which all values are the same have no alpha and are left out. Returns None if most
    resamples have no alpha. Answers with equal marks are resampled together, so the time does not
    grow with the number of answers.
    """
    domain, counts = _counts(values)
    kinds, numbers = np.unique(counts, axis=0, return_counts=True)
    drawn = np.random.default_rng(SEED).multinomial(
        len(values), numbers / numbers.sum(), size=RESAMPLES
    )
    alphas = _alphas(drawn, kinds, np.array(domain), level)
    defined = alphas[np.isfinite(alphas)]
    if 2 * len(defined) < RESAMPLES:
        return None
    rest = (1 - CONFIDENCE) / 2
    low, high = np.quantile(defined, [rest, 1 - rest])
    return float(low), float(high)


def _alphas(
    drawn: NDArray[np.int64], kinds: NDArray[np.int64], domain: NDArray[np.float64], level: Level
) -> NDArray[np.float64]:
    """Return alpha for each row of `drawn`, which holds the number of answers of each kind.

    The formula comes from Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability".
    """
    size = len(domain)
    pairs = np.einsum("uc,uk->uck", kinds, kinds) - kinds[:, :, None] * np.eye(size)
    coincidences = pairs / (kinds.sum(axis=1) - 1)[:, None, None]
    apart = domain[:, None] - domain[None, :]
    distance = apart**2 if level == "interval" else (apart != 0).astype(float)
    observed = drawn @ (coincidences * distance).sum(axis=(1, 2))
    totals = (drawn @ kinds).astype(float)
    expected = np.einsum("bc,ck,bk->b", totals, distance, totals)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 - (totals.sum(axis=1) - 1) * observed / expected)


# --- mean points ---------------------------------------------------------------------------------


def _means(log: HandMarks, item: str) -> Means:
    """Compare the markers' mean points; marks that were replaced or settled do not count."""
    by_marker: defaultdict[str, list[float]] = defaultdict(list)
    for place in log.answers:
        if place[0] == item:
            for mark in independent(log, place):
                by_marker[mark.marker].append(mark.points)
    means = (
        MarkerMean(name, len(points), sum(points) / len(points))
        for name, points in sorted(by_marker.items())
    )
    return Means(item, tuple(means), _chance(list(by_marker.values())))


def _chance(groups: Sequence[Sequence[float]]) -> float | None:
    """Return the share of shuffles of the points that make the groups' means at least as unequal.

    The sum of squares between the groups measures how unequal the means are.
    """
    if len(groups) < 2:
        return None
    points = np.array([value for group in groups for value in group])
    points = points - points.mean()
    label = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    sizes = np.bincount(label)

    def spread(values: NDArray[np.float64]) -> float:
        return float((np.bincount(label, values) ** 2 / sizes).sum())

    limit = spread(points) - 1e-9
    rng = np.random.default_rng(SEED)
    reached = sum(spread(rng.permutation(points)) >= limit for _ in range(RESAMPLES))
    return (reached + 1) / (RESAMPLES + 1)
