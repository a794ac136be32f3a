"""Texts that explain colours and markers, as in "red crosses: GD, blue dots: USAM"."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.grading.testkit.words import Words
from autograder.sandbox.figurerecord import Color, CurveData

_ENDING = "e?[nrs]?"
_HUES: Mapping[str, tuple[str, tuple[float, float]]] = {
    "red": (f"red|rot{_ENDING}|rouges?", (340, 30)),
    "orange": ("orange(?:s|ne?[nrs]?)?", (8, 52)),
    "yellow": (f"yellow|gelb{_ENDING}|jaunes?", (38, 72)),
    "green": (f"green|gru?e?n{_ENDING}|verte?s?", (68, 178)),
    "cyan": ("cyan|turquoise|tue?rkis\\w*", (155, 210)),
    "blue": (f"blue|blau{_ENDING}|bleue?s?", (180, 262)),
    "purple": (f"purple|violett?{_ENDING}|violettes?|lila", (250, 325)),
    "pink": ("pink|magenta|rosa|roses?", (280, 358)),
    "brown": (f"brown|braun{_ENDING}|bruns?|marron", (0, 45)),
}
"""Words for colours, and the range of hues of each, in degrees on the colour circle.

Neighbouring ranges overlap, because one person's red is another person's orange.
"""
_GREYS: Mapping[str, tuple[str, tuple[float, float]]] = {
    "black": (f"black|schwarz{_ENDING}|noire?s?", (0.0, 0.3)),
    "grey": (f"gr[ae]y|grau{_ENDING}|grise?s?", (0.15, 0.92)),
    "white": (f"white|weiss{_ENDING}|blanc(?:he)?s?", (0.8, 1.0)),
}
"""Words for colours without a hue, and the range of brightness of each."""
_MARKERS: Mapping[str, tuple[str, str]] = {
    "cross": ("cross(?:es)?|kreuze?n?|croix|x", "xX+P1234"),
    "circle": ("circles?|kreise?n?|cercles?|ronds?|dots?|dis[ck]s?|o|○|●", "o.,8hH"),
    "square": ("squares?|quadrate?n?|vierecke?n?|carres?|■|□", "s"),
    "triangle": ("triangles?|dreiecke?n?|▲|△", "^v<>1234"),
    "star": ("stars?|sterne?n?|etoiles?|★", "*"),
    "diamond": ("diamonds?|rauten?|losanges?|◆|◇", "Dd"),
    "plus": ("plus(?:es)?|pluszeichen", "+P"),
}
"""Words for markers, and matplotlib's names of the markers that they may mean."""

_STYLES = {name: Words(words) for name, (words, _) in {**_HUES, **_GREYS, **_MARKERS}.items()}


@dataclass(frozen=True)
class DescribedStyle:
    """The names of colours and markers that a text gives to some marks."""

    names: frozenset[str]

    def fits(self, curve: CurveData) -> bool:
        """Return whether a curve has this style: its marker and one of its colours agree."""
        colours = self.names - _MARKERS.keys()
        markers = self.names & _MARKERS.keys()
        return (not colours or any(_has(ink, name) for ink in curve.inks for name in colours)) and (
            not markers
            or curve.marker == "path"  # a marker of an unknown shape
            or any(curve.marker in _MARKERS[name][1] for name in markers)
        )


def _has(ink: Color, name: str) -> bool:
    hue, saturation, value = colorsys.rgb_to_hsv(*ink[:3])
    if name in _GREYS:
        low, high = _GREYS[name][1]
        return (saturation < 0.25 and low <= value <= high) or (name == "black" and value < 0.2)
    first, last = _HUES[name][1]
    return saturation > 0.15 and value > 0.2 and (360 * hue - first) % 360 <= (last - first) % 360


def styles_of(text: str, names: Mapping[str, Words]) -> dict[str, DescribedStyle]:
    """Return the style that a text gives to each named thing; the dict may be empty.

    A text counts only if names and styles alternate and if each thing is named once.
    """
    said = sorted(
        (place, name)
        for name, words in (*names.items(), *_STYLES.items())
        for place in words.places(text)
    )
    groups: list[tuple[bool, set[str]]] = []
    for _, name in said:
        is_thing = name in names
        if groups and groups[-1][0] == is_thing and (not is_thing or groups[-1][1] == {name}):
            groups[-1][1].add(name)
        else:
            groups.append((is_thing, {name}))
    if [is_thing for is_thing, _ in groups] not in (
        [True, False] * len(names),
        [False, True] * len(names),
    ):
        return {}
    firsts, seconds = groups[::2], groups[1::2]
    found = {}
    for (is_thing, some), (_, others) in zip(firsts, seconds, strict=True):
        thing, style = (some, others) if is_thing else (others, some)
        found[min(thing)] = DescribedStyle(frozenset(style))
    return found if len(found) == len(names) else {}
