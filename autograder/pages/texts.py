"""Format texts for pages: escape them, and format code, subscripts and superscripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.content.markdown import render_markdown
from autograder.words import shown

_INDEX = re.compile(
    r"(?<![^\W\u1d40])([^\W\d_]\u0302?)([_^])(?:\{([^{}]*)\}|([^\W\u1d40])(?![^\W\u1d40]))"
)
"""Pattern of a letter with an index; ᵀ (U+1D40) may come before or after it, as in x_iᵀx_j."""


@cache
def templates(package: str) -> Environment:
    """Return a package's page templates. They escape all values; filters format texts."""
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown_plainly,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(code=set_code, formulas=set_formulas, markdown=set_markdown)
    return environment


def set_code(text: str) -> Markup:
    """Return the escaped text, with the parts between backticks as code."""
    return _set(text, str)


def set_formulas(text: str) -> Markup:
    """Format a text as `set_code` does, and turn x_t and x^{t+1} into sub- and superscripts.

    Use this only for the kit's own texts: in a student's text, a_b is a name.
    """
    return _set(text, lambda plain: _INDEX.sub(_index, plain))


def set_markdown(text: str) -> Markup:
    """Return a marker's Markdown, with formulas, as harmless HTML."""
    return Markup(render_markdown(shown(text)))  # all tags come from render_markdown


def shown_plainly(value: object) -> object:
    """Return a template's value; remove control characters from a text."""
    return shown(value) if type(value) is str else value


def _set(text: str, plain: Callable[[str], str]) -> Markup:
    parts = [str(escape(part)) for part in shown(text).split("`")]
    if len(parts) % 2 == 0:  # a backtick without a partner stays a backtick
        return Markup(plain("`".join(parts)))
    parts[::2] = map(plain, parts[::2])
    parts[1::2] = (f"<code>{part}</code>" for part in parts[1::2])
    return Markup("".join(parts))


def _index(match: re.Match[str]) -> str:
    letter, sign, group, single = match.groups()
    tag = "sub" if sign == "_" else "sup"
    return f"{letter}<{tag}>{group or single}</{tag}>"
