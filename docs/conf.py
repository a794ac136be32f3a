"""Settings of the site that `make docs` builds with Sphinx.

The pages stay in their folders, so their links work on a repository's host as well as on the site.
The site loads nothing from the network, and its search also works in a local folder.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FRONT = "README"

NAVIGATION = {
    "Teaching": (
        "teaching",
        "marking",
        "several-markers",
        "course-rules",
        "intake-and-export",
        "grading-runs",
    ),
    "Writing homework": ("new-homework", "visible-checks", "testkit", "adopting"),
    "Other places": ("gradescope", "github", "cluster"),
    "Reference": ("commands", "settings", "../SECURITY", "../CHANGELOG"),
    "Changing the kit": ("architecture", "../CONTRIBUTING"),
    "Measured": ("benchmarks", "comparison", "scale", "numerics", "mutation"),
}
"""Headings of the site's menu, each with its pages as paths from docs/."""

project = "Homework kit"
html_title = project
extensions = ["myst_parser"]
root_doc = FRONT
include_patterns = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/*.md"]
exclude_patterns = [".*", "autograder", "build", "release", "solutions", "source", "tests"]
myst_heading_anchors = 4
smartquotes = False  # keeps the two hyphens of options in sentences
highlight_language = "none"  # blocks without a language are commands

html_theme = "furo"
html_copy_source = False
html_show_sphinx = False


def add_navigation(_app: Sphinx, name: str, source: list[str]) -> None:
    """Add the menu to the front page, because Sphinx reads the menu there."""
    if name == FRONT:
        for heading, pages in NAVIGATION.items():
            listed = "\n".join(
                page.removeprefix("../") if "/" in page else f"docs/{page}" for page in pages
            )
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{listed}\n```\n"


def add_index(app: Sphinx, error: Exception | None) -> None:
    """Copy the front page to index.html, which browsers show for the site's folder."""
    if error is None:
        shutil.copy(app.outdir / f"{FRONT}.html", app.outdir / "index.html")


def setup(app: Sphinx) -> None:
    """Connect `add_navigation` and `add_index` to Sphinx's events."""
    app.connect("source-read", add_navigation)
    app.connect("build-finished", add_index)
