"""The texts of Problem 3 give no formula away."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from nbformat import NotebookNode

from autograder.course.directives import BEGIN, END
from autograder.course.gradecells import is_open
from solutions.hw2 import ntk

from .conftest import SOURCE

FORMULAS = {
    "the limit for n = 2": r"7(\\,|\*)?\\?sin|6(\\,|\*)?\\?cos|7and6|5and4",
    "the limit for n = 1": r"\\?sin\\?theta\+2\(\\pi-\\theta\)",
    "the derivative in W": r"v\\odot\\sigma'|v⊙σ'",
}


def student_texts(notebooks: dict[str, NotebookNode]) -> dict[str, str]:
    """All that students read of Homework 2, without spaces."""
    found = {
        name: (SOURCE / name).read_text(encoding="utf-8") for name in ("README.md", "checks.py")
    }
    for name, notebook in notebooks.items():
        text = "\n".join(cell.source for cell in notebook.cells)
        found[name] = re.sub(f"{BEGIN}.*?{END}", "", text, flags=re.DOTALL)
    return {name: re.sub(r"\s|\\!|\\;", "", text) for name, text in found.items()}


@pytest.mark.parametrize("what", FORMULAS)
def test_no_text_gives_a_formula_away(what: str, notebooks: dict[str, NotebookNode]) -> None:
    for name, text in student_texts(notebooks).items():
        assert not re.search(FORMULAS[what], text), f"{name} gives away {what}"


@pytest.mark.parametrize("what", FORMULAS)
def test_formulas_are_found_where_they_stand(what: str, notebooks: dict[str, NotebookNode]) -> None:
    """The model answers hold them, so the test above can fail."""
    answers = "".join(c.source for c in notebooks["problem3_ntk"].cells if BEGIN in c.source)
    assert re.search(FORMULAS[what], re.sub(r"\s|\\!|\\;", "", answers))


def test_example_of_the_kernel_is_right(notebooks: dict[str, NotebookNode]) -> None:
    text = next(c.source for c in notebooks["problem3_ntk"].cells if c.id == "p3b-kernel-text")
    v, W = np.array([4.0, 1.0]), np.array([[1.0, 1.0], [-1.0, 2.0]])
    X = np.array([[1.0, 0.0], [0.8, 0.6]])
    assert all(part in text for part in ("v = (4, 1)", "w_2 = (-1, 2)", "7.1", "8.5", "9.56"))
    np.testing.assert_allclose(ntk.empirical_ntk(v, W, X, 1), [(8.5, 7.1), (7.1, 9.56)])


@pytest.mark.parametrize("n", [1, 2])
def test_playground_draws_the_kernels_of_new_networks(
    n: int,
    notebooks: dict[str, NotebookNode],
    checks: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [cell] = filter(is_open, notebooks["problem3_ntk"].cells)
    shown: list[str] = []
    monkeypatch.setattr(checks, "playing", lambda *_: True)
    monkeypatch.setattr(checks, "show", shown.append, raising=False)
    names: dict[str, Any] = {"np": np, "plt": plt, "checks": checks, **vars(ntk)}
    exec(cell.source.replace("n = 1 ", f"n = {n} "), names)
    [axes] = plt.gcf().axes
    assert len(axes.get_lines()) == names["draws"] + 1
    assert f"n = {n}" in axes.get_title()
    assert shown
