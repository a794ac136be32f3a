"""Short functions that make an idea."""

from __future__ import annotations

import textwrap
from typing import Any

from tests.comparison.attack import Idea
from tests.comparison.homework import ITEMS

KERNEL = frozenset({"kernel"})
LIMIT = frozenset({"relu", "squared"})
EVERYTHING = frozenset(ITEMS)

ONES = """
def empirical_ntk(v, W, X, n):
    return np.ones((len(X), len(X)))
"""


def kernel(kind: str, name: str, idea: str, code: str, **rest: Any) -> Idea:
    """Return an idea that replaces `empirical_ntk`, the answer to one item."""
    return Idea(name, kind, idea, {"kernel": code}, KERNEL, **rest)


def limit(kind: str, name: str, idea: str, code: str, **rest: Any) -> Idea:
    """Return an idea that replaces `limit_ntk`, the answer to two items."""
    return Idea(name, kind, idea, {"limit": code}, LIMIT, **rest)


def nothing(kind: str, name: str, idea: str, code: str, **rest: Any) -> Idea:
    """Return an idea in a cell before the first answer; no item is answered."""
    return Idea(name, kind, idea, {"start": code}, EVERYTHING, **rest)


def beside(kind: str, name: str, idea: str, code: str, **rest: Any) -> Idea:
    """Return an idea in a cell before the first answer; every item has a right answer."""
    return Idea(name, kind, idea, {"start": code}, **rest)


def first(code: str) -> str:
    """Return the code, followed by a wrong kernel."""
    return textwrap.dedent(code) + ONES
