"""Deal the answers of a homework to its markers, item by item or in equal shares of the class.

Each answer has one marker. Some answers, the overlap, also have a second marker, who does not see
the first mark. The shares come from a shuffle that is the same each time. When answers are dealt
again, marked answers stay with the person who marked them; other answers change their marker only
if equal shares need it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.course.settings import did_you_mean
from autograder.desk.answers import Answer, place_in_queue
from autograder.desk.desk import Desk, check_marker
from autograder.errors import DeskError
from autograder.gradebook.handmarks import Deal, HandMarks, Place, same_name
from autograder.words import printable

EVENLY, NOBODY = "evenly", "none"
"""Words to write instead of a marker's name: deal the remaining items evenly, or end dealing."""

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?) ?%")


@dataclass(frozen=True)
class Wish:
    """The wanted markers of each item, in the order of the options; empty to end dealing."""

    markers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    overlap: float = 0.0

    @property
    def everybody(self) -> tuple[str, ...]:
        """All markers, each once."""
        return tuple(dict.fromkeys(name for names in self.markers.values() for name in names))


@dataclass(frozen=True)
class Share:
    """Numbers of answers dealt to a marker: for each item, as second marker, and already marked."""

    marker: str
    by_item: Mapping[str, int]
    second: int
    marked: int

    @property
    def answers(self) -> int:
        """Number of answers of all items."""
        return sum(self.by_item.values())


def read_wish(texts: Sequence[str], overlap: str | None, items: Sequence[str]) -> Wish:
    """Parse the values of `--deal` and `--overlap`; raise DeskError with advice if one is wrong."""
    if list(texts) == [NOBODY]:
        if overlap is not None:
            raise DeskError("--deal none ends dealing, so it takes no --overlap")
        return Wish()
    named: dict[str, list[str]] = {}
    evenly: list[str] = []
    for text in texts:
        name, values = _split(text)
        if name == EVENLY:
            evenly += values
            continue
        check_marker(name)
        for item in values:
            _check_item(item, items)
            named.setdefault(item, []).append(name)
    for name in evenly:
        check_marker(name)
    markers = {item: tuple(dict.fromkeys(named.get(item, evenly))) for item in items}
    if evenly and len(named) == len(items):
        raise DeskError("--deal evenly has nothing to deal: every item is dealt by name already")
    _check_spelling([*evenly, *(name for names in named.values() for name in names)])
    wish = Wish({item: names for item, names in markers.items() if names}, _share(overlap))
    if wish.overlap and len(wish.everybody) < 2:
        raise DeskError(
            f"--overlap needs two markers, but everything is dealt to {wish.everybody[0]}: name "
            "another marker with --deal"
        )
    return wish


def _check_spelling(names: Sequence[str]) -> None:
    """Raise DeskError if two names differ only in capitals or spaces, so they mean one person."""
    known: dict[str, str] = {}
    for name in names:
        first = known.setdefault(same_name(name), name)
        if first != name:
            raise DeskError(
                f"{printable(first)} and {printable(name)} are the same marker for the desk, which "
                "ignores capitals and spaces: use one spelling, or add a last name"
            )


def _split(text: str) -> tuple[str, list[str]]:
    name, sign, values = text.partition("=")
    listed = [each.strip() for each in values.split(",") if each.strip()]
    if not sign or not name.strip() or not listed:
        raise DeskError(
            f"--deal {printable(text)} is not clear: write --deal MARKER=ITEM,ITEM or --deal "
            "evenly=MARKER,MARKER, or --deal none to end dealing"
        )
    return name.strip(), listed


def _check_item(name: str, items: Sequence[str]) -> None:
    if name not in items:
        hint = did_you_mean(name, items) or f"its items are: {', '.join(items) or 'none'}"
        raise DeskError(f"this homework has no item {printable(name)} that people mark; {hint}")


def _share(overlap: str | None) -> float:
    if overlap is None:
        return 0.0
    found = _PERCENT.fullmatch(overlap.strip())
    share = float(found[1]) / 100 if found else 0.0
    if not 0 < share <= 1:
        raise DeskError(
            f"--overlap is {printable(overlap)}; write a percentage from 1% to 100%, such as 10%"
        )
    return share


# --- dealing -------------------------------------------------------------------------------------


def deal(desk: Desk, texts: Sequence[str], overlap: str | None = None) -> list[Share]:
    """Deal a homework's answers and return each marker's share; with "none", end dealing."""
    wish = read_wish(texts, overlap, list(desk.items))
    with desk.changing() as now:
        markers = deal_answers(_with_known_names(wish, now.log), now.answers, now.log)
        before = now.log.deal
        if (before.markers if before else {}) != markers:
            new = Deal(after=before.uid if before else "", markers=markers)
            desk.append(now, [new])
        return list(shares(now.log))


def _with_known_names(wish: Wish, log: HandMarks) -> Wish:
    """Return the wish with each marker's name spelt as in the log."""
    markers = {
        item: tuple(dict.fromkeys(map(log.marker_named, names)))
        for item, names in wish.markers.items()
    }
    return Wish(markers, wish.overlap)


def deal_answers(
    wish: Wish, answers: Mapping[Place, Answer], log: HandMarks
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the markers of each answer, by item and student."""
    first, second = Counter[str](), Counter[str]()
    dealt: dict[str, dict[str, tuple[str, ...]]] = {}
    for item, names in wish.markers.items():
        students = sorted(
            (student for name, student in answers if name == item),
            key=lambda student: place_in_queue("deal", item, student),
        )
        chosen = _first_markers(item, students, names, log, first)
        blank = {student for student in students if answers[item, student].is_blank}
        pairs = _second_markers(item, chosen, blank, wish, log, second)
        dealt[item] = {
            student: (name, pairs[student]) if student in pairs else (name,)
            for student, name in chosen.items()
        }
    return dealt


def _first_markers(
    item: str, students: Sequence[str], names: Sequence[str], log: HandMarks, load: Counter[str]
) -> dict[str, str]:
    """Return the first marker of each answer; add each marker's number of answers to `load`."""
    mine: Counter[str] = Counter()
    chosen: dict[str, str] = {}
    for student in students:
        name = _who_marked(log, item, student)
        if name:
            chosen[student] = name
            mine[name] += 1
    most = math.ceil(len(students) / len(names))
    for student in students:
        before = _dealt(log, item, student)[:1]
        if student not in chosen and before and before[0] in names and mine[before[0]] < most:
            chosen[student] = before[0]
            mine[before[0]] += 1
    for student in students:
        if student not in chosen:
            name = min(names, key=lambda name: (mine[name], load[name] + mine[name]))
            chosen[student] = name
            mine[name] += 1
    load.update(mine)
    return chosen


def _who_marked(log: HandMarks, item: str, student: str) -> str:
    """Return the marker of an answer, preferably the one it is dealt to; "" if nobody marked it."""
    marks = log.marks(item, student)
    if marks.newest is None or not marks.newest.is_marked:
        return ""
    dealt = _dealt(log, item, student)[:1]
    who = {mark.marker for mark in marks.history if mark.is_marked and not mark.second}
    return dealt[0] if dealt and dealt[0] in who else marks.newest.marker


def _second_markers(
    item: str,
    first: Mapping[str, str],
    blank: set[str],
    wish: Wish,
    log: HandMarks,
    load: Counter[str],
) -> dict[str, str]:
    """Return the second marker of each answer in the overlap; add these answers to `load`."""
    chosen: dict[str, str] = {}
    for student, name in first.items():
        marked = [each for each in log.marks(item, student).second_markers if each != name]
        if marked:
            chosen[student] = marked[-1]
    wanted = math.ceil(round(wish.overlap * len(first.keys() - blank), 6))
    kept = [student for student in first if len(_dealt(log, item, student)) > 1]
    for student in dict.fromkeys((*kept, *first)):
        others = _others(first[student], item, wish)
        if len(chosen) < wanted and student not in chosen and student not in blank and others:
            before = _dealt(log, item, student)[1:]
            keeps = before and before[0] in others
            chosen[student] = before[0] if keeps else min(others, key=lambda name: load[name])
            load[chosen[student]] += 1
    return chosen


def _others(marker: str, item: str, wish: Wish) -> list[str]:
    """Return the possible second markers of an answer: those of its item, or else all others."""
    same = [name for name in wish.markers[item] if name != marker]
    return same or [name for name in wish.everybody if name != marker]


def _dealt(log: HandMarks, item: str, student: str) -> tuple[str, ...]:
    return log.deal.markers.get(item, {}).get(student, ()) if log.deal else ()


def shares(log: HandMarks) -> Iterator[Share]:
    """Yield each marker's share in the current deal."""
    dealt = list(_places(log))
    names = dict.fromkeys(name for _, markers in dealt for name in markers)
    for name in names:
        mine = [(place, markers) for place, markers in dealt if name in markers]
        yield Share(
            name,
            Counter(item for (item, _), _ in mine),
            sum(markers[0] != name for _, markers in mine),
            sum(_is_marked(log, place, markers, name) for place, markers in mine),
        )


def _places(log: HandMarks) -> Iterable[tuple[Place, tuple[str, ...]]]:
    for item, students in (log.deal.markers if log.deal else {}).items():
        for student, markers in students.items():
            yield (item, student), markers


def _is_marked(log: HandMarks, place: Place, markers: Sequence[str], name: str) -> bool:
    marks = log.marks(*place)
    if markers[0] != name:
        return name in marks.second_markers
    return marks.newest is not None and marks.newest.is_marked
