"""Words for notes and messages: texts from outside, as they can be shown anywhere.

What a student writes (lines, errors, names of files, folders and people) must act nowhere. `shown`
is the one function that takes care of it: for terminals, tables, CSV files, logs, JSON and pages.
It leaves no letter that controls something, that turns the direction of a line, that nobody sees,
or that can't be stored. Marks of its own (of HTML, of Rich) are for whoever sets the text: a
`console.Terminal` knows none, pages escape all.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any

MAX_NAMED = 5
MAX_SHOWN = 80
MAX_STACKED = 3
"""The most accents on one letter: a tower of them covers the lines above."""

ODD = "?"
"""Stands for a letter that is not shown."""

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, range(0xE0100, 0xE01F0))
)
"""Letters that Unicode counts as printable, and that nobody sees."""
_COLOUR = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]")
"""A code that sets colours, or moves the cursor: of an honest text, it is no part."""
_PLAIN = re.compile(r"[\n -~]*")
_NOT_ASCII = re.compile(r"[^\n -~]")


def shown(text: str, odd: str = ODD) -> str:
    """The text without anything that acts; only line breaks stay. `odd` stands for the rest."""
    if _PLAIN.fullmatch(text):
        return text
    text = _COLOUR.sub("", text).replace("\r\n", "\n").replace("\t", "    ")
    return "".join(_letters(text, odd))


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
    """A name from outside, such as a file's: as `shown`, in one line, and not endless."""
    text = shown(name, odd).replace("\n", odd)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def storable(text: str) -> str:
    """The text with `ODD` for what is not UTF-8, such as half a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def listed(names: Sequence[str]) -> str:
    """The names in a row, the first few of them if there are many."""
    text = ", ".join(names[:MAX_NAMED])
    return text if len(names) <= MAX_NAMED else f"{text} and {len(names) - MAX_NAMED} more"


def show_fields(record: Any) -> None:
    """Have each text of a frozen dataclass, and of its tuples of texts, be as `shown`."""
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if isinstance(value, str):
            object.__setattr__(record, field.name, shown(value))
        elif isinstance(value, tuple) and all(isinstance(part, str) for part in value):
            object.__setattr__(record, field.name, tuple(map(shown, value)))


class ShownLog(logging.Filter):
    """Has what is logged be as it can be shown, whatever a message and its arguments hold."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Put the entry right; each is let through."""
        record.msg, record.args = shown(record.getMessage()), None
        if record.exc_info:
            record.exc_text = shown(logging.Formatter().formatException(record.exc_info))
        return True


def as_json(
    content: object, *, indent: int = 2, default: Callable[[Any], Any] | None = None
) -> str:
    """JSON that holds each text as it is, and no letter that would act where it is printed.

    Letters that are not shown, half a surrogate pair among them, are written as `\\u202e`.
    """
    text = json.dumps(content, ensure_ascii=False, indent=indent, default=default)
    return _NOT_ASCII.sub(_escaped, text) + "\n"


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1] if _is_odd(match[0]) else match[0]
