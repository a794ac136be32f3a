"""Check the points and dates in the texts of a release.

Points must agree with the grade cells; dates and the time zone must agree with course.toml. Tables
of points must be generated. The check reads headings with points, sentences with "worth N points",
dates near words such as "due", and items that a `checks.py` lists by hand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from zoneinfo import available_timezones

from dateutil import parser
from nbformat import NotebookNode

from autograder.course.assignment import NEARLY, Assignment, Item, Problem
from autograder.course.gradecells import grade_id, is_graded, is_manual, place
from autograder.course.layout import CHECKS, README
from autograder.release.definitions import parse_python
from autograder.release.stated import DAYS, MONTHS, sums, without_facts

_POINTS = r"\s*(\d+(?:[.,]\d+)?)\s+(bonus\s+)?(?:points?|pts)\b"
_BRACKET = re.compile(rf"[(\[]{_POINTS}\s*[)\]]|[—–:,-]{_POINTS}\s*$", re.IGNORECASE)
"""Pattern of points in a heading: in brackets, or at the end after a dash, a colon or a comma."""
_WORTH = re.compile(rf"\b(?:worth|counts?){_POINTS}", re.IGNORECASE)
_TABLE = re.compile(
    r"^\|.*\|[\s*_]*(?:max(?:\.|imum)? )?(?:points?|pts)[\s*_]*(?:\||$)", re.IGNORECASE
)
"""Pattern of a table's header with a column of points to the right of another column."""
_HEADING = re.compile(r"^(#{1,6})\s+")

_MONTH = rf"(?:{'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in MONTHS)})\b\.?"
_DATE = re.compile(
    rf"(?:\b(?P<weekday>{'|'.join(name[:3] for name in DAYS)})[a-z]*\.?,?\s+)?\b(?:"
    rf"\d{{1,2}}(?:st|nd|rd|th|\.)?\s+{_MONTH}(?:,?\s+\d{{4}})?"
    rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?"
    r"|(?P<iso>\d{4}-\d\d-\d\d)"
    r"|\d{1,2}\.\d{1,2}\.\d{4})"
    r"(?:(?:,|T|\s|\bat\b|\()*\d{1,2}:\d\d(?::\d\d)?(?:\s?[ap]m)?)?",
    re.IGNORECASE,
)
_OPENS = r"opens?|opening"
_DUE = r"due(?!\s+to\b)|deadline|closes|hand(?:ed)?[ -]in|submit(?:\s+by)?|submission"
_ABOUT = re.compile(rf"\b(?:(?P<opens>{_OPENS})|(?P<due>{_DUE}))\b", re.IGNORECASE)
_NEAR = 40
"""Number of characters allowed between a word such as "due" and its date."""
_ZONE = re.compile(r"\b[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+\b")


@dataclass(frozen=True)
class Line:
    """A line of a text that students read; `level` is a heading's level, 0 for other lines."""

    where: str
    text: str
    level: int = 0


Outline = list[Line | Item]
"""The lines of a text and the items between them, in order."""


class Statements:
    """The texts of one release, read once."""

    def __init__(
        self, assignment: Assignment, tree: Path, released: Mapping[str, NotebookNode]
    ) -> None:
        self._assignment = assignment
        self._checks = tree / CHECKS
        readme = (tree / README).read_text(encoding="utf-8", errors="replace")
        notebooks = ((each, released[f"{each.name}.ipynb"]) for each in assignment.problems)
        self._outlines: list[Outline] = [list(_lines(README, readme))]
        self._outlines += [list(_outline(*pair)) for pair in notebooks]
        self._lines = [e for outline in self._outlines for e in outline if isinstance(e, Line)]

    def point_faults(self) -> Iterator[str]:
        """Yield points and items that do not agree with the grade cells."""
        for line in self._lines:
            if _TABLE.match(line.text):
                yield (
                    f"{line.where}: a table of points is typed by hand; replace it with "
                    "<!-- points --><!-- /points --> (in README.md) or "
                    "<!-- items --><!-- /items --> (in a notebook), and `fdl release` writes "
                    "the table"
                )
        sections = [section for outline in self._outlines[1:] for section in _sections(outline)]
        for line, items in sections:
            yield from _heading_faults(line, items)
        every = list(self._assignment.items.values())
        groups: list[Sequence[Item]] = [every, *([item] for item in every)]
        groups += [items for _, items in sections]
        groups += [problem.items for problem in self._assignment.problems]
        for line in self._lines:
            for match in _WORTH.finditer(line.text):
                points = _number(match[1])
                if points >= 1 and not any(_is_any(points, _sums(group)) for group in groups):
                    yield (
                        f"{line.where} says {match[0]!r}; no item, part or problem has these points"
                    )
        yield from _check_faults(self._checks, self._assignment)

    def date_faults(self) -> Iterator[str]:
        """Yield dates near words such as "due", and time zones, that differ from course.toml."""
        due = self._assignment.due
        for line in self._lines:
            for match in _DATE.finditer(line.text):
                words = _ABOUT.finditer(line.text, 0, match.start())
                near = [word for word in words if match.start() - word.end() <= _NEAR]
                right = self._assignment.opens if near and near[-1]["opens"] else due
                if near and not _agrees(match, right):
                    wanted = f"{DAYS[right.weekday()]}, {right:%Y-%m-%d %H:%M}"
                    yield f"{line.where} says {match[0].strip()!r}; course.toml has {wanted}"
            if line.text.startswith("|"):
                strange = set(_ZONE.findall(line.text)) - {str(due.tzinfo)}
                for zone in sorted(strange & available_timezones()):
                    yield f"{line.where} gives dates in {zone}; course.toml has {due.tzinfo}"


def worth(items: Sequence[Item]) -> str:
    """Return in words the points that grade cells give: "the grade cell of p1a says 4"."""
    whole, *parts = _sums(items)
    names = items[0].name if len(items) == 1 else f"{items[0].name} to {items[-1].name}"
    split = f" ({parts[0]:g} regular, {parts[1]:g} bonus)" if len(parts) == 2 else ""
    cells = "cell of {} says" if len(items) == 1 else "cells of {} say"
    return f"the grade {cells.format(names)} {whole:g}{split}"


def _lines(where: str, text: str) -> Iterator[Line]:
    """Yield the lines of a text, without code blocks and generated parts."""
    fence = ""
    for number, line in enumerate(without_facts(text).split("\n"), start=1):
        mark = re.match(r"\s*(```|~~~)", line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        elif not fence:
            heading = _HEADING.match(line)
            yield Line(f"{where}, line {number}", line, len(heading[1]) if heading else 0)


def _outline(problem: Problem, notebook: NotebookNode) -> Iterator[Line | Item]:
    items = {item.name: item for item in problem.items}
    for index, cell in enumerate(notebook.cells):
        if is_graded(cell) and grade_id(cell) in items:
            yield items[grade_id(cell)]
        elif cell.cell_type == "markdown" and not is_manual(cell):
            yield from _lines(str(place(problem.name, index, cell)), cell.source)


def _sections(outline: Outline) -> Iterator[tuple[Line, list[Item]]]:
    """Yield each heading, and each line in bold, with the items below it."""

    def is_below(entry: Line | Item) -> bool:
        return isinstance(entry, Item) or not 0 < entry.level <= level

    for index, line in enumerate(outline):
        if isinstance(line, Line) and (line.level or "**" in line.text):
            level = line.level or 6
            below = takewhile(is_below, outline[index + 1 :])
            yield line, [entry for entry in below if isinstance(entry, Item)]


def _heading_faults(line: Line, items: Sequence[Item]) -> Iterator[str]:
    match = _BRACKET.search(line.text)
    if match is None or not (line.level or "**" in line.text[: match.start()]):
        return
    points, bonus = match[1] or match[3], match[2] or match[4]
    if not items:
        yield f"{line.where} gives {match[0]!r}, but no item follows"
    elif not _is_any(_number(points), (items[0].max_points, *_sums(items))):
        yield f"{line.where} gives {match[0]!r}; {worth(items)}"
    elif bonus and not any(item.bonus for item in items):
        yield f"{line.where} gives {match[0]!r}; in course.toml the item is not a bonus item"


def _check_faults(checks: Path, assignment: Assignment) -> Iterator[str]:
    """Yield items listed by hand in `checks.py` that differ from the notebooks' items.

    An example of an item listed by hand is `Item("p1-newton", 2, bonus=True)`.
    """
    listed: dict[str, str] = {}
    for node in ast.walk(parse_python(checks)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Item"):
            given = dict(zip(("name", "points", "answers", "bonus"), node.args, strict=False))
            given |= {word.arg or "": word.value for word in node.keywords}
            with suppress(ValueError, TypeError, KeyError):  # not plain values
                values = {name: ast.literal_eval(value) for name, value in given.items()}
                bonus = values.get("bonus", False)
                listed[values["name"]] = _in_words(values["points"], bonus)
    right = {i.name: _in_words(i.max_points, i.bonus) for i in assignment.items.values()}
    for name in sorted(listed.keys() | right.keys()) if listed else ():
        here, there = (known.get(name, "unknown") for known in (listed, right))
        if here != there:
            yield f"{checks.name}: item {name} is {here} in this file, but {there} in the notebooks"


def _in_words(points: float, bonus: bool) -> str:
    return f"{'a bonus' if bonus else 'an'} item of {points:g}"


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _sums(items: Iterable[Item]) -> tuple[float, ...]:
    """Return the points of all items, of regular items and of bonus items, without zeros."""
    regular, bonus = sums(items)
    return tuple(points for points in (regular + bonus, regular, bonus) if points)


def _is_any(points: float, sums: Iterable[float]) -> bool:
    return any(abs(points - each) <= NEARLY for each in sums)


def _agrees(date: re.Match[str], right: datetime) -> bool:
    """Return whether every part of a date in a text agrees with the date `right`."""
    weekday = date["weekday"]
    if weekday and weekday.lower() != DAYS[right.weekday()][:3].lower():
        return False
    right = right.replace(tzinfo=None)
    try:
        found = parser.parse(date[0], default=right, dayfirst=not date["iso"], fuzzy=True)
    except parser.ParserError:  # no such day exists
        return False
    return bool(found == right)
