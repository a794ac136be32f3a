"""Misconceptions of the made-up course."""

from __future__ import annotations

from textwrap import dedent

from autograder.course.assignment import Course

HEAD = """
from autograder.grading.misconceptions import Catalogue

misconceptions = Catalogue()
"""

SOUND = """
@misconceptions.function("t-slope", "slope", "The factor v is to be squared.")
def factor_not_squared(u, v):
    return v * u, float(np.dot(u, u)) * v


@misconceptions.function("t-slope", "slope", "The norm is to be squared.")
def norm_not_squared(u, v):
    return v * v * u, float(np.sqrt(np.dot(u, u))) * v


@misconceptions.function("t-slope", "slope", "Both parts lack a square.", keeps=0.5)
def nothing_squared(u, v):
    return v * u, float(np.sqrt(np.dot(u, u))) * v


misconceptions.values("t-values", "parts_exchanged", "v is the last entry.", last_part=9.0)


@misconceptions.function("t-plot", "plot_slope", "Positions belong on the horizontal axis.")
def axes_exchanged(positions, slopes):
    figure, axes = plt.subplots()
    axes.plot(slopes, positions)
    return figure
"""

UNTESTED = """
@misconceptions.function("t-plot", "plot_slope", "Label the axes.")
def unlabelled(positions, slopes):
    figure, axes = plt.subplots()
    axes.plot(positions, slopes)
    return figure
"""

TWIN = """
@misconceptions.function("t-slope", "slope", "Another word for the same.")
def factor_left_as_it_is(u, v):
    return u * v, (u @ u) * v
"""


def write_misconceptions(course: Course, *texts: str) -> None:
    """Write the catalogue with these misconceptions beside the hidden tests."""
    path = course.hidden("tiny") / "misconceptions.py"
    path.write_text(dedent("\n".join([HEAD, *texts])), encoding="utf-8")
