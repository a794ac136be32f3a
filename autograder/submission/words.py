"""Words for notes and messages: names from a student's files, as they can be shown."""

from __future__ import annotations

from collections.abc import Sequence

MAX_NAMED = 5
MAX_SHOWN = 80


def printable(name: str) -> str:
    """A file's name as it can be shown: printable, and not endless."""
    text = name.encode("utf-8", "replace").decode()
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def listed(names: Sequence[str]) -> str:
    """The names in a row, the first few of them if there are many."""
    text = ", ".join(names[:MAX_NAMED])
    return text if len(names) <= MAX_NAMED else f"{text} and {len(names) - MAX_NAMED} more"
