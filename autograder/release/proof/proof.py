"""The proof that a release is fit to publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode

from autograder.course.assignment import Assignment, Course
from autograder.course.code import load_references
from autograder.course.layout import CHECKS, CourseFolder
from autograder.errors import KitError, ReleaseError
from autograder.grading.misconceptions import Misconception, read_catalogue
from autograder.release.build import build
from autograder.release.definitions import Solutions
from autograder.release.fill import dropped_lines, read_source
from autograder.release.proof import leaks, structure, tidy
from autograder.release.proof.findings import Finding, Proof, finding
from autograder.release.proof.freshness import stage_source, stale_faults
from autograder.release.proof.imports import import_faults
from autograder.release.proof.killmatrix import KillMatrix, kill_matrix
from autograder.release.proof.statements import Statements
from autograder.release.proof.texts import notebooks, texts
from autograder.release.proof.trials import Mark, Say, Trials

Matrix = Callable[[Course, Assignment], KillMatrix]


def prove(
    course: Course,
    assignment: Assignment,
    tree: Path,
    *,
    source_follows: bool = False,
    mark: Mark | None = None,
    matrix: Matrix | None = None,
    say: Say | None = None,
    again: bool = False,
) -> Proof:
    """Prove the release in `tree` against the course's source, solutions and hidden tests.

    Nothing of the course is changed. With `source_follows` the source notebooks need not be filled
    yet, and what editors leave may lie beside them: the caller fills them if the proof holds.
    `mark` marks a submission (default: the real grading path), `matrix` holds the misconceptions
    against the hidden tests (default: really), `say` is told what is being looked at. Trials and
    misconceptions that an earlier proof held with the same inputs are not held again, unless
    `again` asks for it.

    The parts of the proof come in an order in which each builds on those before it: files, then
    what is in them, then trials, then misconceptions. The proof stops after the first part that
    has a fault, so that one cause is told once. What can't be filled or built at all raises
    ReleaseError.
    """
    say = say or _silent
    with TemporaryDirectory(prefix="fdl-proof-") as folder:
        scratch = Path(folder).resolve()
        say("filling and building afresh")
        filled = stage_source(course, assignment, scratch)
        fresh = CourseFolder(scratch).release(assignment.name)
        build(filled, fresh, assignment, config=course.nbgrader_settings)
        say("reading both trees")
        reading = Reading(course, assignment, filled, tree)
        trials = Trials(
            course,
            assignment,
            source=filled,
            release=tree,
            scratch=scratch,
            mark=mark,
            again=again,
        )
        parts: list[Callable[[], Iterator[Finding]]] = [
            partial(reading.files, at_work=source_follows),
            partial(reading.freshness, fresh, source_follows),
            reading.contents,
            lambda: iter(trials.findings(say)),
            lambda: iter(
                [_matrix_finding((matrix or _real_matrix(say, again))(course, assignment))]
            ),
        ]
        found: list[Finding] = []
        while parts and all(each.ok for each in found):
            found += parts.pop(0)()
    return Proof(assignment.name, tuple(found), complete=not parts)


def _real_matrix(say: Say, again: bool) -> Matrix:
    def watch(done: int, count: int) -> None:
        say(f"holding misconceptions against the hidden tests: {done} of {count}")

    return partial(kill_matrix, watch=watch, earlier=True, again=again)


def _matrix_finding(matrix: KillMatrix) -> Finding:
    """Whether every misconception loses its own item alone, and none is taken for another."""
    check = "each misconception loses its own item alone"
    return replace(finding(check, matrix.faults(), matrix.summary()), earlier=matrix.earlier)


class Reading:
    """What is found by reading a release: nothing of it is run, save our own solutions.

    `filled` is the source as it is after filling, `tree` the release that is to be proved.
    """

    def __init__(self, course: Course, assignment: Assignment, filled: Path, tree: Path) -> None:
        self._course, self._assignment = course, assignment
        self._filled, self._tree = filled, tree
        self._source = course.source(assignment.name)
        self._solutions = course.solutions(assignment.name)
        self._hidden = course.hidden(assignment.name)

    def files(self, *, at_work: bool) -> Iterator[Finding]:
        """Whether both trees consist of the files that belong there, and whether these open.

        Where somebody is at work on the source, what editors leave beside it is no fault. What is
        wrong with the source is not told again of the release.
        """
        count = len(tidy.expected_files(self._assignment))
        told: set[str] = set()
        for folder, tree, in_use in (
            ("source", self._source, at_work),
            ("release", self._tree, False),
        ):
            label = f"{folder}/{tree.name}"
            faults = tidy.file_faults(tree, self._assignment, label, in_use=in_use)
            new = [each for each in faults if each.removeprefix(label) not in told]
            told.update(each.removeprefix(label) for each in new)
            yield finding(f"files of {label}", new, f"the {count} files that belong there")
        yield finding("the notebooks open", self._opening_faults(), "valid, cell ids unique")

    def freshness(self, fresh: Path, source_follows: bool) -> Iterator[Finding]:
        """Whether the trees are what they would be if they were made now, and nothing is lost."""
        dropped = [
            fault
            for file, notebook in notebooks(self._source).items()
            for fault in dropped_lines(notebook, Path(file).stem)
        ]
        yield finding("filling drops nothing that is typed by hand", dropped, "nothing")
        check = "the source is filled from the solutions"
        stale = list(stale_faults(self._source, self._filled, f"source/{self._source.name}"))
        if source_follows:
            yield finding(check, (), "\n".join(["filled with this release", *stale]))
        elif not dropped:
            yield finding(check, stale, "up to date")
        if source_follows or not (stale or dropped):
            faults = stale_faults(self._tree, fresh, f"release/{self._tree.name}")
            yield finding("the release is built from the source", faults, "up to date")

    def contents(self) -> Iterator[Finding]:
        """What the release and all that belongs to it say."""
        imports = self._imports()
        yield imports
        if imports.ok:
            yield self._loading()
        names = self._names()
        yield names
        if names.ok:
            yield from self._order()
        yield from self._secrets()
        yield from self._traces()

    @cached_property
    def _released(self) -> dict[str, NotebookNode]:
        return notebooks(self._tree)

    @cached_property
    def _sources(self) -> dict[str, NotebookNode]:
        return notebooks(self._filled)

    def _opening_faults(self) -> Iterator[str]:
        for path in sorted(self._tree.glob("*.ipynb")):
            try:
                read_source(path)
            except ReleaseError as error:
                yield str(error)

    def _imports(self) -> Finding:
        own_code = (self._solutions, self._hidden)
        faults = import_faults(self._sources, self._tree, own_code)
        return finding("imports and requirements.txt", faults, "they agree")

    def _loading(self) -> Finding:
        """Whether the solutions and the misconceptions can be imported."""
        faults = []
        try:
            load_references(self._course, self._assignment)
            count = len(self._misconceptions)
        except KitError as error:
            faults = [str(error)]
        seen = "" if faults else f"the solutions and {count} misconceptions"
        return finding("the solutions and misconceptions load", faults, seen)

    @cached_property
    def _misconceptions(self) -> tuple[Misconception, ...]:
        return tuple(read_catalogue(self._course, self._assignment))

    def _names(self) -> Finding:
        try:
            known = [(wrong.name, wrong.item) for wrong in self._misconceptions]
        except KitError:  # told by `_loading`, or by `_imports`
            known = []
        faults = structure.name_faults(
            self._assignment, self._sources, self._tree / CHECKS, self._hidden, known
        )
        return finding("each item has its tests and its check", faults, "all are known")

    def _order(self) -> Iterator[Finding]:
        """Whether items, points, cells, rubrics and hidden tests belong together."""
        assignment = self._assignment
        yield finding(
            "items and points",
            structure.point_faults(assignment, self._released),
            structure.points_summary(assignment),
        )
        statements = Statements(assignment, self._tree, self._released)
        yield finding(
            "points and items in texts, rubrics and checks",
            [
                *statements.point_faults(),
                *structure.rubric_point_faults(assignment, self._sources),
            ],
            "those of the grade cells",
        )
        yield finding(
            "dates in texts",
            statements.date_faults(),
            "those of course.toml",
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
        """What the release must not give away."""
        everything, solutions = texts(self._tree), Solutions(self._solutions)
        stubs = _each(self._released, leaks.stub_faults)
        yield finding("answer cells hold stubs alone", stubs, "they do")
        solved = list(leaks.solution_secrets(self._sources, solutions))
        yield finding(
            "no solution is given away",
            leaks.leak_faults(everything, solved),
            f"none of {len(solved)} telling lines",
        )
        answered = list(leaks.manual_secrets(self._sources))
        yield finding(
            "no model answer or rubric is given away",
            [*leaks.leak_faults(everything, answered), *leaks.rubric_faults(everything)],
            f"none of {len(answered)} sentences",
        )
        public = leaks.public_code(self._sources, solutions)
        tested = list(leaks.hidden_secrets(self._hidden, public))
        yield finding(
            "no hidden test is given away",
            leaks.leak_faults(everything, tested),
            f"none of {len(tested)} telling lines",
        )

    def _traces(self) -> Iterator[Finding]:
        """What a machine has left in the release."""
        strange = [
            *_each(self._released, tidy.cell_faults),
            *_each(self._released, tidy.notebook_faults),
        ]
        yield finding("no output, count, attachment or strange metadata", strange, "none")
        own = (self._course.root, self._solutions, self._hidden)
        faults = tidy.path_faults(texts(self._tree), own=own)
        yield finding("no path of a machine", faults, "none")


def _each(
    released: dict[str, NotebookNode], faults: Callable[[str, NotebookNode], Iterator[str]]
) -> Iterator[str]:
    for file, notebook in released.items():
        yield from faults(Path(file).stem, notebook)


def _silent(_: str) -> None:
    """Say nothing."""
