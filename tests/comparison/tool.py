"""The functions that each of the three tools must provide to be compared."""

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
"""Ada is marked before the attacked run; Zoe is marked in the attacked run, after the attacker."""

Marks = Mapping[str, Mapping[str, float]]
"""Points by student and item; a student without marks has no entry."""


@dataclass(frozen=True)
class Secrets:
    """Secrets that no student may receive: texts by their kind, and the digits of inputs."""

    texts: Mapping[str, Sequence[str]]
    digits: frozenset[str]

    def found_in(self, text: str) -> set[str]:
        """Return the secrets in a text, each with the name of its kind in front."""
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
    """Return the words of a text, without tags, escape sequences and extra spaces."""
    text = html.unescape(re.sub(r"</?\w[^<>]*>", "", text))
    return re.sub(r"[\s\\]+", "", text)


class Tool(ABC):
    """One of the tools, with its own course, which `prepare` has made at `base`."""

    name: str
    """The tool's name in the tables."""

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
        """Return the paths that an attack may request as `@NAME@`."""

    @abstractmethod
    def first_run(self) -> Sequence[Step]:
        """Return the commands that an instructor runs to mark Ada and to write her feedback."""

    @abstractmethod
    def class_run(self) -> Sequence[Step]:
        """Return the commands that mark the other students and write feedback."""

    @abstractmethod
    def marks(self, ran: Ran) -> Marks:
        """Return the recorded marks."""

    @abstractmethod
    def given_back(self, ran: Ran, student: str) -> str:
        """Return all texts that a student receives."""

    @abstractmethod
    def secrets(self) -> Secrets:
        """Return the secrets that no student may receive."""

    def belongs_to(self, path: str, student: str) -> bool:
        """Return whether a file belongs to a student, or is a record that may change."""
        return student in Path(path).parts or path in self.records

    records: frozenset[str] = frozenset()
