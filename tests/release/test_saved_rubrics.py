"""A rubric that comes back from the desk leaves the release as it is, and fit."""

from __future__ import annotations

from pathlib import Path

import msgspec

from autograder.course.assignment import Course
from autograder.course.rubric import read_rubrics
from autograder.desk.sourcerubric import as_version, save_rubrics
from autograder.gradebook.database import open_gradebook
from autograder.gradebook.handmarks import RubricStep, RubricVersion, append
from autograder.release.build import build
from autograder.release.proof.freshness import stage_source, stale_faults

from .helpers import fingerprint, looked_at


def changed_at_the_desk(course: Course) -> None:
    """Somebody rewords a step at the desk, revalues two, and adds a deduction."""
    assignment = course.assignment("tiny")
    first = as_version("tiny", "t-proof", read_rubrics(course, assignment)["t-proof"], "Rita")
    one, two, *more = first.steps
    steps = (
        msgspec.structs.replace(one, points=0.5),
        RubricStep("new", -1, "answers in riddles that nobody but the author can ever solve"),
        msgspec.structs.replace(two, points=1, text="tells why the other factor stays"),
        *more,
    )
    second = RubricVersion(after=first.uid, item="t-proof", steps=steps, source=first.source)
    with open_gradebook(course) as gradebook, gradebook.transaction():
        append(gradebook, "tiny", [first, second])


def test_the_release_stays_fresh_and_fit(released: Course, tmp_path: Path) -> None:
    assignment = released.assignment("tiny")
    before = fingerprint(released.release("tiny"))
    changed_at_the_desk(released)
    [saved] = save_rubrics(released, "tiny")
    assert len(saved.lines) == 5
    source = stage_source(released, assignment, tmp_path / "stage")
    fresh = tmp_path / "fresh" / "release" / "tiny"
    build(source, fresh, assignment)
    assert list(stale_faults(released.source("tiny"), source, "source/tiny")) == []
    assert list(stale_faults(released.release("tiny"), fresh, "release/tiny")) == []
    assert fingerprint(released.release("tiny")) == before
    assert looked_at(released).faults == ()
