"""Render the markers' Markdown as harmless HTML, with formulas as pictures."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import nh3
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from autograder.content.sanitize import (
    ATTRIBUTES,
    MAX_RENDERED,
    RENDERING_SECONDS,
    TAGS,
    is_laborious,
    plain_text,
)
from autograder.timelimit import time_limit

MAX_FORMULA = 500
"""Maximum length of a formula to draw, in characters."""

MAX_SIDE = 2_000.0
"""Maximum width and height of a formula to draw, in points."""

_SIZE = 12.0
_DPI = 200
_SCALE = 1.15
"""Size of formulas relative to the text; at size 1, their letters would look too small."""
_ALIASES = {
    "tfrac": "frac", "dfrac": "frac", "lVert": "|", "rVert": "|", "lvert": "vert", "rvert": "vert",
    "le": "leq", "ge": "geq", "ne": "neq", "to": "rightarrow", "implies": "Rightarrow",
    "iff": "Leftrightarrow", "displaystyle": "",
}  # fmt: skip
"""LaTeX commands, with the equivalent commands that matplotlib knows."""
_COMMAND = re.compile(rf"\\({'|'.join(_ALIASES)})(?![A-Za-z])")
_BARE_FRACTION = re.compile(r"\\frac ?(\w) ?(\w)")
_MARKS = re.compile("[\ue000\ue001]")
_PLACE = re.compile("\ue000(\\d+)\ue001")
"""Pattern of the placeholder that replaces a formula while the HTML is cleaned."""


def render_markdown(text: str) -> str:
    """Return the Markdown text as HTML, without links, pictures, scripts or tags; draw formulas.

    A text that can't be rendered in time, or a formula that matplotlib can't draw, appears as it
    was typed.
    """
    text = _MARKS.sub("", plain_text(text))
    if len(text) <= MAX_RENDERED and not is_laborious(text):
        try:
            with time_limit(RENDERING_SECONDS):
                renderer = _Renderer()
                page = MarkdownWithMath(renderer=renderer).render(text)
                clean = nh3.clean(page, tags=TAGS, attributes=ATTRIBUTES, url_schemes=set())
        except Exception:  # any error, also TimeUpError: the page must be written in any case
            pass
        else:
            formulas = dict(enumerate(renderer.formulas))
            return _PLACE.sub(lambda match: _set(formulas.get(int(match[1]), _NOTHING)), clean)
    return f"<pre>{escape(text)}</pre>"


@dataclass(frozen=True)
class _Formula:
    """A formula: the body between the $ signs ("" if it can't be drawn), and the typed text."""

    body: str
    typed: str
    is_block: bool = False


_NOTHING = _Formula("", "")


class _Renderer(IPythonRenderer):
    """A renderer that stores formulas separately, so that cleaning the HTML can't change them."""

    def __init__(self) -> None:
        super().__init__(escape=True, exclude_anchor_links=True)
        self.formulas: list[_Formula] = []

    def inline_math(self, body: str) -> str:
        """Keep an inline formula."""
        return self._keep(_Formula(body, f"${body}$"))

    def block_math(self, body: str) -> str:
        """Keep a formula on its own line."""
        return self._keep(_Formula(body, f"$${body}$$", is_block=True))

    def multiline_math(self, text: str) -> str:
        """Keep a formula of several lines as it was typed."""
        return self._keep(_Formula("", text))

    def latex_environment(self, name: str, body: str) -> str:
        """Keep a LaTeX environment as it was typed, because matplotlib can't draw it."""
        return self._keep(_Formula("", f"\\begin{{{name}}}{body}\\end{{{name}}}"))

    def _keep(self, formula: _Formula) -> str:
        self.formulas.append(formula)
        return f"\ue000{len(self.formulas) - 1}\ue001"


def _set(formula: _Formula) -> str:
    body = _COMMAND.sub(_known, " ".join(formula.body.split()))
    body = _BARE_FRACTION.sub(r"\\frac{\1}{\2}", body)
    drawn = _drawn(body) if 0 < len(body) <= MAX_FORMULA else ""
    if not drawn:
        return f"<code>{escape(formula.typed)}</code>"
    return f'<span style="display: block">{drawn}</span>' if formula.is_block else drawn


def _known(command: re.Match[str]) -> str:
    name = _ALIASES[command[1]]
    return f"\\{name}" if name else ""


@lru_cache(maxsize=1024)
def _drawn(formula: str) -> str:
    """Return a formula as an inline image, or "" if matplotlib can't draw the formula."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser, math_to_image

    picture = io.BytesIO()
    try:
        with mpl.rc_context():
            mpl.rcdefaults()  # ignore matplotlib's settings in the current folder
            mpl.rcParams.update({"mathtext.fontset": "stix", "savefig.transparent": True})
            font = FontProperties(size=_SIZE)
            width, height, depth, *_ = MathTextParser("path").parse(f"${formula}$", 72, font)
            if max(width, height) > MAX_SIDE:
                return ""
            math_to_image(f"${formula}$", picture, prop=font, dpi=_DPI, format="png")
    except (ValueError, RuntimeError, KeyError):
        return ""
    data = base64.b64encode(picture.getvalue()).decode("ascii")
    tall, low = _SCALE * height / _SIZE, _SCALE * depth / _SIZE
    style = f"height: {tall:.3f}em; vertical-align: {-low:.3f}em"
    alt = escape(f"${formula}$")
    return f'<img src="data:image/png;base64,{data}" alt="{alt}" style="{style}">'
