"""Write a notebook as an HTML page for readers without Jupyter; the page loads no other file."""

from __future__ import annotations

import re
import unicodedata
from copy import deepcopy
from functools import cache
from pathlib import Path

from jinja2 import PackageLoader
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode

from autograder.desk.policy import mathjax_folder

_CONFIGURATION = "config/TeX-AMS-MML_HTMLorMML-full.js"

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
"""Security policy that keeps a browser from loading files, such as fonts that MathJax looks for."""

_BLACKBOARD = re.compile(r"\\mathbb\{?([A-Z])\}?")


def write_page(path: Path, notebook: NotebookNode, title: str) -> None:
    """Write the notebook as a page that contains its formulas, pictures and styles."""
    resources = {
        "metadata": {"name": f"{title}: solutions", "path": ""},
        "mathjax": _mathjax(),
        "policy": POLICY,
    }
    shown = deepcopy(notebook)
    for cell in shown.cells:
        if cell.cell_type == "markdown":
            cell.source = _BLACKBOARD.sub(_letter, cell.source)
    page, _ = _exporter().from_notebook_node(shown, resources=resources)
    path.write_text(page, encoding="utf-8", newline="\n")


def _letter(match: re.Match[str]) -> str:
    """Return the letter ℝ for `\\mathbb{R}`, which browsers would show as R."""
    try:
        return unicodedata.lookup(f"DOUBLE-STRUCK CAPITAL {match[1]}")
    except KeyError:
        return unicodedata.lookup(f"MATHEMATICAL DOUBLE-STRUCK CAPITAL {match[1]}")


@cache
def _exporter() -> HTMLExporter:
    loader = PackageLoader("autograder.release")
    exporter = HTMLExporter(extra_loaders=[loader], exclude_anchor_links=True)
    exporter.template_file = "solutions.html"
    return exporter


@cache
def _mathjax() -> tuple[str, ...]:
    """Return MathJax's scripts for reading LaTeX and writing MathML, which browsers show."""
    folder = mathjax_folder()
    return tuple((folder / name).read_text("utf-8") for name in ("MathJax.js", _CONFIGURATION))
