"""Read the rubrics of items that a person marks from the source notebooks.

In the source, the cell of a manual item contains the model answer, then a line `#### Rubric`, then
a list with one line for each step:

    - (0.5 points) solves (2) for the memory
    - (1 point) gives the relation [evidence: p1a-parameters "the relation of the parameters"]

`evidence` names the auto item whose hidden tests check the step's claim. `item/part` names one part
of an auto item. The text in quotes states the claim in words that a student may read.
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
_STEP = re.compile(r"- \((\d+(?:\.\d+)?) points?\) (\S.*)")
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
    """One line of a rubric: its points, the step that earns them, and the evidence from tests."""

    points: float
    text: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Rubric:
    """The steps of an answer that a person marks."""

    steps: tuple[Step, ...]

    @property
    def points(self) -> float:
        """Sum of the points of all steps."""
        return sum(step.points for step in self.steps)

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
    _, rubric = split_answer(source, where)
    lines = _list_lines(rubric)
    return Rubric(tuple(_step(line, where, number) for number, line in lines))


def without_evidence(text: str) -> str:
    """Return the text without the brackets that contain evidence."""
    return _EVIDENCE.sub("", text)


def _list_lines(rubric: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield the list's lines with their numbers; join continuation lines, and skip other text."""
    line, start = "", 0
    for number, text in rubric:
        if _LIST_LINE.match(text) or not text.strip():
            if line:
                yield start, line
            line, start = text.rstrip(), number
        elif line:
            line = f"{line} {text.strip()}"
    if line:
        yield start, line


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
    return Step(float(found[1]), text.strip(), evidence)
