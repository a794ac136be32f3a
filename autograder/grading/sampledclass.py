"""Generate random classes with known marks, from references, misconceptions and omissions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autograder.course.assignment import Assignment, Course, Item, read_notebook
from autograder.course.directives import without_directives
from autograder.course.gradecells import grade_id, is_solution, items_by_answer
from autograder.course.samples import SampleStudent
from autograder.grading.inprocess import LocalMarker
from autograder.grading.misconceptions import Catalogue, Misconception, load_misconceptions
from autograder.grading.points import charge_once
from autograder.grading.report import ItemReport

CHANCES = {"right": 0.6, "misconception": 0.3, "omitted": 0.1}
"""Probability of each kind of content that an answer cell can have."""


def draw_class(
    course: Course, assignment: Assignment, count: int, *, seed: int
) -> tuple[SampleStudent, ...]:
    """Return `count` students, with every answer chosen at random by `CHANCES`.

    The students' true marks are known. A misconception loses the same points as if it were the only
    one in the notebook, minus points that an earlier item already lost for the same mistake. An
    omitted answer loses all points of its items.
    """
    rng = np.random.default_rng(seed)
    cells = _answer_cells(course, assignment)
    catalogue = load_misconceptions(course, assignment)
    marks = _Marks(LocalMarker(course, assignment))
    width = len(str(count))
    names = (f"student-{k:0{width}}" for k in range(1, count + 1))
    return tuple(_draw(name, rng, cells, marks, catalogue) for name in names)


@dataclass(frozen=True)
class _AnswerCell:
    """A cell that students fill in: its id, the reference's text, and the items that it answers."""

    name: str
    reference: str
    items: tuple[Item, ...]


class _Marks:
    """The marks of misconceptions; each misconception is marked once."""

    def __init__(self, marker: LocalMarker) -> None:
        self.marker = marker
        self._known: dict[tuple[str, str], ItemReport] = {}

    def of(self, wrong: Misconception) -> ItemReport:
        key = wrong.item, wrong.name
        if key not in self._known:
            problem = self.marker.assignment.items[wrong.item].problem
            marking = self.marker.mark(problem, wrong.answers, [wrong.item])
            self._known[key] = marking.items[wrong.item]
        return self._known[key]


def _draw(
    name: str,
    rng: np.random.Generator,
    cells: list[_AnswerCell],
    marks: _Marks,
    catalogue: Catalogue,
) -> SampleStudent:
    answers: dict[str, str] = {}
    lost: dict[str, float] = {}
    wrongs: dict[str, ItemReport] = {}
    causes: dict[str, dict[str, frozenset[str]]] = {}
    done, story = set(), []
    for cell in cells:
        fate = rng.choice(list(CHANCES), p=list(CHANCES.values()))
        if fate == "omitted":
            lost |= {item.name: item.max_points for item in cell.items}
            continue
        done.add(cell.name)
        pool = [each for item in cell.items for each in catalogue.of(item.name)]
        if fate == "misconception" and pool:
            wrong = pool[rng.integers(len(pool))]
            answers[cell.name] = f"{cell.reference}\n\n{wrong.source}"
            wrongs[wrong.item] = report = marks.of(wrong)
            failed = frozenset(claim.claim for claim in report.claims if not claim.passed)
            causes[wrong.item] = {cause: failed} if (cause := catalogue.cause(wrong)) else {}
            story.append(wrong.name)
    in_order = {item: wrongs[item] for item in marks.marker.assignment.items if item in wrongs}
    for name_of_item, found in charge_once(in_order, causes).items():
        lost[name_of_item] = round(found.max_points - found.points, 2)
    return SampleStudent(
        name, ", ".join(story) or "right or omitted", answers, {}, frozenset(done), lost
    )


def _answer_cells(course: Course, assignment: Assignment) -> list[_AnswerCell]:
    """Return every code answer cell of the source, with the auto items that it answers."""
    found: list[_AnswerCell] = []
    for problem in assignment.problems:
        notebook = read_notebook(course.source(assignment.name) / f"{problem.name}.ipynb")
        items_of = items_by_answer(notebook)
        for cell in notebook.cells:
            if is_solution(cell) and cell.cell_type == "code":
                name, text = grade_id(cell), without_directives(cell.source)
                items = (assignment.items[item] for item in items_of[name])
                auto = tuple(item for item in items if item.kind == "auto")
                found.append(_AnswerCell(name, text, auto))
    return found
