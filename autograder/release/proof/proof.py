"""The proof that a release is fit to publish."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode

from autograder.course.assignment import Assignment, Course
from autograder.course.layout import CHECKS, CourseFolder
from autograder.errors import ReleaseError
from autograder.release.build import build
from autograder.release.definitions import Solutions
from autograder.release.fill import read_source
from autograder.release.proof import leaks, structure, tidy
from autograder.release.proof.findings import Finding, Proof, finding
from autograder.release.proof.freshness import stage_source, stale_faults
from autograder.release.proof.killmatrix import KillMatrix, kill_matrix
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
    `again` asks for it. What can't be filled or built at all raises ReleaseError; everything else
    is a finding.
    """
    say = say or _silent
    name = assignment.name
    with TemporaryDirectory(prefix="fdl-proof-") as folder:
        scratch = Path(folder).resolve()
        say("filling and building afresh")
        filled = stage_source(course, name, scratch)
        fresh = CourseFolder(scratch).release(name)
        build(filled, fresh, assignment, config=course.nbgrader_settings)
        say("reading both trees")
        findings = [
            *_file_findings(course.source(name), tree, filled, at_work=source_follows),
            _source_finding(course.source(name), filled, source_follows),
            finding(
                "the release is built from the source",
                stale_faults(tree, fresh, f"release/{name}"),
                "up to date",
            ),
            finding("the notebooks open", _opening_faults(tree), "valid, cell ids unique"),
        ]
        # what can't be read can't be looked into any further
        if all((tree / path.name).is_file() for path in fresh.iterdir()) and findings[-1].ok:
            findings += _text_findings(course, assignment, filled, tree)
            findings += _order_findings(course, assignment, filled, tree)
            trials = Trials(
                course,
                assignment,
                source=filled,
                release=tree,
                scratch=scratch,
                mark=mark,
                again=again,
            )
            findings += trials.findings(say)
            held = (matrix or _real_matrix(say, again))(course, assignment)
            findings.append(_matrix_finding(held))
    return Proof(name, tuple(findings))


def _real_matrix(say: Say, again: bool) -> Matrix:
    def watch(done: int, count: int) -> None:
        say(f"holding misconceptions against the hidden tests: {done} of {count}")

    return partial(kill_matrix, watch=watch, earlier=True, again=again)


def _matrix_finding(matrix: KillMatrix) -> Finding:
    """Whether every misconception loses its own item alone, and none is taken for another."""
    check = "each misconception loses its own item alone"
    return replace(finding(check, matrix.faults(), matrix.summary()), earlier=matrix.earlier)


def _file_findings(source: Path, tree: Path, filled: Path, at_work: bool) -> Iterator[Finding]:
    """Whether both trees consist of the files that belong there.

    Where somebody is at work on the source, what editors leave beside it is no fault.
    """
    files = tidy.expected_files(filled)
    for label, folder, in_use in (
        (f"source/{source.name}", source, at_work),
        (f"release/{source.name}", tree, False),
    ):
        faults = tidy.file_faults(folder, files, label, in_use=in_use)
        yield finding(f"files of {label}", faults, f"the {len(files)} files that belong there")


def _source_finding(source: Path, filled: Path, follows: bool) -> Finding:
    """Whether the source notebooks hold what the solutions say."""
    check = "the source is filled from the solutions"
    stale = list(stale_faults(source, filled, f"source/{source.name}"))
    if follows:
        return finding(check, (), "\n".join(["filled with this release", *stale]))
    return finding(check, stale, "up to date")


def _opening_faults(tree: Path) -> Iterator[str]:
    for path in sorted(tree.glob("*.ipynb")):
        try:
            read_source(path)
        except ReleaseError as error:
            yield str(error)


def _text_findings(
    course: Course, assignment: Assignment, source: Path, tree: Path
) -> Iterator[Finding]:
    """What the release says, and must not."""
    released, sources, everything = notebooks(tree), notebooks(source), texts(tree)
    solutions = Solutions(course.solutions(assignment.name))
    hidden = course.hidden(assignment.name)
    yield finding("answer cells hold stubs alone", _each(released, leaks.stub_faults), "they do")
    solved = list(leaks.solution_secrets(sources, solutions))
    yield finding(
        "no solution is given away",
        leaks.leak_faults(everything, solved),
        f"none of {len(solved)} telling lines",
    )
    answered = list(leaks.manual_secrets(sources))
    yield finding(
        "no model answer or rubric is given away",
        [*leaks.leak_faults(everything, answered), *leaks.rubric_faults(everything)],
        f"none of {len(answered)} sentences",
    )
    tested = list(leaks.hidden_secrets(hidden, leaks.public_code(sources, solutions)))
    yield finding(
        "no hidden test is given away",
        leaks.leak_faults(everything, tested),
        f"none of {len(tested)} telling lines",
    )
    strange = [*_each(released, tidy.cell_faults), *_each(released, tidy.notebook_faults)]
    yield finding("no output, count, attachment or strange metadata", strange, "none")
    own = (course.root, solutions.folder, hidden)
    yield finding("no path of a machine", tidy.path_faults(everything, own=own), "none")


def _order_findings(
    course: Course, assignment: Assignment, source: Path, tree: Path
) -> Iterator[Finding]:
    """Whether items, points, cells, rubrics and hidden tests belong together."""
    sources, hidden = notebooks(source), course.hidden(assignment.name)
    yield finding(
        "items and points",
        structure.point_faults(assignment, notebooks(tree)),
        structure.points_summary(assignment),
    )
    yield finding(
        "answer and check cells",
        structure.cell_order_faults(assignment, sources, tree / CHECKS),
        "each auto item has both",
    )
    yield finding(
        "rubrics",
        structure.rubric_faults(assignment, sources, hidden),
        "each adds up to its item's points",
    )
    tests, _ = structure.hidden_tests(hidden)
    yield finding(
        "hidden tests",
        structure.test_faults(assignment, hidden),
        f"{len(tests)} tests; each has its item, each auto item has some",
    )


def _each(
    released: dict[str, NotebookNode], faults: Callable[[str, NotebookNode], Iterator[str]]
) -> Iterator[str]:
    for file, notebook in released.items():
        yield from faults(Path(file).stem, notebook)


def _silent(_: str) -> None:
    """Say nothing."""
