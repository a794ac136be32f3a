"""What each of the three tools has to offer to be compared."""

from __future__ import annotations

import html
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.comparison.attack import Idea
from tests.comparison.net import Ran, Step

BEFORE, ATTACKER, AFTER = "ada", "mallory", "zoe"
"""Ada is marked before the run that is attacked, Zoe in that run, after the attacker."""

Marks = Mapping[str, Mapping[str, float]]
"""Points by student and item; a student without marks is missing."""


@dataclass(frozen=True)
class Secrets:
    """What no student should be given: texts by what they are of, and the digits of inputs."""

    texts: Mapping[str, Sequence[str]]
    digits: frozenset[str]

    def found_in(self, text: str) -> set[str]:
        """The secrets in a text, each with the words of its kind before it."""
        text = plain(text)
        found = {
            f"{kind}: {secret}"
            for kind, secrets in self.texts.items()
            for secret in secrets
            if plain(secret) in text
        }
        starts = {number[:11] for number in re.findall(r"\d\.\d{9,}", text)}
        return found | {f"hidden input: {number}" for number in starts & self.digits}


def plain(text: str) -> str:
    """The words of a text, without tags, escapes and the space between them."""
    text = html.unescape(re.sub(r"</?\w[^<>]*>", "", text))
    return re.sub(r"[\s\\]+", "", text)


class Tool(ABC):
    """One of the tools, with a course of its own that `prepare` has made at `base`."""

    name: str
    """As the tables say it."""

    programs: Sequence[Path] = ()
    powers = False

    @abstractmethod
    def version(self) -> str: ...

    @abstractmethod
    def prepare(self, base: Path) -> None:
        """Make the folders `course` and `home` in `base`, with Zoe's and Ada's submissions."""

    @abstractmethod
    def hand_in(self, base: Path, student: str, idea: Idea) -> None:
        """Write a student's submission in this tool's form."""

    @abstractmethod
    def places(self) -> Mapping[str, str]:
        """Where things are that an attack may ask for as `@NAME@`."""

    @abstractmethod
    def first_run(self) -> Sequence[Step]:
        """What an instructor runs to mark Ada and to write her feedback."""

    @abstractmethod
    def class_run(self) -> Sequence[Step]:
        """What an instructor runs to mark the rest and to write feedback."""

    @abstractmethod
    def marks(self, ran: Ran) -> Marks:
        """What is recorded then."""

    @abstractmethod
    def given_back(self, ran: Ran, student: str) -> str:
        """All that a student gets."""

    @abstractmethod
    def secrets(self) -> Secrets:
        """What no student should get."""

    def belongs_to(self, path: str, student: str) -> bool:
        """Whether a file of the scratch is a student's own, or a record where marks change."""
        return student in Path(path).parts or path in self.records

    records: frozenset[str] = frozenset()
