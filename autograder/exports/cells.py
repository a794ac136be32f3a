"""Write texts and numbers as cells that spreadsheets do not run as formulas.

A spreadsheet treats a cell that begins with = + - or @ as a formula, even in a CSV file and inside
quotes. An apostrophe in front turns the cell into text. An apostrophe is also inserted after
separators within a cell, because a spreadsheet that is set to another separator splits the cell
there. Numbers are not changed: -1 stays -1.

Identifiers must stay the same, or the system would not recognise them. A text with only letters,
digits and . _ @ + - can't run anything as a formula, so it is not changed.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from autograder.words import shown

# some spreadsheets treat the full-width forms in the same way
_SIGN = r"[=+\-@＝＋－＠]"
_START = re.compile(rf"^(?=\s*{_SIGN})")
_AFTER = re.compile(rf"([;,|\t]\s*+[\"'“”]*+\s*+)(?={_SIGN})")
_NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)\s*%?")
_HARMLESS = re.compile(r"[\w.@+-]*")


def text(value: str) -> str:
    """Return a text as one line that no spreadsheet treats as a formula."""
    line = " ".join(shown(value.replace("\t", " "), odd=" ").splitlines())
    if _NUMBER.fullmatch(line):
        return line
    return _START.sub("'", _AFTER.sub(r"\1'", line))


def identifier(value: str) -> str:
    """Return a harmless identifier unchanged; make any other identifier safe, as `text` does."""
    return value if _HARMLESS.fullmatch(value) else text(value)


def first(value: str) -> str:
    """Return a text that is safe in a row's first cell, where even a number may begin a formula.

    If a spreadsheet expects another separator, it may read a whole row as one cell: `-1,cmd|...`.
    """
    return _START.sub("'", value)


def points(value: float) -> str:
    """Return points as text such as 12.5, with at most two decimals; halves are rounded up."""
    # repr keeps the decimal digits, so that 1.005 is rounded up
    rounded = Decimal(repr(value)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{rounded.normalize() + 0:f}"
