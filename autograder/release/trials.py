"""Trial submissions: the reference must earn every point, the skeleton and junk must earn none.

They are marked the way that students' submissions are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from nbformat import NotebookNode

from autograder.assignment import Assignment, Course
from autograder.errors import CourseError
from autograder.grading.report import ItemReport, Report
from autograder.release.directives import is_answer, place
from autograder.release.findings import Finding, finding
from autograder.release.junk import KINDS, write_junk, write_reference, write_skeleton

Say = Callable[[str], None]


class Marked(Protocol):
    """What marking gives back: the Report, and the notebooks with the outputs of their run."""

    @property
    def report(self) -> Report:
        """The marks."""

    @property
    def notebooks(self) -> Mapping[str, NotebookNode]:
        """The executed notebooks by problem."""


class Mark(Protocol):
    """Marks the submission in the folder `path` against the skeletons in the folder `release`."""

    def __call__(
        self, course: Course, assignment: Assignment, path: Path, *, release: Path
    ) -> Marked:
        """Mark it; nothing is written."""


@contextmanager
def real_mark() -> Iterator[Mark]:
    """Marks through the real grading path, with its default settings."""
    # a proof that is handed another `mark` needs neither the sandbox nor pytest
    from autograder.grading.mark import MarkSettings, mark_submission, open_sandbox

    settings = MarkSettings()
    with open_sandbox(settings) as sandbox:
        yield partial(mark_submission, settings=settings, sandbox=sandbox)


class Trials:
    """Writes and marks the trial submissions of one release."""

    def __init__(
        self,
        course: Course,
        assignment: Assignment,
        *,
        source: Path,
        release: Path,
        scratch: Path,
        mark: Mark,
    ) -> None:
        self._course = course
        self._assignment = assignment
        self._source = source
        self._release = release
        self._scratch = scratch
        self._mark = mark

    def findings(self, say: Say) -> Iterator[Finding]:
        """Hold all trials, telling `say` of each."""
        say("marking the reference")
        yield self._trial("the reference earns every point", "reference", self._reference)
        say("marking the untouched skeleton")
        yield self._trial("the untouched skeleton earns nothing", "skeleton", self._skeleton)
        for kind, words in KINDS.items():
            say(f"marking junk: {words}")
            yield self._junk(kind, words)

    def _trial(
        self, check: str, name: str, judge: Callable[[Path], tuple[list[str], str]]
    ) -> Finding:
        try:
            faults, seen = judge(self._scratch / "submitted" / name)
        except CourseError as error:
            return Finding(check, False, f"it can't be marked: {error}")
        return finding(check, faults, seen)

    def _reference(self, folder: Path) -> tuple[list[str], str]:
        write_reference(self._source, self._release, folder)
        marked = self._marked(folder)
        items = self._auto(marked.report)
        faults = [_missed(name, item) for name, item in items.items() if not _full(item)]
        faults += _run_faults(marked, "the reference")
        faults += [f"a hidden test is at fault: {note}" for note in marked.report.notes]
        points = f"{marked.report.points:g} + {marked.report.bonus_points:g} bonus points"
        return faults, f"all {len(items)} auto items, {points}"

    def _skeleton(self, folder: Path) -> tuple[list[str], str]:
        write_skeleton(self._release, folder)
        marked = self._marked(folder)
        faults = [*_earned(self._auto(marked.report), "the untouched skeleton")]
        return [*faults, *_run_faults(marked, "the skeleton")], "0 points; its cells all run"

    def _junk(self, kind: str, words: str) -> Finding:
        def judge(folder: Path) -> tuple[list[str], str]:
            write_junk(self._source, self._release, folder, kind)
            marked = self._marked(folder)
            return [*_earned(self._auto(marked.report), words)], "0 points"

        return self._trial(f"junk earns nothing: {words}", f"junk-{kind}", judge)

    def _marked(self, folder: Path) -> Marked:
        return self._mark(self._course, self._assignment, folder, release=self._release)

    def _auto(self, report: Report) -> dict[str, ItemReport]:
        names = [item.name for item in self._assignment.select("auto")]
        if missing := [name for name in names if name not in report.items]:
            raise CourseError(f"its Report lacks the items {', '.join(missing)}")
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
                f"since these hold: {', '.join(held)}"
            )


def _run_faults(marked: Marked, who: str) -> list[str]:
    """Notebooks that did not run through, and cells that ended in an error they should not."""
    faults = []
    for name, notebook in marked.report.notebooks.items():
        if notebook.state != "marked":
            faults.append(f"{name}.ipynb is {notebook.state} with {who}: {notebook.message}")
        faults += [
            f"{name}.ipynb, cell {fault.cell + 1} ({fault.item}) fails with {who}: {fault.error}"
            for fault in notebook.faults
        ]
    for name, executed in marked.notebooks.items():
        faults += _unguarded(name, executed, who)
    return faults


def _unguarded(name: str, executed: NotebookNode, who: str) -> Iterator[str]:
    """Cells other than answers that end at a stub: an experiment must wait for its functions."""
    for index, cell in enumerate(executed.cells):
        for output in cell.get("outputs", ()):
            stub = output.get("ename") == "NotImplementedError"
            expected = is_answer(cell) and "raises-exception" in cell.metadata.get("tags", ())
            if stub and not expected:
                yield (
                    f"{place(name, index, cell)} stops at an unfinished answer with {who}; "
                    "guard it with `if checks.ready(...)`"
                )
