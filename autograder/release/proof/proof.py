"""Prove that a release can be published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode

from autograder.course.assignment import Assignment, Course
from autograder.course.code import load_references
from autograder.course.layout import CHECKS, notebook_files
from autograder.errors import KitError, ReleaseError
from autograder.grading.misconceptions import read_catalogue
from autograder.release.definitions import Solutions
from autograder.release.fill import dropped_lines, read_source
from autograder.release.proof import leaks, structure, tidy
from autograder.release.proof.findings import Finding, Proof, finding
from autograder.release.proof.freshness import stale_faults
from autograder.release.proof.imports import import_faults
from autograder.release.proof.killmatrix import kill_matrix
from autograder.release.proof.statements import Statements
from autograder.release.proof.texts import notebooks, texts
from autograder.release.proof.trials import Say, Trials


def prove(
    course: Course,
    assignment: Assignment,
    filled: Path,
    fresh: Path,
    *,
    check: bool,
    say: Say,
    again: bool,
) -> Proof:
    """Prove a release against the course's source, solutions and hidden tests; see `release`.

    `filled` is the source after filling; `fresh` is the release built from the filled source. With
    `check`, the course's existing release is proved. Without `check`, `fresh` is proved, and the
    course's source may still be unfilled.

    The proof has five parts: files, filling and building, contents, trials, misconceptions. Each
    part relies on the parts before it. The proof stops after the first part with a fault, so that
    one cause is reported only once.
    """
    tree = course.release(assignment.name) if check else fresh
    say("reading the source and the release")
    reading = Reading(course, assignment, filled, tree)

    def in_trials() -> Iterable[Finding]:
        with TemporaryDirectory(prefix="fdl-proof-") as scratch:
            yield from Trials(
                course,
                assignment,
                source=filled,
                release=tree,
                scratch=Path(scratch).resolve(),
                again=again,
            ).findings(say)

    def of_misconceptions() -> Iterable[Finding]:
        """Check that each misconception loses points only in its own item.

        Also check that diagnosis does not mistake a misconception for another misconception.
        """
        found = kill_matrix(course, assignment, watch=watch, earlier=True, again=again)
        check = "each misconception loses points only in its own item"
        yield replace(finding(check, found.faults(), found.summary()), earlier=found.earlier)

    def watch(done: int, count: int) -> None:
        say(f"testing misconceptions: {done} of {count}")

    parts: list[Callable[[], Iterable[Finding]]] = [
        partial(_lightness, course, assignment),
        reading.files,
        partial(reading.freshness, fresh, source_follows=not check),
        reading.contents,
        in_trials,
        of_misconceptions,
    ]
    found: list[Finding] = []
    while parts and all(each.ok for each in found):
        found += parts.pop(0)()
    return Proof(assignment.name, tuple(found), complete=not parts)


def _lightness(course: Course, assignment: Assignment) -> Iterator[Finding]:
    """Yield, for a light proof, how many items have misconceptions; a full proof yields nothing."""
    if assignment.proof == "full":
        return
    auto = [item.name for item in assignment.select("auto")]
    tried: set[str] = set()
    with suppress(KitError):  # another finding reports what can't be loaded
        tried = {wrong.item for wrong in read_catalogue(course, assignment)}.intersection(auto)
    count = f"{len(tried)} of {len(auto)} items"
    seen = f"misconceptions for {count}" if tried else f"no misconceptions yet: {count}"
    advice = ""
    if len(tried) == len(auto):
        advice = f"\nremove proof from [assignments.{assignment.name}] for the full proof"
    yield Finding("light proof", True, seen + advice)


@dataclass
class Reading:
    """The findings from reading a release; no code runs except the course's own solutions.

    `filled` is the source after filling; `tree` is the release to prove.
    """

    course: Course
    assignment: Assignment
    filled: Path
    tree: Path

    def __post_init__(self) -> None:
        self._source = self.course.source(self.assignment.name)
        self._solutions = self.course.solutions(self.assignment.name)
        self._hidden = self.course.hidden(self.assignment.name)

    def files(self) -> Iterator[Finding]:
        """Check that source and release have the expected files, and that the notebooks open.

        Files that editors leave in the source are not faults, because no release contains them.
        Faults of the source are not repeated for the release.
        """
        count = len(tidy.expected_files(self.assignment))
        reported: set[str] = set()
        for folder, tree, in_use in (
            ("source", self._source, True),
            ("release", self.tree, False),
        ):
            label = f"{folder}/{tree.name}"
            faults = tidy.file_faults(tree, self.assignment, label, in_use=in_use)
            new = [each for each in faults if each.removeprefix(label) not in reported]
            reported.update(each.removeprefix(label) for each in new)
            yield finding(f"files of {label}", new, f"the {count} expected files")
        yield finding("the notebooks open", self._opening_faults(), "valid, cell ids unique")

    def freshness(self, fresh: Path, *, source_follows: bool) -> Iterator[Finding]:
        """Check that source and release are up to date, and that filling drops no line."""
        dropped = [
            fault
            for file, notebook in notebooks(self._source).items()
            for fault in dropped_lines(notebook, Path(file).stem, self._sources.get(file))
        ]
        yield finding("filling drops no line that was typed by hand", dropped, "nothing")
        check = "the source is filled from the solutions"
        stale = list(stale_faults(self._source, self.filled, f"source/{self._source.name}"))
        if source_follows:
            yield finding(check, (), "\n".join(["filled with this release", *stale]))
        elif not dropped:
            yield finding(check, stale, "up to date")
        if source_follows or not (stale or dropped):
            faults = stale_faults(self.tree, fresh, f"release/{self.tree.name}")
            yield finding("the release is built from the source", faults, "up to date")

    def contents(self) -> Iterator[Finding]:
        """Check the contents of the release, and that solutions and tests fit its items."""
        faults = import_faults(self._sources, self.tree, (self._solutions, self._hidden))
        imports = finding("imports and requirements.txt", faults, "they agree")
        yield imports
        known: list[tuple[str, str]] = []
        if imports.ok:
            failed = []
            try:
                load_references(self.course, self.assignment)
                catalogue = read_catalogue(self.course, self.assignment)
                known = [(wrong.name, wrong.item) for wrong in catalogue]
            except KitError as error:
                failed = [str(error)]
            seen = f"the solutions and {len(known)} misconceptions"
            yield finding("the solutions and misconceptions load", failed, seen)
        faults = structure.name_faults(
            self.assignment, self._sources, self.tree / CHECKS, self._hidden, known
        )
        names = finding("each item has its tests and its check", faults, "all are known")
        yield names
        if names.ok:
            yield from self._order()
        yield from self._secrets()
        yield from self._traces()

    @cached_property
    def _released(self) -> dict[str, NotebookNode]:
        return notebooks(self.tree)

    @cached_property
    def _sources(self) -> dict[str, NotebookNode]:
        return notebooks(self.filled)

    def _opening_faults(self) -> Iterator[str]:
        for path in notebook_files(self.tree):
            try:
                read_source(path)
            except ReleaseError as error:
                yield str(error)

    def _order(self) -> Iterator[Finding]:
        """Check that items, points, cells, rubrics and hidden tests fit together."""
        assignment = self.assignment
        yield finding(
            "items and points",
            structure.problem_faults(assignment),
            structure.points_summary(assignment),
        )
        statements = Statements(assignment, self.tree, self._released)
        yield finding(
            "points and items in texts, rubrics and checks",
            [
                *statements.point_faults(),
                *structure.rubric_point_faults(assignment, self._sources),
            ],
            "as in the grade cells",
        )
        yield finding(
            "dates in texts",
            statements.date_faults(),
            "as in course.toml",
        )
        yield finding(
            "answer and check cells",
            structure.cell_order_faults(assignment, self._sources),
            "each auto item has both",
        )
        yield finding(
            "rubrics",
            structure.rubric_faults(assignment, self._sources, self._hidden),
            "each can be read, with a model answer",
        )
        tests, _ = structure.hidden_tests(self._hidden)
        yield finding(
            "hidden tests",
            structure.test_faults(assignment, self._hidden),
            f"{len(tests)} tests; each part has a core test",
        )

    def _secrets(self) -> Iterator[Finding]:
        """Check that the release gives no secrets away."""
        everything, solutions = texts(self.tree), Solutions(self._solutions)
        stubs = leaks.stub_faults(self._released, leaks.frames(self._sources, solutions))
        yield finding("answer cells contain only stubs", stubs, "they do")
        solved = list(leaks.solution_secrets(self._sources, solutions))
        yield finding(
            "no solution is given away",
            leaks.leak_faults(everything, solved),
            f"none of the {len(solved)} solution lines is in the release",
        )
        answered = list(leaks.manual_secrets(self._sources))
        yield finding(
            "no model answer or rubric is given away",
            [*leaks.leak_faults(everything, answered), *leaks.rubric_faults(everything)],
            f"none of their {len(answered)} sentences is in the release",
        )
        public = leaks.public_code(self._sources, solutions)
        if self.assignment.proof == "light":
            public += "\n" + leaks.visible_code(self._hidden)
        tested = [each for each in leaks.hidden_secrets(self._hidden) if each.piece not in public]
        yield finding(
            "no hidden test is given away",
            leaks.leak_faults(everything, tested),
            f"none of their {len(tested)} lines is in the release",
        )

    def _traces(self) -> Iterator[Finding]:
        """Check that the release has no traces of the machine that made it."""
        strange = tidy.cell_faults(self._released)
        yield finding("no output, execution count, attachment or other metadata", strange, "none")
        own = (self.course.root, self._solutions, self._hidden)
        faults = tidy.path_faults(texts(self.tree), own=own)
        yield finding("no path of a machine", faults, "none")
