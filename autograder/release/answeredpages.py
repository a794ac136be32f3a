"""Write a notebook as a page in HTML that loads nothing, for readers without Jupyter."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import DictLoader
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode

from autograder.platforms.nbgrader.formgrader import mathjax_folder

_CONFIGURATION = "config/TeX-AMS-MML_HTMLorMML-full.js"

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
"""The policy that keeps a browser from loading anything, also the fonts that MathJax looks for."""

_TEMPLATE = """\
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}
<meta http-equiv="Content-Security-Policy" content="{{ resources.policy }}">
{%- endblock -%}
{%- block html_head_js_mathjax -%}
<script>
window.MathJax = {
  tex2jax: { inlineMath: [["$", "$"]], processEscapes: true },
  skipStartupTypeset: true, showMathMenu: false, messageStyle: "none",
};
</script>
{% for script in resources.mathjax %}<script>{{ script }}</script>
{% endfor %}<script>
MathJax.Hub.Queue(["setRenderer", MathJax.Hub, "NativeMML"], ["Typeset", MathJax.Hub]);
</script>
{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
"""


def write_page(path: Path, notebook: NotebookNode, title: str) -> None:
    """Write the notebook as a page with formulas, pictures and styles in it."""
    resources = {
        "metadata": {"name": f"{title}: solutions", "path": ""},
        "mathjax": _mathjax(),
        "policy": POLICY,
    }
    page, _ = _exporter().from_notebook_node(notebook, resources=resources)
    path.write_text(page, encoding="utf-8", newline="\n")


@cache
def _exporter() -> HTMLExporter:
    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"solutions": _TEMPLATE})], exclude_anchor_links=True
    )
    exporter.template_file = "solutions"
    return exporter


@cache
def _mathjax() -> tuple[str, ...]:
    """Return MathJax's scripts for reading LaTeX and writing MathML, which browsers show."""
    folder = mathjax_folder()
    return tuple((folder / name).read_text("utf-8") for name in ("MathJax.js", _CONFIGURATION))
