"""Replace students' names by numbers, and remove all known names from texts.

The numbers are random and stored in the gradebook. So a student has the same number on every page
of a homework, and neither the number nor the order reveals the name. A hash would reveal the name:
anyone with the class list could compute the same hash.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from unicodedata import normalize

from autograder.gradebook.database import PSEUDONYM, PatientGradebook

LEFT_OUT = "▒▒▒"
SHORTEST = 3
"""Minimum length of a name that is also removed inside words; shorter names must be whole words."""


def numbers_for(
    gradebook: PatientGradebook, assignment: str, students: Iterable[str]
) -> dict[str, int]:
    """Return each student's number; students without a stored number get a new one."""
    with gradebook.transaction():
        known: dict[str, int] = gradebook.noted(PSEUDONYM, assignment)
        new = [student for student in students if student not in known]
        for student, number in zip(new, _draw(len(new), set(known.values())), strict=True):
            gradebook.note(PSEUDONYM, assignment, student, number)
            known[student] = number
    return known


def _draw(count: int, taken: set[int]) -> list[int]:
    """Draw `count` unused random numbers; at least half of all numbers of that length stay free."""
    top = 100
    while top < 2 * (count + len(taken)):
        top *= 10
    free = [number for number in range(1, top) if number not in taken]
    return secrets.SystemRandom().sample(free, count)


def without_names(names: Mapping[str, Iterable[str]]) -> Callable[[str], str]:
    """Return a function that removes the given names and their parts from a text."""
    parts = {part for each in names.values() for name in each for part in _parts(name)}
    # the longest first: removing a short name first could leave the rest of a longer name
    known = [(part.casefold(), _pattern(part)) for part in sorted(parts, key=len, reverse=True)]

    def leave_out(text: str) -> str:
        text = normalize("NFC", text)
        folded = text.casefold()
        # a class may have thousands of names, a text only a few
        present = [pattern for part, pattern in known if part in folded]
        return re.sub("|".join(present), LEFT_OUT, text, flags=re.I) if present else text

    return leave_out


def _pattern(part: str) -> str:
    pattern = re.escape(part)
    return pattern if len(part) >= SHORTEST else rf"(?<!\w){pattern}(?!\w)"


def _parts(name: str) -> set[str]:
    """Return a name and its words, but not its numbers."""
    name = normalize("NFC", name)
    words = (word for word in re.split(r"[\W_]+", name) if len(word) >= SHORTEST)
    return {name, *(word for word in words if not word.isdecimal())} - {""}
