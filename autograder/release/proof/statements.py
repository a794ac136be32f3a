"""What the texts of a release state: points, items and dates. They must be those that count.

Points and items are those of the grade cells, dates and time zone those of course.toml. Looked at
are tables with a column of points, headings and brackets with points, sentences that say what
something is worth, dates beside words such as "due", and the items that the checks know.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import available_timezones

from nbformat import NotebookNode

from autograder.course.assignment import NEARLY, Assignment, Item, Problem
from autograder.course.gradecells import grade_id, is_graded, is_manual, place
from autograder.release.definitions import parse_python

_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
)  # fmt: skip
_NUMBER = rf"(?:\d+(?:[.,]\d+)?|{'|'.join(_WORDS)})"
_BRACKET = re.compile(
    rf"[(\[]\s*({_NUMBER})\s+(bonus\s+)?(?:points?|pts)\s*[)\]]"
    rf"|[—–:,-]\s*({_NUMBER})\s+(bonus\s+)?(?:points?|pts)\s*$",
    re.IGNORECASE,
)
"""Points of a heading: in brackets, or at its end behind a dash, a colon or a comma."""
_WORTH = re.compile(
    rf"\b(?:worth|counts?)\s+({_NUMBER})\s+(bonus\s+)?(?:points?|pts)\b", re.IGNORECASE
)
_HEADING = re.compile(r"^(#{1,6})\s+(.*)$")
_PART = re.compile(r"^\(?([a-z])\)\s")
_POINTS_COLUMN = re.compile(r"^(?:max(?:imum)? )?(?:points?|pts)$", re.IGNORECASE)
_TOTAL = re.compile(r"^(?:together|total|sum|altogether|all|maximum)\b", re.IGNORECASE)
_TERM = re.compile(rf"^({_NUMBER})(?:(?:\s*[×x*·]\s*)({_NUMBER}))?$", re.IGNORECASE)
_SEPARATOR = re.compile(r"^\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = rf"(?P<month{{0}}>{'|'.join(f'{m[:3]}(?:{m[3:]})?' for m in _MONTHS)})\.?"
_DATE = re.compile(
    rf"(?:\b(?P<weekday>{'|'.join(f'{d[:3]}(?:{d[3:]})?' for d in _DAYS)})\.?,?\s+)?(?:"
    rf"\b(?P<day1>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+{_MONTH.format(1)}(?:,?\s+(?P<year1>\d{{4}}))?"
    rf"|\b{_MONTH.format(2)}\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year2>\d{{4}}))?"
    r"|\b(?P<year3>\d{4})-(?P<month3>\d\d)-(?P<day3>\d\d)"
    r"|\b(?P<day4>\d{1,2})\.(?P<month4>\d{1,2})\.(?P<year4>\d{4}))"
    r"(?:(?:,|T|\s|\bat\b|\()*(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::\d\d)?(?:\s?(?P<half>[ap]m))?)?",
    re.IGNORECASE,
)
_OPENS = r"opens?|opening"
_DUE = r"due(?!\s+to\b)|deadline|closes|hand(?:ed)?[ -]in|submit(?:\s+by)?|submission"
_ABOUT = re.compile(rf"\b(?:(?P<opens>{_OPENS})|(?P<due>{_DUE}))\b", re.IGNORECASE)
_NEAR = 40
"""Letters between the word that says what a date is for and the date."""
_ZONE = re.compile(r"\b[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+\b")


@dataclass(frozen=True)
class Line:
    """A line of a text that students read; `level` is that of a heading, 0 for other lines."""

    where: str
    text: str
    level: int = 0


@dataclass(frozen=True)
class Row:
    """A line of a table that gives points to something: its label, and the items it is about."""

    where: str
    label: str
    items: tuple[Item, ...]
    points: float
    is_bonus: bool

    @property
    def right_points(self) -> float:
        """What its items are worth; what it says itself if it is about no known items."""
        return sum(item.max_points for item in self.items) if self.items else self.points


Groups = Callable[[str], Sequence[Item]]
"""Gives the items of the part or problem that the label of a row names; none if it is unknown."""


class Statements:
    """The texts of one release, read once."""

    def __init__(
        self, assignment: Assignment, tree: Path, released: Mapping[str, NotebookNode]
    ) -> None:
        self.assignment = assignment
        self._checks = tree / "checks.py"
        text = (tree / "README.md").read_text(encoding="utf-8", errors="replace")
        self._readme = list(_lines("README.md", text))
        self._notebooks = {
            problem: list(_outline(problem, released[f"{problem.name}.ipynb"]))
            for problem in assignment.problems
        }

    def point_faults(self) -> Iterator[str]:
        """Points and items that are not those of the grade cells."""
        every = list(self.assignment.items.values())
        yield from _table_faults(self._readme, every, self._of_problem)
        for problem, outline in self._notebooks.items():
            parts = _parts(outline)
            title = _title(outline)
            yield from _table_faults(title, problem.items, partial(_of_part, parts))
            yield from _heading_faults(outline)
        for line in self._all_lines():
            yield from self._worth_faults(line)
        yield from self._check_faults(self._checks)

    def date_faults(self, opens: datetime, due: datetime) -> Iterator[str]:
        """Dates beside words such as "due" that are not those of course.toml."""
        zone = str(due.tzinfo)
        for line in self._all_lines():
            for match in _DATE.finditer(line.text):
                about = _about(line.text, match)
                if about is None:
                    continue
                right = opens if about == "opens" else due
                if differs := _difference(match, right):
                    yield f"{line.where} says {match[0].strip()!r}, {differs} in course.toml"
        for table in _tables(self._all_lines()):
            if any(_DATE.search(line.text) for line in table):
                strange = {z for line in table for z in _ZONE.findall(line.text)} - {zone}
                for each in sorted(strange & available_timezones()):
                    yield f"{table[0].where} gives dates in {each}; course.toml has {zone}"

    def _all_lines(self) -> Iterator[Line]:
        yield from self._readme
        for outline in self._notebooks.values():
            yield from (entry for entry in outline if isinstance(entry, Line))

    def _of_problem(self, label: str) -> Sequence[Item]:
        """The items of the problem that a label such as `Problem 1` names."""
        for problem in self.assignment.problems:
            if label and re.match(rf"{re.escape(label)}(?!\w)", problem.title):
                return problem.items
        return ()

    def _worth_faults(self, line: Line) -> Iterator[str]:
        """Sentences such as "each problem counts 10 points": something has to be worth that."""
        every = list(self.assignment.items.values())
        groups = [*([item] for item in every), *(p.items for p in self.assignment.problems), every]
        groups += [p for outline in self._notebooks.values() for p in _parts(outline).values()]
        for match in _WORTH.finditer(line.text):
            points = _number(match[1])
            if points >= 1 and not any(_is_any(points, _sums(group)) for group in groups):
                yield f"{line.where} says {match[0]!r}; no item, part or problem is worth that"

    def _check_faults(self, path: Path) -> Iterator[str]:
        """The items that the checks know: calls such as `Item("p1-newton", 2, bonus=True)`."""
        items, named = self.assignment.items, set()
        for node in ast.walk(parse_python(path)):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Item")):
                continue
            where = f"{path.name}, line {node.lineno}"
            name, points, bonus = _stated(node)
            if points is None:
                continue
            named.add(name)
            if name not in items:
                yield f"{where} knows an item {name}, which no notebook has"
            elif abs(points - items[name].max_points) > NEARLY:
                yield f"{where}: {points:g} points for {name}; {worth([items[name]])}"
            elif bonus is not items[name].bonus:
                kind = "a bonus item" if items[name].bonus else "no bonus item"
                yield f"{where}: {name} is {kind} in course.toml"
        if named and (missing := [name for name in items if name not in named]):
            yield f"{path.name} does not know the items {', '.join(missing)}"


def _lines(where: str, text: str) -> Iterator[Line]:
    """The lines of a text, blocks of code left out."""
    fence = ""
    for number, line in enumerate(text.split("\n"), start=1):
        mark = re.match(r"\s*(```|~~~)", line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        elif not fence:
            heading = _HEADING.match(line)
            yield Line(f"{where}, line {number}", line, len(heading[1]) if heading else 0)


def _outline(problem: Problem, notebook: NotebookNode) -> Iterator[Line | Item]:
    """The lines of a notebook's texts and its items, in their order."""
    items = {item.name: item for item in problem.items}
    for index, cell in enumerate(notebook.cells):
        if is_graded(cell) and grade_id(cell) in items:
            yield items[grade_id(cell)]
        elif cell.cell_type == "markdown" and not is_manual(cell):
            yield from _lines(str(place(problem.name, index, cell)), cell.source)


def _parts(outline: Sequence[Line | Item]) -> dict[str, list[Item]]:
    """The items below each heading such as `## a) The method`, by its letter."""
    parts: dict[str, list[Item]] = {}
    letter = ""
    for entry in outline:
        if isinstance(entry, Item):
            if letter:
                parts.setdefault(letter, []).append(entry)
        elif 0 < entry.level <= 2:
            match = _PART.match(entry.text.lstrip("# "))
            letter = match[1] if match else ""
    return parts


def _title(outline: Sequence[Line | Item]) -> Iterator[Line]:
    """The lines between a notebook's title and its next heading."""
    inside = False
    for entry in outline:
        if isinstance(entry, Line):
            inside = entry.level == 1 or (inside and not entry.level)
            if inside:
                yield entry


def _of_part(parts: Mapping[str, Sequence[Item]], label: str) -> Sequence[Item]:
    """The items of the part that a label such as `a` or `1a` names."""
    letter = re.fullmatch(r"\d*\(?([a-z])\)?", label)
    return parts.get(letter[1], ()) if letter else ()


def _table_faults(lines: Iterable[Line], scope: Sequence[Item], groups: Groups) -> Iterator[str]:
    """Rows with other points than their items; tables that don't hold all items of `scope`."""
    rows = []
    for column in _columns(lines, scope, groups):
        above: list[Row] = []
        for row in column:
            if _TOTAL.match(row.label):
                whole = sum(each.right_points for each in above)
                regular = sum(each.right_points for each in above if not each.is_bonus)
                if not _is_any(row.points, (whole, regular)):
                    yield f"{row.where} adds up to {row.points:g} points; the rows say {whole:g}"
                above = []
                continue
            above.append(row)
            yield from _row_faults(row, scope)
        rows += [row for row in column if not _TOTAL.match(row.label)]
    if not rows:
        return
    held = {item.name for row in rows for item in row.items}
    missing = [item.name for item in scope if item.name not in held]
    others = sum(row.points for row in rows if not row.items)
    found = others + sum(item.max_points for item in scope if item.name in held)
    if missing and not others:
        yield f"{rows[-1].where}: the table of points lacks {', '.join(missing)}"
    elif others and not _is_any(found, _sums(scope)):
        yield f"{rows[-1].where}: the table gives {found:g} points; {worth(scope)}"


def _row_faults(row: Row, scope: Sequence[Item]) -> Iterator[str]:
    is_name = re.fullmatch(r"[A-Za-z]\w*(?:-\w+)+", row.label)
    is_group = any(item.name.startswith(f"{row.label}-") for item in scope)
    if row.items and not _is_any(row.points, _sums(row.items)):
        yield f"{row.where}: {row.points:g} points for {row.label}; {worth(row.items)}"
    elif row.items and row.is_bonus and not any(item.bonus for item in row.items):
        yield f"{row.where}: {row.label} is no bonus item in course.toml"
    elif is_name and not (row.items or is_group):
        yield f"{row.where} has an item {row.label}, which no notebook has"


def _heading_faults(outline: Sequence[Line | Item]) -> Iterator[str]:
    """Headings, and lines in bold, with other points than the items that follow."""
    for index, entry in enumerate(outline):
        match = _BRACKET.search(entry.text) if isinstance(entry, Line) else None
        if isinstance(entry, Item) or match is None:
            continue
        if not entry.level and "**" not in entry.text[: match.start()]:
            continue
        level = entry.level or 6
        points, bonus = match[1] or match[3], match[2] or match[4]
        items: list[Item] = []
        for later in outline[index + 1 :]:
            if isinstance(later, Item):
                items.append(later)
            elif 0 < later.level <= level:
                break
        sums = [*(item.max_points for item in items[:1]), *_sums(items)]
        if not items:
            yield f"{entry.where} gives {match[0]!r}, and no item follows"
        elif not _is_any(_number(points), sums):
            yield f"{entry.where} gives {match[0]!r}; {worth(items)}"
        elif bonus and not any(item.bonus for item in items):
            yield f"{entry.where} gives {match[0]!r}; in course.toml it is no bonus item"


def _tables(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """The tables of a text: their lines without the one below the head."""
    table: list[Line] = []
    for line in (*lines, Line("", "")):
        if line.text.lstrip().startswith("|"):
            table.append(line)
        elif table:
            if len(table) > 2 and _SEPARATOR.match(table[1].text.strip()):
                yield [table[0], *table[2:]]
            table = []


def _columns(lines: Iterable[Line], scope: Sequence[Item], groups: Groups) -> Iterator[list[Row]]:
    """The rows of each column of points, with the label to the left of it."""
    for head, *body in _tables(lines):
        start = 0
        for column, name in enumerate(map(_bare, _cells(head.text))):
            if _POINTS_COLUMN.match(name) and column > start:
                rows = (_row(line, start, column, scope, groups) for line in body)
                yield [row for row in rows if row is not None]
                start = column + 1


def _row(line: Line, start: int, column: int, scope: Sequence[Item], groups: Groups) -> Row | None:
    """The row of a column of points; None where it has no points that can be read."""
    cells = _cells(line.text)
    if column >= len(cells) or (points := _sum(cells[column])) is None:
        return None
    labels = [_bare(cell) for cell in cells[start:column]]
    label = re.sub(r"\s*\([^)]*\)$", "", labels[0])
    words = {word for text in labels for word in re.findall(r"[\w-]+", text)}
    named = tuple(item for item in scope if item.name in words) or tuple(groups(label))
    is_bonus = "bonus" in " ".join([*labels, cells[column]]).lower()
    return Row(line.where, label, named, points, is_bonus)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _bare(text: str) -> str:
    """A cell's text without emphasis, code marks and links."""
    return re.sub(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}", "", text).strip()


def _sum(text: str) -> float | None:
    """The sum that a cell such as `1 + 2`, `8 × 1` or `1 bonus point` says; None for others."""
    plain = re.sub(r"\b(?:bonus|regular|points?|pts)\b|[()$]", "", _bare(text), flags=re.I)
    terms = [_TERM.match(part.strip()) for part in plain.split("+")]
    if not all(terms):
        return None
    return sum(_number(term[1]) * _number(term[2] or "1") for term in terms if term)


def _number(text: str) -> float:
    word = text.lower()
    return float(_WORDS.index(word) if word in _WORDS else word.replace(",", "."))


def _sums(items: Iterable[Item]) -> tuple[float, ...]:
    """What items are worth together: all of them, the regular ones, and those of the bonus."""
    items = list(items)
    bonus = sum(item.max_points for item in items if item.bonus)
    regular = sum(item.max_points for item in items if not item.bonus)
    return tuple(points for points in (regular + bonus, regular, bonus) if points)


def worth(items: Iterable[Item]) -> str:
    """What the grade cells of the items say, in words."""
    items = list(items)
    whole, *parts = _sums(items)
    names = items[0].name if len(items) == 1 else f"{items[0].name} to {items[-1].name}"
    split = f" ({parts[0]:g} regular, {parts[1]:g} bonus)" if len(parts) == 2 else ""
    cells = "cell of {} says" if len(items) == 1 else "cells of {} say"
    return f"the grade {cells.format(names)} {whole:g}{split}"


def _is_any(points: float, sums: Iterable[float]) -> bool:
    return any(abs(points - each) <= NEARLY for each in sums)


def _stated(call: ast.Call) -> tuple[str, float | None, bool]:
    """The name, points and bonus of an item; no points where it is not made of plain values."""
    given = [*call.args, *(None for _ in range(4))]
    named = {word.arg: word.value for word in call.keywords}
    name, points, _, bonus = (
        getattr(named.get(key, value), "value", None)
        for key, value in zip(("name", "points", "answers", "bonus"), given, strict=False)
    )
    if not (isinstance(name, str) and isinstance(points, int | float)):
        return "", None, False
    return name, float(points), bool(bonus)


def _about(text: str, date: re.Match[str]) -> str | None:
    """Whether a date is that of the opening or that when work is due; None where it is neither."""
    before = text[: date.start()]
    found = [match for match in _ABOUT.finditer(before) if date.start() - match.end() <= _NEAR]
    return found[-1].lastgroup if found else None


def _difference(date: re.Match[str], right: datetime) -> str:
    """What of a date in words is not the right one: "" where all that it says is right."""
    part = {key.rstrip("1234"): value for key, value in date.groupdict().items() if value}
    month = part["month"]
    names = [name[:3] for name in _MONTHS]
    number = int(month) if month.isdigit() else names.index(month[:3].lower()) + 1
    told = (int(part.get("year", right.year)), number, int(part["day"]))
    if told != (right.year, right.month, right.day):
        return f"it is {right:%Y-%m-%d}"
    if "weekday" in part and part["weekday"][:3].lower() != _DAYS[right.weekday()][:3]:
        return f"it is a {_DAYS[right.weekday()].capitalize()}"
    if "hour" in part:
        half = 12 if part.get("half", "").lower() == "pm" and int(part["hour"]) < 12 else 0
        if (int(part["hour"]) + half, int(part["minute"])) != (right.hour, right.minute):
            return f"it is {right:%H:%M}"
    return ""
