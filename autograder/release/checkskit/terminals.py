"""Printing on every terminal"""

from __future__ import annotations

import codecs
import io
import re
import sys
import unicodedata

_SPELT = {
    **{"✓": "OK", "✗": "X", "✎": "text:", "∇": "grad", "∂": "d", "√": "sqrt", "∞": "infinity"},
    **{"‖": "||", "−": "-", "–": "-", "·": "*", "×": "x", "→": "->", "≤": "<=", "≥": ">="},
    **{"≠": "!=", "“": '"', "”": '"', "’": "'", "\u2044": "/", "\u0302": "^", "\u0303": "~"},
}
"""Words for signs that a terminal may lack; letters are spelt by their Unicode names."""

_GREEK = re.compile(r"GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?(\w+)")
_NO_ERRORS = "fdl-spelt-out"


def say(text: str, end: str = "\n") -> None:
    """Print a text; on a terminal that lacks some of its letters, they are spelt out."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors != _NO_ERRORS:
        sys.stdout.reconfigure(errors=_NO_ERRORS)
    print(text, end=end, flush=True)


def as_printed(text: str) -> str:
    """Return a text as `say` prints it here."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, _NO_ERRORS).decode(encoding)


def spelt_out(text: str) -> str:
    """Return a text in ASCII: `η` is eta, `✓` is OK, `x²` is x^2."""
    return text.encode("ascii", _NO_ERRORS).decode("ascii")


def _replacement(error: UnicodeError) -> tuple[str, int]:
    """Return the words for the letters that an encoding lacks, and where encoding continues."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing, rest = error.object[error.start : error.end], error.object[error.end :]
    words = re.sub(r"(?<=\^[\d+-])\^", "", "".join(map(_spelt, missing)))
    return words + " " * (missing[-1] == "∇" and rest[:1].isalpha()), error.end


def _spelt(letter: str) -> str:
    if letter in _SPELT:
        return _SPELT[letter]
    if greek := _GREEK.fullmatch(unicodedata.name(letter, "")):
        name = greek[2].replace("LAMDA", "LAMBDA")
        return name.lower() if greek[1] == "SMALL" else name.title()
    plain = unicodedata.normalize("NFKD", letter)
    if plain != letter:
        power = "^" * unicodedata.decomposition(letter).startswith("<super>")
        return power + "".join(part if part.isascii() else _spelt(part) for part in plain)
    return "" if unicodedata.combining(letter) else "?"


codecs.register_error(_NO_ERRORS, _replacement)
