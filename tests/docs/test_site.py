"""The site that `make docs` builds has no warnings, is complete, and works without a network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs.shown import PAGES, ROOT

pytestmark = pytest.mark.slow

LOADED = re.compile(
    r"<(?:script|img|link|iframe|source)\b[^>]*?\b(?:src|href)=\"((?:https?:)?//[^\"]*)"
)
IMPORTED = re.compile(r"url\(\s*['\"]?((?:https?:)?//[^)'\"]*)|@import")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    pytest.importorskip("sphinx", reason="needs the extra `docs`")
    folder = tmp_path_factory.mktemp("site")
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("sphinx-build ")[2]
    options = recipe.partition("\n\n")[0].replace("\\\n", " ").replace(".site", str(folder)).split()
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_each_page_is_there_and_in_the_menu(site: Path) -> None:
    menu = (site / "index.html").read_text(encoding="utf-8").partition("</aside>")[0]
    for page in PAGES:
        built = page.relative_to(ROOT).with_suffix(".html").as_posix()
        assert (site / built).is_file()
        assert built == "README.html" or f'href="{built}"' in menu


def test_nothing_is_loaded_from_the_network(site: Path) -> None:
    for path in site.rglob("*.html"):
        assert LOADED.findall(path.read_text(encoding="utf-8")) == [], path
    for path in site.rglob("*.css"):
        assert IMPORTED.findall(path.read_text(encoding="utf-8")) == [], path


def test_the_search_finds_pages_without_a_server(site: Path, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    refused: list[str] = []

    def refuse(route: Any) -> None:
        refused.append(route.request.url)
        route.abort()

    page.route(re.compile("^https?:"), refuse)
    page.goto(f"{(site / 'search.html').as_uri()}?q=extensions")
    page.wait_for_selector("#search-results li")
    found = page.locator("#search-results li a").evaluate_all("links => links.map(a => a.href)")
    assert any("docs/course-rules.html" in address for address in found)
    page.goto((site / "docs" / "teaching.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert refused == []
    page.close()
