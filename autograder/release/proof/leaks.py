"""Check that a release gives away no solution, model answer, rubric or hidden test.

Secrets are split into pieces (lines of code, sentences). The check searches all texts of the
release, without white space, for each piece that is long enough to reveal a secret.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from nbformat import NotebookNode

from autograder.course.directives import directive_of, without_frame
from autograder.course.gradecells import is_answer, is_manual
from autograder.course.rubric import without_evidence
from autograder.release.definitions import STUB, Definition, Solutions, parse_python
from autograder.release.proof.texts import Text, cells, squeeze

MIN_CODE = 24
"""Minimum length of a solution's line to count as a secret, in characters without white space.
"""

MIN_BODY = 12
"""Minimum length of a function's body to count as a secret, in characters without white space.
"""

MIN_TEST_LINE = 30
"""Minimum length of a hidden test's line to count as a secret, in characters without white space.
"""

MIN_SENTENCE = 40
"""Minimum length of a model answer's sentence to count as a secret, without white space."""

_BOILERPLATE = re.compile(r"^(import|from|return\w*$|fig|ax|def|@|#$|plt\.|if\w+:$|else:$)")
_RUBRIC = re.compile(r"^#{1,6}\s*Rubric\b|^\s*[-*]\s*\([-−]?[\d.]+ points?\)", re.MULTILINE)
_STEP_POINTS = re.compile(r"^- \([-−]?[\d.]+ points?\) ", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.:;!?])\s+|\n+")


@dataclass(frozen=True)
class Secret:
    """A piece of text that students must not get, without white space, and its origin."""

    piece: str
    what: str


def leak_faults(all_texts: Iterable[Text], secrets: Iterable[Secret]) -> Iterator[str]:
    """Yield one fault for each place in the release and each origin of secrets found there."""
    found = set()
    pieces = list(secrets)
    for text in all_texts:
        for secret in pieces:
            if (text.where, secret.what) not in found and secret.piece in text.squeezed:
                found.add((text.where, secret.what))
                yield f"{text.where} contains part of {secret.what}: {_short(secret.piece)}"


def rubric_faults(all_texts: Iterable[Text]) -> Iterator[str]:
    """Yield places that look like a marking rubric."""
    for text in all_texts:
        if found := _RUBRIC.search(text.content):
            yield f"{text.where} contains a rubric: {found[0].strip()}"


def stub_faults(
    released: Mapping[str, NotebookNode], frames: Collection[str] = ()
) -> Iterator[str]:
    """Yield answer cells that contain more than signatures, docstrings, stubs and frames."""
    for where, cell in cells(released):
        if is_answer(cell):
            try:
                tree = ast.parse(cell.source)
            except SyntaxError:
                yield f"{where} is not Python"
                continue
            own = [each for each in tree.body if ast.dump(each) not in frames]
            yield from (f"{where} contains {fault}" for fault in _beyond_stubs(own))


def frames(sources: dict[str, NotebookNode], solutions: Solutions) -> frozenset[str]:
    """Return the dumped syntax trees of the framed functions as students get them."""
    framed = (each for each in _named(sources, solutions)[1] if each.is_framed)
    return frozenset(ast.dump(each) for d in framed for each in ast.parse(d.skeleton).body)


def solution_secrets(sources: dict[str, NotebookNode], solutions: Solutions) -> Iterator[Secret]:
    """Yield the bodies of the reference functions that students have to write."""
    public = public_code(sources, solutions)
    for definition in _named(sources, solutions)[1]:
        what = f"the solution of {definition.reference}"
        body = squeeze(_without_comments(definition.solution))
        if len(body) >= MIN_BODY and body != squeeze(STUB):
            yield Secret(body, what)
        for piece in _pieces(definition.solution, MIN_CODE):
            if piece not in public and piece != squeeze(STUB):
                yield Secret(piece, what)


def manual_secrets(sources: dict[str, NotebookNode]) -> Iterator[Secret]:
    """Yield the sentences of model answers and rubrics."""
    texts = [each for each in cells(sources) if each[1].cell_type == "markdown"]
    public = squeeze(" ".join(cell.source for _, cell in texts if not is_manual(cell)))
    for where, cell in cells(sources):
        if is_manual(cell):
            # a step of a rubric is as secret without its points as with them
            answer = _STEP_POINTS.sub("", without_evidence(without_frame(cell.source)))
            for piece in map(squeeze, _SENTENCE_END.split(answer)):
                if len(piece) >= MIN_SENTENCE and piece not in public:
                    yield Secret(piece, f"the model answer or rubric of {where}")


def public_code(sources: dict[str, NotebookNode], solutions: Solutions) -> str:
    """Return the solutions' text that students get, without white space.

    Students get the code of given definitions, and the signatures and docstrings of all others.
    """
    given, asked = _named(sources, solutions)
    shown = [*(d.whole for d in given), *(d.heading for d in asked)]
    return "\n".join(squeeze(text) for text in shown)


VISIBLE = "_visible.py"
"""End of the names of test files whose tests students also get as visible checks."""


def visible_code(hidden: Path) -> str:
    """Return the text of the tests that students also get as visible checks, without white space.

    Only a light proof uses this text: tests of adopted homeworks may be visible to students.
    """
    paths = sorted(hidden.rglob(f"test_*{VISIBLE}"))
    return "\n".join(squeeze(path.read_text(encoding="utf-8")) for path in paths)


def hidden_secrets(hidden: Path) -> Iterator[Secret]:
    """Yield the lines and docstrings of the hidden tests."""
    for path in sorted(hidden.rglob("*.py")):
        tree, text = parse_python(path), path.read_text(encoding="utf-8")
        what = f"the hidden test file {path.name}"
        yield from (Secret(piece, what) for piece in _pieces(text, MIN_TEST_LINE))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                whose = f"the hidden test {node.name} ({path.name})"
                yield Secret(f"def{node.name}(", whose)
                for sentence in _SENTENCE_END.split(ast.get_docstring(node) or ""):
                    if len(squeeze(sentence)) >= MIN_TEST_LINE:
                        yield Secret(squeeze(sentence), whose)


def _named(
    sources: dict[str, NotebookNode], solutions: Solutions
) -> tuple[list[Definition], list[Definition]]:
    """Return the definitions that students get complete, and the definitions that they write."""
    given: list[Definition] = []
    asked: list[Definition] = []
    for where, cell in cells(sources):
        directive = directive_of(cell, where)
        if directive is not None:
            found = [solutions.find(reference, where) for reference in directive.references]
            (given if directive.verb == "GIVEN" else asked).extend(found)
    return given, asked


def _pieces(code: str, shortest: int) -> Iterator[str]:
    for line in _without_comments(code).splitlines():
        piece = squeeze(line)
        if len(piece) >= shortest and not _BOILERPLATE.match(piece):
            yield piece


def _without_comments(code: str) -> str:
    """Return the code without comments, since a copy of the code may not have the comments."""
    code = dedent(code)
    lines = code.splitlines()
    with suppress(tokenize.TokenError, IndentationError):  # a part of a function
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column]
    return "\n".join(lines)


def _beyond_stubs(statements: Iterable[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, ast.FunctionDef):
            if not _is_stub(statement.body[-1]) or len(statement.body) > 2:
                yield f"a body for {statement.name} instead of a stub"
        elif not _is_stub(statement):
            yield f"more than stubs: {ast.unparse(statement).splitlines()[0]}"


def _is_stub(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Raise) and "NotImplementedError" in ast.unparse(statement)


def _short(piece: str) -> str:
    return piece if len(piece) <= 60 else piece[:57] + "..."
