"""The prose of a file: its text with everything else blanked, each character in its place.

Code becomes `CODE`, a character that no rule matches and no sentence contains; line breaks are
kept. So the linter's line numbers equal the line numbers of the file.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat

CODE = "\0"
"""Replaces each character that is not prose."""
FRAGMENT = "\1"
"""Marks a heading, a table cell or another text that need not be a sentence."""
FUNCTION = "\2"
"""Marks the docstring of a function that is neither a property nor a test."""
DOCUMENTED = "\3"
"""Marks the docstring of a class, a constant or an attribute."""
MARKS = CODE + FRAGMENT + FUNCTION + DOCUMENTED
NAME = "X"
"""Replaces each character of a name in prose: `code`, a link's address, an f-string's field."""

LITERAL = re.compile(r"[A-Za-z]*('''|\"\"\"|'|\")(.*)\1", re.S)
JOINT = re.compile(r"(\"\"\"|'''|\"|')(?:\s|#[^\n]*\n|\\\n)+[A-Za-z]*\1")
FIELD = re.compile(r"\{\{|\}\}|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
ESCAPE = re.compile(r"\\[^n]", re.S)
BREAK = re.compile(r"\\n")
GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
MESSAGE = re.compile(r"[A-Za-z][a-z]*(?:[ ,]+[A-Za-z'-]+){3}")
"""Four words in a row, which a string must contain to be read as a message."""

INDENT = 4
"""Characters that indent an example in a docstring."""
INLINE = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)\1(?!`)", re.S)
ADDRESS = re.compile(r"(?<=\])\([^)\s]*\)|<?https?://[^\s>]+>?")
BULLET = re.compile(r"^( *)(?:[-*+]|\d+\.)(?= )", re.M)
LINE = re.compile(r"^ *[-=*#~ ]{3,}$|^ *[-=*]{3,}|[-=*]{3,} *$", re.M)

FENCE = re.compile(r"^( *)(```|~~~).*?(?:^ *\2 *$|\Z)|<!--.*?-->", re.M | re.S)
FORMULA = re.compile(r"\$\$.*?\$\$|(?<![\w$])\$[^$\n]+\$(?!\w)", re.S)
TITLE_MARK = re.compile(r"#+ *(?:\d+\. *)?|\|")
TITLE = re.compile(r"^ *#+ .*$|^ *\|.*$", re.M)

QUOTE = re.compile(r"^ *>[ >]*", re.M)
EVIDENCE = re.compile(r"(\[evidence: \S+ \")([^\"\n]*)(\"\])")
"""A reference in a rubric to an item's tests, with the words for what they confirm."""
LABEL = re.compile(r"(?<!\*)(\*\*?)((?:What|Which|Who)\b[^*\n]*(?:[.:]\1|\1(?=:)))")
"""A clause with a question word in bold or italics, which names the text after it."""

HEADING = re.compile(r"<(?:h[1-6]|th|a|caption|summary|title)\b[^>]*>")
TAG = re.compile(r"<(script|style)\b.*?</\1>|\{%.*?%\}|\{#.*?#\}|<!--.*?-->|<[^>]*>", re.S)
EXPRESSION = re.compile(r"\{\{.*?\}\}", re.S)
HASH = re.compile(r"(?:^|(?<=\s))#+(?!!)(.*)$", re.M)
PROGRAM = re.compile(
    r"^\s*(?:import [\w.]+(?: as \w+)?\s*(?:[,;]|$)|from [\w.]+ import|(?:def|class) \w+[(:]"
    r"|SELECT\s|@\w+\(|\w+ = |(?<=\s)return\b)",
    re.M,
)
"""A line of a program or a query; a string with such a line is treated as code."""

UNREAD = re.compile(r"#\s*(?:noqa|type:|!|%%|fmt:|pragma)|###\s")


class Page(NamedTuple):
    """The prose of a text; each character is in the same place as in the source."""

    place: str
    source: str
    prose: str


class Mask:
    """A text in which everything is treated as code until it is shown."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.letters = ["\n" if letter == "\n" else CODE for letter in source]
        self.starts = [0]
        for line in source.split("\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)

    def of_tokens(self, line: int, column: int) -> int:
        """Return the index of a position given by `tokenize`."""
        return self.starts[line - 1] + column

    def of_tree(self, line: int, column: int) -> int:
        """Return the index of a position given by `ast`, which counts bytes."""
        start = self.starts[line - 1]
        text = self.source[start : self.starts[line] - 1]
        return start + len(text.encode()[:column].decode())

    def show(self, start: int, text: str, mark: str = CODE) -> None:
        """Show `text`, which is as long as the text it replaces, with a mark in front."""
        self.letters[start : start + len(text)] = text
        if start:
            self.letters[start - 1] = mark

    def show_comment(self, start: int, text: str) -> None:
        """Show a comment; comments on consecutive lines form one text."""
        first = self.source.rfind("\n", 0, start) + 1
        body = text.lstrip("#")
        prose = prose_of(" " * (len(text) - len(body)) + body)
        if self.source[first:start].strip():
            self.show(start, prose)
        else:
            self.letters[first : start + len(prose)] = " " * (start - first) + prose

    @property
    def text(self) -> str:
        """Return the text in its present state."""
        return "".join(self.letters)


def filled(pattern: re.Pattern[str], letter: str, text: str) -> str:
    """Return the text with each character of each match replaced."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", letter, match.group()), text)


def prose_of(text: str) -> str:
    """Return the prose of a comment, a docstring or a message."""
    text = filled(ADDRESS, NAME, filled(INLINE, NAME, text))
    text = filled(GAP, CODE, filled(LINE, FRAGMENT, text))
    return BULLET.sub(lambda match: CODE * len(match.group()), text)


def label(match: re.Match[str]) -> str:
    """Return a label as a fragment, and the label's end as the end of a sentence."""
    width = len(match[1])
    return FRAGMENT * width + match[2][:-width] + CODE * width


def of_markdown(text: str) -> str:
    """Return the prose of a page; headings and table cells are fragments."""
    text = filled(FORMULA, NAME, filled(INLINE, NAME, filled(FENCE, CODE, text)))
    text = TITLE.sub(lambda match: filled(TITLE_MARK, FRAGMENT, match.group()), text)
    text = filled(QUOTE, " ", text)
    text = EVIDENCE.sub(lambda match: FRAGMENT * len(match[1]) + match[2] + FRAGMENT * 2, text)
    text = LABEL.sub(label, text)
    return prose_of(text.replace("![", CODE + FRAGMENT))


def strings(tree: ast.AST) -> Iterator[tuple[ast.Constant | ast.JoinedStr, str]]:
    """Yield the strings of a module, each with the mark of its docstring, or without a mark."""
    seen: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for place, line in enumerate(body if isinstance(body, list) else ()):
            if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant):
                seen.add(id(line.value))
                if isinstance(line.value.value, str):
                    yield line.value, mark_of(node, place)
        if id(node) in seen:  # a docstring, or a part of an f-string such as `:g`
            continue
        if isinstance(node, ast.JoinedStr):
            seen.update(map(id, ast.walk(node)))
            yield node, ""
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, ""


def mark_of(parent: ast.AST, place: int) -> str:
    """Return the mark of a docstring, from the node and the place where it stands."""
    if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
        names = {ast.unparse(name).rpartition(".")[2] for name in parent.decorator_list}
        is_test = parent.name.startswith("test_")
        return CODE if is_test or names & {"property", "cached_property", "setter"} else FUNCTION
    return CODE if isinstance(parent, ast.Module) and not place else DOCUMENTED


def without_examples(text: str) -> str:
    """Return a docstring without its indented examples, each of which follows an empty line."""
    first, *lines = text.split("\n")
    depths = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    is_example, is_after_gap = False, False
    kept = [first]
    for line in lines:
        if line.strip():
            is_deep = len(line) - len(line.lstrip()) >= min(depths) + INDENT
            is_example = is_deep and (is_example or is_after_gap)
        is_after_gap = not line.strip()
        kept.append(CODE * len(line) if is_example else line)
    return "\n".join(kept)


def of_python(source: str, has_messages: bool = True) -> str:
    """Return the prose of a module: comments, docstrings and messages."""
    mask = Mask(source)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not UNREAD.match(token.string):
            mask.show_comment(mask.of_tokens(*token.start), token.string)
    for node, mark in strings(ast.parse(source)):
        if not (mark or has_messages):
            continue
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = mask.of_tree(node.lineno, node.col_offset)
        literal = LITERAL.fullmatch(
            source[start : mask.of_tree(node.end_lineno, node.end_col_offset)]
        )
        if not literal:
            continue
        text = literal[2]
        if mark:
            text = without_examples(text)
        else:
            text = filled(FORMULA, NAME, filled(JOINT, " ", filled(BREAK, CODE, text)))
            text = filled(ESCAPE, "'", text)
            if isinstance(node, ast.JoinedStr):
                text = filled(FIELD, NAME, text)
            if PROGRAM.search(literal[2]) or not MESSAGE.search(text):
                continue
        mask.show(start + literal.start(2), prose_of(text), mark or CODE)
    return mask.text


def of_template(text: str) -> str:
    """Return the prose of an HTML template."""
    return filled(EXPRESSION, NAME, filled(TAG, CODE, filled(HEADING, FRAGMENT, text)))


def of_hashes(text: str) -> str:
    """Return the prose of a file whose comments begin with `#`."""
    mask = Mask(text)
    for match in HASH.finditer(text):
        mask.show_comment(match.start(), match.group())
    return mask.text


def of_test(source: str) -> str:
    """Return the prose of a test without its strings, which are data and quotations."""
    return of_python(source, has_messages=False)


def reader(path: Path) -> Callable[[str], str]:
    """Return the function that extracts prose from a file of this kind."""
    python = of_test if "tests" in path.parts else of_python
    return {".py": python, ".md": of_markdown, ".html": of_template}.get(path.suffix, of_hashes)


def pages(path: Path, place: str) -> Iterator[Page]:
    """Yield the texts to read in a file; `place` is the file's path from the checkout's root."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        yield Page(place, source, reader(Path(place))(source))
        return
    for number, cell in enumerate(nbformat.reads(source, as_version=4).cells, 1):
        read = of_markdown if cell.cell_type == "markdown" else of_python
        if cell.cell_type in ("markdown", "code"):
            yield Page(f"{place} cell {number}", cell.source, read(cell.source))
