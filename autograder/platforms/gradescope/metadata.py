"""Read the time of a submission from Gradescope's submission_metadata.json.

On Gradescope, the kit subtracts no points for lateness, because Gradescope applies its own late
days and extensions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

METADATA = "submission_metadata.json"

_MAX_BYTES = 50_000_000  # the file contains the results of all earlier submissions


@dataclass(frozen=True)
class HandedIn:
    """The time of a submission, and its due dates if Gradescope states them.

    `own_due` is the latest due date of the students who handed in together.
    """

    at: datetime
    due: datetime | None = None
    late_due: datetime | None = None
    own_due: datetime | None = None

    @property
    def late(self) -> timedelta:
        """The time between due date and submission; zero if it was on time or had no due date."""
        return max(self.at - self.due, timedelta()) if self.due else timedelta()

    @property
    def too_late(self) -> bool:
        """True if the submission came after the last date for late submissions."""
        return self.late_due is not None and self.at > self.late_due

    def words(self) -> str:
        """Return the lateness, such as `2 days, 3 hours and 5 minutes`; "" if on time."""
        minutes = -(-self.late // timedelta(minutes=1))
        counts = {"day": minutes // 1440, "hour": minutes // 60 % 24, "minute": minutes % 60}
        parts = [f"{n} {unit}{'s' if n > 1 else ''}" for unit, n in counts.items() if n]
        return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))

    def data(self) -> dict[str, Any]:
        """Return the submission time and the due dates as plain data, for programs."""
        return {
            "handed_in": self.at,
            "due": self.due,
            "late_due": self.late_due,
            "late_seconds": self.late.total_seconds(),
        }


def read_metadata(path: Path) -> HandedIn | None:
    """Return the submission's times from the file; None if the file is missing or unreadable."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or (at := _moment(data.get("created_at"))) is None:
        return None
    assignment = data.get("assignment")
    dates = assignment if isinstance(assignment, dict) else {}
    due, late_due = _moment(dates.get("due_date")), _moment(dates.get("late_due_date"))
    return HandedIn(at, due, late_due, _own_due(data.get("users")))


def _own_due(users: object) -> datetime | None:
    """Return the students' latest due date, or None if a student has no due date."""
    known = users if isinstance(users, list) else []
    own = [user.get("assignment") if isinstance(user, dict) else None for user in known]
    dates = [_moment(each.get("due_date")) if isinstance(each, dict) else None for each in own]
    found = [date for date in dates if date is not None]
    return max(found) if found and len(found) == len(dates) else None


def _moment(text: object) -> datetime | None:
    """Parse a time with an offset from UTC; return None if the time has no offset."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
