"""The class report as one page, in words, tables and pictures.

The page contains its style, its pictures and one small script, which sorts tables. It forbids the
browser to run or load anything else. Students' answers appear as plain text.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from importlib.resources import files

import numpy as np
from jinja2 import Environment
from markupsafe import Markup

from autograder.course.assignment import NEARLY, Assignment, Course, Item
from autograder.pages.classreport import pictures
from autograder.pages.classreport.pictures import Series
from autograder.pages.classreport.reading import ClassRecord, StudentRecord
from autograder.pages.classreport.similarity import MAX_CELL, SharedCell, SimilarPair
from autograder.pages.classreport.statistics import (
    FEWEST,
    ItemStatistics,
    Spread,
    analyse_items,
    cronbach_alpha,
    histogram,
    settled_items,
    spread,
)
from autograder.pages.texts import templates

FIRST_SHOWN = 12
"""Number of misconceptions to show at first; a click shows all of them."""

MOST_CLAIMS = 10
"""Number of failed claims to list for answers without a named misconception."""


@dataclass(frozen=True)
class Distribution:
    """The distribution of one kind of points, and its picture."""

    title: str
    most: float
    spread: Spread
    picture: Markup


@dataclass(frozen=True)
class ItemRow:
    """One item: its statistics over the class, and the number of open marks."""

    item: Item
    statistics: ItemStatistics
    full: int
    none: int
    open: int


@dataclass(frozen=True)
class MisconceptionRow:
    """A misconception: the number of students who have it, and the points they lost in total."""

    item: str
    name: str
    sentence: str
    students: int
    share: float
    lost: float


@dataclass(frozen=True)
class FailedClaim:
    """A failed claim of answers without a named misconception."""

    item: str
    claim: str
    students: int


@dataclass(frozen=True)
class CheckRow:
    """Numbers of students who pass an item's visible check, its hidden tests, both or neither."""

    item: str
    both: int = 0
    only_visible: int = 0
    only_hidden: int = 0
    neither: int = 0
    unknown: int = 0

    @property
    def known(self) -> int:
        """Number of students with a known visible check and a known hidden mark."""
        return self.both + self.only_visible + self.only_hidden + self.neither


@dataclass(frozen=True)
class PairView:
    """A pair of students with similar answers, in the form that the page shows."""

    first: str
    second: str
    pair: SimilarPair
    cells: tuple[SharedCell, ...]


@dataclass(frozen=True)
class SimilarityView:
    """The similar pairs to show, and the number found.

    `most_sharers` is the largest number of students who may share a rare passage.
    """

    pairs: tuple[PairView, ...]
    found: int
    most_sharers: int


def render(
    course: Course,
    assignment: Assignment,
    record: ClassRecord,
    similar: SimilarityView | None,
    moment: datetime,
    *,
    anonymous: bool,
) -> str:
    """Return the page, dated `moment`; the page shows the names in `record` unchanged."""
    students = record.students
    items = list(assignment.items.values())
    script = _text("sort.js")
    rows = item_rows(items, students)
    checks = check_rows(items, students)
    return _environment().get_template("page.html").render(
        course=course,
        assignment=assignment,
        moment=moment,
        anonymous=anonymous,
        script=Markup(script),
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=Markup(_text("page.css")),
        record=record,
        students=students,
        distributions=list(_distributions(items, students)),
        item_rows=rows,
        items_picture=_items_picture(rows),
        not_drawn=[row.item.name for row in rows if not can_be_drawn(row)],
        alpha=_alpha(items, students),
        misconceptions=misconception_rows(items, students),
        first_shown=FIRST_SHOWN,
        failed_claims=failed_claims(students),
        check_rows=checks,
        checks_together=_together(checks),
        checks_picture=_checks_picture(checks),
        seconds=spread([each.seconds for each in students if each.seconds is not None]),
        protection=Counter(each.protection for each in students).most_common(),
        open_marks=sum(each.open_items for each in students),
        with_open=sum(each.open_items > 0 for each in students),
        late=[each for each in students if each.late > 0],
        versions=[each for each in students if each.versions],
        undated=[each for each in students if each.undated],
        similar=similar,
        most_letters=MAX_CELL,
    ) + "\n"  # fmt: skip


# --- counts --------------------------------------------------------------------------------------


def points_table(
    items: Sequence[Item], students: Sequence[StudentRecord]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the points of each student (row) and item (column); NaN for an unmarked item."""
    # numpy turns None into NaN
    points = [[student.points.get(item.name) for item in items] for student in students]
    return np.array(points, dtype=float).reshape(len(students), len(items))


def item_rows(items: Sequence[Item], students: Sequence[StudentRecord]) -> list[ItemRow]:
    """Return each item's statistics over the class."""
    table = points_table(items, students)
    best = np.array([item.max_points for item in items])
    full = (table >= best - NEARLY).sum(axis=0)
    none = (table <= NEARLY).sum(axis=0)
    still_open = np.isnan(table).sum(axis=0)
    return [
        ItemRow(item, statistics, int(full[k]), int(none[k]), int(still_open[k]))
        for k, (item, statistics) in enumerate(zip(items, analyse_items(table, best), strict=True))
    ]


def misconception_rows(
    items: Sequence[Item], students: Sequence[StudentRecord]
) -> list[MisconceptionRow]:
    """Return the named misconceptions, most costly to the class first, then most frequent first.

    The cost to the class is the sum of the points that students lost by the misconception.
    """
    best = {item.name: item.max_points for item in items}
    count: Counter[tuple[str, str]] = Counter()
    lost: dict[tuple[str, str], float] = {}
    sentences: dict[tuple[str, str], str] = {}
    for student in students:
        for name, finding in student.findings.items():
            if finding.misconception and name in best:
                key = name, finding.misconception
                count[key] += 1
                lost[key] = lost.get(key, 0.0) + best[name] - finding.points
                sentences[key] = finding.sentence
    rows = [
        MisconceptionRow(*key, sentences[key], n, n / len(students), round(lost[key], 2))
        for key, n in count.items()
    ]
    return sorted(rows, key=lambda row: (-row.lost, -row.students, row.item, row.name))


def failed_claims(students: Sequence[StudentRecord]) -> list[FailedClaim]:
    """Return the claims that failed most often in answers without a named misconception."""
    count = Counter(
        (item, claim)
        for student in students
        for item, finding in student.findings.items()
        if not finding.misconception
        for claim in finding.failed
    )
    ranked = sorted(count.items(), key=lambda each: (-each[1], each[0]))
    return [FailedClaim(item, claim, n) for (item, claim), n in ranked[:MOST_CLAIMS]]


def check_rows(items: Sequence[Item], students: Sequence[StudentRecord]) -> list[CheckRow]:
    """Compare visible checks with hidden tests, which a student passes only with full points.

    A visible check that says "not done yet" counts as failed.
    """
    return [
        CheckRow(item.name, **Counter(_agreement(item, student) for student in students))
        for item in items
        if item.kind == "auto"
    ]


def _agreement(item: Item, student: StudentRecord) -> str:
    """Return the name of the `CheckRow` field that counts the student."""
    finding, said = student.findings.get(item.name), student.visible.get(item.name)
    if finding is None or not finding.is_tested or said is None:
        return "unknown"
    passes_hidden = finding.points >= item.max_points - NEARLY
    if said == "passes":
        return "both" if passes_hidden else "only_visible"
    return "only_hidden" if passes_hidden else "neither"


def _together(rows: Sequence[CheckRow]) -> CheckRow:
    counts = zip(*(astuple(row)[1:] for row in rows), strict=True)
    return CheckRow("all items", *map(sum, counts))


def _alpha(items: Sequence[Item], students: Sequence[StudentRecord]) -> tuple[float | None, int]:
    """Return Cronbach's α of the items that are marked for everyone, and their number."""
    table = points_table(items, students)
    settled = settled_items(table)
    return cronbach_alpha(table[:, settled]), int(settled.sum())


# --- pictures ------------------------------------------------------------------------------------


def _distributions(
    items: Sequence[Item], students: Sequence[StudentRecord]
) -> Iterator[Distribution]:
    regular = sum(item.max_points for item in items if not item.bonus)
    bonus = sum(item.max_points for item in items if item.bonus)
    kinds = [("Regular points", regular, [each.regular for each in students])]
    if bonus:
        kinds.append(("Bonus points", bonus, [each.bonus for each in students]))
    # the course's rules may cap bonus points, so the largest total may be below the sum
    totals = [each.total for each in students]
    kinds.append(("Total", max([regular, *totals]), totals))
    for title, most, values in kinds:
        found = spread(values)
        assert found is not None
        edges, counts = histogram(values, most, min(10, max(4, int(most))))
        text = (
            f"Histogram of {found.n} students: median {found.median:.3g}, "
            f"quartiles {found.lower:.3g} and {found.upper:.3g}, on a scale to {most:.4g}."
        )
        name = title.split()[0].lower()
        picture = pictures.histogram_picture(name, title, text, edges, counts, "points")
        yield Distribution(title, most, found, picture)


def _items_picture(rows: Sequence[ItemRow]) -> Markup:
    shares = {row.item: row.statistics.difficulty or 0.0 for row in rows if can_be_drawn(row)}
    hardest = sorted(shares, key=shares.__getitem__)[:3]
    named = ", ".join(f"{item.name} {shares[item]:.0%}" for item in hardest)
    regular = [share * (not item.bonus) for item, share in shares.items()]
    bonus = [share * item.bonus for item, share in shares.items()]
    series = [Series("regular", regular, pictures.BLUE)]
    if any(bonus):
        series.append(Series("bonus", bonus, pictures.GREEN, "///"))
    return pictures.bars_picture(
        "items",
        "Mean share of each item's points",
        f"One bar for each item, from 0 to 1. The hardest items: {named or 'none marked yet'}.",
        [item.name for item in shares],
        series,
        "mean share of the points",
        1.0,
    )


def can_be_drawn(row: ItemRow) -> bool:
    """Return whether an item has enough final marks to draw a bar."""
    return row.statistics.n >= FEWEST


def _checks_picture(rows: Sequence[CheckRow]) -> Markup:
    together = _together(rows)
    text = (
        f"One bar for each item, in students. All items together: {together.both} pass both, "
        f"{together.only_visible} pass only the visible check, {together.only_hidden} only the "
        f"hidden tests, {together.neither} neither, {together.unknown} are unknown."
    )
    return pictures.bars_picture(
        "checks",
        "Visible check against hidden mark",
        text,
        [row.item for row in rows],
        [
            Series("both pass", [row.both for row in rows], pictures.GREEN),
            Series("visible only", [row.only_visible for row in rows], pictures.AMBER, "///"),
            Series("hidden only", [row.only_hidden for row in rows], pictures.BLUE, "..."),
            Series("neither", [row.neither for row in rows], pictures.RED, "xxx"),
            Series("unknown", [row.unknown for row in rows], pictures.GREY),
        ],
        "students",
    )


# --- the page ------------------------------------------------------------------------------------


def renamed(record: ClassRecord, shown: Callable[[str], str]) -> ClassRecord:
    """Return the class with its names replaced, sorted by the new names."""
    students = [replace(each, student=shown(each.student)) for each in record.students]
    absent = [replace(each, student=shown(each.student)) for each in record.absent]
    return ClassRecord(
        tuple(sorted(students, key=lambda each: _natural(each.student))),
        tuple(sorted(absent, key=lambda each: _natural(each.student))),
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """Return an alphabetical sort key that puts `Student 9` before `Student 10`."""
    parts = re.split(r"([0-9]{1,18})", name.casefold())
    return [(int(part), "") if k % 2 else (0, part) for k, part in enumerate(parts)]


def seconds_in_words(seconds: float) -> str:
    """Return text such as `3 min` or `2 d 4 h`."""
    minutes = max(1, round(seconds / 60))
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    return " ".join([f"{n} {unit}" for n, unit in parts if n][:2])


def _number(value: float | None, digits: int = 2) -> str:
    """Return a number with `digits` digits after the point; a dash for None."""
    # adding 0.0 removes the sign of a number that rounds to zero
    return "–" if value is None else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def _text(name: str) -> str:
    return files("autograder.pages.classreport").joinpath("templates", name).read_text("utf-8")


def _environment() -> Environment:
    environment = templates("autograder.pages.classreport")
    environment.filters.update(number=_number, time=seconds_in_words)
    return environment
