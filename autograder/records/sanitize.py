"""What of a student's notebook may be stored where nbgrader shows it: nothing that acts.

nbgrader's formgrader and feedback render markdown and outputs as HTML without sanitising them,
beside an interface that can change marks. So tags, links and active LaTeX commands are taken out of
a student's texts, and outputs are reduced to text, tables and pictures, before they are stored.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import nh3
from nbformat import NotebookNode

MAX_PICTURE_BYTES = 4_000_000
MAX_TEXT = 200_000

TAGS = {
    "table", "thead", "tbody", "tr", "th", "td", "caption", "p", "br", "hr", "div", "span", "pre",
    "code", "b", "strong", "i", "em", "u", "s", "sub", "sup", "ul", "ol", "li", "dl", "dt", "dd",
    "h1", "h2", "h3", "h4", "h5", "h6", "blockquote",
}  # fmt: skip
ATTRIBUTES = {"td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}

_SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_LINK = re.compile(r"\](?=[(\[])")
_DEFINITION = re.compile(r"^(\s*)\[([^\]\n]*)\]:", re.MULTILINE)
_LATEX = re.compile(
    r"\\(?=(?:href|url|require|style|class|cssId|data|unicode|includegraphics|html\w*|def|let"
    r"|newcommand|renewcommand|newenvironment|renewenvironment|verb|bbox|mmlToken|Tip|texttip)\b)"
)
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-_]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def clean_notebook(notebook: NotebookNode) -> NotebookNode:
    """A copy of the notebook whose student texts and outputs can be shown safely."""
    clean = deepcopy(notebook)
    for cell in clean.cells:
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.outputs = [out for output in cell.outputs if (out := clean_output(output))]
        elif not _is_instructors(cell):
            cell.source = clean_markdown(cell.source)
    return clean


def clean_markdown(text: str) -> str:
    """Markdown in which no tag, no link and no active LaTeX command is left; formulas stay.

    A blank after `<` and between `]` and `(` keeps both from being read as HTML or as a link, and
    is invisible in prose and in formulas.
    """
    text = _TAG.sub("< ", plain_text(text))
    text = _LINK.sub("] ", text)
    text = _DEFINITION.sub(r"\1\\[\2] :", text)
    return _LATEX.sub(r"\\ ", text)


def plain_text(text: str) -> str:
    """The text without terminal codes, control characters and direction overrides."""
    return _CONTROL.sub("", _ANSI.sub("", str(text)))[:MAX_TEXT]


def clean_html(text: str) -> str:
    """Tables and plain formatting of the HTML; no links, styles, pictures or scripts."""
    return nh3.clean(text[:MAX_TEXT], tags=TAGS, attributes=ATTRIBUTES, url_schemes=set())


def clean_output(output: Mapping[str, Any]) -> NotebookNode | None:
    """One output, safe to show; None where nothing of it is left."""
    kind = output["output_type"]
    if kind == "stream":
        fields = {"name": output["name"], "text": plain_text(output["text"])}
        return NotebookNode(output_type=kind, **fields)
    if kind == "error":
        name, value = plain_text(output["ename"]), plain_text(output["evalue"])
        line = f"{name}: {value}" if value else name
        return NotebookNode(output_type=kind, ename=name, evalue=value, traceback=[line])
    data = clean_bundle(output["data"])
    if not data:
        return None
    fields = {"output_type": kind, "data": data, "metadata": NotebookNode()}
    if kind == "execute_result":
        fields["execution_count"] = output.get("execution_count")
    return NotebookNode(**fields)


def clean_bundle(data: Mapping[str, Any]) -> NotebookNode:
    """The representations that can be shown safely, each cleaned."""
    clean = NotebookNode()
    for kind, cleaner in _CLEANERS.items():
        if isinstance(value := data.get(kind), str) and (text := cleaner(value)):
            clean[kind] = text
    return clean


def _clean_picture(kind: str) -> Callable[[str], str]:
    def clean(value: str) -> str:
        try:
            content = base64.b64decode(value.encode("ascii", "replace"), validate=True)
        except (binascii.Error, ValueError):
            return ""
        fits = len(content) <= MAX_PICTURE_BYTES and content.startswith(_SIGNATURES[kind])
        return base64.b64encode(content).decode("ascii") if fits else ""

    return clean


_CLEANERS: Mapping[str, Callable[[str], str]] = {
    "text/plain": plain_text,
    "text/html": clean_html,
    "text/latex": clean_markdown,
    **{kind: _clean_picture(kind) for kind in _SIGNATURES},
}


def _is_instructors(cell: NotebookNode) -> bool:
    """Whether the text is the instructor's: submissions are restored before, so the mark holds."""
    mark = cell.metadata.get("nbgrader", {})
    return bool(mark.get("locked")) and not mark.get("solution")
