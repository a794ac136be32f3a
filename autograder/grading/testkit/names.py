"""Claims about what the legends, titles and texts of a figure call the things in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from autograder.grading.testkit.claims import ClaimFailed
from autograder.grading.testkit.figures import as_figure, matching_curves
from autograder.grading.testkit.words import Says
from autograder.sandbox.figuredata import AxesData, Color, CurveData, FigureData, LegendEntry


def assert_named_curves(
    answer: object, curves: Mapping[Any, tuple[np.ndarray, np.ndarray]], name: Callable[[Any], Says]
) -> None:
    """Each curve is named by a legend, or by a text or title on its axes, and by its own name."""
    figure = as_figure(answer)
    names = {key: name(key) for key in curves}
    called = names_in_legends(figure, lambda text: any(named(text) for named in names.values()))
    for key, (x, y) in curves.items():
        sights: list[tuple[AxesData, CurveData | None]] = [*matching_curves(figure, x, y)]
        sights = sights or [(axes, None) for axes in figure.axes]
        words = [
            called.get(id(curve)) or (*legend_texts(figure), *texts_beside(figure, axes))
            for axes, curve in sights
        ]
        if not any(map(names[key], chain.from_iterable(words))):
            raise ClaimFailed(
                "A line is not named as it should be: give it a `label=…` and call `axes.legend()`."
            )


def assert_nowhere_said(answer: object, said: Says, *, what: str) -> None:
    """No legend, title or text of the figure says this."""
    figure = as_figure(answer)
    words = [*legend_texts(figure), figure.title]
    for axes in figure.axes:
        words += texts_beside(figure, axes)
    if any(map(said, words)):
        raise ClaimFailed(f"A text in the figure says {what}.")


def legend_entries(figure: FigureData) -> tuple[LegendEntry, ...]:
    """The entries of all legends of a figure."""
    return (*figure.legend, *(entry for axes in figure.axes for entry in axes.legend))


def legend_texts(figure: FigureData) -> tuple[str, ...]:
    """What all legends of a figure say."""
    return tuple(entry.text for entry in legend_entries(figure))


def texts_beside(figure: FigureData, axes: AxesData) -> tuple[str, ...]:
    """The texts on an axes, its title, and the texts of the figure around it."""
    return (*axes.texts, axes.title, *figure.texts)


def assert_told_apart(answer: object, names: Mapping[str, Says]) -> None:
    """For each name there is a text of its own: in a legend, on an axes or in a title."""
    figure = as_figure(answer)
    words = [*legend_texts(figure), figure.title]
    for axes in figure.axes:
        words += texts_beside(figure, axes)
    telling = {
        name: {k for k, word in enumerate(words) if named(word)} for name, named in names.items()
    }
    for name, found in telling.items():
        if not found:
            raise ClaimFailed(f"Neither a legend nor a text in the figure names {name}.")
    # a title that names both does not say which is which
    if len(set().union(*telling.values())) < len(names):
        raise ClaimFailed("One text names all of them: give each its own `label=…`.")


def names_in_legends(
    figure: FigureData, tells: Says = lambda _: True
) -> dict[int, tuple[str, ...]]:
    """What the legends call the curves, by their `id`; those that they call nothing are left out.

    A legend may be made of handles and texts in any order. So an entry that `tells` something is
    for the one curve in sight that has its handle's style. Only where no such entry is for a curve
    does it go by its own label, if a legend has it.
    """
    found: dict[int, tuple[str, ...]] = {}
    shown = [c for axes in figure.axes for c in axes.curves if _is_shown(axes, c)]
    styles = [(curve, _Style.of(curve)) for curve in shown]
    for entry in filter(lambda entry: tells(entry.text), legend_entries(figure)):
        handle = _Style.of(entry)
        alike = [curve for curve, style in styles if style == handle]
        alike = alike or [curve for curve, style in styles if handle.may_stand_for(style)]
        if len(alike) == 1:
            found[id(alike[0])] = (*found.get(id(alike[0]), ()), entry.text)
    texts = legend_texts(figure)
    for axes in figure.axes:
        for curve in axes.curves:
            if curve.own_label in texts:
                found.setdefault(id(curve), (curve.own_label,))
    return found


def _is_shown(axes: AxesData, curve: CurveData) -> bool:
    """Not so are the empty curves that are drawn for the sake of a legend."""
    return axes.shows(curve) and bool(np.isfinite(curve.points).all(axis=1).any())


@dataclass(frozen=True)
class _Style:
    """What lines and handles are told apart by; `hues` are the colours without their opacity."""

    line: str
    marker: str
    inks: frozenset[Color]
    hues: frozenset[tuple[float, ...]]

    @classmethod
    def of(cls, thing: LegendEntry | CurveData) -> _Style:
        hues = frozenset(ink[:3] for ink in thing.inks if ink[3] > 0)
        return cls(thing.line, thing.marker, frozenset(thing.inks), hues)

    def may_stand_for(self, other: _Style) -> bool:
        """The same colours, and nothing against it: a handmade handle is often a solid line."""
        line = self.line in ("None", "-", other.line) or other.line == "None"
        marker = self.marker in ("None", other.marker) or other.marker == "None"
        return line and marker and self.hues == other.hues
