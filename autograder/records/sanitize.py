"""What of a student's notebook may be stored where nbgrader shows it: nothing that acts.

nbgrader's formgrader and feedback render markdown and outputs as HTML without sanitising them,
beside an interface that can change marks. So tags, links and active LaTeX commands are taken out of
a student's texts, and outputs are reduced to text, tables and pictures, before they are stored.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from copy import deepcopy

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

_SIGNATURES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}
PICTURES = tuple(_SIGNATURES)

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_LINK = re.compile(r"\](?=[(\[:])")
_PICTURE = re.compile(r"!\[([^\]\[\n]*)\] \(attachment:([^()\s]+)\)")
_NAME = re.compile(r"[^\W_][\w.-]*")
_LATEX = re.compile(
    r"\\(?=(?:href|url|require|style|class|cssId|data|unicode|includegraphics|html\w*|def|let"
    r"|newcommand|renewcommand|newenvironment|renewenvironment|verb|bbox|mmlToken|Tip|texttip"
    r"|csname|toggle|action|begingroup|endgroup|gdef|edef|xdef|global)\b)"
)
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-_]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def clean_notebook(notebook: NotebookNode) -> NotebookNode:
    """A copy of the notebook whose student texts and outputs can be shown safely."""
    clean = deepcopy(notebook)
    for cell in clean.cells:
        if cell.cell_type == "code":
            cell.pop("attachments", None)
            cell.outputs = [out for output in cell.outputs if (out := clean_output(output))]
        elif not _is_instructors(cell):
            _clean_text(cell)
    return clean


def _clean_text(cell: NotebookNode) -> None:
    pictures = {
        name: bundle
        for name, raw in cell.pop("attachments", {}).items()
        if _NAME.fullmatch(name) and (bundle := clean_bundle(raw, PICTURES))
    }
    cell.source = clean_markdown(cell.source, pictures)
    if pictures:
        cell.attachments = NotebookNode(pictures)


def clean_markdown(text: str, pictures: Collection[str] = ()) -> str:
    """Markdown in which no tag, no link and no active LaTeX command is left; formulas stay.

    A blank after `<` and `]` keeps both from being read as HTML or as a link, and is hardly seen in
    prose and not at all in formulas. Of pictures only those attached to the cell by a name in
    `pictures` stay: nbconvert refuses a page with one that is missing.
    """
    text = _TAG.sub("< ", plain_text(text))
    text = _LINK.sub("] ", text)
    text = _LATEX.sub(r"\\ ", text)

    def keep(match: re.Match[str]) -> str:
        shown = f"![{match[1]}](attachment:{match[2]})"
        return shown if match[2] in pictures else match[0]

    return _PICTURE.sub(keep, text)


def plain_text(text: str) -> str:
    """The text without terminal codes, control characters and direction overrides."""
    text = _CONTROL.sub("", _ANSI.sub("", str(text)))
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + " … (cut here: too long)"


def clean_html(text: str) -> str:
    """Tables and plain formatting of the HTML; no links, styles, pictures, scripts or macros."""
    cleaned = nh3.clean(
        plain_text(text), tags=TAGS, attributes=ATTRIBUTES, url_schemes=set(), link_rel=None
    )
    return _LATEX.sub(r"\\ ", cleaned)


def clean_output(output: object) -> NotebookNode | None:
    """One output, safe to show; None where nothing of it is left or it is no output at all."""
    if not isinstance(output, Mapping):
        return None
    kind = output.get("output_type")
    if kind == "stream" and output.get("name") in ("stdout", "stderr"):
        return _node(output_type=kind, name=output["name"], text=_text_of(output, "text"))
    if kind == "error":
        name, value = _text_of(output, "ename"), _text_of(output, "evalue")
        line = f"{name}: {value}" if value else name
        return _node(output_type=kind, ename=name, evalue=value, traceback=[line])
    data = clean_bundle(output.get("data"), _CLEANERS)
    if kind not in ("display_data", "execute_result") or not data:
        return None
    if kind == "display_data":
        return _node(output_type=kind, data=data, metadata=NotebookNode())
    count = output.get("execution_count")
    count = count if isinstance(count, int) else None
    return _node(output_type=kind, data=data, metadata=NotebookNode(), execution_count=count)


def _node(**fields: object) -> NotebookNode:
    return NotebookNode(**fields)


def _text_of(output: Mapping[str, object], key: str) -> str:
    value = output.get(key, "")
    return plain_text(value) if isinstance(value, str) else ""


def clean_bundle(data: object, kinds: Iterable[str]) -> NotebookNode:
    """Those representations of these kinds that can be shown safely, each cleaned."""
    clean = NotebookNode()
    if isinstance(data, Mapping):
        for kind in kinds:
            if isinstance(value := data.get(kind), str) and (text := _CLEANERS[kind](value)):
                clean[kind] = text
    return clean


def _clean_picture(kind: str) -> Callable[[str], str]:
    def clean(value: str) -> str:
        try:
            content = base64.b64decode(
                "".join(value.split()).encode("ascii", "replace"), validate=True
            )
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
