"""The pictures of a class report, as SVG elements inside the page.

Each picture has a title and a description for readers who cannot see it. No information depends on
colour alone: each series has its own hatching, and tables show the numbers of every picture.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

INK, SOFT, LINE = "#1d2733", "#56626f", "#dfe4ea"
BLUE, GREEN, AMBER, RED, GREY = "#5b84c4", "#6fae8b", "#e2b04a", "#d4776f", "#cdd4dc"

_OWN: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "class report",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.6,
    # a name may contain dollar signs, but is not a formula
    "text.parse_math": False,
}

_STYLE: list[str | dict[str, Any]] = ["default", _OWN]
"""The report's own matplotlib style; a settings file in the current folder has no effect."""

_HEAD = re.compile(r"^.*?<svg[^>]*?viewBox=\"([^\"]*)\"[^>]*>", re.DOTALL)
_UNNEEDED = re.compile(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", re.DOTALL)
_NAMED = re.compile(r"(\bid=\"|href=\"#|url\(#)")
_FAMILY = re.compile(r"font-family: [^;\"]*; ")


@dataclass(frozen=True)
class Series:
    """One series of a stacked bar chart, with one number for each bar."""

    name: str
    values: Sequence[float]
    colour: str
    hatch: str = ""


def histogram_picture(
    name: str,
    title: str,
    description: str,
    edges: Sequence[float],
    counts: Sequence[int],
    unit: str,
) -> Markup:
    """Return a histogram of the number of students in each interval of points or seconds."""
    with style.context(_STYLE):
        figure, axes = _figure(4.2, 2.5)
        for (left, right), count in zip(pairwise(edges), counts, strict=True):
            if count:
                axes.bar((left + right) / 2, count, right - left, color=BLUE, edgecolor="white")
                axes.annotate(
                    f"{count:g}", ((left + right) / 2, count), (0, 2), textcoords="offset points",
                    ha="center", fontsize=8, color=SOFT,
                )  # fmt: skip
        axes.set(xlabel=unit, ylabel="students", xlim=(edges[0], edges[-1]))
        axes.margins(y=0.12)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        return _svg(figure, name, title, description)


def bars_picture(
    name: str,
    title: str,
    description: str,
    labels: Sequence[str],
    series: Sequence[Series],
    unit: str,
    most: float | None = None,
) -> Markup:
    """Return a picture of horizontal bars, one for each label, with stacked series."""
    with style.context(_STYLE):
        figure, axes = _figure(5.0, 0.9 + 0.24 * max(len(labels), 2))
        left = [0.0] * len(labels)
        for part in series:
            axes.barh(
                range(len(labels)), part.values, left=left, height=0.72, label=part.name,
                color=part.colour, hatch=part.hatch, edgecolor="white", linewidth=0.5,
            )  # fmt: skip
            left = [a + b for a, b in zip(left, part.values, strict=True)]
        axes.set_yticks(range(len(labels)), labels)
        axes.tick_params("y", length=0, labelcolor=INK)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.set_xlim(0, most or max([*left, 1.0]))
        axes.set_xlabel(unit)
        axes.grid(axis="x", color=LINE)
        axes.set_axisbelow(True)
        if len(series) > 1:
            figure.legend(
                loc="outside upper center", ncols=min(len(series), 3), frameon=False, fontsize=9
            )
        return _svg(figure, name, title, description)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _svg(figure: Figure, name: str, title: str, description: str) -> Markup:
    """Return the figure as an SVG element whose ids begin with `name`."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    head = _HEAD.match(file.getvalue())
    assert head is not None
    body = _UNNEEDED.sub("", file.getvalue()[head.end() :])
    # a page has several pictures, so ids must differ
    body = _NAMED.sub(rf"\g<1>{name}-", body).replace("xlink:href", "href")
    body = _FAMILY.sub("", body)
    return Markup(
        f'<svg viewBox="{head[1]}" role="img" aria-labelledby="{name}-title {name}-text">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-text">{escape(description)}</desc>{body}'
    )
