"""An earlier proof's findings are reused if its inputs are unchanged."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Assignment, Course
from autograder.errors import CourseError
from autograder.grading.jobs import Job, Marked, MarkSettings
from autograder.grading.mark import Marking
from autograder.release import Finding, Proof, release
from autograder.release.proof import killmatrix
from autograder.release.proof.killmatrix import Row
from tests.consoles import wide_consoles

from .helpers import replace_text
from .marking import MarkFunction, mark_on_paper

TRIALS = ["reference", "skeleton", "junk-zeros", "junk-ones", "junk-random", "junk-arguments"]
MISCONCEPTIONS = "misconceptions"


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@dataclass
class CountingRun:
    """Replaces `mark_class`: records the marked submissions, and returns results reordered."""

    mark: MarkFunction = mark_on_paper
    marked: list[str] = field(default_factory=list)

    def __call__(
        self,
        course: Course,
        assignment: Assignment,
        jobs: Sequence[Job],
        *,
        workers: int,
        settings: MarkSettings | None,
    ) -> Iterator[Marked]:
        assert workers >= 1
        is_long = settings is not None and settings.limits.submission_seconds > 600
        assert is_long == any(job.student == "misconceptions" for job in jobs)
        for job in reversed(jobs):
            assert job.release is not None
            self.marked.append(job.student)
            try:
                marking = self.mark(course, assignment, job.path, release=job.release)
            except CourseError as error:
                yield Marked(job.student, None, str(error))
            else:
                yield Marked(job.student, marking)

    def taken(self) -> list[str]:
        """Return the submissions marked since the last call, in the order of the trials."""
        found, self.marked = self.marked, []
        assert len(set(found)) == len(found)
        return sorted(found, key=[*TRIALS, MISCONCEPTIONS].index)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> CountingRun:
    counting = CountingRun()
    monkeypatch.setattr("autograder.grading.classrun.mark_class", counting)
    behind(monkeypatch, "full")
    return counting


def behind(monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    """Make the proof believe that student code runs behind these walls."""

    @dataclass(frozen=True)
    class Walls:
        level: str

    monkeypatch.setattr("autograder.sandbox.examine", lambda: Walls(level))


def proved(course: Course, *, again: bool = False) -> Proof:
    return release(course, "tiny", check=True, again=again)


@pytest.fixture(scope="module")
def kept(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's cache folder after a first proof of the published course."""
    cache = tmp_path_factory.mktemp("kept") / "cache"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
        monkeypatch.setattr("autograder.grading.classrun.mark_class", CountingRun())
        behind(monkeypatch, "full")
        assert proved(Course(published)).ok
    return cache


@pytest.fixture
def proved_before(released: Course, kept: Path, tmp_path: Path, run: CountingRun) -> Course:
    """A course for tests to break; an earlier proof of this course has stored all trials."""
    shutil.copytree(kept, tmp_path / "cache")
    assert run.marked == []
    return released


REFERENCE = "the reference earns every point"
SKELETON = "the untouched skeleton earns nothing"
ACCEPTS = "visible checks accept the reference"
REJECTS = "visible checks reject the skeleton"
ROWS = len([*TRIALS, ACCEPTS, REJECTS])


def of_trials(proof: Proof) -> dict[str, Finding]:
    """Return the findings of the trials, by the checked part."""
    begins = (REFERENCE, SKELETON, ACCEPTS, REJECTS, "junk earns nothing: ")
    return {each.check: each for each in proof.findings if each.check.startswith(begins)}


# --- Trials ---------------------------------------------------------------------------------------


def test_a_proof_whose_inputs_have_not_changed_marks_nothing_again(
    released: Course, run: CountingRun
) -> None:
    first = proved(released)
    assert first.ok, first.faults
    assert run.taken() == TRIALS
    second = proved(released)
    assert run.taken() == []
    assert not any(finding.earlier for finding in first.findings)
    assert len(of_trials(second)) == ROWS
    assert {each.check for each in second.findings if each.earlier} == set(of_trials(second))
    assert tuple(replace(each, earlier=False) for each in second.findings) == first.findings


def test_a_release_and_its_check_are_one_proof(course: Course, run: CountingRun) -> None:
    assert release(course, "tiny").ok
    assert run.taken() == TRIALS
    assert proved(course).ok
    assert release(course, "tiny").ok
    assert run.taken() == []


def test_again_repeats_everything(proved_before: Course, run: CountingRun) -> None:
    repeated = proved(proved_before, again=True)
    assert run.taken() == TRIALS
    assert not any(finding.earlier for finding in repeated.findings)


def test_again_keeps_what_it_finds(released: Course, run: CountingRun) -> None:
    proved(released, again=True)
    assert run.taken() == TRIALS
    assert all(finding.earlier for finding in of_trials(proved(released)).values())
    assert run.taken() == []


def hidden_test(course: Course) -> Path:
    return course.hidden("tiny") / "test_valley.py"


CHANGES: dict[str, Callable[[Course], object]] = {
    "a hidden test": lambda course: replace_text(hidden_test(course), "v = rng", "v = 1 * rng"),
    "a new hidden test": lambda course: (course.hidden("tiny") / "test_more.py").write_text(""),
    "a solution": lambda course: replace_text(
        course.solutions("tiny") / "valley.py", "squared_norm * v", "v * squared_norm"
    ),
    "a visible check": lambda course: replace_text(
        course.source("tiny") / "checks.py", "looked at everything", "looked at all"
    ),
    "a notebook": lambda course: replace_text(
        course.source("tiny") / "valley.ipynb", "One valley", "Another valley"
    ),
    "a file of the source": lambda course: replace_text(
        course.source("tiny") / "README.md", "fill it", "fill it now"
    ),
    "the seed": lambda course: replace_text(course.root / "course.toml", "seed = 7", "seed = 8"),
    "what is bonus": lambda course: replace_text(
        course.root / "course.toml", 'bonus = ["t-plot"]', "bonus = []"
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_has_changed_is_proved_again(
    proved_before: Course, run: CountingRun, what: str
) -> None:
    CHANGES[what](proved_before)
    changed = release(Course(proved_before.root), "tiny")
    assert run.taken() == TRIALS
    assert not any(finding.earlier for finding in changed.findings)


def test_other_walls_are_another_proof(
    proved_before: Course, run: CountingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind(monkeypatch, "inner")
    proved(proved_before)
    assert run.taken() == TRIALS


def test_what_no_trial_depends_on_repeats_none(proved_before: Course, run: CountingRun) -> None:
    replace_text(proved_before.root / "course.toml", "2024-11-21", "2024-11-28")
    (proved_before.root / "submitted" / "anna" / "tiny").mkdir(parents=True)
    assert proved(Course(proved_before.root)).ok
    assert run.taken() == []


def generous(course: Course, assignment: Assignment, path: Path, *, release: Path) -> Marking:
    """Give the skeleton the marks of the reference."""
    known = path.with_name("reference") if path.name == "skeleton" else path
    return mark_on_paper(course, assignment, known, release=release)


def refusing(course: Course, assignment: Assignment, path: Path, *, release: Path) -> Marking:
    if path.name == "skeleton":
        raise CourseError("the hidden tests did not run")
    return mark_on_paper(course, assignment, path, release=release)


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        (generous, "points for the untouched skeleton"),
        (refusing, "the trial can't be marked: the hidden"),
    ],
)
def test_a_failed_trial_is_never_kept(
    released: Course, run: CountingRun, mark: MarkFunction, told: str
) -> None:
    run.mark = mark
    failed = proved(released)
    assert told in of_trials(failed)[SKELETON].detail
    assert run.taken() == TRIALS
    still = proved(released)
    assert run.taken() == ["skeleton"]
    assert [finding.check for finding in still.findings] == [f.check for f in failed.findings]
    found = of_trials(still).items()
    assert {check for check, each in found if not each.earlier} - {REJECTS} == {SKELETON}
    assert {check for check, each in found if not each.ok} == {SKELETON}
    run.mark = mark_on_paper
    assert proved(released).ok
    assert run.taken() == ["skeleton"]
    assert proved(released).ok
    assert run.taken() == []


def test_progress_counts_what_is_marked_now(released: Course, run: CountingRun) -> None:
    run.mark = generous
    proved(released)
    told: list[str] = []
    release(released, "tiny", check=True, say=told.append)
    assert told[2:] == [f"marking trial submissions: {done} of 1" for done in (0, 1)]


# --- Misconceptions -------------------------------------------------------------------------------

CATALOGUE = """
from autograder.grading.misconceptions import Catalogue

misconceptions = Catalogue()
misconceptions.values("t-values", "parts_exchanged", "v is the last entry.", last_part=9.0)
misconceptions.values("t-slope", "no_slope", "There is a slope.", slope=None)
"""


@pytest.fixture
def held(released: Course, run: CountingRun, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write two misconceptions; return a list of the items whose misconceptions are tried."""
    assert run.marked == []
    (released.hidden("tiny") / "misconceptions.py").write_text(CATALOGUE, encoding="utf-8")
    noted: list[str] = []

    def rows(
        _course: Course, _assignment: Assignment, items: list[str], _seed: int, _workers: int
    ) -> Iterator[list[Row]]:
        for item in items:
            noted.append(item)
            yield [Row(f"of {item}", item, "...", 0.0, {item: 1.0}, f"of {item}")]

    monkeypatch.setattr(killmatrix, "_rows", rows)
    return noted


def test_misconceptions_are_not_held_again(released: Course, held: list[str]) -> None:
    first, second = proved(released), proved(released)
    assert held == ["t-slope", "t-values"]
    assert first.ok
    assert second.findings[-1] == replace(first.findings[-1], earlier=True)
    assert "2 of 2 caught" in second.findings[-1].detail


def test_again_holds_misconceptions_again(released: Course, held: list[str]) -> None:
    proved(released)
    assert not proved(released, again=True).findings[-1].earlier
    assert held == ["t-slope", "t-values"] * 2


def test_a_changed_misconception_is_held_again(released: Course, held: list[str]) -> None:
    proved(released)
    replace_text(released.hidden("tiny") / "misconceptions.py", "=9.0", "=8.0")
    assert not proved(released).findings[-1].earlier
    assert held == ["t-slope", "t-values"] * 2


# --- What people read -----------------------------------------------------------------------------


def test_the_command_says_what_was_found_earlier(
    released: Course, run: CountingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(released.root)

    def printed(*options: str) -> str:
        with wide_consoles():
            done = CliRunner().invoke(app, ["release", "tiny", "--check", *options])
        assert done.exit_code == 0, done.output
        return done.output

    assert "found earlier" not in printed()
    again = printed()
    assert again.count("(found earlier)") == ROWS
    assert "--again repeats these checks" in again
    assert run.taken() == TRIALS
    assert "found earlier" not in printed("--again")
    assert run.taken() == TRIALS
