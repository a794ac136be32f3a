"""The limits for reading a figure, used by the reader in the sandbox and by the grader.

A typical figure of a homework has tens of artists. The reader thins an object that exceeds these
limits, or counts the object as unread. The grader rejects data that exceeds these limits.
"""

from __future__ import annotations

MOST = {
    "axes": 16,
    "curves": 300,
    "fields": 60,
    "entries": 100,  # entries of legends
    "texts": 100,
    "ticks": 100,  # ticks whose names student code sets
    "characters": 20_000,  # characters of all texts, including the names of curves
    "coordinates": 200_000,  # coordinates of the curves' points
    "samples": 60_000,  # samples of fields
}
"""Largest number of objects of each kind in a whole figure."""

MAX_POINTS = 5_000
"""Largest number of points of one curve, and of samples of one field."""

MAX_TEXT = 300
"""Largest number of characters of a text."""

MAX_STYLE = 40
"""Largest number of characters in the name of a line style or a marker."""

MAX_INKS = 16
"""Largest number of colours of an artist."""

MAX_CHILDREN = 5_000
"""Largest number of objects in one Axes that are examined, including matplotlib's own objects."""
