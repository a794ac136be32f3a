"""Keep the points of bonus items in the field for extra credit, where nbgrader counts them.

In the gradebook, a bonus item has a maximum of 0 (see `homework`). So nbgrader's formgrader turns
points that a person types as the item's score into a score of 0, and the item counts as marked. The
kit's formgrader writes extra credit instead. The functions here also understand scores that an
older formgrader or another program wrote.
"""

from __future__ import annotations


def bonus_points(score: float | None, credit: float | None) -> float | None:
    """Return the points of a bonus item with this score and extra credit; None if unknown.

    nbgrader's formgrader turns any typed score into a score of 0 without extra credit.
    """
    if is_lost(score, credit) or (score is None and credit is None):
        return None
    return (score or 0.0) + (credit or 0.0)


LOST = (
    "(grade.manual_score = 0 AND grade.extra_credit IS NULL AND"
    " coalesce(cell.max_score = 0 AND cell.cell_type != 'code', 0))"
)
"""SQL condition that a row of `grade` is of a bonus text, and `is_lost`; `cell` is its cell."""


def is_lost(score: float | None, credit: float | None) -> bool:
    """Return whether the typed points of a bonus item may be lost, so that it must be marked."""
    return score == 0 and credit is None
