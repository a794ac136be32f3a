"""Read the rubrics of items that a person marks from the source notebooks.

In the source, the cell of a manual item contains the model answer, then a line `#### Rubric`, then
a list with one line for each step:

    - (0.5 points) solves (2) for the memory
    - (1 point) gives the relation [evidence: p1a-parameters "the relation of the parameters"]
    - (-0.5 points) confuses the two learning rates

A line with negative points is a deduction: an answer with this mistake loses the points. `evidence`
names the auto item whose hidden tests check the step's claim. `item/part` names one part of an auto
item. The text in quotes states the claim in words that a student may read. A deduction has no
evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from autograder.course.assignment import Assignment, Course, read_notebook
from autograder.course.directives import fail, split_answer
from autograder.course.gradecells import CellPlace, is_manual, place
from autograder.errors import CourseError

_LIST_LINE = re.compile(r"^\s*[-*] ")
_STEP = re.compile(r"- \(([-−]?\d+(?:\.\d+)?) points?\) (\S.*)")
_EVIDENCE = re.compile(r'\s*\[evidence: ([^\s/"\]]+)(?:/([^\s/"\]]+))? "([^"\n]+)"\]')


@dataclass(frozen=True)
class Evidence:
    """Evidence for a step's claim: an auto item, or a part of one, whose hidden tests check it.

    `phrase` states the claim in words that a student may read. If `part` is empty, the evidence is
    the whole item.
    """

    item: str
    part: str
    phrase: str

    def __str__(self) -> str:
        return f"{self.item}/{self.part}" if self.part else self.item


@dataclass(frozen=True)
class Step:
    """One line of a rubric: its points, the step that earns them, and the evidence from tests.

    A deduction has negative points: its text is a mistake that loses them.
    """

    points: float
    text: str
    evidence: tuple[Evidence, ...] = ()

    @property
    def is_deduction(self) -> bool:
        """Whether the step takes points away."""
        return self.points < 0


@dataclass(frozen=True)
class StepLines:
    """A step, and the numbers of its first and last line in the cell, counted from 1."""

    step: Step
    first: int
    last: int


@dataclass(frozen=True)
class Rubric:
    """The steps of an answer that a person marks."""

    steps: tuple[Step, ...]

    @property
    def points(self) -> float:
        """Sum of the points of all steps, without deductions."""
        return sum(step.points for step in self.steps if not step.is_deduction)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The evidence of all steps in order, without repetitions."""
        return tuple(dict.fromkeys(found for step in self.steps for found in step.evidence))


def read_rubrics(course: Course, assignment: Assignment) -> Mapping[str, Rubric]:
    """Return the rubrics of the assignment's manual items, by the items' names.

    Items with a missing or wrong rubric are skipped: marking continues without the rubric, and the
    proof of a release reports the error.
    """
    found: dict[str, Rubric] = {}
    for problem in assignment.problems:
        notebook = read_notebook(course.source(assignment.name) / f"{problem.name}.ipynb")
        for index, cell in enumerate(notebook.cells):
            if is_manual(cell):
                where = place(problem.name, index, cell)
                with suppress(CourseError):
                    found[where.label] = read_rubric(cell.source, where)
    return found


def read_rubric(source: str, where: CellPlace) -> Rubric:
    """Return the rubric in a manual item's source; raise CourseError if a line is wrong."""
    return Rubric(tuple(each.step for each in read_steps(source, where)))


def read_steps(source: str, where: CellPlace) -> list[StepLines]:
    """Return the steps in a manual item's source; raise CourseError if a line is wrong."""
    _, rubric = split_answer(source, where)
    return [
        StepLines(_step(line, where, first), first, last)
        for line, first, last in _list_lines(rubric)
    ]


def without_evidence(text: str) -> str:
    """Return the text without the brackets that contain evidence."""
    return _EVIDENCE.sub("", text)


def evidence_in(text: str) -> list[str]:
    """Return the brackets in the text that name evidence, as they are written."""
    return [found[0].strip() for found in _EVIDENCE.finditer(text)]


def _list_lines(rubric: Iterable[tuple[int, str]]) -> Iterator[tuple[str, int, int]]:
    """Yield the list's lines with the numbers of their first and last line; skip other text.

    Continuation lines are joined.
    """
    line, first, last = "", 0, 0
    for number, text in rubric:
        if _LIST_LINE.match(text) or not text.strip():
            if line:
                yield line, first, last
            line, first, last = text.rstrip(), number, number
        elif line:
            line, last = f"{line} {text.strip()}", number
    if line:
        yield line, first, last


def _step(line: str, where: CellPlace, number: int) -> Step:
    found = _STEP.fullmatch(line)
    if found is None:
        fail(where, number, "this rubric line does not have the form `- (1 point) what earns it`")
    evidence = tuple(
        Evidence(item, part or "", phrase.strip())
        for item, part, phrase in _EVIDENCE.findall(found[2])
    )
    text = without_evidence(found[2])
    if "[evidence" in text:
        fail(where, number, 'the evidence does not have the form `[evidence: ITEM "which claim"]`')
    if not text.strip():
        fail(
            where,
            number,
            "this rubric line contains only evidence; also write what the points are for",
        )
    step = Step(float(found[1].replace("−", "-")), text.strip(), evidence)
    if not step.points:
        fail(where, number, "this rubric line has 0 points; a step earns points or takes some away")
    if step.is_deduction and evidence:
        fail(where, number, "a deduction has no evidence, since tests confirm only what is right")
    return step
