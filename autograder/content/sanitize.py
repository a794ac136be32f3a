"""Sanitise a student's notebook before it is stored where nbgrader shows it.

nbgrader's formgrader and feedback render Markdown and outputs as HTML without sanitising them,
on pages that can change marks. So this module removes tags, links and active LaTeX commands from
a student's texts, and reduces outputs to text, tables and pictures.

It then renders the Markdown once, as nbgrader will. A text is stored as plain text if its rendered
page contains anything but formatting, reuses the id of a field on nbgrader's page, or takes too
long.

The marking process cleans the notebook within the submission's time limit: every regular expression
here takes linear time, and rendering is stopped after RENDERING_SECONDS.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import io
import re
import time
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from html.parser import HTMLParser
from itertools import count
from urllib.parse import quote, unquote

import nh3
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from PIL import Image

from autograder.content.pictures import plain_type
from autograder.course.gradecells import (
    MAY_RAISE,
    by_grade_id,
    grade_id,
    is_locked,
    is_solution,
    may_raise,
    nbgrader_metadata,
)
from autograder.timelimit import time_limit
from autograder.words import MAX_STACKED

MAX_PICTURE_BYTES = 4_000_000
MAX_PIXELS = 50_000_000
MAX_TEXT = 200_000
MAX_RENDERED = 50_000
"""Maximum length of Markdown to render, in characters; longer text appears as it was typed."""
MAX_NOTEBOOK_RENDERED = 400_000
MAX_NOTEBOOK_TEXT = 2_000_000
MAX_NOTEBOOK_PICTURES = 40_000_000
RENDERING_SECONDS = 2.0
"""Seconds to render one text; every page that shows the text needs the same time again."""
NOTEBOOK_SECONDS = 5.0
"""Seconds to render and clean all texts of a notebook."""
MAX_OPEN_FORMULAS = 20
MAX_DEPTH = 100
TAGS = {
    "table", "thead", "tbody", "tr", "th", "td", "caption", "p", "br", "hr", "div", "span", "pre",
    "code", "b", "strong", "i", "em", "u", "s", "sub", "sup", "ul", "ol", "li", "dl", "dt", "dd",
    "h1", "h2", "h3", "h4", "h5", "h6", "blockquote",
}  # fmt: skip
ATTRIBUTES = {"td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}

_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}
PICTURES = tuple(_FORMATS)
_SHOWN_KINDS = ("text/plain", "text/html", "text/latex", *PICTURES)

_JOINER = "\u2060"
"""An invisible character; inside `https://` or an id, it prevents a link or a wrong id."""

_ENTITY = re.compile(r"&(?=#?\w)(#?\w{1,32};)?")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_BOX = re.compile(r"</?div\b[^<>]*>")
"""Pattern of a line that begins or ends the box around an answer."""

_LINK = re.compile(r"\](?=[(\[:])")
_ADDRESS = re.compile(r"(https?):(?=//)", re.IGNORECASE)
_DRAWING = re.compile(r"(?<=[`~ \t])(?=mermaid)")
_IN_LIST = r"(?:[ \t>]|[-+*][ \t]+|\d{1,9}[.)][ \t]+)*+"
_TITLE = re.compile(rf"^({_IN_LIST}#{{1,6}}[ \t]*)(?=[^#\s])", re.MULTILINE)
_UNDERLINED = re.compile(rf"^({_IN_LIST})(?=\S.*\n[ \t>]*(?:=+|-+)[ \t]*$)", re.MULTILINE)
_PICTURE = re.compile(
    r"!\[(?P<alt>[^\]\[\n]*)\] \((?:<[ \u2060]?attachment:(?P<quoted>[^<>\n]{1,300}+)>"
    r"|attachment:(?P<name>(?:[^()\n]|\([^()\n]*+\)){1,300}+))\)"
)
"""An attached picture: the name may contain spaces, `%20` and brackets, and a title may follow."""

_ABOUT = {"kernelspec": ("name", "display_name"), "language_info": ("name",)}
_WORDS = re.compile(r"[\w .+/-]{1,60}")
_NAME = re.compile(r"[^\W_][\w.-]*")
_TITLE_BEHIND = re.compile(r"""[ \t]+["'].*""")
_LATEX = re.compile(
    r"\\(?=(?:href|url|require|style|class|cssId|data|unicode|includegraphics|html[A-Za-z]*|def|let"
    r"|newcommand|renewcommand|newenvironment|renewenvironment|verb|bbox|mmlToken|Tip|texttip"
    r"|mathtip|csname|toggle|action|begingroup|endgroup|gdef|edef|xdef|global|definecolor"
    r"|DeclareMathOperator|Newextarrow)(?![A-Za-z]))"
)
_FORMULA = re.compile(r"\\\\(?P<sign>[()\[\]])|\\(?P<end>begin|end)\{(?P<name>[a-z]*\*?)\}")
_NESTING = re.compile(
    r"<(/?)(?!(?:br|hr|img|p|li|dt|dd|t[rhd]|thead|tbody|tfoot|col|input|wbr)\b)([a-z][a-z0-9]{0,20})",
    re.IGNORECASE,
)
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-_]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_NO_NAME = re.compile(rf"{_CONTROL.pattern}|[\t\n<>\"\\%?#]")


class PageBudget:
    """The remaining budget of a notebook: characters, bytes of pictures, seconds of rendering."""

    def __init__(self) -> None:
        self.text = MAX_NOTEBOOK_TEXT
        self.rendered = MAX_NOTEBOOK_RENDERED
        self.pictures = MAX_NOTEBOOK_PICTURES
        self.seconds = NOTEBOOK_SECONDS

    def cut(self, text: str) -> str:
        """Return as much of the text as the budget allows; subtract its length from the budget."""
        room, self.text = self.text, max(self.text - len(text), 0)
        return text if len(text) <= room else text[:room] + _CUT

    def as_markdown(
        self,
        text: str,
        pictures: Mapping[str, Mapping[str, str]],
        called: Mapping[str, str] | None = None,
    ) -> str:
        """Return the text as clean Markdown, or as typed text if the budget is used up."""
        self.rendered -= len(text)
        if self.rendered < 0 or self.seconds <= 0:
            return as_typed(plain_text(text))
        with self._clock():
            return clean_markdown(text, pictures, min(self.seconds, RENDERING_SECONDS), called)

    def as_html(self, text: str) -> str:
        """Return the tables and formatting of the HTML, or "" if the cleaning time is used up."""
        if self.seconds <= 0:
            return ""
        with self._clock():
            return clean_html(text)

    @contextlib.contextmanager
    def _clock(self) -> Iterator[None]:
        """Subtract the time that the `with` block takes from the remaining seconds."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds -= time.monotonic() - start

    def has_room(self, pictures: int) -> bool:
        """Return whether the budget allows this many base64 characters; if so, subtract them."""
        fits = pictures <= self.pictures
        self.pictures -= pictures if fits else 0
        return fits


_CUT = " … (cut here: too long)"


def clean_notebook(
    notebook: NotebookNode, released: Mapping[str, str] | None = None
) -> NotebookNode:
    """Return a copy of the notebook in which the student's texts and outputs are safe to show.

    `released` is the instructor's text of each released cell, by nbgrader id. An answer cell with
    an unchanged text is not cleaned.
    """
    budget, released = PageBudget(), released or {}
    known = {key: _names(notebook.metadata.get(key), needed) for key, needed in _ABOUT.items()}
    clean: NotebookNode = NotebookNode(
        nbformat=notebook.nbformat,
        nbformat_minor=notebook.nbformat_minor,
        metadata=NotebookNode({key: names for key, names in known.items() if names}),
        cells=[_clean_cell(cell, released, budget) for cell in notebook.cells],
    )
    return clean


def _names(about: object, needed: Collection[str]) -> NotebookNode:
    """Return the plain names in a description of a kernel or language; {} if one is missing."""
    known = about.items() if isinstance(about, Mapping) else ()
    names = NotebookNode(
        {key: value for key, value in known if isinstance(value, str) and _WORDS.fullmatch(value)}
    )
    return names if names.keys() >= set(needed) else NotebookNode()


def _clean_cell(
    cell: NotebookNode, released: Mapping[str, str], budget: PageBudget
) -> NotebookNode:
    clean = deepcopy(cell)
    known = nbgrader_metadata(cell)
    clean.metadata = NotebookNode({"nbgrader": deepcopy(known)} if known else {})
    if may_raise(cell):
        clean.metadata["tags"] = [MAY_RAISE]
    if cell.cell_type == "code":
        clean.pop("attachments", None)
        if not _is_instructors(cell, released):
            clean.source = budget.cut(plain_text(cell.source))
        outputs = (out for output in cell.outputs if (out := clean_output(output, budget)))
        clean.outputs = list(_affordable(outputs, budget))
    elif not _is_instructors(cell, released):
        clean.source = _unframed(cell.source, released.get(grade_id(cell), ""))
        _clean_text(clean, budget)
    return clean


def _unframed(text: str, released: str) -> str:
    """Return a text without the tags that draw the box around a released answer cell."""
    tags = {line for line in released.split("\n") if _BOX.fullmatch(line)}
    return "\n".join(line for line in text.split("\n") if line not in tags) if tags else text


def _affordable(outputs: Iterable[NotebookNode], budget: PageBudget) -> Iterator[NotebookNode]:
    for output in outputs:
        data = output.get("data", {})
        for kind in [kind for kind in data if kind in _FORMATS]:
            if not budget.has_room(len(data[kind])):
                data[kind] = ""
        if "text" in output:
            output.text = budget.cut(output.text)
        for kind in [kind for kind in data if kind not in _FORMATS]:
            # HTML that is cut inside a tag would swallow the rest of the page
            shown = budget.cut(data[kind])
            data[kind] = shown if shown == data[kind] or kind != "text/html" else ""
        for kind in [kind for kind, value in data.items() if not value]:
            del data[kind]
        if data or "data" not in output:
            yield output


def _clean_text(cell: NotebookNode, budget: PageBudget) -> None:
    """Clean a student's text; drop pictures that `content.pictures` did not make."""
    attached = cell.pop("attachments", {})
    called = _plain_names(attached)
    pictures = {
        called[name]: bundle for name, raw in attached.items() if (bundle := _plain_bundle(raw))
    }
    cell.source = budget.as_markdown(budget.cut(str(cell.source)), pictures, called)
    if is_as_typed(cell.source):  # such a text shows no pictures
        shown = (f"\n\n![Picture {name}](attachment:{name})" for name in pictures)
        cell.source += "".join(shown)
    if pictures:
        cell.attachments = NotebookNode(pictures)


def _plain_names(attached: Iterable[str]) -> dict[str, str]:
    """Return a name that is safe in an address for each attached picture; keep safe names."""
    called = {name: name for name in attached if _NAME.fullmatch(name)}
    for number, name in enumerate((name for name in attached if name not in called), start=1):
        free = (f"picture-{number}{'-' * more}.png" for more in count())
        called[name] = next(plain for plain in free if plain not in called)
    return called


def clean_markdown(
    text: str,
    pictures: Mapping[str, Mapping[str, str]] | None = None,
    seconds: float = RENDERING_SECONDS,
    called: Mapping[str, str] | None = None,
) -> str:
    """Return Markdown without tags, links and active LaTeX commands, but with its formulas.

    A text that can't be rendered within `seconds` is returned as it was typed.

    A space after `<` and `]` keeps the text from becoming HTML or a link; the space is hardly
    visible in prose and invisible in formulas. Only the attached pictures that `pictures` names
    stay, because nbconvert rejects a page with a missing picture. `called` maps the name that the
    student gave a picture to its name in `pictures`.
    """
    pictures = pictures or {}
    called = called or {name: name for name in pictures}
    # rendering would turn an entity back into a character that is removed here
    typed = plain_text(_ENTITY.sub(_letter, plain_text(text)))
    text = _ADDRESS.sub(rf"\1:{_JOINER}", _LINK.sub("] ", _TAG.sub("< ", typed)))
    text = _DRAWING.sub(_JOINER, _LATEX.sub(r"\\ ", text))
    text = _UNDERLINED.sub(rf"\1{_JOINER}", _TITLE.sub(rf"\1{_JOINER}", text))

    def keep(match: re.Match[str]) -> str:
        given = (match["quoted"] or match["name"]).replace(_JOINER, "").strip()
        short = _TITLE_BEHIND.sub("", given)
        ways = (way for name in (given, short) for way in (name, unquote(name)))
        name = next((called[way] for way in ways if called.get(way) in pictures), None)
        return f"![{match['alt']}](attachment:{name})" if name else match[0]

    text = _PICTURE.sub(keep, text)
    return text if _is_harmless(text, pictures, seconds) else as_typed(typed)


def _letter(match: re.Match[str]) -> str:
    letter = html.unescape(match[0])
    is_letter = len(letter) == 1 and (letter.isalnum() or letter > "\x7f")
    return letter if is_letter else f"&{_JOINER}{match[1] or ''}"


def as_plain_text(text: str) -> str:
    """Return the result of `clean_markdown` without the invisible characters that it inserts."""
    return text.replace(_JOINER, "")


def is_plain_name(name: str) -> bool:
    """Return whether a student's name is safe in nbgrader's pages, which put the name into URLs."""
    return not _NO_NAME.search(name)


def as_typed(text: str, language: str = "") -> str:
    """Return Markdown that shows the text exactly as it was typed, as code of this language."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def is_as_typed(text: str) -> bool:
    """Return whether a clean text is shown as it was typed."""
    return text.startswith("```") and text.endswith("```")


def _is_harmless(text: str, pictures: Mapping[str, Mapping[str, str]], seconds: float) -> bool:
    """Return whether nbgrader renders the Markdown quickly and to formatting only."""
    if len(text) > MAX_RENDERED or is_laborious(text):
        return False
    renderer = IPythonRenderer(escape=False, attachments=dict(pictures))  # type: ignore[arg-type]
    try:
        with time_limit(seconds):
            return _Page(MarkdownWithMath(renderer=renderer).render(text)).is_harmless
    except Exception:  # also TimeUpError: nbgrader's page would also fail or take too long
        return False


def is_laborious(text: str) -> bool:
    """Return whether many formulas are not closed; rendering such a text is slow."""
    closed = {"(": 0, "[": 0}
    opened: dict[str, list[int]] = {}
    for match in _FORMULA.finditer(text):
        sign = match["sign"] or match["name"]
        if match["end"] == "end" or sign in (")", "]"):
            closed[{")": "(", "]": "["}.get(sign, sign)] = match.start()
        else:
            opened.setdefault(sign, []).append(match.start())
    left = [
        place for sign, places in opened.items() for place in places if place > closed.get(sign, -1)
    ]
    return len(left) > MAX_OPEN_FORMULAS


class _Page(HTMLParser):
    """A parser that checks whether a page contains only formatting."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.is_harmless = True
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = _RENDERED.get(tag, {} if tag in TAGS else None)
        if allowed is None or not all(
            (pattern := allowed.get(key, _RENDERED["*"].get(key)))
            and pattern.fullmatch(value or "")
            for key, value in attrs
        ):
            self.is_harmless = False

    def _refuse(self, *_: object, **__: object) -> None:
        self.is_harmless = False

    handle_comment = handle_decl = handle_pi = unknown_decl = _refuse


_ANY = re.compile(r"[^<>]*")
_OWN_ID = re.compile(rf"(?s).*(?:{_JOINER}|{quote(_JOINER)}).*")
_ALIGNED = re.compile(r"text-align: ?(?:left|right|center)")
_RENDERED: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    "*": {
        "class": re.compile(r"highlight|[a-z][a-z0-9]{0,2}|anchor-link|task-list-item|language-\S*")
    },
    "a": {"href": re.compile(r"(?s)#.*")},
    "img": {
        "src": re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]*"),
        "alt": _ANY,
        "title": _ANY,
    },
    "ol": {"start": re.compile(r"\d+")},
    "input": {
        "class": re.compile("task-list-item-checkbox"),
        "type": re.compile("checkbox"),
        "disabled": re.compile(""),
        "checked": re.compile("/?"),
    },
    "th": {"style": _ALIGNED},
    "td": {"style": _ALIGNED},
    "del": {},
    **{f"h{level}": {"id": _OWN_ID} for level in range(1, 7)},
}


def plain_text(text: str) -> str:
    """Return the text without terminal codes, control characters, direction overrides and stacked
    accents.
    """
    text = _CONTROL.sub("", _ANSI.sub("", str(text)[: 2 * MAX_TEXT]))
    text = text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + _CUT
    return text if text.isascii() else "".join(_with_few_accents(text))


def _with_few_accents(text: str) -> Iterator[str]:
    stacked = 0
    for letter in text:
        stacked = stacked + 1 if unicodedata.category(letter) in ("Mn", "Me") else 0
        if stacked <= MAX_STACKED:
            # UTF-8 can't encode half of a surrogate pair
            yield letter if not "\ud800" <= letter <= "\udfff" else "\ufffd"


def clean_html(text: str) -> str:
    """Return the tables and formatting of the HTML, without links, styles, pictures or scripts.

    HTML nested so deeply that cleaning it would take minutes is dropped.
    """
    text = plain_text(text)
    if _depth(text) > MAX_DEPTH:
        return ""
    cleaned = nh3.clean(text, tags=TAGS, attributes=ATTRIBUTES, url_schemes=set(), link_rel=None)
    return _LATEX.sub(r"\\ ", cleaned)


def _depth(text: str) -> int:
    """Return an estimate of the tags' nesting depth, which is never too low; ignore void tags.

    As in browsers, a closing tag with another name does not close the open tag.
    """
    opened: list[str] = []
    deepest = 0
    for match in _NESTING.finditer(text):
        name = match[2].lower()
        if not match[1]:
            opened.append(name)
            deepest = max(deepest, len(opened))
        elif opened and opened[-1] == name:
            opened.pop()
        if deepest > MAX_DEPTH:
            break
    return deepest


def clean_output(output: object, budget: PageBudget) -> NotebookNode | None:
    """Return the output in a form that is safe to show; None if nothing safe remains."""
    if not isinstance(output, Mapping):
        return None
    kind = output.get("output_type")
    if kind == "stream" and output.get("name") in ("stdout", "stderr"):
        return _node(output_type=kind, name=output["name"], text=_text_of(output, "text", budget))
    if kind == "error":
        name, value = (_text_of(output, key, budget) for key in ("ename", "evalue"))
        line = f"{name}: {value}" if value else name
        return _node(output_type=kind, ename=name, evalue=value, traceback=[line])
    data = _clean_bundle(output.get("data"), _SHOWN_KINDS, budget)
    if kind not in ("display_data", "execute_result") or not data:
        return None
    if kind == "display_data":
        return _node(output_type=kind, data=data, metadata=NotebookNode())
    count = output.get("execution_count")
    count = count if isinstance(count, int) else None
    return _node(output_type=kind, data=data, metadata=NotebookNode(), execution_count=count)


def _node(**fields: object) -> NotebookNode:
    return NotebookNode(**fields)


def _text_of(output: Mapping[str, object], key: str, budget: PageBudget) -> str:
    value = output.get(key, "")
    return plain_text(value) if isinstance(value, str) and budget.text else ""


def released_texts(skeleton: NotebookNode) -> dict[str, str]:
    """Return the texts of the released cells, by nbgrader id."""
    return {name: cell.source for name, cell in by_grade_id(skeleton).items()}


def _clean_bundle(data: object, kinds: Iterable[str], budget: PageBudget) -> NotebookNode:
    """Clean an output's representations of the given kinds, and drop unsafe representations."""
    clean = NotebookNode()
    if isinstance(data, Mapping):
        for kind in kinds:
            value = data.get(kind)
            if isinstance(value, str) and (text := _cleaned(kind, value, budget)):
                clean[kind] = text
    return clean


def _cleaned(kind: str, value: str, budget: PageBudget) -> str:
    """Clean one representation of an output; return an empty text if it can't be made safe."""
    if kind in _FORMATS:
        fits = len(value) <= budget.pictures
        return _clean_picture(value, _FORMATS[kind]) if fits else ""
    if not budget.text:
        return ""
    if kind == "text/html":
        return budget.as_html(value)
    return budget.as_markdown(value, {}) if kind == "text/latex" else plain_text(value)


def _plain_bundle(bundle: object) -> dict[str, str]:
    """Return the attachment's picture by its true type; {} unless the file contains only pixels."""
    for value in bundle.values() if isinstance(bundle, Mapping) else ():
        content = _decoded(value) if isinstance(value, str) else b""
        if kind := plain_type(content):
            return {kind: base64.b64encode(content).decode("ascii")}
    return {}


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode("".join(value.split()).encode("ascii", "replace"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _clean_picture(value: str, form: str) -> str:
    content = _decoded(value)
    fits = len(content) <= MAX_PICTURE_BYTES and _is_picture(content, form)
    return base64.b64encode(content).decode("ascii") if fits else ""


def _is_picture(content: bytes, form: str) -> bool:
    """Return whether the content begins like a picture of this format, which a browser can draw."""
    try:
        with Image.open(io.BytesIO(content), formats=[form]) as picture:
            return picture.width * picture.height <= MAX_PIXELS
    except Exception:  # any error: Pillow's readers are not written for hostile files
        return False


def _is_instructors(cell: NotebookNode, released: Mapping[str, str]) -> bool:
    """Return whether a cell has the instructor's text; call this after restoring the metadata."""
    if is_locked(cell) and not is_solution(cell):
        return True
    # the student left the answer cell unchanged
    untouched = is_solution(cell) and cell.source == released.get(grade_id(cell))
    return untouched and not cell.get("attachments")
