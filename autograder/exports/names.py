"""Split a person's name into first and last name, for other systems' files."""

from __future__ import annotations

from autograder.gradebook.marks import Person

_PARTICLES = frozenset(
    (
        *("af", "al", "ap", "av", "bin", "da", "dal", "dalla", "de", "degli", "dei", "del"),
        *("della", "den", "der", "des", "di", "do", "dos", "du", "el", "ibn", "la", "le", "san"),
        *("st", "st.", "te", "ten", "ter", "van", "vom", "von", "zu", "zum", "zur"),
    )
)
"""Words before a last name that belong to it."""


def first_and_last(person: Person) -> tuple[str, str]:
    """Return a person's first and last name.

    If the list of students has one column for the whole name, the gradebook has the whole name as
    the last name. A comma in it separates the last name from the first. Without a comma, the last
    name is the last word, with the particles before it: "Ludwig van Beethoven" is "Ludwig" and "van
    Beethoven".
    """
    if person.first_name.strip():
        return person.first_name, person.last_name
    last, _, first = (part.strip() for part in person.last_name.partition(","))
    if first and last:
        return first, last
    words = last.split()
    if len(words) < 2:
        return person.first_name, person.last_name
    start = next((n for n in range(len(words) - 1) if _is_particle(words, n)), len(words) - 1)
    return " ".join(words[:start]), " ".join(words[start:])


def _is_particle(words: list[str], place: int) -> bool:
    """Return whether a word begins a last name; a capital first word is a first name ("Al")."""
    word = words[place]
    return word.casefold() in _PARTICLES and (place > 0 or word.islower())
