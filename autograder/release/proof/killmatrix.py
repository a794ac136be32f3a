"""The kill matrix: each misconception must lose points in its own item and in no other item."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.cache import ResultCache, cache_folder
from autograder.capacity import Machine
from autograder.course.assignment import NEARLY, Assignment, Course
from autograder.grading import forkserver
from autograder.grading.diagnosis import Diagnostician
from autograder.grading.inprocess import LocalMarker, LocalMarking
from autograder.grading.misconceptions import Misconception, load_misconceptions, names_in
from autograder.grading.plugin import Outcome
from autograder.grading.points import joined_names
from autograder.grading.versions import hash_of_tests
from autograder.release.proof.earlier import earlier_findings

if TYPE_CHECKING:
    from autograder.console import ProgressCallback


@dataclass(frozen=True)
class Row:
    """The results of one misconception in the hidden tests of its problem.

    `lost` is a dict from each item of the problem to the share of the item's points that is lost.
    `named` is the misconception that diagnosis finds, or "" if diagnosis finds none. `broken` is
    the error of a misconception that does not work as an answer: NameError, or RecursionError if it
    calls itself.
    """

    name: str
    item: str
    sentence: str
    keeps: float
    lost: Mapping[str, float]
    named: str
    broken: str = ""

    @property
    def killed(self) -> bool:
        """Whether the misconception loses points in its own item."""
        return self.lost[self.item] > NEARLY

    @property
    def strays(self) -> tuple[str, ...]:
        """The items that lose points although the misconception does not belong to them."""
        return tuple(
            name for name, lost in self.lost.items() if name != self.item and lost > NEARLY
        )


@dataclass(frozen=True)
class KillMatrix:
    """The results of all misconceptions of an assignment in all its auto items, for one seed.

    `earlier` is True if all rows come from an earlier call with the same tests.
    """

    assignment: str
    seed: int
    items: tuple[str, ...]
    rows: tuple[Row, ...]
    earlier: bool = False

    @property
    def survivors(self) -> tuple[Row, ...]:
        """The misconceptions that lose no points in their own item."""
        return tuple(row for row in self.rows if not row.killed)

    @property
    def misnamed(self) -> tuple[Row, ...]:
        """The misconceptions that diagnosis mistakes for another misconception."""
        return tuple(row for row in self.rows if row.named not in ("", row.name))

    @property
    def named(self) -> int:
        """Number of misconceptions that diagnosis recognises."""
        return sum(row.named == row.name for row in self.rows)

    def faults(self) -> Iterator[str]:
        """Yield a sentence for each fault of the hidden tests or the misconceptions."""
        for row in self.rows:
            if row.broken:
                yield f"item {row.item}: the misconception {row.name!r} ends with a {row.broken}"
        for row in self.survivors:
            yield f"item {row.item}: the item's tests do not notice the misconception {row.name!r}"
        for row in self.rows:
            for item in row.strays:
                yield f"item {item} loses points with {row.name!r}, which belongs to {row.item}"
        for row in self.misnamed:
            yield f"item {row.item}: {row.name!r} is diagnosed as {row.named!r}"

    def summary(self) -> str:
        """Return the matrix in one line, with the items that have no misconceptions."""
        killed = len(self.rows) - len(self.survivors)
        found = f"{killed} of {len(self.rows)} caught, {self.named} diagnosed"
        tried = {row.item for row in self.rows}
        untried = [item for item in self.items if item not in tried]
        return f"{found}; no misconceptions for {', '.join(untried)}" if untried else found

    def to_csv(self) -> str:
        """Return a table with one row per misconception and one column per item."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["item", "misconception", "named", "keeps", *self.items])
        for row in self.rows:
            cells = [f"{row.lost[item]:g}" if item in row.lost else "" for item in self.items]
            writer.writerow([row.item, row.name, row.named, f"{row.keeps:g}", *cells])
        return file.getvalue()

    def to_html(self) -> str:
        """Return a self-contained page with the matrix as a table."""
        loader = PackageLoader("autograder.release.proof")
        pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        return pages.get_template("killmatrix.html").render(matrix=self, lost_from=NEARLY) + "\n"


def kill_matrix(
    course: Course,
    assignment: Assignment,
    *,
    seed: int | None = None,
    workers: int | None = None,
    watch: ProgressCallback | None = None,
    earlier: bool = False,
    again: bool = False,
) -> KillMatrix:
    """Run the hidden tests of each problem on all its misconceptions.

    `earlier` is a cache of rows from earlier calls with the same tests. Cached rows are reused,
    unless `again` is set; new rows are added. `watch` is called with the number of misconceptions
    that are done.
    """
    seed = assignment.seed if seed is None else seed
    catalogue = load_misconceptions(course, assignment)
    auto = tuple(item.name for item in assignment.select("auto"))
    wanted = [item for item in auto if catalogue.of(item)]
    cache = earlier_findings("matrix", course, assignment, seed=seed) if earlier else None
    rows: dict[str, list[Row]] = {
        item: [] if cache is None or again else cache.find(item) or [] for item in wanted
    }
    waiting = [item for item, found in rows.items() if not found]
    # items with many misconceptions take longest, so start them first: if they were started last,
    # processors would be idle at the end
    waiting.sort(key=lambda item: -len(catalogue.of(item)))
    workers = min(workers or Machine().processors(), len(waiting))
    for item, found in zip(waiting, _rows(course, assignment, waiting, seed, workers), strict=True):
        rows[item] = found
        if cache is not None:
            cache.put(item, found)
        if watch is not None:
            watch(sum(map(len, rows.values())), len(catalogue))
    every, is_earlier = tuple(chain(*rows.values())), bool(rows and not waiting)
    return KillMatrix(assignment.name, seed, auto, every, is_earlier)


def _rows(
    course: Course, assignment: Assignment, items: list[str], seed: int, workers: int
) -> Iterator[list[Row]]:
    if workers <= 1:
        yield from (_rows_of(course.root, assignment.name, item, seed) for item in items)
        return
    with ProcessPoolExecutor(workers, mp_context=forkserver.start()) as pool:
        with forkserver.starting():
            jobs = [
                pool.submit(_rows_of, course.root, assignment.name, item, seed) for item in items
            ]
        for job in jobs:
            yield job.result()


def _rows_of(root: Path, name: str, item: str, seed: int) -> list[Row]:
    """Return the rows of one item's misconceptions."""
    course = Course(root)
    assignment = course.assignment(name)
    marker = LocalMarker(course, assignment, seed=seed)
    problem = assignment.items[item].problem
    cache = ResultCache(hash_of_tests(course, assignment, seed), cache_folder("trials"))
    diagnostician = Diagnostician(course, assignment, seed, cache)
    wrong = diagnostician.catalogue.of(item)
    reach = _Reach(marker, problem)
    markings: dict[str, LocalMarking] = {}
    for items, group in groupby(sorted(wrong, key=reach.of), reach.of):
        found = list(group)
        marked = marker.mark_each(problem, [m.answers for m in found], items)
        markings |= zip((m.name for m in found), marked, strict=True)
    diagnostician.learn(item, {name: each.outcomes[item] for name, each in markings.items()})
    return [_row(m, markings[m.name], diagnostician, reach.items) for m in wrong]


class _Reach:
    """Finds the items of a problem whose tests can notice a change of some names.

    An item's tests notice a change if the tests use one of the names, directly or through a
    function. The transcripts of the tests with the reference show the names that each test uses.
    All other items give the same results as with the reference.
    """

    def __init__(self, marker: LocalMarker, problem: str) -> None:
        world = marker.world(problem)
        self.items = {
            item: frozenset(
                name
                for outcome in outcomes
                for event in outcome.transcript
                for name in _names_below(event.name, world)
            )
            for item, outcomes in marker.mark(problem, {}).outcomes.items()
        }

    def of(self, misconception: Misconception) -> tuple[str, ...]:
        """Return the items whose tests can notice the misconception, including its own item."""
        changed = misconception.answers.keys()
        found = {item for item, names in self.items.items() if names & changed}
        return tuple(sorted(found | {misconception.item}))


def _names_below(name: str, world: Mapping[str, object]) -> set[str]:
    """Return a name and all names that its function uses, directly or through other functions."""
    found: set[str] = set()
    waiting = {name}
    while waiting:
        found |= waiting
        functions = (world.get(name) for name in waiting)
        codes = [f.__code__ for f in functions if isinstance(f, FunctionType)]
        used = set().union(*map(names_in, codes))
        waiting = (used & world.keys()) - found
    return found


def _row(
    misconception: Misconception,
    marking: LocalMarking,
    diagnostician: Diagnostician,
    items: Collection[str],
) -> Row:
    item = misconception.item
    named = diagnostician.diagnose(item, marking.outcomes[item])
    return Row(
        name=misconception.name,
        item=item,
        sentence=misconception.sentence,
        keeps=misconception.keeps,
        lost={name: marking.lost(name) if name in marking.items else 0.0 for name in items},
        named=joined_names(named),
        broken=_broken(marking.outcomes[item]),
    )


def _broken(outcomes: Sequence[Outcome]) -> str:
    events = (event for outcome in outcomes for event in outcome.transcript if not event.without)
    errors = (event.failure.partition(": ")[2] for event in events)
    return next((error for error in errors if error in ("NameError", "RecursionError")), "")
