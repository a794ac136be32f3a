"""Trial submissions: the reference must earn every point, the skeleton and junk must earn none.

Trial submissions are marked in parallel, in the same way as students' submissions. The result of a
trial that passed is cached until a file or a setting that the trial depends on changes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nbformat import NotebookNode

from autograder.cache import ResultCache
from autograder.course.assignment import Assignment, Course
from autograder.course.gradecells import is_coded, may_raise, place
from autograder.course.layout import SUBMITTED
from autograder.errors import CourseError
from autograder.grading.exceeded import change_limits, exceeded, texts_of
from autograder.grading.misconceptions import load_misconceptions
from autograder.grading.report import ItemReport, Report
from autograder.release.proof.earlier import earlier_findings
from autograder.release.proof.findings import Finding, finding
from autograder.release.proof.junk import KINDS, write_junk, write_reference, write_skeleton
from autograder.release.proof.visible import (
    accepts_reference,
    catches,
    rejects_skeleton,
    write_wrong,
)
from autograder.words import counted

if TYPE_CHECKING:
    from autograder.grading.mark import Marking

Say = Callable[[str], None]

REFERENCE = "reference"
"""Name of the trial that all other trials depend on."""

LONG_SECONDS = 900.0
"""Seconds allowed for the trial that runs visible checks on hundreds of misconceptions."""


@dataclass(frozen=True)
class Trial:
    """A submission with known marks, with functions that write it and that judge its marks.

    If `is_long` is True, the trial gets more time than a student's submission.
    """

    name: str
    check: str
    write: Callable[[Path], None]
    judge: Callable[[Marking], Iterable[Finding]]
    is_long: bool = False

    def findings(self, marked: Marking | CourseError) -> list[Finding]:
        """Return the findings for the marks of a trial, or for the error that prevented marking."""
        try:
            if isinstance(marked, CourseError):
                raise marked
            return list(self.judge(marked))
        except CourseError as error:
            return [Finding(self.check, False, f"the trial can't be marked: {error}")]


@dataclass
class Trials:
    """Writes, marks and judges a release's trial submissions in the folder `scratch`.

    The results of trials that passed in an earlier proof are reused, unless `again` is set.
    """

    course: Course
    assignment: Assignment
    source: Path
    release: Path
    scratch: Path
    again: bool = False

    def findings(self, say: Say) -> list[Finding]:
        """Run all trials and return their findings; call `say` with the number of trials done.

        If the reference can't be marked, run no other trial: no other trial could be marked either.
        """
        trials = {trial.name: trial for trial in self._trials()}
        earlier = self._earlier()
        found: dict[str, list[Finding] | None] = {
            name: None if self.again else earlier.find(name) for name in trials
        }
        waiting = [trial for name, trial in trials.items() if found[name] is None]
        say(f"marking trial submissions: 0 of {len(waiting)}")
        with closing(self._marked(waiting)) as marking:
            for done, (name, marked) in enumerate(marking, start=1):
                found[name] = results = trials[name].findings(marked)
                if all(result.ok for result in results):
                    earlier.put(name, [replace(result, earlier=True) for result in results])
                if name == REFERENCE and isinstance(marked, CourseError):
                    return results
                say(f"marking trial submissions: {done} of {len(waiting)}")
        return [result for results in found.values() for result in results or ()]

    def _earlier(self) -> ResultCache:
        from autograder.sandbox import examine

        return earlier_findings(
            "trials",
            self.course,
            self.assignment,
            seed=self.assignment.seed,
            folders=(self.source, self.release),
            walls=examine().level,
        )

    def _trials(self) -> Iterator[Trial]:
        yield Trial(
            REFERENCE,
            "the reference earns every point",
            partial(write_reference, self.source, self.release),
            self._judge_reference,
        )
        yield Trial(
            "skeleton",
            "the untouched skeleton earns nothing",
            partial(write_skeleton, self.release),
            self._judge_skeleton,
        )
        catalogue = load_misconceptions(self.course, self.assignment)
        if len(catalogue):
            yield Trial(
                "misconceptions",
                "misconceptions that visible checks catch",
                partial(write_wrong, self.source, self.release, catalogue=catalogue),
                lambda marked: [catches(marked.notebooks, catalogue)],
                is_long=True,
            )
        for kind, words in KINDS.items():
            yield Trial(
                f"junk-{kind}",
                f"junk earns nothing: {words}",
                partial(write_junk, self.source, self.release, kind=kind),
                partial(self._judge_junk, words),
            )

    def _marked(self, trials: Iterable[Trial]) -> Generator[tuple[str, Marking | CourseError]]:
        """Write and mark trials as `fdl grade` does; yield the name and the result of each."""
        from autograder.grading.classrun import default_jobs, mark_class
        from autograder.grading.jobs import Job, MarkSettings

        jobs: dict[bool, list[Job]] = {False: [], True: []}
        for trial in trials:
            folder = self.scratch / SUBMITTED / trial.name
            try:
                trial.write(folder)
                jobs[trial.is_long].append(Job(trial.name, folder, self.release))
            except CourseError as error:
                yield trial.name, error
        limits = self.assignment.limits
        patient = MarkSettings(replace(limits, submission_seconds=LONG_SECONDS))
        for is_long, waiting in jobs.items():
            if waiting:
                marking = mark_class(
                    self.course,
                    self.assignment,
                    waiting,
                    workers=default_jobs(limits),
                    settings=patient if is_long else None,
                )
                with closing(marking):
                    for each in marking:
                        yield each.student, each.marking or CourseError(each.error)

    def _judge_reference(self, marked: Marking) -> Iterator[Finding]:
        items = self._auto(marked.report)
        lost = [name for name, item in items.items() if not _full(item)]
        faults = [_missed(name, items[name]) for name in lost]
        faults += _run_faults(self.assignment, marked, "the reference")
        stops = list(_cell_faults(marked, "the reference"))
        faults += stops if self._is_full else []
        faults += [f"a hidden test is at fault: {note}" for note in marked.report.notes]
        points = f"{marked.report.points:g} + {counted(marked.report.bonus_points, 'bonus point')}"
        seen = f"all {len(items)} auto items, {points}"
        yield finding("the reference earns every point", faults, seen)
        yield from self._allowed("cells run with the reference", stops)
        yield accepts_reference(marked.notebooks, lost)

    def _judge_skeleton(self, marked: Marking) -> Iterator[Finding]:
        faults = [*_earned(self._auto(marked.report), "the untouched skeleton")]
        faults += _run_faults(self.assignment, marked, "the skeleton")
        stops = list(_cell_faults(marked, "the skeleton"))
        faults += stops if self._is_full else []
        seen = "0 points" if stops else "0 points; all its cells run"
        yield finding("the untouched skeleton earns nothing", faults, seen)
        yield from self._allowed("cells run with the skeleton", stops)
        yield rejects_skeleton(marked.notebooks)

    def _judge_junk(self, words: str, marked: Marking) -> Iterator[Finding]:
        items = self._auto(marked.report)
        faults = list(_earned(items, words))
        check = f"junk earns nothing: {words}"
        if self._is_full or not faults:
            yield finding(check, faults, "0 points")
        else:
            told = [f"{name} earns points" for name, item in items.items() if item.points > 0]
            yield from self._allowed(check, told)

    @property
    def _is_full(self) -> bool:
        return self.assignment.proof == "full"

    def _allowed(self, check: str, faults: Sequence[str]) -> Iterator[Finding]:
        """Yield a finding about faults that a light proof reports but allows."""
        if faults and not self._is_full:
            yield Finding(check, True, "\n".join(["not yet (light proof):", *faults]))

    def _auto(self, report: Report) -> dict[str, ItemReport]:
        names = [item.name for item in self.assignment.select("auto")]
        if missing := [name for name in names if name not in report.items]:
            raise CourseError(f"the Report lacks the items {', '.join(missing)}")
        return {name: report.items[name] for name in names}


def _full(item: ItemReport) -> bool:
    return item.outcome == "marked" and item.points >= item.max_points


def _missed(name: str, item: ItemReport) -> str:
    failed = [claim for claim in item.claims if not claim.passed]
    claims = "; ".join(f"“{claim.claim}” {claim.message}".strip() for claim in failed)
    why = claims or item.message or "no hidden test was run"
    return f"item {name}: the reference earns {item.points:g} of {item.max_points:g}: {why}"


def _earned(items: Mapping[str, ItemReport], who: str) -> Iterator[str]:
    for name, item in items.items():
        if item.points > 0:
            held = [f"“{claim.claim}”" for claim in item.claims if claim.passed and not claim.costs]
            yield (
                f"item {name}: {item.points:g} of {item.max_points:g} points for {who}, "
                f"since these claims hold: {', '.join(held)}"
            )


def _run_faults(assignment: Assignment, marked: Marking, who: str) -> list[str]:
    """Return a fault for each notebook that did not run to its end, and for exceeded limits."""
    faults = []
    for name, notebook in marked.report.notebooks.items():
        if notebook.state != "marked":
            faults.append(f"{name}.ipynb is {notebook.state} with {who}: {notebook.message}")
    if limits := exceeded(texts_of(marked.report, marked.notebooks)):
        faults.append(f"limits were exceeded: {change_limits(assignment, limits)}")
    return faults


def _cell_faults(marked: Marking, who: str) -> Iterator[str]:
    """Yield a fault for each cell with an error."""
    for name, notebook in marked.report.notebooks.items():
        for fault in notebook.faults:
            label = f" ({fault.item})" if fault.item else ""
            yield f"{name}.ipynb, cell {fault.cell + 1}{label} fails with {who}: {fault.error}"
    for name, executed in marked.notebooks.items():
        yield from _unguarded(name, executed, who)


def _unguarded(name: str, executed: NotebookNode, who: str) -> Iterator[str]:
    """Yield the cells, other than answer cells, that stop at an unfinished answer.

    A cell that uses an answer, such as an experiment, needs a guard.
    """
    for index, cell in enumerate(executed.cells):
        for output in cell.get("outputs", ()):
            stub = output.get("ename") == "NotImplementedError"
            expected = is_coded(cell) and may_raise(cell)
            if stub and not expected:
                yield (
                    f"{place(name, index, cell)} stops at an unfinished answer with {who}: "
                    "guard it with `if checks.ready(...)`"
                )
