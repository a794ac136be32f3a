"""Short ways to say an idea."""

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
    """In the place of `empirical_ntk`, one item's answer."""
    return Idea(name, kind, idea, {"kernel": code}, KERNEL, **rest)


def limit(kind: str, name: str, idea: str, code: str, **rest: Any) -> Idea:
    """In the place of `limit_ntk`, two items' answer."""
    return Idea(name, kind, idea, {"limit": code}, LIMIT, **rest)


def nothing(kind: str, name: str, idea: str, code: str, **rest: Any) -> Idea:
    """In a cell before the first answer; no item is answered."""
    return Idea(name, kind, idea, {"start": code}, EVERYTHING, **rest)


def beside(kind: str, name: str, idea: str, code: str, **rest: Any) -> Idea:
    """In a cell before the first answer; every item is answered as it should be."""
    return Idea(name, kind, idea, {"start": code}, **rest)


def first(code: str) -> str:
    """The code, and then a kernel that is wrong."""
    return textwrap.dedent(code) + ONES
