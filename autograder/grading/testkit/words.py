"""Whether a text in a figure names a thing or holds a number, in whatever notation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Literal

Says = Callable[[str], bool]
"""Whether a text names a thing."""

Letter = Literal["eta", "rho"]

_LETTERS: Mapping[Letter, str] = {"eta": "η", "rho": "ρ"}

_MOST_NUMBERS = 12
"""A text with more numbers than that is a list of guesses, and says none of them."""

# A word begins where no letter stands before it, so that a search takes time in proportion to the
# length of the text, whatever it holds.
_GIVES = re.compile(r"(?<![^\W\d])([^\W\d]+)[\s${}\\]*=")
_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?"


def says(name: str) -> Says:
    """Whether a text holds the name, as it is or set as mathematics."""
    return lambda text: plain(name) in plain(text)


def says_number(value: float) -> Says:
    """Whether a text holds the number, in whatever notation; a list of many numbers holds none."""

    def says_it(text: str) -> bool:
        numbers = numbers_in(text)
        near = any(abs(n - value) <= 0.02 * abs(value) + 1e-12 for n in numbers)
        return near and len(numbers) <= _MOST_NUMBERS

    return says_it


def says_otherwise(letter: Letter, value: float) -> Says:
    """Whether a text gives the Greek letter a value, and not this one.

    A text may give several, as in "ρ = 0.1, 0.2" and "ρ = 0.1 and ρ = 0.2"; what follows the next
    sign of equality belongs to another letter.
    """
    is_letter = re.compile(rf"(?:{_LETTERS[letter]}|(?<![a-z]){letter})$", re.IGNORECASE)

    def says_another(text: str) -> bool:
        given = [n for word, rest in _given(text) if is_letter.search(word) for n in rest]
        return bool(given) and all(abs(n - value) > 0.02 * abs(value) + 1e-12 for n in given)

    return says_another


def _given(text: str) -> Iterator[tuple[str, list[float]]]:
    """Each word that is followed by a sign of equality, and the numbers between it and the next."""
    found = [*_GIVES.finditer(text)]
    ends = [*(match.start() for match in found[1:]), len(text)]
    for match, end in zip(found, ends, strict=False):
        yield match[1], numbers_in(text[match.end() : end])


def once_each(says: Says) -> Says:
    """The same, but each text is looked at once."""
    return cache(says)


def plain(text: str) -> str:
    """The text in small letters, without spaces and the signs of mathematics."""
    return re.sub(r"[$\\{}\s]|mathrm|text", "", text).lower()


def numbers_in(text: str) -> list[float]:
    """The numbers in a text: 0.05, 5e-2, 10^{-2}, 5·10^{-2}, 1/20."""
    text = re.sub(r"\\[dt]?frac\{?(\d+)\}?\{?(\d+)\}?", r"\1/\2", text)
    text = re.sub(r"\\times|\\cdot|×|·", "*", text.replace("−", "-"))
    text = re.sub(r"[{}$\s]", "", text)
    text = re.sub(r"(\d)\*10(?:\^|\*\*)(-?\d+)", r"\1e\2", text)
    text = re.sub(r"(?<![\d.])10(?:\^|\*\*)(-?\d+)", r"1e\1", text)
    found = []
    for top, bottom in re.findall(rf"({_NUMBER})(?:/({_NUMBER}))?", text):
        value = float(top) / (float(bottom) if bottom and float(bottom) else 1.0)
        found.append(value)
    return found
