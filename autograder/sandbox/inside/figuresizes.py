"""How much of a figure is read, for the reader in the sandbox and for the grader's check of it.

A picture of a homework has tens of artists. What an honest figure has beyond these bounds is
thinned or counted as unread; data that tell of more are refused.
"""

from __future__ import annotations

MAX_AXES = 16
"""Number of axes of a figure."""

MAX_CURVES = 300
"""Number of curves of a figure, on all its axes together."""

MAX_FIELDS = 60
"""Number of fields of a figure, on all its axes together."""

MAX_POINTS = 5_000
"""Number of points of a curve, and of samples of a field."""

MAX_CURVE_NUMBERS = 200_000
"""Number of coordinates of all curves of a figure together."""

MAX_SAMPLES = 60_000
"""Number of samples of all fields of a figure together."""

MAX_TEXTS = 100
"""Number of texts of a figure, of entries in its legends, and of ticks with names, of each."""

MAX_TEXT = 300
"""Number of characters of a text."""

MAX_CHARACTERS = 20_000
"""Number of characters of all texts of a figure together, names of curves included."""

MAX_STYLE = 40
"""Number of characters of the name of a line's style or of a marker."""

MAX_INKS = 16
"""Number of colours of an artist."""

MAX_CHILDREN = 5_000
"""Number of things on one axes that are looked at; matplotlib's own are among them."""
