"""Claims about a curve on logarithmic axes and the straight guide beside it."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

from autograder.grading.testkit.claims import ClaimFailed
from autograder.grading.testkit.figures import as_figure, matching_curves, readings, same_points
from autograder.grading.testkit.names import legend_texts, names_in_legends, texts_beside
from autograder.sandbox.figuredata import AxesData, CurveData

_GUIDE = re.compile(
    r"1\s*/\s*2|½|(?<!\d)0?\.5|sqrt|root|frac|√|m\s*\^|\bO\(|"
    r"slope|guide|reference|theor|rate|expected|order",
    re.IGNORECASE,
)


def assert_log_log(answer: object, x: np.ndarray, y: np.ndarray) -> None:
    """The curve through these points is drawn on logarithmic axes, or as labelled logarithms."""
    figure = as_figure(answer)
    for axes, curve in matching_curves(figure, x, y):
        for read in readings(axes, curve):
            if same_points(read.x, read.y, x, y) and read.log_x and read.log_y:
                return
    raise ClaimFailed("The axes are not both logarithmic: `axes.loglog(…)` makes them so.")


def assert_guide(answer: object, x: np.ndarray, y: np.ndarray, slope: float) -> CurveData:
    """Beside the curve through these points there is a straight line of this slope, in sight."""
    figure = as_figure(answer)
    data = [id(curve) for _, curve in matching_curves(figure, x, y)]
    places = [axes for axes, _ in matching_curves(figure, x, y)]
    for axes in places:
        for curve in axes.curves:
            if id(curve) not in data and axes.shows(curve) and _is_guide(axes, curve, x, slope):
                return curve
    raise ClaimFailed(
        f"There is no straight line of slope {slope:g} (on logarithmic axes) beside the data, "
        "in sight."
    )


def _is_guide(axes: AxesData, curve: CurveData, x: np.ndarray, slope: float) -> bool:
    needed = 0.2 * float(np.ptp(np.log10(x)))
    for read in readings(axes, curve):
        positive = (read.x > 0) & (read.y > 0) & np.isfinite(read.x) & np.isfinite(read.y)
        if not (read.log_x and read.log_y) or positive.sum() < 2:
            continue
        run = np.diff(np.log10(read.x[positive]))
        rise = np.diff(np.log10(read.y[positive]))
        straight = np.abs(rise - slope * run) <= 0.02 * np.abs(run)
        straight &= np.abs(run) > 0
        whole = straight[np.abs(run) + np.abs(rise) > 0].all()
        if whole or len(run) < 6:  # a slope triangle has one side of the slope
            seen = _seen_share(axes, curve.points[positive, :2])
            if float(np.sum(np.abs(run) * straight * seen)) >= needed:
                return True
    return False


def _seen_share(axes: AxesData, points: np.ndarray) -> np.ndarray:
    """For each stroke between consecutive points, which share of it is within the limits."""
    flat = points.copy()
    logs = [scale == "log" for scale in axes.scales[:2]]
    flat[:, logs] = np.log(flat[:, logs])
    shares = []
    for start, end in pairwise(flat):
        stroke = start + (end - start) * np.linspace(0, 1, 50)[:, np.newaxis]
        stroke[:, logs] = np.exp(stroke[:, logs])
        shares.append(float(axes.within_limits(stroke).mean()))
    return np.array(shares)


def assert_named_guide(answer: object, guide: CurveData) -> None:
    """A legend entry or a text says what the guide is."""
    figure = as_figure(answer)
    called = names_in_legends(figure).get(id(guide), ())
    if guide.own_label in called:
        return
    texts = [text for axes in figure.axes for text in texts_beside(figure, axes)]
    if not any(_GUIDE.search(text) for text in (*(called or legend_texts(figure)), *texts)):
        raise ClaimFailed("Neither a legend nor a text says what the guide of slope −1/2 is.")
