"""Read the submission time from timestamp.txt, if the date is not ambiguous.

nbgrader writes `2024-11-22 00:10:00.000000 UTC`; people write other forms. A date with dots is
day.month.year. An ambiguous date, such as 03/12/2024, is ignored.
"""

from __future__ import annotations

import codecs
import os
import re
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from autograder.submission.files import TIMESTAMP, read_timestamp_file
from autograder.words import printable, shown

YEARS = range(1970, 9000)
"""Years in which a submission time may lie."""
AHEAD = timedelta(days=2)
"""Longest time by which a submission may be ahead of this machine's clock."""

_MOMENT = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?"
    r"(?P<date>[\w ,./-]*?\d)(?:T|,?[ ]+)"
    r"(?P<clock>\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?)[ ]*(?P<zone>\S*)",
    re.ASCII,
)
_DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d. %m. %Y"),
    *("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y"),
)
_OFFSET = re.compile(r"[+-]\d\d(?::?\d\d)?", re.ASCII)
_ZONE = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+){0,2}")
_OFFSETS = {
    "": "+00:00", "Z": "+00:00", "UTC": "+00:00", "GMT": "+00:00", "WET": "+00:00",
    "WEST": "+01:00", "CET": "+01:00", "CEST": "+02:00", "MEZ": "+01:00", "MESZ": "+02:00",
    "EET": "+02:00", "EEST": "+03:00",
}  # fmt: skip
"""Offsets of time zones from UTC, by name (none: UTC); nbgrader writes short European names."""


def read_timestamp(folder: Path) -> datetime | None:
    """Return a folder's submission time, as a naive datetime in UTC, or None if it is unknown.

    The file is not trusted: only the beginning of a regular file is read.
    """
    found = parse_time(read_timestamp_file(folder))
    return found.replace(tzinfo=None) if found else None


def unreadable_timestamp(folder: Path) -> str:
    """Return a message for a teacher if timestamp.txt has no readable date, or else ""."""
    if not os.path.lexists(folder / TIMESTAMP) or read_timestamp(folder) is not None:
        return ""
    content = read_timestamp_file(folder)
    text = " ".join(shown(content.decode("utf-8", "replace")).split())
    what = f"says “{printable(text)}”" if text else "is empty"
    return f"date unreadable: {TIMESTAMP} {what}. The submission counts as on time; decide by hand"


def parse_time(content: bytes) -> datetime | None:
    """Return the moment that a timestamp states, in UTC, or None if the moment is in doubt."""
    try:
        found = _parsed(_decoded(content).strip().strip("\0\ufeff"))
        if found is None:
            return None
        found = found.astimezone(UTC)
    except (ValueError, OverflowError, LookupError, OSError):
        return None
    return found if found.year in YEARS and found < datetime.now(UTC) + AHEAD else None


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content[: len(content) // 2 * 2].decode("utf-16")
    return content.decode("utf-8-sig")


def _parsed(text: str) -> datetime | None:
    match = _MOMENT.fullmatch(text)
    day = _date(match["date"]) if match else None
    if match is None or day is None:
        return None
    clock, zone = match["clock"].zfill(len("00:00")), _OFFSETS.get(match["zone"], match["zone"])
    if _OFFSET.fullmatch(zone):
        return datetime.combine(day, time.fromisoformat(clock + zone))
    moment = datetime.combine(day, time.fromisoformat(clock))
    return moment.replace(tzinfo=ZoneInfo(zone)) if _ZONE.fullmatch(zone) else None


def _date(text: str) -> datetime | None:
    for form in _DATES:
        with suppress(ValueError):
            return datetime.strptime(text, form)
    return None
