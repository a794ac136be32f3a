"""Apply a course's rules about lateness, bonus points and the homework that counts.

`settings` reads the rules from `course.toml`. This module only computes; it opens no gradebook.

Late. A submission is late if it arrives after its due date and the grace period. Late days count
from the due date. Each started day (24 hours, even when the clocks change) costs `percent_per_day`
of the regular points. By default ("maximum"), a day costs this share of the maximum, so every
student loses the same; with "earned", a day costs this share of the earned points. The penalty
takes only regular points, and at most all of them. Bonus points are lost only after a hard stop, or
if the days add up to 100 percent.

Bonus. Bonus points are added to the regular points. Depending on the course's rule, the sum may
exceed the homework's maximum, or is cut to the maximum. The penalty is subtracted from the result,
so that lateness always costs points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

DAY = timedelta(days=1)

Base = Literal["maximum", "earned"]


@dataclass(frozen=True)
class LatePolicy:
    """The rule for the cost of lateness; by default, lateness costs nothing.

    A submission that is later than `stop_after` earns nothing.
    """

    percent_per_day: float = 0.0
    of: Base = "maximum"
    grace: timedelta = timedelta(0)
    stop_after: timedelta | None = None

    def days(self, late: timedelta) -> int:
        """Return the number of late days that have started; 0 within the grace period."""
        return 0 if late <= max(self.grace, timedelta(0)) else math.ceil(late / DAY)

    def penalty(self, late: timedelta, regular: float, bonus: float, maximum: float) -> float:
        """Return the points that a submission loses if it arrives this long after its due date."""
        regular, bonus = max(regular, 0.0), max(bonus, 0.0)
        days = self.days(late)
        lost = days * self.percent_per_day / 100
        is_over = days > 0 and self.stop_after is not None and late > self.stop_after
        if is_over or lost >= 1:
            return regular + bonus
        return min(lost * (maximum if self.of == "maximum" else regular), regular)


@dataclass(frozen=True)
class Rules:
    """The rules of one homework.

    If the settings have no rule about lateness, `late` is None and nbgrader's own penalties are
    kept. `bonus_stated` says whether the settings have a rule about bonus points.
    """

    late: LatePolicy | None = None
    bonus_above_maximum: bool = True
    bonus_stated: bool = False

    def total(self, regular: float, bonus: float, penalty: float, maximum: float) -> float:
        """Return the points that count for a homework; the result is never below 0."""
        points = regular + bonus
        if not self.bonus_above_maximum:
            points = min(points, max(maximum, regular))
        return max(points - penalty, 0.0)


@dataclass(frozen=True)
class Deadline:
    """The due date of a homework, and the students' extensions."""

    due: datetime
    extensions: Mapping[str, timedelta] = field(default_factory=dict)

    def due_with(self, extension: timedelta | None) -> datetime:
        """Return the due date of a student with this extension, in UTC.

        In UTC, an extension has its full length even if the clocks change.
        """
        return self.due.astimezone(UTC) + (extension or timedelta(0))

    def late(self, handed_in: datetime | None, extension: timedelta | None) -> timedelta:
        """Return how late a submission is; 0 if its submission time is unknown."""
        if handed_in is None:
            return timedelta(0)
        return max(handed_in.astimezone(UTC) - self.due_with(extension), timedelta(0))

    def is_over(self, moment: datetime, extension: timedelta | None) -> bool:
        """Return whether the due date of a student with this extension has passed."""
        return moment.astimezone(UTC) >= self.due_with(extension)

    @property
    def longest_extension(self) -> timedelta:
        """The longest extension that any student has."""
        return max(self.extensions.values(), default=timedelta(0))


@dataclass(frozen=True)
class Counting:
    """The rule for which homework counts: the N assignments with the best share of points."""

    assignments: tuple[str, ...]
    best: int

    def chosen(self, shares: Mapping[str, float]) -> tuple[str, ...]:
        """Return the assignments that count.

        A missing share counts as 0; of equal shares, the first counts.
        """
        by_worth = sorted(self.assignments, key=lambda name: -shares.get(name, 0.0))
        return tuple(name for name in self.assignments if name in by_worth[: self.best])

    def standing(self, shares: Mapping[str, float]) -> float:
        """Return the mean share of the assignments that count."""
        return sum(shares.get(name, 0.0) for name in self.chosen(shares)) / self.best
