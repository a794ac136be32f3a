"""Write facts into a homework's texts: items, points, dates and tolerance.

Filling takes the values from the grade cells and course.toml, and writes them between a pair of
tags such as

    <!-- points -->
    <!-- /points -->

in a README or in the locked texts of a notebook. The tag `items` is for the table of items in a
notebook. The tags `points`, `dates` and `tolerance` are for the README.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import zip_longest

from autograder.course.assignment import Assignment, Course, Item, Problem
from autograder.errors import ReleaseError
from autograder.words import counted

_MARK = re.compile(r"<!-- (/?)([a-z]+) -->")
_PAIR = re.compile(r"<!-- ([a-z]+) -->(?:(?!<!-- /?[a-z]+ -->).)*<!-- /\1 -->", re.DOTALL)

_LONGEST_WORD = 12
"""Number of letters that fit into the last column of a table on a phone."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def with_facts(text: str, facts: Mapping[str, str], where: object) -> str:
    """Return the text with the facts written between its tags.

    Raises a ReleaseError that names a tag without a matching tag, or with an unknown name.
    """
    lone = _MARK.search(_PAIR.sub("", text))
    if lone:
        raise ReleaseError(f"{where}: {lone[0]} has no matching {_counterpart(lone)}: add this tag")

    def write(pair: re.Match[str]) -> str:
        name = pair[1]
        if name not in facts:
            known = ", ".join(facts)
            raise ReleaseError(f"{where}: <!-- {name} --> is unknown; use one of: {known}")
        return f"<!-- {name} -->{facts[name]}<!-- /{name} -->"

    return _PAIR.sub(write, text)


def without_facts(text: str) -> str:
    """Return the text without the parts between tags; each remaining line keeps its line number."""
    return _PAIR.sub(lambda pair: "\n" * pair[0].count("\n"), text)


def readme_facts(course: Course, assignment: Assignment) -> dict[str, str]:
    """Return the facts for a README: a dict from the name of each tag to its text."""
    return {
        "dates": _block(_dates(assignment, course.timezone.key)),
        "points": _block([_worth(course, assignment), "", *_points(assignment)]),
        "tolerance": rf"$\max|a - e| \le {_power(assignment.tolerance)}\,\max|e|$",
    }


def notebook_facts(problem: Problem) -> dict[str, str]:
    """Return the facts for a notebook's texts: a dict from the name of each tag to its text."""
    rows = [
        f"| {item.name} | {item.max_points:g}{' (bonus)' * item.bonus} | {_asked(item)} |"
        for item in problem.items
    ]
    head = ["| item | points | what you write |", "|---|---|---|"]
    return {"items": _block([*head, *rows, f"| **total** | **{_total(problem.items)}** | |"])}


def _counterpart(mark: re.Match[str]) -> str:
    return f"<!-- {mark[2]} -->" if mark[1] else f"<!-- /{mark[2]} -->"


def _block(lines: Iterable[str]) -> str:
    return "\n\n" + "\n".join(lines) + "\n\n"


def _dates(assignment: Assignment, zone: str) -> list[str]:
    opens, due = in_words(assignment.opens), in_words(assignment.due)
    return [f"| | date ({zone}) |", "|---|---|", f"| opens | {opens} |", f"| due | {due} |"]


def in_words(moment: datetime) -> str:
    """Return the date in English, such as Thursday, 21 November 2024, 23:55."""
    day, month = DAYS[moment.weekday()], MONTHS[moment.month - 1]
    return f"{day}, {moment.day} {month} {moment.year}, {moment:%H:%M}"


def _worth(course: Course, assignment: Assignment) -> str:
    regular, bonus = sums(assignment.items.values())
    text = f"The homework is worth {counted(regular, 'point')}"
    text += f", and {counted(bonus, 'bonus point')} on top." if bonus else "."
    rules = course.rules(assignment.name)
    if bonus and rules.bonus_stated:
        can = "can" if rules.bonus_above_maximum else "can't"
        text += f" Bonus points {can} raise your mark above {regular:g}."
    counting = course.counting
    if assignment.name in counting.assignments and counting.best < len(counting.assignments):
        of = f"{counting.best} of {len(counting.assignments)} homeworks"
        text += f" The course counts your best {of}."
    return text


def _points(assignment: Assignment) -> list[str]:
    """Return a table of all items, with the problems side by side."""
    columns = [
        [f"{_labelled(item)} | {item.max_points:g}" for item in problem.items]
        for problem in assignment.problems
    ]
    heads = [problem.title.partition(":")[0] for problem in assignment.problems]
    totals = [f"**total** | **{_total(problem.items)}**" for problem in assignment.problems]
    first = [f"{head} | points" for head in heads]
    rows = [first, *zip_longest(*columns, fillvalue="|"), totals]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [lines[0], "|" + 2 * len(heads) * "---|", *lines[1:]]


def _labelled(item: Item) -> str:
    kinds = ["text"] * (item.kind == "manual") + ["bonus"] * item.bonus
    return f"{item.name} ({', '.join(kinds)})" if kinds else item.name


def _asked(item: Item) -> str:
    if item.kind == "manual":
        return "a text"
    return ", ".join(map(_as_code, (asked.name for asked in item.references)))


def _as_code(name: str) -> str:
    """Return a name as code; on a narrow page, a long name may wrap after an underscore."""
    if len(name) <= _LONGEST_WORD:
        return f"`{name}`"
    return f"<code>{name.replace('_', '_<wbr>')}</code>"


def sums(items: Iterable[Item]) -> tuple[float, float]:
    """Return the regular points and the bonus points."""
    items = list(items)
    bonus = sum(item.max_points for item in items if item.bonus)
    return sum(item.max_points for item in items) - bonus, bonus


def _total(items: Iterable[Item]) -> str:
    regular, bonus = sums(items)
    return f"{regular:g} + {bonus:g} bonus" if bonus else f"{regular:g}"


def _power(number: float) -> str:
    """Return a small number as LaTeX code, such as 2\\cdot10^{-3}."""
    digits, _, exponent = f"{number:e}".partition("e")
    factor = f"{float(digits):g}"
    return f"{factor}\\cdot10^{{{int(exponent)}}}" if factor != "1" else f"10^{{{int(exponent)}}}"
