"""Test whether a text in a figure names a thing, or gives a number in any notation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Literal

Says = Callable[[str], bool]
"""A function that returns whether a text names a thing."""

Letter = Literal["eta", "rho"]

_LETTERS: Mapping[Letter, str] = {"eta": "η", "rho": "ρ"}

_MOST_NUMBERS = 12
"""Largest number of numbers that a text may give; a longer list counts as guesses."""

# A match can't start inside a word, so a search takes time proportional to the length of the text,
# whatever the text is.
_GIVES = re.compile(r"(?<![^\W\d])([^\W\d]+)[\s${}\\]*=")
_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?"


class Words:
    """A set of words to find in a text, in any case, with or without accents and hyphens.

    Each word is a regular expression for whole words of the `folded` text. Matches of `never` are
    removed from the text first.
    """

    def __init__(self, *words: str, never: tuple[str, ...] = ()) -> None:
        self._words = _whole(words)
        self._never = _whole(never) if never else None

    @property
    def pattern(self) -> str:
        """The regular expression of the words."""
        return self._words.pattern

    def __call__(self, text: str) -> bool:
        """Return whether the text has one of the words."""
        return bool(self._words.search(self._kept(text)))

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return the begin and the end of each word that was found in the folded text."""
        return [match.span() for match in self._words.finditer(self._kept(text))]

    def are_all_of(self, text: str) -> bool:
        """Return whether the text has only these words, short filler words and single letters."""
        rest, count = self._words.subn(" ", self._kept(text))
        return count > 0 and not set(re.findall(r"[a-z]{2,}", rest)) - _LITTLE

    def _kept(self, text: str) -> str:
        text = folded(text)
        # replaced by spaces of the same length, so that positions stay the same
        return self._never.sub(lambda m: " " * len(m[0]), text) if self._never else text


def _whole(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{'|'.join(words)})(?![a-z])")


_LITTLE = frozenset(
    [
        *("of", "the", "at", "in", "on", "for", "to", "vs", "an", "am", "im", "der", "die", "das"),
        *("des", "den", "dem", "von", "vom", "zu", "bei", "fur", "gegen", "du", "de", "la", "le"),
        *("les", "en", "au", "pour", "final", "finale", "finaler", "last", "letzte", "letzter"),
        *("median", "mediane", "mean", "log", "ln", "lg", "relative", "relativer"),
    ]
)


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Return the text in lower case without accents; Greek letters and signs are spelt out.

    Braces become parentheses, a root becomes `sqrt`, a fraction `a/b`, and a power `^`. Hyphens
    between letters, apostrophes, underscores and LaTeX signs become spaces.
    """
    text = re.sub(f"[{_RAISED}]+", _raised, text)
    text = unicodedata.normalize("NFKC", text).casefold()
    for old, new in _SPELT:
        text = re.sub(old, new, text)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(letter for letter in text if unicodedata.category(letter) not in ("Mn", "Cf"))
    text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)
    text = re.sub(r"\(([-+]?\d*\.?\d+)\)", r"\1", text)
    return " ".join(text.split())


def _raised(match: re.Match[str]) -> str:
    return f"^({match[0].translate(_LOWERED)})"


_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᐟ"
_LOWERED = str.maketrans(_RAISED, "0123456789+-/")
_SPELT: tuple[tuple[str, str], ...] = (
    (r"\\+[dt]?frac\s*(\d)\s*(\d)", r"\1/\2"),
    (r"\\+[dt]?frac\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)?)\}\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)?)\}",
     r"(\1)/(\2)"),
    (r"\\+(?:math(?:rm|bf|it|sf|tt|cal|bb|default|regular)|text\w*|operatorname|bm|boldsymbol|rm"
     r"|bf|left|right|displaystyle)(?![a-z])", ""),
    (r"\\+(?:var)?rho(?![a-z])|[ρϱ]", " rho "),
    (r"\\+eta(?![a-z])|η", " eta "),
    (r"\\+(?:neq?(?![a-z])|not\s*=)|!=|≠", " <> "),
    (r"\\+(?:gt|geq?)(?![a-z])|≥", " > "),
    (r"\\+(?:times|cdot)(?![a-z])|×|·", "*"),
    (r"√|\\+sqrt(?![a-z])", " sqrt "),
    (r"[‐‑‒–—−]", "-"),
    (r"⁄", "/"),
    (r"\{", "("),
    (r"\}", ")"),
    (r"\\+[,;:! ]|\\+q?quad(?![a-z])|[\\$~_'’´`\"“”„«»]", " "),
)  # fmt: skip
"""Patterns and their replacements, applied in this order; a text has at most about 100 letters."""


def says(name: str) -> Says:
    """Return a test of whether a text has the name, perhaps with LaTeX signs or hyphens."""

    def says_it(text: str) -> bool:
        letters = _letters(name)
        return plain(name) in plain(text) or (bool(letters) and letters in _letters(text))

    return says_it


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", folded(text))


def says_number(value: float) -> Says:
    """Return a test of whether a text gives the number in any notation; long lists do not count."""

    def says_it(text: str) -> bool:
        numbers = numbers_in(text)
        near = any(abs(n - value) <= 0.02 * abs(value) + 1e-12 for n in numbers)
        return near and len(numbers) <= _MOST_NUMBERS

    return says_it


def says_number_of(value: float, others: Words) -> Says:
    """Return a test of whether a text gives the number, other than as a value of the `others`."""

    def says_it(text: str) -> bool:
        rest = _numbers_after(others).sub(" ", folded(text)) if others(text) else text
        return says_number(value)(rest)

    return says_it


def says_otherwise(thing: Letter | Words, value: float) -> Says:
    """Return a test of whether a text gives values of a letter or thing, but not this value.

    A text may give several values, as in "ρ = 0.1, 0.2" and "ρ = 0.1 and ρ = 0.2". Numbers after
    the next equals sign belong to another letter.
    """
    find = _values_of_letter(thing) if isinstance(thing, str) else _values_of_words(thing)

    def says_another(text: str) -> bool:
        given = find(text)
        return bool(given) and all(abs(n - value) > 0.02 * abs(value) + 1e-12 for n in given)

    return says_another


def _values_of_letter(letter: Letter) -> Callable[[str], list[float]]:
    is_letter = re.compile(rf"(?:{_LETTERS[letter]}|(?<![a-z]){letter})$", re.IGNORECASE)
    return lambda text: [n for word, rest in _given(text) if is_letter.search(word) for n in rest]


def _values_of_words(words: Words) -> Callable[[str], list[float]]:
    def values(text: str) -> list[float]:
        found = _numbers_after(words).finditer(folded(text)) if words(text) else ()
        return [n for match in found for n in numbers_in(match[1])]

    return values


@cache
def _numbers_after(words: Words) -> re.Pattern[str]:
    """Return a pattern of the words and the numbers (group 1) after them: "radius: 0.1, 0.2"."""
    number = rf"{_NUMBER}(?:\s*/\s*{_NUMBER})?(?:\*10\^-?\d+)?"
    more = rf"(?:\s*(?:[,;&]|and|und|et|or|oder|ou)\s*{number}(?!\s*[a-z]*\s*=))*"
    between = r"(?:\s|[=:≈~(]|of\b|von\b|de\b|is\b|ist\b|est\b)*"
    return re.compile(rf"(?:{words.pattern}){between}({number}{more})")


def _given(text: str) -> Iterator[tuple[str, list[float]]]:
    """Yield each word before an equals sign, and the numbers between this sign and the next."""
    found = [*_GIVES.finditer(text)]
    ends = [*(match.start() for match in found[1:]), len(text)]
    for match, end in zip(found, ends, strict=False):
        yield match[1], numbers_in(text[match.end() : end])


def plain(text: str) -> str:
    """Return the text in lower case, without spaces and LaTeX signs."""
    return re.sub(r"[$\\{}\s]|mathrm|text", "", text).lower()


def numbers_in(text: str) -> list[float]:
    """Return the numbers in a text: 0.05, 0,05, 5e-2, 10^{-2}, 5·10⁻², 1/20."""
    text = _with_points(re.sub(f"[{_RAISED}]+", _raised, text))
    text = re.sub(r"\\[dt]?frac\{?(\d+)\}?\{?(\d+)\}?", r"\1/\2", text)
    text = re.sub(r"\\times|\\cdot|×|·", "*", text.replace("−", "-"))
    text = re.sub(r"[{}$\s]", "", text)
    text = re.sub(r"(\^|\*\*)\((-?\d+)\)", r"\1\2", text)
    text = re.sub(r"(\d)\*10(?:\^|\*\*)(-?\d+)", r"\1e\2", text)
    text = re.sub(r"(?<![\d.])10(?:\^|\*\*)(-?\d+)", r"1e\1", text)
    found = []
    for top, bottom in re.findall(rf"({_NUMBER})(?:/({_NUMBER}))?", text):
        found.append(float(top) / (float(bottom or 1) or 1.0))
    return found


def _with_points(text: str) -> str:
    """Return the text with a point for each decimal comma, as in "0,05" and "0{,}05".

    A comma before a space, or in a list such as 0.1,0.2 and 1,2,3, is not a decimal comma; 1,000
    is a thousand.
    """
    text = re.sub(r"(?<=\d)\{,\}(?=\d)", ",", text)
    text = re.sub(r"(?<![\d.,])([1-9]\d{0,2}),(\d{3})(?![\d.,])", r"\1\2", text)
    return re.sub(r"(?<![\d.,])(\d+),(\d+)(?!\d*[.,]\d)", r"\1.\2", text)
