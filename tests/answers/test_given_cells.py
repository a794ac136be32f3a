"""The cells that students are given take every form of an answer that the hidden tests take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from autograder.course.assignment import read_notebook
from autograder.grading.misconceptions import world_of

from ..hidden.answers import Variant
from ..hidden.marking import COURSE, HOMEWORK, PROBLEMS, failures, mark, shares
from ..notebooks.conftest import checks, checks_file
from .test_right_answers import CASES

__all__ = ["checks", "checks_file"]
pytestmark = pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")

EXPERIMENTS = ("p1-experiment", "p2b-paths", "p2c-traces", "p2c-surface", "p3-experiment")


def one_entry(number: Any) -> Any:
    return np.array([number]) if np.ndim(number) == 0 else number


FORMS: dict[str, Callable[[Any], Any]] = {
    "lists": lambda answer: np.asarray(answer).tolist(),
    "tuples of rows": lambda answer: tuple(answer) if np.ndim(answer) else answer,
    "single precision": np.float32,
    "the other order": np.asfortranarray,
    "arrays of one entry": one_entry,
    "complex numbers": lambda answer: np.asarray(answer, dtype=complex),
    "objects of pyplot": lambda answer: answer,
}


EVERYDAY = ("lists", "arrays of one entry")
ALL_FORMS = [
    pytest.param(form, marks=() if form in EVERYDAY else pytest.mark.slow) for form in FORMS
]


def formed(answer: Any, form: str) -> Any:
    """An answer of the reference in another form."""
    if isinstance(answer, Figure):
        return (answer, answer.axes[0]) if form == "lists" else answer.axes[0]
    if isinstance(answer, dict):
        return {key: formed(value, form) for key, value in answer.items()}
    if isinstance(answer, tuple):
        return [formed(part, form) for part in answer]
    return FORMS[form](answer)


class InForm:
    """The reference's function with answers in another form; no function, so it keeps its names."""

    def __init__(self, right: Callable[..., Any], form: str, seconds: float = 0.0) -> None:
        self.right, self.form, self.seconds = right, form, seconds

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        time.sleep(self.seconds * len(arguments[0]) if self.seconds else 0)
        return formed(self.right(*arguments, **named), self.form)


def graded(problem: str, form: str) -> dict[str, Any]:
    """All answers to a problem in one form."""
    right = world_of(COURSE, HOMEWORK, problem, {})
    names = {r.name for item in HOMEWORK.problem(problem).items for r in item.references}
    return {
        name: InForm(right[name], form) if callable(right[name]) else formed(right[name], form)
        for name in names
    }


def run_given(checks: ModuleType, problem: str, answers: Mapping[str, Any]) -> int:
    """Run the experiments and the summary of a notebook; the number of pictures that it shows.

    An error in one of them fails the test.
    """
    names = {"checks": checks, "plt": plt, "np": np, **world_of(COURSE, HOMEWORK, problem, answers)}
    source = read_notebook(COURSE.source(HOMEWORK.name) / f"{problem}.ipynb")
    with mpl.rc_context():
        plt.close("all")
        for cell in source.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if name in EXPERIMENTS or name.endswith("summary"):
                quick = cell.source.replace("size=(20,", "size=(2,")  # starts of Problem 2
                exec(compile(quick, name, "exec"), names)
        return len(plt.get_fignums())


@pytest.mark.parametrize("form", ALL_FORMS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_experiments_take_every_form(
    problem: str, form: str, checks: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = graded(problem, form)
    pictures = run_given(checks, problem, answers)
    text = capsys.readouterr().out
    assert "waits for" not in text
    assert "can't be compared" not in text
    assert "✗" not in text, text
    assert pictures == {"1": 1, "2": 3, "3": 2}[problem[len("problem")]]


@pytest.mark.parametrize("form", ALL_FORMS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_hidden_tests_take_every_form(problem: str, form: str) -> None:
    marking = mark(problem, graded(problem, form), 0)
    assert [(each.case, each.message) for each in failures(marking)] == []
    assert set(shares(marking).values()) == {1.0}


def test_a_slow_kernel_gets_fewer_draws(checks: ModuleType) -> None:
    right = world_of(COURSE, HOMEWORK, "problem3_ntk", {})["empirical_ntk"]
    slow = InForm(right, "lists", seconds=1 / 500)
    start = time.monotonic()
    pictures = run_given(checks, "problem3_ntk", {"empirical_ntk": slow})
    assert pictures == 2
    assert time.monotonic() - start < 15  # a cell has 30 seconds


OWN_LOSS = {"two_legends", "fine_cells", "fine_bands", "fuenfzig_hoehenlinien_im_raum"}
"""Pictures that ask for a whole grid at once: their students' own `loss` takes one."""
OWN_PLANE = {"niveaux_en_echelle_logarithmique"}
"""A picture of log L on a grid that may not hold the axes, where L is 0."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("problem", "variant"),
    [case for case in CASES if case[1].name not in OWN_LOSS | OWN_PLANE],
    ids=str,
)
def test_given_cells_run_with_every_right_answer(
    problem: str, variant: Variant, checks: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    run_given(checks, problem, variant.answers)
    assert "waits for" not in capsys.readouterr().out
