"""The lines that may break a rule, each with the reason."""

from __future__ import annotations

from typing import NamedTuple


class Excused(NamedTuple):
    """Findings that are allowed: of a rule, in these files, in a text that holds `part`."""

    files: str
    """A pattern of paths, from the checkout's root."""
    rule: str
    part: str
    """A part of the text that was found; empty: any text."""
    reason: str


EXCUSED = (
    Excused("tests/*", "function-opens-with", "", "the rule is for the kit's own functions"),
    Excused("tests/*", "constant-opens-with", "", "the rule is for the kit's own constants"),
    Excused(
        "autograder/grading/errortexts.py",
        "*",
        "",
        "the texts are Python's and numpy's",
    ),
    Excused(
        "autograder/sandbox/inside/absent.py", "long-sentence", "call iter", "it is a list of names"
    ),
)
