"""Claims about a curve on logarithmic axes and the straight guide beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from autograder.grading.testkit.claims import ClaimFailed
from autograder.grading.testkit.figures import (
    Reading,
    Sight,
    as_figure,
    matching_curves,
    pieced_together,
    readings,
    readings_as,
    why_hidden,
)
from autograder.grading.testkit.names import (
    legend_texts,
    names_in_legends,
    texts_beside,
    without_legend,
)
from autograder.grading.testkit.words import Words, folded
from autograder.sandbox.figurerecord import AxesData, CurveData, FigureData

_GUIDE = Words(
    *("guides?", "guideline", "references?", r"referenz\w*", r"theor\w*", "rates?", "raten?"),
    *("taux", "expected", r"erwartet\w*", r"attendue?s?", "orders?", "ordnung", "ordre", "slopes?"),
    *("steigung", "pentes?", r"(?:hilfs|richt|leit|vergleichs|referenz)linien?", r"asympt\w*"),
    *("trend", r"ideal\w*", r"predict\w*", r"vorhersag\w*", r"prevision\w*", "scaling", "decay"),
    *(r"skalierung\w*", "abfall", "o ?\\(.*", r"(?:square )?roots?", r"\w*wurzel\w*", "racine"),
)
"""Words for a straight line beside the data, as patterns."""

_SIZE = r"(?:\d*[.,]\d+|\d+)(?: ?/ ?\d+)?"
_SLOPES = re.compile(
    r"(?:slope|rate|steigung|pente|exponent|exposant|power|potenz|puissance|order|ordnung|ordre)"
    rf"(?: |[=:(≈~,$]|of|von|de|is|ist|est)*[-+]? ?({_SIZE})"
)
_POWERS = re.compile(rf"[a-z] ?\)? ?(?:\^|\*\*) ?\(?[-+ ]*({_SIZE})")
_INVERSE = re.compile(r"/ ?\(?(?:[mnwkxd]|width|breite|largeur)(?![a-z])(?! ?\)? ?(?:\^|\*\*|\())")
_ROOTS = re.compile(r"sqrt|root|wurzel|racine")
_NUMBER_ALONE = re.compile(rf"[ ($]*[-+]? ?({_SIZE})[ )$]*")
_IN_WORDS = (
    (re.compile(r"\b(?:minus|moins) (?:an? |one |ein |un )?(?:half|halb|einhalb|demi)\b"), "-1/2"),
    (re.compile(r"\b(?:minus|moins) (?:one|eins?|un)\b"), "-1"),
)
_UPWARDS = re.compile(
    r"(?:propto|const\w*|slope|steigung|pente|guides?|references?|referenz\w*|o|c|[ \\∝~=:*(])*"
    rf"(?:\+ ?{_SIZE}|[mn] ?(?:\^|\*\*) ?\(?\+? ?{_SIZE} ?\)?|sqrt ?\(? ?[mn])[ )]*"
)
"""Pattern of a text that gives only a positive slope, such as +1/2, m^(1/2) or √m."""


def _sizes_said(text: str) -> list[float]:
    """Return the slopes that a text gives as a slope, a power or a root, without their signs."""
    words = folded(text)
    for pattern, number in _IN_WORDS:
        words = pattern.sub(number, words)
    found = [_size(match[1]) for match in (*_SLOPES.finditer(words), *_POWERS.finditer(words))]
    found += [1.0] * len(_INVERSE.findall(words)) + [0.5] * len(_ROOTS.findall(words))
    alone = _NUMBER_ALONE.fullmatch(words)
    return [*found, _size(alone[1])] if alone else found


def _size(text: str) -> float:
    top, _, bottom = text.replace(",", ".").partition("/")
    return float(top) / (float(bottom) or 1.0) if bottom else float(top)


_MOST_SLOPES = 4
"""Largest number of straight lines of other slopes beside the data."""

_MOST_SIDES = 5
"""Largest number of strokes in a slope triangle."""


def assert_log_log(answer: object, x: np.ndarray, y: np.ndarray) -> None:
    """Assert that the curve is on logarithmic axes, or shows logarithms that labels mention."""
    figure = as_figure(answer)
    ways = [
        reading
        for axes, curve in matching_curves(figure, x, y)
        for reading in readings_as(axes, curve, x, y)
    ]
    ways = ways or [reading for _, reading in pieced_together(figure, x, y)]
    straight = (
        {name for name, shown in zip("xy", way, strict=True) if not shown.is_log} for way in ways
    )
    linear = min(straight, key=len, default={"x", "y"})
    if not linear:
        return
    which = "Neither axis is" if len(linear) == 2 else f"The {min(linear)}-axis is not"
    raise ClaimFailed(
        f"{which} logarithmic: use `axes.loglog(…)`, or draw logarithms and say so in the labels."
    )


def assert_guide(answer: object, x: np.ndarray, y: np.ndarray, slope: float) -> CurveData:
    """Return the visible straight line of this slope beside the curve.

    Raise ClaimFailed if there is no such line, or if lines of many other slopes are visible.
    """
    figure = as_figure(answer)
    found = matching_curves(figure, x, y)
    data = {id(curve) for _, curve in found}
    needed = 0.2 * float(np.ptp(np.log10(x)))
    unseen = ""
    for axes, bases in _axes_of_data(figure, found, x, y):
        lines = [
            line
            for curve in axes.curves
            if id(curve) not in data
            for line in _straight_lines(axes, curve, bases)
        ]
        right = [line for line in lines if line.has(slope)]
        guides = [line for line in right if axes.shows(line.curve) and line.seen(axes) >= needed]
        others = {
            round(line.slope, 1) for line in lines if axes.shows(line.curve) and not line.has(slope)
        }
        if guides and len(others) > _MOST_SLOPES:
            raise ClaimFailed(
                f"There are straight lines of many slopes beside the data: draw the line of slope "
                f"{in_words(slope)} and at most a few others."
            )
        if guides:
            return guides[0].curve
        if right and any(axes.shows(line.curve) for line in right):
            unseen = unseen or "too little of the line is inside the limits of the axes"
        elif right:
            unseen = unseen or why_hidden(axes, [line.curve for line in right])
    if unseen:
        raise ClaimFailed(
            f"There is a straight line of slope {in_words(slope)}, but it can't be seen: {unseen}."
        )
    raise ClaimFailed(
        f"There is no straight line of slope {in_words(slope)} (on logarithmic axes) beside the "
        "data."
    )


def in_words(slope: float) -> str:
    """Return the slope in the form used in messages: −1/2, 2, 0.3."""
    sign, size = "−" if slope < 0 else "", Fraction(abs(slope)).limit_denominator(6)
    return f"{sign}{size}" if abs(float(size) - abs(slope)) < 1e-9 else f"{sign}{abs(slope):g}"


def _axes_of_data(
    figure: FigureData, found: list[Sight], x: np.ndarray, y: np.ndarray
) -> Iterator[tuple[AxesData, set[tuple[float, float]]]]:
    """Yield each axes that shows the data, with the bases of its logarithms."""
    for axes in {id(axes): axes for axes, _ in found}.values():
        own = (curve for owner, curve in found if owner is axes)
        yield axes, {_bases(read) for curve in own for read in readings_as(axes, curve, x, y)}
    for axes, reading in pieced_together(figure, x, y) if not found else ():
        yield axes, {_bases(reading)}


def _bases(reading: Reading) -> tuple[float, float]:
    return reading[0].base, reading[1].base


@dataclass(frozen=True)
class _StraightLine:
    """A straight line on logarithmic axes: the strokes of a curve that share a slope.

    `ends` has shape (S, 2, 2): the start and the end of each stroke as drawn. `run` is the distance
    that each stroke goes to the right, in powers of ten.
    """

    curve: CurveData
    slope: float
    ends: np.ndarray
    run: np.ndarray

    def has(self, slope: float) -> bool:
        """Return whether the line has this slope."""
        return abs(self.slope - slope) <= 0.02

    def seen(self, axes: AxesData) -> float:
        """Return how far the line goes to the right inside the limits, in powers of ten."""
        return float(np.sum(np.abs(self.run) * _seen_share(axes, self.ends)))


def _straight_lines(
    axes: AxesData, curve: CurveData, bases: set[tuple[float, float]]
) -> Iterator[_StraightLine]:
    """Yield the straight line that a curve shows if its logarithms have these bases.

    The straight line of a slope triangle is its long side.
    """
    for read in readings(axes, curve):
        if _bases(read) not in bases or not all(shown.is_log for shown in read):
            continue
        positive = np.all([(s.values > 0) & np.isfinite(s.values) for s in read], axis=0)
        if positive.sum() < 2:
            continue
        run, rise = (np.diff(np.log10(shown.values[positive])) for shown in read)
        oblique = np.abs(run) > 0
        if len(run) <= _MOST_SIDES:  # a slope triangle has a level side and an upright one
            oblique &= np.abs(rise) > 1e-9 * np.abs(run)
        else:
            oblique |= np.abs(rise) > 0
        if not oblique.any() or not np.all(run[oblique]):
            continue
        slopes = rise[oblique] / run[oblique]
        slope = float(np.median(slopes))
        if np.all(np.abs(slopes - slope) <= 0.02):
            drawn = curve.points[positive, :2]
            ends = np.stack([drawn[:-1], drawn[1:]], axis=1)[oblique]
            yield _StraightLine(curve, slope, ends, run[oblique])


_STEPS = np.linspace(0, 1, 20)[:, np.newaxis]


def _seen_share(axes: AxesData, ends: np.ndarray) -> np.ndarray:
    """Return the share of each stroke that is inside the limits."""
    flat = ends.copy()
    logs = [scale == "log" for scale in axes.scales[:2]]
    flat[..., logs] = np.log(flat[..., logs])
    along = flat[:, :1] + (flat[:, 1:] - flat[:, :1]) * _STEPS
    along[..., logs] = np.exp(along[..., logs])
    share: np.ndarray = axes.within_limits(along.reshape(-1, 2)).reshape(len(ends), -1).mean(axis=1)
    return share


def assert_named_guide(
    answer: object, guide: CurveData, *, slope: float = -0.5, data: Words | None = None
) -> None:
    """Assert that a legend entry or a text names the guide, and that no text gives another slope.

    `data` are words for the data; these words must not name the guide.
    """
    figure = as_figure(answer)
    named = names_in_legends(figure)
    called = named.get(id(guide), ())
    if any(_contradicts(text, slope) for text in called) and not any(
        _is_right(text, slope) for text in called
    ):
        raise ClaimFailed(
            f"The legend gives the guide a slope other than {in_words(slope)}, its real slope."
        )
    of_others = {text for key, texts in named.items() if key != id(guide) for text in texts}
    swapped = data and any(data(text) and not _names_a_guide(text, slope) for text in called)
    if swapped and any(_is_right(text, slope) for text in of_others):
        raise ClaimFailed("The legend swaps the names of the guide and the data.")
    if data and called and all(map(data.are_all_of, called)):
        raise ClaimFailed("The legend gives the guide a name for the data.")
    if guide.own_label in called:
        return
    entries = called or [text for text in legend_texts(figure) if text not in of_others]
    texts = {text for axes in figure.axes for text in texts_beside(figure, axes)}
    if any(_names_a_guide(text, slope) for text in (*entries, *texts)):
        return
    raise ClaimFailed(
        without_legend(figure, [guide])
        or f"No legend and no text names the guide of slope {in_words(slope)}."
    )


def _names_a_guide(text: str, slope: float) -> bool:
    right = _is_right(text, slope)
    return right or (_GUIDE(text) and not _contradicts(text, slope))


def _is_right(text: str, slope: float) -> bool:
    if slope < 0 and _UPWARDS.fullmatch(folded(text)):
        return False
    return any(abs(size - abs(slope)) <= 0.02 for size in _sizes_said(text))


def _contradicts(text: str, slope: float) -> bool:
    return bool(_sizes_said(text)) and not _is_right(text, slope)
