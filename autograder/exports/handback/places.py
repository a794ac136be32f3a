"""The places of the students' feedback in the file that a system accepts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.exports.handback.package import Content, zipped
from autograder.exports.matching import Matching

RESULT = "no feedback was packed"
"""End of a message about a person who matches several students, or the reverse."""
NO_NUMBER = "{student}: the roster does not have this person's number"
MAX_NAME = 60
"""Maximum number of characters of a person's name in a folder's name."""

_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|_]+')


@dataclass(frozen=True)
class Place:
    """The place of one person's feedback: a folder, or the name of a zip file around the page."""

    folder: str = ""
    wrapped_as: str = ""

    def member(self, name: str) -> str:
        """Return the path of the page called `name`."""
        return self.wrapped_as or f"{self.folder}/{name}"

    def content(self, name: str, page: Path) -> Content:
        """Return a function that reads the page, and zips it if the place is a zip file."""
        if self.wrapped_as:
            return lambda: zipped(name, page.read_bytes())
        return page.read_bytes


@dataclass(frozen=True)
class Places:
    """Each student's place, and how people and students were matched.

    `faults` are reasons why a student has no place. `notes` are remarks for the person who returns
    the feedback. `extra` are further members of the file.
    """

    of_students: Mapping[str, Place]
    matching: Matching
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    extra: Sequence[tuple[str, Content]] = ()

    @classmethod
    def of(cls, matching: Matching, places: Sequence[Place | None], why: str) -> Places:
        """Return the places of the matched students; `places` has one for each row, or None.

        `why` is the message about a student without a place; `{student}` in it is replaced.
        """
        found, faults = dict[str, Place](), list[str]()
        for number, each in matching.students.items():
            if (place := places[number]) is not None:
                found[each.person.id] = place
            elif not each.absent:
                faults.append(why.format(student=each.person.id))
        return cls(found, matching, tuple(faults))


def plain_name(name: str) -> str:
    """Return a person's name for use in a folder's name: short, valid on any disk, without "_"."""
    text = unicodedata.normalize("NFC", name)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    words = _UNSAFE.sub(" ", text).split()
    return " ".join(words)[:MAX_NAME].strip(" .~")
