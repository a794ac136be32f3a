"""The sentences of a text that `text` has made of a file."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from .text import MARKS

NAMES = "nbgrader|otter-grader"
"""Names that begin with a small letter even at the beginning of a sentence."""
END = re.compile(
    rf"([{MARKS}])[{MARKS} ]*|\n *\n"
    rf"|(?<=[.!?])[)\"'”*_]*\s+(?=[\"'“(*_]*(?:[A-Z0-9]|(?:{NAMES})\b))|\Z"
)
"""The end of a sentence: a mark, an empty line, or a full stop before a new sentence."""
WORD = re.compile(r"[A-Za-z0-9][\w'’.,/-]*")


class Sentence(NamedTuple):
    """A sentence of a text; `mark` is the mark before it, empty after another sentence."""

    start: int
    text: str
    mark: str

    @property
    def span(self) -> tuple[int, int]:
        """Return the sentence's place in its text."""
        return self.start, self.start + len(self.text)


@lru_cache(maxsize=4)
def sentences(text: str) -> tuple[Sentence, ...]:
    """Return the sentences of a text."""
    found = []
    mark, start = "", 0
    for end in END.finditer(text):
        piece = text[start : end.start()]
        bare = piece.lstrip(" \n\"'“(*_-")
        if bare.strip():
            found.append(Sentence(end.start() - len(bare), bare.rstrip(), mark))
            mark = ""
        mark = end.group().rstrip()[-1] if end[1] else mark
        start = end.end()
    return tuple(found)
