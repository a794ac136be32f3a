"""Claims about the names that legends, titles and texts of a figure give to curves and points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from autograder.grading.testkit.claims import ClaimFailed
from autograder.grading.testkit.figures import as_figure, find_once, matching_curves
from autograder.grading.testkit.keys import styles_of
from autograder.grading.testkit.words import Says, Words
from autograder.sandbox.figurerecord import AxesData, Color, CurveData, FigureData, LegendEntry


def assert_named_curves(
    answer: object,
    curves: Mapping[Any, tuple[np.ndarray, np.ndarray]],
    name: Callable[[Any], Says],
    *,
    what: str = "name",
) -> None:
    """Assert that a legend, or a text or title on its axes, gives each curve its own name.

    A text with the names of all curves does not say which curve has which name. In messages, `what`
    is the word for a curve's name, such as "trajectory" or "η".
    """
    figure = as_figure(answer)
    names = {key: cache(name(key)) for key in curves}
    called = names_in_legends(figure, lambda text: any(named(text) for named in names.values()))
    beside = {id(axes): _words_on(figure, axes) for axes in figure.axes}
    for key, (x, y) in curves.items():
        sights: list[tuple[AxesData, CurveData | None]] = [*matching_curves(figure, x, y)]
        sights = sights or [(axes, None) for axes in figure.axes]
        groups = {
            called.get(id(curve)) or beside[id(axes)]  # a set contains each group of words once
            for axes, curve in sights
        }
        if not any(_tells(word, key, names) for words in groups for word in words):
            raise ClaimFailed(_why_unnamed(figure, sights, groups, names, what))


def _words_on(figure: FigureData, axes: AxesData) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*legend_texts(figure), *texts_beside(figure, axes))))


def _tells(text: str, key: Hashable, names: Mapping[Any, Says]) -> bool:
    """Return whether a text has the name of `key`, but not the names of all other keys as well."""
    others = [named for other, named in names.items() if other != key]
    return names[key](text) and not (others and all(named(text) for named in others))


def _why_unnamed(
    figure: FigureData,
    sights: Iterable[tuple[AxesData, CurveData | None]],
    groups: Iterable[tuple[str, ...]],
    names: Mapping[Any, Says],
    what: str,
) -> str:
    """Return a message about a curve's wrong or missing name, with a remedy."""
    seen = [curve for _, curve in sights if curve is not None]
    called = names_in_legends(figure)
    if len(names) > 1 and any(
        all(named(word) for named in names.values()) for words in groups for word in words
    ):
        return "One text names all lines together: give each line a name of its own."
    if any(called.get(id(curve)) for curve in seen):
        if any(named(word) for words in groups for word in words for named in names.values()):
            return "The legend gives a line the name of another line."
        return f"The legend gives a line a name that does not say the {what} of the line."
    return without_legend(figure, seen) or (
        f"No legend and no text says the {what} of a line: "
        "give the line a `label=…` and call `axes.legend()`."
    )


def without_legend(figure: FigureData, curves: Iterable[CurveData]) -> str:
    """Return advice about labels that no legend shows, or "" if there are no such labels."""
    labels = {curve.own_label for curve in curves} - {"", *legend_texts(figure)}
    if not labels:
        return ""
    return (
        "You gave a `label=…`, but no legend shows it: call `axes.legend()` after drawing "
        "everything."
    )


def assert_nowhere_said(answer: object, said: Says, *, what: str) -> None:
    """Assert that no legend, title or text of the figure passes the test `said`."""
    figure = as_figure(answer)
    if any(map(said, (*legend_texts(figure), *free_texts(figure)))):
        raise ClaimFailed(f"A text in the figure says {what}.")


def free_texts(figure: FigureData) -> tuple[str, ...]:
    """Return the titles and texts of a figure, without the legend entries that have a handle."""
    titles = (entry.text for entry in legend_entries(figure) if not entry.inks)
    beside = (text for axes in figure.axes for text in texts_beside(figure, axes))
    return tuple(dict.fromkeys((figure.title, *titles, *beside)))


def legend_entries(figure: FigureData) -> tuple[LegendEntry, ...]:
    """Return the entries of all legends of a figure."""
    return (*figure.legend, *(entry for axes in figure.axes for entry in axes.legend))


def legend_texts(figure: FigureData) -> tuple[str, ...]:
    """Return the texts of all legends of a figure."""
    return tuple(entry.text for entry in legend_entries(figure))


def texts_beside(figure: FigureData, axes: AxesData) -> tuple[str, ...]:
    """Return the texts and the title of an axes, and the figure's texts outside all axes."""
    return (*axes.texts, axes.title, *figure.texts)


def assert_told_apart(
    answer: object, names: Mapping[str, Says], keys: Mapping[str, Words] | None = None
) -> None:
    """Assert that each name has its own text in a legend, on an axes or in a title.

    A text that explains colours or markers is also enough; `keys` are the words for the names in
    such a text.
    """
    figure = as_figure(answer)
    if keys and any(styles_of(text, keys) for text in free_texts(figure)):
        return
    entries = [entry.text for entry in legend_entries(figure) if entry.inks]
    # an entry with all names does not say which name belongs to its handle
    entries = [text for text in entries if not all(named(text) for named in names.values())]
    words = [*entries, *free_texts(figure)]
    telling = {
        name: {k for k, word in enumerate(words) if named(word)} for name, named in names.items()
    }
    for name, found in telling.items():
        if not found:
            labelled = (
                curve
                for axes in figure.axes
                for curve in axes.curves
                if names[name](curve.own_label)
            )
            raise ClaimFailed(
                without_legend(figure, labelled) or f"No legend and no text names {name}."
            )
    # a title with all names does not say which points have which name
    if len(set().union(*telling.values())) < len(names):
        raise ClaimFailed(
            f"One text names {' and '.join(names)} together: give each its own `label=…`."
        )


def names_in_legends(
    figure: FigureData, tells: Says = lambda _: True
) -> dict[int, tuple[str, ...]]:
    """Return the names that legends give to curves, by the curve's `id`, without unnamed curves.

    The handles and texts of a legend may be in any order. So an entry names a curve if the entry's
    text passes `tells` and exactly one visible curve has the style of the entry's handle. A curve
    that no such entry names has its own label as its name, if a legend shows that label.
    """
    found: dict[int, list[str]] = defaultdict(list)
    styles = find_once(figure, "styles", lambda: _Styles(_shown_curves(figure)))
    for entry in filter(lambda entry: tells(entry.text), legend_entries(figure)):
        alike = styles.alike(_DrawnStyle.of(entry))
        if len(alike) == 1:
            found[id(alike[0])].append(entry.text)
    called = {key: tuple(texts) for key, texts in found.items()}
    texts = frozenset(legend_texts(figure))
    for axes in figure.axes:
        for curve in axes.curves:
            if curve.own_label in texts:
                called.setdefault(id(curve), (curve.own_label,))
    return called


def _shown_curves(figure: FigureData) -> Iterator[CurveData]:
    """Yield the visible curves, except empty curves that are drawn only for a legend."""
    for axes in figure.axes:
        for curve in axes.curves:
            if axes.shows(curve) and np.isfinite(curve.points).all(axis=1).any():
                yield curve


@dataclass(frozen=True)
class _DrawnStyle:
    """The style of a line or a handle; `hues` are the colours without their opacity."""

    line: str
    marker: str
    inks: frozenset[Color]
    hues: frozenset[tuple[float, ...]]

    @classmethod
    def of(cls, thing: LegendEntry | CurveData) -> _DrawnStyle:
        hues = frozenset(ink[:3] for ink in thing.inks if ink[3] > 0)
        return cls(thing.line, thing.marker, frozenset(thing.inks), hues)

    def wildcards(self) -> Iterator[Hashable]:
        """Yield the keys under which a handle finds a curve of this style."""
        yield from product((self.hues,), (self.line, _ANY), (self.marker, _ANY))

    def may_stand_for(self) -> Iterator[Hashable]:
        """Yield the keys of the curves, in the same colours, that this handle may represent."""
        # a handmade handle is often a solid line
        lines = (_ANY,) if self.line in ("None", "-") else (self.line, "None")
        markers = (_ANY,) if self.marker == "None" else (self.marker, "None")
        yield from product((self.hues,), lines, markers)


_ANY = object()


class _Styles:
    """Curves by their styles, so that a handle need not be compared with every curve."""

    def __init__(self, curves: Iterable[CurveData]) -> None:
        self._same: dict[_DrawnStyle, list[CurveData]] = defaultdict(list)
        self._near: dict[Hashable, list[CurveData]] = defaultdict(list)
        for curve in curves:
            style = _DrawnStyle.of(curve)
            self._same[style].append(curve)
            for key in style.wildcards():
                self._near[key].append(curve)

    def alike(self, handle: _DrawnStyle) -> list[CurveData]:
        """Return at most two curves of the handle's style, or else curves that it may represent."""
        if same := self._same.get(handle, []):
            return same[:2]
        near = [curve for key in handle.may_stand_for() for curve in self._near.get(key, [])[:2]]
        return near[:2]
