"""Find pairs of students whose answers share rare passages.

The method is called winnowing (S. Schleimer, D. S. Wilkerson and A. Aiken, Winnowing: local
algorithms for document fingerprinting, SIGMOD 2003), as in the library copydetect. Names, comments
and layout are removed from code. Each run of `RUN` remaining characters becomes a fingerprint, and
one of every `WINDOW` neighbouring fingerprints is kept. Passages from the release, the
reference solutions or a known misconception do not count. Passages that more than a few students
share do not count either: if few right solutions exist, many students write the same solution. Only
answers to the same item are compared.

The work grows with the number of students, not with the number of pairs: an index maps each
fingerprint to its students, and ignores fingerprints of more than `MOST_SHARERS` students.

The library copydetect is an optional dependency (extra `similarity`). Its fingerprints depend on
Python's string hash, which differs between runs, so this module computes its own fingerprints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.pages.classreport.notebooks import StudentCell
from autograder.pages.classreport.statistics import wilson_lower

RUN = 18
"""Characters in a passage of code, without names, comments and spaces: 2 or 3 statements."""

TEXT_RUN = 36
"""Number of characters in a passage of prose: five or six words."""

WINDOW = 4
MOST_SHARERS = 10
"""Maximum number of students who share a rare passage; fewer if the class is small."""

FEWEST_SHARED = 12
"""Minimum number of shared passages for a pair to be listed."""

LEAST_SCORE = 0.4
MOST_PAIRS = 25
MAX_CELL = 20_000
MAX_STUDENT = 120_000
MAX_LINES = 150
MAX_LINE = 240

Prints = NDArray[np.uint64]
StudentPrints = Mapping[str, Prints]
"""The fingerprints of a student's cells, by the cell's name."""

Answers = Sequence[StudentCell]

_NONE: Prints = np.empty(0, np.uint64)


@dataclass(frozen=True)
class AnswerLine:
    """A line of an answer; `shared` says whether the line is part of a shared passage."""

    text: str
    shared: bool


@dataclass(frozen=True)
class SharedCell:
    """A cell with shared passages, in the versions of both students."""

    name: str
    left: tuple[AnswerLine, ...]
    right: tuple[AnswerLine, ...]


@dataclass(frozen=True)
class Alike:
    """A cell with similar answers of two students.

    `shared` is the number of rare passages that both answers contain. `of` is the number of rare
    passages in the answer that has fewer of them.
    """

    cell: str
    shared: int
    of: int

    @property
    def score(self) -> float:
        """The lower end of Wilson's interval for the share of shared rare passages."""
        return wilson_lower(self.shared, self.of)


@dataclass(frozen=True)
class SimilarPair:
    """Two students, given by their index in the class, and their similar cells."""

    first: int
    second: int
    cells: tuple[Alike, ...]

    @property
    def score(self) -> float:
        """The pair's score, 1 − Π (1 − score) over the cells; each similar cell increases it."""
        return 1.0 - prod(1.0 - cell.score for cell in self.cells)


@dataclass(frozen=True)
class Similarities:
    """The similar pairs to show, and the number found.

    `most_sharers` is the largest number of students who may share a rare passage.
    """

    pairs: tuple[SimilarPair, ...]
    found: int
    most_sharers: int


def similar_pairs(class_prints: Sequence[StudentPrints]) -> Similarities:
    """Return the similar pairs in a class; `class_prints` are results of `own_prints`."""
    sharers = _most_sharers(len(class_prints))
    alike: dict[tuple[int, int], list[Alike]] = {}
    for cell in sorted({name for prints in class_prints for name in prints}):
        own, pairs = _rare([prints.get(cell, _NONE) for prints in class_prints], sharers)
        for (first, second), shared in pairs.items():
            found = Alike(cell, shared, min(int(own[first]), int(own[second])))
            if found.score >= LEAST_SCORE:
                alike.setdefault((first, second), []).append(found)
    ranked = [
        SimilarPair(*pair, tuple(sorted(cells, key=lambda each: -each.score)))
        for pair, cells in alike.items()
    ]
    ranked.sort(key=lambda pair: (-pair.score, pair.first, pair.second))
    return Similarities(tuple(ranked[:MOST_PAIRS]), len(ranked), sharers)


def _most_sharers(students: int) -> int:
    return min(MOST_SHARERS, max(3, students // 4))


def _rare(
    cell_prints: Sequence[Prints], sharers: int
) -> tuple[NDArray[np.int64], dict[tuple[int, int], int]]:
    """Count a cell's rare fingerprints, by student, and the shared rare ones, by pair."""
    own = np.zeros(len(cell_prints), dtype=np.int64)
    if not cell_prints:
        return own, {}
    prints = np.concatenate(cell_prints)
    owners = np.repeat(np.arange(len(cell_prints)), [len(each) for each in cell_prints])
    order = np.argsort(prints, kind="stable")
    prints, owners = prints[order], owners[order]
    is_first = np.ones(len(prints), dtype=bool)
    is_first[1:] = prints[1:] != prints[:-1]
    starts = np.flatnonzero(is_first)
    sizes = np.diff(starts, append=len(prints))
    keys = []
    for size in range(1, sharers + 1):
        first = starts[sizes == size]
        groups = owners[first[:, None] + np.arange(size)]
        own += np.bincount(groups.ravel(), minlength=len(own))
        for left, right in combinations(range(size), 2):
            keys.append(groups[:, left] * len(cell_prints) + groups[:, right])
    found, counts = np.unique(np.concatenate(keys), return_counts=True)
    enough = counts >= FEWEST_SHARED
    pairs = (divmod(int(key), len(cell_prints)) for key in found[enough])
    return own, dict(zip(pairs, map(int, counts[enough]), strict=True))


# --- fingerprints --------------------------------------------------------------------------------


def own_prints(cells: Iterable[StudentCell], boilerplate: Prints) -> StudentPrints:
    """Return the distinct fingerprints of a student's cells, except those of the boilerplate."""
    found: dict[str, list[Prints]] = {}
    for cell in _bounded(cells):
        found.setdefault(cell.name, []).append(_kept(cell)[0])
    unique = {name: np.unique(np.concatenate(prints)) for name, prints in found.items()}
    return {name: prints[~_among(prints, boilerplate)] for name, prints in unique.items()}


def boilerplate_prints(texts: Iterable[tuple[str, bool]]) -> Prints:
    """Return all fingerprints of the boilerplate, given as pairs of a text and "is it code?"."""
    found = [_all(_plain(text, is_code)[0], is_code) for text, is_code in texts]
    return np.unique(np.concatenate(found)) if found else _NONE


def _among(prints: Prints, known: Prints) -> NDArray[np.bool_]:
    """Return, for each fingerprint, whether the sorted array `known` contains it."""
    if not len(known):
        return np.zeros(len(prints), dtype=bool)
    places = np.minimum(np.searchsorted(known, prints), len(known) - 1)
    return np.asarray(known[places] == prints)


def _bounded(cells: Iterable[StudentCell]) -> Iterator[StudentCell]:
    """Yield the cells to compare, up to the limits: a notebook may be huge."""
    room = MAX_STUDENT
    for cell in cells:
        if len(cell.text) <= min(room, MAX_CELL):
            room -= len(cell.text)
            yield cell


def _kept(cell: StudentCell) -> tuple[Prints, NDArray[np.int64], NDArray[np.int64]]:
    """Return a cell's kept fingerprints, their starts, and each character's place in the text."""
    from copydetect.utils import winnow

    plain, places = _plain(cell.text, cell.is_code)
    prints = _all(plain, cell.is_code)
    if not len(prints):
        return prints, np.empty(0, np.int64), places
    kept, starts = winnow(prints, min(WINDOW, len(prints)), remove_duplicates=False)
    return kept, starts.astype(np.int64), places


def _plain(text: str, is_code: bool) -> tuple[str, NDArray[np.int64]]:
    """Return a text without names, comments and layout, and each remaining character's position."""
    if is_code:
        from copydetect.utils import filter_code

        # the positions of `filter_code` do not count empty lines at the beginning
        skipped = len(text) - len(text.lstrip("\n"))
        plain, removed = filter_code(text, "", language="python")
        at = np.arange(len(plain))
        row = np.clip(np.searchsorted(removed[:, 0], at), 0, len(removed) - 1)
        return plain, np.minimum(at + removed[row, 1] + skipped, max(len(text) - 1, 0))
    kept = [(place, letter) for place, letter in enumerate(text) if letter.isalnum()]
    return (
        "".join(letter.lower()[0] for _, letter in kept),
        np.array([place for place, _ in kept], dtype=np.int64),
    )


def _all(plain: str, is_code: bool) -> Prints:
    """Return a fingerprint of each run of characters cᵢ: Σ cᵢ bⁱ mod 2⁶⁴, with mixed bits."""
    run = RUN if is_code else TEXT_RUN
    if len(plain) < run:
        return _NONE
    codes = np.frombuffer(plain.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    base = np.uint64(0x9E3779B97F4A7C15 if is_code else 0xC2B2AE3D27D4EB4F)
    powers = np.cumprod(np.full(run, base, dtype=np.uint64))
    sums = np.lib.stride_tricks.sliding_window_view(codes, run) @ powers
    mixed = (sums ^ (sums >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray(mixed ^ (mixed >> np.uint64(29)), dtype=np.uint64)


# --- side by side --------------------------------------------------------------------------------


def side_by_side(
    pair: SimilarPair,
    texts: tuple[Answers, Answers],
    class_prints: Sequence[StudentPrints],
    shown: Callable[[StudentCell], str] = lambda cell: cell.text,
) -> tuple[SharedCell, ...]:
    """Return a pair's similar cells; the lines of shared passages are marked.

    `texts` are the cells of both students. `shown` returns a cell's text for the page, with the
    same number of lines as the cell.
    """
    found = []
    for alike in pair.cells:
        counted = _counted(pair, alike.cell, class_prints)
        left, right = (
            _marked([cell for cell in cells if cell.name == alike.cell], counted, shown)
            for cells in texts
        )
        found.append(SharedCell(alike.cell, left, right))
    return tuple(found)


def _counted(pair: SimilarPair, cell: str, class_prints: Sequence[StudentPrints]) -> Prints:
    """Return the rare fingerprints of a cell that both students of a pair have."""
    mine, theirs = (class_prints[student][cell] for student in (pair.first, pair.second))
    both = np.intersect1d(mine, theirs, assume_unique=True)
    sharers = sum(np.isin(both, each[cell]).astype(int) for each in class_prints if cell in each)
    return both[sharers <= _most_sharers(len(class_prints))]


def _marked(
    cells: Answers, counted: Prints, shown: Callable[[StudentCell], str]
) -> tuple[AnswerLine, ...]:
    """Return the lines of the cells; mark lines with a counted passage as shared."""
    found: list[AnswerLine] = []
    for cell in _bounded(cells):
        prints, starts, places = _kept(cell)
        begins = starts[np.isin(prints, counted)]
        run = RUN if cell.is_code else TEXT_RUN
        letters = np.unique((begins[:, None] + np.arange(run)).ravel())
        breaks = np.array([k for k, letter in enumerate(cell.text) if letter == "\n"], np.int64)
        shared = set(np.searchsorted(breaks, places[letters]).tolist())
        lines = shown(cell).rstrip("\n").split("\n")
        found += [AnswerLine(line[:MAX_LINE], k in shared) for k, line in enumerate(lines)]
    return tuple(found[:MAX_LINES])


def without_comments(text: str) -> str:
    """Replace comments and docstrings in code by placeholders; keep the number of lines."""
    from pygments import token
    from pygments.lexers import PythonLexer

    def kept(kind: Any, part: str) -> str:
        if kind in token.Comment or kind in token.Literal.String.Doc:
            mark = "# …" if kind in token.Comment else '"""…"""'
            return mark + "\n" * part.count("\n")
        return part

    lexer = PythonLexer(stripnl=False, ensurenl=False)
    return "".join(kept(kind, part) for kind, part in lexer.get_tokens(text))
