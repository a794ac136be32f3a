"""Texts that may break a rule, each with the reason."""

from __future__ import annotations

from typing import NamedTuple


class Excused(NamedTuple):
    """Allowed findings: findings of one rule, in these files, in texts that contain `part`."""

    files: str
    """Pattern of paths, relative to the checkout's root."""
    rule: str
    part: str
    """Part of the text that was found; empty allows any text."""
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
