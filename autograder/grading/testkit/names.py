"""Claims about what the legends, titles and texts of a figure call the things in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograder.grading.testkit.claims import ClaimFailed
from autograder.grading.testkit.figures import as_figure, matching_curves
from autograder.grading.testkit.words import Says
from autograder.sandbox.figuredata import AxesData, CurveData, FigureData


def assert_named_curves(
    answer: object, curves: Mapping[Any, tuple[np.ndarray, np.ndarray]], name: Callable[[Any], Says]
) -> None:
    """Each curve is named by a legend, or by a text or title on its axes, and by its own name."""
    figure = as_figure(answer)
    for key, (x, y) in curves.items():
        sights: list[tuple[AxesData, CurveData | None]] = [*matching_curves(figure, x, y)]
        sights = sights or [(axes, None) for axes in figure.axes]
        if not any(_is_named(figure, axes, curve, name(key)) for axes, curve in sights):
            raise ClaimFailed(
                "A line is not named as it should be: give it a `label=…` and call `axes.legend()`."
            )


def _is_named(figure: FigureData, axes: AxesData, curve: CurveData | None, named: Says) -> bool:
    entries = legend_entries(figure)
    if curve is not None and curve.own_label in entries:
        return named(curve.own_label)
    return any(map(named, (*entries, *texts_beside(figure, axes))))


def legend_entries(figure: FigureData) -> tuple[str, ...]:
    """What all legends of a figure say."""
    return (*figure.legend, *(entry for axes in figure.axes for entry in axes.legend))


def texts_beside(figure: FigureData, axes: AxesData) -> tuple[str, ...]:
    """The texts on an axes, its title, and the texts of the figure around it."""
    return (*axes.texts, axes.title, *figure.texts)


def assert_told_apart(answer: object, names: Mapping[str, Says]) -> None:
    """For each name there is a text of its own: in a legend, on an axes or in a title."""
    figure = as_figure(answer)
    words = [*legend_entries(figure), figure.title]
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


Name = tuple[AxesData, CurveData, str]
"""A curve, the axes that it is drawn on, and what a legend calls it."""


def named_curves(figure: FigureData) -> list[Name]:
    """The curves that a legend names by their own labels.

    A legend made of handles and texts may list them in any order, so nothing is read into its.
    """
    entries = legend_entries(figure)
    return [
        (axes, curve, curve.own_label)
        for axes in figure.axes
        for curve in axes.curves
        if curve.own_label in entries
    ]
