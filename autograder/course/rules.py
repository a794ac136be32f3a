"""The rules of a course: what being late costs, what bonus points can do, which homework counts.

`settings` reads them from `course.toml`. They are arithmetic alone: nothing here knows of a
gradebook.

Late. A submission that comes after its due date and the grace has been late since the due date.
Each started day (24 hours, whatever the clocks do) costs `percent_per_day` of the points of the
regular items: of those that can be reached ("maximum", the default: a day costs everybody the same)
or of those that were earned ("earned"). That takes regular points alone, never more than there are.
Where all is lost (a hard stop, or days that come to 100 percent), bonus points are lost too.

Bonus. Bonus points are added to the regular ones. They lift a homework above its maximum, or fill
it up to there at most; a penalty is taken off after that, so that being late always costs.
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
    """What being late costs; the default costs nothing.

    `stop_after`: nothing counts of what is later than that.
    """

    percent_per_day: float = 0.0
    of: Base = "maximum"
    grace: timedelta = timedelta(0)
    stop_after: timedelta | None = None

    def days(self, late: timedelta) -> int:
        """The started days that count; none within the grace."""
        return 0 if late <= max(self.grace, timedelta(0)) else math.ceil(late / DAY)

    def penalty(self, late: timedelta, regular: float, bonus: float, maximum: float) -> float:
        """The points that are taken off `regular` and `bonus` points for being so late."""
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

    `late` is None where the settings say nothing of it: a penalty that nbgrader has stands then.
    `bonus_stated` says that the settings speak of bonus points.
    """

    late: LatePolicy | None = None
    bonus_above_maximum: bool = True
    bonus_stated: bool = False

    def total(self, regular: float, bonus: float, penalty: float, maximum: float) -> float:
        """What counts of a homework: never less than 0."""
        points = regular + bonus
        if not self.bonus_above_maximum:
            points = min(points, max(maximum, regular))
        return max(points - penalty, 0.0)


@dataclass(frozen=True)
class Deadline:
    """When a homework is due, and how much longer some students have."""

    due: datetime
    extensions: Mapping[str, timedelta] = field(default_factory=dict)

    def late(self, handed_in: datetime | None, extension: timedelta | None) -> timedelta:
        """How late it was handed in; not at all where nothing says when.

        Differences of times in one zone would leave out the hour by which the clocks change.
        """
        if handed_in is None:
            return timedelta(0)
        due = self.due.astimezone(UTC) + (extension or timedelta(0))
        return max(handed_in.astimezone(UTC) - due, timedelta(0))

    def is_over(self, moment: datetime, extension: timedelta | None) -> bool:
        """Return whether the due date is over for a student with that extension."""
        return moment.astimezone(UTC) >= self.due.astimezone(UTC) + (extension or timedelta(0))

    @property
    def longest_extension(self) -> timedelta:
        """The most time that any student has beyond the due date."""
        return max(self.extensions.values(), default=timedelta(0))


@dataclass(frozen=True)
class Counting:
    """Which homework counts: the best so many of these, by their share of the maximum."""

    assignments: tuple[str, ...]
    best: int

    def chosen(self, shares: Mapping[str, float]) -> tuple[str, ...]:
        """Those that count; what is missing is worth 0, and of equal ones the earlier counts."""
        by_worth = sorted(self.assignments, key=lambda name: -shares.get(name, 0.0))
        return tuple(name for name in self.assignments if name in by_worth[: self.best])

    def standing(self, shares: Mapping[str, float]) -> float:
        """The mean share of those that count."""
        return sum(shares.get(name, 0.0) for name in self.chosen(shares)) / self.best
