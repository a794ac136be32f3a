"""Mark one submission; the result depends only on submission, assignment, grader and seed."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import py_compile
import tempfile
import time
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import starmap
from pathlib import Path

from nbformat import NotebookNode

from autograder.cache import ResultCache, cache_folder
from autograder.course.assignment import Assignment, Course, Item, read_notebook
from autograder.errors import CourseError
from autograder.grading.diagnosis import Diagnosticians
from autograder.grading.followthrough import load_called, read_pairs
from autograder.grading.hiddentests import HiddenTests, KeptTests
from autograder.grading.jobs import MarkSettings
from autograder.grading.memory import bounded_memory
from autograder.grading.misconceptions import Misconception
from autograder.grading.notebooks import RunNotebooks
from autograder.grading.otherversions import told_difference
from autograder.grading.plugin import MarkingPlugin, Outcome
from autograder.grading.points import (
    charge_once,
    item_report,
    outcomes_by_item,
    unattempted,
    with_diagnosis,
)
from autograder.grading.report import ItemReport, Report
from autograder.sandbox import Sandbox, examine
from autograder.sandbox.stages import StageTimes
from autograder.submission.earlier import read_earlier
from autograder.submission.parcel import Parcel
from autograder.submission.receiving import read_submission, receive

DIAGNOSIS_SECONDS = 10.0
"""Seconds for diagnosis after the submission's own time limit has passed."""


@dataclass(frozen=True)
class Marking:
    """The result of marking: a Report, and the notebooks with outputs that are safe to show.

    `outcomes` are the hidden tests' results for each auto item, with hidden inputs: only for
    instructors. `seconds` contains the time of each stage.
    """

    report: Report
    notebooks: Mapping[str, NotebookNode]
    outcomes: Mapping[str, Sequence[Outcome]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


class Warm:
    """A cache of the collected tests and of the diagnosis's trials, for the next submission."""

    def __init__(self) -> None:
        self.tests = KeptTests()
        self.diagnosticians = Diagnosticians()

    def close(self) -> None:
        """End the test session."""
        self.tests.close()


def mark_submission(
    course: Course,
    assignment: Assignment,
    path: Path | Parcel,
    *,
    seed: int | None = None,
    settings: MarkSettings | None = None,
    release: Path | None = None,
    sandbox: Sandbox | None = None,
    warm: Warm | None = None,
) -> Marking:
    """Mark the submission at `path`, which is a folder or one notebook; write no files.

    `path` may also be a Parcel from another machine. `release` is the folder of skeletons to
    compare the submission with (default: the course's). `sandbox` (from `open_sandbox(settings)`)
    and `warm` can be used again for further submissions (default: new ones).
    """
    settings = settings or MarkSettings(assignment.limits)
    seed = assignment.seed if seed is None else seed
    times = StageTimes()
    with contextlib.ExitStack() as stack:
        stack.enter_context(bounded_memory())
        warm = warm or stack.enter_context(contextlib.closing(Warm()))
        with times.stage("reading"):
            notebooks = open_notebooks(
                course, assignment, path, seed, settings, release=release, sandbox=sandbox,
                times=times,
            )  # fmt: skip
        stack.enter_context(times.stage("other"))
        stack.enter_context(notebooks)
        stack.enter_context(course.beside_files(assignment))
        pairs = read_pairs(course, assignment)
        references = load_called(course, assignment, pairs)
        with times.stage("pytest"):  # before the cells run: a new sandbox may still be starting
            plugin, hidden = stack.enter_context(
                warm.tests.open(course.hidden(assignment.name), assignment)
            )
        with times.stage("reading"):
            notebooks.redraw_pictures()
        notebooks.make_ready()
        deadline = time.monotonic() + settings.limits.submission_seconds
        notebooks.run_notebooks(deadline)
        with times.stage("pytest"):
            plugin.begin(notebooks.student, seed, references, pairs, deadline=deadline)
            hidden.run()
            tested, notes = _tested_again(assignment, notebooks, plugin, hidden, deadline)
            plugin.end()
    with course.beside_files(assignment), times.stage("other"):
        outcomes, items = _items(assignment, notebooks, tested)
        items |= {name: replace(items[name], message=note) for name, note in notes.items()}
        for problem in assignment.problems:
            for name in notebooks.left_as_released(problem.name):
                items[name] = unattempted(items[name])
        failed = {name: found for name, found in outcomes.items() if not _all_passed(found)}
        named: dict[str, tuple[Misconception, ...]] = {}
        causes: dict[str, Mapping[str, frozenset[str]]] = {}
        with times.stage("diagnosis"):
            if failed:  # reading the misconceptions takes as long as marking an item
                diagnostician = warm.diagnosticians.get(course, assignment, seed)
                end = deadline + DIAGNOSIS_SECONDS
                named = {
                    name: diagnostician.diagnose(name, found, end - time.monotonic())
                    for name, found in failed.items()
                }
                causes = {name: diagnostician.shared(name, found) for name, found in named.items()}
        items = charge_once(items, causes)
        items |= {name: with_diagnosis(items[name], found) for name, found in named.items()}
        report = _report(assignment, notebooks, items, tested, seed)
    return Marking(report, notebooks.executed, outcomes, times.seconds)


def _items(
    assignment: Assignment, notebooks: RunNotebooks, found: Sequence[Outcome]
) -> tuple[dict[str, list[Outcome]], dict[str, ItemReport]]:
    outcomes = outcomes_by_item(found)
    return outcomes, {
        item.name: item_report(item, outcomes.get(item.name, ()), notebooks.reports[item.problem])
        for item in assignment.items.values()
    }


def _tested_again(
    assignment: Assignment,
    notebooks: RunNotebooks,
    plugin: MarkingPlugin,
    hidden: HiddenTests,
    deadline: float,
) -> tuple[tuple[Outcome, ...], dict[str, str]]:
    """Return the outcomes that count, with a note on each item that was tested a second time.

    An item that lost points is tested again with the notebook as it was at the item's check. If it
    earns more, the second outcomes count.
    """
    found = tuple(plugin.outcomes)
    _, before = _items(assignment, notebooks, found)
    notes: dict[str, str] = {}
    for item in assignment.select("auto"):
        lost = before[item.name].points < item.max_points
        if not (lost and _is_attempted(item, found)) or time.monotonic() > deadline:
            continue
        if note := notebooks.later_changes(item):
            plugin.start_over()
            notebooks.go_back_to(item)
            hidden.run(item.name)
            others = tuple(outcome for outcome in found if outcome.item != item.name)
            changed = (*others, *plugin.outcomes)
            _, after = _items(assignment, notebooks, changed)
            if after[item.name].points > before[item.name].points:
                found, notes[item.name] = changed, note
    return found, notes


def _all_passed(found: Iterable[Outcome]) -> bool:
    return all(outcome.passed for outcome in found)


def _is_attempted(item: Item, found: Iterable[Outcome]) -> bool:
    """Return whether a test of the item failed for a reason other than a missing answer."""
    failed = (each for each in found if each.item == item.name and not each.passed)
    return any(event.failure != "NotDone" for each in failed for event in each.transcript)


def open_notebooks(
    course: Course,
    assignment: Assignment,
    path: Path | Parcel,
    seed: int,
    settings: MarkSettings,
    *,
    release: Path | None = None,
    sandbox: Sandbox | None = None,
    times: StageTimes | None = None,
) -> RunNotebooks:
    """Read the submission at `path` and prepare its notebooks without running them."""
    release = release or course.release(assignment.name)
    skeletons, earlier = read_skeletons(assignment, release), read_earlier(release)
    if isinstance(path, Parcel):
        submission = receive(path.name, path.files, skeletons, path.manifest, earlier)
    else:
        submission = read_submission(path, skeletons, earlier)
    own = sandbox or open_sandbox(settings)
    own.times = times or StageTimes()
    leave = own.renew if sandbox else own.close
    files = support_files(release, assignment.files)
    return RunNotebooks(submission, skeletons, files, own, seed, leave)


def open_sandbox(settings: MarkSettings) -> Sandbox:
    """Return a sandbox for one submission after another; raise SandboxError if no wall works."""
    protection = examine(use_outer=settings.use_outer, unprotected=settings.unprotected)
    return Sandbox(protection, settings.limits)


def read_skeletons(assignment: Assignment, release: Path) -> dict[str, NotebookNode]:
    """Return the released notebooks, by problem; raise CourseError if a notebook is missing."""
    skeletons = {}
    for problem in assignment.problems:
        path = release / f"{problem.name}.ipynb"
        if not path.is_file():
            raise CourseError(
                f"{path} does not exist: submissions are compared with the release, "
                f"so make it first with `fdl release {assignment.name}`"
            )
        skeletons[problem.name] = read_notebook(path)
    return skeletons


def support_files(release: Path, data: Sequence[str] = ()) -> dict[str, bytes]:
    """Return the modules and data files beside the released notebooks, for the notebooks' cells.

    Each module is returned with its bytecode, because compiling takes longer than running. Raise
    CourseError if the release lacks a data file.
    """
    found = {}
    for name in data:
        try:
            found[name] = (release / name).read_bytes()
        except OSError as error:
            raise CourseError(
                f"{release / name} can't be read ({error.strerror}): course.toml lists it in the "
                "homework's files, so put it into the source and release the homework again"
            ) from error
    modules = {path.name: path.read_bytes() for path in sorted(release.glob("*.py"))}
    return {**found, **modules, **_bytecode(tuple(modules.items()))}


@lru_cache(maxsize=8)
def _bytecode(modules: tuple[tuple[str, bytes], ...]) -> Mapping[str, bytes]:
    """Return the bytecode of all modules; it is cached for later commands."""
    versions = importlib.util.MAGIC_NUMBER, modules
    cache = ResultCache(
        hashlib.sha256(repr(versions).encode()).hexdigest(), cache_folder("bytecode")
    )
    return cache.get("all", lambda: dict(ChainMap(*starmap(_compiled, modules))))


def _compiled(name: str, content: bytes) -> dict[str, bytes]:
    """Return a module's bytecode under its file name in Python's cache; {} if it can't compile.

    A notebook may overwrite the module, so Python checks that the bytecode was made from its text.
    """
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, name)
        source.write_bytes(content)
        made = Path(scratch, "made")
        mode = py_compile.PycInvalidationMode.CHECKED_HASH
        try:
            py_compile.compile(str(source), str(made), name, doraise=True, invalidation_mode=mode)
        except py_compile.PyCompileError:
            return {}
        return {importlib.util.cache_from_source(name): made.read_bytes()}


def _report(
    assignment: Assignment,
    notebooks: RunNotebooks,
    items: Mapping[str, ItemReport],
    outcomes: Sequence[Outcome],
    seed: int,
) -> Report:
    regular = [i for i in items.values() if i.kind == "auto" and not i.bonus]
    bonus = [i for i in items.values() if i.kind == "auto" and i.bonus]
    return Report(
        assignment=assignment.name,
        submission=notebooks.submission.name,
        seed=seed,
        protection=notebooks.protection.level,
        walls=notebooks.protection.walls(),
        points=_total(i.points for i in regular),
        max_points=_total(i.max_points for i in regular),
        bonus_points=_total(i.points for i in bonus),
        max_bonus_points=_total(i.max_points for i in bonus),
        notebooks=notebooks.reports,
        items=items,
        notes=tuple(sorted({outcome.fault for outcome in outcomes if outcome.fault})),
        versions=told_difference(notebooks.submission.versions),
    )


def _total(points: Iterable[float]) -> float:
    return round(sum(points), 2)
