"""The measured ways to mark a class, each with its own course and its true marks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.course.assignment import Assignment, Course
from autograder.course.samples import SampleStudent
from autograder.grading.classrun import default_jobs

from . import bare_cells
from .courses import (
    Marks,
    ScratchCourse,
    make_kit_course,
    make_stock_course,
    recorded_marks,
    run,
    true_marks,
)
from .effort import Effort, measure
from .otter import Otter, otter_marks

KIT, KIT_ONE, STOCK, OTTER, FLOOR = "kit", "kit-one", "nbgrader", "otter", "floor"
WAYS = (KIT, KIT_ONE, STOCK, OTTER, FLOOR)
LABELS: Mapping[str, str] = {
    KIT: f"`fdl grade`, {default_jobs()} at once",
    KIT_ONE: "`fdl grade --jobs 1`",
    STOCK: "`nbgrader autograde`",
    OTTER: f"`otter run`, {default_jobs()} at once",
    FLOOR: "the cells alone",
}


class UnfairError(Exception):
    """A way doesn't find the true marks, so that its time has no meaning."""


@dataclass(frozen=True)
class Way:
    """A way to mark the class of a course; `marks` reads the recorded marks from a folder."""

    name: str
    course: ScratchCourse
    action: Callable[[Path], Effort]
    marks: Callable[[Path], Marks] | None
    truth: Marks

    def run(self, root: Path) -> Effort:
        """Mark a fresh copy of the course at `root`; raise UnfairError if the marks are wrong."""
        self.course.copy(root)
        effort = self.action(root)
        found = self.truth if self.marks is None else self.marks(root)
        if found != self.truth:
            wrong = {
                student: {item: (found.get(student, {}).get(item), points)
                          for item, points in items.items()
                          if found.get(student, {}).get(item) != points}
                for student, items in self.truth.items()
                if found.get(student) != items
            }  # fmt: skip
            raise UnfairError(f"{self.name} marks so (got, should): {wrong}")
        return effort


@dataclass(frozen=True)
class Maker:
    """Makes ways for one assignment; `otter` is the folder of otter-grader's programs."""

    course: Course
    assignment: Assignment
    otter: Path

    def make(
        self, names: Sequence[str], students: Sequence[SampleStudent], root: Path
    ) -> list[Way]:
        """Return the ways with these names for these students; their courses are below `root`."""
        courses: dict[str, ScratchCourse] = {}
        ways = []
        for name in names:
            tool = KIT if name in (KIT_ONE, FLOOR) else name
            if tool not in courses:
                courses[tool] = self._course(tool, students, root / tool)
            action, marks = self._of(name)
            truth = true_marks(self.assignment, students)
            ways.append(Way(name, courses[tool], action, marks, truth))
        return ways

    def _course(self, tool: str, students: Sequence[SampleStudent], root: Path) -> ScratchCourse:
        if tool == OTTER:
            return self._otter.make_course(self.course, self.assignment, students, root)
        make = make_stock_course if tool == STOCK else make_kit_course
        return make(self.course, self.assignment, students, root)

    @property
    def _otter(self) -> Otter:
        return Otter(self.otter, default_jobs())

    def _of(self, name: str) -> tuple[Callable[[Path], Effort], Callable[[Path], Marks] | None]:
        assignment, homework = self.assignment, self.assignment.name
        if name == FLOOR:
            return lambda root: _floor(root, homework), None
        if name == OTTER:
            otter = self._otter
            return (
                lambda root: measure(lambda: otter.grade(root)),
                lambda root: otter_marks(root, assignment),
            )
        command = {
            KIT: ["fdl", "grade", homework],
            KIT_ONE: ["fdl", "grade", homework, "--jobs", "1"],
            STOCK: ["nbgrader", "autograde", homework],
        }[name]
        return (
            lambda root: measure(lambda: run(root, *command)),
            lambda root: recorded_marks(root, assignment),
        )


def _floor(root: Path, homework: str) -> Effort:
    folders = sorted((root / "submitted").glob(f"*/{homework}"))
    found = run_script(bare_cells, root / "release" / homework, *folders)
    seconds = sum(found.values())
    return Effort(seconds, seconds)


def run_script(script: ModuleType, *arguments: object) -> dict[str, Any]:
    """Return the output of a script; -P keeps the script's folder out of its path."""
    command = [sys.executable, "-P", str(script.__file__), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    data: dict[str, Any] = json.loads(done.stdout)
    return data
