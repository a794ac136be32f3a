"""How much of a figure is read; both the reader in the sandbox and the grader's check use it.

A typical figure of a homework has tens of artists. The reader thins whatever exceeds these bounds,
or counts it as unread; the grader rejects data that exceeds them.
"""

from __future__ import annotations

MOST = {
    "axes": 16,
    "curves": 300,
    "fields": 60,
    "entries": 100,  # in legends
    "texts": 100,
    "ticks": 100,  # with names of their own
    "characters": 20_000,  # in all texts, names of curves included
    "coordinates": 200_000,  # of the curves' points
    "samples": 60_000,  # of fields
}
"""Number of objects of each kind in a whole figure."""

MAX_POINTS = 5_000
"""Number of points of one curve, and of samples of one field."""

MAX_TEXT = 300
"""Number of characters of a text."""

MAX_STYLE = 40
"""Number of characters in the name of a line style or a marker."""

MAX_INKS = 16
"""Number of colours of an artist."""

MAX_CHILDREN = 5_000
"""Number of objects on one axes that are examined, matplotlib's own included."""
