"""This kit in the comparison: Problem 3 of its own Homework 2, `fdl grade` and `fdl feedback`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import nbformat
import numpy as np
from nbformat import NotebookNode

from autograder.commands.demo import make_scratch_course
from autograder.course.assignment import read_notebook
from autograder.grading.mark import mark_submission
from tests.comparison import homework, net
from tests.comparison.attack import Idea
from tests.comparison.forms import (
    CANARIES,
    common_places,
    digits_of,
    fill_notebook,
    recorded,
    solution_lines,
    write_notebook,
)
from tests.comparison.net import Ran, Step
from tests.comparison.tool import AFTER, ATTACKER, BEFORE, Marks, Secrets, Tool

NAME = "hw2"
PROGRAMS = Path(sys.executable).parent
_OF_ANSWER = {name: answer for answer, name in homework.KIT_ANSWERS.items()}


class ThisKit(Tool):
    name = "kit"
    programs = (PROGRAMS,)
    powers = True
    records = frozenset({"course/gradebook.db"})

    def version(self) -> str:
        return f"this kit {version('fdl-homework-kit')}"

    def prepare(self, base: Path) -> None:
        (base / "home").mkdir(parents=True)
        make_scratch_course(homework.COURSE, homework.assignment(), [], base / "course")

    def hand_in(self, base: Path, student: str, idea: Idea) -> None:
        notebook = read_notebook(homework.CHECKOUT / "release" / NAME / f"{homework.PROBLEM}.ipynb")
        fill_notebook(notebook, idea.code(self.name, self.places()), idea, _answer)
        folder = base / "course" / "submitted" / student / NAME
        write_notebook(
            self.name, folder / f"{homework.PROBLEM}.ipynb", notebook, idea, self.places()
        )

    def places(self) -> Mapping[str, str]:
        course, checkout = net.COURSE, homework.CHECKOUT
        notebook = f"{NAME}/{homework.PROBLEM}.ipynb"
        return {
            **common_places(),
            "hidden": f"{checkout}/autograder/hidden/{NAME}/test_{homework.PROBLEM}.py",
            "solution": f"{course}/source/{notebook}",
            "marks": f"{course}/gradebook.db",
            "victim": f"{course}/submitted/{AFTER}/{notebook}",
            "other": f"{course}/submitted/{BEFORE}/{notebook}",
        }

    def first_run(self) -> Sequence[Step]:
        return self._run([BEFORE], BEFORE)

    def class_run(self) -> Sequence[Step]:
        return self._run([ATTACKER, AFTER], ATTACKER)

    def _run(self, students: Sequence[str], shown: str) -> Sequence[Step]:
        options = [part for student in students for part in ("--student", student)]
        return [
            Step(["fdl", "grade", NAME, "--jobs", "1", *options], 480),
            Step(["fdl", "feedback", NAME, "--student", shown], 120),
        ]

    def marks(self, ran: Ran) -> Marks:
        return recorded(ran.scratch / "course" / "gradebook.db", NAME, homework.KIT_NAMES)

    def given_back(self, ran: Ran, student: str) -> str:
        pages = (ran.scratch / "course" / "feedback" / student).rglob("*.html")
        return "\n".join(page.read_text(encoding="utf-8", errors="replace") for page in pages)

    def secrets(self) -> Secrets:
        hidden = homework.COURSE.hidden(NAME) / f"test_{homework.PROBLEM}.py"
        lines = {line.strip() for line in hidden.read_text(encoding="utf-8").splitlines()}
        code = {line for line in lines if len(line) >= 30 and "(" in line and '"""' not in line}
        return Secrets(
            {
                "hidden test": sorted(code - {line for line in code if line.startswith("from ")}),
                "reference solution": solution_lines(),
                **{kind: [line] for kind, line in CANARIES.items()},
            },
            digits_of(_hidden_inputs()),
        )


def _answer(cell: NotebookNode) -> str | None:
    name = str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
    return _OF_ANSWER.get(name)


def _hidden_inputs() -> list[np.ndarray]:
    """Return the inputs that the hidden tests pass to answers, with the course's seed."""
    with tempfile.TemporaryDirectory() as folder:
        course = make_scratch_course(homework.COURSE, homework.assignment(), [], Path(folder, "c"))
        submission = Path(folder, "reference")
        honest = Idea("reference", "gaming", "The reference.")
        notebook = read_notebook(course.release(NAME) / f"{homework.PROBLEM}.ipynb")
        fill_notebook(notebook, {}, honest, _answer)
        submission.mkdir()
        nbformat.write(notebook, submission / f"{homework.PROBLEM}.ipynb")
        marking = mark_submission(course, homework.assignment(), submission)
    found = []
    for name in homework.KIT_NAMES.values():
        for outcome in marking.outcomes[name]:
            for event in outcome.transcript:
                values = [*event.args, *(event.kwargs or {}).values()]
                found += [np.asarray(value) for value in _arrays(values)]
    return found


def _arrays(values: Sequence[object]) -> Iterator[np.ndarray]:
    for value in values:
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _arrays(value)
