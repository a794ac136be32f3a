"""Mark the kit's own answers, function by function, without a sandbox.

The kit's answers get the same hidden tests, follow-through and points as a submission, but the code
runs in this process. Never use this module for students' code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from autograder.course.assignment import Assignment, Course, Item
from autograder.grading.followthrough import load_called, read_pairs
from autograder.grading.hiddentests import HiddenTests
from autograder.grading.misconceptions import world_of
from autograder.grading.plugin import MarkingPlugin, Outcome
from autograder.grading.points import charge_once, item_report, outcomes_by_item
from autograder.grading.report import ItemReport, NotebookReport

if TYPE_CHECKING:
    from autograder.sandbox.inprocess import LocalStudent


@dataclass(frozen=True)
class LocalMarking:
    """The hidden tests' outcomes, by item, and the points for these outcomes."""

    outcomes: Mapping[str, tuple[Outcome, ...]]
    items: Mapping[str, ItemReport]

    def lost(self, item: str) -> float:
        """Return the lost share of the item's points."""
        found = self.items[item]
        return 1.0 - found.points / found.max_points


class LocalMarker:
    """A marker of answers that uses one assignment's hidden tests, with the inputs of one seed."""

    def __init__(self, course: Course, assignment: Assignment, *, seed: int | None = None) -> None:
        self.course = course
        self.assignment = assignment
        self.seed = assignment.seed if seed is None else seed

    def mark(
        self, problem: str, answers: Mapping[str, Any], items: Collection[str] | None = None
    ) -> LocalMarking:
        """Mark one notebook, as `mark_each` does."""
        return self.mark_each(problem, [answers], items)[0]

    def mark_each(
        self,
        problem: str,
        answers: Sequence[Mapping[str, Any]],
        items: Collection[str] | None = None,
        *,
        core: bool = False,
    ) -> list[LocalMarking]:
        """Mark a notebook of `problem` for each set of answers; other answers are the reference's.

        `items` are the problem's items to test (default: all its auto items). `core` leaves out
        robustness tests.
        """
        auto = [item for item in self.assignment.select("auto") if item.problem == problem]
        wanted = [item for item in auto if items is None or item.name in items]
        plugin = MarkingPlugin(self.assignment, only={item.name for item in wanted}, core=core)
        hidden = self.course.hidden(self.assignment.name)
        pairs = read_pairs(self.course, self.assignment)
        references = load_called(self.course, self.assignment, pairs)
        found = []
        with (
            self.course.beside_files(self.assignment),
            closing(HiddenTests(hidden, plugin)) as tests,
        ):
            for each in answers:
                plugin.begin(partial(self._student, each), self.seed, references, pairs)
                tests.run()
                plugin.end()
                found.append(_marking(wanted, outcomes_by_item(plugin.outcomes)))
        return found

    def world(self, problem: str) -> dict[str, Any]:
        """Return the globals of a finished notebook of the problem."""
        with self.course.beside_files(self.assignment):
            return world_of(self.course, self.assignment, problem, {})

    def _student(self, answers: Mapping[str, Any], problem: str) -> LocalStudent:
        from autograder.sandbox.inprocess import LocalStudent  # imports matplotlib

        return LocalStudent(partial(world_of, self.course, self.assignment, problem, answers))


def _marking(items: Iterable[Item], found: Mapping[str, Sequence[Outcome]]) -> LocalMarking:
    outcomes = {item.name: tuple(found.get(item.name, ())) for item in items}
    notebook = NotebookReport(state="marked")
    reports = {item.name: item_report(item, outcomes[item.name], notebook) for item in items}
    return LocalMarking(outcomes, charge_once(reports))
