"""Texts and numbers as cells that no spreadsheet runs.

A spreadsheet takes a cell that begins with = + - or @ for a formula, also in a CSV file and behind
quotes. An apostrophe before it makes it text. It is also put after separators within a cell: with
another separator set, a spreadsheet cuts cells where it should not, and what follows would begin
one. Numbers are not touched: -1 stays -1.

Identifiers have to come back as they were, or the system would not know them. What has only
letters, digits and . _ @ + - can name nothing that runs, so it is left as it is.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from autograder.words import shown

# the wide forms mean the same to some spreadsheets
_SIGN = r"[=+\-@＝＋－＠]"
_START = re.compile(rf"^(?=\s*{_SIGN})")
_AFTER = re.compile(rf"([;,|\t]\s*+[\"'“”]*+\s*+)(?={_SIGN})")
_NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)\s*%?")
_HARMLESS = re.compile(r"[\w.@+-]*")


def text(value: str) -> str:
    """A text for people, in one line, that no spreadsheet takes for a formula."""
    line = " ".join(shown(value.replace("\t", " "), odd=" ").splitlines())
    if _NUMBER.fullmatch(line):
        return line
    return _START.sub("'", _AFTER.sub(r"\1'", line))


def identifier(value: str) -> str:
    """An identifier: as it is where it can do nothing, else as a text."""
    return value if _HARMLESS.fullmatch(value) else text(value)


def first(value: str) -> str:
    """The first cell of a row: a number or an identifier there may begin a formula, too.

    Where a file is cut at other separators, a whole row may be one cell: `-1,cmd|...`.
    """
    return _START.sub("'", value)


def points(value: float) -> str:
    """Points with two decimals at most, half a hundredth upwards, such as 12.5."""
    # through repr: 1.005 is meant as it is written
    rounded = Decimal(repr(value)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{rounded.normalize() + 0:f}"
