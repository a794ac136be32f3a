"""How much of a figure is read, for the reader in the sandbox and for the grader's check of it.

A picture of a homework has tens of artists. What an honest figure has beyond these bounds is
thinned or counted as unread; data that tell of more are refused.
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
    "coordinates": 200_000,  # of the points of curves
    "samples": 60_000,  # of fields
}
"""Number of things of each kind in a whole figure."""

MAX_POINTS = 5_000
"""Number of points of a curve, and of samples of a field."""

MAX_TEXT = 300
"""Number of characters of a text."""

MAX_STYLE = 40
"""Number of characters of the name of a line's style or of a marker."""

MAX_INKS = 16
"""Number of colours of an artist."""

MAX_CHILDREN = 5_000
"""Number of things on one axes that are looked at; matplotlib's own are among them."""
