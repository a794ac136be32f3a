"""Choose names that the kit allows, similar to the names in an nbgrader assignment."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection

from autograder.release import checkskit

_ITEM = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
_CELL = re.compile(r"[A-Za-z0-9_-]+")

RESERVED = frozenset(dir(checkskit)) | {"raises", "written", "NUDGE", "SHAPE", "PLACE"}
"""Names that a homework's `checks.py` can't define again."""


class Ids:
    """The nbgrader ids of a homework; no id is used twice."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def item(self, name: str) -> str:
        """Return an item's name with letters, digits and single hyphens only."""
        found = name
        if not _ITEM.fullmatch(found):
            found = re.sub(r"[^A-Za-z0-9]+", "-", _plain(name)).strip("-") or "item"
            if not found[0].isalpha():
                found = f"item-{found}"
        function = found.replace("-", "_")
        if function in RESERVED or keyword.iskeyword(function):
            found = f"{found}-item"
        return self._once(found, "-")

    def cell(self, name: str) -> str:
        """Return the id of a cell without points."""
        found = name if _CELL.fullmatch(name) else re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")
        return self._once(found or "cell", "-")

    def _once(self, name: str, joint: str) -> str:
        found, number = name, 2
        while found.replace("_", "-").lower() in self._taken:
            found, number = f"{name}{joint}{number}", number + 1
        self._taken.add(found.replace("_", "-").lower())
        return found


def _plain(name: str) -> str:
    """Return a name with plain letters in place of those with accents: "uber" for "über"."""
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))


def as_module(name: str, taken: Collection[str] = ()) -> str:
    """Return a name for folders and Python modules, such as problem_1 for "Problem 1"."""
    found = re.sub(r"[^a-z0-9]+", "_", _plain(name).lower()).strip("_")
    if not found or not found[0].isalpha():
        found = f"hw_{found}".strip("_")
    if keyword.iskeyword(found) or found in ("pictures", "checks"):
        found = f"{found}_1"
    base, number = found, 2
    while found in taken:
        found, number = f"{base}_{number}", number + 1
    return found
