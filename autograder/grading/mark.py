"""Marks one submission: a pure function of it, the assignment, the grader and a seed."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from nbformat import NotebookNode

from autograder.assignment import Assignment, Course, Item, read_notebook
from autograder.errors import CourseError
from autograder.grading.followthrough import circular
from autograder.grading.laboratory import Laboratory
from autograder.grading.plugin import MarkingPlugin, Outcome
from autograder.grading.references import load_references
from autograder.grading.report import Claim, ItemReport, NotebookReport, Report
from autograder.grading.report import Outcome as ItemOutcome
from autograder.sandbox import Limits, Sandbox, examine
from autograder.submission import read_submission


@dataclass(frozen=True)
class MarkSettings:
    """How to mark: the limits on student code, and which walls to put up.

    `use_outer=False` marks behind the inner wall alone; `unprotected=True` marks even where this
    machine has no wall that works, and every Report says so.
    """

    limits: Limits = field(default_factory=Limits)
    use_outer: bool = True
    unprotected: bool = False


@dataclass(frozen=True)
class Marking:
    """A Report, and the notebooks it speaks of with the outputs of their run (not sanitised)."""

    report: Report
    notebooks: Mapping[str, NotebookNode]


def mark_submission(
    course: Course,
    assignment: Assignment,
    path: Path,
    *,
    seed: int | None = None,
    settings: MarkSettings | None = None,
    release: Path | None = None,
    tests: Sequence[str] = (),
    sandbox: Sandbox | None = None,
) -> Marking:
    """Mark the submission in the folder (or the one notebook) `path`; nothing is written.

    `release` is the tree of skeletons to hold the submission against (default: the course's),
    `tests` are further arguments for pytest, such as `["-k", "momentum"]`. `sandbox` is one from
    `open_sandbox(settings)` that has served others and goes on serving (default: one of its own).
    """
    settings = settings or MarkSettings()
    seed = assignment.seed if seed is None else seed
    deadline = time.monotonic() + settings.limits.submission_seconds
    with open_laboratory(
        course, assignment, path, seed=seed, settings=settings, release=release, sandbox=sandbox
    ) as lab:
        lab.run_notebooks(deadline)
        plugin = MarkingPlugin(
            assignment,
            lab,
            seed=seed,
            references=load_references(course, assignment),
            deadline=deadline,
        )
        run_hidden_tests(course.hidden(assignment.name), plugin, tests)
        return Marking(_report(assignment, lab, plugin.outcomes, seed), lab.executed)


def open_laboratory(
    course: Course,
    assignment: Assignment,
    path: Path,
    *,
    seed: int,
    settings: MarkSettings,
    release: Path | None = None,
    sandbox: Sandbox | None = None,
) -> Laboratory:
    """Read the submission at `path` and prepare, but not yet run, its notebooks."""
    release = release or course.release(assignment.name)
    submission = read_submission(path, read_skeletons(assignment, release))
    own = sandbox or open_sandbox(settings)
    leave = own.renew if sandbox else own.close
    return Laboratory(submission, support_files(release), own, seed, leave)


def open_sandbox(settings: MarkSettings) -> Sandbox:
    """A sandbox for one submission after another; SandboxError where no wall stands."""
    protection = examine(use_outer=settings.use_outer, unprotected=settings.unprotected)
    return Sandbox(protection, settings.limits)


def read_skeletons(assignment: Assignment, release: Path) -> dict[str, NotebookNode]:
    """The released notebooks by problem; CourseError where the release lacks one."""
    skeletons = {}
    for problem in assignment.problems:
        path = release / f"{problem.name}.ipynb"
        if not path.is_file():
            raise CourseError(
                f"{path} does not exist: submissions are held against the release, "
                f"so make it first with `fdl release {assignment.name}`"
            )
        skeletons[problem.name] = read_notebook(path)
    return skeletons


def support_files(release: Path) -> dict[str, bytes]:
    """The modules that stand beside the released notebooks, which their cells import."""
    return {path.name: path.read_bytes() for path in sorted(release.glob("*.py"))}


def run_hidden_tests(hidden: Path, plugin: MarkingPlugin, arguments: Sequence[str] = ()) -> None:
    """Run the hidden tests of the folder under pytest, quietly, in this process."""
    if not hidden.is_dir():
        raise CourseError(f"there are no hidden tests in {hidden}")
    options = [
        str(hidden), "-q", "-p", "no:cacheprovider", "-p", "no:logging", "--capture=no",
        "-p", "no:unraisableexception", "-p", "no:threadexception",
        "--import-mode=importlib", f"--rootdir={hidden}", f"--confcutdir={hidden}",
        "-c", "/dev/null", "--disable-plugin-autoload", "--tb=no", *arguments,
    ]  # fmt: skip
    _forget_other_tests(hidden)
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = pytest.main(options, plugins=[plugin])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        found = "\n".join(plugin.broken) or output.getvalue().strip()
        raise CourseError(f"the hidden tests in {hidden} did not run:\n{found}")


def _forget_other_tests(hidden: Path) -> None:
    """Have pytest read a module anew where one of its name came from elsewhere or has changed."""
    for path in hidden.glob("*.py"):
        stamp = (path, path.stat().st_mtime_ns)
        if _READ.get(path.stem) != stamp:
            for name in [name for name in sys.modules if name.rpartition(".")[2] == path.stem]:
                if path.stem.startswith("test_"):
                    del sys.modules[name]
            _READ[path.stem] = stamp


_READ: dict[str, tuple[Path, int]] = {}
"""The hidden test modules that this process has read: stem -> where from, and as of when."""


def _report(
    assignment: Assignment, lab: Laboratory, outcomes: Sequence[Outcome], seed: int
) -> Report:
    by_item = _outcomes_by_item(assignment, outcomes)
    items = {
        item.name: _item_report(item, by_item.get(item.name, ()), lab.reports[item.problem])
        for item in assignment.items.values()
    }
    regular = [i for i in items.values() if i.kind == "auto" and not i.bonus]
    bonus = [i for i in items.values() if i.kind == "auto" and i.bonus]
    return Report(
        assignment=assignment.name,
        submission=lab.submission.name,
        seed=seed,
        protection=lab.protection.level,
        walls=lab.protection.walls(),
        points=_total(i.points for i in regular),
        max_points=_total(i.max_points for i in regular),
        bonus_points=_total(i.points for i in bonus),
        max_bonus_points=_total(i.max_points for i in bonus),
        notebooks=lab.reports,
        items=items,
        notes=tuple(sorted({outcome.fault for outcome in outcomes if outcome.fault})),
    )


def _total(points: Iterable[float]) -> float:
    return round(sum(points), 2)


def _outcomes_by_item(
    assignment: Assignment, outcomes: Sequence[Outcome]
) -> dict[str, list[Outcome]]:
    """The outcomes of each item; one saved by stand-ins on a circle counts as failed."""
    owners: dict[str, set[str]] = defaultdict(set)
    for item in assignment.items.values():
        for reference in item.references:
            owners[reference.name].add(item.name)
    saved_by: dict[str, set[str]] = defaultdict(set)
    for outcome in outcomes:
        for name in outcome.stand_ins:
            saved_by[outcome.item] |= owners[name]
    unsaved = circular(saved_by)
    found: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.stand_ins and outcome.item in unsaved:
            outcome = _withdrawn(outcome)
        found[outcome.item].append(outcome)
    return found


def _withdrawn(outcome: Outcome) -> Outcome:
    names = ", ".join(f"`{name}`" for name in sorted(outcome.stand_ins))
    return Outcome(
        item=outcome.item,
        part=outcome.part,
        costs=outcome.costs,
        test=outcome.test,
        claim=outcome.claim,
        passed=False,
        message=f"It builds on {names}, which in turn builds on this answer and is not right.",
    )


def _item_report(item: Item, outcomes: Sequence[Outcome], notebook: NotebookReport) -> ItemReport:
    if item.kind == "manual":
        return _unmarked(item, "open", "")
    if notebook.state in ("missing", "unreadable") or not outcomes:
        return _unmarked(item, "not marked", notebook.message or "No test was run for this item.")
    claims = _claims(outcomes)
    return ItemReport(
        kind=item.kind,
        problem=item.problem,
        points=_points(item, claims),
        max_points=item.max_points,
        bonus=item.bonus,
        outcome="marked",
        claims=claims,
    )


def _unmarked(item: Item, outcome: ItemOutcome, message: str) -> ItemReport:
    return ItemReport(
        kind=item.kind,
        problem=item.problem,
        points=0.0,
        max_points=item.max_points,
        bonus=item.bonus,
        outcome=outcome,
        message=message,
    )


def _claims(outcomes: Sequence[Outcome]) -> tuple[Claim, ...]:
    """One claim for each test, whatever its number of cases: it holds if every case does."""
    cases: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        cases[outcome.test].append(outcome)
    return tuple(_claim(group) for group in cases.values())


def _claim(cases: Sequence[Outcome]) -> Claim:
    failed = [case for case in cases if not case.passed]
    first = failed[0] if failed else cases[0]
    stand_ins = sorted(set().union(*(case.stand_ins for case in cases)))
    note = ""
    if stand_ins and not failed:
        names = ", ".join(f"`{name}`" for name in stand_ins)
        note = f"Holds with a right {names} in the place of yours, so nothing is lost here."
    return Claim(
        claim=first.claim,
        passed=not failed,
        message=first.message,
        part=first.part,
        costs=first.costs,
        note=note,
    )


def _points(item: Item, claims: Sequence[Claim]) -> float:
    """Equal shares for the parts whose core claims all hold, less what robustness claims cost."""
    parts: dict[str, bool] = {}
    for claim in claims:
        if not claim.costs:
            parts[claim.part] = parts.get(claim.part, True) and claim.passed
    if not parts:
        return 0.0
    earned = sum(parts.values()) / len(parts)
    lost = sum(claim.costs for claim in claims if claim.costs and not claim.passed)
    return round(item.max_points * max(earned - lost, 0.0), 2)
