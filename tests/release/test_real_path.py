"""The proof through the real grading path: sandbox, hidden tests under pytest, Report."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from autograder.course.assignment import Assignment, Course
from autograder.grading import classrun
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import Marking, mark_submission, open_sandbox
from autograder.release import release as really_release
from autograder.sandbox import examine

from .helpers import faults, replace_text
from .marking import MarkFunction, release
from .misconceptions import SOUND, write_misconceptions

SETTINGS = MarkSettings(unprotected=True)
"""Settings that also work without a wall, because we wrote these notebooks ourselves."""


@pytest.fixture(scope="module")
def mark() -> Iterator[MarkFunction]:
    """Marks through the real path, with one sandbox for all submissions."""
    with open_sandbox(SETTINGS) as sandbox:

        def mark_in_it(
            course: Course, assignment: Assignment, path: Path, *, release: Path
        ) -> Marking:
            return mark_submission(
                course, assignment, path, release=release, settings=SETTINGS, sandbox=sandbox
            )

        yield mark_in_it


@pytest.mark.slow
def test_sound_course_is_published(
    course: Course, mark: MarkFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trials and misconceptions run in processes, as in `fdl release`; trials require a wall."""
    monkeypatch.setattr(classrun, "default_jobs", lambda *_: 1)
    write_misconceptions(course, SOUND)
    walls = examine()
    stands = walls.outer.stands or walls.inner.stands
    proof = really_release(course, "tiny") if stands else release(course, "tiny", mark=mark)
    assert proof.ok, proof.faults
    assert proof.findings[-1].detail == "5 of 5 caught, 5 diagnosed"
    assert not any(finding.earlier for finding in proof.findings)
    assert (course.release("tiny") / "valley.ipynb").is_file()


@pytest.fixture(scope="module")
def found(
    published: Path, mark: MarkFunction, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """The findings of a proof when the hidden tests of two items are wrong."""
    root = tmp_path_factory.mktemp("weak") / "course"
    shutil.copytree(published, root)
    # the module needs its own name, because pytest already knows a module of the other course by
    # the usual name
    hidden = (root / "autograder/hidden/tiny/test_valley.py").rename(
        root / "autograder/hidden/tiny/test_weak_valley.py"
    )
    replace_text(
        hidden,
        "assert_close(student.slope(u, v)[0], v * v * u)",
        "assert student.slope(u, v)[0].shape == (d,)",
    )
    replace_text(hidden, 'student.value("last_part"), 15.0', 'student.value("last_part"), 16.0')
    course = Course(root)
    return faults(release(course, "tiny", check=True, mark=mark))


@pytest.mark.parametrize(
    "kind", ["zeros", "ones", "random numbers", "the function's own arguments"]
)
def test_part_that_junk_can_earn_is_named(found: Mapping[str, str], kind: str) -> None:
    (check,) = [name for name in found if name.startswith(f"junk earns nothing: {kind}")]
    detail = found[check]
    assert detail.startswith("item t-slope: 0.5 of 2 points for")
    assert "“The first part of the slope grows with the square of v.”" in detail


def test_point_that_the_reference_misses_is_named(found: Mapping[str, str]) -> None:
    assert found["the reference earns every point"].startswith(
        "item t-values: the reference earns 0 of 1: “The slope at the given point.”"
    )


def test_skeleton_earns_nothing_even_so(found: Mapping[str, str]) -> None:
    assert "the untouched skeleton earns nothing" not in found
