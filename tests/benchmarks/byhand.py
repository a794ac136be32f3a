"""Mark proofs by hand at the desk and in nbgrader's formgrader, and count what a person does.

`make bench-desk` writes the counts into docs/benchmarks.md. A made-up class hands in the texts of
hw2, and each answer has points that the marker wants to give. A browser then gives these points in
both ways. Reading is left out, and so are the words of comments: both are the same in both ways.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from autograder.course.assignment import Assignment, Course
from autograder.course.gradecells import grade_id
from autograder.course.rubric import read_rubrics
from autograder.gradebook.database import open_gradebook
from autograder.grading.mark import Marking, read_skeletons
from autograder.grading.report import ItemReport, NotebookReport, Report
from tests.benchmarks.machine import described
from tests.gradebook.course import record_class
from tests.gradebook.server import TOKEN, started
from tests.written import write_between

ROOT = Path(__file__).parents[2]
HOMEWORK = "hw2"
PAGE = ROOT / "docs" / "benchmarks.md"
COMMAND = "make bench-desk"
SECONDS = 300.0
"""Seconds to wait for something that has to happen, however busy the machine is."""

WORDS = """
the gradient step converges because energy decreases along every direction where curvature stays
bounded below so momentum multiplies this bound by a constant which depends on beta only and $H$
has eigenvalue $\\lambda_i$ therefore $\\rho = \\max_i |r_i|$ holds while $$x_{t+1} = x_t - \\gamma p_t$$
""".split()


# --- a class -------------------------------------------------------------------------------------


def make_class(root: Path, count: int) -> Course:
    """Make a course at `root` with hw2, and submissions of this many students, marked by tests."""
    root.mkdir(parents=True)
    for name in ("course.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / name, root)
    for tree in ("source", "release", "solutions", "autograder/hidden"):
        shutil.copytree(ROOT / tree / HOMEWORK, root / tree / HOMEWORK)
    course = Course(root)
    assignment = course.assignment(HOMEWORK)
    with open_gradebook(course):
        pass
    names = [f"student{number:03}" for number in range(1, count + 1)]
    record_class(course, assignment, {name: _marking(course, assignment, name) for name in names})
    return course


def _marking(course: Course, assignment: Assignment, student: str) -> Marking:
    """Return a Marking with all points of the tests, and a text for each item that people mark."""
    notebooks = read_skeletons(assignment, course.release(HOMEWORK))
    for cell in (cell for notebook in notebooks.values() for cell in notebook.cells):
        item = assignment.items.get(grade_id(cell) or "")
        if item is not None and item.kind == "manual":
            words = random.Random(f"{student} {item.name}")
            cell.source = " ".join(words.choices(WORDS, k=120))
    items = {
        item.name: ItemReport(
            kind=item.kind,
            problem=item.problem,
            points=item.max_points if item.kind == "auto" else 0.0,
            max_points=item.max_points,
            bonus=item.bonus,
            outcome="marked" if item.kind == "auto" else "open",
        )
        for item in assignment.items.values()
    }
    states = {problem.name: NotebookReport("marked") for problem in assignment.problems}
    report = Report(HOMEWORK, student, 1, "both", {}, 16.0, 16.0, 7.0, 7.0, states, items)
    return Marking(report, notebooks)


class Wanted:
    """The steps that the marker finds in each answer: all, none, or some of them."""

    def __init__(self, course: Course) -> None:
        assignment = course.assignment(HOMEWORK)
        rubrics = read_rubrics(course, assignment)
        self.points = {
            item.name: [step.points for step in rubrics[item.name].steps]
            for item in assignment.select("manual")
        }

    def steps(self, item: str, who: str) -> list[bool]:
        """Return whether each step is found in an answer; `who` names the answer."""
        chance = random.Random(f"{item} {who}")
        share = chance.choice((1.0, 1.0, 0.75, 0.5, 0.0))
        return [chance.random() < share for _ in self.points[item]]

    def total(self, item: str, who: str) -> float:
        """Return the points of an answer."""
        found = zip(self.points[item], self.steps(item, who), strict=True)
        return round(sum(points for points, is_found in found if is_found), 6)


# --- a person who is counted ---------------------------------------------------------------------


@dataclass
class Count:
    """What a person did for `answers` answers; `waits` are the seconds before each next answer."""

    answers: int = 0
    clicks: int = 0
    keys: int = 0
    loads: int = 0
    waits: list[float] = field(default_factory=list)

    def row(self, name: str) -> str:
        """Return a row of the page's table."""
        per_answer = (self.clicks, self.keys, self.loads)
        cells = [f"{each / self.answers:.2f}" for each in per_answer]
        return f"| {name} | {self.answers} | {' | '.join(cells)} | {1000 * median(self.waits):,.0f} ms |"


class Person:
    """Clicks and types in a tab, and counts it."""

    def __init__(self, tab: Any) -> None:
        self.tab = tab
        self.count = Count()
        tab.on("load", lambda _: self._loaded())

    def _loaded(self) -> None:
        self.count.loads += 1

    def click(self, selector: str) -> None:
        self.tab.click(selector)
        self.count.clicks += 1

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)
        self.count.keys += len(keys)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Count from here; what came before was the way to the first answer."""
        self.count = Count()
        yield
        self.tab.wait_for_load_state("networkidle")


_NOW = "performance.timeOrigin + performance.now()"


# --- the formgrader ------------------------------------------------------------------------------


def _open_first(person: Person, address: str, course: Course, problem: str) -> None:
    tab = person.tab
    tab.goto(f"{address}/formgrader/gradebook/{HOMEWORK}/{problem}?token={TOKEN}")
    tab.wait_for_selector("td a[href*='/submissions/']")
    tab.locator("td a[href*='/submissions/']").first.click()
    _await_fields(tab)


def _await_fields(tab: Any) -> float:
    """Wait until points can be typed; return the time in seconds."""
    ready = "() => { const f = document.querySelectorAll('.score'); return f.length && [...f].every(e => !e.disabled) }"
    tab.wait_for_function(ready, timeout=1000 * SECONDS)
    return float(tab.evaluate(_NOW)) / 1000


def _who(tab: Any) -> str:
    """Return the submission that the page shows."""
    return str(tab.url.partition("/submissions/")[2].partition("/")[0])


def formgrader_by_mouse(
    person: Person, address: str, course: Course, problem: str, students: int
) -> Count:
    """Give points to all texts of a problem, student by student: click, type, next."""
    wanted = Wanted(course)
    items = [i.name for i in course.assignment(HOMEWORK).select("manual") if i.problem == problem]
    _open_first(person, address, course, problem)
    tab = person.tab
    with person.work():
        for number in range(students):
            who = _who(tab)
            for item in items:
                person.click(f"[id='{item}']")
                person.press("Control+A", *f"{wanted.total(item, who):g}")
                person.count.answers += 1
            with tab.expect_response(lambda answer: "/api/grade/" in answer.url):
                person.press("Tab")
            if number < students - 1:
                before = float(tab.evaluate(_NOW)) / 1000
                with tab.expect_navigation():
                    person.click("li.next a")
                person.count.waits.append(_await_fields(tab) - before)
    return person.count


def formgrader_by_keyboard(
    person: Person, address: str, course: Course, problem: str, students: int
) -> Count:
    """Give points item by item with the formgrader's shortcut for the next submission's field."""
    wanted = Wanted(course)
    items = [i.name for i in course.assignment(HOMEWORK).select("manual") if i.problem == problem]
    found = Count()
    for item in items:
        _open_first(person, address, course, problem)
        tab = person.tab
        with person.work():
            person.click(f"[id='{item}']")
            for number in range(students):
                tab.wait_for_function(
                    "name => document.activeElement.id == name", arg=item, timeout=1000 * SECONDS
                )
                person.press("Control+A", *f"{wanted.total(item, _who(tab)):g}")
                person.count.answers += 1
                if number < students - 1:
                    before = float(tab.evaluate(_NOW)) / 1000
                    with tab.expect_navigation():
                        person.press("Control+.")
                    person.count.waits.append(_await_fields(tab) - before)
                else:
                    person.press("Escape")
        each = person.count
        found = Count(
            found.answers + each.answers, found.clicks + each.clicks, found.keys + each.keys,
            found.loads + each.loads, found.waits + each.waits,
        )  # fmt: skip
    return found
