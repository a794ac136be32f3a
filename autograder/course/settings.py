"""The course's settings as typed values; an error names the key, what was found and what to write.

Dates are meant in the course's time zone. A local time that the clocks pass twice or never, when
they are put back or forward, would be somebody's guess: it is refused, and the message gives the
ways to write it that leave no doubt.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from autograder.course.layout import SETTINGS
from autograder.errors import CourseError

Word = TypeVar("Word", bound=str)


class Table:
    """One table of the settings: `name` is where it stands, as in `assignments.hw2.rules`."""

    def __init__(self, name: str, content: object, *, below: Table | None = None) -> None:
        """Its keys; those that it lacks are looked up in the table `below`."""
        if not isinstance(content, Mapping):
            raise CourseError(f"{SETTINGS}: {name} is {content!r}; write it as a table, [{name}]")
        own = dict.fromkeys(map(str, content), name)
        self._content: dict[str, Any] = {**(below._content if below else {}), **content}
        self._places: dict[str, str] = {**(below._places if below else {}), **own}
        self.name = name

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def inner(self, key: str) -> Table | None:
        """The table at the key; None where something else stands there."""
        content = self._content[key]
        return Table(f"{self.name}.{key}", content) if isinstance(content, Mapping) else None

    def is_date(self, key: str) -> bool:
        """Whether a date and time stands at the key."""
        return isinstance(self._content[key], datetime)

    def wrong(self, key: str, advice: str) -> CourseError:
        """The error that says what stands at the key, and what to write there."""
        place = f"{self._places.get(key, self.name)}.{key}"
        value = self._content.get(key)
        shown = value.isoformat() if isinstance(value, datetime) else repr(value)
        found = f"is {shown}" if key in self._content else "is missing"
        return CourseError(f"{SETTINGS}: {place} {found}; {advice}")

    def only(self, known: Iterable[str]) -> None:
        """CourseError where the table has a key that is not one of these."""
        known = list(known)
        for key in self._content:
            if key not in known:
                close = get_close_matches(key, known, 1)
                hint = f"did you mean {close[0]}?" if close else f"known are: {', '.join(known)}"
                raise CourseError(f"{SETTINGS}: {self._places[key]} has no key {key!r}; {hint}")

    def choice(self, key: str, words: tuple[Word, ...], default: Word) -> Word:
        """One of these words."""
        value = self._content.get(key, default)
        for word in words:
            if value == word:
                return word
        raise self.wrong(key, "write one of: " + ", ".join(f'"{word}"' for word in words))

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._content.get(key, default)
        if isinstance(value, bool):
            return value
        raise self.wrong(key, "write true or false")

    def number(self, key: str, default: float, low: float, high: float = math.inf) -> float:
        """A number from `low` to `high`."""
        value = self._content.get(key, default)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if is_number and math.isfinite(value) and low <= value <= high:
            return float(value)
        reach = f"from {low:g} to {high:g}" if high < math.inf else f"of {low:g} or more"
        raise self.wrong(key, f"write a number {reach}")

    def names(self, key: str) -> tuple[str, ...]:
        """A list of names, each once; empty where the key is missing."""
        value = self._content.get(key, [])
        advice = 'write a list of names, each once, such as ["hw1", "hw2"]'
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise self.wrong(key, advice)
        if len(set(value)) < len(value):
            raise self.wrong(key, advice)
        return tuple(value)

    def date(self, key: str, zone: ZoneInfo) -> datetime:
        """A date and time, in the course's zone where none is given with it."""
        date = self._content.get(key)
        if not isinstance(date, datetime):
            raise self.wrong(key, "write a date and time such as 2024-11-21T23:55:00")
        if date.tzinfo:
            return date.astimezone(zone)
        readings = readings_of(date, zone)
        if len(readings) == 1:
            return readings[0]
        ways = " or ".join(reading.isoformat() for reading in readings)
        why = "never comes" if readings[0].replace(tzinfo=None) != date else "comes twice"
        raise self.wrong(key, f"this time {why} in {zone.key}, the clocks change: write {ways}")


def readings_of(date: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """What a local time may mean: one moment, or two where the clocks are put back or forward."""
    earlier, later = (date.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if earlier.utcoffset() == later.utcoffset():
        return (earlier,)
    # through UTC, a time that the clocks leave out becomes one that they show
    moments = sorted(each.astimezone(UTC) for each in (earlier, later))
    return tuple(moment.astimezone(zone) for moment in moments)
