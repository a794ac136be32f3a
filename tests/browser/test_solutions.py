"""The HTML pages of published solutions, opened without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbformat.v4 import new_markdown_cell, new_notebook

from autograder.release.answeredpages import write_page

from .visitor import DESKTOP, PHONE, visiting

PROOF = rf"""
The gradient $g \in \mathbb{{R}}^d$ has a finite mean $\mathbb{{E}}[g]$:

$$\frac{{1}}{{2}}\,\|g\|^2 = {"a + " * 60} b. \tag{{7}}$$
"""


def test_formulas_are_shown_and_nothing_is_loaded(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "proof.html"
    write_page(path, new_notebook(cells=[new_markdown_cell(PROOF)]), "Proof")
    asked: list[str] = []
    # MathJax looks for fonts beside the page; the page's policy stops the request before it is sent
    with visiting(browser, path.as_uri(), noise="Content Security Policy") as visitor:
        visitor.tab.on("response", lambda answer: asked.append(answer.url))
        visitor.tab.goto(path.as_uri())
        visitor.tab.wait_for_function("() => document.querySelectorAll('math').length >= 3")
        shown = visitor.tab.inner_text("main")
        for part in ("ℝ", "𝔼", "(7)"):
            assert part in shown
        assert "$" not in shown
        for size in (DESKTOP, PHONE):
            visitor.tab.set_viewport_size(size)
            assert visitor.fits(), size
        assert visitor.wrong == []
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
