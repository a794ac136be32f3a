"""Reading a homework's items from its source notebooks."""

from __future__ import annotations

from typing import Any

import pytest

from autograder.course.assignment import Course
from autograder.errors import CourseError
from tests.release.helpers import cell, change_source


@pytest.mark.parametrize("points", ["two", 0, -1, None, True, float("inf"), float("nan")])
def test_points_that_are_no_positive_number_name_their_cell(course: Course, points: Any) -> None:
    change_source(course, lambda nb: cell(nb, "t-plot").metadata["nbgrader"].update(points=points))
    with pytest.raises(CourseError, match=r"valley\.ipynb, cell \d+ \(t-plot\) has the points"):
        course.assignment("tiny")


def test_an_item_without_an_id_names_its_cell(course: Course) -> None:
    change_source(course, lambda nb: cell(nb, "t-plot").metadata["nbgrader"].pop("grade_id"))
    with pytest.raises(CourseError, match=r"valley\.ipynb, cell \d+ has points but no nbgrader id"):
        course.assignment("tiny")
