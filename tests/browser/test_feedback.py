"""The pages that students get, on a desk and on a telephone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_output

from autograder.assignment import Course
from autograder.records.feedback import write_feedback
from autograder.records.gradebook import record

from ..records.conftest import course as course
from ..records.conftest import prepared as prepared
from ..records.course import mark
from .visitor import DESKTOP, PHONE, visiting

LONG = "word_without_an_end_" * 20


@pytest.fixture
def pages(course: Course) -> list[Path]:
    """The pages of a student with a wrong answer, long lines and a wide output."""
    answers = {"a-proof": f"{LONG}\n\n$$x = {'a + ' * 80} b$$\n\n    {LONG}"}
    marking = mark(course, {"a-slope": 0.0}, answers=answers)
    for cell in marking.notebooks["a_slopes"].cells:
        if cell.cell_type == "code":
            cell.outputs.append(new_output("stream", name="stdout", text=f"{LONG}\n"))
    record(course, course.assignment("hw"), "anna", marking)
    write_feedback(course, course.assignment("hw"), ["anna"])
    found = sorted((course.root / "feedback" / "anna" / "hw").glob("*.html"))
    assert [path.name for path in found] == ["a_slopes.html", "b_extras.html", "index.html"]
    return found


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_fit_and_complain_of_nothing(
    pages: list[Path], browser: Any, size: dict[str, int]
) -> None:
    home = pages[0].parent.as_uri()
    for page in pages:
        with visiting(browser, home, size=size) as visitor:
            visitor.tab.goto(page.as_uri(), wait_until="load")
            assert (page.name, visitor.complaints) == (page.name, [])
            assert visitor.fits(), page.name
            assert len(visitor.tab.inner_text("body")) > 100


def test_table_leads_to_each_item(pages: list[Path], browser: Any) -> None:
    index = next(page for page in pages if page.name == "index.html")
    with visiting(browser, index.parent.as_uri(), size=PHONE) as visitor:
        visitor.tab.goto(index.as_uri())
        visitor.tab.locator("a[href='#a-slope']").first.click()
        item = visitor.tab.locator("[id='a-slope']").bounding_box()
        assert -1 < item["y"] < PHONE["height"]
        assert visitor.complaints == []
