"""A large class of many small and a few complete submissions, each with its true marks.

Every part of the class has the same mixture of submissions, so that parts can be compared.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course.assignment import Assignment, Course
from autograder.course.samples import SampleStudent, load_sample_class, write_submission
from tests.benchmarks.courses import Marks

ONE_IN = 50
"""Number of submissions among which one is complete."""

FULL = ("ada", "dmitri", "emil", "farah")
ONLY = "problem3_ntk"
EARNED: Mapping[str, float] = {"p3a-gradients": 1.0}


@dataclass(frozen=True)
class Crowd:
    """A class of `count` students in the course at `root`."""

    root: Path
    assignment: Assignment
    kinds: Mapping[str, SampleStudent]
    count: int

    def students(self) -> Iterator[tuple[str, SampleStudent]]:
        """Return each student's name, with the sample student whose submission is used."""
        small = [name for name in self.kinds if name not in FULL]
        width = len(str(self.count))
        for number in range(self.count):
            name = (
                FULL[number // ONE_IN % len(FULL)]
                if number % ONE_IN == 0
                else small[number % len(small)]
            )
            yield f"student-{number + 1:0{width}}", self.kinds[name]

    def truth(self) -> Marks:
        """Return the true marks of each student."""
        points = {name: kind.true_points(self.assignment) for name, kind in self.kinds.items()}
        return {student: points[kind.name] for student, kind in self.students()}


def hand_in(course: Course, assignment: Assignment, count: int, root: Path) -> Crowd:
    """Write a class's submissions into the course at `root`, which has no submissions yet."""
    crowd = Crowd(root, assignment, _kinds(course, assignment), count)
    for name, kind in crowd.kinds.items():
        write_submission(course, assignment, kind, root / "kinds" / name)
    for student, kind in crowd.students():
        target = root / "submitted" / student / assignment.name
        shutil.copytree(root / "kinds" / kind.name, target)
    return crowd


def _kinds(course: Course, assignment: Assignment) -> dict[str, SampleStudent]:
    known = {student.name: student for student in load_sample_class(course, assignment.name)}
    everything = {item.name: item.max_points for item in assignment.select("auto")}
    begun = SampleStudent(
        "begun",
        "Problem 3 alone, with its first answer",
        done=frozenset(f"{item}-answer" for item in EARNED),
        lost={**everything, **{item: everything[item] - p for item, p in EARNED.items()}},
        spoil=_keep_one,
    )
    untouched = replace(
        begun, name="untouched", story="Problem 3 alone, untouched", done=frozenset(),
        lost=everything,
    )  # fmt: skip
    broken = replace(
        untouched, name="broken", story="Problem 3 alone, and no notebook", spoil=_break
    )
    small = {kind.name: kind for kind in (begun, untouched, broken)}
    return {**{name: known[name] for name in FULL}, **small}


def _keep_one(folder: Path) -> None:
    for path in folder.glob("*.ipynb"):
        if path.stem != ONLY:
            path.unlink()


def _break(folder: Path) -> None:
    _keep_one(folder)
    path = folder / f"{ONLY}.ipynb"
    path.write_text(path.read_text(encoding="utf-8")[:2000], encoding="utf-8")
