"""The students' feedback pages, on a desktop screen and on a phone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_output

from autograder.course.assignment import Course
from autograder.pages.feedback import write_feedback
from tests.gradebook.course import record

from ..gradebook.conftest import empty_gradebook as empty_gradebook
from ..gradebook.conftest import prepared as prepared
from ..gradebook.course import mark
from .visitor import DESKTOP, PHONE, Visitor, visiting

LONG = "word_without_an_end_" * 20


@pytest.fixture(scope="module")
def pages(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The pages of a student with a wrong answer, long lines and a wide output."""
    root = tmp_path_factory.mktemp("feedback") / "course"
    shutil.copytree(prepared, root)
    course = Course(root)
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


@pytest.fixture(scope="module")
def reader(pages: list[Path], browser: Any) -> Iterator[Visitor]:
    """A student's browser that may read these pages and load nothing else."""
    with visiting(browser, pages[0].parent.as_uri()) as visitor:
        yield visitor


@pytest.mark.parametrize("page", [0, 1, 2], ids=["a_slopes", "b_extras", "index"])
def test_pages_fit_and_complain_of_nothing(pages: list[Path], reader: Visitor, page: int) -> None:
    reader.tab.set_viewport_size(DESKTOP)
    reader.tab.goto(pages[page].as_uri(), wait_until="load")
    for size in (DESKTOP, PHONE):
        reader.tab.set_viewport_size(size)
        assert reader.tab.evaluate("() => innerWidth") == size["width"]
        assert reader.fits(), size
        assert len(reader.tab.inner_text("body")) > 100
    assert reader.complaints == []


def test_table_leads_to_each_item(pages: list[Path], reader: Visitor) -> None:
    index = next(page for page in pages if page.name == "index.html")
    reader.tab.set_viewport_size(PHONE)
    reader.tab.goto(index.as_uri())
    reader.tab.locator("a[href='#a-slope']").first.click()
    item = reader.tab.locator("[id='a-slope']").bounding_box()
    assert -1 < item["y"] < PHONE["height"]
    assert reader.complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_that_are_opened_at_one_size_fit(
    pages: list[Path], browser: Any, size: dict[str, int]
) -> None:
    home = pages[0].parent.as_uri()
    for page in pages:
        with visiting(browser, home, size=size) as visitor:
            visitor.tab.goto(page.as_uri(), wait_until="load")
            assert (page.name, visitor.complaints) == (page.name, [])
            assert visitor.fits(), page.name
            assert len(visitor.tab.inner_text("body")) > 100
