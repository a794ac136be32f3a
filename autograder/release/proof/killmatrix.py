"""The kill matrix: which items each misconception loses. It should be its own, and no other."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from types import FunctionType

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.capacity import Machine
from autograder.course.assignment import NEARLY, Assignment, Course
from autograder.grading import forkserver
from autograder.grading.diagnosis import Diagnostician
from autograder.grading.inprocess import LocalMarker, LocalMarking
from autograder.grading.misconceptions import Misconception, load_misconceptions, names_in
from autograder.grading.plugin import Outcome
from autograder.grading.points import joined_names
from autograder.grading.trialcache import Keep
from autograder.grading.versions import hash_of_tests
from autograder.release.proof.earlier import earlier_findings

Watch = Callable[[int, int], None]
"""Told how many misconceptions are done, of how many."""


@dataclass(frozen=True)
class Row:
    """A misconception's way through the hidden tests of its problem.

    `lost` is the share of its points that each item of the problem loses, `named` the name of the
    misconception that diagnosis finds in it ("" where it stays silent), `broken` the error by
    which it fails to be an answer at all: a name that it misses, or a call of itself without end.
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
        """Whether its own item notices it."""
        return self.lost[self.item] > NEARLY

    @property
    def strays(self) -> tuple[str, ...]:
        """The other items that lose points through it."""
        return tuple(
            name for name, lost in self.lost.items() if name != self.item and lost > NEARLY
        )


@dataclass(frozen=True)
class KillMatrix:
    """All misconceptions of an assignment against all its auto items, on one seed's inputs.

    `earlier` says that an earlier call found all of it, with the same tests.
    """

    assignment: str
    seed: int
    items: tuple[str, ...]
    rows: tuple[Row, ...]
    earlier: bool = False

    @property
    def survivors(self) -> tuple[Row, ...]:
        """Those that no test of their own item notices."""
        return tuple(row for row in self.rows if not row.killed)

    @property
    def misnamed(self) -> tuple[Row, ...]:
        """Those that diagnosis takes for another one."""
        return tuple(row for row in self.rows if row.named not in ("", row.name))

    @property
    def named(self) -> int:
        """How many diagnosis calls by their name."""
        return sum(row.named == row.name for row in self.rows)

    def faults(self) -> Iterator[str]:
        """What speaks against the hidden tests, in sentences."""
        for row in self.rows:
            if row.broken:
                yield f"item {row.item}: the misconception {row.name!r} ends in a {row.broken}"
        for row in self.survivors:
            yield f"item {row.item}: its tests let the misconception {row.name!r} pass"
        for row in self.rows:
            for item in row.strays:
                yield f"item {item}: it loses points through {row.name!r}, which is {row.item}'s"
        for row in self.misnamed:
            yield f"item {row.item}: {row.name!r} is taken for {row.named!r}"

    def summary(self) -> str:
        """The matrix in a line, with the items of which it shows nothing."""
        killed = len(self.rows) - len(self.survivors)
        found = f"{killed} of {len(self.rows)} caught, {self.named} called by name"
        tried = {row.item for row in self.rows}
        untried = [item for item in self.items if item not in tried]
        return f"{found}; none is known for {', '.join(untried)}" if untried else found

    def to_csv(self) -> str:
        """One line for each misconception, one column for each item."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["item", "misconception", "named", "keeps", *self.items])
        for row in self.rows:
            cells = [f"{row.lost[item]:g}" if item in row.lost else "" for item in self.items]
            writer.writerow([row.item, row.name, row.named, f"{row.keeps:g}", *cells])
        return file.getvalue()

    def to_html(self) -> str:
        """A page with the matrix as a table; it loads nothing."""
        loader = PackageLoader("autograder.release.proof")
        pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        return pages.get_template("killmatrix.html").render(matrix=self, lost_from=NEARLY) + "\n"


def kill_matrix(
    course: Course,
    assignment: Assignment,
    *,
    seed: int | None = None,
    workers: int | None = None,
    watch: Watch | None = None,
    earlier: bool = False,
    again: bool = False,
) -> KillMatrix:
    """Have every misconception take the hidden tests of its problem.

    With `earlier`, rows that an earlier call found with the same tests count (unless `again` is
    set), and new ones are kept.
    """
    seed = assignment.seed if seed is None else seed
    catalogue = load_misconceptions(course, assignment)
    auto = tuple(item.name for item in assignment.select("auto"))
    wanted = [item for item in auto if catalogue.of(item)]
    keep = earlier_findings("matrix", course, assignment, seed=seed) if earlier else None
    rows: dict[str, list[Row]] = {
        item: [] if keep is None or again else keep.find(item) or [] for item in wanted
    }
    waiting = [item for item, found in rows.items() if not found]
    # items with many misconceptions take longest; done last, one would keep a processor idle
    waiting.sort(key=lambda item: -len(catalogue.of(item)))
    workers = min(workers or Machine().processors(), len(waiting))
    for item, found in zip(waiting, _rows(course, assignment, waiting, seed, workers), strict=True):
        rows[item] = found
        if keep is not None:
            keep.put(item, found)
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
    """The rows of one item's misconceptions."""
    course = Course(root)
    assignment = course.assignment(name)
    marker = LocalMarker(course, assignment, seed=seed)
    problem = assignment.items[item].problem
    keep = Keep(hash_of_tests(course, assignment, seed))
    diagnostician = Diagnostician(course, assignment, seed, keep)
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
    """Which items of a problem can notice a change of some names.

    An item's tests can where they use one of the names themselves, or a function that does: what
    they use is seen in their transcripts with the reference. All others find what they find there.
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
        """The items that can notice the misconception, its own one among them."""
        changed = misconception.answers.keys()
        found = {item for item, names in self.items.items() if names & changed}
        return tuple(sorted(found | {misconception.item}))


def _names_below(name: str, world: Mapping[str, object]) -> set[str]:
    """The name and all names of the world that its function uses, directly or through others."""
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
