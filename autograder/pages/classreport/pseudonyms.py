"""Numbers in the place of names, and texts in which no known name is left.

The numbers are drawn at random and kept in the gradebook: a student keeps the same one on every
page of a homework, and neither it nor the order of the numbers says anything of the name. A hash
of the name would: whoever has the list of the class could compute it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from unicodedata import normalize

from autograder.gradebook.database import PSEUDONYM, PatientGradebook

LEFT_OUT = "▒▒▒"
SHORTEST = 3
"""A name of fewer letters is left out where it is a word of its own, and not within words."""


def numbers_for(
    gradebook: PatientGradebook, assignment: str, students: Iterable[str]
) -> dict[str, int]:
    """A number for each of the students: the one that stands for them already, or a new one."""
    with gradebook.transaction():
        known: dict[str, int] = gradebook.noted(PSEUDONYM, assignment)
        new = [student for student in students if student not in known]
        for student, number in zip(new, _draw(len(new), set(known.values())), strict=True):
            gradebook.note(PSEUDONYM, assignment, student, number)
            known[student] = number
    return known


def _draw(count: int, taken: set[int]) -> list[int]:
    """So many numbers at random that are not taken, of as few digits as leave half of them free."""
    top = 100
    while top < 2 * (count + len(taken)):
        top *= 10
    free = [number for number in range(1, top) if number not in taken]
    return secrets.SystemRandom().sample(free, count)


def without_names(names: Mapping[str, Iterable[str]]) -> Callable[[str], str]:
    """A function that leaves all these names, and their parts, out of a text."""
    parts = {part for each in names.values() for name in each for part in _parts(name)}
    # the longest first, so that of two names within each other nothing is left
    known = [(part.casefold(), _pattern(part)) for part in sorted(parts, key=len, reverse=True)]

    def leave_out(text: str) -> str:
        text = normalize("NFC", text)
        folded = text.casefold()
        # a class has thousands of names, and a text a few of them
        present = [pattern for part, pattern in known if part in folded]
        return re.sub("|".join(present), LEFT_OUT, text, flags=re.I) if present else text

    return leave_out


def _pattern(part: str) -> str:
    pattern = re.escape(part)
    return pattern if len(part) >= SHORTEST else rf"(?<!\w){pattern}(?!\w)"


def _parts(name: str) -> set[str]:
    """A name, and those of its words that are no numbers."""
    name = normalize("NFC", name)
    words = (word for word in re.split(r"[\W_]+", name) if len(word) >= SHORTEST)
    return {name, *(word for word in words if not word.isdecimal())} - {""}
