"""The rules of a course: what lateness costs, how bonus points count, which homework counts.

`settings` reads them from `course.toml`. This module only does arithmetic and knows no gradebook.

Late. A submission after its due date and the grace period is late, counted from the due date. Each
started day (24 hours, even when the clocks change) costs `percent_per_day` of the regular points.
By default ("maximum") that is a share of the maximum, so a day costs every student the same; with
"earned" it is a share of the points earned. The penalty takes only regular points,
and no more than there are. If everything is lost (a hard stop, or days that add up to 100 percent),
bonus points are lost too.

Bonus. Bonus points are added to the regular ones. They either lift a homework above its maximum, or
fill it up to its maximum at most. A penalty is subtracted afterwards, so that lateness always
costs.
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
    """The cost of lateness; the default costs nothing.

    A submission that is later than `stop_after` earns nothing.
    """

    percent_per_day: float = 0.0
    of: Base = "maximum"
    grace: timedelta = timedelta(0)
    stop_after: timedelta | None = None

    def days(self, late: timedelta) -> int:
        """Return the number of started days that count; 0 within the grace period."""
        return 0 if late <= max(self.grace, timedelta(0)) else math.ceil(late / DAY)

    def penalty(self, late: timedelta, regular: float, bonus: float, maximum: float) -> float:
        """Return the points to subtract from `regular` and `bonus` points for being so late."""
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

    `late` is None if the settings do not mention it: a penalty from nbgrader remains then.
    `bonus_stated` is whether the settings mention bonus points.
    """

    late: LatePolicy | None = None
    bonus_above_maximum: bool = True
    bonus_stated: bool = False

    def total(self, regular: float, bonus: float, penalty: float, maximum: float) -> float:
        """Return the points that count for a homework, at least 0."""
        points = regular + bonus
        if not self.bonus_above_maximum:
            points = min(points, max(maximum, regular))
        return max(points - penalty, 0.0)


@dataclass(frozen=True)
class Deadline:
    """The due date of a homework, and the extra time of some students."""

    due: datetime
    extensions: Mapping[str, timedelta] = field(default_factory=dict)

    def due_with(self, extension: timedelta | None) -> datetime:
        """Return the due date, in UTC, of a student with that extension.

        Local times ignore the hour by which the clocks change.
        """
        return self.due.astimezone(UTC) + (extension or timedelta(0))

    def late(self, handed_in: datetime | None, extension: timedelta | None) -> timedelta:
        """Return how late it was handed in; 0 if that time is unknown."""
        if handed_in is None:
            return timedelta(0)
        return max(handed_in.astimezone(UTC) - self.due_with(extension), timedelta(0))

    def is_over(self, moment: datetime, extension: timedelta | None) -> bool:
        """Return whether the due date has passed for a student with that extension."""
        return moment.astimezone(UTC) >= self.due_with(extension)

    @property
    def longest_extension(self) -> timedelta:
        """The longest extension of any student."""
        return max(self.extensions.values(), default=timedelta(0))


@dataclass(frozen=True)
class Counting:
    """The homework that counts: the best N of these, by their share of the maximum."""

    assignments: tuple[str, ...]
    best: int

    def chosen(self, shares: Mapping[str, float]) -> tuple[str, ...]:
        """Return those that count; a missing one is worth 0, of equal ones the first counts."""
        by_worth = sorted(self.assignments, key=lambda name: -shares.get(name, 0.0))
        return tuple(name for name in self.assignments if name in by_worth[: self.best])

    def standing(self, shares: Mapping[str, float]) -> float:
        """Return the mean share of those that count."""
        return sum(shares.get(name, 0.0) for name in self.chosen(shares)) / self.best
