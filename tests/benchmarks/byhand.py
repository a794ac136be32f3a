"""Mark proofs by hand at the desk and in nbgrader's formgrader, and count what a person does.

`make bench-desk` writes the counts into docs/benchmarks.md. A made-up class hands in the texts of
hw2, and each answer has points that the marker wants to give. A browser then gives these points in
both ways. Reading is left out, and so are the words of comments: both are the same in both ways.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from autograder.course.assignment import Assignment, Course
from autograder.course.gradecells import grade_id
from autograder.course.rubric import read_rubrics
from autograder.gradebook.database import open_gradebook
from autograder.gradebook.handmarks import gradebook_marks
from autograder.grading.mark import Marking, read_skeletons
from autograder.grading.report import ItemReport, NotebookReport, Report
from tests.conftest import BROWSERS
from tests.gradebook.course import record_class
from tests.gradebook.server import TOKEN, started
from tests.written import write_between

from .machine import machine, told, versions

ROOT = Path(__file__).parents[2]
HOMEWORK = "hw2"
PAGE = ROOT / "docs" / "benchmarks.md"
COMMAND = "make bench-desk"
SECONDS = 300.0
"""Seconds to wait for something that has to happen, however busy the machine is."""

SENTENCES = (
    "The energy decreases along every direction in which the curvature is positive.",
    "So momentum multiplies this bound by a constant that depends on $\\beta$ only.",
    "The matrix $H$ is symmetric, so its eigenvectors form an orthonormal basis.",
    "In this basis, each coordinate follows $$x_{t+1} = x_t - \\gamma \\lambda x_t.$$",
    "Therefore the rate is $\\rho = \\max_i |1 - \\gamma \\lambda_i|$, and $\\rho < 1$ is needed.",
    "This holds for every start, because the iteration is linear in $x_0$.",
    "By the chain rule, the derivative of the loss is $J^\\top (f - y)$.",
    "For large width, the sum is close to its mean, with an error of order $1/\\sqrt{m}$.",
    "If both are equal, the two roots coincide, and the rate is $\\sqrt{\\beta}$.",
    "I did not see why the second term vanishes, but the plot suggests that it does.",
)
"""Sentences of the made-up answers."""


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
    for name in names:  # the formgrader lists only students who have handed in
        course.submission(name, HOMEWORK).mkdir(parents=True)
    record_class(course, assignment, {name: _marking(course, assignment, name) for name in names})
    return course


def _marking(course: Course, assignment: Assignment, student: str) -> Marking:
    """Return a Marking with all points of the tests, and a text for each item that people mark."""
    notebooks = read_skeletons(assignment, course.release(HOMEWORK))
    for cell in (cell for notebook in notebooks.values() for cell in notebook.cells):
        item = assignment.items.get(grade_id(cell) or "")
        if item is not None and item.kind == "manual":
            chance = random.Random(f"{student} {item.name}")
            cell.source = " ".join(chance.choices(SENTENCES, k=8))
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
    """A person's work on `answers` answers; `waits` are the seconds before each next answer.

    `points` is the sum of the points that the person gave.
    """

    answers: int = 0
    clicks: int = 0
    keys: int = 0
    loads: int = 0
    points: float = 0.0
    waits: list[float] = field(default_factory=list)

    def row(self, name: str) -> str:
        """Return a row of the page's table."""
        per_answer = [f"{each / self.answers:.2f}" for each in (self.clicks, self.keys, self.loads)]
        wait = f"{1000 * median(self.waits):,.0f} ms"
        return f"| {name} | {self.answers} | {' | '.join(per_answer)} | {wait} |"


class Person:
    """Clicks and types in a tab, and counts it."""

    def __init__(self, tab: Any) -> None:
        self.tab = tab
        self.count = Count()
        tab.set_default_timeout(1000 * SECONDS)
        tab.on("load", lambda _: self._loaded())
        self._saving: set[Any] = set()
        tab.on(
            "request", lambda sent: self._saving.add(sent) if "/api/grade/" in sent.url else None
        )
        for ended in ("requestfinished", "requestfailed"):
            tab.on(ended, lambda sent: self._saving.discard(sent))

    def _loaded(self) -> None:
        self.count.loads += 1

    def click(self, selector: str) -> None:
        self.tab.click(selector)
        self.count.clicks += 1

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)
        self.count.keys += len(keys)

    def await_saved(self) -> None:
        """Wait until the page waits for no answer to points that it has sent."""
        while self._saving:
            self.tab.wait_for_timeout(10)

    def gives(self, points: float) -> None:
        self.count.answers += 1
        self.count.points += points


# --- the formgrader ------------------------------------------------------------------------------

_FIELDS = """() => {
  const fields = [...document.querySelectorAll(".score")];
  return fields.length > 0 && fields.every((field) => !field.disabled);
}"""


class FormgraderPage:
    """nbgrader's page of a submission, which holds a whole notebook."""

    def __init__(self, person: Person, address: str, problem: str) -> None:
        self.person = person
        self._front = f"{address}/formgrader?token={TOKEN}"
        self._list = f"{address}/formgrader/gradebook/{HOMEWORK}/{problem}"

    @property
    def who(self) -> str:
        """The submission that the page shows."""
        return str(self.person.tab.url.partition("/submissions/")[2].partition("/")[0])

    def open_first(self) -> None:
        """Open the first submission; this is not counted."""
        tab = self.person.tab
        tab.goto(self._front)  # logs in
        tab.goto(self._list)
        tab.locator("a.name-hidden[href*='/formgrader/submissions/']").first.click()
        self._await_fields()

    def type_points(self, item: str, points: float) -> None:
        """Type an answer's points into its empty field, which has the focus."""
        is_there = "name => document.activeElement.id == name"
        self.person.tab.wait_for_function(is_there, arg=item)
        self.person.press(*f"{points:g}")
        self.person.gives(points)

    def go_on(self, action: Callable[[], object]) -> None:
        """Open the next submission, and note how long the person waits for it."""
        before = time.perf_counter()
        with self.person.tab.expect_navigation():
            action()
        self._await_fields()
        self.person.count.waits.append(time.perf_counter() - before)

    def save_last(self) -> None:
        """Leave a field, which saves its points."""
        with self.person.tab.expect_response(lambda answer: "/api/grade/" in answer.url):
            self.person.press("Tab")
        self.person.await_saved()

    def _await_fields(self) -> None:
        self.person.tab.wait_for_function(_FIELDS)


def by_mouse(page: FormgraderPage, items: Sequence[str], wanted: Wanted, students: int) -> Count:
    """Mark all texts of a notebook, student by student: click, type, next."""
    person = page.person
    page.open_first()
    person.count = Count()
    for number in range(students):
        who = page.who
        for item in items:
            person.click(f"[id='{item}']")
            page.type_points(item, wanted.total(item, who))
        page.save_last()
        if number < students - 1:
            page.go_on(lambda: person.click("li.next a"))
    return person.count


def by_shortcuts(
    page: FormgraderPage, items: Sequence[str], wanted: Wanted, students: int
) -> Count:
    """Mark item by item, with the formgrader's shortcut for the same field of the next page."""
    person = page.person
    counts = []
    for item in items:
        page.open_first()
        person.count = Count()
        person.click(f"[id='{item}']")
        for number in range(students):
            page.type_points(item, wanted.total(item, page.who))
            if number < students - 1:
                page.go_on(lambda: person.press("Control+."))
        page.save_last()
        counts.append(person.count)
    return reduce(_together, counts)


def _together(one: Count, other: Count) -> Count:
    return Count(
        one.answers + other.answers,
        one.clicks + other.clicks,
        one.keys + other.keys,
        one.loads + other.loads,
        one.points + other.points,
        one.waits + other.waits,
    )


# --- the desk ------------------------------------------------------------------------------------

_STOPWATCH = """() => {
  window.waits = [];
  addEventListener("keydown", (event) => {
    const [before, start] = [location.hash, event.timeStamp];
    const look = () => {
      if (location.hash === before) requestAnimationFrame(look);
      else requestAnimationFrame(() => window.waits.push((performance.now() - start) / 1000));
    };
    if (event.key === "Enter") look();
  }, true);
}"""
"""Notes the seconds from Enter to the frame in which the next answer is shown.

The page names the shown answer in its address once the answer is in the page.
"""


_TICKED = "() => [...document.querySelectorAll('#right .steps input')].map((box) => box.checked)"


def at_the_desk(person: Person, address: str, wanted: Wanted, answers: int) -> Count:
    """Mark this number of answers by keyboard, in the order in which the desk shows them."""
    tab = person.tab
    tab.goto(f"{address}/fdl-desk/{HOMEWORK}?token={TOKEN}")
    tab.locator("dialog input").fill("Rita")
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => location.hash.includes('/')")
    tab.evaluate(_STOPWATCH)
    person.count = Count()
    for number in range(answers):
        shown = tab.evaluate("location.hash")
        item, _, who = shown.removeprefix("#").partition("/")
        suggested = tab.evaluate(_TICKED)
        person.press(*keys_for(wanted.steps(item, who), suggested), "Enter")
        person.gives(wanted.total(item, who))
        if number < answers - 1:
            tab.wait_for_function("shown => location.hash != shown", arg=shown)
    tab.wait_for_function("() => document.querySelector('.saving').textContent.includes('✓')")
    person.count.waits = tab.evaluate("window.waits")
    return person.count


def keys_for(wanted: Sequence[bool], suggested: Sequence[bool]) -> list[str]:
    """Return the fewest keys that tick these steps, if tests have suggested some."""
    numbers = range(1, len(wanted) + 1)
    changed = [
        str(n) for n, *pair in zip(numbers, wanted, suggested, strict=True) if len(set(pair)) > 1
    ]
    from_all = ["a", *(str(n) for n, is_found in zip(numbers, wanted, strict=True) if not is_found)]
    from_none = ["0", *(str(n) for n, is_found in zip(numbers, wanted, strict=True) if is_found)]
    # Enter alone accepts a suggestion, but it saves nothing if no step is ticked
    ways = [from_all, from_none] if not any(wanted) else [changed, from_all, from_none]
    return min(ways, key=len)


# --- the measurement -----------------------------------------------------------------------------


def given_points(course: Course) -> float:
    """Return the sum of all points that nbgrader's gradebook has for texts."""
    assignment = course.assignment(HOMEWORK)
    texts = {item.name: item for item in assignment.select("manual")}
    with open_gradebook(course) as gradebook:
        marks = gradebook_marks(gradebook, HOMEWORK, texts)
    return sum(mark.points or 0.0 for mark in marks.values())


def measure(root: Path, students: int, work: Callable[[Person, str, Course], Count]) -> Count:
    """Return the counts of a marker's work in a class; the gradebook must hold what was given."""
    from playwright.sync_api import sync_playwright

    course = make_class(root / "course", students)
    (root / "home").mkdir()
    program = next(filter(None, map(shutil.which, BROWSERS)))
    with started(course, root / "home") as server, sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        count = work(Person(tab), server.address, course)
        browser.close()
    if abs(given_points(course) - count.points) > 1e-6:
        raise ValueError(f"given: {count.points}, in the gradebook: {given_points(course)}")
    return count


@dataclass(frozen=True)
class Task:
    """A way of marking by hand, in a class of `students`."""

    name: str
    students: int
    work: Callable[[Person, str, Course], Count]

    def measured(self) -> Count:
        """Return the counts of the work in a new class."""
        with tempfile.TemporaryDirectory() as root:
            return measure(Path(root), self.students, self.work)


MOUSE, SHORTCUTS, DESK = (
    "formgrader, by mouse",
    "formgrader, by shortcuts",
    "desk, by keyboard",
)


def tasks(students: int, large: int, pages: int) -> dict[str, Task]:
    """Return the tasks.

    In the formgrader, `pages` submissions are marked. At the desk, all answers of the small class
    and 51 answers of the large class are marked.
    """
    problem = Course(ROOT).assignment(HOMEWORK).problems[0].name
    wanted = Wanted(Course(ROOT))
    texts = list(wanted.points)
    first = [name for name in texts if name.startswith("p1")]

    def in_formgrader(way: Callable[..., Count]) -> Callable[[Person, str, Course], Count]:
        return lambda person, address, _: way(
            FormgraderPage(person, address, problem), first, wanted, pages
        )

    def desk(answers: int) -> Callable[[Person, str, Course], Count]:
        return lambda person, address, _: at_the_desk(person, address, wanted, answers)

    found = (
        Task(f"{MOUSE}, class of {students}", students, in_formgrader(by_mouse)),
        Task(f"{SHORTCUTS}, class of {students}", students, in_formgrader(by_shortcuts)),
        Task(f"{DESK}, class of {students}", students, desk(students * len(texts))),
        Task(f"{DESK}, class of {large}", large, desk(51)),
    )
    return {task.name: task for task in found}


def page_seconds(students: int = 40, pages: int = 15) -> dict[str, float]:
    """Return how long the formgrader and the desk take to show the next answer, as medians.

    Without playwright or a browser, nothing is measured.
    """
    if find_spec("playwright") is None or not any(map(shutil.which, BROWSERS)):
        return {}
    every = tasks(students, students, pages)
    names = f"{MOUSE}, class of {students}", f"{DESK}, class of {students}"
    return {name: median(every[name].measured().waits) for name in names}


def table(students: int, large: int, pages: int) -> str:
    """Measure everything, and return the page's table."""
    rows = [
        "| marked in | answers | clicks for one | keys for one | page loads for one | next after |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for task in tasks(students, large, pages).values():
        rows.append(task.measured().row(task.name))
        print(rows[-1], flush=True)
    return "\n".join([*rows, "", told(machine(), versions())])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--large", type=int, default=300, help="students of the large class")
    parser.add_argument("--pages", type=int, default=15, help="students marked in the formgrader")
    parser.add_argument("--page", action="store_true", help=f"write the table into {PAGE.name}")
    options = parser.parse_args()
    found = table(options.students, options.large, options.pages)
    print(found)
    if options.page:
        write_between(PAGE, COMMAND, found)
