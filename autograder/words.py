"""Make text from outside safe to show anywhere: in notes, messages and tables.

Text that a student wrote (lines, errors, names of files, folders and people) must not affect the
terminal or page that shows it. The function `shown` ensures this for terminals, tables, CSV files,
logs, JSON and pages. It replaces control characters, characters that change the writing direction,
invisible characters, and characters that can't be stored. `shown` does not touch markup (HTML,
Rich): a `console.Terminal` does not interpret markup, and pages escape it.
"""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

MAX_NAMED = 5
"""Maximum number of names to list before "and N more"."""
MAX_SHOWN = 80
"""Maximum length of a shown name, in characters."""
MAX_STACKED = 3
"""Maximum number of accents on one letter: many stacked accents would cover the lines above."""

SHORT = 1_000
"""Maximum length of a text to cache, in characters."""

ODD = "?"
"""Replacement for a character that is not shown."""

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, range(0xE0100, 0xE01F0))
)
"""Invisible characters that Unicode counts as printable."""
_COLOUR = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]")
"""A terminal code that sets colours or moves the cursor; ordinary text contains none."""
_PLAIN = re.compile(r"[\n -~]*")
_NOT_ASCII = re.compile(r"[^\n -~]")


def shown(text: str, odd: str = ODD) -> str:
    """Replace each unsafe character of the text by `odd`; keep line breaks."""
    if (text.isascii() and text.isprintable()) or _PLAIN.fullmatch(text):
        return text
    return _again(text, odd) if len(text) <= SHORT else _shown(text, odd)


def _shown(text: str, odd: str) -> str:
    text = _COLOUR.sub("", text).replace("\r\n", "\n").replace("\t", "    ")
    return "".join(_letters(text, odd))


_again = lru_cache(maxsize=2_000)(_shown)
"""A cached `_shown` for short texts: a class's Reports repeat the same sentences many times."""


def _letters(text: str, odd: str) -> Iterator[str]:
    stacked = 0
    for letter in text:
        kind = unicodedata.category(letter)
        stacked = stacked + 1 if kind in ("Mn", "Me") else 0
        if kind == "Zs":
            yield " "
        elif letter != "\n" and _is_odd(letter):
            yield odd
        elif stacked <= MAX_STACKED:
            yield letter


def _is_odd(letter: str) -> bool:
    return not letter.isprintable() or letter in _INVISIBLE


def printable(name: str, odd: str = ODD) -> str:
    """Make a name from outside, such as a file name, safe to show on one line; shorten it."""
    text = on_one_line(name, odd)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def on_one_line(name: str, odd: str = ODD) -> str:
    """Make a name from outside safe to show on one line, without shortening it."""
    return shown(name, odd).replace("\n", odd)


def storable(text: str) -> str:
    """Replace each character that UTF-8 can't encode, such as half a surrogate pair, by "?"."""
    return text.encode("utf-8", "replace").decode()


def listed(names: Sequence[str]) -> str:
    """Join the names with commas; of many names, show the first few and count the rest."""
    text = ", ".join(names[:MAX_NAMED])
    return text if len(names) <= MAX_NAMED else f"{text} and {len(names) - MAX_NAMED} more"


def counted(number: float, thing: str) -> str:
    """Return a number with what it counts, such as "1 student", "2 students" or "−0.5 points"."""
    digits = f"{number:g}".replace("-", "−")
    return f"{digits} {thing}{'' if abs(number) == 1 else 's'}"


def show_fields(record: Any) -> None:
    """Make all texts of a frozen dataclass safe with `shown`, also those in tuples."""
    for name, value in list(vars(record).items()):
        if isinstance(value, str):
            if (text := shown(value)) is not value:
                object.__setattr__(record, name, text)
        elif isinstance(value, tuple) and all(isinstance(part, str) for part in value):
            object.__setattr__(record, name, tuple(map(shown, value)))


class ShownLog(logging.Filter):
    """A filter that makes log entries safe to show, whatever their arguments contain."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Make a log entry safe, and let every entry pass."""
        record.msg, record.args = shown(record.getMessage()), None
        if record.exc_info:
            record.exc_text = shown(logging.Formatter().formatException(record.exc_info))
        return True


def as_json(
    content: object, *, indent: int = 2, default: Callable[[Any], Any] | None = None
) -> str:
    """Return JSON that is safe to print and loses no character.

    Unsafe characters, including half a surrogate pair, become escapes such as `\\u202e`.
    """
    text = json.dumps(content, ensure_ascii=False, indent=indent, default=default)
    return _NOT_ASCII.sub(_escaped, text) + "\n"


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1] if _is_odd(match[0]) else match[0]
