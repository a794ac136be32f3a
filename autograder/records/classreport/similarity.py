"""Pairs of students whose answers share passages that hardly anyone else has.

The method is winnowing (S. Schleimer, D. S. Wilkerson and A. Aiken, Winnowing: local algorithms for
document fingerprinting, SIGMOD 2003), as the library copydetect does it: names, comments and layout
are taken out of code, every run of `RUN` letters of what is left becomes a fingerprint, and of
`WINDOW` neighbours one is kept. What stands in the release or in the reference solutions counts
for nothing, nor does what more than a few students share: where there are few right ways, many
take them.

Work grows with the number of students, not with that of pairs: pairs are found through an index of
fingerprints, of which each leads to `MOST_SHARERS` students at most.

copydetect is an extra (`similarity`); its own fingerprints depend on Python's hash of strings,
which differs from run to run, so they are computed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.records.classreport.notebooks import StudentCell
from autograder.records.classreport.statistics import wilson_lower

RUN = 18
"""Letters of code, without names, comments and blanks: two or three short statements."""

TEXT_RUN = 36
"""Letters of prose: five or six words."""

WINDOW = 4
MOST_SHARERS = 10
"""What more students than this share is common; in small classes it is a quarter, at least 3."""

FEWEST_SHARED = 12
"""A pair that shares fewer passages is not told of."""

LEAST_SCORE = 0.2
MOST_PAIRS = 25
MAX_CELL = 20_000
MAX_STUDENT = 120_000
MAX_LINES = 150
MAX_LINE = 240

Prints = NDArray[np.uint64]
Answers = Sequence[StudentCell]


@dataclass(frozen=True)
class Line:
    """A line of an answer; `shared`: it belongs to a passage that the other one has, too."""

    text: str
    shared: bool


@dataclass(frozen=True)
class SharedCell:
    """A cell with shared passages, as each of the two wrote it; empty where one has none."""

    name: str
    left: tuple[Line, ...]
    right: tuple[Line, ...]


@dataclass(frozen=True)
class Pair:
    """Two students, by their places in the class, and what they share.

    `shared` counts passages that few others have, `share` is their part of such passages of the
    one who has fewer, and `score` is the lower end of its Wilson interval: pairs are ranked by it.
    """

    first: int
    second: int
    shared: int
    share: float
    score: float


@dataclass(frozen=True)
class Similarities:
    """The ranked pairs that are shown, how many there are in all, and what counted as common."""

    pairs: tuple[Pair, ...]
    found: int
    most_sharers: int


def is_available() -> bool:
    """Whether the extra `similarity` is installed."""
    return find_spec("copydetect") is not None


def similar_pairs(class_prints: Sequence[Prints]) -> Similarities:
    """The pairs in a class of whose answers these are the fingerprints (see `own_prints`)."""
    sharers = _most_sharers(len(class_prints))
    own, pairs = _rare(class_prints, sharers)
    found = []
    for (first, second), shared in pairs.items():
        least = min(int(own[first]), int(own[second]))
        score = wilson_lower(shared, least)
        if shared >= FEWEST_SHARED and score >= LEAST_SCORE:
            found.append(Pair(first, second, shared, shared / least, score))
    found.sort(key=lambda pair: (-pair.score, -pair.shared, pair.first, pair.second))
    return Similarities(tuple(found[:MOST_PAIRS]), len(found), sharers)


def _most_sharers(students: int) -> int:
    return min(MOST_SHARERS, max(3, students // 4))


def _rare(
    class_prints: Sequence[Prints], sharers: int
) -> tuple[NDArray[np.int64], dict[tuple[int, int], int]]:
    """How many rare fingerprints each student has, and each pair has in common."""
    own = np.zeros(len(class_prints), dtype=np.int64)
    if not class_prints:
        return own, {}
    prints = np.concatenate(class_prints)
    owners = np.repeat(np.arange(len(class_prints)), [len(each) for each in class_prints])
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
            keys.append(groups[:, left] * len(class_prints) + groups[:, right])
    found, counts = np.unique(np.concatenate(keys), return_counts=True)
    enough = counts >= FEWEST_SHARED
    pairs = (divmod(int(key), len(class_prints)) for key in found[enough])
    return own, dict(zip(pairs, map(int, counts[enough]), strict=True))


# --- fingerprints --------------------------------------------------------------------------------


def own_prints(cells: Iterable[StudentCell], boilerplate: Prints) -> Prints:
    """The fingerprints of a student's cells, each once, but for those of the boilerplate."""
    found = [_kept(cell)[0] for cell in _bounded(cells)]
    prints = np.unique(np.concatenate(found)) if found else np.empty(0, np.uint64)
    return prints[~np.isin(prints, boilerplate)]


def boilerplate_prints(texts: Iterable[tuple[str, bool]]) -> Prints:
    """All fingerprints of texts that students are given, or that are right: (text, is it code)."""
    found = [_all(_plain(text, is_code)[0], is_code) for text, is_code in texts]
    return np.unique(np.concatenate(found)) if found else np.empty(0, np.uint64)


def _bounded(cells: Iterable[StudentCell]) -> Iterator[StudentCell]:
    """The cells that are looked at: a notebook may be as long as a student likes."""
    room = MAX_STUDENT
    for cell in cells:
        if len(cell.text) <= min(room, MAX_CELL):
            room -= len(cell.text)
            yield cell


def _kept(cell: StudentCell) -> tuple[Prints, NDArray[np.int64], NDArray[np.int64]]:
    """A cell's fingerprints, where each begins, and where each plain letter was in the text."""
    from copydetect.utils import winnow

    plain, places = _plain(cell.text, cell.is_code)
    prints = _all(plain, cell.is_code)
    if not len(prints):
        return prints, np.empty(0, np.int64), places
    kept, starts = winnow(prints, min(WINDOW, len(prints)), remove_duplicates=False)
    return kept, starts.astype(np.int64), places


def _plain(text: str, is_code: bool) -> tuple[str, NDArray[np.int64]]:
    """A text without what can be changed at will, and where each of its letters was."""
    if is_code:
        from copydetect.utils import filter_code

        # empty lines at the beginning are not counted in its places
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
    """A fingerprint of each run of letters: Σ cᵢ bⁱ mod 2⁶⁴, its bits mixed."""
    run = RUN if is_code else TEXT_RUN
    if len(plain) < run:
        return np.empty(0, np.uint64)
    codes = np.frombuffer(plain.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    base = np.uint64(0x9E3779B97F4A7C15 if is_code else 0xC2B2AE3D27D4EB4F)
    powers = np.cumprod(np.full(run, base, dtype=np.uint64))
    sums = np.lib.stride_tricks.sliding_window_view(codes, run) @ powers
    mixed = (sums ^ (sums >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray(mixed ^ (mixed >> np.uint64(29)), dtype=np.uint64)


# --- side by side --------------------------------------------------------------------------------


def side_by_side(
    left: Answers,
    right: Answers,
    counted: Prints,
    shown: Callable[[StudentCell], str] = lambda cell: cell.text,
) -> tuple[SharedCell, ...]:
    """The cells of two students that share fingerprints in `counted`, with the lines of these.

    `shown` gives a cell's text for the page, line by line as the cell's own.
    """
    ours, theirs = (_marked(cells, counted, shown) for cells in (left, right))
    names = dict.fromkeys([*ours, *theirs])
    return tuple(SharedCell(name, ours.get(name, ()), theirs.get(name, ())) for name in names)


def common_prints(left: Prints, right: Prints) -> Prints:
    """What two students' fingerprints have in common."""
    return np.intersect1d(left, right, assume_unique=True)


def rare_prints(class_prints: Sequence[Prints]) -> Prints:
    """The fingerprints that few enough of the class share to count."""
    if not class_prints:
        return np.empty(0, np.uint64)
    prints, counts = np.unique(np.concatenate(class_prints), return_counts=True)
    return prints[counts <= _most_sharers(len(class_prints))]


def _marked(
    cells: Answers, counted: Prints, shown: Callable[[StudentCell], str]
) -> Mapping[str, tuple[Line, ...]]:
    """The lines of those cells in which a counted passage stands, by the cells' names."""
    found: dict[str, tuple[Line, ...]] = {}
    for cell in _bounded(cells):
        prints, starts, places = _kept(cell)
        begins = starts[np.isin(prints, counted)]
        if not len(begins):
            continue
        run = RUN if cell.is_code else TEXT_RUN
        letters = np.unique((begins[:, None] + np.arange(run)).ravel())
        breaks = np.array([k for k, letter in enumerate(cell.text) if letter == "\n"], np.int64)
        shared = set(np.searchsorted(breaks, places[letters]).tolist())
        lines = shown(cell).split("\n")[:MAX_LINES]
        found[cell.name or "a cell of their own"] = (
            *found.get(cell.name or "a cell of their own", ()),
            *(Line(line[:MAX_LINE], k in shared) for k, line in enumerate(lines)),
        )
    return found


def without_comments(text: str) -> str:
    """Code, line by line, without its comments and docstrings."""
    from pygments import token
    from pygments.lexers import PythonLexer

    def kept(kind: Any, part: str) -> str:
        if kind in token.Comment or kind in token.Literal.String.Doc:
            mark = "# …" if kind in token.Comment else '"""…"""'
            return mark + "\n" * part.count("\n")
        return part

    lexer = PythonLexer(stripnl=False, ensurenl=False)
    return "".join(kept(kind, part) for kind, part in lexer.get_tokens(text))
