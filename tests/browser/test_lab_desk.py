"""The marking desk in JupyterLab and Notebook: a link in a course's server, and in no other."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.desk.conftest import compiled_once, empty_gradebook, marked, marked_once, prepared
from tests.gradebook.server import TOKEN

from .lab import NOISE, started_lab
from .visitor import Visitor, visiting

__all__ = ["compiled_once", "empty_gradebook", "marked", "marked_once", "prepared"]

pytest.importorskip("jupyterlab", reason="needs the extra `lab`")
pytestmark = pytest.mark.slow

EXTENSION = Path(__file__).parents[2] / "autograder" / "platforms" / "nbgrader" / "labextension"
ENTRY = "Marking Desk"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JupyterLab finds the extension of this checkout."""
    data = tmp_path / "data"
    shutil.copytree(EXTENSION, data / "labextensions" / "@fdl" / "desk")
    monkeypatch.setenv("JUPYTER_PATH", str(data))
    (tmp_path / "home").mkdir()


@pytest.fixture
def teacher(browser: Any, installed: None, marked: Any, tmp_path: Path) -> Iterator[Visitor]:  # noqa: ARG001
    """A tab that has logged in to JupyterLab in the course's folder."""
    with (
        started_lab(marked.root, tmp_path / "home") as address,
        visiting(browser, address, noise=NOISE) as visitor,
    ):
        visitor.tab.set_default_timeout(300_000)
        visitor.tab.goto(f"{address}/lab?token={TOKEN}&reset")
        yield visitor


def entries(visitor: Visitor) -> list[str]:
    """The entries of the menu Nbgrader, once it is open."""
    visitor.tab.locator(".lm-MenuBar-itemLabel", has_text="Nbgrader").click()
    visitor.tab.wait_for_selector(".lm-Menu-itemLabel:has-text('Formgrader')")
    found: list[str] = visitor.tab.locator(".lm-Menu-itemLabel").all_inner_texts()
    return [each for each in found if each]


def test_the_menu_opens_the_desk_in_a_tab_of_its_own(teacher: Visitor) -> None:
    tab = teacher.tab
    tab.wait_for_selector(".jp-LauncherCard")
    assert tab.locator(".jp-LauncherCard", has_text=ENTRY).count() == 1
    names = entries(teacher)
    places = [number for number, name in enumerate(names) if name.startswith("Formgrader")]
    assert names.index(ENTRY) == places[-1] + 1
    with tab.context.expect_page() as opened:
        tab.locator(".lm-Menu-itemLabel", has_text=ENTRY).click()
    opened.value.wait_for_url("**/fdl-desk/hw*")
    assert opened.value.title() == "Marking desk: hw"
    assert teacher.complaints == []


def test_notebook_7_has_the_link_too(teacher: Visitor) -> None:
    tab = teacher.tab
    tab.goto(tab.url.partition("/lab")[0] + "/tree")
    assert ENTRY in entries(teacher)
    assert teacher.complaints == []


def test_a_server_without_a_course_has_no_link(
    browser: Any,
    installed: None,  # noqa: ARG001
    tmp_path: Path,
) -> None:
    (tmp_path / "notebooks").mkdir()
    with (
        started_lab(tmp_path / "notebooks", tmp_path / "home") as address,
        visiting(browser, address, noise=NOISE) as visitor,
    ):
        visitor.tab.set_default_timeout(300_000)
        visitor.tab.goto(f"{address}/lab?token={TOKEN}&reset")
        assert ENTRY not in entries(visitor)
        loaded = "() => '@fdl/desk' in window._JUPYTERLAB"
        assert visitor.tab.evaluate(loaded), "the extension is there, and shows nothing"
        assert visitor.complaints == []
