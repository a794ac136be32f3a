"""The marking desk in JupyterLab and Notebook: a link in a course's server, and in no other."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.desk.conftest import compiled_once, empty_gradebook, marked_once, prepared
from tests.gradebook.server import TOKEN
from tests.gradebook.shared import copied

from .lab import NOISE, PATIENCE, started_lab
from .visitor import Visitor, visiting

__all__ = ["compiled_once", "empty_gradebook", "marked_once", "prepared"]

pytest.importorskip("jupyterlab", reason="needs the extra `lab`")
pytestmark = pytest.mark.slow

EXTENSION = Path(__file__).parents[2] / "autograder" / "platforms" / "nbgrader" / "labextension"
ENTRY = "Marking Desk"
OF_NOTEBOOK = re.compile(r"convert undefined or null to object|reading 'schema'")
"""Errors that Notebook 7.6 itself reports on its first page, also without the extension."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """JupyterLab finds the extension of this checkout."""
    folder = tmp_path_factory.mktemp("data")
    shutil.copytree(EXTENSION, folder / "labextensions" / "@fdl" / "desk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        yield


@pytest.fixture(scope="module")
def lab(
    data: None,  # noqa: ARG001
    browser: Any,  # asked for first: if it is missing, no server is started  # noqa: ARG001
    marked_once: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of a JupyterLab in a course's folder."""
    course = copied(marked_once, tmp_path_factory.mktemp("lab") / "course")
    with started_lab(course.root, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture
def teacher(browser: Any, lab: str) -> Iterator[Visitor]:
    with visiting(browser, lab, noise=NOISE) as visitor:
        visitor.tab.set_default_timeout(1000 * PATIENCE)
        yield visitor


def entries(visitor: Visitor, wanted: str) -> list[str]:
    """The entries of the menu Nbgrader, which is left open once it has the wanted one."""
    tab = visitor.tab
    for _ in range(100):
        tab.locator(".lm-MenuBar-itemLabel", has_text="Nbgrader").click()
        tab.wait_for_selector(".lm-Menu-itemLabel:has-text('Formgrader')")
        found: list[str] = tab.locator(".lm-Menu-itemLabel").all_inner_texts()
        if wanted in found:
            return [each for each in found if each]
        tab.keyboard.press("Escape")  # extensions add their entries one after another
        tab.wait_for_timeout(300)
    raise AssertionError(f"{wanted} is not in the menu: {found}")


def test_the_menu_opens_the_desk_in_a_tab_of_its_own(teacher: Visitor, lab: str) -> None:
    tab = teacher.tab
    tab.goto(f"{lab}/lab?token={TOKEN}&reset")
    tab.wait_for_selector(".jp-LauncherCard")
    assert tab.locator(".jp-LauncherCard", has_text=ENTRY).count() == 1
    names = entries(teacher, ENTRY)
    places = [number for number, name in enumerate(names) if name.startswith("Formgrader")]
    assert names.index(ENTRY) == places[-1] + 1
    with tab.context.expect_page() as opened:
        tab.locator(".lm-Menu-itemLabel", has_text=ENTRY).click()
    opened.value.wait_for_url("**/fdl-desk/hw*")
    assert opened.value.title() == "Marking desk: hw"
    assert teacher.complaints == []


def test_notebook_7_has_the_link_too(teacher: Visitor, lab: str) -> None:
    teacher.tab.goto(f"{lab}/tree?token={TOKEN}")
    entries(teacher, ENTRY)
    assert [each for each in teacher.complaints if not OF_NOTEBOOK.search(each)] == []


def test_a_server_without_a_course_has_no_link(
    browser: Any,
    data: None,  # noqa: ARG001
    tmp_path: Path,
) -> None:
    for name in ("notebooks", "home"):
        (tmp_path / name).mkdir()
    with (
        started_lab(tmp_path / "notebooks", tmp_path / "home") as address,
        visiting(browser, address, noise=NOISE) as visitor,
    ):
        visitor.tab.set_default_timeout(1000 * PATIENCE)
        visitor.tab.goto(f"{address}/lab?token={TOKEN}&reset")
        assert ENTRY not in entries(visitor, "Formgrader")
        loaded = "() => '@fdl/desk' in window._JUPYTERLAB"
        assert visitor.tab.evaluate(loaded), "the extension is there, and shows nothing"
        assert visitor.complaints == []
